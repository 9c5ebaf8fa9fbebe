"""Sparsemax, the relative of softmax that gives zeros (Martins and Astudillo, 2016)."""

from __future__ import annotations

from ..shapes import normalize_axis
from .activation import relu
from .convert import cast, to_float
from .creation import arange
from .cumulative import cumsum
from .elementwise import greater, where
from .reduce import max as reduce_max
from .reduce import sum as reduce_sum
from .shaping import moveaxis, stop_gradient
from .sorting import sort

__all__ = ["sparsemax"]


def sparsemax(x, axis=-1):
    """Return max(x - tau, 0) along an axis, with the tau that lets them sum to 1."""
    (x,) = to_float(x)
    if not x.shape:
        raise ValueError("sparsemax needs at least one axis")
    axis = normalize_axis(axis, len(x.shape))
    x = moveaxis(x, axis, -1)
    if not x.shape[-1]:
        return moveaxis(x, -1, axis)
    x = x - stop_gradient(reduce_max(x, axis=-1, keepdims=True))  # so that sums lose no digits
    tau = _tau(x, _positive(stop_gradient(x)))
    return moveaxis(relu(x - tau), -1, axis)


def _positive(x):
    """Whether elements will be positive: those of the longest run from the greatest on that tau lies below."""
    descending = -sort(-x)
    counts = arange(1, x.shape[-1] + 1, dtype=x.dtype)
    run = greater(descending * counts + 1, cumsum(descending, axis=-1))
    return greater(x, _tau(descending, run))


def _tau(x, chosen):
    """Return what is to be taken from each of the chosen elements, so that they sum to 1."""
    total = reduce_sum(where(chosen, x, 0.0), axis=-1, keepdims=True)
    return (total - 1) / reduce_sum(cast(chosen, x.dtype), axis=-1, keepdims=True)
