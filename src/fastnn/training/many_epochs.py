"""Epochs one after the other in C, where nobody needs Python between them."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

from ..callbacks import CallbackList
from ..sequence import Sequence
from .feeds import ArrayFeed, StreamFeed
from .pace import Pace
from .snapshot import Snapshot

__all__ = ["ManyEpochs", "make_many_epochs"]


class ManyEpochs:
    """Runs as many epochs at a time as take about 50 ms: new order, metrics from zero, all batches, log.

    A stretch is all or nothing. If the loss stops being finite, or a weight is not finite at its end (what is
    infinite stays so, or becomes NaN), everything that its programs wrote is put back to what it was before, and the
    caller runs these epochs again one by one: the same seeds give the same bits. It serves one ``fit`` after the other,
    and knows from the last how long an epoch takes.

    Parameters
    ----------
    parts : list of (Program, int, int)
        An epoch of the feed; see `Sequence`.
    reader : MetricReader
    log : EpochLog
    snapshot : Snapshot
        Holds the state before a stretch, whenever one is run.

    Attributes
    ----------
    nbytes : int
        What its programs have: it keeps them.
    """

    def __init__(self, parts: list[tuple[Any, int, int]], reader: Any, log: Any, snapshot: Snapshot) -> None:
        self._log, self._snapshot = log, snapshot
        self._sequence = Sequence([(reader.reset_program, 0, 0), *parts, (log.program, 0, 0)])
        seen = {id(variable) for variable in (*snapshot.variables, *log.program.written)}
        self._others = [variable for variable in self._sequence.written if id(variable) not in seen]
        self.nbytes = sum(program.nbytes for program, _, _ in parts)
        self._gathers = any(batches for _, _, batches in parts)  # a single batch stands in its program
        self._pace = Pace()
        self._doubtful = 0

    def begin(self) -> None:
        """Begin a ``fit``: doubts were about the last one's epochs."""
        self._doubtful = 0

    def note(self, seconds: float) -> None:
        """Learn how long an epoch took that was run by itself."""
        self._pace.note(1, seconds)

    def ahead(self, epoch: int, epochs: int) -> int:
        """Return how many epochs from this one on may run in one go; fewer than two: let it run by itself."""
        if epoch < self._doubtful:
            return 0
        return min(epochs - epoch, self._pace.batches(), self._log.room)

    def run(self, epoch: int, count: int, callbacks: CallbackList, bind: Callable[[], None]) -> dict[str, float] | None:
        """Run epochs and hand their logs to the history; return the last one's, or None if nothing was done.

        ``bind`` is that of their feed.
        """
        before = [variable.numpy() for variable in self._others]
        self._log.begin()
        start = time.perf_counter()
        try:
            completed = self._sequence.run(count, bind if self._gathers else None)
        except KeyboardInterrupt:
            callbacks.record_epochs(epoch, self._log.columns(self._sequence.completed))
            raise
        if completed < count or not self._snapshot.finite():
            self._snapshot.restore()
            for variable, array in zip(self._others, before, strict=True):
                variable.load(array)
            self._doubtful = epoch + count
            return None
        self._pace.note(count, time.perf_counter() - start)
        columns = self._log.columns(count)
        callbacks.record_epochs(epoch, columns)
        return {name: values[-1] for name, values in columns.items()}


def make_many_epochs(
    model: Any, feed: ArrayFeed | StreamFeed, callbacks: CallbackList, snapshot: Snapshot
) -> ManyEpochs | None:
    """Return what runs many epochs at a time; None where an epoch needs Python: callbacks, streams, steps in Python."""
    if callbacks.wants_batches("train") or callbacks.wants_epochs() or model._own_logs("train"):
        return None
    parts, reader = feed.epoch_parts(), model._runtime.reader()
    if parts is None or reader.reset_program is None or any(program.plan.calls_python for program, _, _ in parts):
        return None
    many = model._runtime.many_epochs(parts, snapshot)
    if many is not None:
        many.begin()
    return many
