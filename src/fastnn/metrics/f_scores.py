"""F-scores: precision and recall of each class in one number."""

from __future__ import annotations

from typing import Any

from .. import config, ops
from ..tensor import Tensor
from ..utils import checks
from ..utils.lookup import unknown_name
from .base import Metric
from .samples import as_columns

__all__ = ["F1Score", "FBetaScore"]

AVERAGES = ("micro", "macro", "weighted")
_ZERO = 1e-9  # a prediction this small is of no class, though it may be the largest


class FBetaScore(Metric):
    """The weighted harmonic mean of precision and recall: (1 + beta²) p r / (beta² p + r).

    Targets are one-hot, or zeros and ones of several labels, of shape ``(samples, classes)`` as predictions are.

    Parameters
    ----------
    average : {None, "micro", "macro", "weighted"}
        None: a score for each class. "micro": one for all classes together; "macro": the mean of scores; "weighted":
        their mean weighted by how many targets a class has.
    beta : float
        How much more recall is worth than precision.
    threshold : float, optional
        In 0 … 1; a prediction above it means the class. Default: that of the largest prediction of a sample.
    name : str
    dtype : str, optional
        Default: floatx.
    """

    _direction = "up"

    def __init__(
        self,
        average: str | None = None,
        beta: float = 1.0,
        threshold: float | None = None,
        name: str = "fbeta_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if average is not None and average not in AVERAGES:
            raise unknown_name("average", average, AVERAGES)
        self.average = average
        self.beta = checks.real("beta", beta, above=0.0)
        self.threshold = checks.optional_real("threshold", threshold, above=0.0, maximum=1.0)
        self._built = False

    def _build(self, classes: int) -> None:
        shape = () if self.average == "micro" else (classes,)
        self.true_positives = self.add_variable(shape, name="true_positives")
        self.false_positives = self.add_variable(shape, name="false_positives")
        self.false_negatives = self.add_variable(shape, name="false_negatives")
        self.intermediate_weights = self.add_variable(shape, name="intermediate_weights")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions ``(samples, classes)``; weights are of samples, or broadcast."""
        y_true, y_pred, weights = as_columns(type(self).__name__, y_true, y_pred, sample_weight, self.dtype)
        if not self._built:
            self._build(y_pred.shape[1])
        predicted = self._predicted(y_pred)

        def total(values: Tensor) -> Tensor:
            return ops.sum(values * weights, axis=None if self.average == "micro" else 0)

        self.true_positives.assign_add(total(predicted * y_true))
        self.false_positives.assign_add(total(predicted * (1.0 - y_true)))
        self.false_negatives.assign_add(total((1.0 - predicted) * y_true))
        self.intermediate_weights.assign_add(total(y_true))

    def _predicted(self, y_pred: Tensor) -> Tensor:
        if self.threshold is None:
            largest = y_pred >= ops.max(y_pred, axis=-1, keepdims=True)
            return ops.cast(ops.logical_and(largest, ops.abs(y_pred) > _ZERO), self.dtype)
        return ops.cast(y_pred > self.threshold, self.dtype)

    def result(self) -> Tensor:
        """Return the score, or with no average one for each class."""
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        tiny = config.epsilon()
        hits = self.true_positives.value
        precision = hits / (hits + self.false_positives.value + tiny)
        recall = hits / (hits + self.false_negatives.value + tiny)
        square = self.beta**2
        score = (1.0 + square) * precision * recall / (square * precision + recall + tiny)
        if self.average == "weighted":
            weights = self.intermediate_weights.value
            return ops.sum(score * (weights / (ops.sum(weights) + tiny)))
        return score if self.average is None else ops.mean(score)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "average": self.average, "beta": self.beta, "threshold": self.threshold}


class F1Score(FBetaScore):
    """The harmonic mean of precision and recall: 2 p r / (p + r).

    Parameters
    ----------
    average, threshold
        As for `FBetaScore`.
    name : str
    dtype : str, optional
        Default: floatx.
    """

    def __init__(
        self,
        average: str | None = None,
        threshold: float | None = None,
        name: str = "f1_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(average=average, threshold=threshold, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["beta"]
        return config
