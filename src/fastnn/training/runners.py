"""Runs steps of a model over batches: as programs, or op by op where that was asked for."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import numpy as np

from ..sparse import CsrSource
from ..tensor import Tensor, TracingError
from ..utils import pack_x_y_sample_weight
from .data import ArrayData

__all__ = ["EagerRunner", "ProgramCache", "ProgramRunner", "make_runner", "pack"]

Spec = tuple[tuple[int, ...], np.dtype]

_PROGRAMS = 512  # batches of all sizes up to 256, trained on and tested
_BYTES = 128 << 20  # a model has two caches that may be as large: of steps, and of predictions


class ProgramCache:
    """Programs of one model, by kind and shapes; those not used for longest go first, the last one stays.

    What is kept has ``nbytes``, and is given ``used``: how many had been made when it was last used. Threads may
    share a cache: where two miss a program at once, each makes its own.

    Parameters
    ----------
    limit : int
        How many programs are kept, so that small ones do not become a burden to Python.
    nbytes : int
        How much memory they may have together.
    dropped : callable, optional
        Is told of a program that goes.

    Attributes
    ----------
    made : int
        How many programs have been made.
    """

    def __init__(
        self, limit: int = _PROGRAMS, nbytes: int = _BYTES, dropped: Callable[[Any], None] | None = None
    ) -> None:
        self.limit, self.nbytes = limit, nbytes
        self.made = 0
        self._dropped = dropped
        self._programs: dict[Any, Any] = {}

    def get(self, key: Any, make: Callable[[], Any]) -> Any:
        """Return the program of this key, made now if there is none."""
        program = self._programs.get(key)
        if program is not None:
            program.used = self.made
            return program
        program = make()
        program.used = self.made
        self.made += 1
        self._programs[key] = program
        self._make_room()
        return program

    def _make_room(self) -> None:
        room = self.nbytes
        by_use = sorted(self._programs.items(), key=lambda item: item[1].used)
        for place, (key, program) in enumerate(reversed(by_use)):
            room -= program.nbytes
            if place and (place >= self.limit or room < 0):
                self._programs.pop(key, None)
                if self._dropped is not None:
                    self._dropped(program)

    def clear(self) -> None:
        """Forget all programs."""
        self._programs.clear()

    def __len__(self) -> int:
        return len(self._programs)


class ProgramRunner:
    """Runs batches of arrays through programs, one for whole batches and one for a short last batch.

    The programs are bound to the arrays when they run, and again where others, a callback that evaluates say, have
    bound them in between. Whoever has run something is to call `let_go` in the end.

    Parameters
    ----------
    model : Model
    mode : {"train", "test"}
    data : ArrayData
    permutation : ndarray of int64, shape (rows,), optional
        The order of the rows, read when batches run; None: as they stand.
    """

    def __init__(self, model: Any, mode: str, data: ArrayData, permutation: np.ndarray | None = None) -> None:
        self.size = data.batch_size
        self.whole, short = divmod(data.rows, self.size)
        self._sources, self._permutation, self._watched = data.gathered(), permutation, data.watched

        def program(rows: int) -> Any:
            x = self._sources[0]
            room = x.room(rows) if isinstance(x, CsrSource) else None
            found = model._step_program(mode, data.specs(rows), room)
            with found.lock.held:
                found.plan.require_idle()
            return found

        self._program = program(self.size)
        self._short = program(short) if short else None
        self._always_the_same = permutation is None and self.whole == 1 and not short
        self._last = self._program

    def run(self, begin: int, count: int) -> int:
        """Run batches ``begin … begin + count - 1``; return how many were completed before one diverged."""
        done = 0
        if begin < self.whole:
            asked = min(count, self.whole - begin)
            done = self._run(self._program, begin, asked)
            if done < asked:
                return done
        if done < count:
            done += self._run(self._short, self.whole, 1)
        return done

    def run_once(self) -> int:
        """Run all as one batch and let go of it; return whether it was completed, as 0 or 1."""
        try:
            return self.run(0, 1)
        finally:
            self.let_go()

    def _run(self, program: Any, begin: int, count: int) -> int:
        self._last = program
        with program.lock.held:  # no other thread binds it in between
            self._bind(program)
            done = program.run_batches(begin * self.size, count)
            return done if program.stopped_at is None else done - 1

    def _bind(self, program: Any) -> None:
        if program.bound is not self._sources:
            program.bind(self._sources, self._permutation, self._watched)

    def bind(self) -> None:
        """See to it that the programs are bound to the arrays."""
        self._bind(self._program)
        if self._short is not None:
            self._bind(self._short)

    def let_go(self) -> None:
        """Let go of the arrays, where others have not bound the programs since."""
        self._program.unbind(self._sources)
        if self._short is not None:
            self._short.unbind(self._sources)

    def parts(self) -> list[tuple[Any, int, int]]:
        """Return all batches as the parts of a `Sequence`."""
        if self._always_the_same:
            self._bind(self._program)
            self._program.gather(0)
            return [(self._program, 0, 0)]
        self.bind()
        parts = [(self._program, 0, self.whole)] if self.whole else []
        return parts if self._short is None else [*parts, (self._short, self.whole * self.size, 1)]

    def logs(self) -> dict[str, Any]:
        """Return what the step function returned for the last batch (models that override it)."""
        return dict(self._last.result())


class EagerRunner:
    """Runs batches op by op; the interface is that of `ProgramRunner`."""

    def __init__(self, model: Any, mode: str, data: ArrayData, permutation: np.ndarray | None = None) -> None:
        self.model = model
        self.data = data
        self.permutation = permutation
        self._step = model.train_step if mode == "train" else model.test_step
        self._own_logs = model._own_logs(mode)
        self._guarded = mode == "train"
        data.check_watched()
        self._logs: dict[str, Any] = {}

    def run(self, begin: int, count: int) -> int:
        """Run batches ``begin … begin + count - 1``; return how many were completed before one diverged."""
        for i in range(begin, begin + count):
            with self.model._runtime.quietly(not self._own_logs):
                self._logs = self._step(pack(*self._batch(i)))
            if self._guarded and not math.isfinite(self._loss()):
                return i - begin
        return count

    def _loss(self) -> float:
        """Return a number that is finite as long as the losses of the epoch were."""
        return float(self._logs.get("loss", 0.0) if self._own_logs else self.model._runtime.loss_tracker.total)

    def _batch(self, i: int) -> list[Tensor | None]:
        rows = slice(i * self.data.batch_size, (i + 1) * self.data.batch_size)
        order = rows if self.permutation is None else self.permutation[rows]
        specs = self.data.specs(self.data.batch_size)
        return [
            None if source is None else Tensor(source[order].astype(spec[1]))
            for source, spec in zip(self.data.sources, specs, strict=True)
        ]

    def run_once(self) -> int:
        """Run all as one batch; return whether it was completed, as 0 or 1."""
        return self.run(0, 1)

    def bind(self) -> None:
        """Do nothing: there are no programs."""

    let_go = bind

    def parts(self) -> None:
        """Return None: every batch needs Python."""
        return None

    def logs(self) -> dict[str, Any]:
        """Return what the step function returned for the last batch."""
        return dict(self._logs)


def make_runner(
    model: Any, mode: str, data: ArrayData, permutation: np.ndarray | None = None
) -> ProgramRunner | EagerRunner:
    """Return a runner for the data: a program, unless the model was told, or had, to run op by op."""
    if not model._runtime.eager:
        try:
            return ProgramRunner(model, mode, data, permutation)
        except TracingError as error:
            model._fall_back_to_eager(error)
    return EagerRunner(model, mode, data, permutation)


def pack(x: Any, y: Any = None, sample_weight: Any = None) -> Any:
    """Return a batch as Keras hands it to ``train_step``, but with weights where there are no targets, too."""
    return pack_x_y_sample_weight(x, y) if sample_weight is None else (x, y, sample_weight)
