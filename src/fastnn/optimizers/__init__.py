"""Optimizers: how gradients change weights (Keras' names, formulas and defaults)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from ..utils.missing import explain_missing
from ..utils.registry import Registry
from . import schedules
from .adadelta import Adadelta
from .adafactor import Adafactor
from .adagrad import Adagrad
from .adam import Adam, AdamW
from .adamax import Adamax
from .base import Optimizer
from .ftrl import Ftrl
from .lamb import Lamb
from .lion import Lion
from .muon import Muon
from .nadam import Nadam
from .rmsprop import RMSprop
from .rules import RuleOptimizer
from .schedule_free import ScheduleFreeAdamW
from .sgd import SGD

__all__ = [
    "REGISTRY",
    "SGD",
    "Adadelta",
    "Adafactor",
    "Adagrad",
    "Adam",
    "AdamW",
    "Adamax",
    "Ftrl",
    "Lamb",
    "Lion",
    "Muon",
    "Nadam",
    "Optimizer",
    "RMSprop",
    "RuleOptimizer",
    "ScheduleFreeAdamW",
    "deserialize",
    "get",
    "schedules",
    "serialize",
]
explain_missing(__name__)

REGISTRY = Registry(
    "optimizer",
    "keras.optimizers",
    classes=[
        SGD,
        Adagrad,
        Adam,
        AdamW,
        RMSprop,
        Nadam,
        Adamax,
        Adadelta,
        Adafactor,
        Ftrl,
        Lion,
        Lamb,
        Muon,
        ScheduleFreeAdamW,
    ],
    snake_case=False,
    ignore_case=True,
)


def get(identifier: Any) -> Optimizer | None:
    """Return the optimizer that a name (in any case), a class, a stored configuration or an object stands for.

    Examples
    --------
    >>> get("adam")
    <Adam name=adam>
    """
    if identifier is None or isinstance(identifier, Optimizer):
        return identifier
    found = REGISTRY.get(identifier)
    if not isinstance(found, Optimizer):
        raise ValueError(
            f"Could not interpret optimizer identifier: {identifier!r} (of type {type(identifier).__name__})"
        )
    return found


def serialize(optimizer: Optimizer) -> dict[str, Any]:
    """Return Keras' stored form of an optimizer, without its state."""
    return REGISTRY.serialize(optimizer)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Optimizer:
    """Return the optimizer for a stored form or a name."""
    return REGISTRY.deserialize(config, custom_objects)
