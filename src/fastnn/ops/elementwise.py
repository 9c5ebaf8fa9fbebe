"""Elementwise ops with NumPy's broadcasting, and the activations with their derivatives."""

from __future__ import annotations

import numpy as np

from .. import config
from ..dtypes import is_float, result_dtype, standardize_dtype
from ..tensor import Tensor, Variable, convert_to_tensor
from .catalogue import REQUIRED, Op

BOOL = np.dtype("bool")
SHORT = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "uint8": "u8", "bool": "bool"}


# ---- conversions of inputs -------------------------------------------------------------------------------


def to_tensor(*inputs):
    """Each input as a tensor, dtypes as they are."""
    return [convert_to_tensor(x) for x in inputs]


def to_float(*inputs):
    """All inputs in one float dtype: their common one, or floatx if that is none."""
    inputs = [x if hasattr(x, "dtype") or np.isscalar(x) else convert_to_tensor(x) for x in inputs]
    dtype = result_dtype(*inputs)
    dtype = dtype if is_float(dtype) else np.dtype(config.floatx())
    return [_convert(x, dtype) for x in inputs]


def to_common(*inputs):
    """All inputs in the dtype in which they meet."""
    inputs = [x if hasattr(x, "dtype") or np.isscalar(x) else convert_to_tensor(x) for x in inputs]
    dtype = result_dtype(*inputs)
    return [_convert(x, dtype) for x in inputs]


def to_number(*inputs):
    """As `to_common`, but bool becomes int32, as Keras' arithmetic has it."""
    inputs = to_common(*inputs)
    return [cast(x, "int32") for x in inputs] if inputs[0].dtype == BOOL else inputs


def to_bool(*inputs):
    """Each input as bool: is it different from zero?"""
    return [cast(x, "bool") for x in inputs]


def _convert(x, dtype):
    if isinstance(x, (Tensor, Variable)):
        return cast(x, dtype)
    if isinstance(x, np.ndarray | np.generic):
        return cast(Tensor(np.asarray(x)), dtype)
    return Tensor(np.asarray(x, dtype))


# ---- makers ------------------------------------------------------------------------------------------------


def broadcast_shapes(name, *tensors):
    """Return the common shape, or raise a ValueError that names the op and the shapes."""
    try:
        return np.broadcast_shapes(*(x.shape for x in tensors))
    except ValueError:
        shapes = " and ".join(str(x.shape) for x in tensors)
        raise ValueError(f"{name}: shapes {shapes} do not broadcast") from None


def sum_to(dx, shape):
    """Sum a gradient over the axes along which its input was broadcast to reach it."""
    if dx is None or dx.shape == shape:
        return dx
    lead = len(dx.shape) - len(shape)
    axes = tuple(i for i in range(len(dx.shape)) if i < lead or (shape[i - lead] == 1 and dx.shape[i] != 1))
    from .reduce import sum as reduce_sum
    from .shaping import reshape

    return reshape(reduce_sum(dx, axis=axes), shape)


def _map_spec(name, out_dtype=None):
    def spec(*inputs, **attrs):
        return [(broadcast_shapes(name, *inputs), out_dtype or inputs[-1].dtype)]

    return spec


def _map_lower(kernel):
    def lower(plan, outs, ins, **attrs):
        plan.map(kernel, outs[0], *ins, **dict(zip("abc", attrs.values(), strict=False)))

    return lower


def _map_vjp(derivative):
    """Make a vjp from ``derivative(dy, y, *inputs, **attrs)``, which gives each input's gradient before broadcasting."""

    def vjp(call, dy):
        grads = derivative(dy, call.outputs[0], *call.inputs, **call.attrs)
        grads = grads if isinstance(grads, tuple) else (grads,)
        return tuple(sum_to(dx, x.shape) for dx, x in zip(grads, call.inputs, strict=True))

    return vjp


