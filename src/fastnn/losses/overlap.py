"""Losses of how little targets and predictions overlap, which are of a whole batch unless they are told an axis."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import config, ops
from ..tensor import Tensor
from ..utils import checks
from .base import ParametricLoss
from .functions import check_same_shape, same_rank

__all__ = ["Dice", "Tversky", "dice", "tversky"]

Axis = int | Sequence[int] | None


def dice(y_true: Any, y_pred: Any, axis: Axis = None) -> Tensor:
    """Return ``1 - 2 * sum(t * p) / (sum(t) + sum(p) + epsilon)``, the sums along ``axis`` (Dice, 1945).

    Parameters
    ----------
    y_true : array_like
        Targets t in 0 … 1, of the shape of ``y_pred``.
    y_pred : array_like
        Probabilities p.
    axis : int or sequence of int, optional
        Axes of the sums. Default: all, so that there is one loss for the batch.
    """
    return _lost("dice", y_true, y_pred, 0.5, 0.5, axis, config.epsilon() / 2)


def tversky(y_true: Any, y_pred: Any, alpha: float = 0.5, beta: float = 0.5, axis: Axis = None) -> Tensor:
    """Return ``1 - s / (s + alpha * sum(t * (1 - p)) + beta * sum((1 - t) * p) + epsilon)``, s = sum(t * p).

    The sums are along ``axis`` (Tversky, 1977; Salehi et al., 2017).

    Parameters
    ----------
    y_true : array_like
        Targets t in 0 … 1, of the shape of ``y_pred``.
    y_pred : array_like
        Probabilities p.
    alpha : float
        Weight of targets that are not predicted.
    beta : float
        Weight of predictions that are no targets.
    axis : int or sequence of int, optional
        Axes of the sums. Default: all, so that there is one loss for the batch.
    """
    return _lost("tversky", y_true, y_pred, _weight("alpha", alpha), _weight("beta", beta), axis, config.epsilon())


def _lost(name: str, y_true: Any, y_pred: Any, alpha: float, beta: float, axis: Axis, epsilon: float) -> Tensor:
    """Return the part of targets and predictions that is not common to both; of a small one nothing is subtracted."""
    y_true, y_pred = same_rank(y_true, y_pred)
    check_same_shape(name, y_true, y_pred)
    axis = _axes("axis", axis)
    missed = ops.sum(y_true * (1.0 - y_pred), axis=axis)
    extra = ops.sum((1.0 - y_true) * y_pred, axis=axis)
    lost = missed * alpha + extra * beta + epsilon
    return lost / (ops.sum(y_true * y_pred, axis=axis) + lost)


def _weight(name: str, value: float) -> float:
    return checks.real(name, value, minimum=0.0)


def _axes(name: str, axis: Axis) -> int | tuple[int, ...] | None:
    if isinstance(axis, (list, tuple)):
        return tuple(checks.integer(name, each) for each in axis)
    return checks.optional_integer(name, axis)


class Dice(ParametricLoss):
    """``1 - 2 * sum(t * p) / (sum(t) + sum(p))`` of targets t and predictions p (Dice, 1945).

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        See `Loss`.
    name : str, optional
    axis : int or sequence of int, optional
        Axes of the sums. Default: all, so that there is one loss for the batch.
    dtype : {"float32", "float64"}, optional
        See `Loss`.
    """

    function = dice

    def __init__(
        self,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "dice",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=_axes("axis", axis))


class Tversky(ParametricLoss):
    """As `Dice`, with weights for what is missed and for what is too much (Salehi et al., 2017).

    Parameters
    ----------
    alpha : float
        Weight of targets that are not predicted.
    beta : float
        Weight of predictions that are no targets.
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        See `Loss`.
    name : str, optional
    axis : int or sequence of int, optional
        Axes of the sums. Default: all, so that there is one loss for the batch.
    dtype : {"float32", "float64"}, optional
        See `Loss`.
    """

    function = tversky

    def __init__(
        self,
        alpha: float = 0.5,
        beta: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "tversky",
        axis: Axis = None,
        dtype: Any = None,
    ) -> None:
        parameters = {"alpha": _weight("alpha", alpha), "beta": _weight("beta", beta), "axis": _axes("axis", axis)}
        super().__init__(reduction, name, dtype, **parameters)
