"""Scikit-learn's face: estimators with its parameters, attributes and habits, trained by programs in C."""

from __future__ import annotations

from .autoencoder import AutoencoderTransformer
from .classifier import MLPClassifier
from .keras_classifier import KerasClassifier
from .keras_regressor import KerasRegressor
from .perceptron import Perceptron
from .regressor import MLPRegressor

__all__ = [
    "ESTIMATORS",
    "AutoencoderTransformer",
    "KerasClassifier",
    "KerasRegressor",
    "MLPClassifier",
    "MLPRegressor",
    "Perceptron",
]

#: Every public estimator: `check_estimator` walks them in the tests.
ESTIMATORS = (MLPClassifier, MLPRegressor, KerasClassifier, KerasRegressor, Perceptron, AutoencoderTransformer)
