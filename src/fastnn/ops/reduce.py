"""Reductions over axes."""

from __future__ import annotations

import itertools
import math

import numpy as np

from ..shapes import normalize_axes, normalize_axis
from ..tensor import Tensor, convert_to_tensor
from .catalogue import Op, copied, scratch
from .composites import isclose
from .convert import BOOL, UINT8, cast, to_bool, to_float, to_number, to_tensor
from .elementwise import absolute, equal, exp, log, maximum, minimum, not_equal, power, sqrt, square, where
from .shaping import broadcast_to, reshape

__all__ = [
    "all", "allclose", "amax", "amin", "any", "argmax", "argmin", "average", "count_nonzero", "logsumexp", "max",
    "mean", "min", "norm", "prod", "ptp", "std", "sum", "sum_of_squares", "var",
]  # fmt: skip

_LONG, _ROW = 1 << 17, 1 << 12  # elements: squares of so many are summed in rows of so many,
_LONG_SUM = 1 << 20  # and elements themselves of so many, since rows are steps of their own


def _kept(shape, axes):
    return tuple(1 if i in axes else n for i, n in enumerate(shape))


def _dropped(shape, axes):
    return tuple(n for i, n in enumerate(shape) if i not in axes)


def three_axes(plan, x, axes):
    """See x as (outer, r, inner) with the reduced axes in the middle; copy it where its strides forbid that."""
    first, last = (axes[0], axes[-1] + 1) if axes else (x.ndim, x.ndim)
    if axes != tuple(range(first, last)):  # not neighbours: bring them to the end
        x = np.moveaxis(x, axes, range(-len(axes), 0))
        first, last = x.ndim - len(axes), x.ndim
    shape = (math.prod(x.shape[:first]), math.prod(x.shape[first:last]), math.prod(x.shape[last:]))
    seen = x.reshape(shape)
    return seen if np.may_share_memory(seen, x) or x.size == 0 else copied(plan, x).reshape(shape)


def _reduce_op(name, reference, derivative=None, *, convert=to_number, out_dtype=None, attrs=None, long=None):
    """Make an op of one kernel; ``long(plan, out, x, **attrs)`` lowers the sum of all of much memory."""

    def spec(x, axes, **attrs):
        return [(_dropped(x.shape, axes), out_dtype or x.dtype)]

    def lower(plan, outs, ins, axes, **attrs):
        x = three_axes(plan, ins[0], axes)
        out = outs[0].reshape(x.shape[0], x.shape[2])
        if long is not None and x.size == x.shape[1] >= _LONG_SUM and x.flags.c_contiguous:
            long(plan, out, x, **attrs)
        else:
            plan.reduce(name, out, x, **attrs)

    def vjp(call, dy):
        (x,), (y,) = call.inputs, call.outputs
        return derivative(reshape(dy, _kept(x.shape, call.attrs["axes"])), y, x, **call.attrs)

    return Op(
        name, inputs=["x"], spec=spec, lower=lower, vjp=derivative and vjp, convert=convert,
        reference=lambda x, axes, **attrs: np.asarray(reference(x, axis=axes, **attrs)),
        attrs={"axes": None, **(attrs or {})},
    )  # fmt: skip


def _extreme_grad(dy, y, x, axes):
    """Equal shares for equal extremes."""
    chosen = cast(equal(x, reshape(y, dy.shape)), x.dtype)
    return dy * chosen / sum(chosen, axis=axes, keepdims=True)


def _prod_grad(dy, y, x, axes):
    """dy times the product of the others, with zeros among them too."""
    zero = equal(x, 0)
    zeros = sum(cast(zero, x.dtype), axis=axes, keepdims=True)
    others = prod(where(zero, 1.0, x), axis=axes, keepdims=True)
    without_zeros = others / where(zero, 1.0, x)
    return dy * where(equal(zeros, 0), without_zeros, where(equal(zeros, 1) & zero, others, 0.0))


