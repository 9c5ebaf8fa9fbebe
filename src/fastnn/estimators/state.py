"""What a fitted estimator holds: weights as plain arrays, and the network and optimizer that are made from them."""

from __future__ import annotations

from copy import deepcopy
from typing import Any, Self

import numpy as np

from ..sparse import stays_sparse
from .call import Call
from .epochs import TrainingStep
from .features import note_features
from .network import Network, Noise, check_layers
from .normalization import Values, check_values, kinds_of
from .parameters import hidden_activations
from .penalty import Penalty
from .solvers import Solver, make_solver, solver_parameters

__all__ = ["FittedState"]

#: Attributes that are bound to memory. Copies and pickles go without them: they are made again from plain arrays.
_BOUND = ("_network", "_step")

#: What predictions are made of.
_WEIGHTS = ("coefs_", "intercepts_", "normalization_")

#: What stochastic solvers write down in training.
_HISTORY = (
    "loss_curve_", "_no_improvement_count", "best_loss_", "validation_scores_", "validation_loss_curve_",
    "best_validation_score_", "_best_weights", "_scored_on",
)  # fmt: skip


def _shown(activation: Any) -> str:
    """Return what ``out_activation_`` calls an activation."""
    return getattr(activation, "__name__", type(activation).__name__) if callable(activation) else activation


