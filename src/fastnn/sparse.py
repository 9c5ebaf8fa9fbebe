"""Sparse features as SciPy keeps them: which of them stay sparse, and how programs read their rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .ops.sparse import Csr

__all__ = ["CsrSource", "csr_format", "is_sparse", "is_wide", "stays_sparse", "write_rows"]

_MOST = 2**31 - 1  # elements and columns: they are counted by int32
_MILLION = 1 << 20
_WIDE = 256  # features
_SMALL, _LARGE = 1 << 24, 1 << 28  # bytes of a dense copy
_FULL = 0.1  # elements there are of all: with more, dense rows train faster


def is_sparse(X: Any) -> bool:
    """Whether features are one of SciPy's sparse matrices or arrays; looked at without importing it."""
    return hasattr(X, "tocsr")


def is_wide(X: Any) -> bool:
    """Whether features are sparse, and so many that predictions are made of their elements alone.

    It does not hang on the number of rows: a row gives the same bits in any company.
    """
    return is_sparse(X) and X.shape[1] >= _WIDE


def stays_sparse(X: Any) -> bool:
    """Whether sparse features are trained on as they are; what is narrow and small, or rather full, is made dense."""
    if not is_sparse(X):
        return False
    size = X.shape[0] * X.shape[1]
    most = _LARGE if X.nnz > _FULL * size else 0 if is_wide(X) else _SMALL
    return size * X.dtype.itemsize > most


class CsrSource:
    """Rows of a SciPy matrix, for programs whose inputs are a `Csr`.

    Parameters
    ----------
    X : scipy.sparse CSR matrix or array of shape (rows, features)
        It is left as it is: columns that are not in order, or there twice, are brought in order in a copy.
    dtype : numpy.dtype
        Of the elements in programs.

    Raises
    ------
    ValueError
        If X is none: with starts that go down, or columns that it does not have; or if it has 2**31 columns.
    """

    def __init__(self, X: Any, dtype: np.dtype) -> None:
        self.features = X.shape[1]
        X = csr_format(X, "X")
        n = X.indptr[-1]
        #: values, columns and where each row begins, with the end
        self.arrays = tuple(
            np.require(each, wanted, ["C", "A"])
            for each, wanted in ((X.data[:n], dtype), (X.indices[:n], np.int32), (X.indptr, np.int64))
        )

    def __len__(self) -> int:
        return len(self.arrays[2]) - 1

    def room(self, rows: int) -> int:
        """Return how many elements so many rows have at most, whichever they are.

        A few numbers serve all, so that programs do: powers of two, and from a million on millions.
        """
        lengths = np.diff(self.arrays[2])
        if rows < len(lengths):
            lengths = np.partition(lengths, -rows)[-rows:]
        most = max(1, int(lengths.sum()))
        if most > _MOST:
            raise ValueError(
                f"{rows} sparse rows may have {most} elements, at most {_MOST} can be a batch: take fewer rows"
            )
        return 1 << (most - 1).bit_length() if most <= _MILLION else min(-(-most // _MILLION) * _MILLION, _MOST)

    def write(self, begin: int, rows: int, out: Csr) -> np.ndarray:
        """Write rows from ``begin`` on into a program's inputs and return their elements; its other rows are empty."""
        values, columns, starts = self.arrays
        first, behind = starts[begin], starts[begin + rows]
        n = behind - first
        out.values[:n] = values[first:behind]
        np.clip(columns[first:behind], 0, self.features - 1, out=out.columns[:n])  # another thread may write there
        out.bounds[:rows, 0] = starts[begin : begin + rows] - first
        out.bounds[:rows, 1] = starts[begin + 1 : begin + rows + 1] - first
        out.bounds[rows:] = 0
        return out.values[:n]


def csr_format(X: Any, name: str) -> Any:
    """Return a CSR matrix with the columns of each row in order and none of them twice: itself, or a copy.

    Raises ValueError where its index arrays are no matrix, which SciPy would see to by changing them, or are too long.
    """
    starts, n = X.indptr, min(len(X.data), len(X.indices))
    if len(starts) != X.shape[0] + 1 or starts[0] != 0 or starts[-1] > n or (starts[1:] < starts[:-1]).any():
        raise ValueError(f"the index pointers of {name} must go up from 0 to at most {n}, the number of its elements")
    columns = X.indices[: starts[-1]]
    if columns.size and not (columns.min() >= 0 and columns.max() < X.shape[1]):
        raise ValueError(f"the column indices of {name} must be between 0 and {X.shape[1] - 1}")
    if X.shape[1] > _MOST:
        raise ValueError(f"{name} has {X.shape[1]} columns, at most {_MOST} can be trained on")
    if not X.has_canonical_format:
        X = X.copy()
        X.sum_duplicates()
    return X


def write_rows(X: Any, begin: int, rows: int, inputs: Sequence[np.ndarray]) -> np.ndarray:
    """Write rows of features from ``begin`` on into a program's inputs, and return the numbers as they stand there.

    Parameters
    ----------
    X : CsrSource, ndarray or sparse CSR matrix
        Of the first, elements are written; of the last, dense rows.
    begin, rows : int
    inputs : sequence of ndarray
        The three arrays of a `Csr` for the first, else one, of at least so many rows.
    """
    if isinstance(X, CsrSource):
        return X.write(begin, rows, Csr(*inputs))
    out, chosen = inputs[0][:rows], X[begin : begin + rows]
    if not is_sparse(chosen):
        out[...] = chosen
    elif chosen.dtype == out.dtype and out.flags.c_contiguous:
        chosen.toarray(out=out)
    else:
        out[...] = chosen.toarray()
    return out
