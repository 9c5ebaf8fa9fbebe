"""Metrics of binary predictions by a confusion matrix at one threshold or several: counts, and their quotients."""

from __future__ import annotations

from typing import Any, ClassVar

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Metric
from .samples import as_samples
from .thresholds import COUNTS, add_counts, check_thresholds, even_thresholds

__all__ = [
    "FalseNegatives",
    "FalsePositives",
    "Precision",
    "PrecisionAtRecall",
    "Recall",
    "RecallAtPrecision",
    "SensitivityAtSpecificity",
    "SpecificityAtSensitivity",
    "TrueNegatives",
    "TruePositives",
]

_DEFAULT = 0.5
_ANY = -1e10  # the threshold of those that are among the greatest; the others have it for a score


class ConfusionMetric(Metric):
    """The base of metrics that count predictions above and below thresholds, all columns together.

    Parameters
    ----------
    thresholds : list of float
    top_k, class_id : int, optional
        As for `Precision`.
    name, dtype : str, optional
    """

    counted: ClassVar[tuple[str, ...]] = COUNTS

    def __init__(
        self,
        thresholds: list[float],
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.thresholds = thresholds
        self.top_k = checks.optional_integer("top_k", top_k, minimum=1)
        self.class_id = checks.optional_integer("class_id", class_id, minimum=0)
        self._counts: dict[str, Variable] = {}
        for name in self.counted:
            self._counts[name] = self.add_variable((len(thresholds),), name=self._variable_name(name))
            setattr(self, self._variable_name(name), self._counts[name])

    def _variable_name(self, counted: str) -> str:
        return counted

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets 0 and 1 (anything but 0 is 1), predictions of the same shape, weights that broadcast."""
        y_true, scores, weights = as_samples(type(self).__name__, y_true, y_pred, sample_weight, self.dtype)
        self._check_classes(scores.shape)
        if self.top_k is not None:
            scores = _greatest(scores, self.top_k)
        samples = y_true, scores, weights
        if self.class_id is not None:
            samples = tuple(x[..., self.class_id] for x in samples)
        add_counts(self._counts, self.thresholds, *(ops.reshape(x, (-1, 1)) for x in samples))

    def _check_classes(self, shape: tuple[int, ...]) -> None:
        given = f"Received: y_pred of shape {shape}"
        if self.top_k is not None and (not shape or self.top_k > shape[-1]):
            raise ValueError(f"Argument `top_k` is {self.top_k}, more than a sample has predictions. {given}")
        if self.class_id is not None and (len(shape) < 2 or self.class_id >= shape[-1]):
            raise ValueError(
                f"Argument `class_id` is {self.class_id}, no column of predictions (samples, classes). {given}"
            )

    def _share(self, of: str, beside: str) -> Tensor:
        """Return a count as a share of itself and another one, 0 where both are."""
        count = self._counts[of].value
        return ops.divide_no_nan(count, count + self._counts[beside].value)


def _greatest(scores: Tensor, k: int) -> Tensor:
    """Return scores, those that are not among the k greatest of the last axis as far below as any."""
    _, places = ops.top_k(scores, k)
    among = ops.sum(ops.one_hot(places, scores.shape[-1], dtype=scores.dtype), axis=-2)
    return ops.where(among > 0, scores, _ANY)


# ---- counts ----------------------------------------------------------------------------------------------------


class _Count(ConfusionMetric):
    """One of the four counts, in the variable ``accumulator``; see `TruePositives`."""

    def __init__(self, thresholds: Any = None, name: str | None = None, dtype: Any = None) -> None:
        self._given = thresholds
        super().__init__(_thresholds(thresholds, _DEFAULT), name=name, dtype=dtype)

    def _variable_name(self, counted: str) -> str:
        return "accumulator"

    def result(self) -> Tensor:
        """Return the weight, or for several thresholds the weights."""
        return _one_or_all(self.accumulator.value)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "thresholds": self._given}


class TruePositives(_Count):
    """The number, or weight, of targets 1 that are predicted to be 1.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        In 0 … 1; what a prediction must exceed to mean 1. Of several each has a value. Default: 0.5.
    name : str, optional
    dtype : str, optional
        Default: floatx.
    """

    _direction = "up"
    counted = ("true_positives",)


class TrueNegatives(_Count):
    """The number, or weight, of targets 0 that are predicted to be 0.

    Parameters
    ----------
    thresholds, name, dtype
        As for `TruePositives`.
    """

    _direction = "up"
    counted = ("true_negatives",)


class FalsePositives(_Count):
    """The number, or weight, of targets 0 that are predicted to be 1.

    Parameters
    ----------
    thresholds, name, dtype
        As for `TruePositives`.
    """

    _direction = "down"
    counted = ("false_positives",)


class FalseNegatives(_Count):
    """The number, or weight, of targets 1 that are predicted to be 0.

    Parameters
    ----------
    thresholds, name, dtype
        As for `TruePositives`.
    """

    _direction = "down"
    counted = ("false_negatives",)


# ---- precision and recall ----------------------------------------------------------------------------------------


class _TruePositiveShare(ConfusionMetric):
    """True positives as a share of them and what is counted beside them; see `Precision`."""

    _direction = "up"

    def __init__(
        self,
        thresholds: Any = None,
        top_k: int | None = None,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        self._given = thresholds
        super().__init__(_thresholds(thresholds, _DEFAULT if top_k is None else _ANY), top_k, class_id, name, dtype)

    def result(self) -> Tensor:
        """Return the share, 0 before the first positive, or for several thresholds the shares."""
        return _one_or_all(self._share(*self.counted))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "thresholds": self._given,
            "top_k": self.top_k,
            "class_id": self.class_id,
        }


class Precision(_TruePositiveShare):
    """How many of the predictions 1 are true.

    Parameters
    ----------
    thresholds : float or sequence of float, optional
        In 0 … 1, for logits 0; what a prediction must exceed to mean 1. Of several each has a value. Default: 0.5, with
        ``top_k`` none.
    top_k : int, optional
        Only the k greatest predictions of a sample, of equal ones the first, can mean 1.
    class_id : int, optional
        Only this column of targets and predictions counts.
    name : str, optional
    dtype : str, optional
        Default: floatx.
    """

    counted = ("true_positives", "false_positives")


class Recall(_TruePositiveShare):
    """How many of the targets 1 are predicted.

    Parameters
    ----------
    thresholds, top_k, class_id, name, dtype
        As for `Precision`.
    """

    counted = ("true_positives", "false_negatives")


def _thresholds(given: Any, default: float) -> list[float]:
    thresholds = [default] if given is None else check_thresholds(given)
    if not thresholds:
        raise ValueError(f"Argument `thresholds` must hold at least one. Received: thresholds={given!r}")
    return thresholds


def _one_or_all(values: Tensor) -> Tensor:
    return values[0] if values.shape == (1,) else values


# ---- one of them where another is as wanted ----------------------------------------------------------------------

_RECALL = "true_positives", "false_negatives"
_PRECISION = "true_positives", "false_positives"
_SPECIFICITY = "true_negatives", "false_positives"


class _BestAt(ConfusionMetric):
    """The best of one share among the thresholds at which another is as great as wanted; 0 where it is at none.

    Subclasses say which shares: ``best``, and ``at`` by the name of the argument.
    """

    _direction = "up"
    best: ClassVar[tuple[str, str]]
    at: ClassVar[tuple[str, str]]
    wanted: ClassVar[str]

    def __init__(self, value: float, num_thresholds: int, class_id: int | None, name: str | None, dtype: Any) -> None:
        self.value = checks.real(self.wanted, value, minimum=0.0, maximum=1.0)
        setattr(self, self.wanted, self.value)
        self.num_thresholds = checks.integer("num_thresholds", num_thresholds, minimum=1)
        thresholds = [_DEFAULT] if self.num_thresholds == 1 else even_thresholds(self.num_thresholds).tolist()
        super().__init__(thresholds, None, class_id, name, dtype)

    def result(self) -> Tensor:
        """Return the best share."""
        enough = self._share(*self.at) >= self.value
        return ops.max(ops.where(enough, self._share(*self.best), 0.0))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_id": self.class_id,
            "num_thresholds": self.num_thresholds,
            self.wanted: self.value,
        }


class SensitivityAtSpecificity(_BestAt):
    """The best sensitivity, recall, among thresholds at which the specificity is as great as wanted; 0 if at none.

    Parameters
    ----------
    specificity : float
        Wanted share of true negatives among targets 0, in 0 … 1.
    num_thresholds : int
        Thresholds spread evenly over 0 … 1; a single one is 0.5.
    class_id : int, optional
        Only this column of targets and predictions counts.
    name : str, optional
    dtype : str, optional
        Default: floatx.
    """

    best, at, wanted = _RECALL, _SPECIFICITY, "specificity"

    def __init__(
        self,
        specificity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(specificity, num_thresholds, class_id, name, dtype)


class SpecificityAtSensitivity(_BestAt):
    """The best specificity among thresholds at which the sensitivity, recall, is as great as wanted; 0 if at none.

    Parameters
    ----------
    sensitivity : float
        Wanted share of true positives among targets 1, in 0 … 1.
    num_thresholds, class_id, name, dtype
        As for `SensitivityAtSpecificity`.
    """

    best, at, wanted = _SPECIFICITY, _RECALL, "sensitivity"

    def __init__(
        self,
        sensitivity: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(sensitivity, num_thresholds, class_id, name, dtype)


class PrecisionAtRecall(_BestAt):
    """The best precision among thresholds at which the recall is as great as wanted; 0 if at none.

    Parameters
    ----------
    recall : float
        Wanted share of true positives among targets 1, in 0 … 1.
    num_thresholds, class_id, name, dtype
        As for `SensitivityAtSpecificity`.
    """

    best, at, wanted = _PRECISION, _RECALL, "recall"

    def __init__(
        self,
        recall: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(recall, num_thresholds, class_id, name, dtype)


class RecallAtPrecision(_BestAt):
    """The best recall among thresholds at which the precision is as great as wanted; 0 if at none.

    Parameters
    ----------
    precision : float
        Wanted share of true positives among positive predictions, in 0 … 1.
    num_thresholds, class_id, name, dtype
        As for `SensitivityAtSpecificity`.
    """

    best, at, wanted = _RECALL, _PRECISION, "precision"

    def __init__(
        self,
        precision: float,
        num_thresholds: int = 200,
        class_id: int | None = None,
        name: str | None = None,
        dtype: Any = None,
    ) -> None:
        super().__init__(precision, num_thresholds, class_id, name, dtype)
