"""Scikit-learn's face: estimators with its parameters, attributes and habits, trained by programs in C."""

from __future__ import annotations

from .classifier import MLPClassifier
from .regressor import MLPRegressor

__all__ = ["ESTIMATORS", "MLPClassifier", "MLPRegressor"]

#: Every public estimator: `check_estimator` walks them in the tests.
ESTIMATORS = (MLPClassifier, MLPRegressor)
