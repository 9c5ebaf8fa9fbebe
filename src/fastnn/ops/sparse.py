"""Products of sparse matrices with dense ones: what a first layer makes of sparse features. Used by the estimators."""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np

from ..tensor import convert_to_tensor
from .catalogue import Op, contiguous, copied

__all__ = ["Csr", "CsrSource", "csr_matmul", "csr_specs"]

_MOST = 2**31 - 1  # elements and columns: they are counted by int32
_MILLION = 1 << 20


class Csr(NamedTuple):
    """A sparse matrix, or the memory of one: the CSR format with both ends of each row.

    Parameters
    ----------
    bounds : (rows, 2) int32
        Row i has the elements from bounds[i, 0] up to, but without, bounds[i, 1].
    values : (room,) float
        The elements; there may be room for more than there are.
    columns : (room,) int32
        The column of each.
    """

    bounds: Any
    values: Any
    columns: Any

    def dense(self, columns: int) -> np.ndarray:
        """Return it, a matrix of arrays with so many columns, as a dense array."""
        out = np.zeros((len(self.bounds), columns), self.values.dtype)
        for row, (begin, end) in zip(out, self.bounds, strict=True):
            np.add.at(row, self.columns[begin:end], self.values[begin:end])
        return out


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
        _check_format(X)
        if not X.has_canonical_format:
            X = X.copy()
            X.sum_duplicates()
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


def _check_format(X: Any) -> None:
    """Raise ValueError unless a CSR matrix is one, which SciPy would see to by changing it."""
    starts, n = X.indptr, min(len(X.data), len(X.indices))
    if len(starts) != X.shape[0] + 1 or starts[0] != 0 or starts[-1] > n or (starts[1:] < starts[:-1]).any():
        raise ValueError(f"the index pointers of X must go up from 0 to at most {n}, the number of its elements")
    columns = X.indices[: starts[-1]]
    if columns.size and not (columns.min() >= 0 and columns.max() < X.shape[1]):
        raise ValueError(f"the column indices of X must be between 0 and {X.shape[1] - 1}")
    if X.shape[1] > _MOST:
        raise ValueError(f"X has {X.shape[1]} columns, at most {_MOST} can be trained on")


def csr_specs(rows: int, room: int, dtype: np.dtype) -> list[tuple[tuple[int, ...], np.dtype]]:
    """Return shape and dtype of the three inputs of a program that are a batch of sparse rows."""
    return [((rows, 2), np.dtype("int32")), ((room,), dtype), ((room,), np.dtype("int32"))]


def _transpose_reference(bounds, values, columns, rows):
    elements = [(columns[e], i, e) for i, (begin, end) in enumerate(bounds) for e in range(begin, end)]
    elements.sort()
    t = Csr(np.zeros((rows, 2), np.int32), np.zeros_like(values), np.zeros_like(columns))
    for at, (_, i, e) in enumerate(elements):
        t.values[at], t.columns[at] = values[e], i
    ends = np.cumsum(np.bincount([column for column, _, _ in elements], minlength=rows))
    t.bounds[:, 1], t.bounds[1:, 0] = ends, ends[:-1]
    return tuple(t)


_csr_transpose = Op(
    "csr_transpose",
    inputs=["bounds", "values", "columns"],
    spec=lambda bounds, values, columns, rows: [
        ((rows, 2), np.dtype("int32")),
        (values.shape, values.dtype),
        (columns.shape, np.dtype("int32")),
    ],
    reference=_transpose_reference,
    lower=lambda plan, outs, ins, rows: plan.call(
        "csr_transpose", outs, [contiguous(plan, x) for x in ins], (len(ins[0]), rows), dtype=ins[1].dtype
    ),
    attrs={"rows": 0},
    register=False,
    doc="The transpose of a sparse matrix with so many columns. A constant to the tape.",
)


def _csr_matmul_lower(plan, outs, ins):
    *csr, b = ins
    csr = [contiguous(plan, x) for x in csr]
    try:
        plan.csr_matmul(outs[0], csr, b)
    except BufferError:  # rows of b do not stand side by side
        plan.csr_matmul(outs[0], csr, copied(plan, b))


def _csr_matmul_vjp(call, dy):
    *csr, b = call.inputs
    db = _csr_matmul(*_csr_transpose(*csr, rows=b.shape[0]), dy) if call.needs[3] else None
    return None, None, None, db


_csr_matmul = Op(
    "csr_matmul",
    inputs=["bounds", "values", "columns", "b"],
    spec=lambda bounds, values, columns, b: [((bounds.shape[0], b.shape[1]), b.dtype)],
    reference=lambda bounds, values, columns, b: Csr(bounds, values, columns).dense(len(b)) @ b,
    vjp=_csr_matmul_vjp,
    lower=_csr_matmul_lower,
    register=False,
    doc="A sparse matrix times a dense one; the elements of the former are constants to the tape.",
)


def csr_matmul(a, b):
    """Return a @ b for a sparse matrix.

    Parameters
    ----------
    a : Csr of shape (m, k)
        Its columns must be below k, which nobody looks at; its elements get no gradient.
    b : (k, n) tensor or Variable

    Returns
    -------
    (m, n) tensor
        Where columns go up in each row, the bits that `matmul` gives for the dense matrix and finite b.
    """
    b = convert_to_tensor(b)
    bounds, values, columns = map(convert_to_tensor, a)
    if len(b.shape) != 2 or values.dtype != b.dtype:
        raise ValueError(f"csr_matmul: {values.dtype} elements for {b.dtype} of shape {b.shape}")
    return _csr_matmul(bounds, values, columns, b)
