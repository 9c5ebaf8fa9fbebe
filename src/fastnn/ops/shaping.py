"""Ops that look at the same elements in another shape or order: views, where memory allows."""

from __future__ import annotations

import math
import operator

import numpy as np

from ..shapes import as_integer, as_shape, moved_axes, normalize_axes, normalize_axis
from ..tensor import Tensor, Variable, convert_to_tensor
from .catalogue import REQUIRED, Op, scratch
from .convert import to_tensor

__all__ = [
    "broadcast_to", "dtype", "expand_dims", "flip", "fliplr", "flipud", "get_item", "moveaxis", "ndim", "ravel",
    "reshape", "rot90", "shape", "size", "squeeze", "stop_gradient", "swapaxes", "transpose",
]  # fmt: skip


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


def _copy_lower(plan, outs, ins, **attrs):
    """Lower a view that cannot be one: a contiguous copy, looked at."""
    plan.map("copy", outs[0].reshape(ins[0].shape), ins[0])


_reshape = _view(
    "reshape",
    lambda x, newshape: x.reshape(newshape),
    lambda x, newshape: [(newshape, x.dtype)],
    lambda call, dy: reshape(dy, call.inputs[0].shape),
    {"newshape": REQUIRED},
    lower=_copy_lower,
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
    zero = scratch(plan, (), outs[0].dtype)
    zero[...] = 0  # as the memory is that a template binds
    plan.map("copy", outs[0], zero)
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


def at_axis(axis, place):
    """Return the index of a place, or of a slice, along an axis counted from the front."""
    return (*(slice(None),) * axis, place, ...)


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
    present = tuple(range(rank))
    if axes is None:
        axes = present[::-1]
    else:
        axes = tuple(normalize_axis(a, rank) for a in axes)
        if sorted(axes) != list(present):
            raise ValueError(f"transpose: axes {axes} are no permutation of the {rank} axes")
    return x if axes == present else _transpose(x, axes)


def broadcast_to(x, shape):
    """Repeat x along axes of size 1, without copying, to the given shape."""
    x = convert_to_tensor(x)
    shape = as_shape(shape)
    if x.shape == shape:
        return x
    lead = len(shape) - len(x.shape)
    if lead < 0 or any(n not in (1, shape[lead + i]) for i, n in enumerate(x.shape)):
        raise ValueError(f"broadcast_to: {x.shape} does not broadcast to {shape}")
    return _broadcast_to(x, shape)


def get_item(x, key):
    """x[key] with integers, slices, None and Ellipsis; or slices, Ellipsis and one integer tensor or list."""
    x = convert_to_tensor(x)
    if isinstance(key, _LISTS):
        return _with_list(x, (key,), 0)
    index = key if isinstance(key, tuple) else (key,)
    for at, each in enumerate(index):
        if isinstance(each, _LISTS) and np.shape(each) != ():
            return _with_list(x, index, at)
    clean = tuple(_part(i) for i in index)
    if any(isinstance(i, Tensor | Variable) for s in clean if isinstance(s, slice) for i in (s.start, s.stop, s.step)):
        raise TypeError("slice bounds must be Python integers")
    return _slice(x, clean if Ellipsis in clean else (*clean, Ellipsis))  # NumPy's x[0, ...] is an array, too


_LISTS = Tensor, Variable, np.ndarray, list


def _with_list(x, index, at):
    """Return x[index] where index[at] is a list of places and the other parts are slices or an Ellipsis."""
    from .indexing import take

    places, others = index[at], index[:at] + index[at + 1 :]
    kind = np.asarray(places).dtype.kind if isinstance(places, (np.ndarray, list)) else places.dtype.kind
    if kind == "b":
        raise TypeError("indexing with a mask has no fixed shape; use ops.where")
    if not all(isinstance(each, slice) or each is Ellipsis for each in others):
        raise TypeError("a list or a tensor may stand beside slices and an Ellipsis only; for more use ops.take")
    axis = at - len(index) if Ellipsis in index[:at] else at
    return take(get_item(x, (*index[:at], slice(None), *index[at + 1 :])), places, axis=axis)


def _part(index):
    """Return what an index says of one axis, as NumPy takes it."""
    if isinstance(index, slice) or index is None or index is Ellipsis:
        return index
    if isinstance(index, (bool, np.bool_)):
        raise TypeError(f"an index must be an integer, a slice, None or Ellipsis, got {index}; for masks use ops.where")
    return operator.index(index)


def expand_dims(x, axis):
    """Insert axes of size 1."""
    x = convert_to_tensor(x)
    if axis is None:
        raise TypeError("expand_dims: axis must be an integer, or several, got None")
    rank = len(x.shape) + (len(axis) if isinstance(axis, (tuple, list)) else 1)
    axes = normalize_axes(axis, rank)
    sizes = iter(x.shape)
    return reshape(x, tuple(1 if i in axes else next(sizes) for i in range(rank)))


def squeeze(x, axis=None):
    """Drop axes of size 1 (all of them by default)."""
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
    order = moved_axes(source, destination, len(x.shape))
    return transpose(x, order) if order != sorted(order) else x


def swapaxes(x, axis1, axis2):
    """Exchange two axes."""
    x = convert_to_tensor(x)
    order = list(range(len(x.shape)))
    axis1, axis2 = (normalize_axis(axis, len(order)) for axis in (axis1, axis2))
    order[axis1], order[axis2] = order[axis2], order[axis1]
    return transpose(x, order)


def flip(x, axis=None):
    """Reverse the order along axes (all by default)."""
    x = convert_to_tensor(x)
    axes = normalize_axes(axis, len(x.shape))
    return get_item(x, tuple(slice(None, None, -1) if i in axes else slice(None) for i in range(len(x.shape))))


def flipud(x):
    """Reverse the order along the first axis."""
    return flip(x, 0)


def fliplr(x):
    """Reverse the order along the second axis."""
    return flip(x, 1)


def rot90(array, k=1, axes=(0, 1)):
    """Turn the plane of two axes by 90 degrees, k times, from the first axis towards the second."""
    x = convert_to_tensor(array)
    first, second = (normalize_axis(axis, len(x.shape)) for axis in axes)
    if first == second:
        raise ValueError(f"rot90: two different axes are needed, got {axes}")
    turns = as_integer("k", k) % 4
    if turns == 2:
        return flip(x, (first, second))
    if turns == 1:
        return swapaxes(flip(x, second), first, second)
    return flip(swapaxes(x, first, second), second) if turns else x


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


def size(x):
    """Return the number of elements as an integer."""
    return convert_to_tensor(x).size


def ndim(x):
    """Return the number of axes as an integer."""
    return convert_to_tensor(x).ndim


def dtype(x):
    """Return the dtype's name."""
    return convert_to_tensor(x).dtype.name
