"""The area under the ROC or the precision-recall curve, by counting at fixed thresholds."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..tensor import Tensor
from ..utils import checks
from ..utils.lookup import unknown_name
from .base import Metric
from .samples import as_samples
from .thresholds import COUNTS, add_counts, check_thresholds, even_thresholds

__all__ = ["AUC"]

CURVES = ("ROC", "PR", "PRGAIN")
SUMMATION_METHODS = ("interpolation", "minoring", "majoring")


class AUC(Metric):
    """Area under a curve of binary predictions, as Keras approximates it.

    True and false positives are counted at fixed thresholds; the curve through these points is summed. With more
    thresholds the result comes closer to the exact area.

    Parameters
    ----------
    num_thresholds : int
        At least 2; spread evenly over 0 … 1.
    curve : {"ROC", "PR", "PRGAIN"}
        True against false positive rate; precision against recall; or their gains (Flach and Kull, 2015).
    summation_method : {"interpolation", "minoring", "majoring"}
        Trapezoids (for PR the interpolation of Davis and Goadrich, 2006), or rectangles of the lower or upper height.
    name : str, optional
    dtype : str, optional
        Default: floatx.
    thresholds : sequence of float, optional
        Thresholds in 0 … 1 instead of ``num_thresholds`` even ones; two more are added at the ends.
    multi_label : bool
        Whether each column of the predictions has a curve of its own; the areas are averaged.
    num_labels : int, optional
        Number of columns, with ``multi_label``; else it is known from the first batch.
    label_weights : sequence of float, optional
        Weights of the columns: of their areas with ``multi_label``, else of their samples.
    from_logits : bool
        Whether predictions are logits rather than probabilities.
    """

    _direction = "up"

    def __init__(
        self,
        num_thresholds: int = 200,
        curve: str = "ROC",
        summation_method: str = "interpolation",
        name: str | None = None,
        dtype: Any = None,
        thresholds: Any = None,
        multi_label: bool = False,
        num_labels: int | None = None,
        label_weights: Any = None,
        from_logits: bool = False,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        self.curve = _one_of("curve", str(curve).upper(), CURVES)
        self.summation_method = _one_of("summation_method", str(summation_method).lower(), SUMMATION_METHODS)
        self._given_thresholds = None if thresholds is None else sorted(check_thresholds(thresholds))
        self._thresholds = _with_ends(self._given_thresholds, num_thresholds)
        self.num_thresholds = len(self._thresholds)
        self.multi_label = checks.boolean("multi_label", multi_label)
        if num_labels is not None:
            num_labels = checks.integer("num_labels", num_labels, minimum=1)
            if not self.multi_label:
                raise ValueError("Argument `num_labels` is needed only with multi_label=True.")
        self.num_labels = num_labels
        self.label_weights = None if label_weights is None else _check_label_weights(label_weights)
        self.from_logits = checks.boolean("from_logits", from_logits)
        self._built = False
        if num_labels or not self.multi_label:
            self._build(num_labels)
        if num_labels:
            self._check_columns(num_labels)

    @property
    def thresholds(self) -> list[float]:
        """All thresholds, the two at the ends included."""
        return [float(threshold) for threshold in self._thresholds]

    def _check_columns(self, columns: int) -> None:
        if self.label_weights is not None and len(self.label_weights) != columns:
            raise ValueError(
                f"Argument `label_weights` must hold a weight for each column of the predictions, {columns}. "
                f"Received: label_weights={self.label_weights}"
            )

    def _build(self, num_labels: int | None) -> None:
        shape = (self.num_thresholds,) if num_labels is None else (self.num_thresholds, num_labels)
        for name in COUNTS:
            setattr(self, name, self.add_variable(shape, name=name))
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch: targets 0 and 1 (anything but 0 is 1), predictions of the same shape, weights that broadcast."""
        y_true, y_pred, weights = as_samples("AUC", y_true, y_pred, sample_weight, self.dtype)
        if self.multi_label and len(y_pred.shape) != 2:
            raise ValueError(f"AUC with multi_label=True needs predictions (batch, labels), got shape {y_pred.shape}")
        self._check_columns(y_pred.shape[-1] if len(y_pred.shape) > 1 else 1)
        if not self._built:
            self._build(y_pred.shape[1])
        scores = ops.sigmoid(y_pred) if self.from_logits else ops.clip(y_pred, 0.0, 1.0)
        if self.label_weights is not None and not self.multi_label:
            weights = weights * ops.convert_to_tensor(self.label_weights, self.dtype)
        # (batch, labels) stays as it is with multi_label; else all values are samples of one curve.
        columns = y_pred.shape if self.multi_label else (-1, 1)
        variables = {name: getattr(self, name) for name in COUNTS}
        add_counts(variables, self._thresholds, *(ops.reshape(x, columns) for x in (y_true, scores, weights)))

    def result(self) -> Tensor:
        """Return the area, averaged over labels with ``multi_label``."""
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        if self.curve == "PR" and self.summation_method == "interpolation":
            areas = self._interpolated_pr_terms()
        else:
            x, y = {"ROC": self._roc, "PR": self._pr, "PRGAIN": self._pr_gain}[self.curve]()
            areas = (x[:-1] - x[1:]) * self._heights(y)
        area = ops.sum(areas, axis=0)
        if not self.multi_label:
            return area
        if self.label_weights is None:
            return ops.mean(area)
        weights = ops.convert_to_tensor(self.label_weights, self.dtype)
        return ops.divide_no_nan(ops.sum(area * weights), ops.sum(weights))

    def _counts(self) -> list[Tensor]:
        return [getattr(self, name).value for name in COUNTS]

    def _heights(self, y: Tensor) -> Tensor:
        if self.summation_method == "interpolation":
            return (y[:-1] + y[1:]) * 0.5
        return (ops.minimum if self.summation_method == "minoring" else ops.maximum)(y[:-1], y[1:])

    def _roc(self) -> tuple[Tensor, Tensor]:
        tp, fp, tn, fn = self._counts()
        return ops.divide_no_nan(fp, fp + tn), ops.divide_no_nan(tp, tp + fn)

    def _pr(self) -> tuple[Tensor, Tensor]:
        tp, fp, _, fn = self._counts()
        return ops.divide_no_nan(tp, tp + fn), ops.divide_no_nan(tp, tp + fp)

    def _pr_gain(self) -> tuple[Tensor, Tensor]:
        tp, fp, tn, fn = self._counts()
        odds = ops.divide_no_nan(tp + fn, tn + fp)
        none = ops.equal(tp, 0.0)
        recall_gain = ops.where(none, 0.0, 1.0 - odds * ops.divide_no_nan(fn, tp))
        precision_gain = ops.where(none, 1.0, 1.0 - odds * ops.divide_no_nan(fp, tp))
        return ops.maximum(recall_gain, 0.0), precision_gain

    def _interpolated_pr_terms(self) -> Tensor:
        """Return the area between neighbouring thresholds where true positives are linear in all positives."""
        tp, fp, _, fn = self._counts()
        predicted = tp + fp
        gained = tp[:-1] - tp[1:]
        slope = ops.divide_no_nan(gained, ops.maximum(predicted[:-1] - predicted[1:], 0.0))
        intercept = tp[1:] - slope * predicted[1:]
        both = ops.logical_and(predicted[:-1] > 0.0, predicted[1:] > 0.0)
        ratio = ops.where(both, ops.divide_no_nan(predicted[:-1], ops.maximum(predicted[1:], 0.0)), 1.0)
        area = slope * (gained + intercept * ops.log(ratio))
        return ops.divide_no_nan(area, ops.maximum(tp[1:] + fn[1:], 0.0))

    def get_config(self) -> dict[str, Any]:
        given = {} if self._given_thresholds is None else {"thresholds": self._given_thresholds}
        return {
            **super().get_config(),
            "num_thresholds": self.num_thresholds,
            "curve": self.curve,
            "summation_method": self.summation_method,
            "multi_label": self.multi_label,
            "num_labels": self.num_labels,
            "label_weights": self.label_weights,
            "from_logits": self.from_logits,
            **given,
        }


def _one_of(argument: str, value: str, known: tuple[str, ...]) -> str:
    if value not in known:
        raise unknown_name(argument, value, known)
    return value


def _check_label_weights(label_weights: Any) -> list[float]:
    return [checks.real("label_weights", weight, minimum=0.0) for weight in label_weights]


def _with_ends(thresholds: Sequence[float] | np.ndarray | None, num_thresholds: int) -> np.ndarray:
    """Return ascending thresholds, the first a little below 0 and the last a little above 1."""
    if thresholds is None:
        thresholds = even_thresholds(checks.integer("num_thresholds", num_thresholds, minimum=2))[1:-1]
    return np.array([-config.epsilon(), *thresholds, 1.0 + config.epsilon()])
