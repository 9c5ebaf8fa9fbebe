"""The stochastic solvers, by scikit-learn's names: an optimizer, and how its learning rate changes between epochs."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from .. import optimizers
from ..tensor import Variable

__all__ = ["STOCHASTIC", "Solver", "make_solver"]

_SMALLEST_RATE = 1e-6  # 'adaptive' stops dividing here


class Solver:
    """An optimizer with the learning rate schedule of an estimator.

    Parameters
    ----------
    optimizer : optimizers.Optimizer
    schedule : {"constant", "invscaling", "adaptive"}
        As scikit-learn documents its parameter ``learning_rate``.
    power_t : float
        Exponent of "invscaling".
    """

    def __init__(self, optimizer: optimizers.Optimizer, schedule: str = "constant", power_t: float = 0.5) -> None:
        self.optimizer = optimizer
        self._schedule, self._power = schedule, power_t
        self._first_rate = self.learning_rate

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return float(self.optimizer.learning_rate)

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the optimizer's state for these variables."""
        self.optimizer.build(variables)

    def end_epoch(self, samples_seen: int) -> None:
        """Set the learning rate of the next epoch after so many samples in all."""
        if self._schedule == "invscaling":
            self.optimizer.learning_rate = self._first_rate / (samples_seen + 1) ** self._power

    def plateau(self) -> tuple[bool, str]:
        """React to the loss or score not improving any more.

        Returns
        -------
        stop : bool
            Whether training is to stop.
        note : str
            What happens now, for the user.
        """
        if self._schedule != "adaptive":
            return True, "Stopping."
        if self.learning_rate <= _SMALLEST_RATE:
            return True, "Learning rate too small. Stopping."
        self.optimizer.learning_rate = self.learning_rate / 5.0
        return False, f"Setting learning rate to {self.learning_rate:f}"

    def state(self) -> list[np.ndarray]:
        """Return a copy of the optimizer's variables."""
        return [variable.numpy() for variable in self.optimizer.variables]

    def load(self, state: Sequence[np.ndarray]) -> None:
        """Put back what `state` returned; a state of another optimizer is left alone."""
        variables = self.optimizer.variables
        if [each.shape for each in state] == [variable.shape for variable in variables]:
            for variable, value in zip(variables, state, strict=True):
                variable.load(value)


def _sgd(estimator: Any) -> Solver:
    optimizer = optimizers.SGD(
        estimator.learning_rate_init,
        momentum=estimator.momentum,
        nesterov=estimator.nesterovs_momentum,
        name="sgd",
    )
    return Solver(optimizer, estimator.learning_rate, estimator.power_t)


def _adam(estimator: Any) -> Solver:
    optimizer = optimizers.Adam(
        estimator.learning_rate_init,
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon,
        name="adam",
    )
    return Solver(optimizer)


#: The values of the parameter ``solver`` that train by epochs: each makes a `Solver` from an estimator's parameters.
STOCHASTIC: dict[str, Callable[[Any], Solver]] = {"adam": _adam, "sgd": _sgd}


def make_solver(estimator: Any) -> Solver:
    """Return the solver that an estimator's parameters describe."""
    return STOCHASTIC[estimator.solver](estimator)
