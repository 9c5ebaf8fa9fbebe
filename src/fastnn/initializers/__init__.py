"""Initializers: functions of a shape that make the first values of variables (Keras' names and defaults)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np

from ..dtypes import standardize_dtype
from ..tensor import Tensor, Variable, convert_to_tensor
from ..utils.missing import explain_missing
from ..utils.registry import Registry
from .base import Initializer
from .constant import Constant, Identity, Ones, Zeros
from .random import Orthogonal, RandomInitializer, RandomNormal, RandomUniform, TruncatedNormal
from .variance_scaling import (
    GlorotNormal,
    GlorotUniform,
    HeNormal,
    HeUniform,
    LecunNormal,
    LecunUniform,
    VarianceScaling,
)

constant = Constant
glorot_normal = GlorotNormal
glorot_uniform = GlorotUniform
he_normal = HeNormal
he_uniform = HeUniform
identity = Identity
lecun_normal = LecunNormal
lecun_uniform = LecunUniform
ones = Ones
orthogonal = Orthogonal
random_normal = RandomNormal
random_uniform = RandomUniform
truncated_normal = TruncatedNormal
variance_scaling = VarianceScaling
zeros = Zeros

__all__ = [
    "REGISTRY",
    "Constant",
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "Identity",
    "Initializer",
    "LecunNormal",
    "LecunUniform",
    "Ones",
    "Orthogonal",
    "RandomInitializer",
    "RandomNormal",
    "RandomUniform",
    "TruncatedNormal",
    "VarianceScaling",
    "Zeros",
    "constant",
    "deserialize",
    "get",
    "glorot_normal",
    "glorot_uniform",
    "he_normal",
    "he_uniform",
    "identity",
    "lecun_normal",
    "lecun_uniform",
    "ones",
    "orthogonal",
    "random_normal",
    "random_uniform",
    "serialize",
    "truncated_normal",
    "variance_scaling",
    "zeros",
]
explain_missing(__name__)

REGISTRY = Registry(
    "initializer",
    "keras.initializers",
    classes=[
        Constant,
        GlorotNormal,
        GlorotUniform,
        HeNormal,
        HeUniform,
        Identity,
        LecunNormal,
        LecunUniform,
        Ones,
        Orthogonal,
        RandomNormal,
        RandomUniform,
        TruncatedNormal,
        VarianceScaling,
        Zeros,
    ],
    aliases={
        "IdentityInitializer": Identity,
        "OrthogonalInitializer": Orthogonal,
        "normal": RandomNormal,
        "one": Ones,
        "uniform": RandomUniform,
        "zero": Zeros,
    },
)


def get(identifier: Any) -> Callable[..., Tensor] | None:
    """Return the initializer that a name, a class, a stored configuration, an array or a function stands for.

    Parameters
    ----------
    identifier : str, dict, Initializer, type, callable, array or None
        An array becomes an initializer that returns it, for exactly its shape. None gives None.

    Examples
    --------
    >>> get("he_normal")
    HeNormal(seed=None, input_axes=None, output_axes=None)
    """
    if isinstance(identifier, (np.ndarray, np.generic, Tensor, Variable)):
        return _return_value(identifier)
    return REGISTRY.get(identifier)


def _return_value(value: Any) -> Callable[..., Tensor]:
    def initialize(shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        if tuple(shape) != tuple(value.shape):
            raise ValueError(
                f"The array given as initializer has shape {tuple(value.shape)}, but {tuple(shape)} is needed."
            )
        return convert_to_tensor(value, standardize_dtype(dtype))

    return initialize


def serialize(initializer: Any) -> dict[str, Any] | None:
    """Return Keras' stored form of an initializer."""
    return REGISTRY.serialize(initializer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Tensor] | None:
    """Return the initializer for a stored form or a name."""
    return REGISTRY.deserialize(config, custom_objects)
