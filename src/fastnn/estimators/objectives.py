"""What the estimators minimize, written in ops on what goes into the output activation.

Scikit-learn's losses pair with a canonical output activation, so that the gradient of the sum over outputs with respect
to the logits is ``output - target``. What is minimized does not saturate; what is shown does where scikit-learn's
does, which clips probabilities before it takes their logarithm.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Hashable
from dataclasses import dataclass
from typing import Any

import numpy as np

from .. import losses, ops
from ..losses.functions import huber_of
from ..tensor import Tensor, TracingError
from .network import activation_function, is_ours

__all__ = ["REGRESSION", "Objective", "classification", "regression", "takes_logits"]

Terms = Callable[[Tensor, Tensor], Tensor]


@dataclass(frozen=True)
class Objective:
    """A loss and the output activation that goes with it.

    Parameters
    ----------
    out_activation : str or callable
        By scikit-learn's name or ours.
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
    make : hashable or None
        See `programs.joined`.
    """

    out_activation: Any
    terms: Terms
    mean_over_outputs: bool = False
    clipped: bool = False
    class_numbers: bool = False
    make: Hashable | None = None

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


def _on_outputs(terms: Terms, out_activation: Any) -> Terms:
    """Return terms that take logits, from terms that take outputs."""
    activation = activation_function(out_activation)
    return lambda targets, logits: terms(targets, activation(logits))


# ---- classification --------------------------------------------------------------------------------------------


def _log_loss(labels: Tensor, logits: Tensor) -> Tensor:
    return ops.sparse_categorical_crossentropy(labels, logits, from_logits=True)


def _binary_log_loss(targets: Tensor, logits: Tensor) -> Tensor:
    return ops.binary_crossentropy(targets, logits, from_logits=True)


#: Losses that compare the outputs for a sample with each other, and learn nothing from one alone.
_OF_SEVERAL = (
    losses.categorical_crossentropy,
    losses.categorical_focal_crossentropy,
    losses.cosine_similarity,
    losses.dice,
    losses.kl_divergence,
    losses.tversky,
)

#: Losses that are of all samples together, unless they are told an axis.
_OF_ALL_SAMPLES = (losses.dice, losses.tversky)


def classification(loss: Any, out_activation: str, single: bool = False) -> Objective:
    """Return the objective of a classifier.

    Parameters
    ----------
    loss : str, Loss or callable
        "log_loss", or what `losses.get` knows; a function takes targets and probabilities.
    out_activation : {"logistic", "softmax"}
        Of independent or of mutually exclusive classes.
    single : bool
        Whether one output tells two classes apart.
    """
    softmax = out_activation == "softmax"
    if _is(loss, "log_loss"):
        terms = _log_loss if softmax else _binary_log_loss
        return Objective(out_activation, terms, clipped=True, class_numbers=softmax, make=("log_loss", softmax))
    found = _given(loss)
    if found.takes_class_numbers and not softmax:
        raise ValueError(
            f"loss={loss!r} takes class numbers and needs one output a class, of which one is right: with two classes "
            "give output_activation='softmax', with several labels a sample another loss"
        )
    if single and getattr(found, "fn", None) in _OF_SEVERAL:
        raise ValueError(
            f"loss={loss!r} compares the outputs of classes with each other, and learns nothing from one output: with "
            "two classes give output_activation='softmax'"
        )
    return _objective_of(loss, found, out_activation)


# ---- regression ------------------------------------------------------------------------------------------------


def _half_squared_error(targets: Tensor, outputs: Tensor) -> Tensor:
    return ops.square(outputs - targets) * 0.5


def _absolute_error(targets: Tensor, outputs: Tensor) -> Tensor:
    return ops.abs(outputs - targets)


def _pinball(targets: Tensor, outputs: Tensor, quantile: float) -> Tensor:
    """``q e`` for e = target - output >= 0, else ``(q - 1) e`` (Koenker and Bassett, 1978)."""
    error = targets - outputs
    return ops.maximum(error * quantile, error * (quantile - 1.0))


def _half_poisson_deviance(targets: Tensor, logits: Tensor) -> Tensor:
    """``y log(y / mu) - y + mu`` with mu = exp(logits) and 0 log 0 = 0."""
    positive = ops.where(targets > 0, targets, 1.0)
    return targets * (ops.log(positive) - logits) - targets + ops.exp(logits)


def _half_poisson_deviance_of(targets: Tensor, outputs: Tensor) -> Tensor:
    """The same from mu, which must be positive where targets are."""
    positive = targets > 0
    ratio = ops.where(positive, targets, 1.0) / ops.where(positive, outputs, 1.0)
    return targets * ops.log(ratio) - targets + outputs


#: The named losses of regression.
REGRESSION = ("squared_error", "absolute_error", "huber", "quantile", "poisson")


def regression(loss: Any, out_activation: Any, quantile: float, delta: float) -> Objective:
    """Return the objective of a regressor.

    Parameters
    ----------
    loss : str, Loss or callable
        One of `REGRESSION`, or what `losses.get` knows; a function takes targets and outputs.
    out_activation : str, callable or None
        None: what goes with the loss.
    quantile : float
        Of "quantile".
    delta : float
        Of "huber".
    """
    named = _is(loss, *REGRESSION) and (out_activation is None or is_ours(out_activation))
    make = (loss, out_activation, quantile, delta) if named else None
    if _is(loss, "poisson"):
        if out_activation is None:
            return Objective("exp", _half_poisson_deviance, make=make)
        return Objective(out_activation, _on_outputs(_half_poisson_deviance_of, out_activation), make=make)
    terms: dict[str, Terms] = {
        "squared_error": _half_squared_error,
        "absolute_error": _absolute_error,
        "huber": lambda targets, outputs: huber_of(outputs - targets, delta),
        "quantile": lambda targets, outputs: _pinball(targets, outputs, quantile),
    }
    out_activation = "identity" if out_activation is None else out_activation
    if _is(loss, *terms):
        return Objective(out_activation, _on_outputs(terms[loss], out_activation), mean_over_outputs=True, make=make)
    found = _given(loss)
    if found.takes_class_numbers:
        raise ValueError(f"loss={loss!r} takes class numbers, and is for classifiers")
    return _objective_of(loss, found, out_activation)


# ---- losses of the user's --------------------------------------------------------------------------------------


def _is(loss: Any, *names: str) -> bool:
    return isinstance(loss, str) and loss in names


def _given(loss: Any) -> losses.Loss:
    """Return the loss that a name, a function or an object stands for."""
    found = losses.resolve_loss(loss, (0, 0), (0, 0))
    if found.reduction == "sum":
        raise ValueError(
            f"loss={loss!r} has reduction='sum', but the loss of an estimator is the weighted mean over samples"
        )
    parameters = getattr(found, "_fn_kwargs", {})
    if parameters.get("ignore_class") is not None:
        raise ValueError(f"loss={loss!r} has an ignore_class: give its samples the weight 0, or leave them out of y")
    if getattr(found, "fn", None) in _OF_ALL_SAMPLES and parameters.get("axis") is None:
        raise ValueError(
            f"loss={loss!r} is one number for all samples, but that of an estimator is a mean over samples: give it "
            f"axis=-1, as in losses.{found.fn.__name__.capitalize()}(axis=-1)"
        )
    return found


def _objective_of(given: Any, loss: losses.Loss, out_activation: Any) -> Objective:
    """Return the objective of the loss that was given by name, or as a function or an object of the user's."""
    terms = _losses_of(loss) if takes_logits(loss) else _on_outputs(_losses_of(loss), out_activation)
    make = (given, out_activation) if isinstance(given, str) and is_ours(out_activation) else None
    return Objective(out_activation, terms, class_numbers=loss.takes_class_numbers, make=make)


def takes_logits(loss: Any) -> bool:
    """Whether a loss wants what goes into the output activation."""
    return bool(getattr(loss, "_fn_kwargs", {}).get("from_logits", getattr(loss, "from_logits", False)))


def _losses_of(loss: losses.Loss) -> Terms:
    """Return a function of targets and outputs, or logits, that gives one loss a row."""

    def terms(targets: Tensor, outputs: Tensor) -> Tensor:
        try:
            values = loss.call(targets, outputs)
        except TracingError as error:
            raise TypeError(f"loss={loss.name!r} must be written in fastnn.ops: it asks for values") from error
        if not isinstance(values, Tensor):
            raise ValueError(f"loss={loss.name!r} must return a tensor with one loss a sample, got {values!r}")
        if values.shape[:1] != outputs.shape[:1] or values.shape[1:] not in ((), (1,), outputs.shape[1:]):
            raise ValueError(
                f"loss={loss.name!r} must return one loss a sample, or an output, but for outputs of shape "
                f"{outputs.shape} it gave a value of shape {values.shape}"
            )
        return ops.mean(values, axis=tuple(range(1, len(values.shape)))) if len(values.shape) > 1 else values

    return terms
