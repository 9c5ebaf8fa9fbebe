"""The stochastic solvers, by scikit-learn's names: an optimizer, and how its learning rate changes between epochs."""

from __future__ import annotations

import numbers
from collections.abc import Callable, Hashable
from copy import deepcopy
from typing import Any

from .. import optimizers

__all__ = ["CLIPPING", "STOCHASTIC", "Solver", "excluding_alike", "make_solver", "solver_parameters", "without_state"]

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

    Attributes
    ----------
    make : hashable or None
        See `programs.joined`.
    """

    make: Hashable | None = None

    def __init__(self, optimizer: optimizers.Optimizer, schedule: str = "constant", power_t: float = 0.5) -> None:
        self.optimizer = optimizer
        self._schedule, self._power = schedule, power_t
        self._first_rate = self.learning_rate

    @property
    def learning_rate(self) -> float:
        """The learning rate of the next update."""
        return float(self.optimizer.learning_rate)

    @property
    def changes_between_epochs(self) -> bool:
        """Whether `end_epoch` does anything."""
        return self._schedule == "invscaling"

    def end_epoch(self, samples_seen: int) -> None:
        """Set the learning rate of the next epoch after so many samples in all."""
        if self.changes_between_epochs:
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


#: Parameters of estimators that every optimizer takes.
CLIPPING = ("clipnorm", "clipvalue", "global_clipnorm")


#: What a solver is made of, beside ``solver`` itself.
_PARAMETERS = (
    "optimizer", "learning_rate", "learning_rate_init", "power_t", "momentum", "nesterovs_momentum", "beta_1", "beta_2",
    "epsilon", *CLIPPING,
)  # fmt: skip


def solver_parameters(estimator: Any) -> dict[str, Any]:
    """Return the parameters of an estimator that `make_solver` looks at: with others an optimizer begins anew."""
    return {name: _noted(getattr(estimator, name)) for name in ("solver", *_PARAMETERS)}


def _noted(value: Any) -> Any:
    """Return a parameter as it is now: an optimizer or a schedule may be changed in place later."""
    return (value, value.get_config()) if hasattr(value, "get_config") else value


def _settings(estimator: Any) -> dict[str, Any]:
    """Return the learning rate (or its schedule) and the clipping that an estimator's parameters ask for."""
    schedule = estimator.learning_rate
    rate = estimator.learning_rate_init if isinstance(schedule, str) else schedule
    return {"learning_rate": rate, **{name: getattr(estimator, name) for name in CLIPPING}}


def _sgd(estimator: Any) -> Solver:
    momentum, nesterov = estimator.momentum, estimator.nesterovs_momentum
    optimizer = optimizers.SGD(momentum=momentum, nesterov=nesterov, name="sgd", **_settings(estimator))
    return _with_schedule(optimizer, estimator)


def _adam(estimator: Any) -> Solver:
    betas = {"beta_1": estimator.beta_1, "beta_2": estimator.beta_2}
    return Solver(optimizers.Adam(**betas, epsilon=estimator.epsilon, name="adam", **_settings(estimator)))


def _with_schedule(optimizer: optimizers.Optimizer, estimator: Any) -> Solver:
    named = isinstance(estimator.learning_rate, str)
    return Solver(optimizer, estimator.learning_rate if named else "constant", estimator.power_t)


#: The values of the parameter ``solver`` that train by epochs: each makes a `Solver` from an estimator's parameters.
STOCHASTIC: dict[str, Callable[[Any], Solver]] = {"adam": _adam, "sgd": _sgd}


def make_solver(estimator: Any) -> Solver:
    """Return the solver that an estimator's parameters describe: ``optimizer``, if there is one, else ``solver``.

    Raises
    ------
    ValueError
        If an optimizer object comes with parameters that it has itself.
    """
    solver = _made(estimator)
    settings = tuple(solver_parameters(estimator).values())
    if all(isinstance(value, str | numbers.Real | None) for value in settings):
        solver.make = (type(solver.optimizer), *settings)
    return solver


def _made(estimator: Any) -> Solver:
    given = estimator.optimizer
    if given is None:
        return STOCHASTIC[estimator.solver](estimator)
    if isinstance(given, str):
        return _with_schedule(optimizers.REGISTRY.find(given)(**_settings(estimator)), estimator)
    return _with_schedule(_anew(given, estimator), estimator)


def _anew(optimizer: optimizers.Optimizer, estimator: Any) -> optimizers.Optimizer:
    """Return an optimizer like the given one, without its state: a parameter is never changed by `fit`."""
    twice = [name for name in CLIPPING if getattr(estimator, name) is not None]
    schedule = estimator.learning_rate
    if not isinstance(schedule, str) or (schedule != "constant" and _schedule_of(optimizer) is not None):
        twice.append("learning_rate")
    if twice:
        raise ValueError(f"optimizer={optimizer!r} is an object: give {', '.join(twice)} to it, not to the estimator.")
    return without_state(optimizer)


def without_state(optimizer: optimizers.Optimizer) -> optimizers.Optimizer:
    """Return an optimizer like this one as it was before it was built for any variables."""
    if not optimizer.built:  # all of a user's own class, too, whatever its get_config tells
        return deepcopy(optimizer)
    settings = optimizer.get_config()
    if _schedule_of(optimizer) is not None:
        settings["learning_rate"] = _schedule_of(optimizer)
    return excluding_alike(type(optimizer).from_config(settings), optimizer)


def excluding_alike(made: optimizers.Optimizer, given: optimizers.Optimizer) -> optimizers.Optimizer:
    """Let an optimizer made by a configuration, which does not tell it, exclude the names that the given one does."""
    _, pattern = given._excluded
    made._excluded = [], pattern
    return made


def _schedule_of(optimizer: optimizers.Optimizer) -> Any:
    schedule = optimizer._learning_rate
    return schedule if isinstance(schedule, optimizers.schedules.LearningRateSchedule) else None
