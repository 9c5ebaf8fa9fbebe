"""Ops that move elements or only look at memory differently."""

from __future__ import annotations

import math
import operator

import numpy as np

from ..dtypes import standardize_dtype
from ..tensor import SymbolicTensor, Tensor, Variable, convert_to_tensor
from .catalogue import REQUIRED, Op
from .elementwise import cast, result_dtype, to_tensor, where

__all__ = [
    "arange", "broadcast_to", "concatenate", "convert_to_numpy", "diag_part", "expand_dims", "eye", "flip", "full",
    "full_like", "linspace", "moveaxis", "one_hot", "ones", "ones_like", "pad", "ravel", "repeat", "reshape", "roll",
    "shape", "split", "squeeze", "stack", "stop_gradient", "swapaxes", "take", "take_along_axis", "tile", "transpose",
    "tril", "triu", "zeros", "zeros_like",
]  # fmt: skip


# ---- views ---------------------------------------------------------------------------------------------------


def _view(name, fn, spec, vjp, attrs, lower=None):
    """Make an op that returns a NumPy view of its input."""
    return Op(
        name, inputs=["x"], spec=spec, reference=fn, vjp=vjp, lower=lower, view=fn if lower is None else _if_shared(fn),
        convert=to_tensor, attrs=attrs,
    )  # fmt: skip


def _if_shared(fn):
    def view(array, **attrs):
        seen = fn(array, **attrs)
        return seen if np.may_share_memory(seen, array) or array.size == 0 else None

    return view


def _copy_lower(fn):
    """Lower a view that cannot be one: a contiguous copy, looked at."""

    def lower(plan, outs, ins, **attrs):
        plan.map("copy", outs[0].reshape(ins[0].shape), ins[0])

    return lower


_reshape = _view(
    "reshape",
    lambda x, newshape: x.reshape(newshape),
    lambda x, newshape: [(newshape, x.dtype)],
    lambda call, dy: reshape(dy, call.inputs[0].shape),
    {"newshape": REQUIRED},
    lower=_copy_lower(None),
)
_transpose = _view(
    "transpose",
    lambda x, axes: x.transpose(axes),
    lambda x, axes: [(tuple(x.shape[a] for a in axes), x.dtype)],
    lambda call, dy: transpose(dy, tuple(int(i) for i in np.argsort(call.attrs["axes"]))),
    {"axes": REQUIRED},
)


def _broadcast_vjp(call, dy):
    from .elementwise import sum_to

    return sum_to(dy, call.inputs[0].shape)


_broadcast_to = _view(
    "broadcast_to",
    lambda x, shape: np.broadcast_to(x, shape),
    lambda x, shape: [(shape, x.dtype)],
    _broadcast_vjp,
    {"shape": REQUIRED},
)
_slice = _view(
    "slice",
    lambda x, index: x[index],
    lambda x, index: [(np.broadcast_to(np.uint8(0), x.shape)[index].shape, x.dtype)],
    lambda call, dy: _unslice(dy, call.inputs[0].shape, call.attrs["index"]),
    {"index": REQUIRED},
)


def _unslice_reference(x, shape, index):
    out = np.zeros(shape, x.dtype)
    out[index] = x
    return out


def _unslice_lower(plan, outs, ins, shape, index):
    plan.map("copy", outs[0], np.zeros((), outs[0].dtype))
    plan.map("copy", outs[0][index], ins[0])


_unslice = Op(
    "unslice",
    inputs=["x"],
    spec=lambda x, shape, index: [(shape, x.dtype)],
    reference=_unslice_reference,
    vjp=lambda call, dy: _slice(dy, call.attrs["index"]),
    lower=_unslice_lower,
    convert=to_tensor,
    attrs={"shape": REQUIRED, "index": REQUIRED},
    doc="Zeros of a shape, with x in the place that an index names.",
)


