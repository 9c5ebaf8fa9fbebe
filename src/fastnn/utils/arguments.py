"""Keyword arguments that a class does not know: the error names the class and the nearest that it does know."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable, Collection
from typing import Any, Self

from .lookup import nearest_names

__all__ = ["NamedArguments", "unknown_arguments"]


class NamedArguments:
    """Something that says, where a keyword argument is unknown, which class was meant to take it, and what is near."""

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if kwargs:
            names, others = _parameters(cls.__init__)
            unknown = {name: value for name, value in kwargs.items() if name not in names}
            if unknown and not others:
                raise TypeError(unknown_arguments(cls, unknown))
        return super().__new__(cls)


def unknown_arguments(cls: type, kwargs: dict[str, Any], more: Collection[str] = ()) -> str:
    """Return the message about arguments that neither a class nor its bases take, with the nearest that they do.

    ``more`` are names that it takes beside those in the constructors' signatures.
    """
    names = set(more)
    for base in cls.__mro__:
        own, others = _parameters(base.__init__)
        names |= own
        if not others:  # nothing is handed on to the bases
            break
    near = sorted({name for given in kwargs for name in nearest_names(given, names, 1)})
    known = f"It takes {', '.join(sorted(names)) or 'none'}."
    hint = f"Did you mean {' or '.join(map(repr, near))}?" if near else known
    return f"Unrecognized keyword arguments passed to {cls.__name__}: {kwargs}. {hint}"


@functools.lru_cache(maxsize=256)
def _parameters(init: Callable[..., None]) -> tuple[frozenset[str], bool]:
    """Return the names of a constructor's arguments, and whether it takes others too."""
    given = list(inspect.signature(init, follow_wrapped=False).parameters.values())[1:]
    others = any(each.kind is each.VAR_KEYWORD for each in given)
    return frozenset(each.name for each in given if each.kind not in (each.VAR_KEYWORD, each.VAR_POSITIONAL)), others
