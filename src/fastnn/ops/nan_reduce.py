"""Reductions that leave out NaN."""

from __future__ import annotations

import math

from ..dtypes import is_float
from .convert import cast, to_float, to_tensor
from .cumulative import cumprod, cumsum
from .elementwise import isnan, logical_not, sqrt, square, where
from .reduce import all as reduce_all
from .reduce import argmax, argmin, prod
from .reduce import max as reduce_max
from .reduce import min as reduce_min
from .reduce import sum as reduce_sum

__all__ = [
    "nanargmax", "nanargmin", "nancumprod", "nancumsum", "nanmax", "nanmean", "nanmin", "nanprod", "nanstd", "nansum",
    "nanvar",
]  # fmt: skip


def _replaced(x, value):
    """Return x with a number in the place of NaN, which integers have none of."""
    return where(isnan(x), value, x) if is_float(x.dtype) else x


def nansum(x, axis=None, keepdims=False):
    """Sum of the elements that are not NaN; of none 0."""
    return reduce_sum(_replaced(*to_tensor(x), 0.0), axis, keepdims)


def nanprod(x, axis=None, keepdims=False):
    """Product of the elements that are not NaN; of none 1."""
    return prod(_replaced(*to_tensor(x), 1.0), axis, keepdims)


def _extreme(reduce, x, axis, keepdims, beyond):
    (x,) = to_tensor(x)
    if not is_float(x.dtype):
        return reduce(x, axis, keepdims)
    missing = isnan(x)
    y = reduce(where(missing, beyond, x), axis, keepdims)
    return where(reduce_all(missing, axis, keepdims), math.nan, y)


def nanmax(x, axis=None, keepdims=False):
    """Largest of the elements that are not NaN; of none NaN."""
    return _extreme(reduce_max, x, axis, keepdims, -math.inf)


def nanmin(x, axis=None, keepdims=False):
    """Smallest of the elements that are not NaN; of none NaN."""
    return _extreme(reduce_min, x, axis, keepdims, math.inf)


def _arg_extreme(reduce, x, axis, keepdims, beyond):
    (x,) = to_tensor(x)
    if not is_float(x.dtype):
        return reduce(x, axis, keepdims)
    missing = isnan(x)
    place = reduce(where(missing, beyond, x), axis, keepdims)
    return where(reduce_all(missing, axis, keepdims), -1, place)


def nanargmax(x, axis=None, keepdims=False):
    """Index (int32) of the largest of the elements that are not NaN; of none -1."""
    return _arg_extreme(argmax, x, axis, keepdims, -math.inf)


def nanargmin(x, axis=None, keepdims=False):
    """Index (int32) of the smallest of the elements that are not NaN; of none -1."""
    return _arg_extreme(argmin, x, axis, keepdims, math.inf)


def nancumsum(x, axis=None, dtype=None):
    """Sum of the elements up to each that are not NaN, as `cumsum` has it."""
    return cumsum(_replaced(*to_tensor(x), 0.0), axis, dtype)


def nancumprod(x, axis=None, dtype=None):
    """Product of the elements up to each that are not NaN, as `cumprod` has it."""
    return cumprod(_replaced(*to_tensor(x), 1.0), axis, dtype)


def _mean_without(missing, x, axis, keepdims):
    total = reduce_sum(where(missing, 0.0, x), axis, keepdims)
    return total / reduce_sum(cast(logical_not(missing), x.dtype), axis, keepdims)


def nanmean(x, axis=None, keepdims=False):
    """Arithmetic mean of the elements that are not NaN; of none NaN."""
    (x,) = to_float(x)
    return _mean_without(isnan(x), x, axis, keepdims)


def nanvar(x, axis=None, keepdims=False):
    """Variance of the elements that are not NaN (divided by their number); of none NaN."""
    (x,) = to_float(x)
    missing = isnan(x)
    squares = square(x - _mean_without(missing, x, axis, keepdims=True))  # NaN, too, where x is infinite
    return _mean_without(missing, squares, axis, keepdims)


def nanstd(x, axis=None, keepdims=False):
    """Standard deviation of the elements that are not NaN; of none NaN."""
    return sqrt(nanvar(x, axis, keepdims))
