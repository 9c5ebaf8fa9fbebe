"""Reverse-mode derivatives: GradientTape records ops and walks back through their vjps."""

from __future__ import annotations

import threading
from contextlib import contextmanager, nullcontext

import numpy as np

from .structures import flatten, rebuild
from .tensor import Tensor, Variable, convert_to_tensor

__all__ = ["GradientTape"]


class _Stack(threading.local):
    def __init__(self):
        self.tapes = []


_stack = _Stack()


class Call:
    """One recorded call of an op: what its vjp may look at. ``needs``: which inputs' gradients anybody wants."""

    __slots__ = ("attrs", "inputs", "needs", "op", "outputs")

    def __init__(self, op, inputs, outputs, attrs):
        self.op = op
        self.inputs = inputs
        self.outputs = outputs
        self.attrs = attrs
        self.needs = ()


def key(x: object) -> int:
    """Return what identifies a value: the variable for its reads, else the tensor."""
    variable = x if isinstance(x, Variable) else x.variable
    return id(variable if variable is not None else x)


def record(op, inputs, outputs, attrs) -> None:
    """Show a call to every active tape."""
    for tape in _stack.tapes:
        tape._record(op, inputs, outputs, attrs)


def is_recording() -> bool:
    """Whether any tape is active."""
    return bool(_stack.tapes)


def is_watched(x: Tensor) -> bool:
    """Whether an active tape follows a tensor."""
    return any(key(x) in tape._watched for tape in _stack.tapes)


@contextmanager
def isolated():
    """Hide the active tapes: what is traced is not shown to tapes outside."""
    outer, _stack.tapes = _stack.tapes, []
    try:
        yield
    finally:
        _stack.tapes = outer