def _integers(fn, start):
    def reference(x, axis):
        return fn(x, axis=axis, dtype=x.dtype if x.dtype.kind != "b" else None, initial=start)

    return reference


def _np_extreme(fn, empty):
    def reference(x, axis):
        n = math.prod(x.shape[a] for a in axis)
        if n == 0:
            return np.full(_dropped(x.shape, axis), empty, x.dtype)
        return fn(x, axis=axis)

    return reference


def _np_arg(fn):
    def reference(x, axis):
        x = np.moveaxis(x, axis, range(-len(axis), 0))
        return fn(x.reshape(*x.shape[: x.ndim - len(axis)], -1), axis=-1).astype("int32")

    return reference


def _sum_rows(plan, name, out, parts, **attrs):
    """Append a reduction of rows, then the sum of what they give: threads share rows, and no sum is long."""
    ends = list(itertools.accumulate(map(len, parts)))
    sums = scratch(plan, (ends[-1], 1), out.dtype)
    for rows, end in zip(parts, ends, strict=True):
        plan.reduce(name, sums[end - len(rows) : end], rows)
    plan.reduce("sum", out, sums.reshape(1, -1, 1), **attrs)


def _rows_of(flat):
    """Cut memory into rows, of which the last may be shorter."""
    whole = flat.size // _ROW * _ROW
    return [flat[:whole].reshape(-1, _ROW, 1), flat[whole:].reshape(1, -1, 1)]


_sum = _reduce_op(
    "sum",
    lambda x, axis, scale: _integers(np.sum, 0)(x, axis) * x.dtype.type(scale),
    lambda dy, y, x, axes, scale: broadcast_to(dy if scale == 1 else dy * scale, x.shape),
    attrs={"scale": 1.0},  # by which the sum is multiplied: floats only
    long=lambda plan, out, x, scale: _sum_rows(plan, "sum", out, _rows_of(x.reshape(-1)), scale=scale),
)


def _squares_lower(plan, outs, ins):
    """Each row of memory, then the rows: whatever the layout, nothing is copied, and threads share what is long."""
    (x,), out = ins, outs[0].reshape(1, 1)
    x = x.transpose(sorted(range(x.ndim), key=lambda axis: -x.strides[axis]))
    if x.flags.c_contiguous and x.size < _LONG:
        plan.reduce("sum_of_squares", out, x.reshape(1, -1, 1))
        return
    if x.flags.c_contiguous:
        parts = _rows_of(x.reshape(-1))
    else:
        parts = [(x if x.ndim == 2 else copied(plan, x)).reshape(-1, x.shape[-1], 1)]
    _sum_rows(plan, "sum_of_squares", out, parts)


_sum_of_squares = Op(
    "sum_of_squares",
    inputs=["x"],
    spec=lambda x: [((), x.dtype)],
    reference=lambda x: np.asarray(np.sum(np.square(x))),
    lower=_squares_lower,
    vjp=lambda call, dy: dy * 2.0 * call.inputs[0],
    convert=to_float,
    doc="Sum of the squares of all elements.",
)


def sum_of_squares(x):
    """Sum of the squares of all elements, in one pass over memory."""
    return _sum_of_squares(*to_float(x))


_prod = _reduce_op("prod", _integers(np.prod, 1), _prod_grad)
_max = _reduce_op("max", _np_extreme(np.max, -np.inf), _extreme_grad)
_min = _reduce_op("min", _np_extreme(np.min, np.inf), _extreme_grad)
_argmax = _reduce_op("argmax", _np_arg(np.argmax), out_dtype=np.dtype("int32"), convert=to_number)
_argmin = _reduce_op("argmin", _np_arg(np.argmin), out_dtype=np.dtype("int32"), convert=to_number)
_any = _reduce_op("any", np.any, convert=to_bool, out_dtype=BOOL)
_all = _reduce_op("all", np.all, convert=to_bool, out_dtype=BOOL)


