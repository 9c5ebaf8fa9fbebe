"""The base class of learning-rate schedules."""

from __future__ import annotations

from typing import Any

from ...tensor import Tensor
from ...utils.configurable import Configurable

__all__ = ["LearningRateSchedule"]


class LearningRateSchedule(Configurable):
    """A function of the number of the step that returns the learning rate, written in ops.

    Subclasses override `__call__` and, where they have parameters, `get_config`. The step is an int64 scalar that
    counts updates from 0; while training is traced it has no value yet, so Python's ``if`` cannot look at it (use
    `ops.where`).

    Examples
    --------
    >>> class Halving(LearningRateSchedule):
    ...     def __call__(self, step):
    ...         return 0.1 * 0.5 ** ops.cast(step, "float64")
    """

    def __call__(self, step: Any) -> Tensor:
        """Return the learning rate of an update.

        Parameters
        ----------
        step : Tensor or int
            How many updates came before.
        """
        raise NotImplementedError(f"Learning rate schedule {type(self).__name__} must override __call__(self, step)")
