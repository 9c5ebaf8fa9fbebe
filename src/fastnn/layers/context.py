"""Which layers are being called or built right now, outermost first, in this thread."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .layer import Layer

__all__ = ["current_training", "entered", "outermost", "path_of"]


class _Stack(threading.local):
    def __init__(self) -> None:
        self.entries: list[tuple[Layer, bool | None]] = []


_stack = _Stack()


@contextmanager
def entered(layer: Layer, training: bool | None = None) -> Iterator[None]:
    """Note that ``layer`` is being called or built, with the given value of ``training`` for the layers in it."""
    _stack.entries.append((layer, training))
    try:
        yield
    finally:
        _stack.entries.pop()


def outermost() -> bool:
    """Whether no layer is being called or built."""
    return not _stack.entries


def current_training() -> bool | None:
    """Return ``training`` of the layer being called, or None."""
    return _stack.entries[-1][1] if _stack.entries else None


def path_of(layer: Layer, name: str) -> str:
    """Return the path of a weight: the names of the layers around it, and its own."""
    layers = [entry for entry, _ in _stack.entries]
    if not layers or layers[-1] is not layer:
        layers.append(layer)
    names = [each.name for i, each in enumerate(layers) if i == 0 or each is not layers[i - 1]]
    return "/".join([*names, name])
