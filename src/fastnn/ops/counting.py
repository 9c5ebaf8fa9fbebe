"""Where values stand among others, and how many there are of each."""

from __future__ import annotations

import numpy as np

from ..shapes import as_size
from ..tensor import Tensor, convert_to_tensor
from .convert import cast, to_common, to_float
from .creation import linspace
from .elementwise import equal, floor_divide, greater_equal, less_equal, logical_and, logical_not, mod, where
from .indexing import _index_tensor, one_hot
from .joining import concatenate
from .reduce import any as reduce_any
from .reduce import max as reduce_max
from .reduce import min as reduce_min
from .shaping import expand_dims, ravel, reshape
from .sorting import argsort

__all__ = [
    "bincount", "digitize", "histogram", "isin", "multi_hot", "nonzero", "searchsorted", "unravel_index",
]  # fmt: skip


def _ranks(x):
    """Return how many elements of a vector stand before each in its order."""
    return argsort(argsort(x))


def searchsorted(sorted_sequence, values, side="left"):
    """Return the places (int32) of a sorted vector at which values could be put in without changing its order.

    Parameters
    ----------
    sorted_sequence : tensor of one axis
    values : tensor
    side : {"left", "right"}
        Before or behind equal elements. NaN stands behind all numbers.

    Raises
    ------
    ValueError
        For another side, or a sequence of another number of axes.
    """
    if side not in ("left", "right"):
        raise ValueError(f"searchsorted: side must be 'left' or 'right', got {side!r}")
    sequence, values = to_common(sorted_sequence, values)
    if len(sequence.shape) != 1:
        raise ValueError(f"searchsorted: sorted_sequence must be a vector, got shape {sequence.shape}")
    flat = ravel(values)
    if side == "left":
        among = _ranks(concatenate([flat, sequence]))[: flat.shape[0]]
    else:
        among = _ranks(concatenate([sequence, flat]))[sequence.shape[0] :]
    return reshape(among - _ranks(flat), values.shape)  # less those values that stand before, too


def digitize(x, bins):
    """Return the number (int32) of the bin of each element: bin i goes from bins[i - 1], included, to bins[i]."""
    return searchsorted(bins, x, "right")


def bincount(x, weights=None, minlength=0, sparse=False):
    """Return how often each integer from 0 on comes, or the sum of its weights; of a matrix that of each row.

    How long that is, but for ``minlength``, is known from the values only: in programs use ``segment_sum``.

    Raises
    ------
    ValueError
        For integers below 0, weights of another shape, more than two axes and ``sparse=True``, which is not supported.
    """
    if sparse:
        raise ValueError("bincount: sparse=True is not supported")
    x = _index_tensor(x)
    numbers = x.array
    if numbers.ndim not in (1, 2) or numbers.min(initial=0) < 0:
        raise ValueError(f"bincount: x must be one or two axes of integers of at least 0, got shape {x.shape}")
    length = max(int(numbers.max(initial=-1)) + 1, as_size("minlength", minlength))
    if weights is None:
        return _bins(x, Tensor(np.ones(x.shape, "int32")), length)
    weights = convert_to_tensor(weights)
    if weights.shape != x.shape:
        raise ValueError(f"bincount: weights of shape {weights.shape} for x of shape {x.shape}")
    return _bins(x, weights, length)


def _bins(x, weights, length):
    """Return the sum of the weights of each number below a length."""
    from .scattering import segment_sum

    if len(x.shape) == 1:
        return segment_sum(weights, x, length)
    rows = Tensor(np.arange(x.shape[0], dtype=x.dtype).reshape(-1, 1))
    return reshape(segment_sum(ravel(weights), ravel(x + rows * length), x.shape[0] * length), (x.shape[0], length))


def histogram(x, bins=10, range=None):
    """Return how many elements lie in each of as many intervals of the same length, and the ends of those.

    Parameters
    ----------
    x : tensor
    bins : int, or a vector of the ends
        The last interval has its upper end, too.
    range : pair of numbers, optional
        The first and the last end; by default those of the elements.

    Raises
    ------
    ValueError
        For no bins, or a range that does not go up.
    """
    (x,) = to_float(x)
    x = ravel(x)
    edges = _edges(x, bins, range)
    n = edges.shape[0] - 1
    place = searchsorted(edges, x, "right") - 1
    place = where(equal(x, edges[-1]), n - 1, place)
    counted = logical_and(greater_equal(x, edges[0]), less_equal(x, edges[-1]))
    return _bins(where(counted, place, n), Tensor(np.ones(x.shape, x.dtype)), n), edges


def _edges(x, bins, range):
    if np.ndim(bins):
        return cast(bins, x.dtype)
    n = as_size("bins", bins)
    if not n:
        raise ValueError("histogram: bins must be at least 1, got 0")
    if range is not None:
        low, high = map(float, range)
        if not low <= high:
            raise ValueError(f"histogram: range must go up, got {range}")
    else:
        low, high = (reduce_min(x), reduce_max(x)) if x.shape[0] else (0.0, 1.0)
    half = where(equal(low, high), 0.5, 0.0) if isinstance(low, Tensor) else 0.5 * (low == high)
    return linspace(low - half, high + half, n + 1, dtype=x.dtype)


def isin(x1, x2, assume_unique=False, invert=False):
    """Whether elements of x1 are among those of x2, or with ``invert`` are not; ``assume_unique`` has no effect."""
    x1, x2 = to_common(x1, x2)
    found = reduce_any(equal(expand_dims(x1, -1), ravel(x2)), axis=-1)
    return logical_not(found) if invert else found


def multi_hot(inputs, num_classes=None, axis=-1, dtype=None, sparse=False):
    """Classes, several a sample, as rows with a one for each.

    They stand along the second axis, those of a vector along its only one. What is no class gives nothing.
    sparse=True is not supported.
    """
    if num_classes is None:
        raise ValueError("multi_hot: num_classes is needed")
    rows = one_hot(inputs, num_classes, axis, dtype, sparse)
    return reduce_max(rows, axis=1 if len(convert_to_tensor(inputs).shape) > 1 else 0)


def nonzero(x):
    """Return the places (int32) of the elements that are not zero, a vector for each axis.

    How many there are is known from the values only: in programs use `where`.
    """
    x = convert_to_tensor(x)
    return tuple(Tensor(places.astype("int32")) for places in np.nonzero(x.array))


def unravel_index(indices, shape):
    """Return the places along each axis of a shape of elements that are counted from the first to the last."""
    index, places = _index_tensor(indices), []
    for n in reversed(tuple(shape)):
        places.append(mod(index, n))
        index = floor_divide(index, n)
    return tuple(reversed(places))
