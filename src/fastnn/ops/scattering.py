"""What is read and written at places that indices name: slices, scattered updates, and reductions of segments."""

from __future__ import annotations

import builtins
import math
from collections.abc import Callable

import numpy as np

from ..dtypes import is_float
from ..shapes import as_shape, as_size
from ..tensor import SymbolicTensor, Tensor, convert_to_tensor
from .convert import cast, to_number
from .counting import searchsorted
from .creation import full
from .elementwise import add, equal, greater_equal, less, logical_or, maximum, minimum, multiply, where
from .indexing import _check_range, _index_tensor, scatter_add_rows, take
from .joining import concatenate
from .shaping import _unslice, broadcast_to, get_item, ravel, reshape
from .sorting import argsort

__all__ = [
    "scatter", "scatter_update", "segment_max", "segment_min", "segment_prod", "segment_sum", "slice", "slice_update",
]  # fmt: skip


# ---- rows that go to the same place --------------------------------------------------------------------------


def _gathered(op: Callable | None, rows: Tensor, places: Tensor, n: int) -> tuple[Tensor, Tensor]:
    """Return what op makes of all rows that go to each of n places, in their order, and whether there is such a row.

    Rows of place n go nowhere. Sorted by place, they meet 2, 4, 8, … at a time, as in `cumulative`; without op the
    last one counts.
    """
    if not places.shape[0]:
        return full((n, *rows.shape[1:]), 0, rows.dtype), _beside(full((n,), False, "bool"), rows)
    order = argsort(places)
    rows, places = take(rows, order, axis=0), take(places, order)
    step = 1
    while op is not None and step < places.shape[0]:
        together = _beside(equal(places[step:], places[:-step]), rows)
        rows = concatenate([rows[:step], where(together, op(rows[:-step], rows[step:]), rows[step:])])
        step *= 2
    numbers = Tensor(np.arange(n, dtype=places.dtype))
    last = maximum(searchsorted(places, numbers, "right") - 1, 0)
    return take(rows, last, axis=0), _beside(equal(take(places, last), numbers), rows)


def _beside(flags, rows):
    """Return a flag for each row, to be broadcast with the rows."""
    return reshape(flags, (flags.shape[0], *(1,) * (len(rows.shape) - 1)))


def _added(rows, places, n):
    """Return the sums of the rows that go to each of n places."""
    if is_float(rows.dtype):
        return scatter_add_rows(rows, places, n + 1)[:n]
    sums, present = _gathered(add, rows, places, n)
    return where(present, sums, 0)


# ---- segments ------------------------------------------------------------------------------------------------


def _segments(name, data, segment_ids, num_segments):
    """Return rows, the places they go to, and how many of those there are."""
    (data,), ids = to_number(data), _index_tensor(segment_ids)
    if len(ids.shape) != 1 or data.shape[:1] != ids.shape:
        raise ValueError(
            f"{name}: segment_ids must be a vector with a number for each row of data, got shape {ids.shape} for data "
            f"of shape {data.shape}"
        )
    if num_segments is None and isinstance(ids, SymbolicTensor):
        raise ValueError(f"{name}: num_segments is needed where the values of segment_ids are not known")
    n = int(ids.array.max(initial=-1)) + 1 if num_segments is None else as_size("num_segments", num_segments)
    return data, where(logical_or(less(ids, 0), greater_equal(ids, n)), n, ids), n


def segment_sum(data, segment_ids, num_segments=None, sorted=False):
    """Sum of the rows of each segment; of none 0.

    Parameters
    ----------
    data : tensor of shape (n, ...)
    segment_ids : tensor of int, of shape (n,)
        The number of each row's segment; rows of no number from 0 to ``num_segments`` - 1 are left out.
    num_segments : int, optional
        Default: the largest number and one; needed in programs.
    sorted : bool
        Has no effect: numbers may always be in any order.

    Raises
    ------
    ValueError
        Unless every row has a number, and without ``num_segments`` in a program.
    """
    return _added(*_segments("segment_sum", data, segment_ids, num_segments))


def _segment_reduction(name, op, empty, doc):
    def reduce(data, segment_ids, num_segments=None, sorted=False):
        data, places, n = _segments(name, data, segment_ids, num_segments)
        y, present = _gathered(op, data, places, n)
        return where(present, y, Tensor(np.asarray(empty(data.dtype), data.dtype)))

    reduce.__name__ = reduce.__qualname__ = name
    reduce.__doc__ = f"{doc}\n\nArguments and errors are those of `segment_sum`."
    return reduce


def _ends(dtype):
    """Return the least and the greatest of a dtype's numbers."""
    return (-math.inf, math.inf) if is_float(dtype) else (np.iinfo(dtype).min, np.iinfo(dtype).max)


segment_max = _segment_reduction(
    "segment_max",
    maximum,
    lambda dtype: _ends(dtype)[0],
    "Largest of each segment's elements; of none the least number.",
)
segment_min = _segment_reduction(
    "segment_min", minimum, lambda dtype: _ends(dtype)[1], "Smallest of each segment's elements; of none the greatest."
)
segment_prod = _segment_reduction(
    "segment_prod", multiply, lambda dtype: 1, "Product of the rows of each segment; of none 1."
)


# ---- scattered updates ---------------------------------------------------------------------------------------


