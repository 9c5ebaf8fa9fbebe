"""What is trained on: rows of features, targets and weights, as programs take them."""

from __future__ import annotations

import functools
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from ..ops.sparse import Csr, CsrSource, csr_specs

__all__ = ["TrainingData", "is_wide", "stays_sparse", "taking_sparse", "write_rows"]

_WIDE = 256  # features
_SMALL, _LARGE = 1 << 24, 1 << 28  # bytes of a dense copy
_FULL = 0.1  # elements there are of all: with more, dense rows train faster


def is_wide(X: Any) -> bool:
    """Whether features are sparse, and so many that predictions are made of their elements alone.

    It does not hang on the number of rows: a row gives the same bits in any company.
    """
    return sparse.issparse(X) and X.shape[1] >= _WIDE


def stays_sparse(X: Any) -> bool:
    """Whether sparse features are trained on as they are; what is narrow and small, or rather full, is made dense."""
    if not sparse.issparse(X):
        return False
    size = X.shape[0] * X.shape[1]
    most = _LARGE if X.nnz > _FULL * size else 0 if is_wide(X) else _SMALL
    return size * X.dtype.itemsize > most


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
    thin : bool
        Whether programs take features as a `Csr`.
    """

    X: Any
    targets: np.ndarray
    sample_weight: np.ndarray | None = None
    rows: np.ndarray | None = None
    thin: bool = field(init=False)
    _features: dict[np.dtype, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.thin = stays_sparse(self.X)

    @property
    def samples(self) -> int:
        """How many rows are trained on."""
        return self.X.shape[0] if self.rows is None else len(self.rows)

    def sources(self, dtype: np.dtype) -> list[Any]:
        """Return what programs of this dtype are bound to: features, targets, and weights if there are any."""
        if dtype not in self._features:
            self._features[dtype] = self._source(dtype)
        return [each for each in (self._features[dtype], self.targets, self.sample_weight) if each is not None]

    def _source(self, dtype: np.dtype) -> Any:
        if self.thin:
            return CsrSource(self.X, dtype)
        return self.X.toarray() if sparse.issparse(self.X) else self.X

    def specs(self, rows: int, dtype: np.dtype, class_numbers: bool) -> list[tuple]:
        """Return shape and dtype of each input that a batch of so many rows makes."""
        if self.thin:
            first = csr_specs(rows, self.sources(dtype)[0].room(rows), dtype)
        else:
            first = [((rows, *self.X.shape[1:]), dtype)]
        others = [(self.targets, np.dtype("int64") if class_numbers else dtype)]
        if self.sample_weight is not None:
            others.append((self.sample_weight, dtype))
        return [*first, *(((rows, *each.shape[1:]), t) for each, t in others)]

    def taken_by(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """Return a function of features, dense or a `Csr`, and of others, as one of the inputs that `specs` names."""
        return taking_sparse(function) if self.thin else function


def taking_sparse(function: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function of a `Csr` and others as one of its three tensors and the others."""

    @functools.wraps(function)
    def call(bounds: Any, values: Any, columns: Any, *others: Any) -> Any:
        return function(Csr(bounds, values, columns), *others)

    return call


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
    if not sparse.issparse(chosen):
        out[...] = chosen
    elif chosen.dtype == out.dtype and out.flags.c_contiguous:
        chosen.toarray(out=out)
    else:
        out[...] = chosen.toarray()
    return out
