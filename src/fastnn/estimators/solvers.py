"""The stochastic solvers, by scikit-learn's names: an optimizer, and how its learning rate changes between epochs."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import optimizers

__all__ = ["SOLVERS", "Solver"]

_SMALLEST_RATE = 1e-6  # 'adaptive' stops dividing here


class Solver:
    """An optimizer with the learning rate schedule of an estimator.

    Parameters
    ----------
    optimizer : optimizers.Optimizer
    schedule : {"constant", "invscaling", "adaptive"}
        As scikit-learn documents its parameter ``learning_rate``.
    learning_rate_init : float
    power_t : float
        Exponent of "invscaling".
    """

    def __init__(
        self, optimizer: optimizers.Optimizer, schedule: str, learning_rate_init: float, power_t: float
    ) -> None:
        self.optimizer = optimizer
        self._schedule = schedule
        self._first_rate = self._rate = float(learning_rate_init)
        self._power = power_t

    def end_epoch(self, samples_seen: int) -> None:
        """Set the learning rate of the next epoch after so many samples in all."""
        if self._schedule == "invscaling":
            self._set_rate(self._first_rate / (samples_seen + 1) ** self._power)

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
        if self._rate <= _SMALLEST_RATE:
            return True, "Learning rate too small. Stopping."
        self._set_rate(self._rate / 5.0)
        return False, f"Setting learning rate to {self._rate:f}"

    def _set_rate(self, rate: float) -> None:
        self._rate = rate
        self.optimizer.learning_rate = rate


def _sgd(estimator: Any) -> Solver:
    optimizer = optimizers.SGD(
        estimator.learning_rate_init,
        momentum=estimator.momentum,
        nesterov=estimator.nesterovs_momentum,
        name="sgd",
    )
    return Solver(optimizer, estimator.learning_rate, estimator.learning_rate_init, estimator.power_t)


def _adam(estimator: Any) -> Solver:
    optimizer = optimizers.Adam(
        estimator.learning_rate_init,
        beta_1=estimator.beta_1,
        beta_2=estimator.beta_2,
        epsilon=estimator.epsilon,
        name="adam",
    )
    return Solver(optimizer, "constant", estimator.learning_rate_init, estimator.power_t)


#: The values of the parameter ``solver``: each makes a `Solver` from an estimator's parameters.
SOLVERS: dict[str, Callable[[Any], Solver]] = {"adam": _adam, "sgd": _sgd}
