"""RMSprop."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .rules import RuleOptimizer
from .schedules import LearningRateSchedule

__all__ = ["RMSprop"]


class RMSprop(RuleOptimizer):
    """Gradients divided by the root of their mean square (Hinton and Tieleman, Coursera lecture 6e, 2012).

    ``v = rho * v + (1 - rho) * g²; w -= lr * g / sqrt(v + epsilon)``; centered, the squared mean gradient is
    subtracted from v; with momentum, ``m = momentum * m + lr * g / sqrt(…); w -= m``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    rho : float
        What remains of the mean square at each step, 0 … 1.
    momentum : float
        0 … 1.
    epsilon : float
        Keeps the divisor away from zero; inside the root, as in Keras.
    centered : bool
        Whether to divide by the standard deviation of gradients instead.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        rho: float = 0.9,
        momentum: float = 0.0,
        epsilon: float = 1e-7,
        centered: bool = False,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.rho = checks.real("rho", rho, minimum=0.0, maximum=1.0)
        self.momentum = checks.real("momentum", momentum, minimum=0.0, maximum=1.0)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)
        self.centered = checks.boolean("centered", centered)

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        none = [None] * len(variables)
        self._velocities = self.add_optimizer_variables(variables, "velocity")
        self._momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else none
        self._average_gradients = self.add_optimizer_variables(variables, "average_gradient") if self.centered else none

    def apply_rule(self, gradient: Tensor, variable: Variable, scalars: Tensor, weight_decay: float) -> None:
        i = self._get_variable_index(variable)
        ops.rmsprop_update(
            variable,
            self._velocities[i],
            self._momentums[i],
            self._average_gradients[i],
            gradient,
            scalars,
            self.rho,
            self.epsilon,
            momentum=self.momentum,
            centered=self.centered,
            weight_decay=weight_decay,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "rho": self.rho,
            "momentum": self.momentum,
            "epsilon": self.epsilon,
            "centered": self.centered,
        }
