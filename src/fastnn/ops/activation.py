"""Activations and their derivatives.

A derivative is an op of its own, in terms of the output y where that is possible, else of the input x.
"""

from __future__ import annotations

import math

import numpy as np

from ..dtypes import is_float
from ..shapes import normalize_axis
from .convert import to_float, to_number
from .elementwise import (
    _erf_reference,
    absolute,
    clip,
    elementwise,
    equal,
    exp,
    greater,
    less,
    logical_and,
    maximum,
    sqrt,
    square,
    where,
)
from .joining import split

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805  # selu's (Klambauer et al., 2017)


def _np_sigmoid(x):
    e = np.exp(-np.abs(x))
    return np.where(x >= 0, 1, e) / (1 + e)


def _np_softplus(x):
    return np.logaddexp(x, x.dtype.type(0))


def _np_elu(x, alpha=1.0):
    return np.where(x > 0, x, x.dtype.type(alpha) * np.expm1(np.minimum(x, 0)))


def _np_gelu_tanh(x):
    return 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))


def _np_gelu_tanh_grad(dy, x):
    c = np.sqrt(2 / np.pi)
    t = np.tanh(c * (x + 0.044715 * x**3))
    return dy * (0.5 * (1 + t) + 0.5 * x * (1 - t * t) * c * (1 + 3 * 0.044715 * x**2))


_normal_pdf = lambda x: exp(x * x * -0.5) * (1 / math.sqrt(2 * math.pi))  # noqa: E731


def _grad_op(name, inputs, reference, *derivatives, attrs=None):
    return elementwise(name, reference, *derivatives, inputs=inputs, attrs=attrs, doc=f"Derivative: {name}.")


# derivative in terms of the output: <name>_grad(dy, y)
relu_grad = _grad_op(
    "relu_grad", "dy y", lambda dy, y: np.where(y > 0, dy, 0), lambda g, _, dy, y: relu_grad(g, y), None
)
relu_dropout_grad = _grad_op(  # relu, then dropout: of y, which is dropout's output, with scale = 1 / (1 - rate)
    "relu_dropout_grad",
    "dy y",
    lambda dy, y, scale: np.where(y > 0, dy.dtype.type(scale) * dy, 0),
    lambda g, _, dy, y, scale: relu_dropout_grad(g, y, scale),
    None,
    attrs={"scale": 1.0},
)
leaky_relu_grad = _grad_op(
    "leaky_relu_grad",
    "dy y",
    lambda dy, y, negative_slope: np.where(y > 0, dy, dy.dtype.type(negative_slope) * dy),
    lambda g, _, dy, y, negative_slope: leaky_relu_grad(g, y, negative_slope),
    None,
    attrs={"negative_slope": 0.2},
)
elu_grad = _grad_op(
    "elu_grad",
    "dy y",
    lambda dy, y, alpha: np.where(y > 0, dy, dy * (y + dy.dtype.type(alpha))),
    lambda g, _, dy, y, alpha: elu_grad(g, y, alpha),
    lambda g, _, dy, y, alpha: where(greater(y, 0), 0.0, g * dy),
    attrs={"alpha": 1.0},
)
selu_grad = _grad_op(
    "selu_grad",
    "dy y",
    lambda dy, y: np.where(y > 0, dy * dy.dtype.type(SCALE), dy * (y + dy.dtype.type(SCALE * ALPHA))),
    lambda g, _, dy, y: selu_grad(g, y),
    lambda g, _, dy, y: where(greater(y, 0), 0.0, g * dy),
)
sigmoid_grad = _grad_op(
    "sigmoid_grad",
    "dy y",
    lambda dy, y: dy * y * (1 - y),
    lambda g, _, dy, y: sigmoid_grad(g, y),
    lambda g, _, dy, y: g * dy * (1 - 2 * y),
)
tanh_grad = _grad_op(
    "tanh_grad",
    "dy y",
    lambda dy, y: dy * (1 - y * y),
    lambda g, _, dy, y: tanh_grad(g, y),
    lambda g, _, dy, y: g * dy * y * -2,
)

# derivative in terms of the input: <name>_grad(dy, x)
softplus_grad = _grad_op(
    "softplus_grad",
    "dy x",
    lambda dy, x: dy * _np_sigmoid(x),
    lambda g, _, dy, x: softplus_grad(g, x),
    lambda g, _, dy, x: sigmoid_grad(g * dy, sigmoid(x)),
)
gelu_grad = _grad_op(
    "gelu_grad",
    "dy x",
    lambda dy, x: dy * (0.5 * (1 + _erf_reference(x * np.sqrt(0.5))) + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)),
    lambda g, _, dy, x: gelu_grad(g, x),
    lambda g, _, dy, x: g * dy * _normal_pdf(x) * (2 - x * x),
)


