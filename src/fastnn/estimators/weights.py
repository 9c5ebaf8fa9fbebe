"""Weights of samples and of classes: what they may be, and how the second become the first."""

from __future__ import annotations

import math
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from sklearn.utils.validation import _check_sample_weight

__all__ = [
    "Weigh",
    "checked_sample_weight",
    "class_weights",
    "joint_weights",
    "refuse_balanced",
    "refuse_weightless",
    "refuse_weightless_part",
]

Weigh = Callable[[np.ndarray], np.ndarray | None]


def checked_sample_weight(sample_weight: Any, X: Any, dtype: Any = None) -> np.ndarray | None:
    """Return weights of samples as an array of shape (samples,), or None for None.

    Raises
    ------
    ValueError
        If they do not fit X, are negative or not finite, or are all zero.
    """
    if sample_weight is None:
        return None
    sample_weight = _check_sample_weight(sample_weight, X, dtype=dtype, ensure_non_negative=True)
    if not sample_weight.any():
        raise ValueError("Sample weights must contain at least one non-zero number.")
    return sample_weight


def joint_weights(
    sample_weight: np.ndarray | None, class_weight: np.ndarray | None, dtype: Any = None
) -> np.ndarray | None:
    """Return the product of the weights of samples and those of their classes; None: there are neither."""
    weights = [each for each in (sample_weight, class_weight) if each is not None]
    return np.prod(weights, axis=0, dtype=dtype) if weights else None


def refuse_weightless(weight: np.ndarray | None, dtype: Any, of: str = "") -> None:
    """Raise ValueError where `joint_weights` are all zero, though those of the samples alone are not, or nearly zero.

    Kernels take numbers below the smallest normal one for zeros, and those near it have no finite reciprocal.
    """
    if weight is None:
        return
    if not weight.any():
        raise ValueError(f"class_weight leaves no sample{of} a weight above zero.")
    about = np.finfo(dtype)
    if weight.max() < about.tiny / about.eps:
        raise ValueError(
            f"The weights of samples{of} are too small for {about.dtype}: the largest is {weight.max():.3g}, and must "
            f"be at least {about.tiny / about.eps:.3g}."
        )


def refuse_weightless_part(weight: np.ndarray | None, dtype: Any, part: str) -> None:
    """Raise ValueError where the `joint_weights` of a part of the samples are all zero, or nearly: see above."""
    if weight is not None and not weight.any():
        raise ValueError(f"Sample weights of the {part} must contain at least one non-zero number.")
    refuse_weightless(weight, dtype, f" of the {part}")


def refuse_balanced(class_weight: Any) -> None:
    """Raise ValueError, with scikit-learn's words, for what `partial_fit` cannot do: count classes not seen yet."""
    if class_weight == "balanced":
        raise ValueError(
            "class_weight 'balanced' is not supported for partial_fit. In order to use 'balanced' weights, use "
            "compute_class_weight('balanced', classes=classes, y=y). In place of y you can use a large enough sample "
            "of the full training set target to properly estimate the class frequency distributions. Pass the "
            "resulting weights as the class_weight parameter."
        )


def class_weights(class_weight: Any, numbers: np.ndarray, classes: np.ndarray) -> Weigh:
    """Return a function that gives the weights of samples for the numbers of their classes, or None.

    With several labels a sample that is the product of its labels' weights, as in scikit-learn.

    Parameters
    ----------
    class_weight : dict, "balanced" or None
    numbers : ndarray of int, shape (samples,), or of 0 and 1, shape (samples, labels)
        Class numbers, or several labels a sample, of the training data, which "balanced" counts.
    classes : ndarray of shape (classes,) or (labels,)

    Raises
    ------
    ValueError
        If weights are negative, not finite, or for other classes than those there are.
    TypeError
        If they are no numbers.
    """
    if class_weight is None:
        return lambda numbers: None
    several = numbers.ndim == 2
    if class_weight == "balanced":
        table = _balanced(_counts(numbers, len(classes)))
    else:
        table = _weights_by_label(class_weight, classes)
        table = np.stack([np.ones_like(table), table], axis=1) if several else table
    if several:
        columns = np.arange(len(classes))
        return lambda numbers: table[columns, numbers].prod(axis=1)
    return lambda numbers: table[numbers]


def _counts(numbers: np.ndarray, n_classes: int) -> np.ndarray:
    """Return how often each class occurs; of several labels how often each is 0 and 1, shape (labels, 2)."""
    if numbers.ndim == 1:
        return np.bincount(numbers, minlength=n_classes)
    ones = np.count_nonzero(numbers, axis=0)
    return np.stack([len(numbers) - ones, ones], axis=1)


def _balanced(counts: np.ndarray) -> np.ndarray:
    """Return weights inversely proportional to counts along the last axis; what does not occur weighs nothing."""
    total, values = counts.sum(axis=-1, keepdims=True), np.count_nonzero(counts, axis=-1)[..., np.newaxis]
    return np.where(counts > 0, total / (values * np.maximum(counts, 1)), 0.0)


def _weights_by_label(class_weight: dict, classes: np.ndarray) -> np.ndarray:
    """Return the weight of each class, 1 where not named."""
    _check(class_weight)
    without = [label for label in classes.tolist() if label not in class_weight]
    if without and len(classes) - len(without) != len(class_weight):  # scikit-learn's rule, and words
        raise ValueError(f"The classes, {without}, are not in class_weight")
    return np.array([class_weight.get(label, 1.0) for label in classes.tolist()], np.float64)


def _check(class_weight: dict) -> None:
    for label, weight in class_weight.items():
        if not isinstance(weight, Real) and (np.ndim(weight) or np.asarray(weight).dtype.kind not in "biuf"):
            raise TypeError(f"class_weight must hold numbers, got {weight!r} for the class {label!r}.")
    negative = {label: weight for label, weight in class_weight.items() if weight < 0}
    if negative:
        raise ValueError(f"Negative values in the 'class_weight' parameter: {negative}.")
    boundless = {label: weight for label, weight in class_weight.items() if not math.isfinite(weight)}
    if boundless:
        raise ValueError(f"NaN or infinite values in the 'class_weight' parameter: {boundless}.")
