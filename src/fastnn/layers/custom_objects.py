"""The user's own classes and functions, by name, while layers are made of stored forms that may name them."""

from __future__ import annotations

import inspect
import threading
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import Any

__all__ = ["known", "restored"]


class _Scope(threading.local):
    def __init__(self) -> None:
        self.objects: dict[str, Any] = {}


_scope = _Scope()


@contextmanager
def known(custom_objects: Mapping[str, Any] | None) -> Iterator[dict[str, Any]]:
    """Know more of the user's objects for a while; give all that are known."""
    before = _scope.objects
    _scope.objects = {**before, **(custom_objects or {})}
    try:
        yield _scope.objects
    finally:
        _scope.objects = before


def restored(value: Any) -> Any:
    """Return the object of the user's that a stored form stands for; anything else as it is."""
    if not isinstance(value, Mapping) or "class_name" not in value or not _scope.objects:
        return value
    inner = value.get("config")
    name = inner if value["class_name"] == "function" else value["class_name"]
    found = _scope.objects.get(name) if isinstance(name, str) else None
    if found is None:
        return value
    if not inspect.isclass(found):
        return found
    return found.from_config(dict(inner or {})) if isinstance(inner, (Mapping, type(None))) else value
