"""Class labels as targets of the network, and outputs of the network as class labels."""

from __future__ import annotations

from operator import attrgetter
from types import SimpleNamespace
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.metaestimators import available_if
from sklearn.utils.multiclass import _check_partial_fit_first_call, type_of_target, unique_labels

from .. import activations
from ..dtypes import native
from .call import Given
from .network import activation_function

__all__ = [
    "Labels",
    "LogProbabilitiesMixin",
    "check_kind",
    "checked_labels",
    "classes_of_partial_fit",
    "known_numbers",
    "labels_for",
    "present_classes",
    "probabilities_of_two",
    "refuse_several_columns",
    "refuse_unknown",
]


class Labels:
    """The classes of a classifier, and the outputs that stand for them.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted, all different.
    multilabel : bool
        Whether a sample has any number of labels: y is an indicator matrix with one column a class.
    out_activation : {None, "logistic", "softmax"}
        None: "logistic" for two classes and for several labels a sample, else "softmax". With "softmax" two classes
        have two outputs; with "logistic" each of several classes is told from all others.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        One output, the probability of the second of at most two classes; one output a class, of which one is right;
        one output a label.
    n_outputs : int
        How many outputs the network has.
    """

    def __init__(self, classes: np.ndarray, multilabel: bool = False, out_activation: str | None = None) -> None:
        self.classes = classes
        if multilabel:
            self.kind = "multilabel"
        else:
            self.kind = "binary" if len(classes) < (2 if out_activation == "softmax" else 3) else "multiclass"
        self.n_outputs = 1 if self.kind == "binary" else len(classes)
        self.out_activation = out_activation or ("softmax" if self.kind == "multiclass" else "logistic")

    def numbers(self, y: np.ndarray) -> np.ndarray:
        """Return class numbers, int64 of shape (rows,); for several labels a sample zeros and ones of y's shape.

        Raises
        ------
        ValueError
            With scikit-learn's words, if y holds labels that are no classes.
        """
        if self.kind == "multilabel":
            return (y != 0).astype(np.uint8, order="C")
        numbers = places_among(y, self.classes)
        if numbers is not None:
            return numbers
        refuse_unknown(present_classes(y), self.classes)
        return np.searchsorted(self.classes, y).astype(np.int64, copy=False)  # numbers among strings, to NumPy the same

    def encode(self, numbers: np.ndarray, class_numbers: bool = False) -> np.ndarray:
        """Return `numbers` as targets: zeros and ones of shape (rows, n_outputs), or as they are if asked."""
        if self.kind == "multilabel" or class_numbers:
            return numbers
        if self.kind == "binary":
            return numbers.astype(np.uint8).reshape(-1, 1)
        return np.eye(self.n_outputs, dtype=np.uint8)[numbers]

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Return the labels that rows of outputs stand for: the most probable class, or indicators of probable ones."""
        if self.kind == "multilabel":
            return (outputs > 0.5).astype(int)
        if self.kind == "multiclass":
            return self.classes[outputs.argmax(axis=1)]
        # Where there is only one class, it is the answer.
        return self.classes[np.minimum(outputs[:, 0] > 0.5, len(self.classes) - 1).astype(np.intp)]

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each class for each row of outputs, shape (rows, n_classes)."""
        if self.kind == "multiclass" and self.out_activation == "logistic":
            total = outputs.sum(axis=1, keepdims=True)
            return np.where(total > 0, outputs / np.where(total > 0, total, 1), 1 / self.n_outputs).astype(
                outputs.dtype
            )
        if self.kind != "binary":
            return outputs
        return probabilities_of_two(outputs, len(self.classes))


class LogProbabilitiesMixin:
    """The mixin of classifiers that know probabilities."""

    @available_if(attrgetter("predict_proba"))
    def predict_log_proba(self, X: Any) -> np.ndarray:
        """Return the logarithm of the probability of each class.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.

        Returns
        -------
        log_y_prob : ndarray of shape (n_samples, n_classes)
            ``log(predict_proba(X))``; minus infinity where a probability is 0.
        """
        with np.errstate(divide="ignore"):
            return np.log(self.predict_proba(X))


def probabilities_of_two(second: np.ndarray, n_classes: int) -> np.ndarray:
    """Return the probability of each of at most two classes, from a column with that of the second.

    A single class has a single column, of ones.
    """
    return np.ones_like(second) if n_classes == 1 else np.hstack([1 - second, second])


