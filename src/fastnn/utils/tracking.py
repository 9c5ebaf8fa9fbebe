"""Which variables, layers, metrics and generators an object owns: those among its attributes."""

from __future__ import annotations

from typing import Any

__all__ = ["owned"]


def owned(owner: object, kinds: type | tuple[type, ...]) -> list[Any]:
    """Return the objects of the given classes among an object's attributes, each once, in order of assignment.

    Lists, tuples and dicts are looked into, however deeply nested. They are read anew at every call, so what is
    appended to a list attribute later is found too.
    """
    found: dict[int, Any] = {}
    _look_into(vars(owner), kinds, found, set())
    return list(found.values())


_CONTAINERS = (list, tuple, dict)
_PLAIN = frozenset((type(None), bool, int, float, str))  # what most attributes are


def _look_into(container: Any, kinds: type | tuple[type, ...], found: dict[int, Any], seen: set[int]) -> None:
    for value in list(container.values() if isinstance(container, dict) else container):
        if type(value) in _PLAIN:
            continue
        if isinstance(value, kinds):
            found[id(value)] = value
        elif isinstance(value, _CONTAINERS) and value and id(value) not in seen:
            seen.add(id(value))
            _look_into(value, kinds, found, seen)
