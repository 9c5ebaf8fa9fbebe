"""Loss functions: each returns one loss a sample, the mean or sum along the last axis, by Keras' formulas."""

from __future__ import annotations

import math
import warnings
from typing import Any

import numpy as np

from .. import config, ops
from ..tensor import Tensor
from ..utils import checks
from .base import squeeze_or_expand_to_same_rank

__all__ = [
    "binary_crossentropy",
    "categorical_crossentropy",
    "categorical_generalized_cross_entropy",
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
    y_true, y_pred = same_rank(y_true, y_pred)
    return ops.squared_error(y_pred, y_true)


def mean_absolute_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(|y_true - y_pred|)`` along the last axis."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return ops.mean(ops.abs(y_true - y_pred), axis=-1)


def mean_absolute_percentage_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``100 * mean(|y_true - y_pred| / max(|y_true|, epsilon))`` along the last axis."""
    y_true, y_pred = same_rank(y_true, y_pred)
    scale = ops.maximum(ops.abs(y_true), config.epsilon())
    return ops.mean(ops.abs((y_true - y_pred) / scale), axis=-1) * 100.0


def mean_squared_logarithmic_error(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean((log(y_true + 1) - log(y_pred + 1))²)`` along the last axis, arguments at least epsilon."""
    y_true, y_pred = same_rank(y_true, y_pred)
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
    y_true, y_pred = same_rank(y_true, y_pred)
    return ops.mean(huber_of(y_pred - y_true, delta), axis=-1)


def huber_of(error: Tensor, delta: float) -> Tensor:
    """Return Huber's loss of each error: nothing is subtracted that is nearly as large."""
    inner = ops.clip(error, -delta, delta)
    return inner * (error - inner * 0.5)


def log_cosh(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(log(cosh(y_pred - y_true)))`` along the last axis, stable."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return ops.mean(_log_cosh_of(y_pred - y_true), axis=-1)


def _log_cosh_of(error: Tensor) -> Tensor:
    """Return log(cosh(error)): near 0 it is e²/2 and made of a square, for nothing but that is left of |e| - log(2)."""
    size = ops.abs(error)
    near = ops.log1p(-ops.square(ops.tanh(ops.clip(error, -1.0, 1.0)))) * -0.5
    far = size - math.log(2.0) + ops.softplus(size * -2.0)
    return ops.where(size < 1.0, near, far)


def cosine_similarity(y_true: Any, y_pred: Any, axis: int = -1) -> Tensor:
    """Return the negative cosine of the angle between vectors along ``axis``: -1 for the same direction."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return -ops.sum(ops.normalize(y_true, axis) * ops.normalize(y_pred, axis), axis=axis)


def hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(max(1 - y_true * y_pred, 0))`` along the last axis; targets -1 and 1, or 0 and 1."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return ops.mean(ops.relu(1.0 - _signs(y_true) * y_pred), axis=-1)


def squared_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(max(1 - y_true * y_pred, 0)²)`` along the last axis; targets -1 and 1, or 0 and 1."""
    y_true, y_pred = same_rank(y_true, y_pred)
    return ops.mean(ops.square(ops.relu(1.0 - _signs(y_true) * y_pred)), axis=-1)


def categorical_hinge(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``max(1 + max((1 - y_true) * y_pred) - sum(y_true * y_pred), 0)`` along the last axis; one-hot targets."""
    y_true, y_pred = tensors(y_true, y_pred)
    right = ops.sum(y_true * y_pred, axis=-1)
    wrong = ops.max((1.0 - y_true) * y_pred, axis=-1)
    return ops.relu(wrong - right + 1.0)


def kl_divergence(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``sum(y_true * log(y_true / y_pred))`` along the last axis, arguments clipped to epsilon … 1."""
    y_true, y_pred = (ops.clip(y, config.epsilon(), 1.0) for y in tensors(y_true, y_pred))
    return ops.sum(y_true * ops.log(y_true / y_pred), axis=-1)


def poisson(y_true: Any, y_pred: Any) -> Tensor:
    """Return ``mean(y_pred - y_true * log(y_pred + epsilon))`` along the last axis."""
    y_true, y_pred = tensors(y_true, y_pred)
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
    y_true, y_pred = tensors(y_true, y_pred)
    from_logits = checks.boolean("from_logits", from_logits)
    smoothing = checks.real("label_smoothing", label_smoothing, minimum=0.0, maximum=1.0)
    values = ops.binary_crossentropy(smoothed(y_true, smoothing, 2), y_pred, from_logits=from_logits)
    return ops.mean(values, axis=axis)


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
    y_true, y_pred = tensors(y_true, y_pred)
    warn_of_one_class("categorical_crossentropy", y_pred)
    from_logits = checks.boolean("from_logits", from_logits)
    smoothing = checks.real("label_smoothing", label_smoothing, minimum=0.0, maximum=1.0)
    y_true = smoothed(y_true, smoothing, y_true.shape[-1] if y_true.shape else 1)
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
    ignore_class : int, optional
        The class, or a number that is none, of samples whose loss is 0.
    axis : int
        Axis of the classes.
    """
    from_logits = checks.boolean("from_logits", from_logits)
    y_true, y_pred = ops.convert_to_tensor(y_true), ops.convert_to_tensor(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[axis] == 1:
        y_true = ops.squeeze(y_true, axis=axis)
    counts = _not_ignored(y_true, ignore_class)
    if counts is not None:
        y_true = ops.where(counts, y_true, 0)
    values = ops.sparse_categorical_crossentropy(y_true, y_pred, from_logits=from_logits, axis=axis)
    return values if counts is None else ops.where(counts, values, 0.0)


def _not_ignored(y_true: Any, ignore_class: int | None = None, **_: Any) -> Tensor | None:
    """Return whether samples are not of the class to ignore; None where there is none."""
    ignored = checks.optional_integer("ignore_class", ignore_class)
    return None if ignored is None else ops.not_equal(ops.cast(y_true, "int64"), ignored)


sparse_categorical_crossentropy.takes_class_numbers = True
sparse_categorical_crossentropy.which_count = _not_ignored


def categorical_generalized_cross_entropy(y_true: Any, y_pred: Any, q: float = 0.5) -> Tensor:
    """Return ``(1 - p[class] ** q) / q`` along the last axis, made for wrong labels (Zhang and Sabuncu, 2018).

    Parameters
    ----------
    y_true : array_like of int
        Class numbers, of the shape of ``y_pred`` without its last axis (or with size 1 there).
    y_pred : array_like
        Probabilities p.
    q : float
        Between 0 and 1: near 0 this is cross-entropy, near 1 the absolute error.
    """
    q = checks.real("q", q, above=0.0, below=1.0)
    y_true, (y_pred,) = ops.convert_to_tensor(y_true), ops.convert.to_float(y_pred)
    if len(y_true.shape) == len(y_pred.shape) and y_true.shape[-1:] == (1,):
        y_true = ops.squeeze(y_true, axis=-1)
    if y_true.shape != y_pred.shape[:-1] or not y_pred.shape:
        raise ValueError(
            f"categorical_generalized_cross_entropy: labels of shape {y_true.shape} do not fit predictions of shape "
            f"{y_pred.shape}"
        )
    own, valid = ops.nn.pick(y_pred, y_true)
    logarithm = ops.log(ops.maximum(ops.squeeze(own, -1), float(np.finfo(y_pred.dtype).tiny)))
    return ops.where(valid, ops.expm1(logarithm * q) * (-1.0 / q), float("nan"))


categorical_generalized_cross_entropy.takes_class_numbers = True


# ---- what losses here and elsewhere begin with ---------------------------------------------------------------


def tensors(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return both as tensors of the dtype of the predictions."""
    y_pred = ops.convert_to_tensor(y_pred)
    return ops.convert_to_tensor(y_true, y_pred.dtype), y_pred


def same_rank(y_true: Any, y_pred: Any) -> tuple[Tensor, Tensor]:
    """Return both as such tensors, with a last axis of size 1 added or taken where they differ by that."""
    return squeeze_or_expand_to_same_rank(*tensors(y_true, y_pred))


def check_same_shape(name: str, y_true: Tensor, y_pred: Tensor) -> None:
    """Raise ValueError where targets and predictions would broadcast."""
    if y_true.shape != y_pred.shape:
        raise ValueError(f"{name}: y_true of shape {y_true.shape} and y_pred of shape {y_pred.shape} differ")


def warn_of_one_class(name: str, y_pred: Tensor) -> None:
    """Warn of predictions with one class, which exclude each other."""
    if y_pred.shape and y_pred.shape[-1] == 1:
        warnings.warn(
            f"{name} expects predictions of shape (batch, classes) with more than one class. "
            f"Received: y_pred of shape {tuple(y_pred.shape)}. Use {name.replace('categorical', 'binary')} for two "
            "classes.",
            SyntaxWarning,
            stacklevel=3,
        )


def smoothed(y_true: Tensor, smoothing: float, classes: int) -> Tensor:
    """Return targets that are drawn towards the uniform distribution."""
    return y_true * (1.0 - smoothing) + smoothing / classes if smoothing else y_true


def _signs(y_true: Tensor) -> Tensor:
    """Turn targets 0 and 1 into -1 and 1, if all are 0 or 1; others stay as they are."""
    binary = ops.all(ops.logical_or(ops.equal(y_true, 0.0), ops.equal(y_true, 1.0)))
    return ops.where(binary, y_true * 2.0 - 1.0, y_true)