def labels_for(estimator: Any, y: np.ndarray, multilabel: bool, first: bool, given: Given) -> Labels:
    """Check what `checked_labels` returned against the classes that a classifier knows, or was given, or take those."""
    known = None if first and not given.incremental else getattr(estimator, "classes_", None)
    if known is not None:
        classes, several = known, getattr(estimator, "_multilabel", False)
    else:
        classes, several = present_classes(y, multilabel), multilabel
    if given.incremental:
        classes = classes_of_partial_fit(known, given.classes)
    labels = Labels(classes, several, _out_activation(estimator.output_activation, several))
    if given.incremental:
        check_kind(y, multilabel, labels)
    elif known is not None:
        present = present_classes(y, multilabel)
        if not np.array_equal(present, known):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {known}, `y` has {present}"
            )
        check_kind(y, multilabel, labels)
    return labels


def checked_labels(y: Any) -> tuple[np.ndarray, bool]:
    """Return class labels of shape (samples,), or indicators of several labels a sample; and whether it is those."""
    kind = type_of_target(y, input_name="y")
    if kind == "multilabel-indicator":
        return y.toarray() if sparse.issparse(y) else y, True
    if kind not in ("binary", "multiclass"):
        refuse_several_columns(kind)
        unique_labels(y)  # raises, in scikit-learn's words
    return column_or_1d(y, warn=True), False


def refuse_several_columns(kind: str) -> None:
    """Raise ValueError where what `sklearn.utils.multiclass.type_of_target` returned are columns of classes."""
    if "multioutput" in kind:
        raise ValueError(
            "Multioutput target data is not supported with label binarization; "
            "sklearn.multioutput.MultiOutputClassifier fits one classifier a column"
        )


def present_classes(y: np.ndarray, multilabel: bool = False) -> np.ndarray:
    """Return the sorted classes that occur in labels, strings no longer than they are; of indicators all columns.

    Raises
    ------
    ValueError, TypeError
        With scikit-learn's words, for numbers that are no classes and labels that cannot be sorted.
    """
    if multilabel:
        return np.arange(y.shape[1])
    present = native(np.unique(y))
    return present if present.dtype.kind in "biu" else unique_labels(present)


def _out_activation(given: Any, multilabel: bool) -> str | None:
    """Return the name of the output activation that a classifier was given; it must make probabilities."""
    if given is None:
        return None
    names = {activations.sigmoid: "logistic", activations.softmax: "softmax"}
    name = names.get(activation_function(given))
    if name is None:
        raise ValueError(
            f"output_activation={given!r} does not make probabilities; that of a classifier must be 'logistic' or "
            "'softmax'."
        )
    if multilabel and name == "softmax":
        raise ValueError(
            "output_activation='softmax' is for classes that exclude each other, but y has several labels."
        )
    return name


def classes_of_partial_fit(known: np.ndarray | None, classes: Any) -> np.ndarray:
    """Return all classes: those of the first call, which later ones must repeat or leave out.

    Parameters
    ----------
    known : ndarray or None
        None in the first call.
    classes : array-like or None
        The argument of `partial_fit`.

    Raises
    ------
    ValueError
        With scikit-learn's words.
    """
    told = SimpleNamespace(classes_=known)
    _check_partial_fit_first_call(told, classes)
    return told.classes_


def check_kind(y: np.ndarray, multilabel: bool, labels: Labels) -> None:
    """Raise ValueError where what `checked_labels` returned is of another kind than known classes, or other columns."""
    if multilabel != (labels.kind == "multilabel"):
        forms = {True: "several labels", False: "one label"}
        raise ValueError(f"`y` holds {forms[multilabel]} a sample, but the classifier is for {forms[not multilabel]}.")
    if multilabel and y.shape[1] != len(labels.classes):
        raise ValueError(f"`y` has {y.shape[1]} columns of labels, but the classifier is for {len(labels.classes)}.")
    if multilabel:
        refuse_unknown(present_classes(y, multilabel), labels.classes)


def known_numbers(y: Any, classes: np.ndarray) -> np.ndarray | None:
    """Return the numbers of labels if y holds one of the classes for each sample; None if it holds others, or may.

    Scikit-learn's checks, which can take as long as epochs, find nothing in the first case.
    """
    kinds = "OU" if classes.dtype.kind == "U" else classes.dtype.kind  # strings may be objects
    if y.ndim != 1 or y.dtype.kind not in kinds:
        return None
    return places_among(y, classes)


def places_among(y: np.ndarray, classes: np.ndarray) -> np.ndarray | None:
    """Return where each label stands among sorted classes, int64; None if not all of them do."""
    try:
        places = np.searchsorted(classes, y).astype(np.int64, copy=False)
    except TypeError:  # they cannot be sorted together
        return None
    places[places == len(classes)] = 0  # which is another
    return places if np.array_equal(classes[places], y) else None


def refuse_unknown(present: np.ndarray, classes: np.ndarray) -> None:
    """Raise ValueError, with scikit-learn's words, where not all that `present_classes` returned are classes."""
    if np.setdiff1d(present, classes, assume_unique=True).size:
        raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. 'y' has {present}.")
