"""Normalisation: moments, and what is scaled by them. Written in other ops."""

from __future__ import annotations

from collections.abc import Sequence

from .. import config
from ..tensor import Tensor, convert_to_tensor
from .convert import to_float
from .elementwise import rsqrt, square
from .reduce import mean, normalize_axes
from .shaping import reshape

__all__ = ["batch_normalization", "layer_normalization", "moments"]


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
    axes = normalize_axes(axes if isinstance(axes, int) else tuple(axes), len(x.shape))
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
    (axis,) = normalize_axes(axis, len(x.shape))
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
    axes = normalize_axes(axis if isinstance(axis, int) else tuple(axis), len(x.shape))
    return normalized(x, axes, axes, beta, gamma, config.epsilon() if epsilon is None else epsilon)[0]


def normalized(
    x: Tensor, over: Sequence[int], along: Sequence[int], offset: Tensor | None, scale: Tensor | None, epsilon: float
) -> tuple[Tensor, Tensor, Tensor]:
    """Normalize x by its own moments over axes; return also these, with size 1 where they were reduced.

    ``along``: the axes of offset and scale.
    """
    average, variance, centred = _moments(x, over)
    offset, scale = _along("offset", offset, x, along), _along("scale", scale, x, along)
    return _scaled(centred, variance, offset, scale, epsilon), average, variance


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
    return reshape(vector, tuple(size if axis in axes else 1 for axis, size in enumerate(x.shape)))
