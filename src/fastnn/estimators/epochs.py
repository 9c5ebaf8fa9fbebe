"""One epoch of training in C: a traced step for whole batches, one for the short last batch."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from itertools import chain
from typing import Any

import numpy as np

from .. import ops, plan
from ..autograd import GradientTape
from ..tensor import Tensor, Variable
from ..training.pace import Pace
from ..training.runners import ProgramCache
from ..training.snapshot import Snapshot
from .data import TrainingData
from .network import Network
from .objectives import Objective
from .penalty import Penalty
from .programs import compiled, joined
from .solvers import Solver

__all__ = ["Epochs", "TrainingStep", "gradients_of", "weighted_sum"]


class TrainingStep:
    """One batch: forward, backward, update. Traced once for each size of batch, and kept.

    Parameters
    ----------
    network : Network
    objective : Objective
    solver : Solver
    penalty : Penalty
        Divided by the batch's sum of sample weights and added to the mean loss.
    key : object
        Of the caller's, to tell steps apart.

    Attributes
    ----------
    total : Variable
        Float64: each batch adds its loss, penalty included, times its number of rows.
    finite : Snapshot
        Of all that predictions are made of.
    make : hashable or None
        See `programs.joined`.
    """

    def __init__(
        self, network: Network, objective: Objective, solver: Solver, penalty: Penalty, key: Any = None
    ) -> None:
        self.network, self.objective, self.solver, self.penalty, self.key = network, objective, solver, penalty, key
        self.total = Variable(np.float64(0), trainable=False, name="total_loss")
        self.finite = Snapshot(network.variables, network.averages)
        self.make = joined(network.make, objective.make, solver.make, penalty)
        self._programs = ProgramCache()  # `partial_fit` may be given rows of any number
        solver.optimizer.build(network.variables)
        seeds = [] if network.seeds is None else [network.seeds.state]
        self._state: dict[str, list[Variable]] = {"optimizer": solver.optimizer.variables, "seeds": seeds}

    def state(self) -> dict[str, list[np.ndarray]]:
        """Return a copy of what training changes beside the weights: the optimizer, and the stream of dropout."""
        return {part: [variable.numpy() for variable in variables] for part, variables in self._state.items()}

    def load(self, state: Mapping[str, Sequence[np.ndarray]]) -> None:
        """Put back what `state` returned; the state of another optimizer, or of dropout that is none, is left alone."""
        for part, values in state.items():
            variables = self._state[part]
            if [each.shape for each in values] == [variable.shape for variable in variables]:
                for variable, value in zip(variables, values, strict=True):
                    variable.load(value)

    def program(self, data: TrainingData, rows: int) -> plan.Program:
        """Return the program that trains on batches of so many rows of data of this kind."""
        return self._compiled(self._step, data, rows)

    def evaluation(self, data: TrainingData, rows: int) -> plan.Program:
        """Return the program that gives the outputs for so many weighted rows, and their sum of losses (float64)."""
        return self._compiled(self._evaluate, data, rows)

    def _compiled(self, function: Callable[..., Any], data: TrainingData, rows: int) -> plan.Program:
        network = self.network
        function, specs = data.traced(function, rows, network.dtype, self.objective.class_numbers)
        variables = [*network.variables, *network.averages, *chain(*self._state.values()), self.total]
        key = (function.__name__, *specs)
        return self._programs.get(key, lambda: compiled(self.make, function, specs, variables))

    def _evaluate(self, x: Tensor, targets: Tensor, weights: Tensor) -> tuple[Tensor, Tensor]:
        logits = self.network.logits(x)
        _, shown = self.objective.losses(targets, logits)
        return self.network.activated(logits), ops.cast(weighted_sum(shown, weights), "float64")

    def _step(self, x: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        network, rows = self.network, targets.shape[0]
        share = 1.0 / rows if weights is None else _reciprocal(ops.sum(weights))
        with GradientTape() as tape:
            losses, shown = self.objective.losses(targets, network.logits(x, training=True))
            summed = weighted_sum(losses, weights)
        scaled = self.solver.optimizer.scale_loss(share)  # `apply` divides by what this multiplies by
        gradients = gradients_of(tape, summed, network.variables, scaled)  # of the mean
        loss = weighted_sum(shown, weights) * share
        ops.guard(loss)
        penalty = self.penalty.value(network.kernels, share)
        if penalty is not None:
            loss = loss + penalty
            self.penalty.add_gradient(gradients, network.kernels, scaled)
        self.total.assign_add(ops.cast(loss, "float64") * float(rows))
        self.solver.optimizer.apply(gradients, network.variables)


class Epochs:
    """Runs epochs over data, changing a network's weights in place.

    Parameters
    ----------
    step : TrainingStep
    data : TrainingData
    batch_size : int
        At most the number of samples.

    Attributes
    ----------
    samples, batches : int
        In an epoch.
    order : Variable
        Int64: the rows in the order in which they are seen.
    """

    def __init__(self, step: TrainingStep, data: TrainingData, batch_size: int) -> None:
        self._total, self._sources = step.total, data.sources(step.network.dtype)
        self.samples = data.samples
        self.order = Variable(
            np.arange(data.samples) if data.rows is None else data.rows, dtype="int64", trainable=False
        )
        whole, short = divmod(data.samples, batch_size)
        self._stretches = [(step.program(data, batch_size), 0, whole)] if whole else []
        if short:
            self._stretches.append((step.program(data, short), whole * batch_size, 1))
        self.batches = sum(batches for _, _, batches in self._stretches)
        self._pace = Pace()

    @property
    def parts(self) -> list[tuple[plan.Program, int, int]]:
        """An epoch as the parts of a `Sequence`, once inside ``with``."""
        return self._stretches

    def __enter__(self) -> Epochs:
        for program, _, _ in self._stretches:
            program.bind(self._sources, self.order.array)
        return self

    def __exit__(self, *error: object) -> None:
        """Let go of the data: programs may outlive them."""
        for program, _, _ in self._stretches:
            program.unbind()

    def run(self, order: np.ndarray | None = None) -> tuple[float, int | None]:
        """Run one epoch; to be called inside ``with``.

        Parameters
        ----------
        order : ndarray of int64, optional
            The rows in the order in which they are to be seen. Default: that of the last epoch.

        Returns
        -------
        loss : float
            The mean over samples of their batch's loss, penalty included, before the batch's update.
        diverged : int or None
            The batch (from 1) in which the loss was not finite; training stopped there.
        """
        if order is not None:
            self.order.load(order)
        self._total.load(0.0)
        done = 0
        for program, first, batches in self._stretches:
            ran, finite = self._run(program, first, batches)
            done += ran
            if not finite:
                return float("nan"), done
        return float(self._total.array) / self.samples, None

    def _run(self, program: plan.Program, first: int, batches: int) -> tuple[int, bool]:
        """Run batches in stretches, so that Ctrl-C is seen in between; return those run and whether all were finite."""
        done, size = 0, program.inputs[0].shape[0]
        while done < batches:
            asked = min(self._pace.batches(), batches - done)
            start = time.perf_counter()
            done += program.run_batches(first + done * size, asked)
            self._pace.note(asked, time.perf_counter() - start)
            if program.stopped_at is not None:
                return done, False
        return done, True


def gradients_of(
    tape: GradientTape, target: Tensor, variables: Sequence[Variable], factor: Tensor | float = 1.0
) -> list[Tensor]:
    """Return a factor times the gradients of a target; raise ValueError where a function of the user's leaves none."""
    gradients = tape.gradient(target, variables, output_gradients=factor)
    if any(gradient is None for gradient in gradients):
        raise ValueError(
            "the loss does not hang on all weights: activations and losses that are functions must be made of what "
            "they are given, in fastnn.ops"
        )
    return gradients


def weighted_sum(losses: Tensor, weights: Tensor | None) -> Tensor:
    """Return the sum of the losses of rows, weighted if there are weights."""
    return ops.sum(losses if weights is None else losses * weights)


def _reciprocal(total: Tensor) -> Tensor:
    """Return 1 / total, or 0 for a batch without weight: it then has no loss and no gradient."""
    return ops.where(total > 0, 1.0 / total, 0.0)
