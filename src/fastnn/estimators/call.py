"""One call of `fit` or `partial_fit`: what was given, and what the checks made of it."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite, check_random_state
from sklearn.utils.validation import validate_data

from .data import TrainingData
from .features import aligned, are_plain_samples, features_of, refuse_dates, twin
from .network import check_layers
from .normalization import Values, check_values, first_values, kinds_of
from .parameters import (
    dropout_rates,
    hidden_activations,
    hidden_normalizations,
    hidden_units,
    refuse_layer,
    refuse_stochastic_parameters,
)
from .targets import Encoded, Targets
from .weights import checked_sample_weight, joint_weights, refuse_weightless

__all__ = ["Call", "Given", "Owner", "Samples", "check_call", "naming"]


@dataclass(frozen=True)
class Owner:
    """The estimator that trains another one as a part of itself.

    Attributes
    ----------
    estimator : object
        Its callbacks are told of the training.
    X : object
        As the user gave it.
    begun : callable
        Called without arguments when training begins: nothing is refused any more.
    """

    estimator: Any
    X: Any
    begun: Callable[[], None]


@dataclass(frozen=True)
class Given:
    """The arguments of `fit` or `partial_fit`.

    Attributes
    ----------
    X, y, sample_weight, validation_data : object
        As the user gave them.
    incremental : bool
        Whether this is `partial_fit`.
    classes : object
        Its argument of that name.
    owner : Owner or None
        Who has made the other arguments of what the user gave; None: the user gave them.
    """

    X: Any
    y: Any
    sample_weight: Any = None
    validation_data: Any = None
    incremental: bool = False
    classes: Any = None
    owner: Owner | None = None


@dataclass
class Samples:
    """Checked samples.

    Attributes
    ----------
    X : ndarray or sparse CSR matrix
    encoded : Encoded
    sample_weight : ndarray of shape (samples,) or None
        As the user gave them, without weights of classes.
    """

    X: Any
    encoded: Encoded
    sample_weight: np.ndarray | None

    def training_data(self) -> TrainingData:
        """Return them as they are trained on."""
        weight = joint_weights(self.sample_weight, self.encoded.class_weight, self.X.dtype)
        return TrainingData(self.X, self.encoded.values, weight)

    def take(self, rows: np.ndarray) -> Samples:
        """Return some of the samples."""
        y, values, class_weight, sample_weight = (
            None if each is None else each[rows]
            for each in (self.encoded.y, self.encoded.values, self.encoded.class_weight, self.sample_weight)
        )
        return Samples(self.X[rows], Encoded(y, values, class_weight), sample_weight)


@dataclass
class Call:
    """Everything that training begins with; nothing of the estimator has been changed yet.

    Attributes
    ----------
    given : Given
    first : bool
        Whether training begins anew, not from the present weights.
    samples : Samples
    validation : Samples or None
        What the user gave to validate on.
    targets : Targets
    units : list of int
        Features, units of the hidden layers, outputs.
    activations : list
        Of the hidden layers.
    dropout : list of float
        Of the hidden layers.
    coefs, intercepts : list of ndarray
        The weights to begin with.
    normalization : list of (dict of str to ndarray, or None)
        What the hidden layers are normalized by, to begin with.
    random_state : numpy.random.RandomState
        The first weights have been drawn from it.
    features : dict of str to object
        Attributes that the estimator gets when training begins.
    """

    given: Given
    first: bool
    samples: Samples
    validation: Samples | None
    targets: Targets
    units: list[int]
    activations: list[Any]
    dropout: list[float]
    coefs: list[np.ndarray]
    intercepts: list[np.ndarray]
    normalization: list[Values]
    random_state: np.random.RandomState
    features: dict[str, Any]

    @property
    def dtype(self) -> np.dtype:
        """What is computed in."""
        return self.samples.X.dtype


def check_call(estimator: Any, given: Given) -> Call:
    """Check parameters and data of a call and draw the first weights; errors leave the estimator as it was."""
    hidden = hidden_units(estimator.hidden_layer_sizes)
    activations = hidden_activations(estimator.activation, len(hidden))
    refuse_layer("output_activation", estimator.output_activation)
    dropout = dropout_rates(estimator.dropout, len(hidden))
    normalizations = hidden_normalizations(estimator.normalization, len(hidden))
    refuse_stochastic_parameters(estimator, normalizations, given.validation_data is not None)
    early = estimator.early_stopping and estimator.solver != "lbfgs"
    if given.incremental and early and given.validation_data is None:
        raise ValueError("partial_fit does not support early_stopping=True without validation_data")
    first = not ((given.incremental or estimator.warm_start) and hasattr(estimator, "coefs_"))
    told = twin(estimator)
    X, y = _validated(told, given.X, given.y, _dtypes(estimator, first), reset=first)
    targets = estimator._targets(y, X.dtype, first, given)
    samples = Samples(X, targets.encoded, checked_sample_weight(given.sample_weight, X, X.dtype))
    refuse_weightless(samples.training_data().sample_weight, X.dtype)
    validation = _validation_samples(told, given.validation_data, X.dtype, targets)
    units = [X.shape[1], *hidden, targets.n_outputs]
    random_state = check_random_state(estimator.random_state)
    if first:
        # As in scikit-learn, the last layer is drawn as if it had the activation of the one before.
        last = activations[-1] if activations else estimator.activation
        weights = _draw_weights(units, [*activations, last], X.dtype, random_state)
        normalization = [first_values(*each, X.dtype) for each in zip(normalizations, hidden, strict=True)]
    else:
        how = "partial_fit" if given.incremental else "warm_start"
        weights = _present_weights(estimator, units, X.dtype, how)
        normalization = _present_normalization(estimator, normalizations, how)
    return Call(
        given, first, samples, validation, targets, units, activations, dropout, *weights, normalization, random_state,
        features_of(told),
    )  # fmt: skip


def _dtypes(estimator: Any, first: bool) -> Any:
    """Return what features may be computed in, as `validate_data` takes it: weights that are there keep their dtype."""
    if estimator.dtype is not None:
        return np.dtype(estimator.dtype)
    return (np.float64, np.float32) if first else estimator._weights_dtype()


def _validated(estimator: Any, X: Any, y: Any, dtype: Any, reset: bool) -> tuple[Any, np.ndarray]:
    if not reset and are_plain_samples(X, y, estimator, dtype):
        return X, y
    refuse_dates("X", X)
    if estimator._y_numeric:
        refuse_dates("y", y)
    X, y = validate_data(
        estimator, X, y, accept_sparse="csr", multi_output=True, y_numeric=estimator._y_numeric, dtype=dtype, order="C",
        reset=reset,
    )  # fmt: skip
    if estimator._y_numeric:
        assert_all_finite(y, input_name="y")  # once objects have become numbers, too
    return aligned(X), aligned(y)


def _validation_samples(estimator: Any, validation_data: Any, dtype: np.dtype, targets: Targets) -> Samples | None:
    if validation_data is None:
        return None
    if not isinstance(validation_data, tuple | list) or len(validation_data) not in (2, 3):
        raise ValueError(
            "validation_data must be a tuple (X, y) or (X, y, sample_weight). Got "
            f"{type(validation_data).__name__!r} instead."
        )
    X, y, *weight = validation_data
    with naming("validation_data"):
        X, y = _validated(estimator, X, y, dtype, reset=False)
        return Samples(X, targets.encode(y), checked_sample_weight(weight[0] if weight else None, X, X.dtype))


@contextmanager
def naming(argument: str) -> Iterator[None]:
    """Let errors about what is in an argument name it, if they do not."""
    try:
        yield
    except (TypeError, ValueError) as error:
        if argument in str(error):
            raise
        kind = TypeError if isinstance(error, TypeError) else ValueError
        raise kind(f"{argument}: {error}") from error


Weights = tuple[list[np.ndarray], list[np.ndarray]]


def _draw_weights(
    units: list[int], activations: Sequence[Any], dtype: np.dtype, random_state: np.random.RandomState
) -> Weights:
    """Return first weights by Glorot's rule, drawn as scikit-learn draws them."""
    coefs, intercepts = [], []
    for (inputs, outputs), activation in zip(pairwise(units), activations, strict=True):
        factor = 2.0 if isinstance(activation, str) and activation in ("logistic", "sigmoid") else 6.0
        bound = np.sqrt(factor / (inputs + outputs))
        coefs.append(random_state.uniform(-bound, bound, (inputs, outputs)).astype(dtype))
        intercepts.append(random_state.uniform(-bound, bound, outputs).astype(dtype))
    return coefs, intercepts


