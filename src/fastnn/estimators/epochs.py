"""One epoch of training in C: a traced step for whole batches, one for the short last batch."""

from __future__ import annotations

import time
from dataclasses import dataclass

import numpy as np

from .. import ops, plan
from ..autograd import GradientTape
from ..tensor import Tensor, Variable
from ..training.pace import Pace
from .network import Network
from .objectives import Objective
from .solvers import Solver

__all__ = ["Epochs", "TrainingData"]


@dataclass
class TrainingData:
    """What is trained on.

    Attributes
    ----------
    X : ndarray of shape (samples, features)
        C-contiguous.
    targets : ndarray of shape (samples,) or (samples, outputs)
        As the objective wants them.
    sample_weight : ndarray of shape (samples,) or None
    rows : ndarray of int64 or None
        The rows to train on, in their order before shuffling; None: all.
    """

    X: np.ndarray
    targets: np.ndarray
    sample_weight: np.ndarray | None = None
    rows: np.ndarray | None = None

    @property
    def samples(self) -> int:
        """How many rows are trained on."""
        return len(self.X if self.rows is None else self.rows)

    def arrays(self) -> list[np.ndarray]:
        """Return the arrays from which batches are gathered."""
        given = (self.X, self.targets, self.sample_weight)
        return [array for array in given if array is not None]


class Epochs:
    """Runs epochs over the data, changing a network's weights in place.

    Parameters
    ----------
    network : Network
    objective : Objective
    solver : Solver
    alpha : float
        The penalty ``alpha / 2 * sum(W²)`` of the kernels, divided by the batch's sum of sample weights, is added to
        the mean loss.
    data : TrainingData
    batch_size : int
        At most the number of samples.

    Attributes
    ----------
    batches : int
        In an epoch.
    """

    def __init__(
        self,
        network: Network,
        objective: Objective,
        solver: Solver,
        alpha: float,
        data: TrainingData,
        batch_size: int,
    ) -> None:
        self._network, self._objective, self._solver = network, objective, solver
        self._alpha = float(alpha)
        self._samples = data.samples
        self._batch_size = batch_size
        self._total = Variable(np.float64(0), trainable=False, name="total_loss")
        self._rows = np.arange(data.samples) if data.rows is None else data.rows
        self._order = self._rows.astype(np.int64)
        whole, short = divmod(data.samples, batch_size)
        self._stretches = [(self._program(data, batch_size), 0, whole)] if whole else []
        if short:
            self._stretches.append((self._program(data, short), whole * batch_size, 1))
        self.batches = sum(batches for _, _, batches in self._stretches)
        self._pace = Pace()

    def run(self, order: np.ndarray | None = None) -> tuple[float, int | None]:
        """Run one epoch.

        Parameters
        ----------
        order : ndarray of int64, optional
            Positions in the data's ``rows``, in the order in which they are to be seen. Default: that of the last
            epoch.

        Returns
        -------
        loss : float
            The mean over samples of their batch's loss, penalty included, before the batch's update.
        diverged : int or None
            The batch (from 1) in which the loss was not finite; training stopped there.
        """
        if order is not None:
            np.take(self._rows, order, out=self._order)
        self._total.load(0.0)
        done = 0
        for program, first, batches in self._stretches:
            ran, finite = self._run(program, first, batches)
            done += ran
            if not finite:
                return float("nan"), done
        return float(self._total.array) / self._samples, None

    def _run(self, program: plan.Program, first: int, batches: int) -> tuple[int, bool]:
        """Run batches in stretches, so that Ctrl-C is seen in between; return those run and whether all were finite."""
        done = 0
        while done < batches:
            asked = min(self._pace.batches(), batches - done)
            start = time.perf_counter()
            done += program.run_batches(first + done * self._batch_size, asked)
            self._pace.note(asked, time.perf_counter() - start)
            if program.stopped_at is not None:
                return done, False
        return done, True

    def _program(self, data: TrainingData, rows: int) -> plan.Program:
        dtype = self._network.dtype
        sources = data.arrays()
        dtypes = [dtype, np.dtype("int64") if self._objective.class_numbers else dtype, dtype]
        specs = [((rows, *source.shape[1:]), t) for source, t in zip(sources, dtypes, strict=False)]
        program = plan.compile(self._step, specs)
        program.bind(sources, self._order)
        return program

    def _step(self, x: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """One batch: forward, backward, update. Traced."""
        network, rows = self._network, x.shape[0]
        share = 1.0 / rows if weights is None else _reciprocal(ops.sum(weights))
        with GradientTape() as tape:
            losses = self._objective.losses(targets, network.logits(x))
            loss = ops.sum(losses if weights is None else losses * weights) * share
        ops.guard(loss)
        gradients = tape.gradient(loss, network.variables)
        if self._objective.mean_over_outputs:
            loss = loss * (1.0 / network.biases[-1].shape[0])
        if self._alpha:
            strength = self._alpha * share
            loss = loss + _sum_of_squares(network.kernels) * (0.5 * strength)
            for i, kernel in enumerate(network.kernels):
                gradients[i] = gradients[i] + kernel * strength
        self._total.assign_add(ops.cast(loss, "float64") * float(rows))
        self._solver.optimizer.apply(gradients, network.variables)


def _reciprocal(total: Tensor) -> Tensor:
    """Return 1 / total, or 0 for a batch without weight: it then has no loss and no gradient."""
    return ops.where(total > 0, 1.0 / total, 0.0)


def _sum_of_squares(variables: list[Variable]) -> Tensor:
    total = ops.sum(ops.square(variables[0]))
    for variable in variables[1:]:
        total = total + ops.sum(ops.square(variable))
    return total
