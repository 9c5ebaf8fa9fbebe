"""MLPClassifier."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import ClassifierMixin
from sklearn.utils._param_validation import StrOptions
from sklearn.utils.metaestimators import available_if

from ..losses import Loss
from ..optimizers import Optimizer
from ..optimizers.schedules import LearningRateSchedule
from .base import MultilayerPerceptron, has_partial_fit
from .call import Given
from .docs import documented
from .labels import Labels, LogProbabilitiesMixin, check_kind, checked_labels, known_numbers, labels_for
from .objectives import classification
from .parameters import CONSTRAINTS, LOSSES, keep_parameters, validated
from .targets import Encoded, Targets
from .weights import class_weights, refuse_balanced

__all__ = ["MLPClassifier"]


@documented
class MLPClassifier(LogProbabilitiesMixin, ClassifierMixin, MultilayerPerceptron):
    """Multi-layer perceptron classifier, with scikit-learn's parameters and results.

    Minimizes the log-loss by stochastic gradient descent or L-BFGS. Two classes have one sigmoid output, more have a
    softmax; where y holds indicators of several labels a sample, each label has a sigmoid.

    Parameters
    ----------
    [parameters]
    loss : str, Loss or callable, default='log_loss'
        What is minimized. Beside 'log_loss' any of `fastnn.losses` by name, such an object with its parameters, or a
        function ``loss(y_true, y_pred)`` of tensors that returns one loss a sample. ``y_pred`` are the probabilities
        (what the output activation makes them of, for a loss with ``from_logits=True``), ``y_true`` zeros and ones (or
        class numbers, for a loss that takes those). Losses that compare classes with each other, as categorical
        cross-entropy does, need output_activation='softmax' for two of them.
    output_activation : {None, 'logistic', 'softmax'}, default=None
        None is 'softmax' for more than two classes, else 'logistic'. With 'softmax', two classes have two outputs;
        with 'logistic', each of several classes is told from all others, and `predict_proba` scales their
        probabilities to the sum of one.
    class_weight : dict or 'balanced', default=None
        Weights of the classes, by label (that of classes left out is 1), which multiply the sample weights. 'balanced':
        ``n_samples / (n_classes * np.bincount(y))``, for `fit` only. With several labels a sample the weights of its
        labels are multiplied; 'balanced' weighs each label's two values.
    [extensions]

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
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({"log_loss", *LOSSES[0]}), *LOSSES[1]],
        "class_weight": [StrOptions({"balanced"}), dict, None],
    }

    def __init__(
        self,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Callable[..., Any] | Sequence[Any] = "relu",
        *,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | LearningRateSchedule = "constant",
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
        loss: str | Loss | Callable[..., Any] = "log_loss",
        output_activation: str | Callable[..., Any] | None = None,
        class_weight: dict | str | None = None,
        dropout: float | Sequence[float] = 0.0,
        normalization: str | Sequence[str | None] | None = None,
        l1: float = 0.0,
        optimizer: str | Optimizer | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        warm_start_optimizer: bool = False,
        dtype: str | type | None = None,
        n_jobs: int | None = None,
    ) -> None:
        keep_parameters(self, locals())

    @available_if(has_partial_fit)
    @validated
    def partial_fit(
        self, X: Any, y: Any, sample_weight: Any = None, classes: Any = None, *, validation_data: Any = None
    ) -> Self:
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
        validation_data : tuple (X, y) or (X, y, sample_weight), default=None
            Samples whose score and loss are noted after the epoch. Needed with ``early_stopping``: in the call in which
            the score has not got better for more than ``n_iter_no_change`` calls, ``converged_`` becomes True and the
            weights with the best score are put back.

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
        return self._train(Given(X, y, sample_weight, validation_data, incremental=True, classes=classes))

    def predict(self, X: Any) -> np.ndarray:
        """Return the most probable class of each sample, or its labels.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_classes)
            Class labels; where the estimator was fitted on indicators of several labels a sample, such indicators, a
            CSR matrix if those were sparse.
        """
        outputs = self._outputs(X)
        labels = self._labels.decode(outputs)
        return sparse.csr_matrix(labels) if getattr(self, "_sparse_labels", False) else labels

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

    @property
    def _labels(self) -> Labels:
        # What was trained says what kind of outputs there are; another activation put there by hand scales nothing.
        *_, trained = vars(self).get("_activations", [self.out_activation_])
        scaled_no_more = trained == "logistic" != self.out_activation_
        return Labels(self.classes_, getattr(self, "_multilabel", False), None if scaled_no_more else trained)

    def _targets(self, y: np.ndarray, dtype: np.dtype, first: bool, given: Given) -> Targets:
        sparse_labels = sparse.issparse(y) if first else getattr(self, "_sparse_labels", False)
        known = None if first or getattr(self, "_multilabel", False) else getattr(self, "classes_", None)
        numbers = None if known is None else known_numbers(y, known)
        y, multilabel = checked_labels(y) if numbers is None else (y, False)
        labels = labels_for(self, y, multilabel, first, given)
        single = labels.n_outputs == 1 < len(labels.classes)
        objective = classification(self.loss, labels.out_activation, single)
        if given.incremental:
            refuse_balanced(self.class_weight)
        numbers = labels.numbers(y) if numbers is None else numbers
        weigh = class_weights(self.class_weight, numbers, labels.classes)

        def encode(y: np.ndarray, numbers: np.ndarray) -> Encoded:
            seen = numbers.astype(int) if multilabel else y  # by scorers: as predictions are
            return Encoded(seen, labels.encode(numbers, objective.class_numbers), weigh(numbers))

        def encode_others(y: Any) -> Encoded:
            numbers = None if multilabel else known_numbers(y, labels.classes)
            if numbers is None:
                y, several = checked_labels(y)
                check_kind(y, several, labels)
                numbers = labels.numbers(y)
            return encode(y, numbers)

        fitted = {"classes_": labels.classes, "_multilabel": multilabel, "_sparse_labels": sparse_labels}
        two = not multilabel and len(labels.classes) < 3  # which scikit-learn stratifies
        return Targets(encode(y, numbers), encode_others, labels.n_outputs, objective, two, fitted)

    def _score_outputs(self, outputs: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Return the accuracy: of several labels all must be right."""
        right = self._labels.decode(outputs) == y
        return float(np.average(right.reshape(len(right), -1).all(axis=1), weights=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.classifier_tags.multi_label = True
        return tags
