"""Row-wise ops of networks: softmax and the cross-entropies."""

from __future__ import annotations

import math
import warnings

import numpy as np

from .. import config
from .._kernels.core import address
from ..dtypes import is_float
from ..shapes import normalize_axes, normalize_axis
from ..tensor import convert_to_tensor
from . import elementwise as e
from .activation import _np_sigmoid, sigmoid, sigmoid_grad
from .catalogue import Op, contiguous, dtype_code
from .convert import _cast, cast, to_float
from .elementwise import elementwise
from .indexing import take_along_axis
from .reduce import sum as reduce_sum
from .shaping import _stop_gradient, broadcast_to, expand_dims, moveaxis, reshape, squeeze

__all__ = [
    "binary_crossentropy", "categorical_crossentropy", "in_top_k", "log_softmax", "softmax",
    "sparse_categorical_crossentropy", "squared_error",
]  # fmt: skip


def _np_softmax(x):
    z = np.exp(x - x.max(-1, keepdims=True, initial=-np.inf))
    return z / z.sum(-1, keepdims=True)


def _np_lse(x):
    top = x.max(-1, initial=-np.inf)
    return top + np.log(np.exp(x - top[..., None]).sum(-1))


def _rows_lower(name):
    """Lower to a row kernel: some operand has the shape of the rows, the last input may be labels."""

    def lower(plan, outs, ins):
        *rows, cols = max((x.shape for x in (*outs, *ins)), key=len)
        ins = [contiguous(plan, x) for x in ins]
        dims = (math.prod(rows), cols, dtype_code(ins[-1]))
        plan.call(name, outs, ins, dims, by_unit=len(outs) + len(ins))

    return lower


def _like_first(x, *rest):
    return [(x.shape, x.dtype)]


_softmax = Op(
    "softmax",
    inputs=["x"],
    spec=_like_first,
    reference=_np_softmax,
    vjp=lambda call, dy: _softmax_grad(dy, call.outputs[0]),
    lower=_rows_lower("softmax"),
    convert=to_float,
)
_softmax_grad = Op(
    "softmax_grad",
    inputs=["dy", "y"],
    spec=_like_first,
    reference=lambda dy, y: y * (dy - (dy * y).sum(-1, keepdims=True)),
    vjp=lambda call, g: _softmax_grad_vjp(*call.inputs, g),
    lower=_rows_lower("softmax_grad"),
    convert=to_float,
)


def _softmax_grad_vjp(dy, y, g):
    inner = reduce_sum(dy * y, axis=-1, keepdims=True)
    return _softmax_grad(g, y), g * (dy - inner) - dy * reduce_sum(g * y, axis=-1, keepdims=True)


_log_softmax = Op(
    "log_softmax",
    inputs=["x"],
    spec=_like_first,
    reference=lambda x: x - _np_lse(x)[..., None],
    vjp=lambda call, dy: dy - e.exp(call.outputs[0]) * reduce_sum(dy, axis=-1, keepdims=True),
    lower=_rows_lower("log_softmax"),
    convert=to_float,
)


def _over_axis(op, x, axis):
    (x,) = to_float(x)
    rank = len(x.shape)
    if rank == 0:
        raise ValueError(f"{op.name} needs at least one axis")
    axes = normalize_axes(axis, rank)
    if axes == (rank - 1,):
        return op(x)
    last = tuple(range(rank - len(axes), rank))
    moved = moveaxis(x, axes, last)
    flat = reshape(moved, (*moved.shape[: rank - len(axes)], math.prod(x.shape[a] for a in axes)))
    return moveaxis(reshape(op(flat), moved.shape), last, axes)


def softmax(x, axis=-1):
    """Return exp(x) / sum(exp(x)) along an axis, stable; warn where that can only be 1."""
    (x,) = to_float(x)
    if x.shape and isinstance(axis, int) and x.shape[normalize_axis(axis, len(x.shape))] == 1:
        warnings.warn(
            f"softmax over axis {axis} of a tensor of shape {x.shape}, which has size 1 there, is always 1: "
            "use sigmoid for a single output",
            stacklevel=2,
        )
    return quiet_softmax(x, axis)


def quiet_softmax(x, axis=-1):
    """Return softmax without a warning, for the activation, as in Keras."""
    return _over_axis(_softmax, x, axis)