def reshape(x, newshape):
    """Return the same elements in another shape; one size may be -1."""
    x = convert_to_tensor(x)
    wanted = tuple(operator.index(n) for n in (newshape if isinstance(newshape, (tuple, list)) else (newshape,)))
    total, known = math.prod(x.shape), math.prod(n for n in wanted if n != -1)
    full_shape = wanted
    if wanted.count(-1) == 1 and known:
        full_shape = tuple(total // known if n == -1 else n for n in wanted)
    if min(full_shape, default=0) < 0 or math.prod(full_shape) != total:
        raise ValueError(f"reshape: {x.shape} ({total} elements) cannot become {wanted}")
    return x if full_shape == x.shape else _reshape(x, full_shape)


def transpose(x, axes=None):
    """Reorder axes (reverse them by default)."""
    x = convert_to_tensor(x)
    rank = len(x.shape)
    axes = tuple(range(rank))[::-1] if axes is None else tuple(a % rank if -rank <= a < rank else a for a in axes)
    if sorted(axes) != list(range(rank)):
        raise ValueError(f"transpose: axes {axes} are no permutation of the {rank} axes")
    return x if axes == tuple(range(rank)) else _transpose(x, axes)


def broadcast_to(x, shape):
    """Repeat x along axes of size 1, without copying, to the given shape."""
    x = convert_to_tensor(x)
    shape = tuple(shape)
    if x.shape == shape:
        return x
    lead = len(shape) - len(x.shape)
    if lead < 0 or any(n not in (1, shape[lead + i]) for i, n in enumerate(x.shape)):
        raise ValueError(f"broadcast_to: {x.shape} does not broadcast to {shape}")
    return _broadcast_to(x, shape)


def getitem(x, index):
    """x[index] with integers, slices, None and Ellipsis; or one integer tensor or list (rows)."""
    x = convert_to_tensor(x)
    if isinstance(index, (Tensor, Variable, np.ndarray, list)):
        kind = np.asarray(index).dtype.kind if isinstance(index, (np.ndarray, list)) else index.dtype.kind
        if kind == "b":
            raise TypeError("indexing with a mask has no fixed shape; use ops.where")
        return take(x, index, axis=0)
    index = index if isinstance(index, tuple) else (index,)
    clean = tuple(i if isinstance(i, slice) or i is None or i is Ellipsis else operator.index(i) for i in index)
    if any(isinstance(i, Tensor | Variable) for s in clean if isinstance(s, slice) for i in (s.start, s.stop, s.step)):
        raise TypeError("slice bounds must be Python integers")
    return _slice(x, clean)


def expand_dims(x, axis):
    """Insert axes of size 1."""
    x = convert_to_tensor(x)
    axes = axis if isinstance(axis, (tuple, list)) else (axis,)
    rank = len(x.shape) + len(axes)
    axes = {a % rank for a in axes if -rank <= a < rank}
    if len(axes) != rank - len(x.shape):
        raise ValueError(f"expand_dims: axis {axis} does not suit a tensor of {len(x.shape)} axes")
    sizes = iter(x.shape)
    return reshape(x, tuple(1 if i in axes else next(sizes) for i in range(rank)))


def squeeze(x, axis=None):
    """Drop axes of size 1 (all of them by default)."""
    from .reduce import normalize_axes

    x = convert_to_tensor(x)
    if axis is None:
        return reshape(x, tuple(n for n in x.shape if n != 1))
    axes = normalize_axes(axis, len(x.shape))
    if any(x.shape[a] != 1 for a in axes):
        raise ValueError(f"squeeze: axis {axis} of shape {x.shape} is not of size 1")
    return reshape(x, tuple(n for i, n in enumerate(x.shape) if i not in axes))


def ravel(x):
    """Return x with one axis."""
    return reshape(x, (-1,))


def moveaxis(x, source, destination):
    """Move axes to other places."""
    x = convert_to_tensor(x)
    order = np.moveaxis(np.empty(tuple(range(1, len(x.shape) + 1)), np.uint8), source, destination).shape
    return transpose(x, tuple(n - 1 for n in order))


def swapaxes(x, axis1, axis2):
    """Exchange two axes."""
    x = convert_to_tensor(x)
    order = list(range(len(x.shape)))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def flip(x, axis=None):
    """Reverse the order along axes (all by default)."""
    from .reduce import normalize_axes

    x = convert_to_tensor(x)
    axes = normalize_axes(axis, len(x.shape))
    return getitem(x, tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(len(x.shape))))


# ---- several tensors -----------------------------------------------------------------------------------------


def _pieces(sizes, axis, rank):
    start = 0
    for n in sizes:
        yield tuple(slice(start, start + n) if i == axis else slice(None) for i in range(rank))
        start += n


def _concatenate_lower(plan, outs, ins, axis):
    for x, place in zip(ins, _pieces([x.shape[axis] for x in ins], axis, outs[0].ndim), strict=True):
        plan.map("copy", outs[0][place], x)


def _concatenate_vjp(call, dy):
    axis = call.attrs["axis"]
    sizes = [x.shape[axis] for x in call.inputs]
    return tuple(_slice(dy, place) for place in _pieces(sizes, axis, len(dy.shape)))