def elementwise(name, reference, derivative=None, *, inputs="x", convert=to_float, attrs=None, out_dtype=None, doc=""):
    """Make an elementwise op whose kernel has its name."""
    names = inputs.split()
    return Op(
        name,
        inputs=names,
        spec=_map_spec(name, out_dtype),
        reference=reference,
        vjp=derivative and _map_vjp(derivative),
        lower=_map_lower(name),
        convert=convert,
        attrs=attrs,
        doc=doc or f"Elementwise {name.replace('_', ' ')}.",
    )


# ---- cast ----------------------------------------------------------------------------------------------------


def _cast_vjp(call, dy):
    return cast(dy, call.inputs[0].dtype) if is_float(call.inputs[0].dtype) and is_float(dy.dtype) else None


def _cast_reference(x, dtype):
    if x.dtype.kind == "f" and np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        whole = np.trunc(np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf))
        low, high = float(info.min), float(info.max)
        inside = np.where((whole >= low) & (whole < high), whole, 0).astype(dtype)
        return np.where(whole >= high, info.max, np.where(whole < low, info.min, inside)).astype(dtype)
    return x.astype(dtype)


_cast = Op(
    "cast",
    inputs=["x"],
    spec=lambda x, dtype: [(x.shape, dtype)],
    reference=_cast_reference,
    vjp=_cast_vjp,
    lower=lambda plan, outs, ins, dtype: plan.map(f"cast_{SHORT[dtype.name]}", outs[0], ins[0]),
    attrs={"dtype": REQUIRED},
)


def cast(x, dtype):
    """Return x in another dtype; x itself if it has it.

    Floats become integers by truncation, saturating at the ends, NaN giving 0. Anything but zero becomes True.
    """
    x = convert_to_tensor(x)
    dtype = standardize_dtype(dtype)
    return x if x.dtype == dtype else _cast(x, dtype)


# ---- arithmetic ----------------------------------------------------------------------------------------------

_TWO = "x1 x2"


def _binary(name, reference, derivative=None, *, convert=to_number, out_dtype=None):
    return elementwise(name, reference, derivative, inputs=_TWO, convert=convert, out_dtype=out_dtype)


def _integer_safe(fn):
    def reference(x1, x2):
        with np.errstate(all="ignore"):
            return fn(x1, x2)

    return reference


add = _binary("add", np.add, lambda dy, y, a, b: (dy, dy))
subtract = _binary("subtract", np.subtract, lambda dy, y, a, b: (dy, -dy))
multiply = _binary("multiply", np.multiply, lambda dy, y, a, b: (dy * b, dy * a))
divide = _binary("divide", np.divide, lambda dy, y, a, b: (dy / b, -dy * y / b), convert=to_float)
floor_divide = _binary("floor_divide", _integer_safe(np.floor_divide))
mod = _binary("mod", _integer_safe(np.mod), lambda dy, y, a, b: (dy, -dy * floor(a / b)))


def _power_grad(dy, y, a, b):
    da = dy * b * where(equal(b, 0), ones_like_(b), power(a, b - 1))
    positive = greater(a, 0)
    db = where(positive, dy * y * log(where(positive, a, 1.0)), 0.0)
    return da, db


_power = _binary("power", np.power, _power_grad, convert=to_float)


def power(x1, x2):
    """Raise x1 to the power x2, elementwise. Integers give integers."""
    x1, x2 = to_number(x1, x2)
    if is_float(x1.dtype):
        return _power(x1, x2)
    return cast(_power(cast(x1, "float64"), cast(x2, "float64")), x1.dtype)


def ones_like_(x):
    """Return a constant of ones."""
    return Tensor(np.ones(x.shape, x.dtype))


def _pick(chosen):
    """Derivative of maximum/minimum: to the chosen input, half to each where they are equal (as JAX)."""

    def derivative(dy, y, a, b):
        half = dy * 0.5
        tie = equal(a, b)
        to_a = where(tie, half, where(chosen(a, b), dy, 0.0))
        return to_a, dy - to_a

    return derivative


maximum = _binary("maximum", np.maximum, _pick(lambda a, b: greater(a, b)))
minimum = _binary("minimum", np.minimum, _pick(lambda a, b: less(a, b)))
arctan2 = _binary(
    "arctan2",
    np.arctan2,
    lambda dy, y, a, b: (dy * b / (a * a + b * b), -dy * a / (a * a + b * b)),
    convert=to_float,
)

