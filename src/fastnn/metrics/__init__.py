"""Metrics: what is measured beside the loss (Keras' names, formulas and defaults)."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from ..losses import REGISTRY as LOSSES
from ..losses.functions import (
    binary_crossentropy,
    categorical_crossentropy,
    categorical_hinge,
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
from ..utils.missing import explain_missing
from ..utils.registry import Registry
from . import accuracies as _accuracies
from . import confusion as _confusion
from . import correlations as _correlations
from . import errors as _errors
from .accuracies import (
    Accuracy,
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    SparseTopKCategoricalAccuracy,
    TopKCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
    sparse_top_k_categorical_accuracy,
    top_k_categorical_accuracy,
)
from .auc import AUC
from .base import Metric
from .confusion import (
    FalseNegatives,
    FalsePositives,
    Precision,
    PrecisionAtRecall,
    Recall,
    RecallAtPrecision,
    SensitivityAtSpecificity,
    SpecificityAtSensitivity,
    TrueNegatives,
    TruePositives,
)
from .correlations import (
    ConcordanceCorrelation,
    PearsonCorrelation,
    concordance_correlation,
    pearson_correlation,
)
from .errors import (
    BinaryCrossentropy,
    CategoricalCrossentropy,
    CategoricalHinge,
    CosineSimilarity,
    Hinge,
    KLDivergence,
    LogCoshError,
    MeanAbsoluteError,
    MeanAbsolutePercentageError,
    MeanSquaredError,
    MeanSquaredLogarithmicError,
    Poisson,
    RootMeanSquaredError,
    SparseCategoricalCrossentropy,
    SquaredHinge,
)
from .f_scores import F1Score, FBetaScore
from .r2_score import R2Score
from .reduction import Mean, MeanMetricWrapper, Sum
from .resolve import resolve_metric

__all__ = [
    "AUC",
    "REGISTRY",
    "Accuracy",
    "BinaryAccuracy",
    "BinaryCrossentropy",
    "CategoricalAccuracy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "ConcordanceCorrelation",
    "CosineSimilarity",
    "F1Score",
    "FBetaScore",
    "FalseNegatives",
    "FalsePositives",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "Mean",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanMetricWrapper",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Metric",
    "PearsonCorrelation",
    "Poisson",
    "Precision",
    "PrecisionAtRecall",
    "R2Score",
    "Recall",
    "RecallAtPrecision",
    "RootMeanSquaredError",
    "SensitivityAtSpecificity",
    "SparseCategoricalAccuracy",
    "SparseCategoricalCrossentropy",
    "SparseTopKCategoricalAccuracy",
    "SpecificityAtSensitivity",
    "SquaredHinge",
    "Sum",
    "TopKCategoricalAccuracy",
    "TrueNegatives",
    "TruePositives",
    "binary_accuracy",
    "binary_crossentropy",
    "categorical_accuracy",
    "categorical_crossentropy",
    "categorical_hinge",
    "concordance_correlation",
    "deserialize",
    "get",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "pearson_correlation",
    "poisson",
    "resolve_metric",
    "serialize",
    "sparse_categorical_accuracy",
    "sparse_categorical_crossentropy",
    "sparse_top_k_categorical_accuracy",
    "squared_hinge",
    "top_k_categorical_accuracy",
]
explain_missing(__name__)

# Keras' short names of metrics, in lower and in upper case.
ABBREVIATIONS = {
    "bce": BinaryCrossentropy,
    "mae": MeanAbsoluteError,
    "mape": MeanAbsolutePercentageError,
    "mse": MeanSquaredError,
    "msle": MeanSquaredLogarithmicError,
}

REGISTRY = Registry(
    "metric",
    "keras.metrics",
    classes=[
        AUC,
        F1Score,
        FBetaScore,
        Mean,
        MeanMetricWrapper,
        R2Score,
        Sum,
        *(getattr(_accuracies, name) for name in _accuracies.__all__ if name[0].isupper()),
        *(getattr(_errors, name) for name in _errors.__all__),
        *(getattr(_confusion, name) for name in _confusion.__all__),
        *(getattr(_correlations, name) for name in _correlations.__all__ if name[0].isupper()),
    ],
    aliases={**ABBREVIATIONS, **{name.upper(): found for name, found in ABBREVIATIONS.items()}},
)

# What a stored MeanMetricWrapper may wrap.
FUNCTIONS = Registry(
    "metric function",
    "keras.metrics",
    functions=[
        *(getattr(_accuracies, name) for name in _accuracies.__all__ if name[0].islower()),
        *(getattr(_correlations, name) for name in _correlations.__all__ if name[0].islower()),
        *LOSSES.functions,
    ],
)


def get(identifier: Any) -> Metric | Callable[..., Any] | None:
    """Return the metric that a name, a class, a stored configuration, an object or a function stands for.

    Examples
    --------
    >>> get("mse")
    <MeanSquaredError name=mean_squared_error>
    """
    return REGISTRY.get(identifier)


def serialize(metric: Any) -> dict[str, Any] | None:
    """Return Keras' stored form of a metric."""
    return REGISTRY.serialize(metric)


def deserialize(config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
    """Return the metric for a stored form or a name."""
    return REGISTRY.deserialize(config, custom_objects)


def find_function(config: Any) -> Callable[..., Any]:
    """Return the function for the stored form in a MeanMetricWrapper's configuration."""
    return FUNCTIONS.get(config)
