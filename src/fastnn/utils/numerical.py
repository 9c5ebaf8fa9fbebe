"""Small numeric helpers."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import ops
from ..tensor import Tensor
from . import checks

__all__ = ["normalize", "to_categorical"]


def to_categorical(x: Any, num_classes: int | None = None) -> np.ndarray:
    """Turn class numbers into one-hot rows, as `keras.utils.to_categorical`.

    Parameters
    ----------
    x : array_like of int, shape (...,) or (..., 1)
        Class numbers 0 … num_classes - 1.
    num_classes : int, optional
        Number of classes; by default the largest number in ``x`` plus one.

    Returns
    -------
    ndarray of float64, shape (..., num_classes)

    Raises
    ------
    ValueError
        Where ``x`` holds something that is not a class number: its first such value is named.

    Examples
    --------
    >>> to_categorical([0, 2])
    array([[1., 0., 0.],
           [0., 0., 1.]])
    """
    labels = np.asarray(x)
    if labels.dtype.kind not in "biuf" or (labels.dtype.kind == "f" and not np.array_equal(labels, np.trunc(labels))):
        raise ValueError(f"Argument `x` must hold whole class numbers. Received: dtype {labels.dtype}, x={x!r}")
    labels = labels.astype(np.int64)
    shape = labels.shape[:-1] if labels.ndim > 1 and labels.shape[-1] == 1 else labels.shape
    labels = labels.reshape(-1)
    if num_classes is None:
        if not labels.size:
            raise ValueError("Argument `x` is empty: give `num_classes`.")
        num_classes = int(labels.max(initial=0)) + 1
    num_classes = checks.integer("num_classes", num_classes, minimum=1)
    outside = np.flatnonzero((labels < 0) | (labels >= num_classes))
    if outside.size:
        raise ValueError(
            f"Argument `x` must hold class numbers 0 to {num_classes - 1}. Received: {labels[outside[0]]} at flat "
            f"position {outside[0]} ({outside.size} such values)"
        )
    rows = np.zeros((labels.size, num_classes))
    rows[np.arange(labels.size), labels] = 1.0
    return rows.reshape(*shape, num_classes)


def normalize(x: Any, axis: int = -1, order: float = 2) -> np.ndarray | Tensor:
    """Divide by the norm of the given order along an axis, as `keras.utils.normalize`; zero vectors stay zero.

    Parameters
    ----------
    x : ndarray, or what becomes a tensor
        An array gives an array, all else the tensor of `ops.normalize`.
    axis : int
        The axis along which vectors lie.
    order : float
        The norm's order: 2 is Euclid's. That of tensors is an integer of at least 1, or infinity.
    """
    if not isinstance(x, np.ndarray):
        return ops.normalize(x, axis, order)
    norm = np.atleast_1d(np.linalg.norm(x, order, axis))
    norm[norm == 0] = 1
    return x / np.expand_dims(norm, axis)
