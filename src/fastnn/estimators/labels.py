"""Class labels as targets of the network, and outputs of the network as class labels."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import column_or_1d
from sklearn.utils.multiclass import check_classification_targets, type_of_target, unique_labels

from .call import Given

__all__ = ["Labels", "labels_for"]


class Labels:
    """The classes of a classifier, and the outputs that stand for them.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted, all different.
    multilabel : bool
        Whether a sample has any number of labels: y is an indicator matrix with one column a class.
    softmax : bool
        Whether two classes have two outputs, too.

    Attributes
    ----------
    kind : {"binary", "multiclass", "multilabel"}
        One output, the probability of the second of at most two classes; one output a class, of which one is right;
        one output a label.
    n_outputs : int
        How many outputs the network has.
    """

    def __init__(self, classes: np.ndarray, multilabel: bool = False, softmax: bool = False) -> None:
        self.classes = classes
        if multilabel:
            self.kind = "multilabel"
        else:
            self.kind = "binary" if len(classes) < (2 if softmax else 3) else "multiclass"
        self.n_outputs = 1 if self.kind == "binary" else len(classes)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return targets: class numbers (int64) for "multiclass", else zeros and ones, shape (rows, n_outputs)."""
        if self.kind == "multilabel":
            return (y > 0).astype(np.uint8)
        numbers = np.searchsorted(self.classes, y)
        return numbers.astype(np.uint8).reshape(-1, 1) if self.kind == "binary" else numbers.astype(np.int64)

    def one_hot(self, y: np.ndarray) -> np.ndarray:
        """Return targets as zeros and ones of shape (rows, n_outputs)."""
        targets = self.encode(y)
        return np.eye(self.n_outputs, dtype=np.uint8)[targets] if targets.ndim == 1 else targets

    def decided(self, outputs: np.ndarray) -> np.ndarray:
        """Return the targets that rows of outputs stand for, as `encode` would: those of the most probable classes."""
        if self.kind == "multiclass":
            return outputs.argmax(axis=1)
        # Where there is only one class, it is the answer.
        return np.minimum(outputs > 0.5, len(self.classes) - 1).astype(int)

    def decode(self, outputs: np.ndarray) -> np.ndarray:
        """Return the labels that rows of outputs stand for: classes, or indicators of several labels a sample."""
        decided = self.decided(outputs)
        return decided if self.kind == "multilabel" else self.classes[decided.ravel()]

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each class for each row of outputs, shape (rows, n_classes)."""
        if self.kind != "binary":
            return outputs
        return np.ones_like(outputs) if len(self.classes) == 1 else np.hstack([1 - outputs, outputs])


def labels_for(estimator: Any, y: Any, first: bool, given: Given) -> tuple[Labels, np.ndarray]:
    """Check y against the classes that a classifier knows, or takes from y or from ``classes``.

    Returns
    -------
    labels : Labels
    y : ndarray
        One label a sample, shape (samples,), or indicators.
    """
    kind = type_of_target(y, input_name="y")
    check_classification_targets(y)
    multilabel = kind == "multilabel-indicator"
    if multilabel:
        y = y.toarray() if sparse.issparse(y) else y
    elif kind.endswith("multioutput"):
        raise ValueError(
            f"y has several columns of classes ({kind}); sklearn.multioutput.MultiOutputClassifier fits one classifier "
            "a column"
        )
    else:
        y = column_or_1d(y, warn=True)
    present = unique_labels(y)
    known = getattr(estimator, "classes_", None)
    if given.incremental:
        classes = _classes_of_partial_fit(known, given.classes)
        classes = present if multilabel and known is None else classes
        _check_known(present, classes)
    elif first or known is None:
        classes = present
    else:
        classes = known
        if not np.array_equal(present, known):
            raise ValueError(
                "warm_start can only be used where `y` has the same classes as in the previous call to fit. "
                f"Previously got {known}, `y` has {present}"
            )
    return Labels(classes, multilabel), y


def _classes_of_partial_fit(known: np.ndarray | None, classes: Any) -> np.ndarray:
    """Return all classes: those of the first call, which later ones must repeat or leave out."""
    if classes is None:
        if known is None:
            raise ValueError("classes must be passed on the first call to partial_fit.")
        return known
    classes = unique_labels(classes)
    if known is not None and not np.array_equal(known, classes):
        raise ValueError(f"`classes={classes!r}` is not the same as on last call to partial_fit, was: {known!r}")
    return classes


def _check_known(present: np.ndarray, classes: np.ndarray) -> None:
    if np.setdiff1d(present, classes, assume_unique=True).size:
        raise ValueError(f"`y` has classes not in `self.classes_`. `self.classes_` has {classes}. 'y' has {present}.")
