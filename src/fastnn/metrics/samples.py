"""Targets, predictions and weights as metrics that count single values of them want them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..losses.base import check_weights, squeeze_or_expand_to_same_rank
from ..tensor import Tensor

__all__ = ["as_columns", "as_samples"]


def as_samples(
    metric: str, y_true: Any, y_pred: Any, sample_weight: Any, dtype: np.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Return targets, predictions and a weight for each of them, of one shape; all but the targets are of the dtype.

    Parameters
    ----------
    metric : str
        Its name, for errors.
    y_true, y_pred : array_like
    sample_weight : array_like or None
        Broadcasts to the predictions, or has their shape without axes at its end.
    dtype : numpy.dtype
    """
    y_pred = ops.convert_to_tensor(y_pred, dtype)
    y_true, y_pred = squeeze_or_expand_to_same_rank(ops.convert_to_tensor(y_true), y_pred)
    if y_true.shape != y_pred.shape:
        raise ValueError(
            f"{metric} needs targets and predictions of the same shape. Received: y_true of shape {y_true.shape}, "
            f"y_pred of shape {y_pred.shape}"
        )
    weights = ops.ones(y_pred.shape, dtype=dtype)
    if sample_weight is None:
        return y_true, y_pred, weights
    given = ops.convert_to_tensor(sample_weight, dtype)
    rank = len(y_pred.shape)
    if 0 < len(given.shape) < rank:
        given = ops.reshape(given, given.shape + (1,) * (rank - len(given.shape)))
    elif len(given.shape) == rank + 1 and given.shape[-1] == 1:
        given = ops.squeeze(given, axis=-1)
    check_weights(weights, given)
    return y_true, y_pred, weights * given


def as_columns(
    metric: str, y_true: Any, y_pred: Any, sample_weight: Any, dtype: np.dtype
) -> tuple[Tensor, Tensor, Tensor]:
    """Return what `as_samples` does of targets and predictions ``(samples, columns)``, targets of the dtype, too."""
    y_true, y_pred, weights = as_samples(metric, y_true, y_pred, sample_weight, dtype)
    if len(y_pred.shape) != 2:
        raise ValueError(f"{metric} needs targets and predictions (samples, columns). Received: shape {y_pred.shape}")
    return ops.cast(y_true, dtype), y_pred, weights
