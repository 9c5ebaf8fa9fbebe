"""Initializers that are not random: Zeros, Ones, Constant, Identity."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import standardize_dtype
from ..tensor import Tensor, convert_to_tensor
from ..utils import checks
from .base import Initializer

__all__ = ["Constant", "Identity", "Ones", "Zeros"]


class Zeros(Initializer):
    """All zeros."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return convert_to_tensor(np.zeros(shape, standardize_dtype(dtype)))


class Ones(Initializer):
    """All ones."""

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return convert_to_tensor(np.ones(shape, standardize_dtype(dtype)))


class Constant(Initializer):
    """One value everywhere.

    Parameters
    ----------
    value : float or array_like
        A number, or an array that broadcasts to the shape asked for.
    """

    def __init__(self, value: Any = 0.0) -> None:
        self.value = value

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        try:
            filled = np.broadcast_to(np.asarray(self.value), shape)
        except ValueError as error:
            raise ValueError(
                f"Argument `value` of shape {np.shape(self.value)} cannot be broadcast to the shape {tuple(shape)}."
            ) from error
        return convert_to_tensor(filled.astype(standardize_dtype(dtype)))

    def get_config(self) -> dict[str, Any]:
        value = self.value
        return {"value": value.tolist() if isinstance(value, (np.ndarray, np.generic)) else value}


class Identity(Initializer):
    """The identity matrix, possibly not square.

    Parameters
    ----------
    gain : float
        What stands on the diagonal.
    """

    def __init__(self, gain: float = 1.0) -> None:
        self.gain = checks.real("gain", gain)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        if len(shape) != 2:
            raise ValueError(f"Identity makes matrices only. Received: shape={tuple(shape)} of rank {len(shape)}")
        return convert_to_tensor((self.gain * np.eye(*shape)).astype(standardize_dtype(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {"gain": self.gain}
