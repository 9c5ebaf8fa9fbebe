"""Who keeps what was made of a layer, and forgets it when the layer changes."""

from __future__ import annotations

from typing import Protocol
from weakref import WeakSet

__all__ = ["Dependents"]


class Dependent(Protocol):
    """Something that keeps programs made of layers."""

    def forget_programs(self) -> None: ...


class Dependents:
    """Those who depend on a layer as long as they live. They are no part of it: its copies have none."""

    def __init__(self) -> None:
        self._alive: WeakSet[Dependent] = WeakSet()

    def add(self, dependent: Dependent) -> None:
        """Tell one more from now on."""
        self._alive.add(dependent)

    def forget_programs(self) -> None:
        """Let all of them forget what they have made."""
        if self._alive:  # a layer that is being made has none
            for dependent in list(self._alive):
                dependent.forget_programs()

    def __reduce__(self) -> tuple[type[Dependents], tuple[()]]:
        return Dependents, ()