_AXES = "axis: int, tuple of int or None (all axes); keepdims: keep reduced axes with size 1."


def _size(x, axes):
    return math.prod(x.shape[a] for a in axes)


def _refuse_nothing(op, x, axes):
    if _size(x, axes) == 0:
        raise ValueError(f"{op.name} of an empty axis (shape {x.shape}, axis {axes})")


def _check_places(op, x, axes):
    """Raise unless there is a place, and int32 holds the number of each."""
    _refuse_nothing(op, x, axes)
    if _size(x, axes) > 1 << 31:
        raise ValueError(f"{op.name} over {_size(x, axes)} elements: indices, which are int32, end at {(1 << 31) - 1}")


def _reduced(op, x, axes, keepdims, *attrs):
    y = op(cast(x, "int32") if x.dtype == UINT8 else x, axes, *attrs)
    return reshape(y, _kept(x.shape, axes)) if keepdims else y


def _named(reduce, op, doc):
    reduce.__name__ = reduce.__qualname__ = op.name
    reduce.__doc__ = doc
    return reduce


def _reducer(op, doc, check=None):
    def reduce(x, axis=None, keepdims=False):
        (x,) = op.convert(x)
        axes = normalize_axes(axis, len(x.shape))
        if check is not None:
            check(op, x, axes)
        return _reduced(op, x, axes, keepdims)

    return _named(reduce, op, f"{doc}\n\n{_AXES}")


def _extreme(op, choose, doc):
    def reduce(x, axis=None, keepdims=False, initial=None):
        x = convert_to_tensor(x)
        axes = normalize_axes(axis, len(x.shape))
        if initial is None:
            _refuse_nothing(op, x, axes)
            return cast(_reduced(op, *op.convert(x), axes, keepdims), x.dtype)
        initial = convert_to_tensor(initial, x.dtype)
        if initial.shape:
            raise ValueError(f"{op.name}: initial must be a scalar, got shape {initial.shape}")
        return cast(choose(_reduced(op, *op.convert(x), axes, keepdims), initial), x.dtype)

    return _named(reduce, op, f"{doc}\n\n{_AXES} initial: one element more, so that there may be none in x.")


sum = _reducer(_sum, "Sum of elements.")
max = amax = _extreme(_max, maximum, "Largest element; NaN if there is one.")
min = amin = _extreme(_min, minimum, "Smallest element; NaN if there is one.")
any = _reducer(_any, "Whether any element is true.")
all = _reducer(_all, "Whether all elements are true.")
argmax = _reducer(
    _argmax,
    "Index (int32) of the largest element, in the flat tensor by default; the first of equals.",
    _check_places,
)
argmin = _reducer(
    _argmin,
    "Index (int32) of the smallest element, in the flat tensor by default; the first of equals.",
    _check_places,
)


def ptp(x, axis=None, keepdims=False):
    """Largest element minus the smallest."""
    return max(x, axis, keepdims) - min(x, axis, keepdims)


def allclose(x1, x2, rtol=1e-5, atol=1e-8, equal_nan=False):
    """Whether all elements are close, as `isclose` has it."""
    return all(isclose(x1, x2, rtol, atol, equal_nan))


def prod(x, axis=None, keepdims=False, dtype=None):
    """Product of elements, as numbers of ``dtype`` if that is given."""
    (x,) = _prod.convert(x if dtype is None else cast(x, dtype))
    y = _reduced(_prod, x, normalize_axes(axis, len(x.shape)), keepdims)
    return y if dtype is None else cast(y, dtype)


def mean(x, axis=None, keepdims=False):
    """Arithmetic mean; NaN of nothing."""
    (x,) = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    n = _size(x, axes)
    return _reduced(_sum, x, axes, keepdims, 1.0 / n if n else float("nan"))


