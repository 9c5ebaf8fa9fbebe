"""What MLPClassifier and MLPRegressor have in common: parameters, initial weights, fit, state."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.model_selection import train_test_split
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, Options, StrOptions
from sklearn.utils.validation import _check_sample_weight, check_is_fitted, validate_data

from .epochs import TrainingData
from .network import Network
from .objectives import Objective
from .solvers import SOLVERS
from .stochastic import StochasticFit

__all__ = ["MultilayerPerceptron", "Targets"]


Weights = tuple[list[np.ndarray], list[np.ndarray]]


@dataclass
class Targets:
    """What is to be learnt.

    Attributes
    ----------
    values : ndarray of shape (samples,) or (samples, outputs)
        As the objective wants them.
    n_outputs : int
        Outputs of the network.
    objective : Objective
    classes : ndarray or None
        The labels of a classifier.
    strata : ndarray of shape (samples, 1) or None
        What a validation set is stratified by.
    """

    values: np.ndarray
    n_outputs: int
    objective: Objective
    classes: np.ndarray | None = None
    strata: np.ndarray | None = None


class MultilayerPerceptron(BaseEstimator, metaclass=ABCMeta):
    """The base class. Subclasses say what targets mean: `_encode_targets` and `_score_outputs`.

    The parameters are those of `MLPClassifier`.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "hidden_layer_sizes": ["array-like", Interval(Integral, 1, None, closed="left")],
        "activation": [StrOptions({"identity", "logistic", "tanh", "relu"})],
        "solver": [StrOptions(set(SOLVERS))],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "batch_size": [StrOptions({"auto"}), Interval(Integral, 1, None, closed="left")],
        "learning_rate": [StrOptions({"constant", "invscaling", "adaptive"})],
        "learning_rate_init": [Interval(Real, 0, None, closed="neither")],
        "power_t": [Interval(Real, 0, None, closed="left")],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "shuffle": ["boolean"],
        "random_state": ["random_state"],
        "tol": [Interval(Real, 0, None, closed="left")],
        "verbose": ["verbose"],
        "warm_start": ["boolean"],
        "momentum": [Interval(Real, 0, 1, closed="both")],
        "nesterovs_momentum": ["boolean"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="left")],
        "beta_1": [Interval(Real, 0, 1, closed="left")],
        "beta_2": [Interval(Real, 0, 1, closed="left")],
        "epsilon": [Interval(Real, 0, None, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left"), Options(Real, {np.inf})],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10,
    ) -> None:
        self.hidden_layer_sizes = hidden_layer_sizes
        self.activation = activation
        self.solver = solver
        self.alpha = alpha
        self.batch_size = batch_size
        self.learning_rate = learning_rate
        self.learning_rate_init = learning_rate_init
        self.power_t = power_t
        self.max_iter = max_iter
        self.shuffle = shuffle
        self.random_state = random_state
        self.tol = tol
        self.verbose = verbose
        self.warm_start = warm_start
        self.momentum = momentum
        self.nesterovs_momentum = nesterovs_momentum
        self.early_stopping = early_stopping
        self.validation_fraction = validation_fraction
        self.beta_1 = beta_1
        self.beta_2 = beta_2
        self.epsilon = epsilon
        self.n_iter_no_change = n_iter_no_change

    # ---- what subclasses say ---------------------------------------------------------------------------------

    _y_numeric: ClassVar[bool]

    @abstractmethod
    def _encode_targets(self, X: np.ndarray, y: np.ndarray, first: bool) -> Targets:
        """Check y and say what is to be learnt. ``first``: not a warm start."""

    @abstractmethod
    def _score_outputs(self, outputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Return the score that early stopping looks at."""

    # ---- fit -------------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The features. float32 is trained in float32, anything else in float64. Sparse matrices are refused.
        y : array-like of shape (n_samples,), or (n_samples, n_outputs) for regression
            The targets: class labels, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad, or if training diverges; the message says in which epoch.
        """
        hidden = self._hidden_units()
        first = not (self.warm_start and hasattr(self, "coefs_"))
        X, y = validate_data(
            self, X, y, multi_output=True, y_numeric=self._y_numeric, dtype=(np.float64, np.float32), order="C",
            reset=first,
        )  # fmt: skip
        if sample_weight is not None:
            sample_weight = _check_sample_weight(sample_weight, X, dtype=X.dtype, ensure_non_negative=True)
            if not sample_weight.any():
                raise ValueError("Sample weights must contain at least one non-zero number.")
        targets = self._encode_targets(X, y, first)
        units = [X.shape[1], *hidden, targets.n_outputs]
        random_state = check_random_state(self.random_state)
        weights = self._draw_weights(units, X.dtype, random_state) if first else self._present_weights(units, X.dtype)
        data, validation = self._split(TrainingData(X, targets.values, sample_weight), targets, random_state)
        if first:
            self._begin(units, targets)
        self.out_activation_ = targets.objective.out_activation
        network = Network(*weights, self.activation, self.out_activation_)
        self._hold(network)
        StochasticFit(self, network, targets.objective, data, validation, random_state).run()
        return self

    def _hidden_units(self) -> list[int]:
        """Return the parameter ``hidden_layer_sizes`` as a list."""
        sizes = self.hidden_layer_sizes
        sizes = [sizes] if isinstance(sizes, Integral) else list(sizes)
        if any(isinstance(size, bool) or not isinstance(size, Integral) for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be integers, got {sizes}.")
        if any(size <= 0 for size in sizes):
            raise ValueError(f"hidden_layer_sizes must be > 0, got {sizes}.")
        return [int(size) for size in sizes]

    def _draw_weights(self, units: list[int], dtype: np.dtype, random_state: np.random.RandomState) -> Weights:
        """Return first weights by Glorot's rule, drawn as scikit-learn draws them."""
        coefs, intercepts = [], []
        factor = 2.0 if self.activation == "logistic" else 6.0
        for inputs, outputs in pairwise(units):
            bound = np.sqrt(factor / (inputs + outputs))
            coefs.append(random_state.uniform(-bound, bound, (inputs, outputs)).astype(dtype))
            intercepts.append(random_state.uniform(-bound, bound, outputs).astype(dtype))
        return coefs, intercepts

    def _present_weights(self, units: list[int], dtype: np.dtype) -> Weights:
        """Return the weights that a warm start begins with; check that they are those of this network."""
        present = [len(self.coefs_[0]), *(len(intercept) for intercept in self.intercepts_)]
        if present != units:
            raise ValueError(
                f"warm_start can only be used with the layers of the previous call to fit: that had {present} units "
                f"(features, hidden layers, outputs), now there are {units}"
            )
        if (self.best_loss_ is None) != bool(self.early_stopping):
            raise ValueError(
                "warm_start can only be used with the early_stopping of the previous call to fit, which was "
                f"{not self.early_stopping}"
            )
        return [coef.astype(dtype) for coef in self.coefs_], [intercept.astype(dtype) for intercept in self.intercepts_]

    def _begin(self, units: list[int], targets: Targets) -> None:
        """Set the attributes with which a first fit begins."""
        if targets.classes is not None:
            self.classes_ = targets.classes
        self.n_layers_ = len(units)
        self.n_outputs_ = units[-1]
        self.n_iter_ = 0
        self.t_ = 0
        self.loss_curve_ = []
        self._no_improvement_count = 0
        self.best_loss_ = None if self.early_stopping else np.inf
        self.validation_scores_ = [] if self.early_stopping else None
        self.best_validation_score_ = -np.inf if self.early_stopping else None

    def _split(
        self, data: TrainingData, targets: Targets, random_state: np.random.RandomState
    ) -> tuple[TrainingData, TrainingData | None]:
        """Return what to train on and, for early stopping, what to validate on: scikit-learn's split."""
        if not self.early_stopping:
            return data, None
        rows, held_out = train_test_split(
            np.arange(data.samples),
            random_state=random_state,
            test_size=self.validation_fraction,
            stratify=targets.strata,
        )
        if len(held_out) < 2:
            raise ValueError(
                "The validation set is too small. Increase 'validation_fraction' or the size of your dataset."
            )
        weight = None if data.sample_weight is None else data.sample_weight[held_out]
        validation = TrainingData(data.X[held_out], data.targets[held_out], weight)
        data.rows = rows
        return data, validation

    # ---- the fitted network ----------------------------------------------------------------------------------

    def _hold(self, network: Network) -> None:
        """Keep a network; ``coefs_`` and ``intercepts_`` become its own memory."""
        self._network = network
        self.coefs_, self.intercepts_ = list(network.coefs), list(network.intercepts)

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs for features, shape (n_samples, n_outputs_)."""
        check_is_fitted(self)
        X = validate_data(self, X, reset=False)
        self._network.load(self.coefs_, self.intercepts_)
        return self._network.predict(X)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is bound to memory: it is made again from the weights."""
        return {name: value for name, value in super().__getstate__().items() if name != "_network"}

    def __setstate__(self, state: dict[str, Any]) -> None:
        super().__setstate__(state)
        if hasattr(self, "coefs_"):
            self._hold(Network(self.coefs_, self.intercepts_, self.activation, self.out_activation_))
