"""Elementwise ops with NumPy's broadcasting."""

from __future__ import annotations

import math

import numpy as np

from ..dtypes import is_float
from ..shapes import as_integer, common_shape
from ..tensor import SymbolicTensor, Tensor
from .catalogue import Op
from .convert import BOOL, UINT8, cast, to_bool, to_common, to_float, to_number, to_tensor

# ---- makers ------------------------------------------------------------------------------------------------


def broadcast_shapes(name, *tensors):
    """Return the common shape, or raise a ValueError that names the op and the shapes."""
    common = ()
    for x in tensors:
        if common and x.shape and x.shape != common:
            break
        common = common or x.shape
    else:  # as a rule they are alike, or scalars
        return common
    return common_shape(name, *(x.shape for x in tensors))


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


def _map_lower(kernel, of_bools):
    def lower(plan, outs, ins, **attrs):
        parameters = dict(zip("abc", attrs.values(), strict=False)) if attrs else {}
        plan.map(of_bools if of_bools and ins[0].dtype == BOOL else kernel, outs[0], *ins, **parameters)

    return lower


def _map_vjp(derivatives):
    """Make a vjp of what `elementwise` is given; only what is needed is computed."""

    def vjp(call, dy):
        operands = dy, call.outputs[0], *call.inputs
        parts = zip(derivatives, call.inputs, call.needs, strict=True)
        return tuple(
            sum_to(derivative(*operands, **call.attrs), x.shape) if needed and derivative else None
            for derivative, x, needed in parts
        )

    return vjp


def elementwise(
    name,
    reference,
    *derivatives,
    inputs="x",
    convert=to_float,
    attrs=None,
    out_dtype=None,
    kernel=None,
    of_bools=None,
    doc="",
):
    """Make an elementwise op of a kernel, by default that of its name, or of ``of_bools`` where its inputs are bool.

    ``derivatives``: a function for each input (None: it has no gradient), or none at all; each is called as
    ``derivative(dy, y, *inputs, **attrs)`` and returns that input's gradient before it was broadcast.
    """
    names = inputs.split()
    return Op(
        name,
        inputs=names,
        spec=_map_spec(name, out_dtype),
        reference=reference,
        vjp=_map_vjp(derivatives) if derivatives else None,
        lower=_map_lower(kernel or name, of_bools),
        convert=convert,
        attrs=attrs,
        in_place=True,
        doc=doc or f"Elementwise {name.replace('_', ' ')}.",
    )


# ---- arithmetic ----------------------------------------------------------------------------------------------

_TWO = "x1 x2"


def _binary(name, reference, *derivatives, convert=to_number, out_dtype=None):
    return elementwise(name, reference, *derivatives, inputs=_TWO, convert=convert, out_dtype=out_dtype)


def _closed(name, reference, *derivatives, of_bools):
    """Make an op of two inputs that gives a bool for bools."""
    return elementwise(name, reference, *derivatives, inputs=_TWO, convert=to_common, of_bools=of_bools)


def _integer_safe(fn):
    def reference(x1, x2):
        with np.errstate(all="ignore"):
            return fn(x1, x2)

    return reference


def _dy(dy, y, a, b):
    return dy


add = _closed("add", np.add, _dy, _dy, of_bools="logical_or")
subtract = _binary("subtract", np.subtract, _dy, lambda dy, y, a, b: -dy)
multiply = _closed(
    "multiply", np.multiply, lambda dy, y, a, b: dy * b, lambda dy, y, a, b: dy * a, of_bools="logical_and"
)
divide = _binary("divide", np.divide, lambda dy, y, a, b: dy / b, lambda dy, y, a, b: -dy * y / b, convert=to_float)
divide_no_nan = _binary(
    "divide_no_nan",
    _integer_safe(lambda a, b: np.where(b == 0, b.dtype.type(0), np.divide(a, b))),
    lambda dy, y, a, b: divide_no_nan(dy, b),
    lambda dy, y, a, b: -divide_no_nan(dy * y, b),
    convert=to_float,
)
floor_divide = _binary("floor_divide", _integer_safe(np.floor_divide))
mod = _binary("mod", _integer_safe(np.mod), _dy, lambda dy, y, a, b: -dy * floor(a / b))


def _power_base_grad(dy, y, a, b):
    return dy * b * where(equal(b, 0), 1.0, power(a, b - 1))


def _power_exponent_grad(dy, y, a, b):
    positive = greater(a, 0)
    return where(positive, dy * y * log(where(positive, a, 1.0)), 0.0)


_power = _binary("power", np.power, _power_base_grad, _power_exponent_grad, convert=to_float)


def power(x1, x2):
    """Raise x1 to the power x2, elementwise. Integers give integers, modulo 2 to their number of bits.

    Raises
    ------
    ValueError
        For integers to powers below zero; in a program those give 0.
    """
    x1, x2 = to_number(x1, x2)
    return _power(x1, x2) if is_float(x1.dtype) else _integer_power(x1, x2)