equal = _binary("equal", np.equal, convert=to_common, out_dtype=BOOL)
not_equal = _binary("not_equal", np.not_equal, convert=to_common, out_dtype=BOOL)
less = _binary("less", np.less, convert=to_common, out_dtype=BOOL)
less_equal = _binary("less_equal", np.less_equal, convert=to_common, out_dtype=BOOL)
greater = _binary("greater", np.greater, convert=to_common, out_dtype=BOOL)
greater_equal = _binary("greater_equal", np.greater_equal, convert=to_common, out_dtype=BOOL)
logical_and = _binary("logical_and", np.logical_and, convert=to_bool)
logical_or = _binary("logical_or", np.logical_or, convert=to_bool)
logical_xor = _binary("logical_xor", np.logical_xor, convert=to_bool)
logical_not = elementwise("logical_not", np.logical_not, convert=to_bool)


# ---- one input -----------------------------------------------------------------------------------------------

copy = elementwise("copy", np.copy, lambda dy, y, x: dy, convert=to_tensor, doc="Return a C-contiguous copy.")
negative = elementwise("negative", np.negative, lambda dy, y, x: -dy, convert=to_number)
absolute = elementwise("abs", np.abs, lambda dy, y, x: dy * sign(x), convert=to_number)
sign = elementwise("sign", np.sign, lambda dy, y, x: dy * 0.0, convert=to_number)
square = elementwise("square", np.square, lambda dy, y, x: dy * x * 2, convert=to_number)
sqrt = elementwise("sqrt", np.sqrt, lambda dy, y, x: dy * 0.5 / y)
rsqrt = elementwise("rsqrt", lambda x: 1 / np.sqrt(x), lambda dy, y, x: dy * -0.5 * y / x)
reciprocal = elementwise("reciprocal", lambda x: 1 / x, lambda dy, y, x: -dy * y * y)
exp = elementwise("exp", np.exp, lambda dy, y, x: dy * y)
expm1 = elementwise("expm1", np.expm1, lambda dy, y, x: dy * (y + 1))
log = elementwise("log", np.log, lambda dy, y, x: dy / x)
log1p = elementwise("log1p", np.log1p, lambda dy, y, x: dy / (x + 1))
sin = elementwise("sin", np.sin, lambda dy, y, x: dy * cos(x))
cos = elementwise("cos", np.cos, lambda dy, y, x: -dy * sin(x))
tan = elementwise("tan", np.tan, lambda dy, y, x: dy * (1 + y * y))
arcsin = elementwise("arcsin", np.arcsin, lambda dy, y, x: dy * rsqrt(1 - x * x))
arccos = elementwise("arccos", np.arccos, lambda dy, y, x: -dy * rsqrt(1 - x * x))
arctan = elementwise("arctan", np.arctan, lambda dy, y, x: dy / (1 + x * x))
sinh = elementwise("sinh", np.sinh, lambda dy, y, x: dy * cosh(x))
cosh = elementwise("cosh", np.cosh, lambda dy, y, x: dy * sinh(x))
arcsinh = elementwise("arcsinh", np.arcsinh, lambda dy, y, x: dy * rsqrt(x * x + 1))
arccosh = elementwise("arccosh", np.arccosh, lambda dy, y, x: dy * rsqrt(x * x - 1))
arctanh = elementwise("arctanh", np.arctanh, lambda dy, y, x: dy / (1 - x * x))


def _erf_reference(x):
    from scipy.special import erf as scipy_erf

    return scipy_erf(x)


erf = elementwise("erf", _erf_reference, lambda dy, y, x: dy * (2 / np.sqrt(np.pi)) * exp(-x * x))
floor = elementwise("floor", np.floor, lambda dy, y, x: dy * 0.0)
ceil = elementwise("ceil", np.ceil, lambda dy, y, x: dy * 0.0)
round = elementwise("round", np.round, lambda dy, y, x: dy * 0.0, doc="Round to the nearest integer, halves to even.")
trunc = elementwise("trunc", np.trunc, lambda dy, y, x: dy * 0.0)
isnan = elementwise("isnan", np.isnan, out_dtype=BOOL)
isinf = elementwise("isinf", np.isinf, out_dtype=BOOL)
isfinite = elementwise("isfinite", np.isfinite, out_dtype=BOOL)


