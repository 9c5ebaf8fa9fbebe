"""The parameters of the estimators: what they may be, and what they mean for a network of a given depth."""

from __future__ import annotations

import inspect
import multiprocessing
import threading
from collections.abc import Callable, Sequence
from functools import wraps
from numbers import Integral, Real
from operator import is_not
from typing import Any

import numpy as np
from joblib import effective_n_jobs
from joblib.parallel import get_active_backend
from sklearn import get_config
from sklearn.base import _fit_context
from sklearn.metrics import get_scorer_names
from sklearn.utils._param_validation import Interval, Options, StrOptions

from .. import losses, optimizers
from ..layers import Layer
from .network import ACTIVATIONS
from .normalization import KINDS
from .solvers import CLIPPING, STOCHASTIC

__all__ = [
    "CONSTRAINTS",
    "LOSSES",
    "dropout_rates",
    "hidden_activations",
    "hidden_normalizations",
    "hidden_units",
    "keep_parameters",
    "refuse_layer",
    "refuse_stochastic_parameters",
    "threads_for",
    "validated",
]

_POSITIVE_INTEGER = Interval(Integral, 1, None, closed="left")
_NOT_NEGATIVE = Interval(Real, 0, None, closed="left")
_POSITIVE = Interval(Real, 0, None, closed="neither")
_SHARE = Interval(Real, 0, 1, closed="left")
_NORMALIZATION = StrOptions(set(KINDS))
_ACTIVATION = [StrOptions({*ACTIVATIONS}), callable]

#: What the parameter ``loss`` may be beside an estimator's own names.
LOSSES = (
    {name for name, loss in losses.REGISTRY.by_name.items() if loss is not losses.LossFunctionWrapper},
    [losses.Loss, callable],
)

#: What scikit-learn's validation of parameters is told, for the parameters that all estimators have.
CONSTRAINTS: dict[str, list[Any]] = {
    "hidden_layer_sizes": ["array-like", _POSITIVE_INTEGER],
    "activation": [*_ACTIVATION, "array-like"],
    "solver": [StrOptions({"lbfgs", *STOCHASTIC})],
    "alpha": [_NOT_NEGATIVE],
    "batch_size": [StrOptions({"auto"}), _POSITIVE_INTEGER],
    "learning_rate": [
        StrOptions({"constant", "invscaling", "adaptive"}),
        optimizers.schedules.LearningRateSchedule,
    ],
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
    "validation_fraction": [_SHARE],
    "beta_1": [_SHARE],
    "beta_2": [_SHARE],
    "epsilon": [_POSITIVE],
    "n_iter_no_change": [_POSITIVE_INTEGER, Options(Real, {np.inf})],
    "max_fun": [_POSITIVE_INTEGER],
    # ---- what scikit-learn does not have
    "output_activation": [*_ACTIVATION, None],
    "dropout": [_SHARE, "array-like"],
    "normalization": [_NORMALIZATION, "array-like", None],
    "l1": [_NOT_NEGATIVE],
    "optimizer": [
        StrOptions({*optimizers.REGISTRY.by_name, *(name.lower() for name in optimizers.REGISTRY.by_name)}),
        optimizers.Optimizer,
        None,
    ],
    **{name: [_POSITIVE, None] for name in CLIPPING},
    "scoring": [StrOptions({"loss", *get_scorer_names()}), callable, None],
    "warm_start_optimizer": ["boolean"],
    "dtype": [
        StrOptions({"float32", "float64"}),
        Options(type, {np.float32, np.float64}),
        Options(np.dtype, {np.dtype("float32"), np.dtype("float64")}),
        None,
    ],
    "n_jobs": [Integral, None],
}


def keep_parameters(estimator: object, given: dict[str, Any]) -> None:
    """Set the attributes of the parameters of ``__init__``, from its ``locals()``."""
    vars(estimator).update({name: value for name, value in given.items() if name != "self"})


def validated(partial_fit: Callable[..., Any]) -> Callable[..., Any]:
    """Decorate a method as scikit-learn's ``_fit_context`` does, but validate parameters not in the first call only."""
    fit = _fit_context(prefer_skip_nested_validation=True)(partial_fit)

    @wraps(partial_fit)
    def validating(estimator: Any, *args: Any, **kwargs: Any) -> Any:
        values = [getattr(estimator, name) for name in estimator._parameter_constraints]
        good = vars(estimator).get("_good")
        if (good is None or any(map(is_not, values, good))) and not get_config()["skip_parameter_validation"]:
            estimator._validate_params()
        fitted = fit(estimator, *args, **kwargs)
        estimator._good = values  # of the same ones further calls take no time
        return fitted

    return validating