def log_softmax(x, axis=-1):
    """Return log(softmax(x)) along an axis, stable."""
    return _over_axis(_log_softmax, x, axis)


# ---- cross-entropy from logits --------------------------------------------------------------------------------


def _crossentropy_spec(logits, target):
    return [(logits.shape[:-1], logits.dtype), (logits.shape, logits.dtype)]


def _loss_vjp(grad_op):
    def vjp(call, dloss, dprobs):
        _, target = call.inputs
        _, probs = call.outputs
        dlogits = None if dloss is None else grad_op(dloss, probs, target)
        if dprobs is not None:
            through = _softmax_grad(dprobs, probs)
            dlogits = through if dlogits is None else dlogits + through
        return dlogits, _target_grad(call, dloss) if dloss is not None and call.needs[1] else None

    return vjp


def _target_grad(call, dloss):
    logits, target = call.inputs
    if not is_float(target.dtype):
        return None
    return expand_dims(dloss, -1) * -log_softmax(logits)


def _np_softmax_crossentropy(logits, target):
    loss = (target * (_np_lse(logits)[..., None] - logits)).sum(-1)
    return loss, _np_softmax(logits)


def _np_pick(x, label):
    ok = (label >= 0) & (label < x.shape[-1])
    picked = np.take_along_axis(x, np.where(ok, label, 0)[..., None], -1)[..., 0]
    return np.where(ok, picked, np.nan).astype(x.dtype)


def _np_sparse_grad(dloss, probs, label):
    return dloss[..., None] * (probs - (label[..., None] == np.arange(probs.shape[-1])))


softmax_crossentropy = Op(
    "softmax_crossentropy",
    inputs=["logits", "target"],
    spec=_crossentropy_spec,
    reference=_np_softmax_crossentropy,
    vjp=_loss_vjp(lambda dloss, probs, target: softmax_crossentropy_grad(dloss, probs, target)),
    lower=_rows_lower("softmax_crossentropy"),
    convert=to_float,
    doc="Loss of each row, sum_c t_c (lse - x_c), and the probabilities softmax(logits).",
)
softmax_crossentropy_grad = Op(
    "softmax_crossentropy_grad",
    inputs=["dloss", "probs", "target"],
    spec=lambda dloss, probs, target: [(probs.shape, probs.dtype)],
    reference=lambda dloss, probs, target: dloss[..., None] * (probs * target.sum(-1, keepdims=True) - target),
    vjp=lambda call, g: _softmax_crossentropy_second(*call.inputs, g),
    lower=_rows_lower("softmax_crossentropy_grad"),
    convert=to_float,
)
sparse_softmax_crossentropy = Op(
    "sparse_softmax_crossentropy",
    inputs=["logits", "label"],
    spec=_crossentropy_spec,
    reference=lambda logits, label: (_np_lse(logits) - _np_pick(logits, label), _np_softmax(logits)),
    vjp=_loss_vjp(lambda dloss, probs, label: sparse_softmax_crossentropy_grad(dloss, probs, label)),
    lower=_rows_lower("sparse_softmax_crossentropy"),
    doc="Loss of each row, lse - x[label], and the probabilities softmax(logits). A label out of range gives NaN.",
)
sparse_softmax_crossentropy_grad = Op(
    "sparse_softmax_crossentropy_grad",
    inputs=["dloss", "probs", "label"],
    spec=lambda dloss, probs, label: [(probs.shape, probs.dtype)],
    reference=_np_sparse_grad,
    vjp=lambda call, g: _sparse_crossentropy_second(*call.inputs, g),
    lower=_rows_lower("sparse_softmax_crossentropy_grad"),
    convert=lambda dloss, probs, label: [*to_float(dloss, probs), convert_to_tensor(label)],
)


