"""KerasClassifier."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from ..models import Model
from .docs import documented
from .keras_base import KerasEstimator
from .keras_docs import ATTRIBUTES, NESTED, PARAMETERS
from .keras_targets import ClassTargets, output_units, resolved_loss
from .labels import LogProbabilitiesMixin, classes_of_partial_fit
from .parameters import validated
from .weights import Weigh, class_weights, refuse_balanced

__all__ = ["KerasClassifier"]


def _has_margins(estimator: Any) -> bool:
    """Tell whether a classifier is fitted, and its model's outputs are no probabilities but margins."""
    if not hasattr(estimator, "model_"):
        return False
    return estimator._targets.are_margins(estimator.model_, output_units(estimator.model_, estimator.X_shape_))


def _has_probabilities(estimator: Any) -> bool:
    """Tell scikit-learn's `available_if` whether there may be probabilities; raise AttributeError if not."""
    if _has_margins(estimator):
        raise AttributeError(f"probability estimates are not available for loss={estimator.model_.loss!r}")
    return True


@documented(parameters=PARAMETERS, attributes=ATTRIBUTES, nested=NESTED)
class KerasClassifier(LogProbabilitiesMixin, ClassifierMixin, KerasEstimator):
    """Any model as a classifier of scikit-learn (SciKeras' `KerasClassifier`).

    Labels of any kind become what the model's loss wants: class numbers for the sparse losses, one-hot rows for others,
    one column of 0 and 1 for a model with one output. So two classes take a ``Dense(1, activation="sigmoid")`` or a
    ``Dense(2, activation="softmax")``, more take a softmax, and several labels a sample (0 and 1 in the columns of y) a
    sigmoid for each. A loss made with ``from_logits=True`` is known to be one: probabilities are made of the outputs.

    Under the losses hinge and squared_hinge a single output, or one a label, is a margin, unless a sigmoid makes it:
    its sign is the label, `decision_function` returns it, and there is no `predict_proba`. Where other outputs leave
    the range from 0 to 1, `predict_proba` refuses to call them probabilities.

    Columns of 0 and 1 are classes, too, and take a softmax, where in the first call each row has one 1 and the loss is
    one of classes that exclude each other: categorical cross-entropy (sparse, focal or generalized, too), categorical
    hinge or Kullback-Leibler divergence, of `fastnn.losses`. Under any other loss, as binary cross-entropy, they are
    several labels a sample.

    Parameters
    ----------
    [parameters]
    class_weight : dict or 'balanced', default=None
        Weight of each class, by its label (1 where not named); 'balanced': inversely proportional to how often
        it occurs in the y of `fit` (as in scikit-learn, rows that ``validation_split`` holds out are counted), not for
        `partial_fit`. Multiplied with ``sample_weight``, of ``validation_data`` too.
    [nested]

    Attributes
    ----------
    classes_ : ndarray of shape (n_classes,)
        The class labels; the numbers of the columns where y has some.
    n_classes_ : int
        How many there are.
    [attributes]

    See Also
    --------
    KerasRegressor : Any model as a regressor.

    Examples
    --------
    >>> from fastnn import Sequential, layers
    >>> from fastnn.estimators import KerasClassifier
    >>> from sklearn.datasets import load_iris
    >>> def build(meta, units):
    ...     return Sequential([
    ...         layers.Dense(units, activation="relu"),
    ...         layers.Dense(meta["n_classes_"], activation="softmax"),
    ...     ])
    >>> X, y = load_iris(return_X_y=True)
    >>> classifier = KerasClassifier(build, loss="sparse_categorical_crossentropy", optimizer="adam", units=16,
    ...                              optimizer__learning_rate=0.01, epochs=50, verbose=0, random_state=0)
    >>> classifier.fit(X, y).score(X, y) > 0.9
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **KerasEstimator._parameter_constraints,
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }
    _y_numeric: ClassVar[bool] = False

    def __init__(
        self,
        model: Model | Callable[..., Model],
        *,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 1,
        batch_size: int | None = None,
        validation_split: float = 0.0,
        callbacks: Any = None,
        shuffle: bool = True,
        verbose: int | str = 1,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        class_weight: dict[Any, float] | str | None = None,
        **parameters: Any,
    ) -> None:
        self._keep_parameters(locals())

    @validated
    def partial_fit(self, X: Any, y: Any, classes: Any = None, sample_weight: Any = None) -> Self:
        """Train for one epoch; the first call builds the model.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_labels)
            The labels.
        classes : array-like of shape (n_classes,), default=None
            All labels that will ever come, for the first call; by default those of its y.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.

        Returns
        -------
        self : object
            The trained estimator.
        """
        first = not hasattr(self, "model_")
        refuse_balanced(self.class_weight)
        if classes is not None:
            classes = classes_of_partial_fit(getattr(self, "classes_", None), classes)
        return self._train(X, y, classes, sample_weight, None, first, one_epoch=True)

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each sample.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_labels)
            Class labels; one-hot rows where y had such; for several labels a sample 1 where a label's probability is
            above one half. Under a hinge loss the sign of an output decides.
        """
        scores = self._scores(X)
        return self._targets.labels(scores, 0.0 if _has_margins(self) else 0.5)

    @available_if(_has_probabilities)
    def predict_proba(self, X: Any) -> np.ndarray:
        """Return the probability of each class; not there for margins, which `decision_function` returns.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.

        Returns
        -------
        y_prob : ndarray of shape (n_samples, n_classes)
            Probabilities, the classes in the order of ``classes_``, in the model's dtype.

        Raises
        ------
        ValueError
            If the model's outputs are none, because they leave the range from 0 to 1.
        """
        scores = self._scores(X)
        return self._targets.probabilities(scores)

    @available_if(_has_margins)
    def decision_function(self, X: Any) -> np.ndarray:
        """Return the margin of each sample; there for a model with one output, or one a label, and a hinge loss.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.

        Returns
        -------
        margin : ndarray of shape (n_samples,) or (n_samples, n_labels)
            The model's outputs: above 0 for the second class, or for a label that is there.
        """
        margins = self._outputs(X)
        return margins.ravel() if margins.shape[1] == 1 else margins

    def _scores(self, X: Any) -> np.ndarray:
        outputs = self._outputs(X)
        return self._targets.scores(outputs, resolved_loss(self.model_, outputs.shape[:1], outputs.shape[1]))

    def _make_targets(self, y: Any, classes: Any) -> ClassTargets:
        return ClassTargets(y, classes)

    def _describe(self, X: np.ndarray, y: Any, targets: ClassTargets) -> dict[str, Any]:
        about = super()._describe(X, y, targets)
        return {**about, "classes_": targets.classes, "n_classes_": len(targets.classes)}

    def _settle(self, X: np.ndarray, y: Any, targets: ClassTargets, model: Model) -> None:
        targets.settle(y, resolved_loss(model, y.shape, output_units(model, X.shape)))

    def _weigh(self, y: Any, targets: ClassTargets) -> Weigh:
        if self.class_weight is None:
            return super()._weigh(y, targets)
        return class_weights(self.class_weight, targets.numbers(y), targets.classes)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        tags.target_tags.multi_output = True
        return tags
