"""Weights of classes as weights of samples."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from sklearn.utils.class_weight import compute_class_weight

from .call import Given
from .labels import Labels

__all__ = ["class_weights", "weights_of_several_labels"]

Weigh = Callable[[np.ndarray], np.ndarray | None]


def class_weights(class_weight: Any, y: Any, labels: Labels, given: Given) -> Weigh:
    """Return a function that gives the weights of samples for their labels, or None.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    y : ndarray
        The checked labels of the training data, which "balanced" counts.
    labels : Labels
    given : Given
        The arguments of the call: `partial_fit` does not know how many labels there will be.

    Raises
    ------
    ValueError
        If weights are negative, are for other classes than those there are, or "balanced" in `partial_fit`.
    """
    if class_weight is None:
        return lambda y: None
    if class_weight == "balanced" and given.incremental:
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
            "sklearn.utils.class_weight.compute_class_weight('balanced', classes=classes, y=y) with a large enough "
            "sample of the targets, and give the resulting weights as the class_weight parameter."
        )
    if isinstance(class_weight, dict):
        _check(class_weight)
    if labels.kind == "multilabel":
        return weights_of_several_labels(class_weight, y, labels.classes)
    table = compute_class_weight(class_weight, classes=labels.classes, y=y)
    return lambda y: table[np.searchsorted(labels.classes, y)]


def weights_of_several_labels(class_weight: dict | str, y: np.ndarray, classes: np.ndarray) -> Weigh:
    """Return a function that gives each sample the product of its labels' weights, as scikit-learn does.

    Parameters
    ----------
    class_weight : dict or "balanced"
    y : ndarray of shape (samples, labels)
        Which "balanced" counts.
    classes : ndarray of shape (labels,)
    """
    if isinstance(class_weight, dict):
        without = [label for label in classes.tolist() if label not in class_weight]
        if without and len(classes) - len(without) != len(class_weight):  # scikit-learn's rule, and words
            raise ValueError(f"The classes, {without}, are not in class_weight")
        table = np.array([[1.0, class_weight.get(label, 1.0)] for label in classes.tolist()])
    else:
        ones = np.count_nonzero(y, axis=0)
        counts = np.stack([len(y) - ones, ones], axis=1)
        # A value that does not occur weighs nothing.
        values = np.count_nonzero(counts, axis=1)[:, np.newaxis]
        table = np.where(counts > 0, len(y) / (values * np.maximum(counts, 1)), 0.0)
    columns = np.arange(len(table))
    return lambda y: table[columns, (y > 0).astype(int)].prod(axis=1)


def _check(class_weight: dict) -> None:
    negative = {label: weight for label, weight in class_weight.items() if not weight >= 0}
    if negative:
        raise ValueError(f"Negative values in the 'class_weight' parameter: {negative}.")
