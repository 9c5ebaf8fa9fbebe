"""Accuracies: how often predictions are right."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..losses.base import squeeze_or_expand_to_same_rank
from ..tensor import Tensor
from ..utils import checks
from .base import Metric
from .plain import PlainMetric
from .reduction import MeanMetricWrapper

__all__ = [
    "Accuracy",
    "BinaryAccuracy",
    "CategoricalAccuracy",
    "SparseCategoricalAccuracy",
    "SparseTopKCategoricalAccuracy",
    "TopKCategoricalAccuracy",
    "accuracy",
    "binary_accuracy",
    "categorical_accuracy",
    "sparse_categorical_accuracy",
    "sparse_top_k_categorical_accuracy",
    "top_k_categorical_accuracy",
]


def accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where ``y_pred`` equals ``y_true``, else 0."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true, y_pred.dtype), y_pred)
    return _ones(ops.equal(y_true, y_pred))


def binary_accuracy(y_true: Any, y_pred: Any, threshold: float = 0.5) -> Tensor:
    """Return 1 where ``y_pred > threshold`` agrees with ``y_true`` (0 or 1), else 0."""
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred))
    return _ones(ops.equal(y_true, ops.cast(y_pred > float(threshold), y_true.dtype)))


def categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest elements of ``y_true`` and ``y_pred`` along the last axis coincide, else 0."""
    return _ones(ops.equal(ops.argmax(y_true, axis=-1), ops.argmax(y_pred, axis=-1)))


def sparse_categorical_accuracy(y_true: Any, y_pred: Any) -> Tensor:
    """Return 1 where the largest element of ``y_pred`` along the last axis is number ``y_true``, else 0.

    ``y_true`` has the shape of ``y_pred`` without its last axis, or with size 1 there.
    """
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _class_numbers(y_true, y_pred)
    return _ones(ops.equal(y_true, ops.argmax(y_pred, axis=-1)))


def top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5) -> Tensor:
    """Return 1 where the class of the largest element of ``y_true`` is among the k largest of ``y_pred``, else 0."""
    return sparse_top_k_categorical_accuracy(ops.argmax(y_true, axis=-1), y_pred, k)


def sparse_top_k_categorical_accuracy(y_true: Any, y_pred: Any, k: int = 5, from_sorted_ids: bool = False) -> Tensor:
    """Return 1 where class ``y_true`` is among the k largest predictions (ties included), else 0.

    Parameters
    ----------
    y_true : array_like of int
        Class numbers, of the shape of ``y_pred`` without its last axis, or with size 1 there.
    y_pred : array_like
        Scores of the classes; with ``from_sorted_ids`` class numbers, the most likely first.
    k : int
        How many predictions a sample has.
    from_sorted_ids : bool
        See ``y_pred``.
    """
    k = checks.integer("k", k, minimum=1)
    y_pred = ops.convert_to_tensor(y_pred)
    y_true = _class_numbers(y_true, y_pred)
    if from_sorted_ids:
        return _ones(ops.any(ops.equal(ops.expand_dims(y_true, -1), y_pred[..., :k]), axis=-1))
    return _ones(ops.in_top_k(y_true, y_pred, k))


def _ones(matches: Tensor) -> Tensor:
    return ops.cast(matches, config.floatx())


def _class_numbers(y_true: Any, y_pred: Tensor) -> Tensor:
    """Return class numbers without a last axis of size 1 that predictions do not have."""
    y_true = ops.convert_to_tensor(y_true)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1] == 1:
        y_true = ops.squeeze(y_true, axis=-1)
    return y_true


class Accuracy(PlainMetric):
    """How often predictions equal targets."""

    _direction = "up"
    function = accuracy


class CategoricalAccuracy(PlainMetric):
    """How often the largest prediction is that of the target's class; one-hot targets."""

    _direction = "up"
    function = categorical_accuracy


class SparseCategoricalAccuracy(PlainMetric):
    """How often the largest prediction is that of the target's class; class numbers as targets."""

    _direction = "up"
    function = sparse_categorical_accuracy


class BinaryAccuracy(MeanMetricWrapper):
    """How often ``y_pred > threshold`` agrees with targets 0 and 1.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    threshold : float
        What a prediction must exceed to mean 1.
    """

    _direction = "up"

    def __init__(self, name: str = "binary_accuracy", dtype: Any = None, threshold: float = 0.5) -> None:
        self.threshold = checks.real("threshold", threshold)
        super().__init__(binary_accuracy, name=name, dtype=dtype, threshold=self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), "threshold": self.threshold}


class TopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class is among the k largest predictions; one-hot targets.

    Parameters
    ----------
    k : int
    name : str
    dtype : str, optional
        Default: floatx.
    """

    _direction = "up"

    def __init__(self, k: int = 5, name: str = "top_k_categorical_accuracy", dtype: Any = None) -> None:
        self.k = checks.integer("k", k, minimum=1)
        super().__init__(top_k_categorical_accuracy, name=name, dtype=dtype, k=self.k)

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), "k": self.k}


class SparseTopKCategoricalAccuracy(MeanMetricWrapper):
    """How often the target's class is among the k largest predictions; class numbers as targets.

    Parameters
    ----------
    k : int
    name : str
    dtype : str, optional
        Default: floatx.
    from_sorted_ids : bool
        Whether predictions are class numbers, the most likely first.
    """

    _direction = "up"

    def __init__(
        self,
        k: int = 5,
        name: str = "sparse_top_k_categorical_accuracy",
        dtype: Any = None,
        from_sorted_ids: bool = False,
    ) -> None:
        self.k = checks.integer("k", k, minimum=1)
        self.from_sorted_ids = checks.boolean("from_sorted_ids", from_sorted_ids)
        super().__init__(
            sparse_top_k_categorical_accuracy, name=name, dtype=dtype, k=self.k, from_sorted_ids=self.from_sorted_ids
        )

    def get_config(self) -> dict[str, Any]:
        config = {**Metric.get_config(self), "k": self.k}
        return {**config, "from_sorted_ids": True} if self.from_sorted_ids else config