def _integer_power(x, n):
    """Square, and multiply where a bit of the exponent is set."""
    y = Tensor(np.ones(broadcast_shapes("power", x, n), x.dtype))
    if isinstance(n, SymbolicTensor):
        bits = 8 * n.dtype.itemsize
        y = where(less(n, 0), 0, y)  # where nobody can be told
    elif n.array.size and n.array.min() < 0:
        raise ValueError("power: integers to powers below zero are no integers; cast them to a float dtype")
    else:
        bits = int(n.array.max(initial=0)).bit_length()
    for bit in range(bits):
        y = where(equal(mod(n, 2), 1), multiply(y, x), y)
        if bit + 1 < bits:
            x, n = multiply(x, x), floor_divide(n, 2)
    return y


def _share(dy, y, own, other):
    """Derivative of maximum and minimum: all to the one that was chosen, half to each where they are equal (as JAX)."""
    return where(equal(own, other), dy * 0.5, where(equal(own, y), dy, 0.0))


def _other_share(dy, y, a, b):
    return _share(dy, y, b, a)


maximum = _closed("maximum", np.maximum, _share, _other_share, of_bools="logical_or")
minimum = _closed("minimum", np.minimum, _share, _other_share, of_bools="logical_and")
arctan2 = _binary(
    "arctan2",
    np.arctan2,
    lambda dy, y, a, b: dy * b / (a * a + b * b),
    lambda dy, y, a, b: -dy * a / (a * a + b * b),
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
absolute = elementwise("abs", np.abs, lambda dy, y, x: dy * sign(x), convert=to_tensor, of_bools="copy")
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


erf = elementwise("erf", _erf_reference, lambda dy, y, x: dy * (2 / math.sqrt(math.pi)) * exp(-x * x))
floor = elementwise("floor", np.floor, lambda dy, y, x: dy * 0.0)
ceil = elementwise("ceil", np.ceil, lambda dy, y, x: dy * 0.0)
_round = elementwise("round", np.round, lambda dy, y, x: dy * 0.0)
_trunc = elementwise("trunc", np.trunc, lambda dy, y, x: dy * 0.0)


def round(x, decimals=0):
    """Round to a number of decimals, halves to even; below 0 to tens, hundreds, ... Integers stay integers."""
    (x,) = to_number(x)
    decimals = as_integer("decimals", decimals)
    if not is_float(x.dtype):
        return x if decimals >= 0 else cast(round(cast(x, "float64"), decimals), x.dtype)
    if decimals == 0:
        return _round(x)
    if decimals > 0:
        return _round(x * 10.0**decimals) / 10.0**decimals
    return _round(x / 10.0**-decimals) * 10.0**-decimals


def trunc(x):
    """Round towards zero. Integers stay as they are."""
    (x,) = to_tensor(x)
    return _trunc(x) if is_float(x.dtype) else x


isnan = elementwise("isnan", np.isnan, out_dtype=BOOL)
isinf = elementwise("isinf", np.isinf, out_dtype=BOOL)
isfinite = elementwise("isfinite", np.isfinite, out_dtype=BOOL)


# ---- three inputs -------------------------------------------------------------------------------------------


def _where_convert(condition, x1, x2):
    return [cast(condition, "bool"), *to_common(x1, x2)]


_where = elementwise(
    "where",
    np.where,
    None,
    lambda dy, y, condition, a, b: _where(condition, dy, 0.0),
    lambda dy, y, condition, a, b: _where(condition, 0.0, dy),
    inputs="condition x1 x2",
    convert=_where_convert,
)


def where(condition, x1=None, x2=None):
    """Return x1 where the condition holds, else x2. For the places where it holds there is `nonzero`."""
    if x1 is None or x2 is None:
        raise ValueError("where: x1 and x2 are both needed; the places where the condition holds are ops.nonzero's")
    return _where(condition, x1, x2)


_clip = elementwise(
    "clip",
    lambda x, low, high: np.minimum(np.maximum(x, low), high),
    lambda dy, y, x, low, high: _where(logical_and(greater_equal(x, low), less_equal(x, high)), dy, 0.0),
    lambda dy, y, x, low, high: _where(less(x, low), dy, 0.0),
    lambda dy, y, x, low, high: _where(greater(x, high), dy, 0.0),
    inputs="x low high",
    convert=to_number,
)


def clip(x, x_min, x_max):
    """Limit values to x_min .. x_max; None: no limit. Bools become integers."""
    (x,) = to_number(x)
    if x_min is None:
        return copy(x) if x_max is None else minimum(x, x_max)
    if x_max is None:
        return maximum(x, x_min)
    x, low, high = to_number(x, x_min, x_max)
    return _clip(x, low, high) if x.dtype != UINT8 else minimum(maximum(x, low), high)


# ---- other names ---------------------------------------------------------------------------------------------

abs = absolute
true_divide = divide


__all__ = (
    "abs absolute add arccos arccosh arcsin arcsinh arctan arctan2 arctanh ceil clip copy cos cosh divide "
    "divide_no_nan equal erf exp expm1 floor floor_divide greater greater_equal isfinite isinf isnan less "
    "less_equal log log1p logical_and logical_not logical_or logical_xor maximum minimum mod multiply "
    "negative not_equal power reciprocal round rsqrt sign sin sinh sqrt square subtract tan true_divide "
    "trunc where"
).split()
