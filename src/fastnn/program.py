"""Programs: a plan with what one has to know of it to run it on batches."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from ._kernels.core import Plan
from .locks import ReentrantLock
from .ops.sparse import Csr
from .sparse import CsrSource
from .structures import flatten, rebuild
from .tensor import Tensor, Variable, before_write

__all__ = ["Program", "Uses"]

_STEP_BYTES = 3 << 10  # about what Python and C know of a step


class Program:
    """A compiled function.

    Attributes
    ----------
    plan : Plan
    structure : object
        What the traced function returned; its leaves stand for `outputs`.
    inputs : list of numpy.ndarray
        The program's input memory: write here before `run`.
    outputs : list of numpy.ndarray
        Where the outputs stand after a run; the next run overwrites them.
    uses : Uses
        What the steps look at that is not the plan's own memory.
    bound : sequence or None
        The sources that `bind` was given last, until `unbind`.
    """

    def __init__(self, plan: Plan, structure: object, inputs: list[np.ndarray], outputs: list[np.ndarray], uses: Uses):
        self.plan, self.structure, self.inputs, self.outputs, self.uses = plan, structure, inputs, outputs, uses
        self.lock = ReentrantLock(plan.abandon)  # what a run of this thread must not meet, the plan refuses
        self._batch = self.inputs[0].shape[0] if self.inputs and self.inputs[0].ndim else 0
        self.bound = self._rows = None

    @functools.cached_property
    def nbytes(self) -> int:
        """About how much memory is free again when the program goes."""
        own = sum(array.nbytes for array in (*self.plan.scratch, *self.uses.constants))
        return own + _STEP_BYTES * len(self.plan)

    @property
    def written(self) -> list[Variable]:
        """The variables that a run writes."""
        return self.uses.written

    def run(self) -> list[np.ndarray]:
        """Run once on what stands in `inputs`; return `outputs`."""
        with self.lock.held:
            before_write(self.uses.written)
            self.plan.run(gather=False)
        return self.outputs

    def bind(self, sources: Sequence[np.ndarray], permutation: np.ndarray | None = None, watch: bool = False) -> None:
        """Say where `run_batches` finds its rows.

        Parameters
        ----------
        sources : sequence of (numpy.ndarray or CsrSource)
            One for each input: (n, ...) arrays with contiguous rows of the input's shape, any dtype; sparse rows for
            the three inputs that are a `Csr`.
        permutation : (m,) int64 array, optional
            Row numbers; batch i takes those at i · batch and on. It is read at every run.
        watch : bool
            Stop, as a guard does, at a batch whose floats are not all finite.
        """
        wanted = sum([len(Csr._fields) if isinstance(source, CsrSource) else 1 for source in sources])
        if wanted != len(self.inputs):
            raise ValueError(f"bind: sources for {wanted} inputs, not for {len(self.inputs)}")
        rows = set(map(len, sources))
        if len(rows) != 1:
            raise ValueError(f"bind: sources of different lengths {sorted(rows)}")
        with self.lock.held:
            self.plan.require_idle()
            self.bound, self._rows = sources, None
            i = 0
            for source in sources:
                if isinstance(source, CsrSource):
                    self.plan.set_gather_csr(i, self.inputs[i : i + 3], source.arrays, source.features, permutation)
                    i += len(Csr._fields)
                else:
                    self.plan.set_gather(i, self.inputs[i], source, permutation, watch=watch)
                    i += 1
            self._rows = rows.pop() if permutation is None else len(permutation)

    def unbind(self, sources: Sequence | None = None) -> None:
        """Let go of the sources that `bind` was given, or only of these: they need not live as long as the program."""
        with self.lock.held:
            if sources is not None and sources is not self.bound:
                return
            self.plan.require_idle()
            self.bound = self._rows = None
            for i in range(len(self.inputs)):
                self.plan.clear_gather(i)

    def gather(self, first_row: int) -> None:
        """Put the batch from this row on into `inputs`, where it stays for every `run`."""
        with self.lock.held:
            self.check_rows(first_row, 1)
            self.plan.gather(first_row)

    def run_batches(self, first_row: int, batches: int) -> int:
        """Run on consecutive batches, without the GIL; return how many were completed.

        Fewer than asked means that a guard met a value that is not finite: the last one completed is the first bad one.
        """
        with self.lock.held:  # another thread may have bound other sources
            self.check_rows(first_row, batches)
            before_write(self.uses.written)
            return self.plan.run(batches, self._batch, first_row)

    def stretch(self, first_row: int, batches: int) -> tuple[Plan, bool, int, int, int]:
        """Return what a `Sequence` runs: so many batches from a row on, or with 0 the program once, without a bind."""
        if not batches:
            return self.plan, False, 1, 0, 0
        self.check_rows(first_row, batches)
        return self.plan, True, batches, self._batch, first_row

    def check_rows(self, first_row: int, batches: int) -> None:
        """Raise an error where what is bound has no such rows."""
        if self._rows is None:
            raise RuntimeError("run_batches needs bind first")
        if first_row < 0 or batches < 0 or first_row + batches * self._batch > self._rows:
            raise ValueError(f"{batches} batches of {self._batch} from row {first_row} exceed the {self._rows} rows")

    @property
    def stopped_at(self) -> int | None:
        """Which batch of the last `run_batches` a guard stopped at, or None."""
        return self.plan.stopped_at

    def result(self):
        """Return the outputs in the structure that the function returned, as tensors of their own."""
        outputs = iter(self.outputs)
        leaves = [Tensor(next(outputs).copy()) if isinstance(x, Tensor) else x for x in flatten(self.structure)]
        return rebuild(self.structure, iter(leaves))


@dataclass(frozen=True)
class Uses:
    """What a program looks at that is not its plan's own memory.

    Parameters
    ----------
    variables : list of Variable
        All that it reads or writes.
    written : list of Variable
        Those of them that it writes.
    constants : list of numpy.ndarray
    """

    variables: list[Variable]
    written: list[Variable]
    constants: list[np.ndarray]
