"""Programs run one after the other, again and again, in C: the epochs of a small network."""

from __future__ import annotations

from collections.abc import Callable, Iterable

import numpy as np

from ._kernels import core
from .program import Program
from .structures import unique
from .tensor import before_write

__all__ = ["Sequence"]


class Sequence:
    """A round of programs, to be run many times without a return to Python.

    Parameters
    ----------
    parts : iterable of (Program, int, int)
        The programs in their order. Each runs a number of batches, the last of the three, of the rows bound to
        it, from the row in the middle on; 0 batches: it runs once, on what stands in its inputs.
    """

    def __init__(self, parts: Iterable[tuple[Program, int, int]]) -> None:
        self._parts = parts = list(parts)
        self._core = core.Sequence([program.stretch(row, batches) for program, row, batches in parts])
        self._programs = unique(program for program, _, _ in parts)
        self.written = unique(variable for program in self._programs for variable in program.written)

    @property
    def completed(self) -> int:
        """How many rounds the last `run` completed, also when an interrupt ended it."""
        return self._core.completed

    def state(self) -> list[np.ndarray]:
        """Return a copy of all that the programs write."""
        return [np.array(variable.array) for variable in self.written]

    def load(self, state: list[np.ndarray]) -> None:
        """Put back what `state` returned."""
        for variable, array in zip(self.written, state, strict=True):
            variable.load(array)

    def run(self, rounds: int, bind: Callable[[], None] | None = None) -> int:
        """Run so many rounds; return how many were completed: fewer when a guard met a value that is not finite.

        Before, ``bind`` may bind the programs: another thread may have bound other sources, and has to wait now.
        """
        held = []
        try:
            for program in self._programs:
                lock = program.lock.held
                lock.acquire()
                held.append(lock)
            if bind is not None:
                bind()
            for program, row, batches in self._parts:
                if batches:
                    program.check_rows(row, batches)
            before_write(self.written)
            return self._core.run(rounds)
        finally:
            for lock in held:
                lock.release()