def _places(name, indices, updates, shape):
    """Return updates as rows, the places of a tensor, seen as such rows, to which they go, and how many it has.

    Places out of range are refused where they are known; in a program those updates go nowhere.
    """
    index = cast(_index_tensor(indices), "int64")
    depth = index.shape[-1] if index.shape else len(shape) + 1
    wanted = (*index.shape[:-1], *shape[depth:])
    sizes = zip(updates.shape[::-1], wanted[::-1], strict=False)
    if depth > len(shape) or len(updates.shape) > len(wanted) or not all(n in (1, own) for n, own in sizes):
        raise ValueError(
            f"{name}: indices of shape {index.shape} and updates of shape {updates.shape} do not fit a tensor of shape "
            f"{shape}: an index of k numbers names what stands at a place of the first k axes"
        )
    place, outside = Tensor(np.zeros(wanted[: len(index.shape) - 1], np.int64)), False
    for axis, n in enumerate(shape[:depth]):
        along = index[..., axis]
        _check_range(along, n, name)
        along = where(less(along, 0), along + n, along)
        outside = logical_or(outside, logical_or(less(along, 0), greater_equal(along, n)))
        place = place * n + along
    n = math.prod(shape[:depth])
    rows = reshape(broadcast_to(updates, wanted), (place.size, *shape[depth:]))
    return rows, ravel(where(outside, n, place)), n


def scatter(indices, values, shape):
    """Return zeros of a shape to which values are added at places.

    Parameters
    ----------
    indices : tensor of int, of shape (..., k)
        Each names a place of the first k axes; negative numbers count from the end.
    values : tensor
        What to add at each: its shape is that of ``indices`` without the last axis, then the other axes of ``shape``.
    shape : tuple of int

    Raises
    ------
    ValueError
        If the shapes do not fit.
    IndexError
        For a place out of range; in a program what goes there is left out.
    """
    (values,), shape = to_number(values), as_shape(shape)
    return reshape(_added(*_places("scatter", indices, values, shape)), shape)


_REDUCTIONS = {None: None, "add": add, "max": maximum, "min": minimum, "mul": multiply}


def scatter_update(inputs, indices, updates, reduction=None):
    """Return inputs with updates in place of, or added to, … what stands at places.

    Parameters
    ----------
    inputs : tensor
    indices, updates : tensors
        As `scatter` takes indices and values.
    reduction : {None, "add", "max", "min", "mul"}
        What becomes of the old value and the updates of a place. None: the last update stands there.

    Raises
    ------
    ValueError
        For another reduction, or shapes that do not fit.
    IndexError
        For a place out of range; in a program what goes there is left out.
    """
    if reduction not in _REDUCTIONS:
        raise ValueError(f"scatter_update: reduction must be None, 'add', 'max', 'min' or 'mul', got {reduction!r}")
    x = convert_to_tensor(inputs)
    return _written(x, *_places("scatter_update", indices, convert_to_tensor(updates, x.dtype), x.shape), reduction)


def _written(x, rows, places, n, reduction=None):
    op = _REDUCTIONS[reduction]
    new, present = _gathered(op, rows, places, n)
    old = reshape(x, new.shape)
    return reshape(where(present, new if op is None else op(old, new), old), x.shape)


# ---- slices that begin anywhere ------------------------------------------------------------------------------


def _starts(name, start_indices, x, sizes):
    """Return where a slice begins along each axis: numbers, or tensors whose values are not known."""
    starts = list(start_indices)
    if not len(starts) == len(sizes) == len(x.shape):
        raise ValueError(
            f"{name}: {len(starts)} start_indices and a slice of shape {sizes} do not fit a tensor of shape {x.shape}"
        )
    return [_start(name, *each) for each in zip(map(_index_tensor, starts), x.shape, sizes, strict=True)]


def _start(name, start, n, size):
    if size > n:
        raise ValueError(f"{name}: an axis of {n} has no {size} elements")
    if isinstance(start, SymbolicTensor):
        return minimum(maximum(where(less(start, 0), start + n, start), 0), n - size)
    begin = int(start.array)
    if not 0 <= begin + n * (begin < 0) <= n - size:
        raise ValueError(f"{name}: {size} elements from {begin} on are not within an axis of {n}")
    return begin + n * (begin < 0)


def slice(inputs, start_indices, shape):
    """Return the part of a tensor that has a shape and begins at ``start_indices``, which may be computed in a program.

    Raises
    ------
    ValueError
        If the part is not within the tensor; in a program it is moved until it is.
    """
    x, sizes = convert_to_tensor(inputs), as_shape(shape)
    starts = _starts("slice", start_indices, x, sizes)
    known = [not isinstance(start, Tensor) for start in starts]
    cut = (
        builtins.slice(a, a + n) if k else builtins.slice(None) for a, n, k in zip(starts, sizes, known, strict=True)
    )
    x = get_item(x, tuple(cut))
    for axis, (start, size) in enumerate(zip(starts, sizes, strict=True)):
        if not known[axis]:
            x = take(x, start + Tensor(np.arange(size, dtype="int32")), axis=axis)
    return x


def slice_update(inputs, start_indices, updates):
    """Return inputs with updates in the place that begins at ``start_indices``, which may be computed in a program.

    Raises
    ------
    ValueError
        If the place is not within the tensor; in a program it is moved until it is.
    """
    x = convert_to_tensor(inputs)
    updates = convert_to_tensor(updates, x.dtype)
    starts = _starts("slice_update", start_indices, x, updates.shape)
    if not any(isinstance(start, Tensor) for start in starts):
        place = (*(builtins.slice(a, a + n) for a, n in zip(starts, updates.shape, strict=True)), ...)
        inside = np.zeros(x.shape, bool)
        inside[place] = True
        return where(Tensor(inside), _unslice(updates, x.shape, place), x)
    places = Tensor(np.zeros((), np.int64))
    for start, n, size in zip(starts, x.shape, updates.shape, strict=True):
        places = reshape(places * n, (*places.shape, 1)) + (start + Tensor(np.arange(size, dtype="int64")))
    return _written(x, ravel(updates), ravel(places), x.size)
