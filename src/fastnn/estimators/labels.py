"""Class labels as numbers, and outputs of the network as class labels."""

from __future__ import annotations

import numpy as np

from .objectives import BINARY_LOG_LOSS, LOG_LOSS, Objective

__all__ = ["Labels"]


class Labels:
    """The classes of a classifier.

    Up to two classes have one sigmoid output, the probability of the second class; more have a softmax.

    Parameters
    ----------
    classes : ndarray of shape (n_classes,)
        Sorted, all different.
    """

    def __init__(self, classes: np.ndarray) -> None:
        self.classes = classes
        self._binary = len(classes) <= 2

    @property
    def objective(self) -> Objective:
        """What to minimize for these classes."""
        return BINARY_LOG_LOSS if self._binary else LOG_LOSS

    @property
    def n_outputs(self) -> int:
        """How many outputs the network has."""
        return 1 if self._binary else len(self.classes)

    def encode(self, y: np.ndarray) -> np.ndarray:
        """Return the objective's targets for labels, which must be among the classes."""
        numbers = np.searchsorted(self.classes, y)
        return numbers.astype(np.uint8).reshape(-1, 1) if self._binary else numbers.astype(np.int64)

    def numbers(self, outputs: np.ndarray) -> np.ndarray:
        """Return the number of the most probable class of each row of outputs."""
        if not self._binary:
            return outputs.argmax(axis=1)
        return np.minimum(outputs[:, 0] > 0.5, len(self.classes) - 1).astype(np.intp)

    def probabilities(self, outputs: np.ndarray) -> np.ndarray:
        """Return the probability of each class for each row of outputs, shape (rows, n_classes)."""
        if len(self.classes) == 1:
            return np.ones_like(outputs)
        return np.hstack([1 - outputs, outputs]) if self._binary else outputs
