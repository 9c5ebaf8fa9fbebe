"""Layers (Keras' names and defaults)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import activations
from ..utils.missing import explain_missing
from ..utils.open_registry import OpenRegistry
from .adapted import Normalization
from .custom_objects import known
from .dense import Dense
from .elementwise import ELU, Activation, Identity, LeakyReLU, PReLU, ReLU, Rescaling, Softmax
from .embedding import Embedding
from .input_layer import Input, InputLayer
from .input_spec import InputSpec
from .keras_tensor import KerasTensor
from .layer import Layer
from .merging import (
    Add,
    Average,
    Concatenate,
    Maximum,
    MergingLayer,
    Minimum,
    Multiply,
    Subtract,
    add,
    average,
    concatenate,
    maximum,
    minimum,
    multiply,
    subtract,
)
from .noise import AlphaDropout, Dropout, GaussianDropout, GaussianNoise, SpatialDropout1D
from .normalization import BatchNormalization, LayerNormalization, RMSNormalization, UnitNormalization
from .pooling import GlobalAveragePooling1D, GlobalMaxPooling1D
from .reshaping import Flatten, Permute, RepeatVector, Reshape

__all__ = [
    "ELU",
    "REGISTRY",
    "Activation",
    "Add",
    "AlphaDropout",
    "Average",
    "BatchNormalization",
    "Concatenate",
    "Dense",
    "Dropout",
    "Embedding",
    "Flatten",
    "GaussianDropout",
    "GaussianNoise",
    "GlobalAveragePooling1D",
    "GlobalAvgPool1D",
    "GlobalMaxPool1D",
    "GlobalMaxPooling1D",
    "Identity",
    "Input",
    "InputLayer",
    "InputSpec",
    "KerasTensor",
    "Layer",
    "LayerNormalization",
    "LeakyReLU",
    "Maximum",
    "Minimum",
    "Multiply",
    "Normalization",
    "PReLU",
    "Permute",
    "RMSNormalization",
    "ReLU",
    "RepeatVector",
    "Rescaling",
    "Reshape",
    "Softmax",
    "SpatialDropout1D",
    "Subtract",
    "UnitNormalization",
    "add",
    "average",
    "concatenate",
    "deserialize",
    "maximum",
    "minimum",
    "multiply",
    "serialize",
    "subtract",
]
explain_missing(__name__)
GlobalAvgPool1D, GlobalMaxPool1D = GlobalAveragePooling1D, GlobalMaxPooling1D  # Keras' other names

REGISTRY = OpenRegistry(
    "layer",
    "keras.layers",
    classes=[
        ELU,
        Activation,
        Add,
        AlphaDropout,
        Average,
        BatchNormalization,
        Concatenate,
        Dense,
        Dropout,
        Embedding,
        Flatten,
        GaussianDropout,
        GaussianNoise,
        GlobalAveragePooling1D,
        GlobalMaxPooling1D,
        Identity,
        InputLayer,
        LayerNormalization,
        LeakyReLU,
        Maximum,
        Minimum,
        Multiply,
        Normalization,
        PReLU,
        Permute,
        RMSNormalization,
        ReLU,
        RepeatVector,
        Rescaling,
        Reshape,
        Softmax,
        SpatialDropout1D,
        Subtract,
        UnitNormalization,
    ],
    snake_case=False,
)
for _kind in REGISTRY.classes:
    if not issubclass(_kind, MergingLayer):
        activations.REGISTRY.add(_kind, REGISTRY.module)  # as in Dense(3, activation=LeakyReLU(0.2))


def serialize(layer: Layer) -> dict[str, Any]:
    """Return Keras' stored form of a layer, without its weights."""
    return REGISTRY.serialize(layer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Layer:
    """Return the layer for a stored form; ``custom_objects`` are the user's own classes and functions, by name.

    They count for all that is restored on the way: layers inside, and activations, regularizers and the like.
    """
    with known(custom_objects) as objects:
        return REGISTRY.deserialize(config, objects)
