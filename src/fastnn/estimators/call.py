"""One call of `fit` or `partial_fit`: what was given, and what the checks made of it."""

from __future__ import annotations

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from sklearn.utils import check_random_state
from sklearn.utils.validation import _check_sample_weight, validate_data

from .data import TrainingData
from .parameters import hidden_units
from .targets import Targets

__all__ = ["Call", "Given", "check_call"]


@dataclass(frozen=True)
class Given:
    """The arguments of `fit` or `partial_fit`.

    Attributes
    ----------
    X, y, sample_weight : object
        As the user gave them.
    incremental : bool
        Whether this is `partial_fit`.
    classes : object
        Its argument of that name.
    """

    X: Any
    y: Any
    sample_weight: Any = None
    incremental: bool = False
    classes: Any = None


@dataclass
class Call:
    """Everything that training begins with; nothing of the estimator has been changed yet.

    Attributes
    ----------
    given : Given
    first : bool
        Whether training begins anew, not from the present weights.
    data : TrainingData
    targets : Targets
    units : list of int
        Features, units of the hidden layers, outputs.
    coefs, intercepts : list of ndarray
        The weights to begin with.
    random_state : numpy.random.RandomState
        The first weights have been drawn from it.
    """

    given: Given
    first: bool
    data: TrainingData
    targets: Targets
    units: list[int]
    coefs: list[np.ndarray]
    intercepts: list[np.ndarray]
    random_state: np.random.RandomState

    @property
    def dtype(self) -> np.dtype:
        """What is computed in."""
        return self.data.X.dtype


def check_call(estimator: Any, given: Given) -> Call:
    """Check parameters and data of a call and draw the first weights; errors leave the estimator as it was."""
    hidden = hidden_units(estimator.hidden_layer_sizes)
    if given.incremental and estimator.early_stopping:
        raise ValueError("partial_fit does not support early_stopping=True")
    first = not ((given.incremental or estimator.warm_start) and hasattr(estimator, "coefs_"))
    X, y = validate_data(
        estimator, given.X, given.y, accept_sparse="csr", multi_output=True, y_numeric=estimator._y_numeric,
        dtype=(np.float64, np.float32), order="C", reset=first,
    )  # fmt: skip
    targets = estimator._encode_targets(y, X.dtype, first, given)
    data = TrainingData(X, targets.values, _checked_weights(given.sample_weight, X))
    units = [X.shape[1], *hidden, targets.n_outputs]
    random_state = check_random_state(estimator.random_state)
    if first:
        weights = _draw_weights(units, estimator.activation, X.dtype, random_state)
    else:
        weights = _present_weights(estimator, units, X.dtype)
    return Call(given, first, data, targets, units, *weights, random_state)


def _checked_weights(sample_weight: Any, X: Any) -> np.ndarray | None:
    if sample_weight is None:
        return None
    sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
    if not sample_weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return sample_weight


Weights = tuple[list[np.ndarray], list[np.ndarray]]


def _draw_weights(units: list[int], activation: str, dtype: np.dtype, random_state: np.random.RandomState) -> Weights:
    """Return first weights by Glorot's rule, drawn as scikit-learn draws them."""
    coefs, intercepts = [], []
    factor = 2.0 if activation == "logistic" else 6.0
    for inputs, outputs in pairwise(units):
        bound = np.sqrt(factor / (inputs + outputs))
        coefs.append(random_state.uniform(-bound, bound, (inputs, outputs)).astype(dtype))
        intercepts.append(random_state.uniform(-bound, bound, outputs).astype(dtype))
    return coefs, intercepts


def _present_weights(estimator: Any, units: list[int], dtype: np.dtype) -> Weights:
    """Return the weights that a warm start begins with; check that they are those of this network."""
    present = [len(estimator.coefs_[0]), *(len(intercept) for intercept in estimator.intercepts_)]
    if present != units:
        raise ValueError(
            f"warm_start can only be used with the layers of the previous call to fit: that had {present} units "
            f"(features, hidden layers, outputs), now there are {units}"
        )
    stopped_early = getattr(estimator, "best_loss_", np.inf) is None
    if hasattr(estimator, "best_loss_") and estimator.solver != "lbfgs" and stopped_early != estimator.early_stopping:
        raise ValueError(
            "warm_start can only be used with the early_stopping of the previous call to fit, which was "
            f"{stopped_early}"
        )
    return (
        [np.asarray(coef, dtype) for coef in estimator.coefs_],
        [np.asarray(intercept, dtype) for intercept in estimator.intercepts_],
    )
