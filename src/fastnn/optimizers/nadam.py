"""Nadam."""

from __future__ import annotations

from collections.abc import Sequence

from .. import ops
from ..tensor import Tensor, Variable
from .composed import MomentOptimizer

__all__ = ["Nadam"]


class Nadam(MomentOptimizer):
    """Adam with Nesterov's momentum (Dozat, ICLR workshop 2016), which grows with the steps.

    With ``u(t) = beta_1 * (1 - 0.5 * 0.96ᵗ)`` and its product ``U(t) = u(1) * … * u(t)``:
    ``m += (g - m) * (1 - beta_1); v += (g² - v) * (1 - beta_2);
    n = u(t + 1) * m / (1 - U(t + 1)) + (1 - u(t)) * g / (1 - U(t));
    w -= lr * n / (sqrt(v / (1 - beta_2ᵗ)) + epsilon)``.

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

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        dtype = variables[0].dtype if variables else None
        self._u_product = self.add_variable((), "ones", dtype, "u_product")

    def _momentum_at(self, step: Tensor) -> Tensor:
        return self.beta_1 * (1.0 - 0.5 * ops.power(0.96, step))

    def _make_step(self, grads: list[Tensor], variables: list[Variable]) -> None:
        self._u_product.assign(self._u_product * self._momentum_at(self.step))
        super()._make_step(grads, variables)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        m, v = self.slots_of(variable)
        ops.move_average(m, gradient, self.beta_1)
        ops.move_average(v, ops.square(gradient), self.beta_2)
        now, following = self._momentum_at(self.step), self._momentum_at(self.step + 1.0)
        of_m = ops.cast(following / (1.0 - self._u_product * following), variable.dtype)
        of_g = ops.cast((1.0 - now) / (1.0 - self._u_product), variable.dtype)
        ops.descend(variable, self.normalized(m * of_m + gradient * of_g, v), learning_rate)