def hidden_units(sizes: int | Sequence[int]) -> list[int]:
    """Return the parameter ``hidden_layer_sizes`` as a list."""
    _refuse_no_list("hidden_layer_sizes", sizes, isinstance(sizes, Integral))
    sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
    if any(isinstance(size, bool) or not isinstance(size, Integral) for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be integers, got {sizes}.")
    if any(size <= 0 for size in sizes):
        raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
    return [int(size) for size in sizes]


def hidden_activations(activation: Any, layers: int) -> list[Any]:
    """Return the parameter ``activation`` as a list, one for each hidden layer."""
    each = _one_a_layer("activation", activation, layers, _ACTIVATION, isinstance(activation, str | np.str_))
    for one in each:
        refuse_layer("activation", one)
    return each


def refuse_layer(name: str, activation: Any) -> None:
    """Raise where an activation is a layer with weights, or one that is another in training: it would be neither."""
    if isinstance(activation, type) and issubclass(activation, Layer):
        raise ValueError(f"{name} must be a name or a function of a tensor, got the class {activation.__name__}")
    if not isinstance(activation, Layer):
        return
    trained = type(activation).build is not Layer.build
    if trained or "training" in inspect.signature(activation.call).parameters:
        raise ValueError(
            f"{name} must be a name, a function of a tensor, or a layer without weights that does the same in "
            f"training, got {activation!r}: see also the parameters dropout and normalization"
        )


def dropout_rates(dropout: Any, layers: int) -> list[float]:
    """Return the parameter ``dropout`` as a list, one for each hidden layer."""
    return [float(rate) for rate in _one_a_layer("dropout", dropout, layers, [_SHARE], isinstance(dropout, Real))]


def hidden_normalizations(normalization: Any, layers: int) -> list[str | None]:
    """Return the parameter ``normalization`` as a list, one for each hidden layer."""
    single = normalization is None or isinstance(normalization, str | np.str_)
    return _one_a_layer("normalization", normalization, layers, [_NORMALIZATION, Options(type(None), {None})], single)


def _one_a_layer(name: str, value: Any, layers: int, constraints: list[Any], single: bool) -> list[Any]:
    single = single or callable(value)
    _refuse_no_list(name, value, single)
    if single:
        return [value] * layers
    values = list(value)
    if len(values) != layers:
        raise ValueError(
            f"{name} must be one value, or one for each of the {layers} hidden layers. Got {len(values)}: {values}."
        )
    for i, each in enumerate(values):
        satisfied = (callable(each) if c is callable else c.is_satisfied_by(each) for c in constraints)
        if not any(satisfied):
            wanted = " or ".join("a callable" if c is callable else str(c) for c in constraints)
            raise ValueError(f"The element {i} of the '{name}' parameter must be {wanted}. Got {each!r} instead.")
    return values


def _refuse_no_list(name: str, value: Any, single: bool) -> None:
    """Raise where a parameter is neither one value nor a list: scikit-learn takes arrays without axes for lists."""
    if not single and (isinstance(value, dict | set) or not np.iterable(value)):
        raise ValueError(f"{name} must be one value, or a list with one for each hidden layer. Got {value!r} instead.")


def refuse_stochastic_parameters(estimator: Any, normalization: Sequence[str | None], validated: bool) -> None:
    """Raise where solver='lbfgs' was given what only stochastic solvers can do."""
    given = {name: getattr(estimator, name) for name in ("optimizer", *CLIPPING, "scoring")}
    schedule = not isinstance(estimator.learning_rate, str)
    given["learning_rate"] = estimator.learning_rate if schedule else None
    given["warm_start_optimizer"] = estimator.warm_start_optimizer or None
    given["dropout"] = estimator.dropout if np.any(estimator.dropout) else None
    given["normalization"] = estimator.normalization if any(normalization) else None
    given["validation_data"] = "..." if validated else None
    wrong = [f"{name}={value!r}" for name, value in given.items() if value is not None]
    if estimator.solver == "lbfgs" and wrong:
        raise ValueError(f"solver='lbfgs' sees all samples at each step, and cannot be used with {', '.join(wrong)}.")


def threads_for(n_jobs: int | None) -> int:
    """Return how many threads the parameter ``n_jobs`` grants; 0: as many as are set.

    None in a worker of joblib's, a thread or a process of multiprocessing, is 1, so that parallel fits do not compete
    for the same cores. (To loky's processes joblib says by environment variables how many threads there are.)
    """
    if n_jobs is None:
        nested = get_active_backend()[0].nesting_level > 0
        forked = multiprocessing.current_process().daemon
        return 1 if nested and (forked or threading.current_thread() is not threading.main_thread()) else 0
    return effective_n_jobs(n_jobs)
