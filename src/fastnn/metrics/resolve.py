"""From what the user gave `compile` to a `Metric`, as Keras resolves it."""

from __future__ import annotations

from typing import Any

from ..losses.resolve import CROSSENTROPY_NAMES, kind_of_targets
from ..tensor import Tensor
from .accuracies import (
    BinaryAccuracy,
    CategoricalAccuracy,
    SparseCategoricalAccuracy,
    binary_accuracy,
    categorical_accuracy,
    sparse_categorical_accuracy,
)
from .base import Metric
from .errors import BinaryCrossentropy, CategoricalCrossentropy, SparseCategoricalCrossentropy
from .plain import PlainMetric
from .reduction import MeanMetricWrapper

__all__ = ["Accuracy", "resolve_metric"]

ACCURACIES = {"binary": BinaryAccuracy, "sparse": SparseCategoricalAccuracy, "categorical": CategoricalAccuracy}
ACCURACY_FUNCTIONS = {
    "binary": binary_accuracy,
    "sparse": sparse_categorical_accuracy,
    "categorical": categorical_accuracy,
}
CROSSENTROPIES = {
    "binary": BinaryCrossentropy,
    "sparse": SparseCategoricalCrossentropy,
    "categorical": CategoricalCrossentropy,
}


def _accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where a prediction is right, else 0."""
    return ACCURACY_FUNCTIONS[kind_of_targets(y_true.shape, y_pred.shape)](y_true, y_pred)


class Accuracy(PlainMetric):
    """What ``"accuracy"`` means where it is given a name or a dtype before shapes are known: what these tell."""

    _direction = "up"
    function = _accuracy

    def __init__(self, name: str | None = "accuracy", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)


def resolve_metric(identifier: Any, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> Metric:
    """Return the metric for a name, a function of ``(y_true, y_pred)`` or a `Metric`.

    ``"accuracy"`` (or ``"acc"``) and ``"crossentropy"`` (or ``"ce"``) become binary, sparse or categorical by the
    shapes of targets and predictions (batch axis included). A metric found by name bears that name.
    """
    from . import get

    if identifier is None:
        raise ValueError("A metric must be a name, a function or a Metric. Received: None")
    name = identifier if isinstance(identifier, str) else None
    if name is not None and name.lower() in ("accuracy", "acc"):
        found = ACCURACIES[kind_of_targets(y_true_shape, y_pred_shape)]()
    elif name is not None and name.lower() in CROSSENTROPY_NAMES:
        found = CROSSENTROPIES[kind_of_targets(y_true_shape, y_pred_shape)]()
    else:
        found = get(identifier)
    if not isinstance(found, Metric):
        found = MeanMetricWrapper(found, name=getattr(found, "name", None))
    if name is not None:
        found.name = name
    return found
