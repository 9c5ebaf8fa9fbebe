"""The forward pass as cached programs: few rows in one go, many rows in batches."""

from __future__ import annotations

import weakref
from functools import partial
from typing import Any

import numpy as np

from .. import plan
from .._kernels import core
from ..locks import ReentrantLock
from ..ops.sparse import taking_rows
from ..sparse import is_wide, write_rows
from ..structures import flatten, rebuild
from ..tensor import Tensor, TracingError
from .runners import ProgramCache
from .sparse_rows import SparseRows

__all__ = ["Predictor"]

_KERAS_BATCH = 32  # rows
_WIDE_BATCH = 256  # where the user leaves the choice to us


class Predictor:
    """Predicts with a model that is built; threads may share it.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Any) -> None:
        self.model = weakref.proxy(model)  # so that both go when the model is dropped
        self._few: dict[Any, _Forward] = {}
        self._programs = ProgramCache(dropped=partial(_not_again, self._few))
        # A run that a fork cut off has left pointers in a program.
        self._lock = ReentrantLock(partial(_forget, self._programs, self._few))
        self._independent: bool | None = None

    def clear(self) -> None:
        """Forget all programs."""
        with self._lock.held:
            _forget(self._programs, self._few)
            self._independent = None

    def rows_are_independent(self) -> bool:
        """Whether the model is a stack of layers of this package, each row of whose outputs hangs on that row alone."""
        if self._independent is None:
            self.model._runtime.watch_layers()
            self._independent = self.model._rows_are_independent()
        return self._independent

    def few(self, x: np.ndarray) -> np.ndarray | None:
        """Return the predictions for rows of a shape and dtype seen before that make one batch, or None."""
        forward = self._few.get((x.shape, x.dtype))
        if forward is None:
            return None
        forward.used = self._programs.made
        with self._lock.held:
            return forward(x)

    def predict(self, x: np.ndarray | SparseRows) -> Any:
        """Return the predictions for one batch, in the structure that the model returns."""
        if self.model._runtime.eager:
            return self._eagerly(x)
        try:
            with self._lock.held:
                rows, room = (x, None) if isinstance(x, np.ndarray) else self._sparse(x)
                forward = self._programs.get((x.shape, room), lambda: self._compile(x.shape, room))
                if rows is x and forward.one_output and len(x) <= self.wide_batch():
                    self._remember(x, forward)
                return forward(rows)
        except TracingError as error:
            self.model._fall_back_to_eager(error)
            return self._eagerly(x)

    def wide_batch(self) -> int:
        """Return the rows of a batch where the user leaves the choice to us.

        32 is Keras' default, and what a layer that mixes rows must see; the layers of this package treat
        each row by itself, and larger batches of them give the same numbers sooner.
        """
        return _WIDE_BATCH if self.rows_are_independent() else _KERAS_BATCH

    def _sparse(self, x: SparseRows) -> tuple[Any, int | None]:
        """Return the rows as a program takes them, and its room for elements; None: they are dense."""
        if not is_wide(x.matrix) or self.model._input_dtype.kind != "f":
            return x.astype(x.dtype), None
        source = x.source(self.model._input_dtype)
        return source, source.room(len(x))

    def _compile(self, shape: tuple[int, ...], room: int | None) -> _Forward:
        self.model._runtime.watch_layers()
        return _Forward(plan.compile(*taking_rows(self._forward, shape, self.model._input_dtype, room)))

    def _forward(self, x: Tensor) -> Any:
        outputs = self.model.predict_step(x)
        self.model.clear_losses()
        return outputs

    def _eagerly(self, x: np.ndarray) -> Any:
        return _as_arrays(self.model.predict_step(Tensor(x.astype(self.model._input_dtype))))

    def _remember(self, x: np.ndarray, forward: _Forward) -> None:
        kind = x.shape, x.dtype
        self._few[kind] = forward
        forward.few.add(kind)


class _Forward:
    """A program of the forward pass as a function of an array.

    Rows of the program's dtype and layout are read where they stand; others are copied and converted first.

    Attributes
    ----------
    nbytes : int
        See `Program`.
    one_output : bool
        Whether it returns an array, and no structure of several.
    few : set of (tuple of int, numpy.dtype)
        What it has been given as one batch: such rows need no more checks.
    """

    def __init__(self, program: plan.Program) -> None:
        self._program, self._rows = program, program.inputs[0].shape[0]
        self.nbytes, self.few = program.nbytes, set()
        self.one_output = isinstance(program.structure, Tensor)
        self._call = None
        if self.one_output and len(program.inputs) == 1 and not program.written and not program.plan.calls_python:
            (x,), (y,) = program.inputs, program.outputs
            if not np.may_share_memory(x, y):
                self._call = core.Call(program.plan, x, y)

    def __call__(self, x: Any) -> Any:
        """Return the outputs for an array or a `CsrSource` in their structure, arrays of their own."""
        if self._call is not None:
            y = self._call(x)
            if y is not None:
                return y
        self._program.plan.require_idle()
        write_rows(x, 0, self._rows, self._program.inputs)
        self._program.run()
        return _as_arrays(self._program.result())


def _forget(programs: ProgramCache, few: dict[Any, _Forward]) -> None:
    programs.clear()
    few.clear()


def _not_again(few: dict[Any, _Forward], forward: _Forward) -> None:
    for kind in forward.few:
        few.pop(kind, None)


def _as_arrays(structure: Any) -> Any:
    leaves = [leaf.numpy() if isinstance(leaf, Tensor) else leaf for leaf in flatten(structure)]
    return rebuild(structure, iter(leaves))