class GradientTape:
    """Record operations for differentiation (TensorFlow's interface).

    Parameters
    ----------
    persistent : bool
        Allow `gradient` more than once.
    watch_accessed_variables : bool
        Watch every trainable variable that is read. If False, only what `watch` names.

    Examples
    --------
    >>> x = fastnn.Variable(3.0)
    >>> with fastnn.GradientTape() as tape:
    ...     y = x * x
    >>> float(tape.gradient(y, x))
    6.0
    """

    def __init__(self, persistent: bool = False, watch_accessed_variables: bool = True):
        self._persistent = persistent
        self._auto = watch_accessed_variables
        self._calls = []
        self._watched = {}  # key -> the value, kept alive so that its id stays its own
        self._used = False

    def __enter__(self):
        if self._used and not self._persistent:
            raise RuntimeError("a non-persistent GradientTape can be used only once")
        if any(tape is self for tape in _stack.tapes):
            raise ValueError("this GradientTape is recording already")
        _stack.tapes.append(self)
        return self

    def __exit__(self, *exception):
        _stack.tapes.remove(self)

    def watch(self, x: Tensor | Variable | list) -> None:
        """Trace a tensor (or a list of tensors) from here on."""
        for each in x if isinstance(x, (list, tuple)) else [x]:
            if not isinstance(each, (Tensor, Variable)):
                raise TypeError(f"watch takes tensors, got {type(each).__name__}")
            if each.dtype.kind != "f":
                raise TypeError(f"only float tensors can be watched, got dtype {each.dtype}")
            self._watched[key(each)] = each

    def reset(self) -> None:
        """Forget everything recorded."""
        self._calls.clear()
        self._watched.clear()

    def watched_variables(self) -> tuple[Variable, ...]:
        """Return the variables read so far, in order."""
        return tuple(x for x in self._watched.values() if isinstance(x, Variable))

    def _record(self, op, inputs, outputs, attrs):
        watched = False
        for x in inputs:
            if not isinstance(x, Tensor):
                continue
            variable = x.variable
            if variable is not None and self._auto and variable.trainable and variable.dtype.kind == "f":
                self._watched[id(variable)] = variable
            watched = watched or key(x) in self._watched
        if watched and op.vjp is not None:
            self._calls.append(Call(op, inputs, outputs, attrs))
            for out in outputs:
                if out.dtype.kind == "f":
                    self._watched[id(out)] = out

    def gradient(self, target, sources, output_gradients=None, unconnected_gradients: str = "none"):
        """Return the derivative of target with respect to each of sources.

        Inside the ``with`` of a persistent tape the derivative is recorded, too, and can be differentiated itself.

        Parameters
        ----------
        target : Tensor or list of Tensor
            Their sum is differentiated.
        sources : Tensor, Variable or a list of them
            The result has the same structure.
        output_gradients : Tensor or list of Tensor, optional
            Weights of the target's elements, of its shape or one for all; ones by default.
        unconnected_gradients : {"none", "zero"}
            What to return for a source that the target does not depend on.
        """
        if unconnected_gradients not in ("none", "zero"):
            raise ValueError(f"unconnected_gradients must be 'none' or 'zero', got {unconnected_gradients!r}")
        if self._used and not self._persistent:
            raise RuntimeError(
                "gradient was called twice on a tape that is not persistent; use GradientTape(persistent=True)"
            )
        targets = _values("target", target if isinstance(target, (list, tuple)) else [target])
        wanted = _values("sources", flatten(sources))
        with nullcontext() if self._persistent else self.stop_recording():
            grads = _seeds(targets, output_gradients)
            self._used = True
            self._backward(grads)
        found = rebuild(sources, (self._pick(grads, source, unconnected_gradients) for source in wanted))
        if not self._persistent:
            self.reset()
        return found

    @contextmanager
    def stop_recording(self):
        """Record nothing for the length of a ``with``."""
        active = self in _stack.tapes
        if active:
            _stack.tapes.remove(self)
        try:
            yield
        finally:
            if active:
                _stack.tapes.append(self)

    def _backward(self, grads):
        """Add to ``grads`` (key of a value → its gradient), which has the targets', those of all that led to them."""
        for call in reversed(self._calls):
            douts = [grads.get(id(out)) for out in call.outputs]
            if all(each is None for each in douts):  # the targets do not depend on it
                continue
            keys = [key(x) if isinstance(x, Tensor) else None for x in call.inputs]
            call.needs = [k in self._watched for k in keys]
            for k, needed, dx in zip(keys, call.needs, _as_tuple(call.op.vjp(call, *douts)), strict=True):
                if needed and dx is not None:
                    _accumulate(grads, k, dx)

    @staticmethod
    def _pick(grads, source, unconnected):
        grad = grads.get(key(source))
        if grad is None and unconnected == "zero":
            return _full(source, 0)
        return grad


def _values(name, given):
    """Return what was given; raise TypeError unless all of it is tensors and variables."""
    for each in given:
        if not isinstance(each, (Tensor, Variable)):
            raise TypeError(f"gradient: {name} must be tensors or variables, got {type(each).__name__}")
    return given


def _seeds(targets, output_gradients):
    """Return key of a target → its own gradient, which is what the derivatives begin with."""
    given = output_gradients if isinstance(output_gradients, (list, tuple)) else [output_gradients] * len(targets)
    if len(given) != len(targets):
        raise ValueError(f"gradient: {len(given)} output_gradients for {len(targets)} targets")
    seeds = {}
    for target, seed in zip(targets, given, strict=True):
        seed = _full(target, 1) if seed is None else convert_to_tensor(seed, target.dtype)
        if seed.shape not in ((), target.shape):
            raise ValueError(f"output_gradients of shape {seed.shape} for a target of shape {target.shape}")
        if seed.shape != target.shape:
            seed = _full(target, 1) * seed
        _accumulate(seeds, key(target), seed)
    return seeds


def _full(x, value):
    return Tensor(np.full(x.shape, value, x.dtype))


def _accumulate(grads, k, dx):
    grads[k] = grads[k] + dx if k in grads else dx


def _as_tuple(x):
    return x if isinstance(x, tuple) else (x,)
