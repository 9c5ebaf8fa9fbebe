"""Losses: what training makes small (Keras' names, formulas and defaults)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from inspect import isclass
from typing import Any

from ..utils.missing import explain_missing
from ..utils.registry import Registry
from . import classes, focal, functions, overlap
from .base import Loss, LossFunctionWrapper
from .classes import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalGeneralizedCrossEntropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    Huber,
    KLDivergence,
    LogCosh,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from .focal import (
    BinaryFocalCrossentropy,
    CategoricalFocalCrossentropy,
    binary_focal_crossentropy,
    categorical_focal_crossentropy,
)
from .functions import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_generalized_cross_entropy,
    categorical_hinge,
    cosine_similarity,
    hinge,
    huber,
    kl_divergence,
    log_cosh,
    mean_absolute_error,
    mean_absolute_percentage_error,
    mean_squared_error,
    mean_squared_logarithmic_error,
    poisson,
    sparse_categorical_crossentropy,
    squared_hinge,
)
from .overlap import Dice, Tversky, dice, tversky
from .resolve import kind_of_targets, resolve_loss

__all__ = [
    "REGISTRY",
    "BinaryCrossentropy",
    "BinaryFocalCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalFocalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Dice",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "Loss",
    "LossFunctionWrapper",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
    "Tversky",
    "binary_crossentropy",
    "binary_focal_crossentropy",
    "categorical_crossentropy",
    "categorical_focal_crossentropy",
    "categorical_generalized_cross_entropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
    "dice",
    "get",
    "hinge",
    "huber",
    "kind_of_targets",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "resolve_loss",
    "serialize",
    "sparse_categorical_crossentropy",
    "squared_hinge",
    "tversky",
]
explain_missing(__name__)

# Keras' short names of loss functions, in lower and in upper case.
ABBREVIATIONS = {
    "bce": binary_crossentropy,
    "kld": kl_divergence,
    "mae": mean_absolute_error,
    "mape": mean_absolute_percentage_error,
    "mse": mean_squared_error,
    "msle": mean_squared_logarithmic_error,
}

_PARTS = [getattr(module, name) for module in (classes, functions, focal, overlap) for name in module.__all__]

REGISTRY = Registry(
    "loss",
    "keras.losses",
    classes=[LossFunctionWrapper, *(part for part in _PARTS if isclass(part))],
    functions=[part for part in _PARTS if not isclass(part)],
    aliases={**ABBREVIATIONS, **{name.upper(): found for name, found in ABBREVIATIONS.items()}},
    snake_case=False,
)


def get(identifier: Any) -> Loss | Callable[..., Any] | None:
    """Return the loss that a name, a class, a stored configuration, an object or a function stands for.

    As in Keras, the names of functions (``"mse"``, ``"huber"``) give functions of ``(y_true, y_pred)`` that return
    one loss a sample, the names of classes (``"MeanSquaredError"``) give `Loss` objects.

    Examples
    --------
    >>> get("mse").__name__
    'mean_squared_error'
    """
    return REGISTRY.get(identifier)


def serialize(loss: Any) -> dict[str, Any] | None:
    """Return Keras' stored form of a loss."""
    return REGISTRY.serialize(loss)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the loss for a stored form or a name."""
    return REGISTRY.deserialize(config, custom_objects)
