"""Losses: what training makes small (Keras' names, formulas and defaults)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..utils.missing import explain_missing
from ..utils.registry import Registry
from . import classes, functions
from .base import Loss, LossFunctionWrapper
from .classes import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
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
from .functions import (
    binary_crossentropy,
    categorical_crossentropy,
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
from .resolve import kind_of_targets, resolve_loss

__all__ = [
    "REGISTRY",
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
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
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "deserialize",
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

REGISTRY = Registry(
    "loss",
    "keras.losses",
    classes=[LossFunctionWrapper, *(getattr(classes, name) for name in classes.__all__)],
    functions=[getattr(functions, name) for name in functions.__all__],
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
