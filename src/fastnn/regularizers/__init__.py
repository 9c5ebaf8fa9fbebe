"""Regularizers: penalties on weights or activations (Keras' names and defaults)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..utils.missing import explain_missing
from ..utils.registry import Registry
from .regularizers import L1, L1L2, L2, OrthogonalRegularizer, Regularizer

l1 = L1
l2 = L2
l1_l2 = L1L2
orthogonal_regularizer = OrthogonalRegularizer

__all__ = [
    "L1",
    "L1L2",
    "L2",
    "REGISTRY",
    "OrthogonalRegularizer",
    "Regularizer",
    "deserialize",
    "get",
    "l1",
    "l1_l2",
    "l2",
    "orthogonal_regularizer",
    "serialize",
]
explain_missing(__name__)

REGISTRY = Registry(
    "regularizer",
    "keras.regularizers",
    classes=[L1, L1L2, L2, OrthogonalRegularizer],
    aliases={"l1_l2": L1L2},
)


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the regularizer that a name, a class, a stored configuration or a function stands for.

    Examples
    --------
    >>> get("l2")
    L2(l2=0.01)
    """
    return REGISTRY.get(identifier)


def serialize(regularizer: Any) -> dict[str, Any] | None:
    """Return Keras' stored form of a regularizer."""
    return REGISTRY.serialize(regularizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the regularizer for a stored form or a name."""
    return REGISTRY.deserialize(config, custom_objects)
