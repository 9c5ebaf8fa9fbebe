"""The forward pass as cached programs: few rows in one go, many rows in batches."""

from __future__ import annotations

import threading
from typing import Any

import numpy as np

from .. import graph, plan
from ..tensor import Tensor, TracingError
from .runners import ProgramCache

__all__ = ["FEW_ROWS", "Predictor"]

FEW_ROWS = 32  # up to here rows are predicted by a program of their own
_WIDE_BATCH = 256  # rows of a batch where the user leaves the choice to us
_PROGRAMS = 64


class Predictor:
    """Predicts with a model that is built; threads may share it.

    Parameters
    ----------
    model : Model
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self._programs = ProgramCache(_PROGRAMS)
        self._few: dict[Any, Any] = {}
        self._lock = threading.Lock()

    def clear(self) -> None:
        """Forget all programs."""
        with self._lock:
            self._programs.clear()
            self._few.clear()

    def few(self, x: np.ndarray) -> np.ndarray | None:
        """Return the predictions for a few rows of a shape and dtype seen before, or None.

        This is the short way: one dictionary, one copy in, one run, one copy out.
        """
        program = self._few.get((x.shape, x.dtype))
        if program is None:
            return None
        with self._lock:
            program.inputs[0][...] = x
            program.run()
            return program.outputs[0].copy()

    def predict(self, x: np.ndarray) -> Any:
        """Return the predictions for one batch, in the structure that the model returns."""
        if self.model._runtime.eager:
            return self._eagerly(x)
        try:
            with self._lock:
                program = self._program(x)
                program.inputs[0][...] = x
                program.run()
                result = _as_arrays(program.result())
                if len(x) <= FEW_ROWS and isinstance(result, np.ndarray):
                    self._remember(x, program)
                return result
        except TracingError as error:
            self.model._fall_back_to_eager(error)
            return self._eagerly(x)

    def wide_batch(self) -> int:
        """Return the rows of a batch where the user leaves the choice to us.

        32 is Keras' default, and what a layer that mixes rows must see; the layers of this package treat
        each row by itself, and larger batches of them give the same numbers sooner.
        """
        return _WIDE_BATCH if self.model._rows_are_independent() else 32

    def _program(self, x: np.ndarray) -> Any:
        spec = (x.shape, self.model._input_dtype)
        return self._programs.get(spec, lambda: plan.compile(self._forward, [spec]))

    def _forward(self, x: Tensor) -> Any:
        outputs = self.model.predict_step(x)
        self.model.clear_losses()
        return outputs

    def _eagerly(self, x: np.ndarray) -> Any:
        return _as_arrays(self.model.predict_step(Tensor(x.astype(self.model._input_dtype))))

    def _remember(self, x: np.ndarray, program: Any) -> None:
        if len(self._few) >= _PROGRAMS:
            self._few.clear()
        self._few[x.shape, x.dtype] = program


def _as_arrays(structure: Any) -> Any:
    leaves = [leaf.numpy() if isinstance(leaf, Tensor) else leaf for leaf in graph.flatten(structure)]
    return graph.rebuild(structure, iter(leaves))
