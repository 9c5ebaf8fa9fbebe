"""The base of small objects that are made from a few arguments: configuration and representation."""

from __future__ import annotations

from typing import Any, Self

from .arguments import NamedArguments

__all__ = ["Configurable"]


class Configurable(NamedArguments):
    """Something that `get_config` describes completely and `from_config` makes again."""

    def __init__(self) -> None:
        """Take no arguments; `object`'s constructor would take any from behind a ``__new__``."""

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes the same object."""
        return {}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make an object from what `get_config` returned."""
        return cls(**config)

    def __repr__(self) -> str:
        arguments = ", ".join(f"{name}={value!r}" for name, value in self.get_config().items())
        return f"{type(self).__name__}({arguments})"