def _concatenate_spec(*xs, axis):
    total = sum(x.shape[axis] for x in xs)
    return [(tuple(total if i == axis else n for i, n in enumerate(xs[0].shape)), xs[0].dtype)]


_concatenate = Op(
    "concatenate",
    inputs=["xs"],
    spec=_concatenate_spec,
    reference=lambda *xs, axis: np.concatenate(xs, axis=axis),
    vjp=_concatenate_vjp,
    lower=_concatenate_lower,
    convert=to_tensor,
    attrs={"axis": 0},
)


def concatenate(xs, axis=0):
    """Join tensors along an axis."""
    xs = [convert_to_tensor(x) for x in xs]
    if not xs:
        raise ValueError("concatenate needs at least one tensor")
    rank = len(xs[0].shape)
    if not -rank <= axis < rank:
        raise ValueError(f"concatenate: axis {axis} of tensors with {rank} axes")
    axis %= rank
    for x in xs:
        if len(x.shape) != rank or any(a != b for i, (a, b) in enumerate(zip(x.shape, xs[0].shape)) if i != axis):
            raise ValueError(f"concatenate: shapes {[x.shape for x in xs]} differ off axis {axis}")
    dtype = result_dtype(*xs)
    return _concatenate.apply([cast(x, dtype) for x in xs], {"axis": axis})


def stack(x, axis=0):
    """Join tensors along a new axis."""
    return concatenate([expand_dims(each, axis) for each in x], axis)


def split(x, indices_or_sections, axis=0):
    """Cut a tensor into a list: into equal parts (int) or before the given indices."""
    x = convert_to_tensor(x)
    axis = axis % len(x.shape)
    n = x.shape[axis]
    if isinstance(indices_or_sections, int):
        if indices_or_sections < 1 or n % indices_or_sections:
            raise ValueError(f"split: {n} does not divide into {indices_or_sections} equal parts")
        step = n // indices_or_sections
        bounds = list(range(0, n + 1, step)) if step else [0] * (indices_or_sections + 1)
    else:
        bounds = [0, *indices_or_sections, n]
    lead = (slice(None),) * axis
    return [_slice(x, (*lead, slice(a, b))) for a, b in zip(bounds[:-1], bounds[1:], strict=True)]


def pad(x, pad_width, mode="constant", constant_values=None):
    """Add elements at the ends of axes: zeros or constant_values. Other modes raise."""
    if mode != "constant":
        raise ValueError(f"pad: mode {mode!r} is not supported; only 'constant' is")
    x = convert_to_tensor(x)
    width = np.broadcast_to(np.asarray(pad_width, int), (len(x.shape), 2))
    if (width < 0).any():
        raise ValueError(f"pad: pad_width must not be negative, got {pad_width}")
    shape = tuple(int(n + a + b) for n, (a, b) in zip(x.shape, width, strict=True))
    place = tuple(slice(int(a), int(a) + n) for n, (a, _) in zip(x.shape, width, strict=True))
    y = _unslice(x, shape, place)
    if constant_values:
        inside = np.zeros(shape, bool)
        inside[place] = True
        y = where(Tensor(inside), y, constant_values)
    return y


def tile(x, repeats):
    """Repeat the whole tensor along each axis."""
    x = convert_to_tensor(x)
    repeats = (repeats,) if isinstance(repeats, int) else tuple(repeats)
    rank = max(len(repeats), len(x.shape))
    repeats = (1,) * (rank - len(repeats)) + repeats
    shape = (1,) * (rank - len(x.shape)) + x.shape
    spread = tuple(n for pair in zip((1,) * rank, shape, strict=True) for n in pair)
    wide = tuple(n for pair in zip(repeats, shape, strict=True) for n in pair)
    return reshape(broadcast_to(reshape(x, spread), wide), tuple(r * n for r, n in zip(repeats, shape, strict=True)))


def repeat(x, repeats, axis=None):
    """Repeat each element along an axis (of the flat tensor by default); repeats: int or one count an element."""
    x = convert_to_tensor(x)
    if axis is None:
        x, axis = ravel(x), 0
    counts = np.broadcast_to(np.asarray(repeats, np.int64), (x.shape[axis],))
    return take(x, np.repeat(np.arange(x.shape[axis]), counts), axis=axis)


def roll(x, shift, axis=None):
    """Shift elements along an axis, those that leave coming in at the other end."""
    x = convert_to_tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), shift, 0), x.shape)
    n = x.shape[axis]
    return take(x, (np.arange(n) - shift) % n if n else np.arange(0), axis=axis)


# ---- rows by index ------------------------------------------------------------------------------------------


