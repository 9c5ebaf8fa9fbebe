"""Adamax."""

from __future__ import annotations

from .. import ops
from ..tensor import Tensor, Variable
from .composed import MomentOptimizer

__all__ = ["Adamax"]


class Adamax(MomentOptimizer):
    """Adam with the largest gradient of late in the place of a mean square (Kingma and Ba, ICLR 2015, section 7.1).

    ``m += (g - m) * (1 - beta_1); u = max(beta_2 * u, |g|); w -= lr / (1 - beta_1ᵗ) * m / (u + epsilon)``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_1, beta_2 : float
        What remains of the mean gradient and of the largest one at each step, 0 … 1 (1 excluded).
    epsilon : float
        Keeps the divisor away from zero.
    *more, **settings
        See `Optimizer`.
    """

    slots = ("momentum", "norm")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        m, u = self.slots_of(variable)
        ops.move_average(m, gradient, self.beta_1)
        u.assign(ops.maximum(u * self.beta_2, ops.abs(gradient)))
        ops.descend(variable, m / (u + self.epsilon), learning_rate / self.share(self.beta_1))
