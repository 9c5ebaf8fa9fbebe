"""`@fastnn.function`: a Python function traced once for each signature and run as a program."""

from __future__ import annotations

import functools
import weakref
from collections.abc import Callable

import numpy as np

from . import autograd, plan
from .locks import ReentrantLock
from .structures import flatten, rebuild
from .tensor import Tensor, convert_to_tensor, current_graph

__all__ = ["function"]

_MOST_SIGNATURES = 64


def function(fn: Callable | None = None) -> Callable:
    """Compile a function of tensors.

    Parameters
    ----------
    fn : callable
        Takes tensors (or arrays, numbers; nested in tuples, lists, dicts), returns tensors likewise. It is
        called once for each combination of shapes, dtypes and values of other arguments (a Variable counts as itself:
        fn may write it; so does any object that is equal to itself alone, such as the ``self`` of a method, which is
        not kept alive for that); afterwards the compiled record runs. A Python float becomes a tensor of floatx, or of
        float64 where an argument is. Python side effects happen only while tracing. Variables that it writes are
        written at every call. Arrays and tensors from outside are copied while tracing: to change later what fn sees,
        pass it as an argument, or let it read a Variable.

    Returns
    -------
    callable
        Called under an active `GradientTape` or while another function is traced, it runs fn itself, op by op, so that
        derivatives flow through.
    """
    if fn is None:
        return function
    if not callable(fn):
        raise TypeError(f"function takes a callable, got {type(fn).__name__}")
    programs = {}
    lock = ReentrantLock()

    @functools.wraps(fn)
    def compiled(*args, **kwargs):
        if current_graph() is not None or autograd.is_recording():
            return fn(*args, **kwargs)
        leaves = flatten((args, kwargs))
        tensors = _tensors([x for x in leaves if _is_input(x)])
        signature = (_skeleton((args, kwargs)), tuple((t.shape, t.dtype) for t in tensors))
        with lock.held:  # until the outputs have been copied
            program = programs.get(signature)
            if program is None:
                program = plan.compile(_on_tensors(fn, args, kwargs), signature[1])
                for other in [other for other in programs if _is_gone(other)]:
                    programs.pop(other)
                if len(programs) >= _MOST_SIGNATURES:
                    programs.pop(next(iter(programs)))
                programs[signature] = program
            program.plan.require_idle()
            for memory, tensor in zip(program.inputs, tensors, strict=True):
                memory[...] = tensor.array
            program.run()
            return program.result()

    return compiled


def _is_input(x):
    return isinstance(x, (Tensor, np.ndarray, np.generic, float))


def _tensors(inputs):
    """Return the inputs as tensors; a Python float, which has no dtype of its own, in that of the widest."""
    tensors = [x if type(x) is float else convert_to_tensor(x) for x in inputs]
    wide = any(x.dtype == np.float64 for x in tensors if type(x) is not float)
    return [convert_to_tensor(x, "float64" if wide else None) if type(x) is float else x for x in tensors]


def _skeleton(structure):
    """What is not a tensor, hashable: part of the signature."""
    if isinstance(structure, (tuple, list)):
        return (type(structure), *(_skeleton(x) for x in structure))
    if isinstance(structure, dict):
        return ("dict", *((name, _skeleton(x)) for name, x in structure.items()))
    if _is_input(structure):
        return "tensor"
    try:
        hash(structure)
    except TypeError:
        raise TypeError(f"an argument of a compiled function cannot be a {type(structure).__name__}") from None
    kind = type(structure)
    if kind.__hash__ is object.__hash__ and kind.__weakrefoffset__:  # equal to itself alone
        return weakref.ref(structure)
    return ("value", kind, structure)  # True is no 1


def _is_gone(skeleton):
    """Whether an object of a signature is: nothing will be equal to it again."""
    if isinstance(skeleton, tuple):
        return any(map(_is_gone, skeleton))
    return isinstance(skeleton, weakref.ref) and skeleton() is None


def _on_tensors(fn, args, kwargs):
    leaves = flatten((args, kwargs))

    def call(*tensors):
        given = iter(tensors)
        filled = iter([next(given) if _is_input(x) else x for x in leaves])
        new_args, new_kwargs = rebuild((args, kwargs), filled)
        return _tensors_only(fn(*new_args, **new_kwargs))

    return call


def _tensors_only(result):
    leaves = [x if x is None or isinstance(x, Tensor) else convert_to_tensor(x) for x in flatten(result)]
    return rebuild(result, iter(leaves))
