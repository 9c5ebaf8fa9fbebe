"""MLPClassifier."""

from __future__ import annotations

from typing import Any, ClassVar

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .base import MultilayerPerceptron, Targets
from .docs import documented
from .labels import Labels

__all__ = ["MLPClassifier"]


@documented
class MLPClassifier(ClassifierMixin, MultilayerPerceptron):
    """Multi-layer perceptron classifier, with scikit-learn's parameters and results.

    Minimizes the log-loss by stochastic gradient descent. Two classes have one sigmoid output, more have a softmax.

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

    Targets with several labels a sample, sparse features, ``solver='lbfgs'`` and ``partial_fit`` are not supported.

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

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The features.

        Returns
        -------
        y : ndarray of shape (n_samples,)
            Class labels.
        """
        outputs = self._outputs(X)
        return self.classes_[self._labels.numbers(outputs)]

    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
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
        X : array-like of shape (n_samples, n_features)
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
        return Labels(self.classes_)

    def _encode_targets(self, X: np.ndarray, y: np.ndarray, first: bool) -> Targets:
        if type_of_target(y, input_name="y").startswith("multilabel"):
            raise ValueError(
                "y holds several labels a sample (multilabel), which MLPClassifier does not support; "
                "sklearn.multioutput.MultiOutputClassifier fits one classifier a label"
            )
        check_classification_targets(y)
        y = column_or_1d(y, warn=True)
        classes = np.unique(y)
        if not first and not np.array_equal(classes, self.classes_):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {self.classes_}, `y` has {classes}"
            )
        labels = Labels(classes)
        values = labels.encode(y)
        # As scikit-learn, which stratifies where there is one output.
        strata = values.astype(bool) if labels.n_outputs == 1 else None
        return Targets(values, labels.n_outputs, labels.objective, classes, strata)

    def _score_outputs(self, outputs: np.ndarray, targets: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Return the accuracy."""
        return float(np.average(self._labels.numbers(outputs) == targets.reshape(-1), weights=sample_weight))
