"""Checks of arguments: each returns a plain Python number or bool, or raises an error that names the argument."""

from __future__ import annotations

import math
import numbers

import numpy as np

from ..dtypes import is_float, standardize_dtype

__all__ = ["boolean", "float_dtype", "integer", "is_integer", "optional_integer", "optional_real", "real", "verbosity"]


def real(
    name: str,
    value: object,
    *,
    above: float | None = None,
    below: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
    finite: bool = True,
) -> float:
    """Return ``value`` as a float if it is a finite number within the given bounds.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What the user gave, a scalar tensor or variable too. Booleans are not numbers.
    above, below : float, optional
        Exclusive bounds.
    minimum, maximum : float, optional
        Inclusive bounds.
    finite : bool
        Whether infinity is refused; NaN always is.
    """
    if getattr(value, "shape", None) == ():
        value = value.item()
    number = type(value) in (float, int) or (isinstance(value, numbers.Real) and not isinstance(value, bool))
    good = number and (math.isfinite(value) if finite else not math.isnan(value))
    if (
        not good
        or (above is not None and not value > above)
        or (below is not None and not value < below)
        or (minimum is not None and value < minimum)
        or (maximum is not None and value > maximum)
    ):
        limits = (("above", above), ("at least", minimum), ("below", below), ("at most", maximum))
        kind = "a finite number" if finite else "a number"
        wanted = " and ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
        raise ValueError(f"Argument `{name}` must be {kind}{wanted and ' ' + wanted}. Received: {name}={value!r}")
    return float(value)


def is_integer(value: object, minimum: int | None = None) -> bool:
    """Whether ``value`` is an integer, which booleans are not, of at least ``minimum``."""
    # most are of the one type, for which no abstract class need be asked
    good = type(value) is int or (isinstance(value, numbers.Integral) and not isinstance(value, bool))
    return good and (minimum is None or value >= minimum)


def integer(name: str, value: object, *, minimum: int | None = None) -> int:
    """Return ``value`` as an int if it is an integer of at least ``minimum``."""
    if not is_integer(value, minimum):
        wanted = "an integer" if minimum is None else f"an integer of at least {minimum}"
        raise ValueError(f"Argument `{name}` must be {wanted}. Received: {name}={value!r}")
    return int(value)


def optional_real(name: str, value: object, **bounds: float) -> float | None:
    """Return None for None, else what `real` returns."""
    return None if value is None else real(name, value, **bounds)


def optional_integer(name: str, value: object, *, minimum: int | None = None) -> int | None:
    """Return None for None, else what `integer` returns."""
    return None if value is None else integer(name, value, minimum=minimum)


def boolean(name: str, value: object) -> bool:
    """Return ``value`` as a bool if it is one, or 0 or 1."""
    if not isinstance(value, (bool, np.bool_)) and not (is_integer(value) and value in (0, 1)):
        raise ValueError(f"Argument `{name}` must be True or False. Received: {name}={value!r}")
    return bool(value)


def float_dtype(dtype: object) -> np.dtype:
    """Return the float dtype that a name, a type or None (floatx) stands for."""
    try:
        found = standardize_dtype(dtype)
    except (TypeError, ValueError):
        found = None
    if found is None or not is_float(found):
        raise ValueError(f"Argument `dtype` must be 'float32' or 'float64'. Received: dtype={dtype!r}")
    return found


def verbosity(verbose: object) -> int:
    """Return how much a callback is to print, an integer from 0 on; True is 1."""
    return integer("verbose", int(verbose) if isinstance(verbose, (bool, np.bool_)) else verbose, minimum=0)
