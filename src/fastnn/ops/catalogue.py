"""The Op class and the catalogue: one object an op holds its shape rule, reference, derivative and lowering.

Calling an op on tensors launches it at once: a plan of length one. If an input is symbolic, the call is
recorded in the graph being traced instead, and lowered later by the same function.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Sequence

import numpy as np

from .._kernels.core import DTYPES, Plan
from ..autograd import record
from ..tensor import SymbolicTensor, Tensor, Variable, aligned_empty, convert_to_tensor, current_graph

__all__ = ["CATALOGUE", "Op"]

CATALOGUE: dict[str, Op] = {}
REQUIRED = inspect.Parameter.empty


class _Catalogued(type):
    """What makes ops: of a name alone, the op that the catalogue holds."""

    def __call__(cls, name, **definition):
        return super().__call__(name, **definition) if definition else CATALOGUE[name]


class Op(metaclass=_Catalogued):
    """A primitive operation.

    ``Op(name)`` is the one in the catalogue. Who looks for an op in a graph compares objects, so copies, and what comes
    out of a file, are the op itself.

    Parameters
    ----------
    name : str
        Its name in the catalogue and, for public ops, in ``fastnn.ops``.
    spec : callable
        ``spec(*inputs, **attrs)`` → list of (shape, dtype) of the outputs; raises on inputs that cannot be.
    reference : callable
        ``reference(*arrays, **attrs)`` → array or tuple of arrays, in plain NumPy.
    vjp : callable, optional
        ``vjp(call, *douts)`` → gradient of each input (None: none), written in ops. Those that ``call.needs`` does
        not ask for may be left out. An op without one is a constant to the tape.
    lower : callable, optional
        ``lower(plan, outs, ins, **attrs)`` appends steps to a plan. outs and ins are lists of arrays.
    view : callable, optional
        ``view(array, **attrs)`` → an array sharing memory with the input, or None where it cannot be. An op needs
        `lower`, `view` or both.
    convert : callable, optional
        ``convert(*inputs)`` → the inputs as tensors of the dtypes that the kernels want.
    mutates : tuple of int
        Positions of the inputs (Variables) that it writes.
    stateful : bool
        Whether it must be kept although nobody uses its outputs.
    in_place : bool
        Whether an output, or what it writes, may be the memory of an input of its shape and dtype.
    spaced : tuple of int
        Positions of the inputs that may be matrices with room between their rows; the output may be one, too, then.
    alike : int, optional
        Position of an input that must be laid out as the output.
    may_raise : bool
        Whether running it may raise: nothing that follows it then happens.
    attrs : dict
        Names and defaults of the attributes (`inspect.Parameter.empty`: required), in positional order.
    doc : str
        Docstring.
    register : bool
        Whether it enters the catalogue (users' Python ops and those of fusion do not).
    """

    def __init__(
        self,
        name: str,
        *,
        inputs: Sequence[str],
        spec: Callable,
        reference: Callable,
        vjp: Callable | None = None,
        lower: Callable | None = None,
        view: Callable | None = None,
        convert: Callable | None = None,
        mutates: tuple[int, ...] = (),
        stateful: bool = False,
        in_place: bool = False,
        spaced: tuple[int, ...] = (),
        alike: int | None = None,
        may_raise: bool = False,
        attrs: dict | None = None,
        doc: str = "",
        register: bool = True,
    ):
        self.__name__ = self.__qualname__ = self.name = name
        self.spec = spec
        self.reference = reference
        self.vjp = vjp
        self.lower = lower
        self.view = view
        self.convert = convert
        self.mutates = mutates
        self.stateful = stateful or bool(mutates)
        self.in_place = in_place
        self.spaced = spaced
        self.alike = alike
        self.may_raise = may_raise
        self.n_inputs = len(inputs)
        self.attr_defaults = attrs or {}
        self.__doc__ = doc
        self.__signature__ = _signature(inputs, self.attr_defaults)
        self._defaults = tuple(parameter.default for parameter in self.__signature__.parameters.values())
        self._n_required = self._defaults.count(REQUIRED)
        if register:
            if name in CATALOGUE:
                raise ValueError(f"op {name!r} is in the catalogue already")
            CATALOGUE[name] = self

    def __repr__(self):
        return f"<op {self.name}{self.__signature__}>"

    def __copy__(self):
        return self

    def __deepcopy__(self, memo):
        return self

    def __reduce__(self):
        return (Op, (self.name,)) if CATALOGUE.get(self.name) is self else super().__reduce__()

    def __call__(self, *args, **kwargs):
        if kwargs or not self._n_required <= len(args) <= len(self._defaults):
            bound = self.__signature__.bind(*args, **kwargs)  # raises where they do not fit
            bound.apply_defaults()
            args = bound.args
        args += self._defaults[len(args) :]
        if not self.attr_defaults:
            return self.apply(args, {})
        attrs = dict(zip(self.attr_defaults, args[self.n_inputs :], strict=True))
        return self.apply(args[: self.n_inputs], attrs)

    def variadic(self):
        """Return a function of any number of inputs."""

        def call(*inputs):
            return self.apply(inputs, {})

        call.__name__ = call.__qualname__ = self.name
        return call

    def apply(self, inputs, attrs):
        """Run or record the op on exactly these inputs (None: an optional input that is absent)."""
        inputs = tuple(self.convert(*inputs) if self.convert is not None else self._as_tensors(inputs))
        graph = current_graph()
        if graph is not None and (self.stateful or SymbolicTensor in map(type, inputs)):
            outputs = graph.record(self, inputs, attrs)
        else:
            outputs = self._launch(inputs, attrs)
        record(self, inputs, outputs, attrs)
        return outputs[0] if len(outputs) == 1 else outputs

    def _as_tensors(self, inputs):
        """Return the inputs as tensors of their dtypes, those that are written as the Variables they must be."""
        for i in self.mutates:
            if inputs[i] is not None and not isinstance(inputs[i], Variable):
                kind = type(inputs[i]).__name__
                raise TypeError(f"{self.name} writes its input {i}: a Variable is needed, got {kind}")
        return [x if x is None or i in self.mutates else convert_to_tensor(x) for i, x in enumerate(inputs)]

    def _launch(self, inputs, attrs):
        specs = self.spec(*inputs, **attrs)
        if self.mutates:
            for i in self.mutates:
                if inputs[i] is not None:
                    inputs[i].before_write()
        arrays = [None if x is None else x.array for x in inputs]
        if self.view is not None:
            source = arrays[0].copy() if inputs[0].variable is not None else arrays[0]
            array = self.view(source, **attrs)
            if array is not None:
                return (Tensor(array),)
        outs = [aligned_empty(shape, dtype) for shape, dtype in specs]
        plan = Plan()
        self.lower(plan, outs, arrays, **attrs)
        plan.run()
        return tuple(Tensor(out) for out in outs)


def _signature(inputs, attrs):
    """Inputs that end in "?" may be None; they may be left out where nothing required follows."""
    defaults = {name.rstrip("?"): None if name.endswith("?") else REQUIRED for name in inputs} | attrs
    required = [i for i, default in enumerate(defaults.values()) if default is REQUIRED]
    last = max(required, default=-1)
    return inspect.Signature(
        inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD, default=default)
        if i > last
        else inspect.Parameter(name, inspect.Parameter.POSITIONAL_OR_KEYWORD)
        for i, (name, default) in enumerate(defaults.items())
    )


_CODES = {np.dtype(name): code for code, name in enumerate(DTYPES)}


def dtype_code(array: np.ndarray) -> int:
    """Return the number by which kernels know the array's dtype, for those that take it as an option."""
    return _CODES[array.dtype]


def scratch(plan: Plan, shape: tuple[int, ...], dtype: object) -> np.ndarray:
    """Return memory, not initialized, that the steps of the plan alone use."""
    memory = aligned_empty(shape, dtype)
    plan.scratch.append(memory)
    return memory


def copied(plan: Plan, array: np.ndarray) -> np.ndarray:
    """Return C-contiguous memory to which the plan copies ``array``."""
    memory = scratch(plan, array.shape, array.dtype)
    plan.map("copy", memory, array)
    return memory


def contiguous(plan: Plan, array: np.ndarray) -> np.ndarray:
    """Return ``array`` itself if it is C-contiguous, else a copy made by the plan."""
    return array if array.flags.c_contiguous else copied(plan, array)
