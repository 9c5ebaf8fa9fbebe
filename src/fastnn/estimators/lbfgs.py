"""solver='lbfgs': SciPy's L-BFGS-B over the flat gradient of the whole data."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from scipy import optimize
from sklearn.utils.optimize import _check_optimize_result

from ..autograd import GradientTape
from ..sparse import stays_sparse
from ..tensor import Tensor, Variable
from .call import Call
from .data import TrainingData
from .divergence import NonFiniteWeightsError
from .epochs import gradients_of, weighted_sum
from .network import Network
from .objectives import Objective
from .penalty import Penalty
from .programs import compiled, joined
from .tasks import Tasks

__all__ = ["FullGradient", "LbfgsFit", "fit_lbfgs"]

_CHUNK = 1024  # rows of a program: activations stay in the caches


def fit_lbfgs(estimator: Any, call: Call) -> None:
    """Train an estimator by L-BFGS, in float64 (line searches need it); the weights end in the dtype of the data."""
    objective = call.targets.objective

    def network_in(dtype: Any, coefs: list[np.ndarray], intercepts: list[np.ndarray]) -> Network:
        coefs, intercepts = ([a.astype(dtype) for a in each] for each in (coefs, intercepts))
        thin = stays_sparse(call.samples.X)
        return Network(coefs, intercepts, call.activations, objective.out_activation, sparse=thin)

    network = network_in(np.float64, call.coefs, call.intercepts)
    penalty = Penalty(float(estimator.alpha), float(estimator.l1))
    function = FullGradient(network, objective, penalty, call.samples.training_data())
    estimator._begin(call, network)
    try:
        # One task more than iterations: SciPy does not say beforehand which is the last one.
        with Tasks(estimator, "iteration", estimator.max_iter + 1, call.given) as tasks:
            LbfgsFit(estimator, function, tasks).run()
    finally:
        if call.dtype != np.float64:
            estimator._hold(network_in(call.dtype, network.coefs, network.intercepts))


class FullGradient:
    """Loss and gradient over all data as a function of the flat weights, chunk after chunk of rows.

    Parameters
    ----------
    network : Network
        Its weights are overwritten.
    objective : Objective
    penalty : Penalty
        Divided by the sum of sample weights.
    data : TrainingData
    """

    def __init__(self, network: Network, objective: Objective, penalty: Penalty, data: TrainingData) -> None:
        self._network, self._objective, self._penalty = network, objective, penalty
        self._loss = Variable(np.float64(0), trainable=False, name="loss")
        self._sums = [Variable.zeros_like(variable, name="gradient") for variable in network.variables]
        total = data.samples if data.sample_weight is None else data.sample_weight.sum(dtype=np.float64)
        self._share = 1.0 / float(total)
        size = min(_CHUNK, data.samples)
        self._chunks = []
        variables = [*network.variables, self._loss, *self._sums]
        for first in range(0, data.samples, size):
            rows = min(size, data.samples - first)
            if not self._chunks or rows != size:
                function, specs = data.traced(self._add, rows, network.dtype, objective.class_numbers)
                program = compiled(joined(network.make, objective.make), function, specs, variables)
                program.bind(data.sources(network.dtype))
            self._chunks.append((program, first))
        make = joined(network.make, penalty, self._share)
        self._finish = compiled(make, self._mean, [], variables)

    def weights(self) -> np.ndarray:
        """Return the network's weights as one vector."""
        return _flat([variable.array for variable in self._network.variables])

    def load(self, weights: np.ndarray) -> None:
        """Write such a vector into the network."""
        first = 0
        for variable in self._network.variables:
            variable.load(weights[first : first + variable.size].reshape(variable.shape))
            first += variable.size

    def __call__(self, weights: np.ndarray) -> tuple[np.float64, np.ndarray]:
        """Return the loss, penalty included, and its gradient."""
        self.load(weights)
        for variable in (self._loss, *self._sums):
            variable.load(0.0)
        for program, first in self._chunks:
            program.run_batches(first, 1)
        loss, *gradients = self._finish.run()
        return np.float64(loss), _flat(gradients)

    def _add(self, x: Tensor, targets: Tensor, weights: Tensor | None = None) -> None:
        """Add a chunk's loss and gradient to the sums. Traced."""
        with GradientTape() as tape:
            losses, shown = self._objective.losses(targets, self._network.logits(x))
            minimized = weighted_sum(losses, weights)
        for total, gradient in zip(self._sums, gradients_of(tape, minimized, self._network.variables), strict=True):
            total.assign_add(gradient)
        self._loss.assign_add(weighted_sum(shown, weights))

    def _mean(self) -> list[Tensor]:
        """Return loss and gradients, divided by the sum of sample weights and with the penalty. Traced."""
        network = self._network
        loss = self._loss * self._share
        gradients = [total * self._share for total in self._sums]
        penalty = self._penalty.value(network.kernels, self._share)
        if penalty is not None:
            loss = loss + penalty
            self._penalty.add_gradient(gradients, network.kernels, self._share)
        return [loss, *gradients]


