"""Ops that pick elements by index, and one-hot rows."""

from __future__ import annotations

import math

import numpy as np

from ..dtypes import is_float, standardize_dtype
from ..shapes import as_size, common_shape, normalize_axis
from ..tensor import SymbolicTensor, Tensor, convert_to_tensor
from .catalogue import REQUIRED, Op, contiguous, dtype_code
from .convert import cast, to_tensor
from .elementwise import equal, floor, where
from .reduce import sum as reduce_sum
from .shaping import _unslice, broadcast_to, moveaxis, ravel, reshape

__all__ = ["diag", "diagflat", "diagonal", "one_hot", "take", "take_along_axis", "trace"]


def _take_lower(plan, outs, ins, rows):
    x, index = (contiguous(plan, each) for each in ins)
    size = math.prod(x.shape[1:])
    dims = (index.size, size, x.shape[0], dtype_code(index))
    plan.call("take_rows", [outs[0]], [x, index], dims)


def _scatter_lower(plan, outs, ins, rows):
    x, index = (contiguous(plan, each) for each in ins)
    dims = (index.size, math.prod(outs[0].shape[1:]), rows, dtype_code(index))
    plan.call("scatter_add_rows", [outs[0]], [x, index], dims)


def _scatter_reference(x, index, rows):
    out = np.zeros((rows, *x.shape[index.ndim :]), x.dtype)
    np.add.at(out, index, x)
    return out


_take_rows = Op(
    "take_rows",
    inputs=["x", "index"],
    spec=lambda x, index, rows: [(index.shape + x.shape[1:], x.dtype)],
    reference=lambda x, index, rows: x[index],
    vjp=lambda call, dy: (scatter_add_rows(dy, call.inputs[1], call.attrs["rows"]), None),
    lower=_take_lower,
    convert=to_tensor,
    attrs={"rows": REQUIRED},
    doc="x[index] along the first axis; negative counts from the end.",
)
scatter_add_rows = Op(
    "scatter_add_rows",
    inputs=["x", "index"],
    spec=lambda x, index, rows: [((rows, *x.shape[len(index.shape) :]), x.dtype)],
    reference=_scatter_reference,
    vjp=lambda call, dy: (_take_rows(dy, call.inputs[1], call.attrs["rows"]), None),
    lower=_scatter_lower,
    convert=to_tensor,
    attrs={"rows": REQUIRED},
    doc="Zeros of the given number of rows, to which the rows of x are added where index says.",
)


def _index_tensor(indices):
    index = convert_to_tensor(indices)
    if index.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got dtype {index.dtype}")
    return cast(index, "int32") if index.dtype == "uint8" else index


def _check_range(index, n, name):
    """Raise on an index out of range, where its value is known; inside a plan such an index is clamped."""
    if isinstance(index, SymbolicTensor) or index.size == 0:
        if n == 0 and index.size:
            raise IndexError(f"{name}: indices into an empty axis")
        return
    low, high = int(index.array.min()), int(index.array.max())
    if low < -n or high >= n:
        raise IndexError(f"{name}: index {low if low < -n else high} is out of range for {n} elements")


def take(x, indices, axis=None):
    """Pick elements by index along an axis (of the flat tensor by default)."""
    x, index = convert_to_tensor(x), _index_tensor(indices)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    _check_range(index, x.shape[axis], "take")
    y = _take_rows(moveaxis(x, axis, 0), index, x.shape[axis])
    rank = len(index.shape)
    if axis == 0:
        return y
    return moveaxis(y, tuple(range(rank)), tuple(range(axis, axis + rank)))


def take_along_axis(x, indices, axis=None):
    """Pick one element a position along an axis: NumPy's take_along_axis."""
    x, index = convert_to_tensor(x), _index_tensor(indices)
    if axis is None:
        x, index, axis = ravel(x), ravel(index), 0
    axis = normalize_axis(axis, len(x.shape))
    n = x.shape[axis]
    _check_range(index, n, "take_along_axis")
    x, index = moveaxis(x, axis, -1), moveaxis(index, axis, -1)
    lead = common_shape("take_along_axis, without the axis", x.shape[:-1], index.shape[:-1])
    x = broadcast_to(x, (*lead, n))
    index = cast(broadcast_to(index, (*lead, index.shape[-1])), "int64")
    index = where(index < 0, index + n, index)
    offsets = np.arange(math.prod(lead), dtype=np.int64).reshape(*lead, 1) * n
    return moveaxis(_take_rows(ravel(x), index + Tensor(offsets), math.prod(x.shape)), -1, axis)


_one_hot = Op(
    "one_hot",
    inputs=["index"],
    spec=lambda index, depth, dtype: [((*index.shape, depth), dtype)],
    reference=lambda index, depth, dtype: (index[..., None] == np.arange(depth)).astype(dtype),
    lower=lambda plan, outs, ins, depth, dtype: _one_hot_lower(plan, outs, ins, depth, dtype),
    attrs={"depth": REQUIRED, "dtype": REQUIRED},
)


def _one_hot_lower(plan, outs, ins, depth, dtype):
    index = contiguous(plan, ins[0])
    dims = (index.size, depth, dtype_code(index))
    plan.call("one_hot", outs, [index], dims, dtype=dtype)


def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """Classes as rows with a single one; what is no class, or no whole number, gives zeros.

    sparse=True is not supported.
    """
    if sparse:
        raise ValueError("one_hot: sparse=True is not supported")
    dtype = standardize_dtype(dtype)
    if not is_float(dtype):
        return cast(one_hot(x, num_classes, axis, "float32"), dtype)
    index = convert_to_tensor(x)
    if is_float(index.dtype):
        index = where(equal(index, floor(index)), cast(index, "int32"), -1)
    index = _index_tensor(index)
    return moveaxis(_one_hot(index, as_size("num_classes", num_classes), dtype), -1, axis)


def diagonal(x, offset=0, axis1=0, axis2=1):
    """Return the diagonals of the matrices along two axes, as the last axis; offset: so many columns to the right."""
    x = convert_to_tensor(x)
    x = moveaxis(x, [normalize_axis(axis, len(x.shape)) for axis in (axis1, axis2)], (-2, -1))
    *lead, rows, columns = x.shape
    places = np.arange(rows * columns).reshape(rows, columns).diagonal(offset)
    return take(reshape(x, (*lead, rows * columns)), places, axis=-1)


def trace(x, offset=0, axis1=0, axis2=1):
    """Sum of the diagonals that `diagonal` returns."""
    return reduce_sum(diagonal(x, offset, axis1, axis2), axis=-1)


def diag(x, k=0):
    """Return the k-th diagonal of a matrix, or the matrix of zeros that has a vector as its own.

    Raises
    ------
    ValueError
        For a tensor of another number of axes.
    """
    x = convert_to_tensor(x)
    if len(x.shape) == 2:
        return diagonal(x, k)
    if len(x.shape) != 1:
        raise ValueError(f"diag: a vector or a matrix is needed, got shape {x.shape}")
    n = x.shape[0] + abs(k)
    begin = max(k, -k * n)
    flat = _unslice(x, (n * n,), (slice(begin, begin + x.shape[0] * (n + 1), n + 1), ...))
    return reshape(flat, (n, n))


def diagflat(x, k=0):
    """Return the matrix of zeros that has all elements as its k-th diagonal."""
    return diag(ravel(x), k)
