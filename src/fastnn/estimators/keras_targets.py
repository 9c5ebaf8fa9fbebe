"""What a classifier's labels and a regressor's numbers look like to a model, and its outputs to them."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target

from .. import activations, losses, ops
from ..models import Functional, Sequential
from .labels import known_numbers, probabilities_of_two, refuse_several_columns, refuse_unknown
from .objectives import takes_logits

__all__ = ["ClassTargets", "NumberTargets", "output_units", "resolved_loss"]

#: Losses of classes that exclude each other. All others may be of several labels a sample.
_EXCLUSIVE = (
    losses.categorical_crossentropy,
    losses.categorical_focal_crossentropy,
    losses.categorical_generalized_cross_entropy,
    losses.sparse_categorical_crossentropy,
    losses.categorical_hinge,
    losses.kl_divergence,
)

#: Losses that put a border at 0 between two classes.
_MARGINS = (losses.hinge, losses.squared_hinge)


def output_units(model: Any, x_shape: tuple[int, ...]) -> int:
    """Return the number of outputs that a model has for each row of an array; build it if it is not built.

    Raises
    ------
    ValueError
        If it has several outputs, or one that is no row of numbers.
    """
    if not model.built:
        model.build((None, *x_shape[1:]))
    shape = model.compute_output_shape((None, *x_shape[1:]))
    if not isinstance(shape, tuple) or len(shape) != 2:
        raise ValueError(f"the model must have one output of shape (rows, units), it has {shape}")
    return int(shape[1])


def resolved_loss(model: Any, y_shape: tuple[int, ...], units: int) -> Any:
    """Return the loss that a compiled model has for targets of this shape, or None."""
    loss = model._runtime.loss
    return None if loss is None else loss.resolve(y_shape, (y_shape[0], units))


class ClassTargets:
    """The classes of a classifier, as a model is taught them.

    Parameters
    ----------
    y : ndarray
        Labels of shape (samples,), or 0 and 1 in columns, shape (samples, labels).
    classes : ndarray, optional
        All labels, where y may lack some.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel-indicator"}
    classes : ndarray
        Sorted; the numbers of the columns where y has some.
    one_hot : bool
        Whether the columns of a "multilabel-indicator" are classes that exclude each other: see `settle`.

    Raises
    ------
    ValueError
        With scikit-learn's words, if y is no target of a classification.
    """

    def __init__(self, y: Any, classes: Any = None) -> None:
        self.kind = _kind_of_labels(y)
        self.one_hot = False
        if self.kind == "multilabel-indicator":
            self.classes = np.arange(y.shape[1])
            if classes is not None and not np.array_equal(np.unique(classes), self.classes):
                raise ValueError(f"`classes={classes!r}` are not the {y.shape[1]} columns of y: {self.classes!r}")
            return
        known = np.unique(column_or_1d(y, warn=True) if classes is None else classes)
        self.classes = known
        self.kind = "binary" if len(known) <= 2 else "multiclass"

    def settle(self, y: Any, loss: Any) -> None:
        """Decide what columns of 0 and 1 are, from the y of the first call and the loss of the model.

        They are classes where each row has one 1 and the loss is one of classes that exclude each other, as categorical
        cross-entropy is; else several labels a sample, of which one row or all may happen to have one.
        """
        if self._has_columns:
            self.one_hot = getattr(loss, "fn", None) in _EXCLUSIVE and _are_one_hot(_indicators(y))

    @property
    def _has_columns(self) -> bool:
        return self.kind == "multilabel-indicator"

    @property
    def _several(self) -> bool:
        """Whether a sample can have any number of labels."""
        return self._has_columns and not self.one_hot

    @property
    def outputs(self) -> int:
        """How many columns y has."""
        return len(self.classes) if self._has_columns else 1

    def numbers(self, y: Any) -> np.ndarray:
        """Return the number of each label, or for several labels a sample the matrix of 0 and 1.

        Raises
        ------
        ValueError
            If y holds labels that are no classes, or is of another kind than it was.
        """
        numbers = None if self._has_columns else known_numbers(y, self.classes)
        if numbers is not None:
            return numbers
        kind = _kind_of_labels(y)
        if (kind == "multilabel-indicator") != self._has_columns:
            raise ValueError(f"y holds {kind} targets, the classifier was fitted on {self.kind} ones")
        if self._has_columns:
            if y.shape[1] != len(self.classes):
                raise ValueError(f"y has {y.shape[1]} labels, the classifier was fitted on {len(self.classes)}")
            indicators = _indicators(y)
            if self.one_hot and not _are_one_hot(indicators):
                raise ValueError("y has rows without exactly one 1, the classifier was fitted on one-hot rows")
            return indicators.argmax(axis=1) if self.one_hot else indicators
        y = column_or_1d(y)
        refuse_unknown(np.unique(y), self.classes)
        return np.searchsorted(self.classes, y)

    def for_model(self, numbers: np.ndarray, model: Any, units: int) -> np.ndarray:
        """Return `numbers` for a model with so many outputs: as they are, a column, or one-hot rows, as its loss wants.

        Raises
        ------
        ValueError
            If the model's outputs do not fit the classes.
        """
        _check_units(units, *self._fitting_units())
        loss = resolved_loss(model, numbers.shape, units)
        dtype = model._float_dtype
        if self._several:
            return numbers.astype(dtype)
        if units == 1:
            return numbers.astype(dtype).reshape(-1, 1)
        if loss is None or loss.takes_class_numbers:
            return numbers.astype(np.int64)
        return np.eye(units, dtype=dtype)[numbers]

    def _fitting_units(self) -> tuple[tuple[int, ...], str]:
        """Return how many outputs a model may have, and advice for one that has others."""
        count = len(self.classes)
        if self._several:
            return (count,), f"y has {count} labels a sample: a Dense({count}, activation='sigmoid')"
        if self.one_hot or count > 2:
            return (count,), f"{count} classes need a Dense({count}, activation='softmax')"
        return (1, count), "two classes need a Dense(1, activation='sigmoid') or a Dense(2, activation='softmax')"

    def are_margins(self, model: Any, units: int) -> bool:
        """Whether a model's outputs are distances from a border at 0: single ones, or one a label, under a hinge loss.

        What a sigmoid at the end has made are probabilities under any loss.
        """
        loss = getattr(resolved_loss(model, (0,), units), "fn", None)
        return loss in _MARGINS and self._one_by_one(units) and _last_activation(model) is not activations.sigmoid

    def _one_by_one(self, units: int) -> bool:
        """Whether each output stands for something of its own, and not for one of classes that exclude each other."""
        return self._several or units == 1

    def scores(self, outputs: np.ndarray, loss: Any) -> np.ndarray:
        """Return a model's outputs; what its loss takes for logits as the probabilities that they stand for."""
        if not takes_logits(loss):
            return outputs
        return (ops.sigmoid if self._one_by_one(outputs.shape[1]) else ops.softmax)(outputs).numpy()

    def probabilities(self, scores: np.ndarray) -> np.ndarray:
        """Return the probability of each class for each row of `scores`.

        Raises
        ------
        ValueError
            If they cannot be probabilities.
        """
        beyond = 8 * np.finfo(scores.dtype).eps  # rounding of the user's own sums
        if scores.size and (scores.min() < -beyond or scores.max() > 1 + beyond):
            raise ValueError(
                f"the model's outputs lie between {scores.min():.3g} and {scores.max():.3g}, and are no probabilities: "
                "let it end in a sigmoid or a softmax, or give a loss with from_logits=True; predict needs neither"
            )
        return scores if self._several or scores.shape[1] > 1 else probabilities_of_two(scores, len(self.classes))

    def labels(self, scores: np.ndarray, border: float = 0.5) -> np.ndarray:
        """Return the label with the highest score of each row, or rows of 0 and 1 where y has such.

        Single scores, and those of several labels a sample, are compared with a border.
        """
        if self._several:
            return (scores > border).astype(np.int64)
        if scores.shape[1] == 1:
            winners = np.minimum(scores[:, 0] > border, len(self.classes) - 1).astype(np.intp)
        else:
            winners = scores.argmax(axis=1)
        return np.eye(len(self.classes), dtype=np.int64)[winners] if self.one_hot else self.classes[winners]