def _take_lower(plan, outs, ins, rows):
    from .catalogue import contiguous

    x, index = (contiguous(plan, each) for each in ins)
    size = math.prod(x.shape[1:])
    dims = (index.size, size, x.shape[0], 2 if index.dtype == "int32" else 3)
    plan.call("take_rows", [outs[0]], [x, index], dims)


def _scatter_lower(plan, outs, ins, rows):
    from .catalogue import contiguous

    x, index = (contiguous(plan, each) for each in ins)
    dims = (index.size, math.prod(outs[0].shape[1:]), rows, 2 if index.dtype == "int32" else 3)
    plan.call("scatter_add_rows", [outs[0]], [x, index], dims)


def _scatter_reference(x, index, rows):
    out = np.zeros((rows, *x.shape[index.ndim :]), x.dtype)
    np.add.at(out, index, x)
    return out


_take_rows = Op(
    "take_rows",
    inputs=["x", "index"],
    spec=lambda x, index, rows: [(index.shape + x.shape[1:], x.dtype)],
    reference=lambda x, index, rows: x[index],
    vjp=lambda call, dy: (_scatter_add_rows(dy, call.inputs[1], call.attrs["rows"]), None),
    lower=_take_lower,
    convert=to_tensor,
    attrs={"rows": REQUIRED},
    doc="x[index] along the first axis; negative counts from the end.",
)
_scatter_add_rows = Op(
    "scatter_add_rows",
    inputs=["x", "index"],
    spec=lambda x, index, rows: [((rows, *x.shape[len(index.shape) :]), x.dtype)],
    reference=_scatter_reference,
    vjp=lambda call, dy: (_take_rows(dy, call.inputs[1], call.attrs["rows"]), None),
    lower=_scatter_lower,
    convert=to_tensor,
    attrs={"rows": REQUIRED},
    doc="Zeros of the given number of rows, to which the rows of x are added where index says.",
)


def _index_tensor(indices):
    index = convert_to_tensor(indices)
    if index.dtype.kind not in "iu":
        raise TypeError(f"indices must be integers, got dtype {index.dtype}")
    return cast(index, "int32") if index.dtype == "uint8" else index


def _check_range(index, n, name):
    """Raise on an index out of range, where its value is known; inside a plan such an index is clamped."""
    if isinstance(index, SymbolicTensor) or index.size == 0:
        if n == 0 and index.size:
            raise IndexError(f"{name}: indices into an empty axis")
        return
    low, high = int(index.array.min()), int(index.array.max())
    if low < -n or high >= n:
        raise IndexError(f"{name}: index {low if low < -n else high} is out of range for {n} elements")


def take(x, indices, axis=None):
    """Pick elements by index along an axis (of the flat tensor by default)."""
    x, index = convert_to_tensor(x), _index_tensor(indices)
    if axis is None:
        x, axis = ravel(x), 0
    axis = axis % len(x.shape)
    _check_range(index, x.shape[axis], "take")
    y = _take_rows(moveaxis(x, axis, 0), index, x.shape[axis])
    rank = len(index.shape)
    if axis == 0:
        return y
    return moveaxis(y, tuple(range(rank)), tuple(range(axis, axis + rank)))


def take_along_axis(x, indices, axis=None):
    """Pick one element a position along an axis: NumPy's take_along_axis."""
    x, index = convert_to_tensor(x), _index_tensor(indices)
    if axis is None:
        x, index, axis = ravel(x), ravel(index), 0
    axis = axis % len(x.shape)
    n = x.shape[axis]
    _check_range(index, n, "take_along_axis")
    x, index = moveaxis(x, axis, -1), moveaxis(index, axis, -1)
    lead = np.broadcast_shapes(x.shape[:-1], index.shape[:-1])
    x = broadcast_to(x, (*lead, n))
    index = cast(broadcast_to(index, (*lead, index.shape[-1])), "int64")
    index = where(index < 0, index + n, index)
    offsets = np.arange(math.prod(lead), dtype=np.int64).reshape(*lead, 1) * n
    return moveaxis(_take_rows(ravel(x), index + Tensor(offsets), math.prod(x.shape)), -1, axis)


_one_hot = Op(
    "one_hot",
    inputs=["index"],
    spec=lambda index, depth, dtype: [((*index.shape, depth), dtype)],
    reference=lambda index, depth, dtype: (index[..., None] == np.arange(depth)).astype(dtype),
    lower=lambda plan, outs, ins, depth, dtype: _one_hot_lower(plan, outs, ins, depth, dtype),
    attrs={"depth": REQUIRED, "dtype": REQUIRED},
)


