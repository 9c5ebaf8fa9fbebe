"""Training by epochs: shuffling, stopping rules, early stopping, divergence."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..training.errors import DivergenceError
from ..training.snapshot import Snapshot
from .epochs import Epochs, TrainingData
from .network import Network
from .objectives import Objective
from .solvers import SOLVERS

__all__ = ["NonFiniteWeightsError", "StochasticFit", "batch_size_for"]


class NonFiniteWeightsError(DivergenceError, ValueError):
    """Training diverged. A ValueError with scikit-learn's words, so that code written for it understands."""


class StochasticFit:
    """Trains a network by epochs until it converges by the estimator's rules, which are scikit-learn's.

    Writes the attributes ``n_iter_, t_, loss_, loss_curve_, best_loss_, validation_scores_,
    best_validation_score_`` of the estimator.

    Parameters
    ----------
    estimator : MultilayerPerceptron
    network : Network
        Changed in place.
    objective : Objective
    data : TrainingData
    validation : TrainingData or None
        What early stopping looks at.
    random_state : numpy.random.RandomState
        Shuffles; drawn from as scikit-learn does.
    """

    def __init__(
        self,
        estimator: Any,
        network: Network,
        objective: Objective,
        data: TrainingData,
        validation: TrainingData | None,
        random_state: np.random.RandomState,
    ) -> None:
        self._estimator, self._network = estimator, network
        self._samples, self._validation = data.samples, validation
        self._random_state = random_state
        self._solver = SOLVERS[estimator.solver](estimator)
        batch_size = batch_size_for(estimator.batch_size, data.samples)
        self._epochs = Epochs(network, objective, self._solver, estimator.alpha, data, batch_size)
        self._order = np.arange(data.samples)
        self._finite = Snapshot(network.variables, [])
        self._best = self._weights() if validation is not None else None

    def run(self) -> None:
        """Train.

        Raises
        ------
        NonFiniteWeightsError
            If the loss or a weight becomes NaN or infinite. The weights are those of the last finite epoch then. With
            early stopping, a warning instead, and the weights with the best score.
        """
        estimator = self._estimator
        estimator.n_iter_ = 0
        if not self._finite.take():
            raise ValueError("coefs_ or intercepts_ hold NaN or infinite values before training begins")
        try:
            self._run()
        except KeyboardInterrupt:
            warnings.warn("Training interrupted by user.", stacklevel=2)
        if self._best is not None:
            for variable, value in zip(self._network.variables, self._best, strict=True):
                variable.load(value)

    def _run(self) -> None:
        estimator = self._estimator
        for _ in range(estimator.max_iter):
            if not self._epoch() or self._has_converged():
                return
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=2,
        )

    def _epoch(self) -> bool:
        """Run an epoch; return False if training diverged."""
        estimator = self._estimator
        loss, diverged = self._epochs.run(self._shuffled() if estimator.shuffle else None)
        if diverged is not None:
            self._diverged(diverged, "the loss")
            return False
        if not self._finite.take():
            self._diverged(self._epochs.batches, "a weight")
            return False
        self._note(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        improved = self._loss_improved(loss) if self._validation is None else self._score_improved()
        estimator._no_improvement_count = 0 if improved else estimator._no_improvement_count + 1
        self._solver.end_epoch(estimator.t_)
        return True

    def _note(self, loss: float) -> None:
        estimator = self._estimator
        estimator.n_iter_ += 1
        estimator.t_ += self._samples
        estimator.loss_ = loss
        estimator.loss_curve_.append(loss)

    def _shuffled(self) -> np.ndarray:
        """Return the order of the next epoch: the last one shuffled, as `sklearn.utils.shuffle` would."""
        shuffle = np.arange(len(self._order))
        self._random_state.shuffle(shuffle)
        self._order = self._order[shuffle]
        return self._order

    def _loss_improved(self, loss: float) -> bool:
        estimator = self._estimator
        improved = loss <= estimator.best_loss_ - estimator.tol
        estimator.best_loss_ = min(estimator.best_loss_, loss)
        return improved

    def _score_improved(self) -> bool:
        estimator, validation = self._estimator, self._validation
        outputs = self._network.predict(validation.X)
        score = estimator._score_outputs(outputs, validation.targets, validation.sample_weight)
        estimator.validation_scores_.append(score)
        if estimator.verbose:
            print(f"Validation score: {score:f}")
        improved = score >= estimator.best_validation_score_ + estimator.tol
        if score > estimator.best_validation_score_:
            estimator.best_validation_score_ = score
            self._best = self._weights()
        return improved

    def _has_converged(self) -> bool:
        estimator = self._estimator
        if estimator._no_improvement_count <= estimator.n_iter_no_change:
            return False
        stop, note = self._solver.plateau()
        if estimator.verbose:
            what = "Training loss" if self._validation is None else "Validation score"
            print(
                f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive "
                f"epochs. {note}"
            )
        if not stop:
            estimator._no_improvement_count = 0
        return stop

    def _weights(self) -> list[np.ndarray]:
        return [variable.numpy() for variable in self._network.variables]

    def _diverged(self, step: int, what: str) -> None:
        """Go back to the last finite weights; raise, unless early stopping has weights that are better than none."""
        estimator = self._estimator
        self._finite.restore()
        done = estimator.n_iter_
        event = f"Training diverged in epoch {done + 1}, step {step}: {what} is NaN or infinite."
        if self._validation is not None and estimator.best_validation_score_ > -np.inf:
            self._note(np.nan)
            estimator.validation_scores_.append(np.nan)
            warnings.warn(
                f"{event} The weights with the best validation score are kept.", ConvergenceWarning, stacklevel=2
            )
            return
        kept = f"of the end of epoch {done}" if done else "from before training"
        raise NonFiniteWeightsError(
            "Solver produced non-finite parameter weights. The input data may contain large values and need to be "
            f"preprocessed. {event} The weights {kept} have been restored.",
            done + 1,
            step,
        )


def batch_size_for(batch_size: str | int, samples: int) -> int:
    """Return the batch size that the parameter ``batch_size`` means for so many samples; warn where it is clipped."""
    if batch_size == "auto":
        return min(200, samples)
    if batch_size > samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
        )
    return int(min(batch_size, samples))
