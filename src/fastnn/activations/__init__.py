"""Activation functions and how to find them by name (Keras' names)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..utils.missing import explain_missing
from ..utils.open_registry import OpenRegistry
from . import functions
from .functions import (
    celu,
    elu,
    exponential,
    gelu,
    glu,
    hard_shrink,
    hard_sigmoid,
    hard_silu,
    hard_tanh,
    leaky_relu,
    linear,
    log_sigmoid,
    log_softmax,
    mish,
    relu,
    relu6,
    selu,
    sigmoid,
    silu,
    soft_shrink,
    softmax,
    softplus,
    softsign,
    sparse_plus,
    sparse_sigmoid,
    sparsemax,
    squareplus,
    tanh,
    tanh_shrink,
    threshold,
)

swish = silu
hard_swish = hard_silu

__all__ = [
    "REGISTRY",
    "celu",
    "deserialize",
    "elu",
    "exponential",
    "gelu",
    "get",
    "glu",
    "hard_shrink",
    "hard_sigmoid",
    "hard_silu",
    "hard_swish",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "serialize",
    "sigmoid",
    "silu",
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "swish",
    "tanh",
    "tanh_shrink",
    "threshold",
]
explain_missing(__name__)

REGISTRY = OpenRegistry(
    "activation",
    "keras.activations",
    functions=[getattr(functions, name) for name in functions.__all__],
    aliases={"swish": silu, "hard_swish": hard_silu},
)


def get(identifier: Any) -> Callable[..., Any]:
    """Return the activation that a name, a stored configuration or a function stands for; None gives `linear`.

    Examples
    --------
    >>> get("relu").__name__
    'relu'
    """
    return linear if identifier is None else REGISTRY.get(identifier)


def serialize(activation: Callable[..., Any]) -> Any:
    """Return what `deserialize` makes the activation from: its name, or Keras' stored form of a custom one."""
    if activation in REGISTRY.functions:
        return activation.__name__
    return REGISTRY.serialize(activation)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Callable[..., Any]:
    """Return the activation for a name or a stored form."""
    return REGISTRY.deserialize(config, custom_objects)
