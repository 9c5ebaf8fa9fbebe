"""Learning-rate schedules: the learning rate as a function of the step (Keras' names, formulas and defaults)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ...utils.missing import explain_missing
from ...utils.registry import Registry
from .base import LearningRateSchedule
from .decays import (
    CosineDecay,
    CosineDecayRestarts,
    ExponentialDecay,
    InverseTimeDecay,
    PiecewiseConstantDecay,
    PolynomialDecay,
)

__all__ = [
    "REGISTRY",
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "LearningRateSchedule",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
    "deserialize",
    "serialize",
]
explain_missing(__name__)

REGISTRY = Registry(
    "learning rate schedule",
    "keras.optimizers.schedules",
    classes=[
        CosineDecay,
        CosineDecayRestarts,
        ExponentialDecay,
        InverseTimeDecay,
        PiecewiseConstantDecay,
        PolynomialDecay,
    ],
    snake_case=False,
)


def serialize(schedule: LearningRateSchedule) -> dict[str, Any]:
    """Return Keras' stored form of a schedule."""
    return REGISTRY.serialize(schedule)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> LearningRateSchedule:
    """Return the schedule for a stored form."""
    return REGISTRY.deserialize(config, custom_objects)
