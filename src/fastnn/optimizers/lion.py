"""Lion."""

from __future__ import annotations

from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .composed import ComposedOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Lion"]


class Lion(ComposedOptimizer):
    """Steps of the same size in each weight, by the sign of a mean gradient (Chen et al., NeurIPS 2023).

    ``w -= lr * sign(beta_1 * m + (1 - beta_1) * g); m = beta_2 * m + (1 - beta_2) * g``. The learning rate should be
    3 to 10 times smaller, and the weight decay as much larger, than for AdamW.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_1 : float
        How much the mean counts beside the gradient, 0 … 1 (0 excluded: that would be the sign of the gradient alone).
    beta_2 : float
        What remains of the mean gradient at each step, 0 … 1.
    *more, **settings
        See `Optimizer`.
    """

    slots = ("momentum",)

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.99,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.beta_1 = checks.real("beta_1", beta_1, above=0.0, maximum=1.0)
        self.beta_2 = checks.real("beta_2", beta_2, minimum=0.0, maximum=1.0)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        (m,) = self.slots_of(variable)
        ops.descend(variable, ops.sign(m * self.beta_1 + gradient * (1.0 - self.beta_1)), learning_rate)
        ops.move_average(m, gradient, self.beta_2)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2}
