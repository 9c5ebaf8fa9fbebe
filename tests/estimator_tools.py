"""Problems that the tests of estimators share, and scikit-learn's estimator of the same name as the oracle."""

import numpy as np
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.datasets import make_classification, make_regression


def oracle(estimator):
    return getattr(neural_network, estimator.__name__)


def problem(estimator, n=60, features=7, classes=3, outputs=1, dtype="float64"):
    if is_classifier(estimator()):
        X, y = make_classification(n, features, n_informative=5, n_classes=classes, random_state=0)
        return X.astype(dtype), np.array(["a", "b", "c", "d"])[y]
    X, y = make_regression(n, features, n_targets=outputs, noise=1.0, random_state=0)
    return X.astype(dtype), np.abs(y / 50).astype(dtype)


def fit(estimator, sample_weight=None, data=None, **settings):
    X, y = data or problem(estimator)
    return estimator(**{"max_iter": 4, "random_state": 0, **settings}).fit(X, y, sample_weight=sample_weight)