# ---- three inputs -------------------------------------------------------------------------------------------


def _where_convert(condition, x1, x2):
    return [cast(condition, "bool"), *to_common(x1, x2)]


_where = elementwise(
    "where",
    np.where,
    lambda dy, y, condition, a, b: (None, _where(condition, dy, 0.0), _where(condition, 0.0, dy)),
    inputs="condition x1 x2",
    convert=_where_convert,
)


def where(condition, x1, x2):
    """Return x1 where the condition holds, else x2."""
    return _where(condition, x1, x2)


_clip = elementwise(
    "clip",
    lambda x, low, high: np.minimum(np.maximum(x, low), high),
    lambda dy, y, x, low, high: (
        _where(logical_and(greater_equal(x, low), less_equal(x, high)), dy, 0.0),
        _where(less(x, low), dy, 0.0),
        _where(greater(x, high), dy, 0.0),
    ),
    inputs="x low high",
    convert=to_number,
)


def clip(x, x_min, x_max):
    """Limit values to x_min .. x_max."""
    return _clip(x, x_min, x_max)


# ---- activations --------------------------------------------------------------------------------------------
# A derivative comes in terms of the output y where that is possible, else of the input x.

ALPHA, SCALE = 1.6732632423543772, 1.0507009873554805   # selu's (Klambauer et al., 2017)


def _erf(x):
    return _erf_reference(x)


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


_normal_pdf = lambda x: exp(x * x * -0.5) * (1 / np.sqrt(2 * np.pi))  # noqa: E731
_normal_cdf = lambda x: 0.5 * (1 + erf(x * np.sqrt(0.5)))  # noqa: E731


def _grad_op(name, inputs, reference, derivative, attrs=None):
    return elementwise(name, reference, derivative, inputs=inputs, attrs=attrs, doc=f"Derivative: {name}.")


# derivative in terms of the output: <name>_grad(dy, y)
relu_grad = _grad_op(
    "relu_grad", "dy y", lambda dy, y: np.where(y > 0, dy, 0), lambda g, _, dy, y: (relu_grad(g, y), None)
)
leaky_relu_grad = _grad_op(
    "leaky_relu_grad",
    "dy y",
    lambda dy, y, negative_slope: np.where(y > 0, dy, dy.dtype.type(negative_slope) * dy),
    lambda g, _, dy, y, negative_slope: (leaky_relu_grad(g, y, negative_slope), None),
    {"negative_slope": 0.2},
)
elu_grad = _grad_op(
    "elu_grad",
    "dy y",
    lambda dy, y, alpha: np.where(y > 0, dy, dy * (y + dy.dtype.type(alpha))),
    lambda g, _, dy, y, alpha: (elu_grad(g, y, alpha), where(greater(y, 0), 0.0, g * dy)),
    {"alpha": 1.0},
)
selu_grad = _grad_op(
    "selu_grad",
    "dy y",
    lambda dy, y: np.where(y > 0, dy * dy.dtype.type(SCALE), dy * (y + dy.dtype.type(SCALE * ALPHA))),
    lambda g, _, dy, y: (selu_grad(g, y), where(greater(y, 0), 0.0, g * dy)),
)
sigmoid_grad = _grad_op(
    "sigmoid_grad",
    "dy y",
    lambda dy, y: dy * y * (1 - y),
    lambda g, _, dy, y: (sigmoid_grad(g, y), g * dy * (1 - 2 * y)),
)
tanh_grad = _grad_op(
    "tanh_grad", "dy y", lambda dy, y: dy * (1 - y * y), lambda g, _, dy, y: (tanh_grad(g, y), g * dy * y * -2)
)

