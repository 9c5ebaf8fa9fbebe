"""What is trained on: rows of features, targets and weights, and the ways in which batches of them reach programs."""

from __future__ import annotations

import sys
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
from scipy import sparse

from .. import plan

__all__ = ["Feed", "TrainingData", "dense_rows", "make_feed"]

_WINDOW = 1 << 24  # bytes of the dense copy of sparse rows


@dataclass
class TrainingData:
    """What is trained on.

    Attributes
    ----------
    X : ndarray (C-contiguous) or sparse CSR matrix, shape (samples, features)
    targets : ndarray of shape (samples,) or (samples, outputs)
        As the objective wants them.
    sample_weight : ndarray of shape (samples,) or None
    rows : ndarray of int64 or None
        The rows to train on, in their order before shuffling; None: all.
    """

    X: Any
    targets: np.ndarray
    sample_weight: np.ndarray | None = None
    rows: np.ndarray | None = None

    @property
    def samples(self) -> int:
        """How many rows are trained on."""
        return self.X.shape[0] if self.rows is None else len(self.rows)

    def arrays(self) -> list[Any]:
        """Return what a batch is made of: features, targets, and weights if there are any."""
        return [each for each in (self.X, self.targets, self.sample_weight) if each is not None]

    def specs(self, rows: int, dtype: np.dtype, class_numbers: bool) -> list[tuple]:
        """Return shape and dtype of each part of a batch of so many rows."""
        dtypes = [dtype, np.dtype("int64") if class_numbers else dtype, dtype]
        return [((rows, *each.shape[1:]), t) for each, t in zip(self.arrays(), dtypes, strict=False)]


class Feed(Protocol):
    """Brings the rows of training data to programs, in the order of an array of row numbers.

    Attributes
    ----------
    most_rows : int
        How many rows one `seek` can bring.
    needs_seek : bool
        Whether programs find their rows only after a `seek`.
    """

    most_rows: int
    needs_seek: bool

    def bind(self, program: plan.Program) -> None:
        """Let a program find its rows here."""

    def seek(self, first: int, rows: int) -> int:
        """Make so many rows from position ``first`` of the order ready; return from which row programs are to run."""


class _DenseFeed:
    """Programs gather the rows by themselves; the order is read whenever they run."""

    most_rows, needs_seek = sys.maxsize, False

    def __init__(self, data: TrainingData, order: np.ndarray) -> None:
        self._sources, self._order = data.arrays(), order

    def bind(self, program: plan.Program) -> None:
        program.bind(self._sources, self._order)

    def seek(self, first: int, rows: int) -> int:
        return first


class _SparseFeed:
    """Rows are made dense a window at a time: memory for a few batches, never for all rows."""

    needs_seek = True

    def __init__(self, data: TrainingData, order: np.ndarray, batch_size: int) -> None:
        self._data, self._order = data, order
        row = max(1, data.X.shape[1] * data.X.dtype.itemsize)
        batches = max(1, _WINDOW // (row * batch_size))
        self.most_rows = min(batches * batch_size, -(-len(order) // batch_size) * batch_size)
        self._window = [np.empty((self.most_rows, *each.shape[1:]), each.dtype) for each in data.arrays()]

    def bind(self, program: plan.Program) -> None:
        program.bind(self._window)

    def seek(self, first: int, rows: int) -> int:
        wanted = self._order[first : first + rows]
        dense, *others = self._window
        dense_rows(self._data.X, wanted, dense[:rows])
        for source, window in zip(self._data.arrays()[1:], others, strict=True):
            np.take(source, wanted, axis=0, out=window[:rows])
        return 0


def make_feed(data: TrainingData, order: np.ndarray, batch_size: int) -> Feed:
    """Return the feed for dense or sparse features; ``order`` (int64 row numbers) is read when batches run."""
    return _SparseFeed(data, order, batch_size) if sparse.issparse(data.X) else _DenseFeed(data, order)


def dense_rows(X: Any, rows: Any, out: np.ndarray) -> None:
    """Write rows of dense or sparse features into an array, converting to its dtype."""
    chosen = X[rows]
    if not sparse.issparse(chosen):
        out[...] = chosen
    elif chosen.dtype == out.dtype and out.flags.c_contiguous:
        chosen.toarray(out=out)
    else:
        out[...] = chosen.toarray()
