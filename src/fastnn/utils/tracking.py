"""Which variables, layers, metrics and generators an object owns: those among its attributes."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

__all__ = ["owned"]


def owned(owner: object, kinds: type | tuple[type, ...]) -> Iterator[Any]:
    """Yield the objects of the given classes among an object's attributes, each once, in order of assignment.

    Lists, tuples and dicts are looked into, however deeply nested. They are read anew at every call, so what is
    appended to a list attribute later is found too.
    """
    seen: set[int] = set()
    waiting: list[Any] = list(vars(owner).values())[::-1]
    while waiting:
        value = waiting.pop()
        if isinstance(value, kinds):
            if id(value) not in seen:
                seen.add(id(value))
                yield value
        elif isinstance(value, (list, tuple, dict)) and id(value) not in seen:
            seen.add(id(value))
            waiting.extend(list(value.values() if isinstance(value, dict) else value)[::-1])
