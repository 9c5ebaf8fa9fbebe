"""Lamb."""

from __future__ import annotations

from .. import ops
from ..tensor import Tensor, Variable
from .composed import MomentOptimizer, norm

__all__ = ["Lamb"]


class Lamb(MomentOptimizer):
    """Adam with steps in proportion to the weights, for large batches (You et al., ICLR 2020).

    ``m += (g - m) * (1 - beta_1); v += (g² - v) * (1 - beta_2);
    d = m / (1 - beta_1ᵗ) / (sqrt(v / (1 - beta_2ᵗ)) + epsilon); w -= lr * ‖w‖ / ‖d‖ * d``, with norms of the whole
    variable; where one of them is zero, ``w -= lr * d``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_1, beta_2 : float
        What remains of the mean gradient and of the mean square at each step, 0 … 1 (1 excluded).
    epsilon : float
        Keeps the divisor away from zero.
    *more, **settings
        See `Optimizer`.
    """

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        m, v = self.slots_of(variable)
        ops.move_average(m, gradient, self.beta_1)
        ops.move_average(v, ops.square(gradient), self.beta_2)
        d = self.normalized(m, v)  # but for m's share, which the ratio of the norms does without
        of_w, of_d = norm(variable), norm(d)
        both = ops.logical_and(of_w > 0.0, of_d > 0.0)
        ops.descend(variable, d, learning_rate * ops.where(both, of_w / of_d, 1.0 / self.share(self.beta_1)))
