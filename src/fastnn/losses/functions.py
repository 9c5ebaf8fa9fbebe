"""Loss functions: each returns one loss a sample, the mean or sum along the last axis, by Keras' formulas."""

from __future__ import annotations

import math
import warnings
from typing import Any

from .. import config, ops
from ..tensor import Tensor
from ..utils import checks
from .base import squeeze_or_expand_to_same_rank

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_hinge",
    "cosine_similarity",
    "hinge",
    "huber",
    "kl_divergence",
    "log_cosh",
    "mean_absolute_error",
    "mean_absolute_percentage_error",
    "mean_squared_error",
    "mean_squared_logarithmic_error",
    "poisson",
    "sparse_categorical_crossentropy",
    "squared_hinge",
]


def mean_squared_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean((y_true - y_pred)²)`` along the last axis."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return ops.squared_error(y_pred, y_true)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(|y_true - y_pred|)`` along the last axis."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``100 * mean(|y_true - y_pred| / max(|y_true|, epsilon))`` along the last axis."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    scale = ops.maximum(ops.abs(y_true), config.epsilon())
    return ops.mean(ops.abs((y_true - y_pred) / scale), axis=-1) * 100.0


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean((log(y_true + 1) - log(y_pred + 1))²)`` along the last axis, arguments at least epsilon."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    difference = ops.log1p(ops.maximum(y_pred, config.epsilon())) - ops.log1p(ops.maximum(y_true, config.epsilon()))
    return ops.mean(ops.square(difference), axis=-1)


def huber(y_true: Any, y_pred: Any, delta: float = 1.0) -> Tensor:
    """Return the mean along the last axis of e²/2 where |e| ≤ delta, else ``delta * |e| - delta² / 2`` (Huber, 1964).

    Parameters
    ----------
    y_true, y_pred : array_like
    delta : float
        Where the quadratic part ends.
    """
    delta = checks.real("delta", delta, minimum=0.0)
    y_true, y_pred = _same_rank(y_true, y_pred)
    return ops.mean(huber_of(y_pred - y_true, delta), axis=-1)


def huber_of(error: Tensor, delta: float) -> Tensor:
    """Return Huber's loss of each error: nothing is subtracted that is nearly as large."""
    inner = ops.clip(error, -delta, delta)
    return inner * (error - inner * 0.5)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(log(cosh(y_pred - y_true)))`` along the last axis, stable."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return ops.mean(_log_cosh_of(y_pred - y_true), axis=-1)


