"""Sparse features as the loops take arrays: rows with a shape, to be counted, cut and checked."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import native
from ..sparse import CsrSource, csr_format
from . import arrays

__all__ = ["SparseRows"]


class SparseRows:
    """Rows of a SciPy matrix that is not made dense.

    Parameters
    ----------
    X : scipy.sparse matrix or array of shape (rows, features)
        Of any format. It is left as it is.
    name : str
        The argument's name, for errors.

    Attributes
    ----------
    matrix : scipy.sparse CSR matrix or array
        With the columns of each row in order, none of them twice.

    Raises
    ------
    TypeError
        If it does not hold real numbers.
    ValueError
        If it has other than two axes, or its index arrays are no matrix.
    """

    ndim = 2

    def __init__(self, X: Any, name: str) -> None:
        if X.ndim != 2:
            raise ValueError(f"{name} must have two axes if it is sparse, got shape {X.shape}")
        if X.dtype.kind not in "biuf":
            raise TypeError(f"{name} must hold real numbers, got a sparse matrix of dtype {X.dtype}")
        self.matrix = csr_format(native(X.tocsr()), name)  # SciPy takes no rows of others

    @property
    def shape(self) -> tuple[int, int]:
        return self.matrix.shape

    @property
    def size(self) -> int:
        """How many elements there are, zeros included."""
        return self.shape[0] * self.shape[1]

    @property
    def dtype(self) -> np.dtype:
        return self.matrix.dtype

    def __len__(self) -> int:
        return self.shape[0]

    def __getitem__(self, rows: slice | np.ndarray) -> SparseRows:
        chosen = object.__new__(SparseRows)
        chosen.matrix = self.matrix[rows]
        return chosen

    def astype(self, dtype: np.dtype) -> np.ndarray:
        """Return the rows as a dense array."""
        return self.matrix.toarray().astype(dtype, copy=False)

    def source(self, dtype: np.dtype) -> CsrSource:
        """Return the rows as programs gather them, with elements of a float dtype."""
        return CsrSource(self.matrix, dtype)

    def check_finite(self, name: str, dtype: np.dtype) -> None:
        """Raise ValueError where an element is NaN, infinite or beyond the dtype; see `arrays.check_finite`."""
        arrays.check_finite(self.matrix.data[: self.matrix.indptr[-1]], name, dtype, self._place)

    def _place(self, element: int) -> tuple[int, int]:
        """Return the row and the column of an element."""
        return int(np.searchsorted(self.matrix.indptr, element, side="right")) - 1, int(self.matrix.indices[element])