class LbfgsFit:
    """Minimizes until SciPy finds it converged; writes the attributes ``n_iter_, converged_, loss_`` of the estimator.

    Parameters
    ----------
    estimator : MultilayerPerceptron
    function : FullGradient
        The network that it writes to ends with the best weights.
    tasks : Tasks
        Told of each iteration.
    """

    def __init__(self, estimator: Any, function: FullGradient, tasks: Tasks) -> None:
        self._estimator, self._function, self._tasks = estimator, function, tasks
        self._iterations, self._stopped, self._begun = 0, False, False
        self._weights = function.weights()

    def run(self) -> None:
        """Train.

        Raises
        ------
        NonFiniteWeightsError
            If a weight becomes NaN or infinite. The weights are those from before training then.
        """
        estimator, function, before = self._estimator, self._function, self._weights
        estimator.converged_ = False
        options = {"maxfun": estimator.max_fun, "maxiter": estimator.max_iter, "gtol": estimator.tol}
        try:
            result = optimize.minimize(
                self._evaluate, before, method="L-BFGS-B", jac=True, options=options, callback=self._iteration
            )
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
            estimator.n_iter_, (estimator.loss_, _) = self._iterations, function(self._weights)
            return
        if not (np.isfinite(result.fun) and np.isfinite(result.x).all()):
            function.load(before)
            raise NonFiniteWeightsError.of(
                f"Training diverged in iteration {self._iterations + 1}: the loss or a weight is NaN or infinite. The "
                "weights from before training have been restored.",
                self._iterations + 1,
                1,
            )
        function.load(result.x)
        estimator.loss_ = result.fun
        if self._stopped:
            estimator.n_iter_ = result.nit
        else:
            if self._begun:  # a search along a line that found nothing
                self._tasks.end()
            estimator.n_iter_ = _check_optimize_result("lbfgs", result, estimator.max_iter)
            estimator.converged_ = result.status == 0

    def _evaluate(self, weights: np.ndarray) -> tuple[float, np.ndarray]:
        """Return the loss and its gradient; the first look at some weights begins an iteration."""
        if not self._begun:
            self._begun = True
            self._tasks.begin()
        return self._function(weights)

    def _iteration(self, intermediate_result: optimize.OptimizeResult) -> None:
        """SciPy's callback: an iteration has ended (it looks at the name of the parameter)."""
        self._iterations += 1
        self._weights = intermediate_result.x.copy()
        if self._estimator.verbose:
            print(f"Iteration {self._iterations}, loss = {intermediate_result.fun:.8f}")
        self._function.load(self._weights)
        self._begun = False
        if self._tasks.end():
            self._stopped = True
            raise StopIteration


def _flat(arrays: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.ravel(array) for array in arrays]).astype(np.float64, copy=False)
