"""Back to what an estimator was before training: for what goes wrong before there is anything to show for it."""

from __future__ import annotations

from typing import Any

from .epochs import TrainingStep

__all__ = ["Undo"]


class Undo:
    """What estimators are before training, so that they can be that again.

    Parameters
    ----------
    estimators : sequence of BaseEstimator
        What trains, and its owner.
    step : TrainingStep
        With which it will train.
    """

    def __init__(self, estimators: list[Any], step: TrainingStep) -> None:
        self._attributes = [(each, dict(vars(each))) for each in estimators]
        lists = (value for _, each in self._attributes for value in each.values() if type(value) is list)
        self._lists = [(value, list(value)) for value in lists]
        self._step, self._weights, self._state = step, step.network.weights(), step.state()

    def undo(self) -> None:
        """Put it back; lists that training has added to as well."""
        for estimator, attributes in self._attributes:
            vars(estimator).clear()
            vars(estimator).update(attributes)
        for value, before in self._lists:
            value[:] = before
        self._step.network.restore(self._weights)
        self._step.load(self._state)