def _gelu_tanh_second(g, _, dy, x):
    c = float(np.sqrt(2 / np.pi))
    t = tanh((x + x * x * x * 0.044715) * c)
    dt = (1 - t * t) * (1 + x * x * (3 * 0.044715)) * c
    ddt = (1 - t * t) * (x * (6 * 0.044715 * c)) - t * dt * (1 + x * x * (3 * 0.044715)) * (2 * c)
    return g * dy * (dt + x * ddt * 0.5)


gelu_tanh_grad = _grad_op(
    "gelu_tanh_grad",
    "dy x",
    _np_gelu_tanh_grad,
    lambda g, _, dy, x: gelu_tanh_grad(g, x),
    _gelu_tanh_second,
)


def _silu_second(g, _, dy, x):
    s = sigmoid(x)
    return g * dy * s * (1 - s) * (2 + x * (1 - 2 * s))


def _np_silu_grad(dy, x):
    s = _np_sigmoid(x)
    return dy * (s + x * s * (1 - s))


silu_grad = _grad_op("silu_grad", "dy x", _np_silu_grad, lambda g, _, dy, x: silu_grad(g, x), _silu_second)

_relu = elementwise("relu", lambda x: np.maximum(x, 0), lambda dy, y, x: relu_grad(dy, y))


def relu(x):
    """Return max(x, 0). Integers stay integers."""
    (x,) = to_number(x)
    return _relu(x) if is_float(x.dtype) else maximum(x, 0)


_leaky_relu = elementwise(
    "leaky_relu",
    lambda x, negative_slope: np.where(x > 0, x, x.dtype.type(negative_slope) * x),
    lambda dy, y, x, negative_slope: leaky_relu_grad(dy, y if negative_slope > 0 else x, negative_slope),
    attrs={"negative_slope": 0.2},
)
_elu = elementwise(
    "elu",
    _np_elu,
    lambda dy, y, x, alpha: elu_grad(dy, y, alpha),
    attrs={"alpha": 1.0},
)
selu = elementwise(
    "selu",
    lambda x: x.dtype.type(SCALE) * _np_elu(x, ALPHA),
    lambda dy, y, x: selu_grad(dy, y),
    doc="Scaled exponential linear unit (Klambauer et al., 2017).",
)
sigmoid = elementwise("sigmoid", _np_sigmoid, lambda dy, y, x: sigmoid_grad(dy, y), doc="1 / (1 + exp(-x))")
tanh = elementwise("tanh", np.tanh, lambda dy, y, x: tanh_grad(dy, y))
softplus = elementwise("softplus", _np_softplus, lambda dy, y, x: softplus_grad(dy, x), doc="log(1 + exp(x))")
_gelu_erf = elementwise(
    "gelu", lambda x: 0.5 * x * (1 + _erf_reference(x * np.sqrt(0.5))), lambda dy, y, x: gelu_grad(dy, x)
)
_gelu_tanh = elementwise("gelu_tanh", _np_gelu_tanh, lambda dy, y, x: gelu_tanh_grad(dy, x))
silu = elementwise("silu", lambda x: x * _np_sigmoid(x), lambda dy, y, x: silu_grad(dy, x), doc="x sigmoid(x)")


def leaky_relu(x, negative_slope=0.2):
    """Return x where positive, negative_slope · x elsewhere."""
    return _leaky_relu(x, float(negative_slope))


def elu(x, alpha=1.0):
    """Return x where positive, alpha (exp(x) - 1) elsewhere (Clevert et al., 2015)."""
    if alpha < 0:
        raise ValueError(f"alpha must not be negative, got {alpha}")
    return _elu(x, float(alpha))


def gelu(x, approximate=True):
    """Return x Φ(x), Φ the normal distribution; by default in its tanh approximation (Hendrycks & Gimpel, 2016)."""
    return _gelu_tanh(x) if approximate else _gelu_erf(x)


swish = silu


def logaddexp(x1, x2):
    """Return log(exp(x1) + exp(x2)), stable."""
    x1, x2 = to_float(x1, x2)
    distance = where(equal(x1, x2), 0.0, x1 - x2)  # equal infinities have none
    return maximum(x1, x2) + softplus(-absolute(distance))


def logaddexp2(x1, x2):
    """Return log2(2 to the x1 + 2 to the x2), stable."""
    x1, x2 = to_float(x1, x2)
    return logaddexp(x1 * math.log(2), x2 * math.log(2)) * (1 / math.log(2))