_squared_error = Op(
    "squared_error",
    inputs=["pred", "true"],
    spec=lambda pred, true: [(pred.shape[:-1], pred.dtype)],
    reference=lambda pred, true: ((pred - true) ** 2).mean(-1),
    vjp=lambda call, dloss: _both_signs(_squared_error_grad(dloss, *call.inputs), call.needs),
    lower=_rows_lower("squared_error"),
    convert=to_float,
)
_squared_error_grad = Op(
    "squared_error_grad",
    inputs=["dloss", "pred", "true"],
    spec=lambda dloss, pred, true: [(pred.shape, pred.dtype)],
    reference=lambda dloss, pred, true: dloss[..., None] * (pred - true) * (2 / pred.shape[-1]),
    vjp=lambda call, g: _squared_error_second(*call.inputs, g, call.needs),
    lower=_rows_lower("squared_error_grad"),
    convert=to_float,
)


def _both_signs(dx, needs):
    return dx, -dx if needs[1] else None


def _squared_error_second(dloss, pred, true, g, needs):
    factor = 2.0 / pred.shape[-1]
    through = g * expand_dims(dloss, -1) * factor
    return reduce_sum(g * (pred - true), axis=-1) * factor, *_both_signs(through, needs[1:])


def squared_error(x1, x2):
    """Return the mean along the last axis of (x1 - x2)²."""
    x1, x2 = to_float(x1, x2)
    shape = e.broadcast_shapes("squared_error", x1, x2)
    if not shape:
        raise ValueError("squared_error needs at least one axis")
    return _squared_error(broadcast_to(x1, shape), broadcast_to(x2, shape))


def _softmax_crossentropy_second(dloss, probs, target, g):
    total = reduce_sum(target, axis=-1, keepdims=True)
    d_dloss = reduce_sum(g * (probs * total - target), axis=-1)
    scaled = g * expand_dims(dloss, -1)
    return d_dloss, scaled * total, reduce_sum(scaled * probs, axis=-1, keepdims=True) - scaled


def _sparse_crossentropy_second(dloss, probs, label, g):
    picked = squeeze(take_along_axis(g, expand_dims(label, -1), -1), -1)
    return reduce_sum(g * probs, axis=-1) - picked, g * expand_dims(dloss, -1), None


_sigmoid_crossentropy = elementwise(
    "sigmoid_crossentropy",
    lambda x, t: np.maximum(x, 0) - x * t + np.log1p(np.exp(-np.abs(x))),
    lambda dy, y, x, t: _sigmoid_crossentropy_grad(dy, x, t),
    lambda dy, y, x, t: -dy * x,
    inputs="x t",
    doc="max(x, 0) - x t + log(1 + exp(-abs(x))): binary cross-entropy of logits x and targets t.",
)
_sigmoid_crossentropy_grad = elementwise(
    "sigmoid_crossentropy_grad",
    lambda dy, x, t: dy * (_np_sigmoid(x) - t),
    lambda g, _, dy, x, t: g * (sigmoid(x) - t),
    lambda g, _, dy, x, t: sigmoid_grad(g * dy, sigmoid(x)),
    lambda g, _, dy, x, t: -g * dy,
    inputs="dy x t",
)


# ---- Keras' losses ------------------------------------------------------------------------------------------


def _logits_behind(output, op, axis=None):
    """Return the logits if ``output`` is, in the graph being traced, the activation of some; else None.

    Views of the activation, and casts between floats, are made of the logits instead. With ``axis``, the rows of the
    activation must be whole along that axis of ``output``. Training then uses the stable loss from logits, as Keras
    does on TensorFlow. Nothing is behind `stop_gradient`, and so behind the outputs of a `custom_gradient`.
    """
    between, node = [], getattr(output, "node", None)
    while node is not None and node.op is not op:
        is_view = node.op.view is not None and node.op is not _stop_gradient
        if not is_view and not (node.op is _cast and is_float(node.inputs[0].dtype)):
            return None
        between.insert(0, node)
        node = getattr(node.inputs[0], "node", None)
    if node is None or (axis is not None and not _rows_are_whole(node.outputs[0].shape, between, axis)):
        return None
    logits = node.inputs[0]
    for step in between:
        logits = step.op.apply((logits,), step.attrs)
    return logits


def _rows_are_whole(shape, views, axis):
    """Whether views of a tensor of this shape have its rows along an axis, from their first element to their last."""
    seen = tensor = np.empty(shape, bool)  # never looked into: where elements lie says which they are
    for view in views:
        seen = seen if view.op is _cast else view.op.view(seen, **view.attrs)
        if seen is None:
            return False
    axis, n = normalize_axis(axis, seen.ndim), shape[-1]
    others = [step for i, step in enumerate(seen.strides) if i != axis and seen.shape[i] > 1]
    between_rows = math.gcd(n, address(seen) - address(tensor), *others)
    return (seen.shape[axis], seen.strides[axis], between_rows) == (n, 1, n)


