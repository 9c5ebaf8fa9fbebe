"""Batches as Keras hands them on: x, (x, y) or (x, y, sample_weight)."""

from __future__ import annotations

from typing import Any

__all__ = ["pack_x_y_sample_weight", "unpack_x_y_sample_weight"]


def pack_x_y_sample_weight(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return a batch of what there is; without targets x by itself, or ``(x,)`` where x is a tuple or a list."""
    if y is None:
        return (x,) if isinstance(x, (tuple, list)) else x
    return (x, y) if sample_weight is None else (x, y, sample_weight)


def unpack_x_y_sample_weight(data: Any) -> tuple[Any, Any, Any]:
    """Return x, y and sample_weight of a batch ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``.

    Examples
    --------
    >>> unpack_x_y_sample_weight(("x", "y"))
    ('x', 'y', None)
    """
    if isinstance(data, list):
        data = tuple(data)
    if not isinstance(data, tuple):
        return data, None, None
    if not 1 <= len(data) <= 3:
        raise ValueError(f"a batch must be x, (x, y) or (x, y, sample_weight), got a tuple of {len(data)}")
    return (*data, *(None,) * (3 - len(data)))