# derivative in terms of the input: <name>_grad(dy, x)
softplus_grad = _grad_op(
    "softplus_grad",
    "dy x",
    lambda dy, x: dy * _np_sigmoid(x),
    lambda g, _, dy, x: (softplus_grad(g, x), sigmoid_grad(g * dy, sigmoid(x))),
)
gelu_grad = _grad_op(
    "gelu_grad",
    "dy x",
    lambda dy, x: dy * (0.5 * (1 + _erf(x * np.sqrt(0.5))) + x * np.exp(-0.5 * x * x) / np.sqrt(2 * np.pi)),
    lambda g, _, dy, x: (gelu_grad(g, x), g * dy * _normal_pdf(x) * (2 - x * x)),
)


def _gelu_tanh_second(g, _, dy, x):
    c = float(np.sqrt(2 / np.pi))
    t = tanh((x + x * x * x * 0.044715) * c)
    dt = (1 - t * t) * (1 + x * x * (3 * 0.044715)) * c
    ddt = (1 - t * t) * (x * (6 * 0.044715 * c)) - t * dt * (1 + x * x * (3 * 0.044715)) * (2 * c)
    return gelu_tanh_grad(g, x), g * dy * (dt + x * ddt * 0.5)


gelu_tanh_grad = _grad_op("gelu_tanh_grad", "dy x", _np_gelu_tanh_grad, _gelu_tanh_second)


def _silu_second(g, _, dy, x):
    s = sigmoid(x)
    return silu_grad(g, x), g * dy * s * (1 - s) * (2 + x * (1 - 2 * s))


def _np_silu_grad(dy, x):
    s = _np_sigmoid(x)
    return dy * (s + x * s * (1 - s))


silu_grad = _grad_op("silu_grad", "dy x", _np_silu_grad, _silu_second)

relu = elementwise("relu", lambda x: np.maximum(x, 0), lambda dy, y, x: relu_grad(dy, y), doc="max(x, 0)")
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
    "gelu", lambda x: 0.5 * x * (1 + _erf(x * np.sqrt(0.5))), lambda dy, y, x: gelu_grad(dy, x)
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


# ---- written in the ops above -------------------------------------------------------------------------------

abs = absolute
true_divide = divide
swish = silu
identity = copy


def log2(x):
    """Base-2 logarithm."""
    return log(x) * (1 / np.log(2))


def log10(x):
    """Base-10 logarithm."""
    return log(x) * (1 / np.log(10))


def logaddexp(x1, x2):
    """Return log(exp(x1) + exp(x2)), stable."""
    x1, x2 = to_float(x1, x2)
    return maximum(x1, x2) + softplus(-absolute(x1 - x2))


def relu6(x):
    """Return min(max(x, 0), 6)."""
    return clip(to_float(x)[0], 0.0, 6.0)


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


def nan_to_num(x, nan=0.0, posinf=None, neginf=None):
    """Replace NaN and infinities by numbers (by default 0 and the dtype's largest)."""
    (x,) = to_float(x)
    info = np.finfo(x.dtype)
    x = where(isnan(x), nan, x)
    x = where(equal(x, np.inf), float(info.max) if posinf is None else posinf, x)
    return where(equal(x, -np.inf), float(info.min) if neginf is None else neginf, x)


__all__ = [
    name
    for name in (
        "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh cast ceil clip copy cos cosh divide elu "
        "elu_grad equal erf exp expm1 floor floor_divide gelu gelu_grad gelu_tanh_grad greater greater_equal "
        "hard_sigmoid hard_silu hard_swish hard_tanh identity isfinite isinf isnan leaky_relu leaky_relu_grad less "
        "less_equal log log10 log1p log2 log_sigmoid logaddexp logical_and logical_not logical_or logical_xor maximum "
        "minimum mish mod multiply nan_to_num negative not_equal power reciprocal relu relu6 relu_grad round rsqrt "
        "selu selu_grad sigmoid sigmoid_grad sign silu silu_grad sin sinh softplus softplus_grad softsign sqrt square "
        "subtract swish tan tanh tanh_grad tanh_shrink true_divide trunc where"
    ).split()
]
