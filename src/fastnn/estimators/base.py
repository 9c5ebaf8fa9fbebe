"""What MLPClassifier and MLPRegressor have in common: fit, partial_fit, outputs."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils.validation import check_is_fitted

from .. import threads
from .call import Given, check_call
from .features import checked_rows
from .lbfgs import fit_lbfgs
from .parameters import CONSTRAINTS, threads_for
from .solvers import STOCHASTIC
from .state import FittedState
from .stochastic import fit_stochastic
from .targets import Targets
from .tasks import CallbackSupportMixin

__all__ = ["MultilayerPerceptron", "has_partial_fit"]


def has_partial_fit(estimator: Any) -> bool:
    """Tell scikit-learn's `available_if` whether an estimator trains by epochs; raise AttributeError if not."""
    if estimator.solver not in STOCHASTIC:
        raise AttributeError(
            f"partial_fit is only available for stochastic optimizers. {estimator.solver} is not stochastic."
        )
    return True


class MultilayerPerceptron(CallbackSupportMixin, FittedState, BaseEstimator, metaclass=ABCMeta):
    """The base class. Subclasses say what targets mean: `_targets` and `_score_outputs`.

    The parameters are those of `MLPClassifier`.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = CONSTRAINTS

    # ---- what subclasses say ---------------------------------------------------------------------------------

    _y_numeric: ClassVar[bool]

    @abstractmethod
    def _targets(self, y: np.ndarray, dtype: np.dtype, first: bool, given: Given) -> Targets:
        """Check y and say what is to be learnt.

        Parameters
        ----------
        y : ndarray
        dtype : numpy.dtype
            What is computed in.
        first : bool
            Whether training begins anew, not from the present weights.
        given : Given
            The arguments of the call.
        """

    @abstractmethod
    def _score_outputs(self, outputs: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Return the score that early stopping looks at, unless ``scoring`` says otherwise."""

    # ---- fit -------------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None) -> Self:
        """Train the network.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features. float32 is trained in float32, anything else in float64, unless ``dtype`` says otherwise. Of
            sparse ones only the elements are computed with, unless a dense copy is small or a tenth of it would be
            filled.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets: class labels, or indicators of several labels a sample, or numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        validation_data : tuple (X, y) or (X, y, sample_weight), default=None
            Samples whose score and loss are noted after each epoch; with ``early_stopping`` they decide, and nothing is
            held out. Not for solver='lbfgs'.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad, or if training diverges; the message says in which epoch.
        """
        return self._train(Given(X, y, sample_weight, validation_data))

    def _train(self, given: Given) -> Self:
        with threads.limited(threads_for(self.n_jobs)):
            call = check_call(self, given)
            (fit_lbfgs if self.solver == "lbfgs" else fit_stochastic)(self, call)
        return self

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the network's outputs for features, shape (n_samples, n_outputs_)."""
        check_is_fitted(self)
        X = checked_rows(self, X, accept_sparse=True)
        with threads.limited(threads_for(self.n_jobs)):
            return self._fitted_network().predict(X)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
