"""Problems that the tests of estimators share, and scikit-learn's estimator of the same name as the oracle."""

import numpy as np
from sklearn import neural_network
from sklearn.base import is_classifier
from sklearn.datasets import make_classification, make_multilabel_classification, make_regression

from fastnn import MLPClassifier, MLPRegressor

#: The estimators that scikit-learn has, too.
PERCEPTRONS = (MLPClassifier, MLPRegressor)


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


def multilabel(n=60, features=7, labels=4):
    return make_multilabel_classification(n, features, n_classes=labels, random_state=0)


#: An estimator and data for each kind of target.
KINDS = {
    "binary": (MLPClassifier, problem(MLPClassifier, classes=2)),
    "multiclass": (MLPClassifier, problem(MLPClassifier)),
    "multilabel": (MLPClassifier, multilabel()),
    "regression": (MLPRegressor, problem(MLPRegressor)),
    "several outputs": (MLPRegressor, problem(MLPRegressor, outputs=3)),
}


def assert_same_fit(estimator, tolerance=1e-10, data=None, **settings):
    """Fit ours and scikit-learn's, and compare all that can be seen of them."""
    ours, theirs = (fit(cls, data=data or problem(estimator), **settings) for cls in (estimator, oracle(estimator)))
    assert_same_state(ours, theirs, tolerance, (data or problem(estimator))[0])
    return ours, theirs


def assert_same_state(ours, theirs, tolerance, X):
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
        a, b = (getattr(fitted, name, None) for fitted in (ours, theirs))
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=name)
    if is_classifier(ours):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
        np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=1e-7)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    else:
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-9)
