"""Adagrad."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import initializers, ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .rules import RuleOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Adagrad"]


class Adagrad(RuleOptimizer):
    """Gradients divided by the root of the sum of their squares (Duchi, Hazan, Singer, JMLR 2011).

    ``a += g²; w -= lr * g / sqrt(a + epsilon)``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    initial_accumulator_value : float
        Where the sums a start.
    epsilon : float
        Keeps the divisor away from zero; inside the root, as in Keras.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        initial_accumulator_value: float = 0.1,
        epsilon: float = 1e-7,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.initial_accumulator_value = checks.real(
            "initial_accumulator_value", initial_accumulator_value, minimum=0.0
        )
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        start = initializers.Constant(self.initial_accumulator_value)
        self._accumulated_squares = self.add_optimizer_variables(variables, "accumulator", start)

    def apply_rule(self, gradient: Tensor, variable: Variable, scalars: Tensor, weight_decay: float) -> None:
        accumulator = self._accumulated_squares[self._get_variable_index(variable)]
        ops.adagrad_update(variable, accumulator, gradient, scalars, self.epsilon, weight_decay=weight_decay)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "initial_accumulator_value": self.initial_accumulator_value,
            "epsilon": self.epsilon,
        }
