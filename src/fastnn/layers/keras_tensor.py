"""What `Input` returns, and layers called on that: descriptions of tensors, and of how they are computed."""

from __future__ import annotations

from typing import Any
from weakref import WeakKeyDictionary, WeakSet

import numpy as np

from ..dtypes import standardize_dtype
from ..structures import flatten

__all__ = ["KerasTensor", "described_outputs"]

# Layers do not hold what they have described, or a model would not go with its last reference.
_DESCRIBED: WeakKeyDictionary[Any, WeakSet[KerasTensor]] = WeakKeyDictionary()


class KerasTensor:
    """A description of a tensor: calling a layer on it builds the layer and gives the description of its output.

    Parameters
    ----------
    shape : tuple of (int or None)
        With the batch axis; None is any size.
    dtype : str
    layer : Layer
        Whose output it is.
    args, kwargs : tuple, dict
        What the layer was called on, KerasTensors among them; nothing for an `Input`.
    """

    def __init__(
        self, shape: tuple[int | None, ...], dtype: Any, layer: Any, args: tuple = (), kwargs: dict | None = None
    ) -> None:
        self.shape = tuple(shape)
        self.dtype: np.dtype = standardize_dtype(dtype)
        self.layer = layer
        self.args = args
        self.kwargs = kwargs or {}
        _DESCRIBED.setdefault(layer, WeakSet()).add(self)

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        _DESCRIBED.setdefault(self.layer, WeakSet()).add(self)

    @property
    def name(self) -> str:
        """The name of the layer."""
        return self.layer.name

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def inputs(self) -> list[KerasTensor]:
        """The descriptions among the arguments of the layer."""
        return [leaf for leaf in flatten([self.args, self.kwargs]) if isinstance(leaf, KerasTensor)]

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError(
            f"{self!r} has no values: it describes data that a model will get. Layers can be called on it; what else "
            "is computed from it must be written in one."
        )

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"


def described_outputs(layer: Any) -> list[KerasTensor]:
    """Return the descriptions of a layer's outputs that somebody still holds."""
    return list(_DESCRIBED.get(layer, ()))
