"""The door for arbitrary NumPy: an op made of Python functions, a step of a plan that takes the GIL."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np

from ..dtypes import standardize_dtype
from ..tensor import Tensor
from .catalogue import Op

__all__ = ["py_op"]


def py_op(
    fn: Callable,
    vjp: Callable | None = None,
    shape: Callable | None = None,
    dtype: object = None,
    name: str | None = None,
) -> Callable:
    """Make an op of a NumPy function.

    Parameters
    ----------
    fn : callable
        ``fn(*arrays)`` → one array.
    vjp : callable, optional
        ``vjp(dy, y, *arrays)`` → the gradient array of each input (a tuple, or one array; None: no gradient).
        Without it the op is a constant to gradient tapes.
    shape : callable, optional
        ``shape(*shapes)`` → the output's shape. Default: that of the first input.
    dtype : str, optional
        The output's dtype. Default: that of the first input.
    name : str, optional
        For messages. Default: fn's name.

    Returns
    -------
    callable
        A function of tensors, usable eagerly, under a `GradientTape` and inside traced functions, where it runs as a
        step that takes the GIL. NumPy computes there as it does elsewhere: denormals, which fastnn's own ops take for
        zero, are numbers.
    """
    for what, value in (("fn", fn), ("vjp", vjp), ("shape", shape)):
        if value is not None and not callable(value):
            raise TypeError(f"py_op: {what} must be callable, got {type(value).__name__}")
    label = name or getattr(fn, "__name__", "py_op")

    def spec(*inputs):
        if not inputs and (shape is None or dtype is None):
            raise TypeError(f"{label}: without inputs, py_op needs to be told shape and dtype")
        out_shape = inputs[0].shape if shape is None else tuple(shape(*(x.shape for x in inputs)))
        return [(out_shape, inputs[0].dtype if dtype is None else standardize_dtype(dtype))]

    return _python_op(label, fn, spec, None if vjp is None else _vjp(vjp, label))


def _python_op(label, fn, spec, vjp):
    def lower(plan, outs, ins):
        plan.hold(outs, ins)
        plan.python(lambda: _store(label, outs, fn(*(x.view() for x in ins))))

    settings = {"spec": spec, "reference": fn, "vjp": vjp, "lower": lower, "may_raise": True, "register": False}
    return Op(label, inputs=["xs"], **settings).variadic()


def _store(label, outs, values):
    values = values if isinstance(values, tuple) else (values,)
    for out, value in zip(outs, values, strict=True):
        value = np.asarray(value)
        if value.shape != out.shape:
            raise ValueError(f"{label}: returned shape {value.shape}, expected {out.shape}")
        out[...] = value


def _vjp(vjp, label):
    """The vjp as an op of its own, with one output for each input that has a gradient."""

    def derivative(call, dy):
        inputs, y = call.inputs, call.outputs[0]
        real = [i for i, x in enumerate(inputs) if x.dtype.kind == "f"]

        def fn(dy, y, *arrays):
            grads = vjp(dy, y, *arrays)
            grads = grads if isinstance(grads, tuple) else (grads,)
            if len(grads) != len(arrays):
                raise ValueError(f"{label}: vjp returned {len(grads)} gradients for {len(arrays)} inputs")
            return tuple(np.zeros_like(arrays[i]) if grads[i] is None else grads[i] for i in real)

        op = _python_op(f"{label}_grad", fn, lambda dy, y, *xs: [(xs[i].shape, xs[i].dtype) for i in real], None)
        found = op(dy, y, *inputs)
        found = dict(zip(real, [found] if isinstance(found, Tensor) else found, strict=True))
        return tuple(found.get(i) for i in range(len(inputs)))

    return derivative