def _one_hot_lower(plan, outs, ins, depth, dtype):
    from .catalogue import contiguous

    index = contiguous(plan, ins[0])
    dims = (index.size, depth, 2 if index.dtype == "int32" else 3)
    plan.call("one_hot", outs, [index], dims, dtype=dtype)


def one_hot(x, num_classes, axis=-1, dtype=None, sparse=False):
    """Integer classes as rows with a single one; an index out of range gives zeros. sparse=True is not supported."""
    if sparse:
        raise ValueError("one_hot: sparse=True is not supported")
    index = _index_tensor(x)
    dtype = standardize_dtype(dtype)
    if dtype.kind != "f":
        return cast(one_hot(x, num_classes, axis, "float32"), dtype)
    return moveaxis(_one_hot(index, int(num_classes), dtype), -1, axis)


# ---- constants ------------------------------------------------------------------------------------------------


def _shape_tuple(shape):
    sizes = tuple(operator.index(n) for n in (shape if isinstance(shape, (tuple, list)) else (shape,)))
    if min(sizes, default=0) < 0:
        raise ValueError(f"a shape must not have negative sizes, got {sizes}")
    return sizes


def zeros(shape, dtype=None):
    """Return zeros."""
    return Tensor(np.zeros(_shape_tuple(shape), standardize_dtype(dtype)))


def ones(shape, dtype=None):
    """Return ones."""
    return Tensor(np.ones(_shape_tuple(shape), standardize_dtype(dtype)))


def full(shape, fill_value, dtype=None):
    """Return a tensor filled with one value."""
    value = convert_to_tensor(fill_value, dtype)
    return broadcast_to(value, _shape_tuple(shape))


def zeros_like(x, dtype=None):
    """Return zeros of x's shape and dtype."""
    return zeros(x.shape, dtype or x.dtype) if hasattr(x, "shape") else zeros_like(convert_to_tensor(x), dtype)


def ones_like(x, dtype=None):
    """Return ones of x's shape and dtype."""
    return ones(x.shape, dtype or x.dtype) if hasattr(x, "shape") else ones_like(convert_to_tensor(x), dtype)


def full_like(x, fill_value, dtype=None):
    """Return a tensor of x's shape and dtype filled with one value."""
    x = convert_to_tensor(x)
    return full(x.shape, fill_value, dtype or x.dtype)


def arange(start, stop=None, step=1, dtype=None):
    """Return start, start + step, … before stop."""
    values = np.arange(start) if stop is None else np.arange(start, stop, step)
    if stop is None and step != 1:
        values = np.arange(0, start, step)
    return convert_to_tensor(values.tolist(), dtype) if dtype is None else Tensor(values.astype(standardize_dtype(dtype)))


def linspace(start, stop, num=50, endpoint=True, dtype=None):
    """Return num numbers evenly from start to stop."""
    return Tensor(np.linspace(start, stop, num, endpoint=endpoint).astype(standardize_dtype(dtype)))


def eye(N, M=None, k=0, dtype=None):
    """Return a matrix with ones on the k-th diagonal."""
    return Tensor(np.eye(N, M, k, dtype=standardize_dtype(dtype)))


def _triangle(x, k, fn):
    x = convert_to_tensor(x)
    return where(Tensor(fn(np.ones(x.shape[-2:], bool), k)), x, Tensor(np.zeros((), x.dtype)))


def tril(x, k=0):
    """Return the lower triangle, zeros above the k-th diagonal."""
    return _triangle(x, k, np.tril)


def triu(x, k=0):
    """Return the upper triangle, zeros below the k-th diagonal."""
    return _triangle(x, k, np.triu)


def diag_part(x):
    """Return the main diagonal of a matrix."""
    x = convert_to_tensor(x)
    n = min(x.shape)
    return take(ravel(x), np.arange(n) * (x.shape[1] + 1))


# ---- around tensors ---------------------------------------------------------------------------------------------

_stop_gradient = Op(
    "stop_gradient",
    inputs=["x"],
    spec=lambda x: [(x.shape, x.dtype)],
    reference=lambda x: x,
    view=lambda x: x,
    convert=to_tensor,
)


def stop_gradient(variable):
    """Return the value as a constant to gradient tapes."""
    return _stop_gradient(variable)


def shape(x):
    """Return the shape as a tuple of integers."""
    return convert_to_tensor(x).shape


def convert_to_numpy(x):
    """Return the value as a NumPy array."""
    return convert_to_tensor(x).numpy()
