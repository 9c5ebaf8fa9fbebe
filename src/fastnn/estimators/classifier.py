"""MLPClassifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin, _fit_context
from sklearn.utils.metaestimators import available_if

from .base import MultilayerPerceptron, has_partial_fit
from .call import Given
from .docs import documented
from .labels import Labels, labels_for
from .objectives import CLASSIFICATION
from .parameters import keep_parameters
from .targets import Targets

__all__ = ["MLPClassifier"]


@documented
class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    """Multi-layer perceptron classifier, with scikit-learn's parameters and results.

    Minimizes the log-loss by stochastic gradient descent or L-BFGS. Two classes have one sigmoid output, more have a
    softmax; where y holds indicators of several labels a sample, each label has a sigmoid.

    Parameters
    ----------
    [parameters]

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels.
    [attributes]

    See Also
    --------
    MLPRegressor : Multi-layer perceptron regressor.

    Notes
    -----
    From the same ``random_state`` the first weights, the order of samples and the validation set are those of
    `sklearn.neural_network.MLPClassifier`, so that the results agree up to rounding.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.

    Kingma and Ba, "Adam: A method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from fastnn import MLPClassifier
    >>> from sklearn.datasets import make_classification
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = make_classification(n_samples=100, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, stratify=y, random_state=1)
    >>> clf = MLPClassifier(random_state=1, max_iter=300).fit(X_train, y_train)
    >>> clf.predict(X_test[:5, :])
    array([1, 0, 1, 0, 1])
    >>> clf.score(X_test, y_test)
    0.8...
    """

    _y_numeric: ClassVar[bool] = False

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
        max_fun: int = 15000,
    ) -> None:
        keep_parameters(self, locals())

    @available_if(has_partial_fit)
    @_fit_context(prefer_skip_nested_validation=True)
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None) -> Self:
        """Train for one epoch, going on from the present weights and the optimizer's state.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_classes)
            The class labels; not all classes need occur.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        classes : array-like of shape (n_classes,), default=None
            All classes that will ever occur. Needed in the first call, and the same or None in later ones.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad, y has labels that are not in ``classes``, or training diverges.
        AttributeError
            If the solver is 'lbfgs', which has no epochs.
        """
        return self._train(Given(X, y, sample_weight, incremental=True, classes=classes))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each sample, or its labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Class labels; where the estimator was fitted on indicators of several labels a sample, such indicators.
        """
        outputs = self._outputs(X)
        return self._labels.decode(outputs)

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.

        Returns
        -------
        y_prob : ndarray of shape (n_samples, n_classes)
            Probabilities, the classes in the order of ``classes_``.
        """
        outputs = self._outputs(X)
        return self._labels.probabilities(outputs)

    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.

        Returns
        -------
        log_y_prob : ndarray of shape (n_samples, n_classes)
            ``log(predict_proba(X))``; minus infinity where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))

    @property
    def _labels(self) -> Labels:
        return Labels(self.classes_, getattr(self, "_multilabel", False))

    def _encode_targets(self, y: np.ndarray, dtype: np.dtype, first: bool, given: Given) -> Targets:
        labels, y = labels_for(self, y, first, given)
        values = labels.encode(y)
        # As scikit-learn, which stratifies where there is one output.
        strata = values.astype(bool) if labels.kind == "binary" else None
        fitted = {"classes_": labels.classes, "_multilabel": labels.kind == "multilabel"}
        return Targets(values, labels.n_outputs, CLASSIFICATION[labels.kind], fitted, strata)

    def _score_outputs(self, outputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Return the accuracy: of several labels all must be right."""
        right = self._labels.decided(outputs) == targets
        return float(np.average(right.reshape(len(right), -1).all(axis=1), weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
