"""Batches of sparse rows, and their products with dense matrices, which a first layer makes of sparse features.

A program takes a batch as the three arrays of a `Csr`. What it traces sees a dense tensor, `csr_dense`; a layer that
would rather have the elements asks for them, `csr_of`, and where all do so the dense one is never made.
"""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any, NamedTuple

import numpy as np

from ..tensor import SymbolicTensor, Tensor, convert_to_tensor
from .catalogue import Op, contiguous, copied

__all__ = ["Csr", "csr_dense", "csr_matmul", "csr_of", "csr_specs", "taking_rows"]


Spec = tuple[tuple[int, ...], np.dtype]


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


def csr_specs(rows: int, room: int, dtype: np.dtype) -> list[Spec]:
    """Return shape and dtype of the three inputs of a program that are a batch of sparse rows."""
    return [((rows, 2), np.dtype("int32")), ((room,), dtype), ((room,), np.dtype("int32"))]


def taking_rows(
    function: Callable[..., Any], shape: tuple[int, ...], dtype: np.dtype, room: int | None
) -> tuple[Callable[..., Any], list[Spec]]:
    """Return a function of rows and others as it is to be traced, and the specs of what stands for the rows.

    Parameters
    ----------
    function : callable
        Its first argument is the tensor of rows.
    shape, dtype
        Of this tensor.
    room : int or None
        For how many elements there is room, if the rows are sparse; then a `Csr` stands for them. None: they are dense.
    """
    if room is None:
        return function, [(shape, dtype)]

    @functools.wraps(function)
    def call(bounds: Tensor, values: Tensor, columns: Tensor, *others: Any) -> Any:
        return function(csr_dense(Csr(bounds, values, columns), shape[1]), *others)

    return call, csr_specs(shape[0], room, dtype)


_csr_dense = Op(
    "csr_dense",
    inputs=["bounds", "values", "columns"],
    spec=lambda bounds, values, columns, features: [((bounds.shape[0], features), values.dtype)],
    reference=lambda bounds, values, columns, features: Csr(bounds, values, columns).dense(features),
    lower=lambda plan, outs, ins, features: plan.call(
        "csr_dense", outs, [contiguous(plan, x) for x in ins], (*outs[0].shape, features), dtype=ins[1].dtype, by_unit=1
    ),
    attrs={"features": 0},
    doc="A sparse matrix with its zeros. A constant to the tape.",
)


def csr_dense(a: Csr, features: int) -> Tensor:
    """Return the rows of a sparse matrix, whose columns must be below ``features``, as a dense tensor.

    It gets no gradient.
    """
    return _csr_dense(*map(convert_to_tensor, a), features=features)


def csr_of(x: Tensor) -> Csr | None:
    """Return the sparse matrix that a tensor of the present trace was made of by `csr_dense`; None for any other."""
    node = x.node if isinstance(x, SymbolicTensor) else None
    return Csr(*node.inputs) if node is not None and node.op is _csr_dense else None


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
