"""What `Input` returns: the shape and dtype of data that a model will get."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import standardize_dtype

__all__ = ["KerasTensor"]


class KerasTensor:
    """A description of a tensor: calling a layer on it builds the layer and gives the description of its output.

    Parameters
    ----------
    shape : tuple of (int or None)
        With the batch axis; None is any size.
    dtype : str
    layer : Layer
        Whose output it is.
    inputs : object
        The (structure of) KerasTensors that the layer was called on; None for an `Input`.
    """

    def __init__(self, shape: tuple[int | None, ...], dtype: Any, layer: Any, inputs: Any = None) -> None:
        self.shape = tuple(shape)
        self.dtype: np.dtype = standardize_dtype(dtype)
        self.layer = layer
        self.inputs = inputs

    @property
    def name(self) -> str:
        """The name of the layer."""
        return self.layer.name

    @property
    def ndim(self) -> int:
        return len(self.shape)

    def __array__(self, *args: Any, **kwargs: Any) -> np.ndarray:
        raise TypeError(f"{self!r} has no values: it describes data that a model will get.")

    def __repr__(self) -> str:
        return f"<KerasTensor shape={self.shape}, dtype={self.dtype}, name={self.name}>"
