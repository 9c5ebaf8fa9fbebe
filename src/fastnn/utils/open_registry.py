"""A registry to which floors above add what they have: models among layers, layers among activations."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .registry import Registry

__all__ = ["OpenRegistry"]


class OpenRegistry(Registry):
    """A `Registry` whose stored forms may be those of further classes, which add themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._further: dict[type, str] = {}

    def add(self, cls: type, module: str) -> None:
        """Store and restore objects of one more class, which Keras has in this module."""
        self._further[cls] = module

    def serialize(self, obj: Any) -> Any:
        form = super().serialize(obj)
        module = self._further.get(type(obj))
        return form if module is None else {**form, "module": module, "registered_name": None}

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        further = {cls.__name__: cls for cls in self._further}
        return super().deserialize(config, {**further, **(custom_objects or {})})
