"""Ops that join, cut, repeat and pad tensors."""

from __future__ import annotations

from itertools import pairwise

import numpy as np

from ..dtypes import result_dtype
from ..shapes import as_integer, as_size, normalize_axis
from ..tensor import Tensor, convert_to_tensor
from .catalogue import Op
from .convert import cast, to_tensor
from .elementwise import where
from .indexing import take
from .shaping import _slice, _unslice, at_axis, broadcast_to, expand_dims, ravel, reshape

__all__ = [
    "append", "array_split", "concatenate", "dsplit", "dstack", "hsplit", "hstack", "pad", "repeat", "roll", "split",
    "stack", "tile", "unstack", "vsplit", "vstack",
]  # fmt: skip


def _pieces(sizes, axis):
    start = 0
    for n in sizes:
        yield at_axis(axis, slice(start, start + n))
        start += n


def _concatenate_lower(plan, outs, ins, axis):
    for x, place in zip(ins, _pieces([x.shape[axis] for x in ins], axis), strict=True):
        plan.map("copy", outs[0][place], x)


def _concatenate_vjp(call, dy):
    axis = call.attrs["axis"]
    sizes = [x.shape[axis] for x in call.inputs]
    return tuple(_slice(dy, place) for place in _pieces(sizes, axis))


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
    """Join tensors along an axis; None: flat, all elements in a row."""
    xs = [convert_to_tensor(x) for x in xs]
    if not xs:
        raise ValueError("concatenate needs at least one tensor")
    if axis is None:
        xs, axis = [reshape(x, (-1,)) for x in xs], 0
    rank = len(xs[0].shape)
    axis = normalize_axis(axis, rank)
    for x in xs:
        if len(x.shape) != rank or any(
            a != b for i, (a, b) in enumerate(zip(x.shape, xs[0].shape, strict=True)) if i != axis
        ):
            raise ValueError(f"concatenate: shapes {[x.shape for x in xs]} differ off axis {axis}")
    dtype = result_dtype(*xs)
    return _concatenate.apply([cast(x, dtype) for x in xs], {"axis": axis})


def stack(x, axis=0):
    """Join tensors along a new axis."""
    return concatenate([expand_dims(each, axis) for each in x], axis)


def append(x1, x2, axis=None):
    """Join two tensors along an axis (flat by default)."""
    return concatenate([x1, x2], axis)


def hstack(xs):
    """Join tensors along their second axis, vectors along their only one."""
    xs = [_at_least(x, 1) for x in xs]
    return concatenate(xs, 0 if len(xs) and len(xs[0].shape) == 1 else 1)


def vstack(xs):
    """Join tensors along their first axis; vectors become rows."""
    return concatenate([_at_least(x, 2) for x in xs], 0)


def dstack(xs):
    """Join tensors along their third axis; vectors become rows, and matrices have one of size 1."""
    xs = [_at_least(x, 2) for x in xs]
    return concatenate([expand_dims(x, 2) if len(x.shape) == 2 else x for x in xs], 2)


def _at_least(x, rank):
    """Return a tensor with axes of size 1 before its own where it has fewer."""
    x = convert_to_tensor(x)
    return reshape(x, (1,) * (rank - len(x.shape)) + x.shape)


def unstack(x, num=None, axis=0):
    """Return the list of what stands at each place along an axis; ``num``: how many there are.

    Raises
    ------
    ValueError
        If there are not ``num``.
    """
    x = convert_to_tensor(x)
    axis = normalize_axis(axis, len(x.shape))
    if num is not None and num != x.shape[axis]:
        raise ValueError(f"unstack: num is {num}, but axis {axis} of shape {x.shape} has {x.shape[axis]} places")
    return [_slice(x, at_axis(axis, place)) for place in range(x.shape[axis])]


def array_split(x, indices_or_sections, axis=0):
    """Cut a tensor as `split` does; parts need not be equal: the first ones are larger by one."""
    if not isinstance(indices_or_sections, (int, np.integer)):
        return split(x, indices_or_sections, axis)
    if indices_or_sections < 1:
        raise ValueError(f"array_split: the number of parts must be at least 1, got {indices_or_sections}")
    x = convert_to_tensor(x)
    n = x.shape[normalize_axis(axis, len(x.shape))]
    size, larger = divmod(n, int(indices_or_sections))
    return split(x, [size * part + min(part, larger) for part in range(1, indices_or_sections)], axis)


