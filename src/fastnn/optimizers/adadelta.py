"""Adadelta."""

from __future__ import annotations

from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .composed import ComposedOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Adadelta"]


class Adadelta(ComposedOptimizer):
    """Steps in proportion to the steps of late, and to the inverse of the gradients of late (Zeiler, 2012).

    ``a = rho * a + (1 - rho) * g²; d = sqrt((s + epsilon) / (a + epsilon)) * g; s = rho * s + (1 - rho) * d²;
    w -= lr * d``. The paper has no learning rate: 1.0.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    rho : float
        What remains of the mean squares at each step, 0 … 1.
    epsilon : float
        Where the steps begin; and keeps the divisor away from zero.
    *more, **settings
        See `Optimizer`.
    """

    slots = ("accumulated_grad", "accumulated_delta_var")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.95,
        epsilon: float = 1e-7,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.rho = checks.real("rho", rho, minimum=0.0, maximum=1.0)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        a, s = self.slots_of(variable)
        ops.move_average(a, ops.square(gradient), self.rho)
        d = ops.sqrt((s + self.epsilon) / (a + self.epsilon)) * gradient
        ops.move_average(s, ops.square(d), self.rho)
        ops.descend(variable, d, learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rho": self.rho, "epsilon": self.epsilon}
