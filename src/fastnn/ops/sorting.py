"""Orders of elements along an axis, and what stands at given places of them."""

from __future__ import annotations

import math

import numpy as np

from ..shapes import as_size, normalize_axes, normalize_axis
from ..tensor import Tensor, convert_to_tensor
from .catalogue import Op, contiguous, scratch
from .convert import BOOL, UINT8, cast, to_float, to_tensor
from .elementwise import ceil, floor, greater, isnan, logical_not, maximum, round, where
from .indexing import take, take_along_axis
from .reduce import sum as reduce_sum
from .shaping import moveaxis, ravel, reshape

__all__ = [
    "argsort", "median", "nanmedian", "nanpercentile", "nanquantile", "percentile", "quantile", "sort", "top_k",
]  # fmt: skip

_INT32 = np.dtype("int32")


def _reference(x, descending):
    if not descending:
        return np.argsort(x, axis=-1, kind="stable").astype(_INT32)
    backwards = np.argsort(x[..., ::-1], axis=-1, kind="stable")[..., ::-1]
    return (x.shape[-1] - 1 - backwards).astype(_INT32)


def _lower(plan, outs, ins, descending):
    if ins[0].size:
        dims = (math.prod(ins[0].shape[:-1]), ins[0].shape[-1], int(descending))
        room = scratch(plan, outs[0].shape, _INT32)
        plan.call("argsort_rows", [outs[0], room], [contiguous(plan, ins[0])], dims, by_unit=3)


_argsort = Op(
    "argsort",
    inputs=["x"],
    spec=lambda x, descending: [(x.shape, _INT32)],
    reference=_reference,
    lower=_lower,
    convert=to_tensor,
    attrs={"descending": False},
    doc="Places of the elements along the last axis from the least to the greatest, or the other way round.",
)


def _order(x, descending=False):
    if x.shape[-1] > np.iinfo(_INT32).max:
        raise ValueError(f"an axis of {x.shape[-1]} elements is too long to be sorted")
    return _argsort(cast(x, _INT32) if x.dtype in (BOOL, UINT8) else x, descending)


def _axis_last(x, axis):
    """Return x with an axis as the last, and which that was; None: the flat tensor."""
    x = convert_to_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    axis = normalize_axis(axis, len(x.shape))
    return moveaxis(x, axis, -1), axis


def argsort(x, axis=-1):
    """Places (int32) of the elements along an axis from least to greatest, equal ones as they stand, NaN last.

    axis: None for the flat tensor.
    """
    x, axis = _axis_last(x, axis)
    return moveaxis(_order(x), -1, axis)


def sort(x, axis=-1):
    """Return the elements along an axis from least to greatest, NaN last; axis: None for the flat tensor."""
    x, axis = _axis_last(x, axis)
    return moveaxis(take_along_axis(x, _order(x), axis=-1), -1, axis)


def top_k(x, k, sorted=True):
    """Return the k greatest elements along the last axis, and their places (int32): of equal ones the first.

    They come from the greatest on, NaN first, whatever ``sorted`` says.

    Raises
    ------
    ValueError
        If there are fewer.
    """
    x = convert_to_tensor(x)
    normalize_axis(-1, len(x.shape))
    k = as_size("k", k)
    if k > x.shape[-1]:
        raise ValueError(f"top_k: k is {k}, but the last axis of shape {x.shape} has {x.shape[-1]} elements")
    places = _order(x, descending=True)[..., :k]
    return take_along_axis(x, places, axis=-1), places


# ---- quantiles -----------------------------------------------------------------------------------------------

# method → the place of a quantile among the sorted elements, of what it would be as a real number
_PLACES = {
    "linear": lambda place: place,
    "lower": floor,
    "higher": ceil,
    "nearest": round,
    "midpoint": lambda place: (floor(place) + ceil(place)) / 2,
}


def quantile(x, q, axis=None, method="linear", keepdims=False):
    """Return what a fraction q of the elements lies below; NaN where there is one.

    Parameters
    ----------
    x : Tensor
    q : float or sequence of float
        From 0 to 1; several are the first axis of the result.
    axis : int or sequence of int, optional
        Default: all axes.
    method : {"linear", "lower", "higher", "midpoint", "nearest"}
        What to take between two elements.
    keepdims : bool
        Keep reduced axes with size 1.

    Raises
    ------
    ValueError
        For another q or method, and of no elements.
    """
    return _quantile(x, q, axis, method, keepdims, skip_nan=False)


def nanquantile(x, q, axis=None, method="linear", keepdims=False):
    """Return `quantile` of the elements that are not NaN; of none NaN."""
    return _quantile(x, q, axis, method, keepdims, skip_nan=True)


def _quantile(x, q, axis, method, keepdims, skip_nan):
    if method not in _PLACES:
        raise ValueError(f"quantile: method must be one of {', '.join(_PLACES)}, got {method!r}")
    q = np.asarray(q, np.float64)
    if q.ndim > 1 or not ((q >= 0) & (q <= 1)).all():
        raise ValueError(f"quantile: q must be a number from 0 to 1, or a vector of such, got {q.tolist()}")
    (x,) = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    kept = tuple(n for i, n in enumerate(x.shape) if i not in axes)
    rows = reshape(moveaxis(x, axes, range(-len(axes), 0)), (*kept, math.prod(x.shape[i] for i in axes)))
    n = rows.shape[-1]
    if not n:
        raise ValueError(f"quantile of an empty axis (shape {x.shape}, axis {axes})")
    rows = sort(rows)
    n = _numbers(rows) if skip_nan else n
    place = _PLACES[method](Tensor(np.atleast_1d(q)) * (n - 1))
    y = moveaxis(_between(rows, place) if skip_nan else _with_nan(_between(rows, place), rows), -1, 0)
    shape = tuple(1 if i in axes else size for i, size in enumerate(x.shape)) if keepdims else kept
    return reshape(y, (*q.shape, *shape))


def _numbers(rows):
    """Return how many elements of each row are not NaN, at least 1."""
    return maximum(reduce_sum(cast(logical_not(isnan(rows)), "float64"), axis=-1, keepdims=True), 1)


def _with_nan(y, rows):
    """Return y, NaN where there is one in the sorted row."""
    return where(isnan(rows[..., -1:]), math.nan, y)


def _between(rows, place):
    """Return what stands in sorted rows at places that lie between elements: the same in all rows, or their own."""
    pick = take if len(place.shape) == 1 else take_along_axis
    low = floor(place)
    share = cast(place - low, rows.dtype)
    first, second = (pick(rows, cast(each, _INT32), axis=-1) for each in (low, ceil(place)))
    return where(greater(share, 0), first + (second - first) * share, first)


def percentile(x, q, axis=None, method="linear", keepdims=False):
    """Return `quantile` of q percent."""
    return quantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims)


def median(x, axis=None, keepdims=False):
    """Return the element in the middle, or the mean of the two that are; NaN where there is one."""
    return quantile(x, 0.5, axis, keepdims=keepdims)


def nanpercentile(x, q, axis=None, method="linear", keepdims=False):
    """Return `nanquantile` of q percent."""
    return nanquantile(x, np.asarray(q, np.float64) / 100, axis, method, keepdims)


def nanmedian(x, axis=None, keepdims=False):
    """Return `median` of the elements that are not NaN; of none NaN."""
    return nanquantile(x, 0.5, axis, keepdims=keepdims)