def _check_same_shape(name, target, output):
    if target.shape != output.shape:
        raise ValueError(f"{name}: target of shape {target.shape} and output of shape {output.shape} differ")


def binary_crossentropy(target, output, from_logits=False):
    """Elementwise binary cross-entropy of probabilities (clipped to epsilon .. 1 - epsilon) or logits."""
    target, output = to_float(target, output)
    _check_same_shape("binary_crossentropy", target, output)
    if not from_logits:
        logits = _logits_behind(output, sigmoid)
        if logits is None:
            eps = config.epsilon()
            output = e.clip(output, eps, 1.0 - eps)
            return -(target * e.log(output) + (1 - target) * e.log(1 - output))
        output = logits
    return _sigmoid_crossentropy(output, target)


def categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross-entropy of each row; probabilities are scaled to sum to 1 and clipped, as in Keras."""
    target, output = to_float(target, output)
    _check_same_shape("categorical_crossentropy", target, output)
    if not output.shape:
        raise ValueError("categorical_crossentropy: the output needs a class axis")
    logits = output if from_logits else _logits_behind(output, _softmax, axis)
    if logits is not None:
        return softmax_crossentropy(moveaxis(logits, axis, -1), moveaxis(target, axis, -1))[0]
    return -reduce_sum(target * _log_scaled(output, axis), axis=axis)


def sparse_categorical_crossentropy(target, output, from_logits=False, axis=-1):
    """Cross-entropy of each row for integer labels; probabilities are scaled to sum to 1 and clipped.

    A label outside the classes gives NaN.
    """
    (output,) = to_float(output)
    target = _class_numbers(target)
    if len(target.shape) == len(output.shape) and target.shape[-1:] == (1,):
        target = squeeze(target, -1)
    if not output.shape or target.shape != output.shape[:axis] + output.shape[axis:][1:]:
        raise ValueError(
            f"sparse_categorical_crossentropy: labels of shape {target.shape} do not fit an output of shape "
            f"{output.shape}"
        )
    logits = output if from_logits else _logits_behind(output, _softmax, axis)
    if logits is not None:
        return sparse_softmax_crossentropy(moveaxis(logits, axis, -1), target)[0]
    picked, valid = pick(_log_scaled(moveaxis(output, axis, -1), -1), target)
    return e.where(valid, -squeeze(picked, -1), float("nan"))


def log_probabilities(output, from_logits=False, axis=-1):
    """Return the logarithms of what `categorical_crossentropy` takes for the probabilities of classes."""
    (output,) = to_float(output)
    logits = output if from_logits else _logits_behind(output, _softmax, axis)
    return _log_scaled(output, axis) if logits is None else log_softmax(logits, axis)


def _log_scaled(output, axis):
    """Return the logarithms of probabilities, scaled to sum to 1 and clipped."""
    eps = config.epsilon()
    return e.log(e.clip(output / reduce_sum(output, axis=axis, keepdims=True), eps, 1.0 - eps))


def _class_numbers(label):
    """Return labels as integers that hold the number of any class."""
    label = convert_to_tensor(label)
    return label if label.dtype in ("int32", "int64") else cast(label, "int32")


def pick(x, label):
    """Return what stands in each row at its label, with a last axis of size 1, and whether there is such a place."""
    label, n = _class_numbers(label), x.shape[-1]
    valid = e.logical_and(label >= 0, label < n)
    return take_along_axis(x, expand_dims(e.clip(label, 0, n - 1), -1), -1), valid


def in_top_k(targets, predictions, k):
    """Whether fewer than k predictions of the row are greater than the target's, and that one is finite."""
    targets, (predictions,) = _class_numbers(targets), to_float(predictions)
    own, valid = pick(predictions, targets)
    above = reduce_sum(cast(predictions > own, "int32"), axis=-1)
    finite = e.isfinite(squeeze(own, -1))
    return e.logical_and(e.logical_and(above < k, finite), valid)
