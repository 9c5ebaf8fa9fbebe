"""Matrix products, and the dense layer's fused product."""

from __future__ import annotations

import math
from itertools import pairwise

import numpy as np

from .._kernels.core import ACTIVATIONS
from ..dtypes import is_float
from ..shapes import common_shape
from ..tensor import convert_to_tensor, stored_by_output
from . import activation as act
from .catalogue import Op, contiguous, copied, scratch
from .convert import cast, to_float, to_number
from .elementwise import floor_divide, mod, multiply
from .joining import concatenate
from .reduce import sum as reduce_sum
from .shaping import broadcast_to, expand_dims, moveaxis, reshape, squeeze, transpose

__all__ = ["dense", "dot", "inner", "matmul", "outer", "tensordot", "vdot"]


PARTS = 2  # of a sum that is made in parts
LONG_SUM = 512  # products that sum over so many and more, and have so many columns, are made so,
WIDTHS = range(50, 257)
PART_ROWS = 256  # at most so many rows at once,
LINE = 16  # in parts that begin at multiples of so many elements
BATCH_READ = 1 << 13  # gradients over so many elements of a batch and more are made so, too,
BATCH_WEIGHTS = 1 << 16  # of at most so many weights


def _is_long(a, b):
    """Whether a @ b is a first layer whose weights should stay with the threads that update them (c/matmul_parts.inc).

    It hangs neither on the number of rows nor on that of threads: the parts are the order of an element's sum.
    """
    n_in, n_out = b.shape
    return n_in >= LONG_SUM and n_out in WIDTHS and a.strides[1] == b.strides[1] == a.itemsize


