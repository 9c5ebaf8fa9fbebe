"""Constants, and conversion to NumPy."""

from __future__ import annotations

import numpy as np

from ..dtypes import is_float, standardize_dtype
from ..shapes import as_shape, as_size
from ..tensor import Tensor, Variable, check_range, convert_to_tensor, converted
from .convert import cast
from .elementwise import exp, floor, log, power, sign, where
from .shaping import broadcast_to, moveaxis, reshape

__all__ = [
    "arange", "array", "convert_to_numpy", "empty", "empty_like", "eye", "full", "full_like", "geomspace", "identity",
    "linspace", "logspace", "meshgrid", "ones", "ones_like", "tri", "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip


def zeros(shape, dtype=None):
    """Return zeros."""
    return Tensor(np.zeros(as_shape(shape), standardize_dtype(dtype)))


def ones(shape, dtype=None):
    """Return ones."""
    return Tensor(np.ones(as_shape(shape), standardize_dtype(dtype)))


def full(shape, fill_value, dtype=None):
    """Return a tensor filled with one value, or with what broadcasts to the shape; by default in floatx."""
    return broadcast_to(convert_to_tensor(fill_value, standardize_dtype(dtype)), as_shape(shape))


def zeros_like(x, dtype=None):
    """Return zeros of x's shape and dtype."""
    return zeros(x.shape, dtype or x.dtype) if hasattr(x, "shape") else zeros_like(convert_to_tensor(x), dtype)


def empty(shape, dtype=None):
    """Return zeros, too: what stands in memory by chance is of no use."""
    return zeros(shape, dtype)


def empty_like(x, dtype=None):
    """Return zeros of x's shape and dtype, as `empty` does."""
    return zeros_like(x, dtype)


def ones_like(x, dtype=None):
    """Return ones of x's shape and dtype."""
    return ones(x.shape, dtype or x.dtype) if hasattr(x, "shape") else ones_like(convert_to_tensor(x), dtype)


def full_like(x, fill_value, dtype=None):
    """Return a tensor of x's shape and dtype filled with one value."""
    x = convert_to_tensor(x)
    return full(x.shape, fill_value, dtype or x.dtype)


def array(x, dtype=None):
    """Return x as a tensor."""
    return convert_to_tensor(x, dtype)


def arange(start, stop=None, step=None, dtype=None):
    """Return start, start + step (1), … before stop: int32, or floatx where one of them is a float, unless dtype says.

    Raises
    ------
    OverflowError
        If an integer dtype does not hold the numbers.
    """
    start, stop = (0, start) if stop is None else (start, stop)
    values = np.arange(start, stop, 1 if step is None else step)
    whole = values.dtype.kind in "iu"
    dtype = standardize_dtype("int32" if dtype is None and whole else dtype)
    if whole and dtype.kind in "iu":
        check_range(values, dtype)
    return Tensor(converted(values, dtype))


def linspace(start, stop, num=50, endpoint=True, retstep=False, dtype=None, axis=0):
    """Return num numbers evenly from start to stop, tensors of which lie along an axis; with retstep also the step."""
    dtype = standardize_dtype(dtype)
    step_dtype = dtype if is_float(dtype) else standardize_dtype()
    if isinstance(start, (Tensor, Variable)) or isinstance(stop, (Tensor, Variable)):
        numbers, step = _between_tensors(cast(start, step_dtype), cast(stop, step_dtype), as_size("num", num), endpoint)
        numbers = moveaxis(cast(numbers if is_float(dtype) else floor(numbers), dtype), 0, axis)
    else:
        numbers, step = np.linspace(start, stop, num, endpoint, True, dtype, axis)
        numbers, step = Tensor(numbers), Tensor(np.asarray(step, step_dtype))
    return (numbers, step) if retstep else numbers


def _between_tensors(start, stop, num, endpoint):
    """Return numbers along a new first axis, and the step, written in ops."""
    steps = num - 1 if endpoint else num
    step = (stop - start) / steps if steps > 0 else (stop - start) * np.nan
    place = np.arange(num).reshape(num, *[1] * len(step.shape))
    numbers = start + where(Tensor(place > 0), step, 0.0) * Tensor(place.astype(step.dtype))
    if endpoint and num > 1:
        numbers = where(Tensor(place == steps), stop, numbers)  # rounded nowhere
    return numbers, step


def logspace(start, stop, num=50, endpoint=True, base=10, dtype=None, axis=0):
    """Return the powers of base whose exponents are evenly from start to stop, as `linspace` has them."""
    dtype = standardize_dtype(dtype)
    exponents = linspace(start, stop, num, endpoint, False, dtype if is_float(dtype) else None, axis)
    return cast(power(float(base), exponents), dtype)


def geomspace(start, stop, num=50, endpoint=True, dtype=None, axis=0):
    """Return numbers from start to stop, each the same multiple of the one before it; both below 0, or both above."""
    dtype = standardize_dtype(dtype)
    start, stop = (cast(end, dtype if is_float(dtype) else None) for end in (start, stop))
    side = sign(start)
    numbers = exp(linspace(log(start * side), log(stop * side), num, endpoint, dtype=start.dtype)) * side
    return cast(moveaxis(numbers, 0, axis), dtype)


def identity(n, dtype=None):
    """Return the n × n identity matrix."""
    return eye(n, dtype=dtype)


def eye(N, M=None, k=0, dtype=None):
    """Return a matrix with ones on the k-th diagonal."""
    rows = as_size("N", N)
    columns = rows if M is None else as_size("M", M)
    return Tensor(np.eye(rows, columns, k, dtype=standardize_dtype(dtype)))


def tri(N, M=None, k=0, dtype=None):
    """Return a matrix with ones on the k-th diagonal and below."""
    rows = as_size("N", N)
    columns = rows if M is None else as_size("M", M)
    return Tensor(np.tri(rows, columns, k, dtype=standardize_dtype(dtype)))


def meshgrid(*x, indexing="xy"):
    """Return a list of grids, one for each vector, in which that one goes along an axis of its own.

    ``indexing``: with "xy" the first vector goes along the second axis and the second along the first; with "ij" each
    along the axis of its number.
    """
    if indexing not in ("xy", "ij"):
        raise ValueError(f"meshgrid: indexing must be 'xy' or 'ij', got {indexing!r}")
    vectors = [reshape(each, (-1,)) for each in x]
    order = list(range(len(vectors)))
    if indexing == "xy" and len(order) > 1:
        order[:2] = 1, 0
    shape = [0] * len(order)
    for axis, vector in zip(order, vectors, strict=True):
        shape[axis] = vector.shape[0]
    along = [[-1 if axis == own else 1 for axis in range(len(order))] for own in order]
    return [
        broadcast_to(reshape(v, sizes), shape) if v.shape[0] else zeros(shape, v.dtype)
        for v, sizes in zip(vectors, along, strict=True)
    ]


def _triangle(x, k, fn):
    x = convert_to_tensor(x)
    return where(Tensor(fn(np.ones(x.shape[-2:], bool), k)), x, Tensor(np.zeros((), x.dtype)))


def tril(x, k=0):
    """Return the lower triangle, zeros above the k-th diagonal."""
    return _triangle(x, k, np.tril)


def triu(x, k=0):
    """Return the upper triangle, zeros below the k-th diagonal."""
    return _triangle(x, k, np.triu)


def convert_to_numpy(x):
    """Return the value as a NumPy array."""
    return convert_to_tensor(x).numpy()
