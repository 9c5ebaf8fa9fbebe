"""Normalisation: moments, and what is scaled by them; vectors of length 1."""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from .. import config
from ..shapes import normalize_axes, normalize_axis
from ..tensor import Tensor, convert_to_tensor
from .catalogue import REQUIRED, Op, contiguous
from .convert import to_float
from .elementwise import absolute, maximum, power, rsqrt, square
from .reduce import max as reduce_max
from .reduce import mean
from .reduce import sum as reduce_sum
from .shaping import broadcast_to, expand_dims, reshape

__all__ = ["batch_normalization", "layer_normalization", "moments", "normalize", "rms_normalization"]

# ---- matrices, in one kernel: c/standardize.inc ------------------------------------------------------------------


def _lower(name):
    def lower(plan, outs, ins, axis, epsilon=0.0):
        ins = [contiguous(plan, x) for x in ins]
        operands = len(outs) + len(ins)
        kernel = name.format("rows" if axis else "cols")
        plan.call(kernel, outs, ins, outs[0].shape, (epsilon,), by_unit=operands if axis else 0)

    return lower


def _standardize_reference(x, axis, epsilon):
    share = x.dtype.type(1 / x.shape[axis] if x.shape[axis] else np.nan)
    average = np.sum(x, axis) * share
    centred = x - np.expand_dims(average, axis)
    variance = np.sum(np.square(centred), axis) * share
    inverse = 1 / np.sqrt(variance + x.dtype.type(epsilon))
    return centred * np.expand_dims(inverse, axis), average, variance, inverse


def _standardize_grad_reference(dy, y, inverse, axis):
    share = dy.dtype.type(1 / max(dy.shape[axis], 1))
    average, along = (np.sum(z, axis, keepdims=True) * share for z in (dy, y * dy))
    return np.expand_dims(inverse, axis) * (dy - average - y * along)


def _standardize_vjp(call, dy, dmean, dvariance, dinverse):
    (x,), (y, _, _, inverse), axis = call.inputs, call.outputs, call.attrs["axis"]
    n, parts = max(x.shape[axis], 1), []
    if dy is not None:
        parts.append(_standardize_grad(dy, y, inverse, axis))
    if dmean is not None:
        parts.append(broadcast_to(expand_dims(dmean * (1.0 / n), axis), x.shape))
    if dvariance is not None:
        parts.append(y * expand_dims(dvariance * (2.0 / n) / inverse, axis))
    if dinverse is not None:  # through the variance
        parts.append(y * expand_dims(dinverse * inverse * inverse * (-1.0 / n), axis))
    return sum(parts[1:], parts[0])


def _standardize_second(dy, y, inverse, axis, g):
    along, spread = mean(y * dy, axis, keepdims=True), expand_dims(inverse, axis)
    d_y = (g * along + dy * mean(y * g, axis, keepdims=True)) * -spread
    d_inverse = reduce_sum(g * (dy - mean(dy, axis, keepdims=True) - y * along), axis)
    return _standardize_grad(g, y, inverse, axis), d_y, d_inverse


def _standardize_spec(x, axis, epsilon):
    vector = (x.shape[1 - axis],), x.dtype
    return [(x.shape, x.dtype), vector, vector, vector]


_standardize = Op(
    "standardize",
    inputs=["x"],
    attrs={"axis": REQUIRED, "epsilon": REQUIRED},
    spec=_standardize_spec,
    reference=_standardize_reference,
    vjp=_standardize_vjp,
    lower=_lower("standardize_{}"),
    convert=to_float,
    doc="(x - mean) / sqrt(variance + epsilon) along an axis of a matrix; mean, variance, and 1 / that root.",
)
_standardize_grad = Op(
    "standardize_grad",
    inputs=["dy", "y", "inverse"],
    attrs={"axis": REQUIRED},
    spec=lambda dy, y, inverse, axis: [(dy.shape, dy.dtype)],
    reference=_standardize_grad_reference,
    vjp=lambda call, g: _standardize_second(*call.inputs, call.attrs["axis"], g),
    lower=_lower("standardize_{}_grad"),
    convert=to_float,
)

# ---- Keras' ----------------------------------------------------------------------------------------------------


def moments(x, axes, keepdims=False, synchronized=False):
    """Mean and variance (divided by the number of elements) over axes.

    Parameters
    ----------
    x : Tensor
    axes : int or sequence of int
    keepdims : bool
        Keep reduced axes with size 1.
    synchronized : bool
        Only False: there is one device.

    Returns
    -------
    tuple of two Tensors

    Raises
    ------
    ValueError
        If ``synchronized``.
    """
    if synchronized:
        raise ValueError("Argument synchronized=True is not supported.")
    (x,) = to_float(x)
    axes = normalize_axes(axes, len(x.shape))
    average, variance, _ = _moments(x, axes)
    if keepdims:
        return average, variance
    shape = tuple(size for axis, size in enumerate(x.shape) if axis not in axes)
    return reshape(average, shape), reshape(variance, shape)


def batch_normalization(x, mean, variance, axis, offset=None, scale=None, epsilon=1e-3):
    """``(x - mean) / sqrt(variance + epsilon) * scale + offset``, the vectors along one axis of x.

    Parameters
    ----------
    x : Tensor
    mean, variance : Tensor, shape (size of the axis,)
    axis : int
    offset, scale : Tensor, shape (size of the axis,), optional
    epsilon : float

    Raises
    ------
    ValueError
        If a vector has not the size of the axis.
    """
    (x,) = to_float(x)
    axis = normalize_axis(axis, len(x.shape))
    vectors = {"mean": mean, "variance": variance, "offset": offset, "scale": scale}
    mean, variance, offset, scale = (_along(name, value, x, (axis,)) for name, value in vectors.items())
    return _scaled(x - mean, variance, offset, scale, epsilon)