class NumberTargets:
    """The numbers of a regressor, as a model is taught them.

    Parameters
    ----------
    y : ndarray of shape (samples,) or (samples, outputs)

    Attributes
    ----------
    kind : {"continuous", "continuous-multioutput"}
    """

    def __init__(self, y: np.ndarray) -> None:
        self._shape = y.shape[1:]
        self.kind = "continuous-multioutput" if y.ndim == 2 and y.shape[1] > 1 else "continuous"

    @property
    def outputs(self) -> int:
        """How many columns y has."""
        return self._shape[0] if self._shape else 1

    def numbers(self, y: np.ndarray) -> np.ndarray:
        """Return y; raise ValueError if its rows are not of the shape that they had."""
        if y.shape[1:] != self._shape:
            raise ValueError(
                f"y has rows of shape {y.shape[1:]}, the regressor was fitted on rows of shape {self._shape}"
            )
        return y

    def for_model(self, y: np.ndarray, model: Any, units: int) -> np.ndarray:
        """Return targets of shape (samples, outputs); raise ValueError if the model has not as many outputs."""
        _check_units(units, (self.outputs,), f"y has {self.outputs} outputs: a Dense({self.outputs}) fits them")
        return y.reshape(len(y), -1)

    def predictions(self, outputs: np.ndarray) -> np.ndarray:
        """Return a model's outputs in the shape of y."""
        return outputs.reshape(len(outputs), *self._shape)


def _kind_of_labels(y: Any) -> str:
    kind = type_of_target(y, input_name="y", raise_unknown=True)
    if kind not in ("binary", "multiclass", "multilabel-indicator"):
        check_classification_targets(y)  # raises where it is no classification, in scikit-learn's words
        refuse_several_columns(kind)
    return kind


def _indicators(y: Any) -> np.ndarray:
    """Return columns of labels, sparse or not, as 0 and 1."""
    return ((y.toarray() if sparse.issparse(y) else np.asarray(y)) > 0).astype(np.uint8)


def _are_one_hot(indicators: np.ndarray) -> bool:
    return bool((np.count_nonzero(indicators, axis=1) == 1).all())


def _last_activation(model: Any) -> Any:
    """Return the activation of the last layer, as far as it can be seen."""
    while isinstance(model, (Sequential, Functional)):
        model = model.layers[-1]
    return getattr(model, "activation", None)


def _check_units(units: int, fitting: tuple[int, ...], advice: str) -> None:
    if units not in fitting:
        raise ValueError(f"the model has {units} outputs, but {advice}")
