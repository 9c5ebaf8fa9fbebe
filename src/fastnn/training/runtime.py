"""What a model keeps for training that is no part of the model: programs, trackers, the order of rows."""

from __future__ import annotations

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np

from .. import plan
from ..metrics import Mean
from ..ops.sampling import random_permutation
from ..random import SeedGenerator
from ..tensor import TracingError, Variable
from .compiled import CompileLoss, CompileMetrics
from .logs import EpochLog, MetricReader
from .many_epochs import ManyEpochs
from .predictor import Predictor
from .runners import ProgramCache
from .snapshot import Snapshot

__all__ = ["Runtime"]


class Runtime:
    """Held by a model in one attribute, so that its variables are not taken for the model's.

    Parameters
    ----------
    model : Model

    Attributes
    ----------
    compiled_with : dict
        The arguments of the last ``compile``.
    loss : CompileLoss or None
    metrics : CompileMetrics or None
    loss_tracker : Mean or None
        The mean of the total loss over the rows of an epoch.
    eager : bool
        Whether steps run op by op.
    quiet : bool
        While a step runs whose results nobody reads: metrics are updated, not computed.
    programs : ProgramCache
        Of training and test steps.
    shapes : dict
        The shape of the predictions by that of a row of x.
    fitting : set
        Shapes of targets and predictions with which the loss and the metrics can be computed.
    predictor : Predictor
    """

    def __init__(self, model: Any) -> None:
        self.model = weakref.proxy(model)  # so that both go when the model is dropped
        self.compiled_with: dict[str, Any] = {}
        self.loss: CompileLoss | None = None
        self.metrics: CompileMetrics | None = None
        self.loss_tracker: Mean | None = None
        self.eager = False
        self.quiet = False
        self.programs = ProgramCache()
        self.shapes: dict[Any, tuple[int, ...]] = {}
        self.fitting: set[Any] = set()
        self.predictor = Predictor(model)
        self._reader: MetricReader | None = None
        self._weights: list[Variable] | None = None
        self._layers: list[Any] | None = None
        self._variables: list[Variable] | None = None
        self._orders = ProgramCache(2)
        self._snapshot: Snapshot | None = None
        self._many_epochs = ProgramCache(2)
        self._log: EpochLog | None = None
        self._shuffler: SeedGenerator | None = None

    @contextmanager
    def quietly(self, quiet: bool = True) -> Iterator[None]:
        """Leave out the values of metrics for a while."""
        self.quiet = quiet
        try:
            yield
        finally:
            self.quiet = False

    def forget_programs(self) -> None:
        """Drop all programs: what they were made of has changed."""
        self.programs.clear()
        self.shapes.clear()
        self.fitting.clear()
        self.predictor.clear()
        self._many_epochs.clear()
        self._snapshot = self._log = self._reader = None
        self._weights = self._layers = self._variables = None

    def watch_layers(self) -> None:
        """Let `forget_programs` be called when a layer changes; to be called before something is made of them."""
        for layer in (self.model, *self.model.layers_below):
            layer._dependents.add(self)

    def weights(self) -> list[Variable]:
        """Return the weights of the model, which is built; looked for once."""
        if self._weights is None:
            self._weights = self.model.weights
        return self._weights

    def variables(self) -> list[Variable]:
        """Return the model's variables, those of random generators too, and the optimizer's."""
        if self._variables is None:
            self._variables = self.model.variables
        return [*self._variables, *self.model.optimizer.variables]

    def trainable(self) -> tuple[bool, ...]:
        """Return which of the model's weights are trained, and which of its layers: programs are made for that."""
        if self._layers is None:
            self._layers = self.model.layers_below
        return tuple([each.trainable for each in (*self.weights(), *self._layers)])

    def trained(self) -> list[Variable]:
        """Return the weights that are trained."""
        return [variable for variable in self.weights() if variable.trainable]

    def reader(self) -> MetricReader:
        """Return what reads the metrics; they must exist."""
        if self._reader is None:
            self._reader = MetricReader(self.model)
        return self._reader

    def forget_order(self) -> None:
        """Let the next order of rows come from a new generator."""
        self._shuffler = None
        self._orders.clear()

    def borrow_snapshot(self) -> Snapshot:
        """Return what keeps the last finite state of the variables that a training writes.

        Until it is returned a training within the training gets one of its own.
        """
        weights, variables = self.trained(), self.variables()
        idle, self._snapshot = self._snapshot, None
        return idle if idle is not None and idle.is_of(weights, variables) else Snapshot(weights, variables)

    def return_snapshot(self, snapshot: Snapshot) -> None:
        """Keep a borrowed snapshot for the next training, without its copies."""
        snapshot.forget()
        self._snapshot = snapshot

    def many_epochs(self, parts: list[tuple[Any, int, int]], snapshot: Snapshot) -> ManyEpochs | None:
        """Return what runs many epochs of these parts in one go; None where the metrics need Python."""
        if self._log is None:
            try:
                self._log = EpochLog(self.reader())
            except TracingError:
                return None
        key = (id(snapshot), *((id(program), row, batches) for program, row, batches in parts))
        return self._many_epochs.get(key, lambda: ManyEpochs(parts, self.reader(), self._log, snapshot))

    def order_program(self, rows: int) -> Any:
        """Return the program that writes a new order of so many rows into its output."""
        key = self._order_generator().next
        return self._orders.get(rows, lambda: plan.compile(lambda: random_permutation(key(), rows), []))

    def order_state(self) -> np.ndarray:
        """Return the state of the generator of orders, for `set_order_state`."""
        return self._order_generator().state.numpy()

    def _order_generator(self) -> SeedGenerator:
        if self._shuffler is None:
            self._shuffler = SeedGenerator()
        return self._shuffler

    def set_order_state(self, state: np.ndarray) -> None:
        """Make the generator of orders go on from this state."""
        self._shuffler.state.assign(state)

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is bound to memory: `Trainer.__setstate__` makes a new one, which makes it when needed."""
        kept = ("compiled_with", "loss", "metrics", "loss_tracker", "eager", "_shuffler")
        return {name: getattr(self, name) for name in kept}