def average(x, axis=None, weights=None):
    """Mean of elements that count as their weights say, of x's shape or a vector along one axis; NaN of nothing.

    Raises
    ------
    ValueError
        For weights of another shape.
    """
    if weights is None:
        return mean(x, axis)
    x, weights = to_float(x, weights)
    axes = normalize_axes(axis, len(x.shape))
    if weights.shape != x.shape:
        if len(axes) != 1 or weights.shape != (x.shape[axes[0]],):
            raise ValueError(f"average: weights of shape {weights.shape} for x of shape {x.shape}, axis {axis}")
        weights = reshape(weights, tuple(n if i in axes else 1 for i, n in enumerate(x.shape)))
    return sum(x * weights, axes) / sum(broadcast_to(weights, x.shape), axes)


def var(x, axis=None, keepdims=False):
    """Variance (divided by the number of elements)."""
    (x,) = to_float(x)
    return mean(square(x - mean(x, axis, keepdims=True)), axis, keepdims)


def std(x, axis=None, keepdims=False):
    """Standard deviation (divided by the number of elements)."""
    return sqrt(var(x, axis, keepdims))


def logsumexp(x, axis=None, keepdims=False):
    """log(sum(exp(x))), stable; of nothing minus infinity."""
    (x,) = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    top = _reduced(_max, x, axes, keepdims=True)
    top = where(equal(absolute(top), np.inf), 0.0, top)
    y = log(sum(exp(x - top), axes, keepdims=True)) + top
    return y if keepdims else reshape(y, _dropped(x.shape, axes))


def count_nonzero(x, axis=None):
    """Number of elements that are not zero (int32)."""
    (x,) = to_tensor(x)
    return sum(cast(not_equal(x, Tensor(np.zeros((), x.dtype))), "int32"), axis)


def norm(x, ord=None, axis=None, keepdims=False):
    """Norm of vectors or matrices, as `numpy.linalg.norm`; by default the root of the sum of all squares.

    Parameters
    ----------
    ord : {None, "fro", 1, -1, inf, -inf} or float
        Over one axis (or a tensor of one) any number: 0 counts what is not zero, inf is the largest absolute value.
        Over two: None and "fro" are the root of the sum of squares, 1 and inf the largest sum of a column and of a
        row, -1 and -inf the smallest.
    axis : int or pair of int, optional
        None: all axes, of which there may be more than two where ``ord`` is None.
    keepdims : bool

    Raises
    ------
    ValueError
        For another ord, such as those of matrices that singular values are needed for.
    """
    (x,) = to_float(x)
    axes = normalize_axes(axis, len(x.shape))
    if ord is None or (ord == "fro" and len(axes) == 2):
        return sqrt(sum(square(x), axes, keepdims))
    if len(axes) == 1 and isinstance(ord, (int, float, np.number)):
        return _vector_norm(x, ord, axes, keepdims)
    if len(axes) == 2 and ord in (1, -1, math.inf, -math.inf):
        rows, columns = axes if axis is None else (normalize_axis(each, len(x.shape)) for each in axis)
        summed, compared = (rows, columns) if abs(ord) == 1 else (columns, rows)
        extreme = max if ord > 0 else min
        y = extreme(sum(absolute(x), summed, keepdims=True), compared, keepdims=True)
        return y if keepdims else reshape(y, _dropped(x.shape, axes))
    raise ValueError(
        f"norm: ord={ord!r} over {len(axes)} axes is not supported; over one it may be any number, over two None, "
        "'fro', 1, -1, inf or -inf, over more None"
    )


def _vector_norm(x, order, axes, keepdims):
    if order == 2:
        return sqrt(sum(square(x), axes, keepdims))
    if order == 0:
        return sum(cast(not_equal(x, 0), x.dtype), axes, keepdims)
    if math.isinf(order):
        return (max if order > 0 else min)(absolute(x), axes, keepdims)
    total = sum(absolute(x) if order == 1 else power(absolute(x), order), axes, keepdims)
    return total if order == 1 else power(total, 1 / order)
