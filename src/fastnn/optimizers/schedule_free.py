"""Schedule-free AdamW."""

from __future__ import annotations

from typing import Any, Unpack

import numpy as np

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .composed import MomentOptimizer
from .schedules import LearningRateSchedule

__all__ = ["ScheduleFreeAdamW"]


class ScheduleFreeAdamW(MomentOptimizer):
    """Adam whose weights are drawn to the mean of all its steps, in the place of a schedule (Defazio et al., 2024).

    Steps are made by z, which begins as w: ``v += (g² - v) * (1 - beta_2);
    d = lr * g / (sqrt(v / (1 - beta_2ᵗ)) + epsilon); z -= d``. With the mean x of all z so far, of weight ``1 / t``
    each, ``w = (1 - beta_1) * z + beta_1 * x``, that is
    ``w += (z - w) / t - (1 - beta_1 + beta_1 / t) * d``, z before its step.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_1 : float
        How near w is to the mean, 0 … 1 (1 excluded).
    beta_2 : float
        What remains of the mean square at each step, 0 … 1 (1 excluded).
    epsilon : float
        Keeps the divisor away from zero.
    warmup_steps : int
        Over so many first steps the learning rate grows to its value.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.0025,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        warmup_steps: int = 0,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, beta_1, beta_2, epsilon, *more, **settings)
        self.warmup_steps = checks.integer("warmup_steps", warmup_steps, minimum=0)

    def make_slots(self, variable: Variable) -> list[Variable]:
        def as_it_is(shape: tuple[int, ...], dtype: Any = None) -> np.ndarray:
            return variable.numpy()

        return [
            self.add_variable_from_reference(variable, "momentum", as_it_is),
            self.add_variable_from_reference(variable, "velocity"),
        ]

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        z, v = self.slots_of(variable)
        if self.warmup_steps:
            learning_rate = learning_rate * ops.minimum(self.step / self.warmup_steps, 1.0)
        ops.move_average(v, ops.square(gradient), self.beta_2)
        d = self.normalized(gradient, v)
        ops.move_average(variable, z, 1.0 - 1.0 / self.step)
        ops.descend(variable, d, learning_rate * (1.0 - self.beta_1 + self.beta_1 / self.step))
        ops.descend(z, d, learning_rate)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "warmup_steps": self.warmup_steps}
