"""Elementwise functions written in the ops of `elementwise`."""

from __future__ import annotations

import math

import numpy as np

from ..dtypes import is_float, is_integer, standardize_dtype
from ..tensor import convert_to_tensor
from .convert import cast, to_common, to_float, to_number, to_tensor
from .elementwise import (
    absolute,
    clip,
    equal,
    greater,
    isfinite,
    isinf,
    isnan,
    less,
    less_equal,
    log,
    logical_and,
    logical_or,
    maximum,
    minimum,
    mod,
    power,
    reciprocal,
    sin,
    sqrt,
    where,
)

__all__ = [
    "cbrt", "deg2rad", "exp2", "fabs", "fmax", "fmin", "fmod", "heaviside", "hypot", "isclose", "isneginf", "isposinf",
    "log2", "log10", "nan_to_num", "rad2deg", "saturate_cast", "select", "signbit", "sinc",
]  # fmt: skip

# ---- functions of one number ---------------------------------------------------------------------------------


def exp2(x):
    """Return 2 to the power x."""
    (x,) = to_float(x)
    return power(2.0, x)


def log2(x):
    """Base-2 logarithm."""
    return log(x) * (1 / math.log(2))


def log10(x):
    """Base-10 logarithm."""
    return log(x) * (1 / math.log(10))


def deg2rad(x):
    """Return an angle in degrees in radians."""
    return to_float(x)[0] * (math.pi / 180)


def rad2deg(x):
    """Return an angle in radians in degrees."""
    return to_float(x)[0] * (180 / math.pi)


def fabs(x):
    """Absolute value, as a float."""
    return absolute(*to_float(x))


def cbrt(x):
    """Return the real cube root: that of a number below 0 is below 0."""
    (x,) = to_float(x)
    negative = less(x, 0)
    size = where(negative, -x, x)
    root = power(size, 1 / 3)
    inside = logical_and(greater(size, 0), isfinite(size))
    near = where(inside, root, 1.0)
    near = near - (near - where(inside, size, 1.0) / (near * near)) / 3  # Newton's step: a third is no binary number
    root = where(inside, near, root)
    return where(negative, -root, root)


def sinc(x):
    """Return sin(πx) / (πx), 1 at 0."""
    (x,) = to_float(x)
    zero = equal(x, 0)
    angle = where(zero, 1.0, x) * math.pi
    return where(zero, 1.0, sin(angle) / angle)


def signbit(x):
    """Whether a number is below 0, or is minus zero."""
    (x,) = to_tensor(x)
    if not is_float(x.dtype):
        return less(x, 0)
    return logical_or(less(x, 0), logical_and(equal(x, 0), less(reciprocal(x), 0)))


def heaviside(x1, x2):
    """Return 0 where x1 is negative, 1 where it is positive, and x2 where it is 0; NaN stays."""
    x1, x2 = to_float(x1, x2)
    sides = where(less(x1, 0), 0.0, where(greater(x1, 0), 1.0, x1))
    return where(equal(x1, 0), x2, sides)


# ---- functions of two numbers --------------------------------------------------------------------------------


def hypot(x1, x2):
    """Return sqrt(x1² + x2²), which overflows only where it is too large itself; infinite where one of them is."""
    x1, x2 = (absolute(x) for x in to_float(x1, x2))
    large, small = maximum(x1, x2), minimum(x1, x2)
    usual = logical_and(greater(large, 0), isfinite(large))
    ratio = small / where(usual, large, 1.0)
    y = where(usual, large * sqrt(ratio * ratio + 1), large)
    return where(logical_or(isinf(x1), isinf(x2)), math.inf, y)


def _extreme(choose):
    def extreme(x1, x2):
        x1, x2 = to_common(x1, x2)
        y = choose(x1, x2)
        return where(isnan(x1), x2, where(isnan(x2), x1, y)) if is_float(y.dtype) else y

    return extreme


fmax, fmin = _extreme(maximum), _extreme(minimum)
fmax.__name__, fmin.__name__ = fmax.__qualname__, fmin.__qualname__ = "fmax", "fmin"
fmax.__doc__ = "Larger of two numbers; the other one where one is NaN."
fmin.__doc__ = "Smaller of two numbers; the other one where one is NaN."


def fmod(x1, x2):
    """Return what is left of x1 when x2 goes into it a whole number of times: it has the sign of x1."""
    x1, x2 = to_number(x1, x2)
    y = mod(absolute(x1), absolute(x2))
    return where(less(x1, 0), -y, y)


# ---- numbers and what is none --------------------------------------------------------------------------------


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """Replace NaN and infinities by numbers (by default 0 and the dtype's largest). Integers stay as they are."""
    (x,) = to_tensor(x)
    if not is_float(x.dtype):
        return x
    info = np.finfo(x.dtype)
    x = where(isnan(x), nan, x)
    x = where(equal(x, np.inf), float(info.max) if posinf is None else posinf, x)
    return where(equal(x, -np.inf), float(info.min) if neginf is None else neginf, x)


def isposinf(x):
    """Whether elements are plus infinity."""
    return equal(*to_float(x), np.inf)


def isneginf(x):
    """Whether elements are minus infinity."""
    return equal(*to_float(x), -np.inf)


def isclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether abs(x1 - x2) <= atol + rtol · abs(x2), or both are the same infinity, or with equal_nan both are NaN."""
    x1, x2 = to_float(x1, x2)
    near = less_equal(absolute(x1 - x2), absolute(x2) * rtol + atol)
    close = logical_or(logical_and(near, less(absolute(x2), np.inf)), equal(x1, x2))
    return logical_or(close, logical_and(isnan(x1), isnan(x2))) if equal_nan else close


# ---- choices and limits --------------------------------------------------------------------------------------


def select(condlist, choicelist, default=0):
    """Return each element from the first choice whose condition holds there, or ``default`` where none does.

    Raises
    ------
    ValueError
        Unless there are as many choices as conditions, at least one.
    """
    conditions, choices = list(condlist), list(choicelist)
    if len(conditions) != len(choices) or not conditions:
        raise ValueError(
            f"select: {len(conditions)} conditions and {len(choices)} choices; needed are as many, at least one"
        )
    *choices, y = to_common(*choices, default)
    for condition, choice in zip(reversed(conditions), reversed(choices), strict=True):
        y = where(condition, choice, y)
    return y


def saturate_cast(x, dtype):
    """Return x in another dtype; what an integer dtype does not hold becomes the nearest number that it holds."""
    x, dtype = convert_to_tensor(x), standardize_dtype(dtype)
    if is_integer(x.dtype) and is_integer(dtype):
        own, other = np.iinfo(x.dtype), np.iinfo(dtype)
        x = clip(x, max(own.min, other.min), min(own.max, other.max))
    return cast(x, dtype)
