"""Penalties on weights or activations, added to the loss."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from ..utils.configurable import Configurable

__all__ = ["L1", "L1L2", "L2", "OrthogonalRegularizer", "Regularizer"]


class Regularizer(Configurable):
    """A function of a weight that returns a scalar penalty, with a configuration.

    Subclasses override `__call__` and, where they have parameters, `get_config`.
    """

    def __call__(self, x: Tensor | Variable) -> Tensor:
        """Return the penalty of ``x``, a scalar of its dtype."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(self, x)")


class L1L2(Regularizer):
    """``l1 * sum(|x|) + l2 * sum(x²)``.

    Parameters
    ----------
    l1, l2 : float
        Non-negative factors.
    """

    def __init__(self, l1: float = 0.0, l2: float = 0.0) -> None:
        self.l1 = checks.real("l1", 0.0 if l1 is None else l1, minimum=0.0)
        self.l2 = checks.real("l2", 0.0 if l2 is None else l2, minimum=0.0)

    def __call__(self, x: Tensor | Variable) -> Tensor:
        if self.l1 and self.l2:
            return _l1(x, self.l1) + _l2(x, self.l2)
        return _l1(x, self.l1) if self.l1 else _l2(x, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1, "l2": self.l2}


class L1(Regularizer):
    """``l1 * sum(|x|)``.

    Parameters
    ----------
    l1 : float
        Non-negative factor.
    """

    def __init__(self, l1: float = 0.01) -> None:
        self.l1 = checks.real("l1", 0.01 if l1 is None else l1, minimum=0.0)

    def __call__(self, x: Tensor | Variable) -> Tensor:
        return _l1(x, self.l1)

    def get_config(self) -> dict[str, Any]:
        return {"l1": self.l1}


class L2(Regularizer):
    """``l2 * sum(x²)``.

    Parameters
    ----------
    l2 : float
        Non-negative factor.
    """

    def __init__(self, l2: float = 0.01) -> None:
        self.l2 = checks.real("l2", 0.01 if l2 is None else l2, minimum=0.0)

    def __call__(self, x: Tensor | Variable) -> Tensor:
        return _l2(x, self.l2)

    def get_config(self) -> dict[str, Any]:
        return {"l2": self.l2}


class OrthogonalRegularizer(Regularizer):
    """Mean absolute cosine between the rows (or columns) of a matrix, times ``factor``: it drives them apart.

    Parameters
    ----------
    factor : float
        Non-negative factor.
    mode : {"rows", "columns"}
        Which vectors are to be orthogonal.
    """

    def __init__(self, factor: float = 0.01, mode: str = "rows") -> None:
        self.factor = checks.real("factor", factor, minimum=0.0)
        if mode not in ("rows", "columns"):
            raise ValueError(f"Argument `mode` must be 'rows' or 'columns'. Received: mode={mode!r}")
        self.mode = mode

    def __call__(self, x: Tensor | Variable) -> Tensor:
        if len(x.shape) != 2:
            raise ValueError(f"OrthogonalRegularizer takes matrices. Received: x of shape {tuple(x.shape)}")
        x = ops.convert_to_tensor(x)
        vectors = x if self.mode == "rows" else ops.transpose(x)
        count = vectors.shape[0]
        if count < 2:
            return ops.sum(vectors) * 0.0
        unit = ops.normalize(vectors)
        cosines = ops.abs(ops.matmul(unit, ops.transpose(unit)))
        between = ops.sum(cosines) - ops.sum(ops.square(unit))
        return between * (self.factor / (count * (count - 1)))

    def get_config(self) -> dict[str, Any]:
        return {"factor": self.factor, "mode": self.mode}


def _l1(x: Tensor | Variable, factor: float) -> Tensor:
    return ops.sum(ops.abs(x)) * factor


def _l2(x: Tensor | Variable, factor: float) -> Tensor:
    return ops.sum_of_squares(x) * factor
