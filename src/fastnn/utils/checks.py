"""Checks of numeric arguments: each returns a plain Python number or raises an error that names the argument."""

from __future__ import annotations

import math
import numbers

__all__ = ["integer", "optional_integer", "optional_real", "real"]


def real(
    name: str,
    value: object,
    *,
    above: float | None = None,
    minimum: float | None = None,
    maximum: float | None = None,
) -> float:
    """Return ``value`` as a float if it is a finite number within the given bounds.

    Parameters
    ----------
    name : str
        The argument's name, for the error.
    value : object
        What the user gave. Booleans are not numbers.
    above, minimum, maximum : float, optional
        Exclusive lower, inclusive lower and inclusive upper bound.
    """
    good = not isinstance(value, bool) and isinstance(value, numbers.Real) and math.isfinite(value)
    if (
        not good
        or (above is not None and not value > above)
        or (minimum is not None and value < minimum)
        or (maximum is not None and value > maximum)
    ):
        limits = (("above", above), ("at least", minimum), ("at most", maximum))
        wanted = " and ".join(f"{word} {limit}" for word, limit in limits if limit is not None)
        raise ValueError(
            f"Argument `{name}` must be a finite number{' ' + wanted if wanted else ''}. Received: {name}={value!r}"
        )
    return float(value)


def integer(name: str, value: object, *, minimum: int | None = None) -> int:
    """Return ``value`` as an int if it is an integer of at least ``minimum``."""
    if isinstance(value, bool) or not isinstance(value, numbers.Integral) or (minimum is not None and value < minimum):
        wanted = "an integer" if minimum is None else f"an integer of at least {minimum}"
        raise ValueError(f"Argument `{name}` must be {wanted}. Received: {name}={value!r}")
    return int(value)


def optional_real(name: str, value: object, **bounds: float) -> float | None:
    """Return None for None, else what `real` returns."""
    return None if value is None else real(name, value, **bounds)


def optional_integer(name: str, value: object, *, minimum: int | None = None) -> int | None:
    """Return None for None, else what `integer` returns."""
    return None if value is None else integer(name, value, minimum=minimum)
