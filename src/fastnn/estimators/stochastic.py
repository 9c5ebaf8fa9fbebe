"""Training by epochs: shuffling, stopping rules, early stopping, divergence."""

from __future__ import annotations

import time
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from ..training.errors import DivergenceError
from .call import Call, Owner
from .data import TrainingData
from .divergence import NonFiniteWeightsError
from .epochs import Epochs, TrainingStep
from .many_epochs import ManyEpochs
from .orders import Orders
from .tasks import Tasks
from .undo import Undo
from .validation import Validation, split_off
from .weights import refuse_weightless_part

__all__ = ["StochasticFit", "batch_size_for", "fit_stochastic"]


def fit_stochastic(estimator: Any, call: Call) -> None:
    """Train an estimator by epochs."""
    data, held_out = call.samples.training_data(), call.validation
    if estimator.early_stopping and held_out is None:
        data.rows, rows = split_off(call, estimator.validation_fraction)
        held_out = call.samples.take(rows)
        if data.sample_weight is not None:
            refuse_weightless_part(data.sample_weight[data.rows], call.dtype, "training set")
    step = estimator._training_step(call)
    validation = None
    if held_out is not None:
        validation = Validation(estimator, step, held_out)
    tasks = Tasks(estimator, "epoch", 1 if call.given.incremental else estimator.max_iter, call.given)
    training = StochasticFit(estimator, step, data, validation, call.random_state, tasks)
    with tasks, _undone_without_score(estimator, step, validation, call.given.owner):
        estimator._begin(call, step.network, step)
        if call.given.incremental:
            training.run_once()
        else:
            training.run()


@contextmanager
def _undone_without_score(
    estimator: Any, step: TrainingStep, validation: Validation | None, owner: Owner | None
) -> Iterator[None]:
    """Put everything back where a scorer raises at its first look: it refuses the data, as checks do."""
    if validation is None or not validation.may_raise:
        yield
        return
    undo = Undo([estimator] if owner is None else [estimator, owner.estimator], step)
    try:
        yield
    except DivergenceError:
        raise  # of which there is more to tell
    except Exception:
        if not validation.looks:
            undo.undo()
        raise


