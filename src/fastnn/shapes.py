"""Shapes and axes as callers give them, checked and brought to Python's integers."""

from __future__ import annotations

import operator
from collections.abc import Sequence

import numpy as np

__all__ = [
    "as_integer", "as_shape", "as_size", "check_sizes", "common_shape", "moved_axes", "normalize_axes",
    "normalize_axis",
]  # fmt: skip


def as_shape(shape: int | Sequence[int]) -> tuple[int, ...]:
    """Return a shape as a tuple; one number is a shape of one axis."""
    sizes = tuple(as_integer("a size of a shape", size) for size in _several(shape))
    check_sizes(sizes)
    return sizes


def check_sizes(sizes: tuple[int, ...]) -> None:
    """Raise ValueError for a shape that has negative sizes."""
    if min(sizes, default=0) < 0:
        raise ValueError(f"a shape must not have negative sizes, got {sizes}")


def as_size(name: str, value: int) -> int:
    """Return a number of elements; raise ValueError, which names the argument, if it is negative."""
    size = as_integer(name, value)
    if size < 0:
        raise ValueError(f"{name} must not be negative, got {size}")
    return size


def common_shape(name: str, *shapes: tuple[int, ...]) -> tuple[int, ...]:
    """Return the shape to which all broadcast; raise ValueError, which names the op, where there is none."""
    try:
        return np.broadcast_shapes(*shapes)
    except ValueError:
        raise ValueError(f"{name}: shapes {' and '.join(map(str, shapes))} do not broadcast") from None


def normalize_axis(axis: int, rank: int) -> int:
    """Return an axis counted from the front; raise ValueError where a tensor of that rank has none such."""
    axis = as_integer("axis", axis)
    if not -rank <= axis < rank:
        raise ValueError(f"axis {axis} is out of range for a tensor of {rank} axes")
    return axis % rank


def _several(given: object) -> Sequence:
    if isinstance(given, (tuple, list, range)):
        return given
    return (given,) if isinstance(given, int) or np.ndim(given) != 1 else given


def as_integer(name: str, value: object) -> int:
    """Return one of Python's integers; raise TypeError, which names the argument, for what is none, such as True."""
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


def moved_axes(source: int | Sequence[int], destination: int | Sequence[int], rank: int) -> list[int]:
    """Return the order of axes when those at ``source`` have gone to ``destination``, and the others stay in order."""
    if len(normalize_axes(source, rank)) != len(normalize_axes(destination, rank)):
        raise ValueError(f"source {source} and destination {destination} are not equally many axes")
    sources, places = ([normalize_axis(axis, rank) for axis in _several(axes)] for axes in (source, destination))
    order = [axis for axis in range(rank) if axis not in sources]
    for place, axis in sorted(zip(places, sources, strict=True)):
        order.insert(place, axis)
    return order
