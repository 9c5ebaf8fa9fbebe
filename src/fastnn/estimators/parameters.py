"""The parameters of the estimators: what they may be, and what they mean for a network of a given depth."""

from __future__ import annotations

from collections.abc import Sequence
from numbers import Integral, Real
from typing import Any

import numpy as np
from sklearn.utils._param_validation import Interval, Options, StrOptions

from .solvers import STOCHASTIC

__all__ = ["CONSTRAINTS", "hidden_units", "keep_parameters"]

_POSITIVE_INTEGER = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")

#: What scikit-learn's validation of parameters is told, for the parameters that all estimators have.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _POSITIVE_INTEGER],
    "activation": [StrOptions({"identity", "logistic", "tanh", "relu"})],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _POSITIVE_INTEGER],
    "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
    "learning_rate_init": [_POSITIVE],
    "power_t": [_NOT_NEGATIVE],
    "max_iter": [_POSITIVE_INTEGER],
    "shuffle": ["boolean"],
    "random_state": ["random_state"],
    "tol": [_NOT_NEGATIVE],
    "verbose": ["verbose"],
    "warm_start": ["boolean"],
    "momentum": [Interval(Real, 0, 1, closed="both")],
    "nesterovs_momentum": ["boolean"],
    "early_stopping": ["boolean"],
    "validation_fraction": [Interval(Real, 0, 1, closed="left")],
    "beta_1": [Interval(Real, 0, 1, closed="left")],
    "beta_2": [Interval(Real, 0, 1, closed="left")],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_POSITIVE_INTEGER, Options(Real, {np.inf})],
    "max_fun": [_POSITIVE_INTEGER],
}


def keep_parameters(estimator: object, given: dict[str, Any]) -> None:
    """Set the attributes of the parameters of ``__init__``, from its ``locals()``."""
    vars(estimator).update({name: value for name, value in given.items() if name != "self"})


def hidden_units(sizes: int | Sequence[int]) -> list[int]:
    """Return the parameter ``hidden_layer_sizes`` as a list."""
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if any(isinstance(size, bool) or not isinstance(size, Integral) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]
