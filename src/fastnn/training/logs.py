"""Reads the metrics of a model as Python floats, through one small program where that can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import plan
from ..tensor import Tensor, TracingError

__all__ = ["MetricReader", "as_floats"]


class MetricReader:
    """Reads and resets a model's metrics; made once for each ``compile``, when the metrics exist.

    ``read`` returns them in alphabetical order, as Keras' logs are.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.names: list[str] = []  # in alphabetical order
        self.order: list[str] = []  # in that of the metrics
        self._read = _program(self._results)
        self._reset = _program(model.reset_metrics)

    def _results(self) -> list[Any]:
        results = self.model.get_metrics_result()
        self.order = list(results)
        self.names = sorted(results)
        return [results[name] for name in self.names]

    def read(self) -> dict[str, Any]:
        """Return the metrics' values so far."""
        if self._read is None:
            values = self._results()
            return dict(zip(self.names, map(_as_float, values), strict=True))
        return dict(zip(self.names, map(_as_float, self._read.run()), strict=True))

    def reset(self) -> None:
        """Set the metrics back to their beginning."""
        if self._reset is None:
            self.model.reset_metrics()
        else:
            self._reset.run()


def _program(function: Callable[[], Any]) -> Any:
    """Return a program for the function; None where it is not written in ops and must stay Python."""
    try:
        return plan.compile(function, [])
    except TracingError:
        return None


def as_floats(logs: dict[str, Any]) -> dict[str, Any]:
    """Return logs in alphabetical order, scalars as Python floats."""
    return {name: _as_float(logs[name]) for name in sorted(logs)}


def _as_float(value: Any) -> Any:
    if type(value) is not np.ndarray:
        value = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return float(value.item()) if value.size == 1 else value.copy()
