"""Automatic names: ``dense``, ``dense_1``, … as Keras gives them."""

from __future__ import annotations

import functools
import re
from collections import defaultdict

from ..locks import brief_lock

__all__ = ["auto_name", "check_name", "reset_names", "to_snake_case"]

_lock = brief_lock()
_used: defaultdict[str, int] = defaultdict(int)


@functools.lru_cache(maxsize=256)
def to_snake_case(name: str) -> str:
    """Return ``name`` in snake case: ``"LeakyReLU"`` gives ``"leaky_re_lu"``, as in Keras."""
    name = re.sub(r"\W+", "", name)
    name = re.sub("(.)([A-Z][a-z]+)", r"\1_\2", name)
    return re.sub("([a-z])([A-Z])", r"\1_\2", name).lower()


def auto_name(prefix: str) -> str:
    """Return the next free name for a class: ``dense``, then ``dense_1``, ``dense_2``, …"""
    prefix = to_snake_case(prefix)
    with _lock:
        number = _used[prefix]
        _used[prefix] += 1
    return f"{prefix}_{number}" if number else prefix


def reset_names() -> None:
    """Start numbering anew, so that the next `Dense` is called ``dense`` again."""
    with _lock:
        _used.clear()


def check_name(name: object, owner: str) -> str:
    """Return ``name``, or ``owner`` in snake case with a number where it is None.

    A name may be written in any script. It may not be empty or hold ``"/"``, which separates the parts of a path.
    """
    if name is None:
        return auto_name(owner)
    if not isinstance(name, str) or not name or "/" in name:
        raise ValueError(
            f"Argument `name` must be a non-empty string without the character `/`. Received: name={name!r} "
            f"(of type {type(name).__name__})"
        )
    return name