def layer_normalization(x, gamma=None, beta=None, axis=-1, epsilon=None):
    """Normalize x by its mean and variance over axes, then multiply by gamma and add beta (Ba et al., 2016).

    Parameters
    ----------
    x : Tensor
    gamma, beta : Tensor, optional
        With the shape of x along the axes, in their order in x.
    axis : int or sequence of int
    epsilon : float, optional
        Added to the variance. Default: `config.epsilon`.

    Raises
    ------
    ValueError
        If gamma or beta has another shape.
    """
    (x,) = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    return normalized(x, axes, axes, beta, gamma, config.epsilon() if epsilon is None else epsilon)[0]


def rms_normalization(x, scale=None, axis=-1, epsilon=None):
    """Divide x by the root of the mean of its squares over axes, then multiply by scale (Zhang & Sennrich, 2019).

    Parameters
    ----------
    x : Tensor
    scale : Tensor, optional
        With the shape of x along the axes, in their order in x.
    axis : int or sequence of int
    epsilon : float, optional
        Added to the mean of squares. Default: `config.epsilon`.

    Raises
    ------
    ValueError
        If scale has another shape.
    """
    (x,) = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    scale = _along("scale", scale, x, axes)
    return _scaled(
        x, mean(square(x), axes, keepdims=True), None, scale, config.epsilon() if epsilon is None else epsilon
    )


def normalize(x, axis=-1, order=2, epsilon=None):
    """Divide the vectors along an axis by their norm; those shorter than epsilon by epsilon, so that 0 stays 0.

    Parameters
    ----------
    x : Tensor
        A scalar is a vector of one element.
    axis : int
    order : int or inf
        Of the norm ``sum(|x|^order)^(1/order)``, at least 1; infinity: of the largest element.
    epsilon : float, optional
        Default: `config.epsilon`.

    Raises
    ------
    ValueError
        For another order.
    """
    (x,) = to_float(x)
    if isinstance(order, bool) or not (order == math.inf or (isinstance(order, (int, np.integer)) and order >= 1)):
        raise ValueError(f"normalize: order must be an integer of at least 1, or infinity, got {order!r}")
    x = x if x.shape else reshape(x, (1,))
    epsilon = config.epsilon() if epsilon is None else epsilon
    if order == 2:  # whose root has an infinite derivative at 0
        least = max(epsilon**2, float(np.finfo(x.dtype).tiny))
        return x * rsqrt(maximum(reduce_sum(square(x), axis, keepdims=True), least))
    if order in (1, math.inf):
        size = (reduce_sum if order == 1 else reduce_max)(absolute(x), axis, keepdims=True)
        return x / maximum(size, epsilon)
    total = reduce_sum(power(absolute(x), float(order)), axis, keepdims=True)
    return x / power(maximum(total, epsilon**order), 1.0 / order)


def normalized(
    x: Tensor, over: Sequence[int], along: Sequence[int], offset: Tensor | None, scale: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize x by its own moments over axes; return also these, with size 1 where they were reduced.

    ``along``: the axes of offset and scale.
    """
    offset, scale = _along("offset", offset, x, along), _along("scale", scale, x, along)
    matrix = _as_matrix(x.shape, over)
    if matrix is None:
        average, variance, centred = _moments(x, over)
        return _scaled(centred, variance, offset, scale, epsilon), average, variance
    shape, axis = matrix
    y, average, variance, _ = _standardize(reshape(x, shape), axis, float(epsilon))
    y = reshape(y, x.shape)
    y = y if scale is None else y * scale
    kept = tuple(1 if axis in over else size for axis, size in enumerate(x.shape))
    return y if offset is None else y + offset, reshape(average, kept), reshape(variance, kept)


def _as_matrix(shape, over):
    """Return a shape of two axes and which of them is reduced, where the reduced ones are all first or all last."""
    first, last = math.prod(shape[: len(over)]), math.prod(shape[len(shape) - len(over) :])
    if tuple(over) == tuple(range(len(over))):
        return (first, math.prod(shape[len(over) :])), 0
    if tuple(over) == tuple(range(len(shape) - len(over), len(shape))):
        return (math.prod(shape[: len(shape) - len(over)]), last), 1
    return None


def _moments(x, axes):
    """Return mean and variance, with axes of size 1, and x without its mean."""
    average = mean(x, axes, keepdims=True)
    centred = x - average
    return average, mean(square(centred), axes, keepdims=True), centred


def _scaled(centred, variance, offset, scale, epsilon):
    factor = rsqrt(variance + epsilon)
    y = centred * (factor if scale is None else factor * scale)
    return y if offset is None else y + offset


def _along(name, vector, x, axes):
    """Return a vector as a tensor that broadcasts along the axes of x; None stays None."""
    if vector is None:
        return None
    vector = convert_to_tensor(vector, x.dtype)
    shape = tuple(x.shape[axis] for axis in axes)
    if vector.shape != shape:
        raise ValueError(f"{name} must have the shape of x along the axes {tuple(axes)}, {shape}. Got {vector.shape}.")
    rank = len(x.shape)
    if tuple(axes) == tuple(range(rank - len(axes), rank)):
        return vector  # as it broadcasts by itself: an optimizer's rule sums the rows of its gradient
    return reshape(vector, tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape)))
