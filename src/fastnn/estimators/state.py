"""What a fitted estimator holds: weights as plain arrays, and the network and optimizer that are made from them."""

from __future__ import annotations

from typing import Any

import numpy as np

from .call import Call
from .epochs import TrainingStep
from .network import Network
from .penalty import Penalty
from .solvers import make_solver

__all__ = ["FittedState"]

#: Attributes that are bound to memory. Copies and pickles go without them: they are made again from plain arrays.
_BOUND = ("_network", "_step", "_optimizer")


class FittedState:
    """The mixin that keeps networks and optimizers behind ``coefs_`` and ``intercepts_``."""

    def _begin(self, call: Call, network: Network) -> None:
        """Set the attributes with which training begins."""
        vars(self).update(call.targets.fitted)
        self.n_layers_, self.n_outputs_ = len(call.units), call.units[-1]
        if call.first:
            self.n_iter_ = self.t_ = 0
        if self.solver != "lbfgs" and (call.first or not hasattr(self, "loss_curve_")):
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_ = None if self.early_stopping else np.inf
            self.validation_scores_: list[float] | None = [] if self.early_stopping else None
            self.best_validation_score_ = -np.inf if self.early_stopping else None
        self.out_activation_ = call.targets.objective.out_activation
        self._hold(network)

    def _new_network(self, coefs: list[np.ndarray], intercepts: list[np.ndarray], out: Any) -> Network:
        return Network(coefs, intercepts, [self.activation] * (len(coefs) - 1), out)

    def _hold(self, network: Network) -> None:
        """Keep a network; ``coefs_`` and ``intercepts_`` become its own memory."""
        self._network = network
        self.coefs_, self.intercepts_ = list(network.coefs), list(network.intercepts)

    def _fitted_network(self) -> Network:
        """Return the network with the present ``coefs_`` and ``intercepts_``."""
        network = getattr(self, "_network", None)
        if network is None:
            coefs, intercepts = ([np.asarray(a) for a in each] for each in (self.coefs_, self.intercepts_))
            network = self._new_network(coefs, intercepts, self.out_activation_)
            self._hold(network)
        network.load(self.coefs_, self.intercepts_)
        return network

    # ---- the optimizer ---------------------------------------------------------------------------------------

    def _training_step(self, call: Call) -> TrainingStep:
        """Return the step that trains: the last call's for `partial_fit` of the same thing, else a new one."""
        key = (self._traced_parameters(), call.units, call.dtype)
        going_on = call.given.incremental
        step = getattr(self, "_step", None)
        if going_on and step is not None and self._step_key == key:
            step.network.load(self.coefs_, self.intercepts_)
            return step
        network = self._new_network(call.coefs, call.intercepts, call.targets.objective.out_activation)
        solver = make_solver(self)
        solver.build(network.variables)
        if going_on:
            solver.load(self._optimizer_state())
        self._step = TrainingStep(network, call.targets.objective, solver, Penalty(float(self.alpha)))
        self._step_key, self._optimizer = key, solver
        return self._step

    def _traced_parameters(self) -> tuple:
        """Return the parameters that programs are made of: with others, new ones are needed."""
        return self.activation, self.alpha

    def _optimizer_state(self) -> list[np.ndarray]:
        """Return the optimizer's variables; empty before it has any."""
        return self._optimizer.state() if hasattr(self, "_optimizer") else vars(self).get("_saved_optimizer", [])

    def _forget_optimizer(self) -> None:
        """Let the next training begin with a new optimizer."""
        for name in ("_step", "_optimizer", "_saved_optimizer"):
            vars(self).pop(name, None)

    # ---- copies ----------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is bound to memory; keep the optimizer's state as arrays."""
        state = {name: value for name, value in super().__getstate__().items() if name not in (*_BOUND, "_step_key")}
        saved = self._optimizer_state()
        return {**state, "_saved_optimizer": saved} if saved else state
