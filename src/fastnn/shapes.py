"""Shapes and axes as callers give them, checked and brought to Python's integers."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

__all__ = ["as_shape", "as_size", "check_sizes", "normalize_axes", "normalize_axis"]


def as_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    """Return a shape as a tuple; one number is a shape of one axis."""
    sizes = tuple(_integer("a size of a shape", size) for size in _several(shape))
    check_sizes(sizes)
    return sizes


def check_sizes(sizes: tuple[int, ...]) -> None:
    """Raise ValueError for a shape that has negative sizes."""
    if min(sizes, default=0) < 0:
        raise ValueError(f"a shape must not have negative sizes, got {sizes}")


def as_size(name: str, value: int) -> int:
    """Return a number of elements; raise ValueError, which names the argument, if it is negative."""
    size = _integer(name, value)
    if size < 0:
        raise ValueError(f"{name} must not be negative, got {size}")
    return size


def normalize_axis(axis: int, rank: int) -> int:
    """Return an axis counted from the front; raise ValueError where a tensor of that rank has none such."""
    axis = _integer("axis", axis)
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of range for a tensor of {rank} axes")
    return axis % rank


def _several(given: object) -> Sequence:
    return given if isinstance(given, (tuple, list, range)) or np.ndim(given) == 1 else (given,)


def _integer(name: str, value: object) -> int:
    try:
        if not isinstance(value, (bool, np.bool_)):
            return operator.index(value)
    except TypeError:
        pass
    raise TypeError(f"{name} must be an integer, got {value!r}")


def normalize_axes(axis: int | Sequence[int] | None, rank: int) -> tuple[int, ...]:
    """Return axes counted from the front and in order; None is all of them."""
    if axis is None:
        return tuple(range(rank))
    given = _several(axis)
    axes = sorted({normalize_axis(each, rank) for each in given})
    if len(axes) != len(given):
        raise ValueError(f"axis {axis} names an axis twice")
    return tuple(axes)
