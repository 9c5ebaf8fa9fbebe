"""Sums and products of all elements so far along an axis, and what neighbours differ by and enclose."""

from __future__ import annotations

from ..shapes import as_size, normalize_axis
from ..tensor import convert_to_tensor
from .convert import BOOL, UINT8, cast, to_float
from .elementwise import add, multiply, not_equal, subtract
from .joining import concatenate
from .reduce import sum as reduce_sum
from .shaping import _slice, at_axis, ravel, reshape

__all__ = ["cumprod", "cumsum", "diff", "trapezoid"]


def _running(op, x, axis, dtype):
    """Apply op to 2, 4, 8, … elements that end at each: as many steps as the length has bits.

    Elements behind take no part, so that infinities and NaN reach none before them, and no derivative is a quotient.
    """
    x = convert_to_tensor(x, dtype)
    if dtype is None and x.dtype in (BOOL, UINT8):
        x = cast(x, "int32")
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    step = 1
    while step < x.shape[axis]:
        first, earlier, later = (_slice(x, at_axis(axis, slice(*each))) for each in ((step,), (-step,), (step, None)))
        x = concatenate([first, op(later, earlier)], axis)
        step *= 2
    return x


def cumsum(x, axis=None, dtype=None):
    """Sum of the elements up to each along an axis (of the flat tensor by default), of ``dtype`` if given."""
    return _running(add, x, axis, dtype)


def cumprod(x, axis=None, dtype=None):
    """Product of the elements up to each along an axis (of the flat tensor by default), of ``dtype`` if given."""
    return _running(multiply, x, axis, dtype)


def _neighbours(x, axis):
    """Return the elements that have one before them along an axis, and those."""
    return _slice(x, at_axis(axis, slice(1, None))), _slice(x, at_axis(axis, slice(-1)))


def diff(a, n=1, axis=-1):
    """Return each element minus the one before it along an axis, n times; of bools whether they differ."""
    x = convert_to_tensor(a)
    axis = normalize_axis(axis, len(x.shape))
    for _ in range(as_size("n", n)):
        later, earlier = _neighbours(x, axis)
        x = (not_equal if x.dtype == BOOL else subtract)(later, earlier)
    return x


def trapezoid(y, x=None, dx=1.0, axis=-1):
    """Return the integral along an axis by the trapezoidal rule.

    x: where the elements stand, a vector or a tensor of y's shape; otherwise they are ``dx`` apart.
    """
    y, x = to_float(y, dx if x is None else x)
    axis = normalize_axis(axis, len(y.shape))
    if len(x.shape) == 1 and x.shape == y.shape[axis : axis + 1]:
        x = reshape(x, (-1, *(1,) * (len(y.shape) - 1 - axis)))
    width = diff(x, axis=axis - len(y.shape)) if x.shape else x
    later, earlier = _neighbours(y, axis)
    return reduce_sum((later + earlier) * width, axis) * 0.5