def _place_parts(plan, out, a, b, **epilogue):
    memory = scratch(plan, (PARTS, min(len(a), PART_ROWS), -(-b.shape[1] // 16) * 16), a.dtype)
    for first in range(0, len(a), PART_ROWS):
        rows = a[first : first + PART_ROWS]
        planes = memory[:, : len(rows), : b.shape[1]]
        plan.matmul_parts(planes, rows, b, multiple=LINE)
        plan.sum_planes(out[first : first + PART_ROWS], planes, **epilogue)


def place_matmul(plan, out, a, b, **epilogue):
    """Append out = epilogue(a @ b), copying an operand where its strides suit no kernel."""
    if _is_long(a, b):
        _place_parts(plan, out, a, b, **epilogue)
        return
    try:
        plan.matmul(out, a, b, **epilogue)
    except BufferError:
        plan.matmul(out, copied(plan, a), copied(plan, b.T).T if epilogue else copied(plan, b), **epilogue)


def _place_batch(plan, out, a, b):
    try:
        plan.matmul_batch(out, a, b)
    except BufferError:
        plan.matmul_batch(out, copied(plan, a), copied(plan, b))


def _place_batch_parts(plan, out, a, b):
    """Append out = a @ b, each item of which is made in the parts in which it would be made alone."""
    planes = scratch(plan, (PARTS, *out.shape), out.dtype)
    for plane, part in zip(planes, _parts(a.shape[2], LINE), strict=True):
        _place_batch(plan, plane, a[:, :, part], b[:, part])
    rows = out.reshape(-1, out.shape[2])
    plan.sum_planes(rows, planes.reshape(PARTS, *rows.shape))


def _matmul_lower(plan, outs, ins):
    (out,), (a, b) = outs, ins
    if a.ndim == 2:
        place_matmul(plan, out, a, b)
    elif len(a) and _is_long(a[0], b[0]):
        _place_batch_parts(plan, out, a, b)
    else:
        _place_batch(plan, out, a, b)


def _swap(x):
    rank = len(x.shape)
    return transpose(x, (*range(rank - 2), rank - 1, rank - 2))


def _matmul_vjp(call, dy):
    (a, b), needs = call.inputs, call.needs
    return _matmul(dy, _swap(b)) if needs[0] else None, _weights_gradient(a, dy) if needs[1] else None


_matmul = Op(
    "matmul",
    inputs=["x1", "x2"],
    spec=lambda a, b: [((*a.shape[:-1], b.shape[-1]), a.dtype)],
    reference=np.matmul,
    vjp=_matmul_vjp,
    lower=_matmul_lower,
    spaced=(0, 1),
    convert=to_float,
)


# ---- sums over a batch in parts of it ----------------------------------------------------------------------


def _parts(n, multiple=1):
    """Return the parts of a sum over n, as slices that begin at such multiples."""
    begins = [n * part // PARTS // multiple * multiple for part in range(PARTS)]
    return [slice(*bounds) for bounds in pairwise([*begins, n])]


def _matmul_parts_lower(plan, outs, ins):
    (planes,), (a, b) = outs, ins
    try:
        plan.matmul_parts(planes, a, b)
    except BufferError:
        plan.matmul_parts(planes, a, copied(plan, b))


def _matmul_parts_vjp(call, dplanes):
    a, b = call.inputs
    parts = list(enumerate(_parts(b.shape[0])))
    da = [_matmul(dplanes[p], transpose(b[part])) for p, part in parts] if call.needs[0] else None
    db = [_matmul(transpose(a[:, part]), dplanes[p]) for p, part in parts] if call.needs[1] else None
    return da and concatenate(da, axis=1), db and concatenate(db, axis=0)


_matmul_parts = Op(
    "matmul_parts",
    inputs=["x1", "x2"],
    spec=lambda a, b: [((PARTS, a.shape[0], b.shape[1]), a.dtype)],
    reference=lambda a, b: np.stack([a[:, part] @ b[part] for part in _parts(len(b))]),
    vjp=_matmul_parts_vjp,
    lower=_matmul_parts_lower,
    spaced=(0, 1),
    convert=to_float,
    doc="The products of two matrices over either half of what is summed.",
)


def _sum_parts_lower(plan, outs, ins):
    (sums,), (x,) = outs, ins
    try:
        plan.sum_parts(sums, x)
    except BufferError:
        plan.sum_parts(sums, copied(plan, x))


def _sum_parts_vjp(call, dsums):
    rows, columns = call.inputs[0].shape
    sizes = [part.stop - part.start for part in _parts(rows)]
    return (concatenate([broadcast_to(dsums[p], (size, columns)) for p, size in enumerate(sizes)], axis=0),)


_sum_parts = Op(
    "sum_parts",
    inputs=["x"],
    spec=lambda x: [((PARTS, x.shape[1]), x.dtype)],
    reference=lambda x: np.stack([x[part].sum(0) for part in _parts(len(x))]),
    vjp=_sum_parts_vjp,
    lower=_sum_parts_lower,
    spaced=(0,),
    convert=to_float,
    doc="The sums of a matrix over either half of its rows.",
)


def _is_by_parts(rows, n_in, n_out):
    """Whether a gradient is summed in parts of the batch, each by the thread that has made its rows.

    What one processor has written reaches another slowly: then only sums have to, not all rows of x and dy.
    """
    weights, read = n_in * n_out, rows * (n_in + n_out)
    return read >= BATCH_READ and weights <= BATCH_WEIGHTS and 4 * weights <= read


def _weights_gradient(x, dy):
    """Return transpose(x) @ dy, or of stacks of matrices those."""
    if len(x.shape) != 2 or not _is_by_parts(*x.shape, dy.shape[1]):
        return _matmul(_swap(x), dy)
    if stored_by_output(x.shape[1], dy.shape[1]):
        planes = transpose(_matmul_parts(transpose(dy), x), (0, 2, 1))
    else:
        planes = _matmul_parts(transpose(x), dy)
    return reduce_sum(planes, axis=0)


def _bias_gradient(x, dy):
    """Return the sum of dy's rows, in parts where the weights' is."""
    return reduce_sum(_sum_parts(dy) if _is_by_parts(*x.shape, dy.shape[1]) else dy, axis=0)


# ---- products of integers ----------------------------------------------------------------------------------

LIMB = 16  # bits of an integer: products of two such parts are exact in float64,
LIMB_SUM = 1 << 21  # and so are sums of so many of them


def _limbs(x, n):
    """Return the n lowest parts of LIMB bits of integers, the lowest first, as float64."""
    parts = []
    for _ in range(n):
        parts.append(cast(mod(x, 1 << LIMB), "float64"))
        x = floor_divide(x, 1 << LIMB)
    return parts


def _integer_product(a, b):
    """Return a @ b modulo 2 to the number of bits, by exact products of float64, as NumPy has it."""
    k = a.shape[-1]
    if k > LIMB_SUM:
        half = k // 2
        return _integer_product(a[..., :half], b[..., :half, :]) + _integer_product(a[..., half:], b[..., half:, :])
    n = -(-8 * a.dtype.itemsize // LIMB)
    parts_a, parts_b = (_limbs(cast(x, "int64"), n) for x in (a, b))
    products = (
        cast(_matmul(parts_a[i], parts_b[j]), "int64") * (1 << LIMB * (i + j))
        for i in range(n)
        for j in range(n - i)  # what is shifted further leaves the number
    )
    return cast(sum(products), a.dtype)


def _product(a, b):
    return (_matmul if is_float(a.dtype) else _integer_product)(a, b)


def matmul(x1, x2):
    """Matrix product over the last two axes; the others broadcast. Vectors as in NumPy.

    Integers give integers, exact, modulo 2 to their number of bits.
    """
    a, b = to_number(x1, x2)
    if not a.shape or not b.shape:
        raise ValueError("matmul: a scalar has no matrix product; use multiply")
    if a.shape[-1] != b.shape[-2 if len(b.shape) > 1 else 0]:
        raise ValueError(f"matmul: shapes {a.shape} and {b.shape} do not fit: {a.shape[-1]} columns, "
                         f"{b.shape[-2 if len(b.shape) > 1 else 0]} rows")  # fmt: skip
    if len(a.shape) == len(b.shape) == 1:
        return reshape(_product(reshape(a, (1, -1)), reshape(b, (-1, 1))), ())
    if len(a.shape) == 1:
        return squeeze(matmul(expand_dims(a, 0), b), -2)
    if len(b.shape) == 1:
        return squeeze(matmul(a, expand_dims(b, 1)), -1)
    if len(a.shape) == len(b.shape) == 2:
        return _product(a, b)
    if len(b.shape) == 2:
        lead = a.shape[:-1]
        return reshape(_product(reshape(a, (math.prod(lead), a.shape[-1])), b), (*lead, b.shape[-1]))
    batch = common_shape("matmul of stacks", a.shape[:-2], b.shape[:-2])
    n = math.prod(batch)
    a = reshape(broadcast_to(a, batch + a.shape[-2:]), (n, *a.shape[-2:]))
    b = reshape(broadcast_to(b, batch + b.shape[-2:]), (n, *b.shape[-2:]))
    return reshape(_product(a, b), (*batch, a.shape[-2], b.shape[-1]))


# The activations that `dense` fuses, and their derivatives in terms of the output.
FUSED = {
    "relu": act._relu,
    "leaky_relu": act._leaky_relu,
    "elu": act._elu,
    "selu": act.selu,
    "sigmoid": act.sigmoid,
    "tanh": act.tanh,
}
GRADS = {
    "relu": act.relu_grad,
    "leaky_relu": act.leaky_relu_grad,
    "elu": act.elu_grad,
    "selu": act.selu_grad,
    "sigmoid": act.sigmoid_grad,
    "tanh": act.tanh_grad,
}


def _dense_vjp(call, dy):
    x, kernel, _ = call.inputs
    (y,) = call.outputs
    activation, parameter = call.attrs["activation"], call.attrs["parameter"]
    if activation == "linear":
        dz = dy
    elif GRADS[activation].attr_defaults:
        dz = GRADS[activation](dy, y, parameter)
    else:
        dz = GRADS[activation](dy, y)
    dx = _matmul(dz, transpose(kernel)) if call.needs[0] else None
    dkernel = _weights_gradient(x, dz) if call.needs[1] else None
    return dx, dkernel, _bias_gradient(x, dz) if call.needs[2] else None


def _dense_reference(x, kernel, bias, activation, parameter):
    z = x @ kernel if bias is None else x @ kernel + bias
    op = FUSED.get(activation)
    if op is None:
        return z
    return op.reference(z, **dict.fromkeys(op.attr_defaults, parameter))


def _dense_lower(plan, outs, ins, activation, parameter):
    x, kernel, bias = ins
    bias = None if bias is None else contiguous(plan, bias)
    place_matmul(plan, outs[0], x, kernel, bias=bias, activation=activation, parameter=parameter)


_dense = Op(
    "dense",
    inputs=["x", "kernel", "bias?"],
    spec=lambda x, kernel, bias, activation, parameter: [((x.shape[0], kernel.shape[1]), x.dtype)],
    reference=_dense_reference,
    vjp=_dense_vjp,
    lower=_dense_lower,
    spaced=(0,),
    attrs={"activation": "linear", "parameter": 0.0},
    doc="act(x @ kernel + bias) for matrices, in one kernel. Equals the ops one after the other.",
)


def dense(x, kernel, bias=None, activation="linear", parameter=0.0):
    """Return activation(x @ kernel + bias), fused into one kernel.

    Parameters
    ----------
    x : (..., in) tensor
    kernel : (in, out) tensor or Variable
    bias : (out,) tensor or Variable, optional
    activation : {"linear", "relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh"}
        Those whose derivative can be had from their output. Apply others to the result.
    parameter : float
        leaky_relu's negative slope (must be positive), elu's alpha.
    """
    if activation not in ACTIVATIONS:
        raise ValueError(f"activation must be one of {', '.join(ACTIVATIONS)}, got {activation!r}")
    if activation == "leaky_relu" and not parameter > 0:
        raise ValueError(f"a fused leaky_relu needs a positive slope, got {parameter}")
    if activation == "elu" and parameter < 0:
        raise ValueError(f"elu's alpha must not be negative, got {parameter}")
    tensors = to_float(*(v for v in (x, kernel, bias) if v is not None))
    x, kernel = tensors[:2]
    bias = tensors[2] if bias is not None else None
    if len(kernel.shape) != 2 or not x.shape or x.shape[-1] != kernel.shape[0]:
        raise ValueError(f"dense: an input of shape {x.shape} does not fit a kernel of shape {kernel.shape}")
    if bias is not None and bias.shape != (kernel.shape[1],):
        raise ValueError(f"dense: a bias of shape {bias.shape} does not fit a kernel of shape {kernel.shape}")
    lead = x.shape[:-1]
    if len(x.shape) != 2:
        x = reshape(x, (math.prod(lead), x.shape[-1]))
    y = _dense(x, kernel, bias, activation, float(parameter))
    return y if len(lead) == 1 else reshape(y, (*lead, kernel.shape[1]))


def _size(x, axis):
    """Return the size of an axis, None if there is no such axis."""
    return x.shape[axis] if -len(x.shape) <= axis < len(x.shape) else None


def tensordot(x1, x2, axes=2):
    """Sum products over axes: the last n of x1 with the first n of x2, or the two given lists."""
    a, b = convert_to_tensor(x1), convert_to_tensor(x2)
    if isinstance(axes, (int, np.integer)):
        most = min(len(a.shape), len(b.shape))
        if not 0 <= axes <= most:
            raise ValueError(f"tensordot: axes must lie between 0 and {most}, the axes that both have, got {axes}")
        axes = (list(range(len(a.shape) - axes, len(a.shape))), list(range(axes)))
    first, second = ([each] if isinstance(each, (int, np.integer)) else list(each) for each in axes)
    n = len(first)
    pairs = [(_size(a, i), _size(b, j)) for i, j in zip(first, second, strict=False)]
    if n != len(second) or any(i is None or i != j for i, j in pairs):
        raise ValueError(f"tensordot: axes {axes} of shapes {a.shape} and {b.shape} do not match")
    a = moveaxis(a, first, range(-n, 0)) if n else a
    b = moveaxis(b, second, range(n)) if n else b
    lead, tail = a.shape[: len(a.shape) - n], b.shape[n:]
    inner = math.prod(b.shape[:n])
    y = matmul(reshape(a, (math.prod(lead), inner)), reshape(b, (inner, math.prod(tail))))
    return reshape(y, lead + tail)


def dot(x1, x2):
    """NumPy's dot: products of scalars, vectors, matrices; else the last axis with the last but one."""
    a, b = convert_to_tensor(x1), convert_to_tensor(x2)
    if not a.shape or not b.shape:
        return multiply(a, b)
    if len(a.shape) <= 2 and len(b.shape) <= 2:
        return matmul(a, b)
    return tensordot(a, b, ([len(a.shape) - 1], [len(b.shape) - 2 if len(b.shape) > 1 else 0]))


def vdot(x1, x2):
    """Dot product of the flat tensors."""
    a, b = reshape(x1, (-1,)), reshape(x2, (-1,))
    if a.shape != b.shape:
        raise ValueError(f"vdot: {a.shape[0]} elements and {b.shape[0]} do not match")
    return matmul(a, b)


def inner(x1, x2):
    """Sums of products over the last axis of both."""
    a, b = convert_to_tensor(x1), convert_to_tensor(x2)
    if not a.shape or not b.shape:
        return multiply(a, b)
    return tensordot(a, b, ([-1], [-1]))


def outer(x1, x2):
    """Products of all pairs of elements."""
    return multiply(reshape(x1, (-1, 1)), reshape(x2, (1, -1)))