def _log_cosh_of(error: Tensor) -> Tensor:
    """Return log(cosh(error)): near 0 it is e²/2 and made of a square, for nothing but that is left of |e| - log(2)."""
    size = ops.abs(error)
    near = ops.log1p(-ops.square(ops.tanh(ops.clip(error, -1.0, 1.0)))) * -0.5
    far = size - math.log(2.0) + ops.softplus(size * -2.0)
    return ops.where(size < 1.0, near, far)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return the negative cosine of the angle between vectors along ``axis``: -1 for the same direction."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return -ops.sum(ops.normalize(y_true, axis) * ops.normalize(y_pred, axis), axis=axis)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(max(1 - y_true * y_pred, 0))`` along the last axis; targets -1 and 1, or 0 and 1."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return ops.mean(ops.relu(1.0 - _signs(y_true) * y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(max(1 - y_true * y_pred, 0)²)`` along the last axis; targets -1 and 1, or 0 and 1."""
    y_true, y_pred = _same_rank(y_true, y_pred)
    return ops.mean(ops.square(ops.relu(1.0 - _signs(y_true) * y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``max(1 + max((1 - y_true) * y_pred) - sum(y_true * y_pred), 0)`` along the last axis; one-hot targets."""
    y_true, y_pred = _tensors(y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.relu(wrong - right + 1.0)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``sum(y_true * log(y_true / y_pred))`` along the last axis, arguments clipped to epsilon … 1."""
    y_true, y_pred = (ops.clip(y, config.epsilon(), 1.0) for y in _tensors(y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(y_pred - y_true * log(y_pred + epsilon))`` along the last axis."""
    y_true, y_pred = _tensors(y_true, y_pred)
    return ops.mean(y_pred - y_true * ops.log(y_pred + config.epsilon()), axis=-1)


def binary_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Return the mean along ``axis`` of ``-t log(p) - (1 - t) log(1 - p)``.

    Parameters
    ----------
    y_true : array_like
        Targets t in 0 … 1, of the shape of ``y_pred``.
    y_pred : array_like
        Probabilities p (clipped to epsilon … 1 - epsilon), or logits.
    from_logits : bool
        Whether ``y_pred`` holds logits: p = sigmoid(y_pred), computed stably.
    label_smoothing : float
        Draw targets towards 1/2: ``t * (1 - label_smoothing) + label_smoothing / 2``.
    axis : int
        Axis of the mean.
    """
    y_true, y_pred = _tensors(y_true, y_pred)
    from_logits = checks.boolean("from_logits", from_logits)
    smoothing = checks.real("label_smoothing", label_smoothing, minimum=0.0, maximum=1.0)
    if smoothing:
        y_true = y_true * (1.0 - smoothing) + 0.5 * smoothing
    return ops.mean(ops.binary_crossentropy(y_true, y_pred, from_logits=from_logits), axis=axis)


def categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, label_smoothing: float = 0.0, axis: int = -1
) -> Tensor:
    """Return ``-sum(t * log(p))`` along ``axis``.

    Parameters
    ----------
    y_true : array_like
        Target distributions t (one-hot rows, say), of the shape of ``y_pred``.
    y_pred : array_like
        Probabilities p (scaled to sum to one, clipped to epsilon … 1 - epsilon), or logits.
    from_logits : bool
        Whether ``y_pred`` holds logits: p = softmax(y_pred), computed stably.
    label_smoothing : float
        Draw targets towards the uniform distribution: ``t * (1 - label_smoothing) + label_smoothing / classes``.
    axis : int
        Axis of the classes.
    """
    y_true, y_pred = _tensors(y_true, y_pred)
    if y_pred.shape and y_pred.shape[-1] == 1:
        warnings.warn(
            "categorical_crossentropy expects predictions of shape (batch, classes) with more than one class. "
            f"Received: y_pred of shape {tuple(y_pred.shape)}. Use binary_crossentropy for two classes.",
            SyntaxWarning,
            stacklevel=2,
        )
    from_logits = checks.boolean("from_logits", from_logits)
    smoothing = checks.real("label_smoothing", label_smoothing, minimum=0.0, maximum=1.0)
    if smoothing:
        y_true = y_true * (1.0 - smoothing) + smoothing / y_true.shape[-1]
    return ops.categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


def sparse_categorical_crossentropy(
    y_true: Any, y_pred: Any, from_logits: bool = False, ignore_class: int | None = None, axis: int = -1
) -> Tensor:
    """Return ``-log(p[class])`` along ``axis``.

    Parameters
    ----------
    y_true : array_like of int
        Class numbers, of the shape of ``y_pred`` without its class axis (or with size 1 there).
    y_pred : array_like
        Probabilities p (scaled to sum to one, clipped to epsilon … 1 - epsilon), or logits.
    from_logits : bool
        Whether ``y_pred`` holds logits: p = softmax(y_pred), computed stably.
    ignore_class : None
        Not supported: give such samples the weight 0.
    axis : int
        Axis of the classes.
    """
    refuse_ignore_class(ignore_class)
    from_logits = checks.boolean("from_logits", from_logits)
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    return ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)


sparse_categorical_crossentropy.takes_class_numbers = True


def refuse_ignore_class(ignore_class: int | None) -> None:
    """Raise for Keras' parameter that fastnn does not have."""
    if ignore_class is not None:
        raise ValueError(
            f"Argument `ignore_class` is not supported: give such samples the weight 0. Received: {ignore_class!r}"
        )


def _tensors(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return both as tensors of the dtype of the predictions."""
    y_pred = ops.convert_to_tensor(y_pred)
    return ops.convert_to_tensor(y_true, y_pred.dtype), y_pred


def _same_rank(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    return squeeze_or_expand_to_same_rank(*_tensors(y_true, y_pred))


def _signs(y_true: Tensor) -> Tensor:
    """Turn targets 0 and 1 into -1 and 1, if all are 0 or 1; others stay as they are."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, y_true * 2.0 - 1.0, y_true)
