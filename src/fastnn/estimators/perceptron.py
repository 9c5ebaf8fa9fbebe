"""Perceptron."""

from __future__ import annotations

import warnings
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from joblib import effective_n_jobs
from scipy import sparse
from sklearn.base import BaseEstimator, _fit_context
from sklearn.exceptions import ConvergenceWarning
from sklearn.linear_model._base import LinearClassifierMixin, SparseCoefMixin
from sklearn.model_selection import StratifiedShuffleSplit
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.class_weight import compute_class_weight
from sklearn.utils.parallel import Parallel, delayed
from sklearn.utils.validation import _check_sample_weight, validate_data

from .features import aligned, features_of, note_features, refuse_dates, twin
from .labels import classes_of_partial_fit, present_classes
from .parameters import keep_parameters, validated
from .perceptron_passes import Line, Passes
from .weights import refuse_balanced

__all__ = ["Perceptron"]

_SEEDS = np.iinfo(np.int32).max


class Perceptron(LinearClassifierMixin, SparseCoefMixin, BaseEstimator):
    """Linear perceptron classifier, with scikit-learn's parameters and results.

    Rosenblatt's rule: samples are looked at one after the other, and each that is on the wrong side of the line moves
    the line by ``eta0`` times itself. More than two classes are separated one against the others.

    Parameters
    ----------
    penalty : {'l2', 'l1', 'elasticnet'}, default=None
        The penalty on the weights.
    alpha : float, default=0.0001
        Strength of the penalty.
    l1_ratio : float, default=0.15
        The share of 'l1' in penalty='elasticnet'.
    fit_intercept : bool, default=True
        Whether the line may pass beside the origin.
    max_iter : int, default=1000
        The largest number of passes over the data in `fit`. A `ConvergenceWarning` tells that it was reached.
    tol : float or None, default=1e-3
        Passes end when the mean loss (with early stopping: the score) has not got better by at least ``tol`` for
        ``n_iter_no_change`` of them in a row. None: never.
    shuffle : bool, default=True
        Whether each pass sees the samples in a new order.
    verbose : int, default=0
        Whether to print what each pass has come to.
    eta0 : float, default=1.0
        The length of steps.
    n_jobs : int, default=None
        How many threads separate classes at the same time, where there are more than two. None is 1, or what a joblib
        context says.
    random_state : int, RandomState instance or None, default=0
        Determines the order of samples and the validation set.
    early_stopping : bool, default=False
        Whether to hold out ``validation_fraction`` of the samples, stratified, and to stop by the accuracy on them.
    validation_fraction : float, default=0.1
        The share of samples that is held out.
    n_iter_no_change : int, default=5
        How many passes in a row may not get better.
    class_weight : dict or 'balanced', default=None
        Factors of the steps by label (1 where not named); 'balanced': inversely proportional to how often a class
        occurs.
    warm_start : bool, default=False
        Whether `fit` starts from the line of the previous call.

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    coef_ : ndarray of shape (1, n_features) or (n_classes, n_features)
        The weights of the features; one row for two classes.
    intercept_ : ndarray of shape (1,) or (n_classes,)
        The constants of the decision function.
    n_iter_ : int
        How many passes the last `fit` or `partial_fit` took; the most of all classes.
    t_ : float
        1 and how many samples were looked at since the last `fit`.
    n_features_in_ : int
        How many features `fit` saw.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.

    See Also
    --------
    MLPClassifier : Networks with hidden layers, for what no line separates.

    Notes
    -----
    From the same ``random_state`` the order of samples and the validation set are those of
    `sklearn.linear_model.Perceptron`, so that the results agree up to rounding.

    References
    ----------
    Rosenblatt, "The perceptron: a probabilistic model for information storage and organization in the brain",
    Psychological Review 65, 1958.

    Tsuruoka, Tsujii and Ananiadou, "Stochastic gradient descent training for L1-regularized log-linear models with
    cumulative penalty", ACL 2009.

    Examples
    --------
    >>> from fastnn import Perceptron
    >>> X = [[0, 0], [0, 1], [1, 0], [1, 1]]
    >>> Perceptron(tol=1e-3, random_state=10).fit(X, [0, 0, 0, 1]).predict(X)
    array([0, 0, 0, 1])
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "penalty": [StrOptions({"l2", "l1", "elasticnet"}), None],
        "alpha": [Interval(Real, 0, None, closed="left")],
        "l1_ratio": [Interval(Real, 0, 1, closed="both")],
        "fit_intercept": ["boolean"],
        "max_iter": [Interval(Integral, 1, None, closed="left")],
        "tol": [Interval(Real, 0, None, closed="left"), None],
        "shuffle": ["boolean"],
        "verbose": ["verbose"],
        "eta0": [Interval(Real, 0, None, closed="neither")],
        "n_jobs": [Integral, None],
        "random_state": ["random_state"],
        "early_stopping": ["boolean"],
        "validation_fraction": [Interval(Real, 0, 1, closed="neither")],
        "n_iter_no_change": [Interval(Integral, 1, None, closed="left")],
        "class_weight": [StrOptions({"balanced"}), dict, None],
        "warm_start": ["boolean"],
    }

    def __init__(
        self,
        *,
        penalty: str | None = None,
        alpha: float = 0.0001,
        l1_ratio: float = 0.15,
        fit_intercept: bool = True,
        max_iter: int = 1000,
        tol: float | None = 1e-3,
        shuffle: bool = True,
        verbose: int = 0,
        eta0: float = 1.0,
        n_jobs: int | None = None,
        random_state: int | np.random.RandomState | None = 0,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        n_iter_no_change: int = 5,
        class_weight: dict[Any, float] | str | None = None,
        warm_start: bool = False,
    ) -> None:
        keep_parameters(self, locals())

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, coef_init: Any = None, intercept_init: Any = None, sample_weight: Any = None) -> Self:
        """Find the line.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The features. float32 is trained in float32, anything else in float64.
        y : array-like of shape (n_samples,)
            The class labels.
        coef_init : array-like of shape (n_classes, n_features), default=None
            Where to start; one row for two classes.
        intercept_init : array-like of shape (n_classes,), default=None
            Where to start.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the steps, multiplied with those of the classes.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad, or weights overflow; the estimator is as it was then.
        """
        told = twin(self)
        X, y = told._check_data(X, y, reset=True)
        classes = present_classes(y)
        warm = self.warm_start and hasattr(self, "coef_")
        coef = self.coef_ if warm and coef_init is None else coef_init
        intercept = self.intercept_ if warm and intercept_init is None else intercept_init
        self._train(X, y, classes, coef, intercept, sample_weight, self.max_iter, 1.0)
        note_features(self, features_of(told))
        if self.tol is not None and self.n_iter_ == self.max_iter:
            warnings.warn(
                "Maximum number of iteration reached before convergence. Consider increasing max_iter to improve the "
                "fit.",
                ConvergenceWarning,
                stacklevel=2,
            )
        return self

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Go over some samples once.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,)
            The class labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come; needed by the first call.
        sample_weight : array-like of shape (n_samples,), default=None
            Factors of the steps, multiplied with those of the classes.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad; of the first call, with ``early_stopping`` and class_weight='balanced', too.
        """
        first = not hasattr(self, "classes_")
        if first:  # scikit-learn's rule: what has been fitted may go on
            if self.early_stopping:
                raise ValueError("early_stopping should be False with partial_fit")
            refuse_balanced(self.class_weight)
        told = twin(self)
        X, y = told._check_data(X, y, reset=first)
        classes = classes_of_partial_fit(getattr(self, "classes_", None), classes)
        line = (getattr(self, "coef_", None), getattr(self, "intercept_", None))
        self._train(X, y, classes, *line, sample_weight, 1, getattr(self, "t_", 1.0))
        note_features(self, features_of(told))
        return self

    def _check_data(self, X: Any, y: Any, reset: bool) -> tuple[Any, np.ndarray]:
        refuse_dates("X", X)
        X, y = validate_data(
            self, X, y, accept_sparse="csr", dtype=[np.float64, np.float32], order="C", accept_large_sparse=False,
            reset=reset,
        )  # fmt: skip
        return aligned(X), y

    def _train(
        self, X: Any, y: np.ndarray, classes: np.ndarray, coef: Any, intercept: Any, sample_weight: Any, limit: int,
        t: float,
    ) -> None:  # fmt: skip
        """Find a line for each class, or one for two, and set the attributes."""
        counted = y if self.class_weight == "balanced" else np.unique(y)
        by_class = compute_class_weight(self.class_weight, classes=classes, y=counted)
        weight = _check_sample_weight(sample_weight, X, dtype=X.dtype)
        if len(classes) < 2:
            raise ValueError(f"The number of classes has to be greater than one; got {len(classes)} class")
        lines = self._lines(len(classes), X, coef, intercept)
        passes = self._passes(X, y, classes, by_class, weight, lines)
        found = self._run(passes, limit)
        self.classes_ = classes
        self.coef_ = np.stack([line.coef for line in found])
        self.intercept_ = np.array([line.intercept for line in found], X.dtype)
        self.n_iter_ = max(line.passes for line in found)
        self.t_ = t + self.n_iter_ * X.shape[0]

    def _lines(self, n_classes: int, X: Any, coef: Any, intercept: Any) -> list[Line]:
        """Return the lines to start from."""
        count = n_classes if n_classes > 2 else 1
        given = {"coef_init": (coef, (count, X.shape[1])), "intercept_init": (intercept, (count,))}
        values = []
        for name, (value, shape) in given.items():
            value = value.toarray() if sparse.issparse(value) else value  # of `sparsify`
            array = np.zeros(shape, X.dtype) if value is None else np.asarray(value, X.dtype)
            if array.size != np.prod(shape) or (count > 1 and array.shape != shape):
                raise ValueError(f"Provided {name} does not match dataset: its shape is {array.shape}, not {shape}.")
            values.append(array.reshape(shape))
        return [Line(row, float(constant)) for row, constant in zip(*values, strict=True)]

    def _passes(
        self, X: Any, y: np.ndarray, classes: np.ndarray, by_class: np.ndarray, weight: np.ndarray, lines: list[Line]
    ) -> list[Passes]:
        """Return what is to be run: for two classes the second against the first, else each against the others."""
        if len(classes) == 2:
            random_state = check_random_state(self.random_state)
            random_state.randint(1, _SEEDS)  # scikit-learn draws it, and does not use it here
            held_out = self._held_out(y, weight)
            seeds, positive, others = [random_state.randint(_SEEDS)], [1], [by_class[0]]
        else:
            held_out = self._held_out(y, weight)
            drawn = check_random_state(self.random_state).randint(_SEEDS, size=len(classes))
            seeds = _second_draws(drawn)
            positive, others = range(len(classes)), np.ones(len(classes))
        found = []
        for k, line, seed, other in zip(positive, lines, seeds, others, strict=True):
            signs = np.where(y == classes[k], 1, -1).astype(X.dtype)
            factors = np.where(signs > 0, by_class[k], other)
            found.append(Passes(self, X, signs, weight, factors, line, held_out, seed))
        return found

    def _run(self, passes: list[Passes], limit: int) -> list[Line]:
        """Return the lines that are found; joblib, which takes its time, is asked where it has something to do."""
        if len(passes) == 1 or (effective_n_jobs(self.n_jobs) == 1 and not self.verbose):
            return [each.run(limit) for each in passes]
        jobs = (delayed(each.run)(limit) for each in passes)
        return Parallel(n_jobs=self.n_jobs, verbose=self.verbose, require="sharedmem")(jobs)

    def _held_out(self, y: np.ndarray, weight: np.ndarray) -> np.ndarray | None:
        """Return which rows are held out for early stopping: scikit-learn's split."""
        if not self.early_stopping:
            return None
        splitter = StratifiedShuffleSplit(test_size=self.validation_fraction, random_state=self.random_state)
        _, rows = next(splitter.split(np.zeros((len(y), 1)), y))
        if not (weight[rows] > 0).any():
            raise ValueError(
                "The sample weights for validation set are all zero, consider using a different random state."
            )
        held_out = np.zeros(len(y), bool)
        held_out[rows] = True
        return held_out

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags


def _second_draws(seeds: np.ndarray) -> list[int]:
    random_state, found = np.random.RandomState(), []  # made once: making one takes longer than all else here
    for seed in seeds:
        random_state.seed(seed)
        random_state.randint(1, _SEEDS)
        found.append(random_state.randint(_SEEDS))
    return found
