"""The penalty of large weights."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from .. import ops
from ..tensor import Tensor, Variable

__all__ = ["Penalty"]


@dataclass(frozen=True)
class Penalty:
    """``alpha / 2 * sum(W²) + l1 * sum(|W|)`` over all kernels W; scikit-learn's, and an L1 term.

    Parameters
    ----------
    alpha, l1 : float
    """

    alpha: float
    l1: float = 0.0

    def value(self, kernels: Sequence[Variable], share: Any) -> Tensor | None:
        """Return the penalty times ``share``, or None where there is none."""
        terms = []
        if self.alpha:
            terms += [ops.sum_of_squares(kernel) * (0.5 * self.alpha) for kernel in kernels]
        if self.l1:
            terms += [ops.sum(ops.abs(kernel)) * self.l1 for kernel in kernels]
        return sum(terms[1:], terms[0]) * share if terms else None

    def add_gradient(self, gradients: list[Any], kernels: Sequence[Variable], share: Any) -> None:
        """Add the gradient of `value` to the gradients of the kernels, which are the first of the list."""
        for i, kernel in enumerate(kernels):
            if self.alpha:
                gradients[i] = gradients[i] + kernel * (self.alpha * share)
            if self.l1:
                gradients[i] = gradients[i] + ops.sign(kernel) * (self.l1 * share)
