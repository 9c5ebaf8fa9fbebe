"""Epochs one after the other in C, where nobody looks at them one by one."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops, plan
from ..sequence import Sequence
from ..tensor import Variable
from ..training.pace import Pace
from .epochs import Epochs, TrainingStep
from .orders import Orders
from .programs import compiled, joined

__all__ = ["ManyEpochs"]

_TABLE = 1 << 20  # bytes of the orders that are drawn ahead
_LOG = 1 << 13  # losses
_WORTH_A_PROGRAM = 10  # epochs: what is between fewer in Python takes less time than to compile it


class ManyEpochs:
    """Runs as many epochs at a time as take about 50 ms, up to the one that the stopping rule makes the last.

    A stretch that does not stay finite is undone, and the caller runs its epochs again one by one: the same random
    numbers give the same bits.

    Parameters
    ----------
    step : TrainingStep
    epochs : Epochs
        Of this step, bound to its rows.
    orders : Orders or None
        Where the order of each epoch comes from; None: it stays as it is.
    tol : float
        An epoch improves the loss if its own is at least so far below the best one.
    patience : float
        A stretch ends when more epochs in a row than these have not improved the loss.
    limit : int
        The most epochs that will be asked for.
    """

    def __init__(
        self, step: TrainingStep, epochs: Epochs, orders: Orders | None, tol: float, patience: float, limit: int
    ) -> None:
        self._step, self._epochs, self._orders = step, epochs, orders
        self._tol, self._patience = tol, patience
        self._room = min(limit, _LOG) if orders is None else min(limit, _LOG, _TABLE // epochs.order.array.nbytes)
        self._pace, self._doubtful = Pace(), 0
        self._sequence: Sequence | None = None

    def note(self, seconds: float) -> None:
        """Learn how long an epoch took that was run by itself."""
        self._pace.note(1, seconds)
        self._doubtful = max(0, self._doubtful - 1)

    def run(self, most: int, best: float, stale: int, note: Callable[[list[float]], None]) -> bool:
        """Run up to so many epochs; return False where the next one is to be run by itself, and nothing was done.

        Parameters
        ----------
        most : int
        best : float
            The smallest loss before.
        stale : int
            How many epochs in a row have not improved it.
        note : callable
            Is given the losses of the epochs that were run, also when Ctrl-C was pressed meanwhile.
        """
        count = min(most, self._pace.batches(), self._room)
        if self._doubtful or count < 2 or (self._sequence is None and most < _WORTH_A_PROGRAM):
            return False
        sequence = self._compiled()
        before = sequence.state()
        self._draw(count)
        for variable, value in ((self._best, best), (self._stale, stale), (self._position, 0)):
            variable.load(value)
        self._step.total.load(0.0)
        start = time.perf_counter()
        try:
            sequence.run(count)
        except KeyboardInterrupt:
            note(self._losses_so_far())
            raise
        if not self._ended_well(count):
            sequence.load(before)
            self._rewind(0)
            self._doubtful = count
            return False
        losses = self._losses_so_far()
        self._pace.note(len(losses), time.perf_counter() - start)
        if len(losses) < count:
            self._rewind(len(losses))
        note(losses)
        return True

    def _compiled(self) -> Sequence:
        if self._sequence is None:
            self._best, self._stale = (Variable(np.float64(0), trainable=False) for _ in range(2))
            self._position = Variable(np.int64(0), trainable=False)
            self._losses = Variable(np.zeros(self._room), trainable=False)
            if self._orders is not None:
                shape = self._room, *self._epochs.order.shape
                self._table = Variable(np.broadcast_to(np.int64(0), shape), trainable=False)
            self._sequence = Sequence([*self._epochs.parts, (self._turn_program(), 0, 0)])
        return self._sequence

    def _turn_program(self) -> plan.Program:
        step, shuffled = self._step, self._orders is not None
        make = joined(step.make, (self._epochs.samples, self._room, self._tol, self._patience, shuffled))
        variables = [*step.network.variables, step.total, self._best, self._stale, self._position, self._losses]
        if shuffled:
            variables += [self._epochs.order, self._table]
        return compiled(make, self._turn, [], variables)

    def _turn(self) -> list[Any]:
        """Between epochs: note the loss, look at the weights and at the stopping rule, get the next epoch ready."""
        total = self._step.total
        loss = total / float(self._epochs.samples)
        stale = ops.where(loss <= self._best - self._tol, 0.0, self._stale + 1.0)
        ops.guard(*self._step.network.variables)
        ops.guard(ops.where(stale > self._patience, np.float64(np.nan), 0.0))
        ops.record(self._losses, self._position, loss)
        self._best.assign(ops.minimum(self._best, loss))
        self._stale.assign(stale)
        total.assign(0.0)
        if self._orders is not None:
            self._epochs.order.assign(ops.take(self._table, self._position, axis=0))
        return []

    def _draw(self, count: int) -> None:
        """Draw the orders of so many epochs, the first one of which is the next."""
        if self._orders is not None:
            self._orders.ahead(self._table.array[:count])
            self._epochs.order.load(self._table.array[0])

    def _rewind(self, drawn: int) -> None:
        if self._orders is not None:
            self._orders.rewind(drawn)

    def _losses_so_far(self) -> list[float]:
        return self._losses.array[: int(self._position.array)].tolist()

    def _ended_well(self, count: int) -> bool:
        """Tell whether all epochs, or all up to the last by the stopping rule, were finite; their weights are kept."""
        whole = self._sequence.completed == count or self._stale.array > self._patience
        return bool(whole) and self._step.finite.take()
