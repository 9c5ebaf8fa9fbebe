"""Constraints: functions that the optimizer applies to a weight after each update."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..tensor import Tensor, Variable
from ..utils import checks
from ..utils.configurable import Configurable

__all__ = ["Constraint", "MaxNorm", "MinMaxNorm", "NonNeg", "UnitNorm"]


class Constraint(Configurable):
    """A function of a weight that returns the value it should have instead, with a configuration.

    Subclasses override `__call__` and, where they have parameters, `get_config`.
    """

    def __call__(self, w: Tensor | Variable) -> Tensor:
        """Return the constrained value of ``w``, of the same shape and dtype: of this class ``w`` itself."""
        return ops.convert_to_tensor(w)


class MaxNorm(Constraint):
    """Shrink vectors whose Euclidean norm exceeds ``max_value`` to that norm.

    Parameters
    ----------
    max_value : float
        Largest norm allowed.
    axis : int or sequence of int
        Axes along which the vectors lie: 0 are the inputs of each unit of a dense kernel.
    """

    def __init__(self, max_value: float = 2, axis: Any = 0) -> None:
        self.max_value = checks.real("max_value", max_value, minimum=0.0)
        self.axis = axis

    def __call__(self, w: Tensor | Variable) -> Tensor:
        norms = ops.norm(w, axis=self.axis, keepdims=True)
        return w * (ops.clip(norms, 0.0, self.max_value) / (norms + config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"max_value": self.max_value, "axis": self.axis}


class MinMaxNorm(Constraint):
    """Bring the Euclidean norm of vectors between two bounds.

    Parameters
    ----------
    min_value, max_value : float
        The bounds.
    rate : float
        How much of the way to go at each update: 1 enforces the bounds strictly.
    axis : int or sequence of int
        Axes along which the vectors lie.
    """

    def __init__(self, min_value: float = 0.0, max_value: float = 1.0, rate: float = 1.0, axis: Any = 0) -> None:
        self.min_value = checks.real("min_value", min_value, minimum=0.0)
        self.max_value = checks.real("max_value", max_value, minimum=self.min_value)
        self.rate = checks.real("rate", rate, minimum=0.0, maximum=1.0)
        self.axis = axis

    def __call__(self, w: Tensor | Variable) -> Tensor:
        norms = ops.norm(w, axis=self.axis, keepdims=True)
        desired = ops.clip(norms, self.min_value, self.max_value) * self.rate + norms * (1.0 - self.rate)
        return w * (desired / (norms + config.epsilon()))

    def get_config(self) -> dict[str, Any]:
        return {"min_value": self.min_value, "max_value": self.max_value, "rate": self.rate, "axis": self.axis}


class NonNeg(Constraint):
    """Set negative weights to zero."""

    def __call__(self, w: Tensor | Variable) -> Tensor:
        return ops.maximum(w, 0.0)


class UnitNorm(Constraint):
    """Scale vectors to a Euclidean norm of one.

    Parameters
    ----------
    axis : int or sequence of int
        Axes along which the vectors lie.
    """

    def __init__(self, axis: Any = 0) -> None:
        self.axis = axis

    def __call__(self, w: Tensor | Variable) -> Tensor:
        return w / (ops.norm(w, axis=self.axis, keepdims=True) + config.epsilon())

    def get_config(self) -> dict[str, Any]:
        return {"axis": self.axis}
