"""The error of a training that diverges."""

from __future__ import annotations

from typing import Self

from ..training.errors import DivergenceError

__all__ = ["NonFiniteWeightsError"]


class NonFiniteWeightsError(DivergenceError, ValueError):
    """Training diverged. A ValueError with scikit-learn's words, so that code written for it understands."""

    @classmethod
    def of(cls, event: str, epoch: int, step: int) -> Self:
        """Return the error for what happened, in which epoch and step (or iteration)."""
        return cls(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed. {event}",
            epoch,
            step,
        )
