"""Constraints: what weights are brought to after each update (Keras' names and defaults)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..utils.missing import explain_missing
from ..utils.registry import Registry
from .constraints import Constraint, MaxNorm, MinMaxNorm, NonNeg, UnitNorm

max_norm = MaxNorm
min_max_norm = MinMaxNorm
non_neg = NonNeg
unit_norm = UnitNorm

__all__ = [
    "REGISTRY",
    "Constraint",
    "MaxNorm",
    "MinMaxNorm",
    "NonNeg",
    "UnitNorm",
    "deserialize",
    "get",
    "max_norm",
    "min_max_norm",
    "non_neg",
    "serialize",
    "unit_norm",
]
explain_missing(__name__)

REGISTRY = Registry("constraint", "keras.constraints", classes=[MaxNorm, MinMaxNorm, NonNeg, UnitNorm])


def get(identifier: Any) -> Callable[..., Any] | None:
    """Return the constraint that a name, a class, a stored configuration or a function stands for.

    Examples
    --------
    >>> get("max_norm")
    MaxNorm(max_value=2.0, axis=0)
    """
    return REGISTRY.get(identifier)


def serialize(constraint: Any) -> dict[str, Any] | None:
    """Return Keras' stored form of a constraint."""
    return REGISTRY.serialize(constraint)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the constraint for a stored form or a name."""
    return REGISTRY.deserialize(config, custom_objects)
