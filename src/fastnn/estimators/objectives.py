"""What the estimators minimize: scikit-learn's losses, written in ops on what goes into the output activation.

Each pairs with its canonical output activation, so that the gradient of the sum over outputs with respect to the
logits is ``output - target``, as in scikit-learn. What is minimized does not saturate; what is shown does where
scikit-learn's does, which clips probabilities before it takes their logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from .. import ops
from ..tensor import Tensor

__all__ = ["CLASSIFICATION", "REGRESSION", "Objective"]


@dataclass(frozen=True)
class Objective:
    """A loss and the output activation that goes with it.

    Parameters
    ----------
    out_activation : str
        Scikit-learn's name.
    terms : callable
        ``terms(targets, logits)`` → losses of shape (rows, outputs) or (rows,), whose sum over outputs is minimized.
    mean_over_outputs : bool
        Whether the loss that is *shown* is the mean over outputs (scikit-learn minimizes the sum of squared errors over
        outputs and shows the mean).
    clipped : bool
        Whether the loss that is *shown* is clipped: each term is minus the logarithm of a probability, which is taken
        to be at least the machine epsilon.
    class_numbers : bool
        Whether targets are class numbers, int64 of shape (rows,), instead of numbers of shape (rows, outputs).
    """

    out_activation: str
    terms: Callable[[Tensor, Tensor], Tensor]
    mean_over_outputs: bool = False
    clipped: bool = False
    class_numbers: bool = False

    def losses(self, targets: Tensor, logits: Tensor) -> tuple[Tensor, Tensor]:
        """Return the loss of each row, shape (rows,): what is minimized, and what is shown."""
        terms = self.terms(targets, logits)
        minimized = shown = _over_outputs(terms)
        if self.clipped:
            shown = _over_outputs(ops.minimum(terms, -math.log(np.finfo(terms.dtype).eps)))
        if self.mean_over_outputs and logits.shape[1] > 1:
            shown = shown * (1.0 / logits.shape[1])
        return minimized, shown


def _over_outputs(terms: Tensor) -> Tensor:
    if len(terms.shape) == 1:
        return terms
    return ops.squeeze(terms, -1) if terms.shape[-1] == 1 else ops.sum(terms, axis=-1)


def _log_loss(labels: Tensor, logits: Tensor) -> Tensor:
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def _binary_log_loss(targets: Tensor, logits: Tensor) -> Tensor:
    return ops.binary_crossentropy(targets, logits, from_logits=True)


def _half_squared_error(targets: Tensor, logits: Tensor) -> Tensor:
    return ops.square(logits - targets) * 0.5


def _half_poisson_deviance(targets: Tensor, logits: Tensor) -> Tensor:
    """``y log(y / mu) - y + mu`` with mu = exp(logits) and 0 log 0 = 0."""
    positive = ops.where(targets > 0, targets, 1.0)
    return targets * (ops.log(positive) - logits) - targets + ops.exp(logits)


_BINARY = Objective("logistic", _binary_log_loss, clipped=True)

#: The log-loss of each kind of labels. Targets are 0 or 1 where they are no class numbers.
CLASSIFICATION = {
    "binary": _BINARY,
    "multiclass": Objective("softmax", _log_loss, clipped=True, class_numbers=True),
    "multilabel": _BINARY,
}

#: The values of MLPRegressor's parameter ``loss``.
REGRESSION = {
    "squared_error": Objective("identity", _half_squared_error, mean_over_outputs=True),
    "poisson": Objective("exp", _half_poisson_deviance),
}