def _present_weights(estimator: Any, units: list[int], dtype: np.dtype, how: str) -> Weights:
    """Return the weights that going on begins with; check that they are those of this network."""
    present = [len(estimator.coefs_[0]), *(len(intercept) for intercept in estimator.intercepts_)]
    if present != units:
        raise ValueError(
            f"{how} can only be used with the layers of the previous call to fit: that had {present} units "
            f"(features, hidden layers, outputs), now there are {units}"
        )
    check_layers(estimator.coefs_, estimator.intercepts_, units[0], units[-1])
    stopped_early = getattr(estimator, "best_loss_", np.inf) is None
    if hasattr(estimator, "best_loss_") and estimator.solver != "lbfgs" and stopped_early != estimator.early_stopping:
        raise ValueError(
            f"{how} can only be used with the early_stopping of the previous call to fit, which was {stopped_early}"
        )
    with np.errstate(over="ignore"):
        coefs, intercepts = ([np.asarray(a, dtype) for a in each] for each in (estimator.coefs_, estimator.intercepts_))
    _refuse_not_finite("coefs_ or intercepts_ hold", (*coefs, *intercepts))
    return coefs, intercepts


def _present_normalization(estimator: Any, kinds: list[str | None], how: str) -> list[Values]:
    """Return what the hidden layers are normalized by now; check that it is what the parameters say."""
    *_, present = estimator._present_arrays()
    if kinds_of(present) != kinds:
        raise ValueError(
            f"{how} can only be used with the normalization of the previous call to fit: that was {kinds_of(present)}, "
            f"now it is {kinds}"
        )
    check_values(present, [len(intercept) for intercept in estimator.intercepts_[:-1]])
    _refuse_not_finite("normalization_ holds", [array for values in present if values for array in values.values()])
    return present


def _refuse_not_finite(what: str, arrays: Sequence[np.ndarray]) -> None:
    if not all(np.isfinite(array).all() for array in arrays):
        raise ValueError(f"{what} NaN or infinite values before training begins")