class StochasticFit:
    """Trains a network by epochs until it converges by the estimator's rules, which are scikit-learn's.

    Writes the attributes ``n_iter_, t_, converged_, loss_, loss_curve_, best_loss_, validation_scores_,
    validation_loss_curve_, best_validation_score_`` of the estimator.

    Parameters
    ----------
    estimator : MultilayerPerceptron
    step : TrainingStep
        Its network is changed in place.
    data : TrainingData
    validation : Validation or None
        What is looked at after each epoch, and decides with ``early_stopping``.
    random_state : numpy.random.RandomState
        Shuffles; drawn from as scikit-learn does.
    tasks : Tasks
        Told of each epoch.
    """

    def __init__(
        self,
        estimator: Any,
        step: TrainingStep,
        data: TrainingData,
        validation: Validation | None,
        random_state: np.random.RandomState,
        tasks: Tasks,
    ) -> None:
        self._estimator, self._step = estimator, step
        self._validation, self._tasks = validation, tasks
        self._early = estimator.early_stopping
        self._epochs = Epochs(step, data, batch_size_for(estimator.batch_size, data.samples))
        self._orders = Orders(self._epochs.order.numpy(), random_state) if estimator.shuffle else None

    def run(self) -> None:
        """Train until convergence, or for ``max_iter`` epochs.

        Raises
        ------
        NonFiniteWeightsError
            If the loss or a weight becomes NaN or infinite. The weights are those of the last finite epoch then. With
            early stopping, a warning instead, and the weights with the best score.
        """
        if self._begin():
            self._estimator._no_improvement_count = 0
        with _interruptible(), self._epochs:
            self._run()
        self._finalize()
        self._restore_best()

    def run_once(self) -> None:
        """Train for one epoch: `partial_fit`. Raises as `run` does.

        With early stopping the best weights are put back in the call in which training has converged.
        """
        self._begin()
        with _interruptible(), self._epochs:
            going_on, _ = self._told_epoch()
            if going_on:
                self._finalize()
            self._estimator.converged_ = going_on and self._has_converged()
            if self._early and (self._estimator.converged_ or not going_on):
                self._estimator._no_improvement_count = 0
                self._restore_best()

    def _begin(self) -> bool:
        """Get ready; return whether the scores that decide are of other samples than those of the last call."""
        estimator = self._estimator
        estimator.n_iter_, estimator.converged_ = 0, False
        self._step.finite.take()
        if not self._early:
            return False
        key = self._validation.key()
        others = vars(estimator).get("_scored_on") != key
        if others or not hasattr(estimator, "_best_weights"):
            self._begin_scores()
        estimator._scored_on = key
        return others

    def _begin_scores(self) -> None:
        """Let the weights to begin with be the best ones; if others have had a score, theirs is now the one to beat."""
        if self._estimator.best_validation_score_ > -np.inf:
            score, _ = self._validation.look()
            self._estimator.best_validation_score_ = -np.inf if np.isnan(score) else score
        self._keep_best()

    def _run(self) -> None:
        estimator, many = self._estimator, self._many_epochs()
        while estimator.n_iter_ < estimator.max_iter:
            left = estimator.max_iter - estimator.n_iter_
            if many is None or not many.run(
                left, estimator.best_loss_, estimator._no_improvement_count, self._note_all
            ):
                start = time.perf_counter()
                going_on, stopped = self._told_epoch()
                if stopped or not going_on:
                    return
                if many is not None:
                    many.note(time.perf_counter() - start)
            if self._has_converged():
                estimator.converged_ = True
                return
        warnings.warn(
            f"Stochastic Optimizer: Maximum iterations ({estimator.max_iter}) reached and the optimization hasn't "
            "converged yet.",
            ConvergenceWarning,
            stacklevel=2,
        )

    def _many_epochs(self) -> ManyEpochs | None:
        """Return what runs many epochs at a time; None where somebody wants to look at each."""
        estimator, step = self._estimator, self._step
        looked_at = self._validation is not None or estimator.verbose or self._tasks.watched
        if looked_at or self._step.solver.changes_between_epochs:
            return None
        rule = estimator.tol, estimator.n_iter_no_change
        return ManyEpochs(step, self._epochs, self._orders, *rule, limit=estimator.max_iter)

    def _told_epoch(self) -> tuple[bool, bool]:
        """Run an epoch and tell callbacks; return False if training diverged, and whether a callback wants to stop."""
        self._tasks.begin()
        going_on = self._epoch()
        with self._averaged():
            return going_on, self._tasks.end()

    def _epoch(self) -> bool:
        """Run an epoch; return False if training diverged."""
        estimator = self._estimator
        loss, diverged = self._epochs.run(self._orders.next() if self._orders else None)
        if diverged is not None:
            self._diverged(diverged, "the loss")
            return False
        if not self._step.finite.take():
            self._diverged(self._epochs.batches, "a weight")
            return False
        loss = self._note(loss)
        if estimator.verbose:
            print(f"Iteration {estimator.n_iter_}, loss = {loss:.8f}")
        scored = self._validation is not None and self._look()
        self._count(scored if self._early else self._loss_improved(loss))
        self._step.solver.end_epoch(estimator.t_)
        return True

    def _note(self, loss: float) -> np.float64:
        """Note an epoch; return its loss as scikit-learn has it: a scalar of NumPy's."""
        estimator, loss = self._estimator, np.float64(loss)
        estimator.n_iter_ += 1
        estimator.t_ += self._epochs.samples
        estimator.loss_ = loss
        estimator.loss_curve_.append(loss)
        return loss

    def _note_all(self, losses: list[float]) -> None:
        for loss in losses:
            self._count(self._loss_improved(self._note(loss)))

    def _count(self, improved: bool) -> None:
        estimator = self._estimator
        estimator._no_improvement_count = 0 if improved else estimator._no_improvement_count + 1

    def _note_validation(self, score: float, loss: float) -> None:
        estimator = self._estimator
        if estimator.validation_scores_ is None:  # a later partial_fit may be the first with validation_data
            estimator.validation_scores_, estimator.validation_loss_curve_ = [], []
            estimator.best_validation_score_ = -np.inf
        estimator.validation_scores_.append(score)
        estimator.validation_loss_curve_.append(loss)

    def _loss_improved(self, loss: float) -> bool:
        estimator = self._estimator
        improved = loss <= estimator.best_loss_ - estimator.tol
        estimator.best_loss_ = min(estimator.best_loss_, loss)
        return improved

    def _look(self) -> bool:
        """Note score and loss of the validation samples; return whether the score got better by ``tol``."""
        estimator = self._estimator
        with self._averaged():
            score, loss = self._validation.look()
            self._note_validation(score, loss)
            if estimator.verbose:
                print(f"Validation score: {score:f}")
            improved = score >= estimator.best_validation_score_ + estimator.tol
            if score > estimator.best_validation_score_:
                estimator.best_validation_score_ = score
                if self._early:
                    self._keep_best()
        return improved

    @contextmanager
    def _averaged(self) -> Iterator[None]:
        """For a look put averages, if the optimizer keeps some, in the place of the weights: they will be left."""
        network = self._step.network
        weights = network.weights() if self._step.solver.optimizer.use_ema else None
        self._finalize()
        try:
            yield
        finally:
            if weights is not None:
                network.restore(weights)

    def _finalize(self) -> None:
        """Put averages in the place of the weights, if the optimizer keeps some."""
        self._step.solver.optimizer.finalize_variable_values(self._step.network.variables)

    def _keep_best(self) -> None:
        self._estimator._best_weights = self._step.network.weights()

    def _restore_best(self) -> None:
        if not self._early:
            return
        best = vars(self._estimator).pop("_best_weights")
        if self._estimator.best_validation_score_ > -np.inf:
            self._step.network.restore(best)
        elif self._estimator.validation_scores_:
            warnings.warn(
                "No validation score was finite, so that none of the weights were the best: the last ones are kept.",
                ConvergenceWarning,
                stacklevel=2,
            )

    def _has_converged(self) -> bool:
        estimator = self._estimator
        if estimator._no_improvement_count <= estimator.n_iter_no_change:
            return False
        stop, note = self._step.solver.plateau()
        if estimator.verbose:
            what = "Validation score" if self._early else "Training loss"
            print(
                f"{what} did not improve more than tol={estimator.tol:f} for {estimator.n_iter_no_change} consecutive "
                f"epochs. {note}"
            )
        if not stop:
            estimator._no_improvement_count = 0
        return stop

    def _diverged(self, step: int, what: str) -> None:
        """Go back to the last finite weights; raise, unless early stopping has weights that are better than none."""
        estimator = self._estimator
        self._step.finite.restore()
        estimator._forget_optimizer()  # its moments may not be finite
        done = estimator.n_iter_
        event = f"Training diverged in epoch {done + 1}, step {step}: {what} is NaN or infinite."
        if self._early and estimator.best_validation_score_ > -np.inf:
            self._note(np.nan)
            self._note_validation(np.nan, np.nan)
            warnings.warn(
                f"{event} The weights with the best validation score are kept.", ConvergenceWarning, stacklevel=2
            )
            return
        kept = f"of the end of epoch {done}" if done else "from before training"
        raise NonFiniteWeightsError.of(f"{event} The weights {kept} have been restored.", done + 1, step)


@contextmanager
def _interruptible() -> Iterator[None]:
    """Let Ctrl-C end training with a warning, as scikit-learn does."""
    try:
        yield
    except KeyboardInterrupt:
        warnings.warn("Training interrupted by user.", stacklevel=4)


def batch_size_for(batch_size: str | int, samples: int) -> int:
    """Return the batch size that the parameter ``batch_size`` means for so many samples; warn where it is clipped."""
    if batch_size == "auto":
        return min(200, samples)
    if batch_size > samples:
        warnings.warn(
            "Got `batch_size` less than 1 or larger than sample size. It is going to be clipped", stacklevel=2
        )
    return int(min(batch_size, samples))
