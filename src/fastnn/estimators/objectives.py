"""What the estimators minimize: scikit-learn's losses, written in ops on what goes into the output activation.

Each pairs with its canonical output activation, so that the gradient of the sum over outputs with respect to the
logits is ``output - target``, as in scikit-learn. Losses from logits do not saturate; scikit-learn clips
probabilities instead, which shows only where a predicted probability is within one rounding error of 0 or 1.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from .. import ops
from ..tensor import Tensor

__all__ = ["BINARY_LOG_LOSS", "LOG_LOSS", "POISSON", "REGRESSION", "SQUARED_ERROR", "Objective"]


@dataclass(frozen=True)
class Objective:
    """A loss and the output activation that goes with it.

    Parameters
    ----------
    out_activation : str
        Scikit-learn's name.
    losses : callable
        ``losses(targets, logits)`` → the loss of each row, shape (rows,), summed over outputs: what is minimized.
    mean_over_outputs : bool
        Whether the loss that is *reported* is the mean over outputs (scikit-learn minimizes the sum of squared
        errors over outputs and reports the mean).
    class_numbers : bool
        Whether targets are class numbers, int64 of shape (rows,), instead of numbers of shape (rows, outputs).
    """

    out_activation: str
    losses: Callable[[Tensor, Tensor], Tensor]
    mean_over_outputs: bool = False
    class_numbers: bool = False


def _over_outputs(x: Tensor) -> Tensor:
    return ops.squeeze(x, -1) if x.shape[-1] == 1 else ops.sum(x, axis=-1)


def _log_loss(labels: Tensor, logits: Tensor) -> Tensor:
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def _binary_log_loss(targets: Tensor, logits: Tensor) -> Tensor:
    return _over_outputs(ops.binary_crossentropy(targets, logits, from_logits=True))


def _half_squared_error(targets: Tensor, logits: Tensor) -> Tensor:
    return _over_outputs(ops.square(logits - targets)) * 0.5


def _half_poisson_deviance(targets: Tensor, logits: Tensor) -> Tensor:
    """``y log(y / mu) - y + mu`` with mu = exp(logits) and 0 log 0 = 0."""
    positive = ops.where(targets > 0, targets, 1.0)
    return _over_outputs(targets * (ops.log(positive) - logits) - targets + ops.exp(logits))


LOG_LOSS = Objective("softmax", _log_loss, class_numbers=True)
#: Targets are 0 or 1.
BINARY_LOG_LOSS = Objective("logistic", _binary_log_loss)
SQUARED_ERROR = Objective("identity", _half_squared_error, mean_over_outputs=True)
POISSON = Objective("exp", _half_poisson_deviance)

#: The values of MLPRegressor's parameter ``loss``.
REGRESSION = {"squared_error": SQUARED_ERROR, "poisson": POISSON}
