"""Sums and products of all elements so far along an axis, and differences of neighbours."""

from __future__ import annotations

from ..shapes import as_size, normalize_axis
from ..tensor import convert_to_tensor
from .convert import BOOL, UINT8, cast
from .elementwise import add, multiply, not_equal, subtract
from .joining import concatenate
from .shaping import _slice, ravel

__all__ = ["cumprod", "cumsum", "diff"]


def _along(axis, *bounds):
    """Return the index of a slice along an axis counted from the front."""
    return (*(slice(None),) * axis, slice(*bounds), ...)


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
        first, earlier, later = (_slice(x, _along(axis, *each)) for each in ((step,), (-step,), (step, None)))
        x = concatenate([first, op(later, earlier)], axis)
        step *= 2
    return x


def cumsum(x, axis=None, dtype=None):
    """Sum of the elements up to each along an axis (of the flat tensor by default), of ``dtype`` if given."""
    return _running(add, x, axis, dtype)


def cumprod(x, axis=None, dtype=None):
    """Product of the elements up to each along an axis (of the flat tensor by default), of ``dtype`` if given."""
    return _running(multiply, x, axis, dtype)


def diff(a, n=1, axis=-1):
    """Return each element minus the one before it along an axis, n times; of bools whether they differ."""
    x = convert_to_tensor(a)
    axis = normalize_axis(axis, len(x.shape))
    for _ in range(as_size("n", n)):
        later, earlier = _slice(x, _along(axis, 1, None)), _slice(x, _along(axis, -1))
        x = (not_equal if x.dtype == BOOL else subtract)(later, earlier)
    return x