_relu6 = elementwise(
    "relu6",
    np.clip,
    lambda dy, y, x, low, high: where(logical_and(greater(y, low), less(y, high)), dy, 0.0),
    None,
    None,
    inputs="x low high",
    kernel="clip",
    doc="clip without a slope at its kinks, as relu",
)


def relu6(x):
    """Return min(max(x, 0), 6)."""
    return _relu6(x, 0.0, 6.0)


def softsign(x):
    """Return x / (1 + abs(x))."""
    (x,) = to_float(x)
    return x / (absolute(x) + 1)


def hard_sigmoid(x):
    """Return relu6(x + 3) / 6."""
    return relu6(to_float(x)[0] + 3) * (1 / 6)


def hard_silu(x):
    """Return x · hard_sigmoid(x)."""
    (x,) = to_float(x)
    return x * hard_sigmoid(x)


hard_swish = hard_silu


def hard_tanh(x):
    """Limit x to -1 .. 1."""
    return clip(to_float(x)[0], -1.0, 1.0)


def log_sigmoid(x):
    """Return log(sigmoid(x)), stable."""
    return -softplus(-to_float(x)[0])


def mish(x):
    """Return x tanh(softplus(x))."""
    (x,) = to_float(x)
    return x * tanh(softplus(x))


def tanh_shrink(x):
    """Return x - tanh(x)."""
    (x,) = to_float(x)
    return x - tanh(x)


def hard_shrink(x, threshold=0.5):
    """Return x where abs(x) is above a threshold, else 0."""
    (x,) = to_float(x)
    return where(greater(absolute(x), threshold), x, 0.0)


def soft_shrink(x, threshold=0.5):
    """Return x, moved towards 0 by a threshold: 0 for those that are within it."""
    if not threshold >= 0:
        raise ValueError(f"threshold must not be negative, got {threshold}")
    (x,) = to_float(x)
    return where(greater(absolute(x), threshold), where(greater(x, 0), x - threshold, x + threshold), 0.0)


def threshold(x, threshold, default_value):
    """Return x where it is above a threshold, else a default value."""
    (x,) = to_float(x)
    return where(greater(x, threshold), x, default_value)


def celu(x, alpha=1.0):
    """Return x where positive, alpha (exp(x / alpha) - 1) elsewhere (Barron, 2017)."""
    if not alpha > 0:
        raise ValueError(f"alpha must be positive, got {alpha}")
    (x,) = to_float(x)
    return where(greater(x, 0), x, elu(x / alpha) * alpha)


def glu(x, axis=-1):
    """Return a sigmoid(b) of the halves a and b of x along an axis (Dauphin et al., 2017)."""
    (x,) = to_float(x)
    axis = normalize_axis(axis, len(x.shape))
    if x.shape[axis] % 2:
        raise ValueError(f"glu: a tensor of shape {x.shape} has no halves along axis {axis}, whose size is odd")
    a, b = split(x, 2, axis)
    return a * sigmoid(b)


def sparse_plus(x):
    """Return 0 up to -1, (x + 1)² / 4 from there to 1, x beyond: the integral of `sparse_sigmoid`."""
    (x,) = to_float(x)
    return where(less(x, 1), square(clip(x, -1.0, 1.0) + 1) * 0.25, x)


def sparse_sigmoid(x):
    """Return (x + 1) / 2 within 0 .. 1 (Blondel et al., 2019)."""
    return (hard_tanh(x) + 1) * 0.5


def squareplus(x, b=4):
    """Return (x + sqrt(x² + b)) / 2, a smooth relu (Barron, 2021)."""
    if not b > 0:
        raise ValueError(f"b must be positive, got {b}")
    (x,) = to_float(x)
    size = where(greater(x, 0), x, -x)  # whose slope at 0, -1, makes that of the sum 1/2
    return relu(x) + (0.5 * b) / (sqrt(square(x) + b) + size)  # nothing is left of x + sqrt(...) far below 0


__all__ = (
    "celu elu elu_grad gelu gelu_grad gelu_tanh_grad glu hard_shrink hard_sigmoid hard_silu hard_swish hard_tanh "
    "leaky_relu leaky_relu_grad log_sigmoid logaddexp logaddexp2 mish relu relu6 relu_dropout_grad relu_grad selu "
    "selu_grad sigmoid sigmoid_grad silu silu_grad soft_shrink softplus softplus_grad softsign sparse_plus "
    "sparse_sigmoid squareplus swish tanh tanh_grad tanh_shrink threshold"
).split()
