"""KerasRegressor."""

from __future__ import annotations

from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import RegressorMixin

from .docs import documented
from .keras_base import KerasEstimator
from .keras_docs import ATTRIBUTES, NESTED, PARAMETERS
from .keras_targets import NumberTargets
from .parameters import validated

__all__ = ["KerasRegressor"]


@documented(parameters=PARAMETERS, attributes=ATTRIBUTES, nested=NESTED)
class KerasRegressor(RegressorMixin, KerasEstimator):
    """Any model as a regressor of scikit-learn (SciKeras' `KerasRegressor`).

    Parameters
    ----------
    [parameters]
    [nested]

    Attributes
    ----------
    [attributes]

    See Also
    --------
    KerasClassifier : Any model as a classifier.

    Examples
    --------
    >>> from fastnn import Sequential, layers
    >>> from fastnn.estimators import KerasRegressor
    >>> from sklearn.datasets import make_regression
    >>> def build(meta, units):
    ...     return Sequential([layers.Dense(units, activation="relu"), layers.Dense(meta["n_outputs_"])])
    >>> X, y = make_regression(200, 5, random_state=0)
    >>> regressor = KerasRegressor(build, loss="mse", optimizer="adam", optimizer__learning_rate=0.01, units=32,
    ...                            epochs=200, verbose=0, random_state=0)
    >>> regressor.fit(X, y).score(X, y) > 0.95
    True
    """

    _y_numeric: ClassVar[bool] = True

    @validated
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None) -> Self:
        """Train for one epoch; the first call builds the model.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.

        Returns
        -------
        self : object
            The trained estimator.
        """
        return self._train(X, y, None, sample_weight, None, first=not hasattr(self, "model_"), one_epoch=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted numbers.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            Of the shape that y had in `fit`, in the model's dtype.
        """
        outputs = self._outputs(X)
        return self._targets.predictions(outputs)

    def _make_targets(self, y: np.ndarray, classes: Any) -> NumberTargets:
        return NumberTargets(y)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
