"""The layers by name, and the models that stand among them."""

from __future__ import annotations

from typing import Any

from ..utils.registry import Registry

__all__ = ["LayerRegistry"]


class LayerRegistry(Registry):
    """A `Registry` to which models, which know layers while layers do not know them, add themselves."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self._modules: dict[type, str] = {}

    def add(self, cls: type, module: str) -> None:
        """Know one more class, which Keras has in this module."""
        self.by_name[cls.__name__] = cls
        self._modules[cls] = module

    def serialize(self, obj: Any) -> Any:
        form = super().serialize(obj)
        module = self._modules.get(type(obj))
        return form if module is None else {**form, "module": module, "registered_name": None}