def split(x, indices_or_sections, axis=0):
    """Cut a tensor into a list: into equal parts (int) or before the given indices."""
    x = convert_to_tensor(x)
    axis = normalize_axis(axis, len(x.shape))
    n = x.shape[axis]
    if isinstance(indices_or_sections, (int, np.integer)):
        if indices_or_sections < 1 or n % indices_or_sections:
            raise ValueError(f"split: {n} does not divide into {indices_or_sections} equal parts")
        step = n // indices_or_sections
        bounds = list(range(0, n + 1, step)) if step else [0] * (indices_or_sections + 1)
    elif np.ndim(indices_or_sections) == 1:
        bounds = [0, *(as_integer("an index of split", at) for at in indices_or_sections), n]
    else:
        raise TypeError(f"split: indices_or_sections must be an integer or a list of them, got {indices_or_sections!r}")
    return [_slice(x, at_axis(axis, slice(*ends))) for ends in pairwise(bounds)]


def hsplit(x, indices_or_sections):
    """Cut a tensor along its second axis, a vector along its only one, as `split` does."""
    x = convert_to_tensor(x)
    return split(x, indices_or_sections, 0 if len(x.shape) == 1 else 1)


def vsplit(x, indices_or_sections):
    """Cut a tensor of two axes or more along its first one, as `split` does."""
    x = convert_to_tensor(x)
    normalize_axis(1, len(x.shape))
    return split(x, indices_or_sections, 0)


def dsplit(x, indices_or_sections):
    """Cut a tensor along its third axis, as `split` does."""
    return split(x, indices_or_sections, 2)


_PICKING = "edge", "reflect", "symmetric", "wrap"  # modes of `pad` whose new elements are copies


def pad(x, pad_width, mode="constant", constant_values=None):
    """Add elements at the ends of axes.

    Parameters
    ----------
    pad_width : int or sequence
        How many elements before and after: a number or a pair for all axes, or one for each axis.
    mode : {"constant", "edge", "reflect", "symmetric", "wrap"}
        What they are, as in `numpy.pad`.
    constant_values : number, optional
        For ``mode="constant"``; 0 by default.

    Raises
    ------
    ValueError
        For another mode, a ``pad_width`` that does not fit the axes, and ``constant_values`` in other modes.
    """
    if mode not in ("constant", *_PICKING):
        raise ValueError(f"pad: mode must be one of constant, {', '.join(_PICKING)}, got {mode!r}")
    if mode != "constant" and constant_values is not None:
        raise ValueError(f"pad: constant_values are for mode='constant' only, got mode={mode!r}")
    x = convert_to_tensor(x)
    widths = _pad_widths(pad_width, len(x.shape))
    if mode != "constant":
        for axis, width in enumerate(widths):
            if any(width):
                x = take(x, np.pad(np.arange(x.shape[axis]), width, mode), axis=axis)
        return x
    shape = tuple(n + a + b for n, (a, b) in zip(x.shape, widths, strict=True))
    place = (*(slice(a, a + n) for n, (a, _) in zip(x.shape, widths, strict=True)), ...)
    y = _unslice(x, shape, place)
    if constant_values:
        inside = np.zeros(shape, bool)
        inside[place] = True
        y = where(Tensor(inside), y, convert_to_tensor(constant_values, x.dtype))
    return y


def _pad_widths(pad_width, rank):
    """Return a pair of Python's integers, which do not overflow, for each axis."""
    try:
        width = np.asarray(pad_width)
        widths = np.broadcast_to(width, (rank, 2)).tolist()
    except ValueError:
        raise ValueError(
            f"pad: pad_width must be a number, a pair, or one of these for each of the {rank} axes, got {pad_width}"
        ) from None
    if width.dtype.kind not in "iu" and width.size:
        raise TypeError(f"pad: pad_width must be integers, got {pad_width}")
    if (width < 0).any():
        raise ValueError(f"pad: pad_width must not be negative, got {pad_width}")
    return widths


def tile(x, repeats):
    """Repeat the whole tensor along each axis."""
    x = convert_to_tensor(x)
    repeats = tuple(as_size("repeats", n) for n in ((repeats,) if isinstance(repeats, (int, np.integer)) else repeats))
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
    n = x.shape[normalize_axis(axis, len(x.shape))]
    counts = np.asarray(repeats)
    if counts.size and (counts.dtype.kind not in "iu" or counts.min() < 0 or counts.shape not in ((), (1,), (n,))):
        raise ValueError(
            f"repeat: repeats must be a number of at least 0, or such a number for each of {n} elements, got {repeats}"
        )
    return take(x, np.repeat(np.arange(n), counts.astype(np.int64)), axis=axis)


def roll(x, shift, axis=None):
    """Shift elements along an axis, those that leave coming in at the other end.

    Several axes have a shift each, or one for all; without an axis the flat tensor is shifted.
    """
    x = convert_to_tensor(x)
    if axis is None:
        return reshape(roll(ravel(x), np.sum(shift), 0), x.shape)
    if np.ndim(axis) or np.ndim(shift):
        for each, by in np.broadcast(axis, shift):
            x = roll(x, int(by), int(each))
        return x
    n = x.shape[normalize_axis(axis, len(x.shape))]
    return take(x, (np.arange(n) - shift) % n if n else np.arange(0), axis=axis)