class FittedState:
    """The mixin that keeps networks and optimizers behind ``coefs_`` and ``intercepts_``."""

    #: What inputs suffer in training.
    _noise: Noise | None = None

    def _begin(self, call: Call, network: Network, step: TrainingStep | None = None) -> None:
        """Set the attributes with which training begins; ``step`` is there for stochastic solvers."""
        self._forget_optimizer()
        if step is not None:
            self._step = step
            self._solver_parameters = solver_parameters(self)
        note_features(self, {**call.features, **call.targets.fitted})
        self.n_layers_, self.n_outputs_ = len(call.units), call.units[-1]
        if call.first:
            self.n_iter_ = self.t_ = 0
        if call.first or self.solver == "lbfgs":
            for name in _HISTORY:
                vars(self).pop(name, None)
        if self.solver != "lbfgs" and not hasattr(self, "loss_curve_"):
            self.loss_curve_: list[float] = []
            self._no_improvement_count = 0
            self.best_loss_ = None if self.early_stopping else np.inf
            watched = self.early_stopping or call.validation is not None
            self.validation_scores_: list[float] | None = [] if watched else None
            self.validation_loss_curve_: list[float] | None = [] if watched else None
            self.best_validation_score_ = -np.inf if watched else None
        out = call.targets.objective.out_activation
        self.out_activation_ = _shown(out)
        self._activations = [*call.activations, out]
        self._hold(network)
        if call.given.owner is not None:
            call.given.owner.begun()

    def _hold(self, network: Network) -> None:
        """Keep a network; ``coefs_`` and ``intercepts_`` become its own memory.

        All at once: a thread that predicts meanwhile must not find this network with the weights of the last.
        """
        normalization = [None if values is None else dict(values) for values in network.normalization]
        vars(self).update(
            _network=network,
            coefs_=list(network.coefs),
            intercepts_=list(network.intercepts),
            normalization_=normalization if any(normalization) else None,
            _sparse=network.sparse,  # a copy gives the same bits
        )

    def _fitted_network(self) -> Network:
        """Return the network with the present ``coefs_`` and ``intercepts_``, which may have been put there by hand.

        Raises
        ------
        ValueError
            If their shapes do not make a network of these features and outputs.
        """
        network = vars(self).get("_network")
        hidden, out = self._present_activations()
        present = self._present_arrays()
        if network is not None and network.out == out and network.holds(*present):
            return network
        if network is None or network.out != out or not network.fits(*present):
            dtype = self._weights_dtype() if network is None else network.dtype
            coefs, intercepts = ([np.asarray(a, dtype) for a in each] for each in (self.coefs_, self.intercepts_))
            told = vars(self)  # unless all of it was put there by hand
            features, outputs = told.get("n_features_in_", len(coefs[0])), told.get("n_outputs_", intercepts[-1].size)
            check_layers(coefs, intercepts, features, outputs)
            check_values(present[2], [intercept.size for intercept in intercepts[:-1]])
            thin = told.get("_sparse", False)
            network = Network(coefs, intercepts, hidden, out, normalization=present[2], sparse=thin)
            self._hold(network)
            return network
        network.load(*present)
        return network

    def _present_arrays(self) -> tuple[list[np.ndarray], list[np.ndarray], list[Values]]:
        """Return the arrays that predictions are made of."""
        normalization = vars(self).get("normalization_") or [None] * (len(self.coefs_) - 1)
        return self.coefs_, self.intercepts_, normalization

    def _weights_dtype(self) -> np.dtype:
        """Return the dtype of the weights: of lists, integers and the like, put there by hand, the one they get."""
        dtype = getattr(self.coefs_[0], "dtype", np.dtype(object)).newbyteorder("=")
        if dtype in (np.float32, np.float64):
            return dtype
        network = vars(self).get("_network")
        return np.dtype(np.float64) if network is None else network.dtype

    def _present_activations(self) -> tuple[list[Any], Any]:
        """Return the activations of the hidden layers, and of the last. Of layers put there by hand they are the
        parameters', and ``out_activation_`` may be put there by hand, too.
        """
        if len(vars(self).get("_activations", ())) != len(self.coefs_):
            return hidden_activations(self.activation, len(self.coefs_) - 1), self.out_activation_
        *hidden, out = self._activations
        return hidden, out if _shown(out) == self.out_activation_ else self.out_activation_

    # ---- the optimizer ---------------------------------------------------------------------------------------

    @property
    def _optimizer(self) -> Solver:
        """By scikit-learn's name: its tests look at the learning rate."""
        return self._step.solver

    def _training_step(self, call: Call) -> TrainingStep:
        """Return the step that trains: the last call's for `partial_fit` of the same thing, else a new one."""
        thin = stays_sparse(call.samples.X)
        key = (self._traced_parameters(call), call.units, call.dtype, thin)
        going_on = call.given.incremental or (self.warm_start_optimizer and not call.first)
        going_on = going_on and vars(self).get("_solver_parameters") == solver_parameters(self)
        step = getattr(self, "_step", None)
        if going_on and step is not None and step.key == key:
            step.network.load(*self._present_arrays())
            return step
        state = self._training_state() if going_on else {}
        # Nothing is drawn where a state will be put back: random numbers go on as if there had been no copy.
        draws = (any(call.dropout) or self._noise) and not state.get("seeds")
        seed = call.random_state.randint(1 << 31) if draws else 0
        objective = call.targets.objective
        network = Network(
            call.coefs, call.intercepts, call.activations, objective.out_activation, call.dropout, seed, self._noise,
            call.normalization, thin,
        )  # fmt: skip
        penalty = Penalty(float(self.alpha), float(self.l1))
        step = TrainingStep(network, objective, make_solver(self), penalty, key)
        step.load(state)
        return step

    def _traced_parameters(self, call: Call) -> tuple:
        """Return the parameters that programs are made of: with others, new ones are needed."""
        names = ("output_activation", "loss", "alpha", "l1", "quantile", "delta")
        kinds = kinds_of(call.normalization)
        return call.activations, call.dropout, kinds, self._noise, *(getattr(self, name, None) for name in names)

    def _training_state(self) -> dict[str, list[np.ndarray]]:
        """Return what training changes beside the weights; empty before there is anything."""
        return self._step.state() if hasattr(self, "_step") else vars(self).get("_saved_training", {})

    def _forget_optimizer(self) -> None:
        """Let the next training begin with a new optimizer."""
        for name in ("_step", "_saved_training"):
            vars(self).pop(name, None)

    # ---- copies ----------------------------------------------------------------------------------------------

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what is bound to memory; keep the state of training as arrays, and lists that grow as copies."""
        state = {name: value for name, value in super().__getstate__().items() if name not in _BOUND}
        state |= {name: list(state[name]) for name in _HISTORY if isinstance(state.get(name), list)}
        saved = self._training_state()
        return {**state, "_saved_training": saved} if saved else state

    def __copy__(self) -> Self:
        """Give a shallow copy weights of its own: training changes those of this estimator where they stand."""
        found = object.__new__(type(self))
        state = self.__getstate__()
        vars(found).update(state, **{name: deepcopy(state[name]) for name in _WEIGHTS if name in state})
        return found
