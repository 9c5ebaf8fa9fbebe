"""Focal losses: cross-entropies to which samples that are told well add less (Lin et al., 2017)."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import ops
from ..shapes import normalize_axis
from ..tensor import Tensor
from ..utils import checks
from .base import ParametricLoss
from .functions import check_same_shape, smoothed, tensors, warn_of_one_class
from .parameters import crossentropy_parameters

__all__ = [
    "BinaryFocalCrossentropy",
    "CategoricalFocalCrossentropy",
    "binary_focal_crossentropy",
    "categorical_focal_crossentropy",
]


def binary_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    apply_class_balancing: bool = False,
    alpha: float = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return the mean along ``axis`` of the binary cross-entropy times ``w ** gamma``, w = t (1 - p) + (1 - t) p.

    Parameters
    ----------
    y_true : array_like
        Targets t in 0 … 1, of the shape of ``y_pred``.
    y_pred : array_like
        Probabilities p (clipped to epsilon … 1 - epsilon in the cross-entropy), or logits.
    apply_class_balancing : bool
        Whether to weight the losses of targets 1 by ``alpha``, those of targets 0 by ``1 - alpha``.
    alpha : float
        0 … 1, used with ``apply_class_balancing``.
    gamma : float
        How much less count samples that are told well, with a small w; 0: as much as others.
    from_logits : bool
        Whether ``y_pred`` holds logits: p = sigmoid(y_pred), computed stably.
    label_smoothing : float
        Draw targets towards 1/2: ``t * (1 - label_smoothing) + label_smoothing / 2``.
    axis : int
        Axis of the mean.
    """
    given = crossentropy_parameters(
        apply_class_balancing=apply_class_balancing,
        gamma=gamma,
        from_logits=from_logits,
        label_smoothing=label_smoothing,
    )
    alpha = _share(alpha)
    y_true, y_pred = tensors(y_true, y_pred)
    y_true = smoothed(y_true, given["label_smoothing"], 2)
    y_false = 1.0 - y_true
    values = ops.binary_crossentropy(y_true, y_pred, from_logits=given["from_logits"])
    if given["from_logits"]:
        wrong = y_true * ops.sigmoid(-y_pred) + y_false * ops.sigmoid(y_pred)
    else:
        wrong = y_true * (1.0 - y_pred) + y_false * y_pred
    values = _factor(wrong, given["gamma"]) * values
    if given["apply_class_balancing"]:
        values = (y_true * alpha + y_false * (1.0 - alpha)) * values
    return ops.mean(values, axis=axis)


def categorical_focal_crossentropy(
    y_true: Any,
    y_pred: Any,
    alpha: float | Sequence[float] = 0.25,
    gamma: float = 2.0,
    from_logits: bool = False,
    label_smoothing: float = 0.0,
    axis: int = -1,
) -> Tensor:
    """Return ``-sum(alpha * (1 - p) ** gamma * t * log(p))`` along ``axis``.

    Parameters
    ----------
    y_true : array_like
        Target distributions t (one-hot rows, say), of the shape of ``y_pred``.
    y_pred : array_like
        Probabilities p (scaled to sum to one, clipped to epsilon … 1 - epsilon), or logits.
    alpha : float or sequence of float
        Weight of all classes, or of each.
    gamma : float
        How much less count samples that are told well, with p near 1; 0: as much as others.
    from_logits : bool
        Whether ``y_pred`` holds logits: p = softmax(y_pred), computed stably.
    label_smoothing : float
        Draw targets towards the uniform distribution: ``t * (1 - label_smoothing) + label_smoothing / classes``.
    axis : int
        Axis of the classes.
    """
    given = crossentropy_parameters(
        alpha=alpha, gamma=gamma, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
    )
    y_true, y_pred = tensors(y_true, y_pred)
    check_same_shape("categorical_focal_crossentropy", y_true, y_pred)
    warn_of_one_class("categorical_focal_crossentropy", y_pred)
    axis = normalize_axis(given["axis"], len(y_pred.shape))
    y_true = smoothed(y_true, given["label_smoothing"], y_true.shape[axis])
    logarithm = ops.nn.log_probabilities(y_pred, given["from_logits"], axis)
    factor = _factor(-ops.expm1(logarithm), given["gamma"]) * _along(given["alpha"], y_pred, axis)
    return -ops.sum(factor * (y_true * logarithm), axis=axis)


def _share(alpha: float) -> float:
    return checks.real("alpha", alpha, minimum=0.0, maximum=1.0)


def _factor(wrong: Tensor, gamma: float) -> Tensor:
    """Return ``wrong ** gamma``, without the infinite slope that roots have at 0."""
    return ops.power(ops.maximum(wrong, float(np.finfo(wrong.dtype).tiny)), gamma)


def _along(alpha: float | list[float], y_pred: Tensor, axis: int) -> float | Tensor:
    """Return the weights of classes so that they broadcast to predictions with these along an axis."""
    if not isinstance(alpha, list):
        return alpha
    if len(alpha) != y_pred.shape[axis]:
        raise ValueError(
            f"Argument `alpha` must be one weight, or one for each of the {y_pred.shape[axis]} classes. "
            f"Received: alpha={alpha}"
        )
    shape = [1] * len(y_pred.shape)
    shape[axis] = len(alpha)
    return ops.convert_to_tensor(np.reshape(alpha, shape), y_pred.dtype)


class BinaryFocalCrossentropy(ParametricLoss):
    """Cross-entropy of independent yes/no targets, to which samples that are told well add less (Lin et al., 2017).

    Parameters
    ----------
    apply_class_balancing : bool
        Whether to weight the losses of targets 1 by ``alpha``, those of targets 0 by ``1 - alpha``.
    alpha : float
        0 … 1, used with ``apply_class_balancing``.
    gamma : float
        How much less count samples that are told well; 0: as much as others.
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    label_smoothing : float
        0 … 1: draw targets towards 1/2.
    axis : int
        Axis of the mean.
    reduction, name, dtype
        See `Loss`.
    """

    function = binary_focal_crossentropy

    def __init__(
        self,
        apply_class_balancing: bool = False,
        alpha: float = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        parameters = crossentropy_parameters(
            apply_class_balancing=apply_class_balancing,
            gamma=gamma,
            from_logits=from_logits,
            label_smoothing=label_smoothing,
            axis=axis,
        )
        super().__init__(reduction, name, dtype, alpha=_share(alpha), **parameters)


class CategoricalFocalCrossentropy(ParametricLoss):
    """Cross-entropy of target distributions, to which samples that are told well add less (Lin et al., 2017).

    Parameters
    ----------
    alpha : float or sequence of float
        Weight of all classes, or of each.
    gamma : float
        How much less count samples that are told well; 0: as much as others.
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    label_smoothing : float
        0 … 1: draw targets towards the uniform distribution.
    axis : int
        Axis of the classes.
    reduction, name, dtype
        See `Loss`.
    """

    function = categorical_focal_crossentropy

    def __init__(
        self,
        alpha: float | Sequence[float] = 0.25,
        gamma: float = 2.0,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_focal_crossentropy",
        dtype: Any = None,
    ) -> None:
        parameters = crossentropy_parameters(
            alpha=alpha, gamma=gamma, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis
        )
        super().__init__(reduction, name, dtype, **parameters)
