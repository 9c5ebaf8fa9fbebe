"""What lies above and below thresholds: the counts behind binary metrics and curves."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import ops
from ..ops.indexing import scatter_add_rows
from ..tensor import Tensor, Variable
from ..utils import checks

__all__ = ["COUNTS", "add_counts", "check_thresholds", "even_thresholds"]

#: What is counted, by the names of the variables.
COUNTS = ("true_positives", "false_positives", "true_negatives", "false_negatives")

_FEW = 8  # thresholds with all of which a score is compared


def check_thresholds(thresholds: Any) -> list[float]:
    """Return thresholds, one or a sequence, as floats in 0 … 1."""
    several = thresholds if isinstance(thresholds, (list, tuple)) or np.ndim(thresholds) == 1 else [thresholds]
    return [checks.real("thresholds", threshold, minimum=0.0, maximum=1.0) for threshold in several]


def even_thresholds(number: int) -> np.ndarray:
    """Return so many thresholds, at least 2, spread evenly over 0 … 1, its ends included."""
    return np.arange(number) / (number - 1)


def add_counts(
    variables: Mapping[str, Variable], thresholds: Any, y_true: Tensor, scores: Tensor, weights: Tensor
) -> None:
    """Add the weights of a batch to variables, by what they count: some of `COUNTS`.

    Parameters
    ----------
    variables : dict of Variable
        Of shape ``(thresholds,)`` or ``(thresholds, columns)``.
    thresholds : sequence of float
        Positive is a prediction above the threshold.
    y_true, scores, weights : Tensor, shape (samples, columns)
        Targets, positive if not 0, predictions and weights.
    """
    positive = ops.cast(ops.not_equal(y_true, 0), "int32")
    counted = _compared if len(thresholds) <= _FEW else _placed
    above, below = counted(np.asarray(thresholds), positive, scores, weights)
    found = dict(zip(COUNTS, (above[1], above[0], below[0], below[1]), strict=True))
    for name, variable in variables.items():
        variable.assign_add(ops.reshape(ops.transpose(found[name]), variable.shape))


def _compared(thresholds: np.ndarray, positive: Tensor, scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return the weights above, and those below, each threshold, both (2 classes, columns, thresholds)."""
    above = ops.expand_dims(scores, -1) > ops.convert_to_tensor(thresholds, scores.dtype)
    classes = np.arange(2, dtype=positive.dtype)[:, None, None]
    of_classes = ops.expand_dims(ops.where(ops.equal(positive, classes), weights, 0.0), -1)
    return (
        ops.sum(ops.where(above, of_classes, 0.0), axis=1),
        ops.sum(ops.where(above, 0.0, of_classes), axis=1),
    )


def _placed(thresholds: np.ndarray, positive: Tensor, scores: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
    """Return what `_compared` does, without comparing each score with all thresholds.

    Thresholds stand row by row in a square. A score is compared with the last of each row, then with all of the row
    into which it falls: it is above those of the rows before, and below those of the rows behind.
    """
    square = ops.convert_to_tensor(_square(np.sort(thresholds)), scores.dtype)
    rank = np.argsort(np.argsort(thresholds, kind="stable"))
    columns, side = scores.shape[1], square.shape[0]
    scores, weights = ops.expand_dims(scores, -1), ops.expand_dims(weights, -1)
    row = ops.count_nonzero(scores > square[:, -1], axis=-1)
    places = ops.ravel((positive * columns + np.arange(columns)) * side + row)  # class, column, row
    above = scores > ops.take(square, row, axis=0)

    def summed(x: Tensor) -> Tensor:
        sums = scatter_add_rows(ops.reshape(x, (-1, x.shape[-1])), places, 2 * columns * side)
        return ops.reshape(sums, (2, columns, side, -1))

    def everywhere(inside: Tensor, others: Tensor) -> Tensor:
        found = summed(inside) + ops.matmul(others, whole)
        return ops.take(ops.reshape(found, (2, columns, -1)), rank, axis=-1)

    whole, before = summed(weights), ops.convert_to_tensor(np.tri(side, k=-1), weights.dtype)
    return (
        everywhere(ops.where(above, weights, 0.0), ops.transpose(before)),
        everywhere(ops.where(above, 0.0, weights), before),
    )


def _square(thresholds: np.ndarray) -> np.ndarray:
    """Return thresholds row by row in a square, which infinity fills up, and at least its end."""
    side = math.isqrt(len(thresholds)) + 1
    return np.append(thresholds, np.full(side * side - len(thresholds), np.inf)).reshape(side, side)
