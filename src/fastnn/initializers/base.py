"""The base class of initializers."""

from __future__ import annotations

from typing import Any, Self

from ..tensor import Tensor
from ..utils.configurable import Configurable

__all__ = ["Initializer"]


class Initializer(Configurable):
    """A function of ``(shape, dtype=None)`` that makes a variable's first value, with a configuration.

    Subclasses override `__call__` and, where they have parameters, `get_config`.
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        """Return a tensor of the given shape and dtype (default: floatx)."""
        raise NotImplementedError(f"{type(self).__name__} must override __call__(self, shape, dtype=None)")

    def clone(self) -> Self:
        """Return an initializer of the same configuration."""
        return self.from_config(self.get_config())
