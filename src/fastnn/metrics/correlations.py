"""Correlations of targets and predictions, along an axis."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import config, ops
from ..losses.base import squeeze_or_expand_to_same_rank
from ..tensor import Tensor
from .base import Metric
from .reduction import MeanMetricWrapper

__all__ = ["ConcordanceCorrelation", "PearsonCorrelation", "concordance_correlation", "pearson_correlation"]


def pearson_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return Pearson's coefficient along an axis: cov(t, p) / (std(t) std(p)); NaN where either is constant."""
    y_true, y_pred, _ = _centered(y_true, y_pred, axis)
    deviations = [ops.sqrt(ops.mean(ops.square(y), axis=axis)) for y in (y_true, y_pred)]
    return ops.mean(y_true * y_pred, axis=axis) / deviations[0] / deviations[1]


def concordance_correlation(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return Lin's coefficient (1989) along an axis: 2 cov(t, p) / (var(t) + var(p) + (mean(t) - mean(p))²)."""
    y_true, y_pred, apart = _centered(y_true, y_pred, axis)
    spread = ops.mean(ops.square(y_true) + ops.square(y_pred), axis=axis) + ops.square(apart)
    return 2.0 * ops.mean(y_true * y_pred, axis=axis) / (spread + config.epsilon())


def _centered(y_true: Any, y_pred: Any, axis: int) -> tuple[Tensor, Tensor, Tensor]:
    """Return targets and predictions less their means, and how far these are apart."""
    y_pred = ops.convert_to_tensor(y_pred)
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true, y_pred.dtype), y_pred)
    means = [ops.mean(y, axis=axis, keepdims=True) for y in (y_true, y_pred)]
    return y_true - means[0], y_pred - means[1], ops.squeeze(means[0] - means[1], axis=axis)


class CorrelationMetric(MeanMetricWrapper):
    """The mean of a correlation along an axis.

    Parameters
    ----------
    function : callable
    name : str
    dtype : str, optional
        Default: floatx.
    axis : int
    """

    _direction = "up"

    def __init__(self, function: Callable[..., Tensor], name: str, dtype: Any, axis: int) -> None:
        super().__init__(function, name=name, dtype=dtype, axis=axis)
        self.axis = axis

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), "axis": self.axis}


class PearsonCorrelation(CorrelationMetric):
    """How linear predictions are in targets, from -1 to 1.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    axis : int
        Along which targets and predictions of a sample, or those of a batch (0), are compared.
    """

    def __init__(self, name: str = "pearson_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(pearson_correlation, name, dtype, axis)


class ConcordanceCorrelation(CorrelationMetric):
    """How near predictions are to targets, from -1 to 1.

    Parameters
    ----------
    name, dtype, axis
        As for `PearsonCorrelation`.
    """

    def __init__(self, name: str = "concordance_correlation", dtype: Any = None, axis: int = -1) -> None:
        super().__init__(concordance_correlation, name, dtype, axis)
