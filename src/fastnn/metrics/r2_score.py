"""The coefficient of determination."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensor import Tensor
from ..utils import checks
from ..utils.lookup import unknown_name
from .base import Metric
from .samples import as_columns

__all__ = ["R2Score"]

AGGREGATIONS = ("uniform_average", "variance_weighted_average")


class R2Score(Metric):
    """1 - sum (y_true - y_pred)² / sum (y_true - mean)²: 1 is best, 0 what the mean would do.

    Means and sums of squares are updated batch by batch as in Chan, Golub and LeVeque (1979), so that nothing is lost
    where the mean is far from 0. Targets that are all the same make a score of 0.

    Parameters
    ----------
    class_aggregation : {None, "uniform_average", "variance_weighted_average"}
        None: a score for each column. Else their mean, plain or weighted by how much the targets vary.
    num_regressors : int
        Above 0 the score is adjusted for so many independent variables; Keras' count of samples is that of all values
        of the targets. Where these are not more than one beyond, the score stays as it is.
    name : str
    dtype : str, optional
        Default: floatx.
    """

    _direction = "up"

    def __init__(
        self,
        class_aggregation: str | None = "uniform_average",
        num_regressors: int = 0,
        name: str = "r2_score",
        dtype: Any = None,
    ) -> None:
        super().__init__(name=name, dtype=dtype)
        if class_aggregation is not None and class_aggregation not in AGGREGATIONS:
            raise unknown_name("class_aggregation", class_aggregation, AGGREGATIONS)
        self.class_aggregation = class_aggregation
        self.num_regressors = checks.integer("num_regressors", num_regressors, minimum=0)
        self.num_samples = self.add_variable((), name="num_samples")
        self._built = False

    def _build(self, columns: int) -> None:
        self.mean = self.add_variable((columns,), name="mean")
        self.total = self.add_variable((columns,), name="total")
        self.residual = self.add_variable((columns,), name="residual")
        self.count = self.add_variable((columns,), name="count")
        self._built = True

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions ``(samples, columns)``; weights are of samples, or broadcast."""
        y_true, y_pred, weights = as_columns("R2Score", y_true, y_pred, sample_weight, self.dtype)
        if not self._built:
            self._build(y_true.shape[1])
        count = ops.sum(weights, axis=0)
        mean = ops.divide_no_nan(ops.sum(y_true * weights, axis=0), count)
        total = ops.sum(ops.square(y_true - mean) * weights, axis=0)
        self._merge(count, mean, total)
        self.residual.assign_add(ops.sum(ops.square(y_true - y_pred) * weights, axis=0))
        self.num_samples.assign_add(float(y_true.shape[0] * y_true.shape[1]))

    def _merge(self, count: Tensor, mean: Tensor, total: Tensor) -> None:
        """Add a batch whose targets have this weight, mean and sum of squares around it."""
        apart = mean - self.mean.value
        share = ops.divide_no_nan(count, self.count.value + count)
        self.total.assign_add(total + ops.square(apart) * self.count.value * share)
        self.mean.assign_add(apart * share)
        self.count.assign_add(count)

    def result(self) -> Tensor:
        """Return the score, or with no aggregation one for each column."""
        if not self._built:
            return ops.zeros((), dtype=self.dtype)
        total = self.total.value
        scores = ops.where(total > 0.0, 1.0 - ops.divide_no_nan(self.residual.value, total), 0.0)
        if self.class_aggregation == "uniform_average":
            scores = ops.mean(scores)
        elif self.class_aggregation == "variance_weighted_average":
            scores = ops.divide_no_nan(ops.sum(total * scores), ops.sum(total))
        return self._adjusted(scores) if self.num_regressors else scores

    def _adjusted(self, scores: Tensor) -> Tensor:
        beyond = self.num_samples.value - 1.0
        left = beyond - float(self.num_regressors)
        return ops.where(left > 0.0, 1.0 - ops.divide_no_nan((1.0 - scores) * beyond, left), scores)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "class_aggregation": self.class_aggregation,
            "num_regressors": self.num_regressors,
        }
