"""What a thing is, in Keras' words."""

from __future__ import annotations

from typing import Any

from .. import dtypes

__all__ = ["is_keras_tensor", "standardize_dtype"]


def is_keras_tensor(x: Any) -> bool:
    """Whether ``x`` is the description of a tensor, as `Input` returns it."""
    from ..layers.keras_tensor import KerasTensor  # layers are written with utils

    return isinstance(x, KerasTensor)


def standardize_dtype(dtype: Any = None) -> str:
    """Return the name of a dtype that is given by name, as a type or as NumPy's; floatx for None.

    Raises
    ------
    ValueError
        For a dtype that fastnn does not compute with.
    """
    try:
        return dtypes.standardize_dtype(dtype).name
    except TypeError as error:
        raise ValueError(f"Invalid dtype: {error}") from None
