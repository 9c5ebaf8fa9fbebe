"""Ftrl."""

from __future__ import annotations

from typing import Any, Unpack

from .. import initializers, ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .composed import ComposedOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Ftrl"]


class Ftrl(ComposedOptimizer):
    """Follow the regularized leader: weights of rare features that L1 keeps at zero (McMahan et al., KDD 2013).

    With ``r(n) = n ** -learning_rate_power`` (a square root by default), ``n' = n + g²`` and the gradient
    ``h = g + 2 * l2_shrinkage * w``: ``z += h - (r(n') - r(n)) / lr * w;
    w = (clip(z, -l1, l1) - z) / ((r(n') + beta) / lr + 2 * l2)``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    learning_rate_power : float
        How the steps shrink as gradients add up: at most 0, which is not at all.
    initial_accumulator_value : float
        Where the sums n start.
    l1_regularization_strength, l2_regularization_strength : float
        Penalties of the weights, which hold them near zero.
    l2_shrinkage_regularization_strength : float
        A penalty that joins the gradient, as a kernel regularizer does.
    beta : float
        The paper's β: the larger, the smaller the first steps.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        learning_rate_power: float = -0.5,
        initial_accumulator_value: float = 0.1,
        l1_regularization_strength: float = 0.0,
        l2_regularization_strength: float = 0.0,
        l2_shrinkage_regularization_strength: float = 0.0,
        beta: float = 0.0,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.learning_rate_power = checks.real("learning_rate_power", learning_rate_power, maximum=0.0)
        self.initial_accumulator_value = checks.real(
            "initial_accumulator_value", initial_accumulator_value, minimum=0.0
        )
        self.l1_regularization_strength = checks.real(
            "l1_regularization_strength", l1_regularization_strength, minimum=0.0
        )
        self.l2_regularization_strength = checks.real(
            "l2_regularization_strength", l2_regularization_strength, minimum=0.0
        )
        self.l2_shrinkage_regularization_strength = checks.real(
            "l2_shrinkage_regularization_strength", l2_shrinkage_regularization_strength, minimum=0.0
        )
        self.beta = checks.real("beta", beta, minimum=0.0)

    def make_slots(self, variable: Variable) -> list[Variable]:
        start = initializers.Constant(self.initial_accumulator_value)
        return [
            self.add_variable_from_reference(variable, "accumulator", start),
            self.add_variable_from_reference(variable, "linear"),
        ]

    def _root(self, n: Variable) -> Tensor:
        """Return ``n ** -learning_rate_power``; a power in general takes many times as long as a root."""
        return ops.sqrt(n) if self.learning_rate_power == -0.5 else ops.power(n, -self.learning_rate_power)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        n, z = self.slots_of(variable)
        l1, shrinkage = self.l1_regularization_strength, 2.0 * self.l2_shrinkage_regularization_strength
        pulled = gradient + variable * shrinkage if shrinkage else gradient
        before = self._root(n)
        n.assign_add(ops.square(gradient))
        root = self._root(n)
        z.assign_add(pulled - (root - before) / learning_rate * variable)
        divisor = root / learning_rate + (self.beta / learning_rate + 2.0 * self.l2_regularization_strength)
        variable.assign((ops.clip(z, -l1, l1) - z if l1 else -z) / divisor)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "learning_rate_power": self.learning_rate_power,
            "initial_accumulator_value": self.initial_accumulator_value,
            "l1_regularization_strength": self.l1_regularization_strength,
            "l2_regularization_strength": self.l2_regularization_strength,
            "l2_shrinkage_regularization_strength": self.l2_shrinkage_regularization_strength,
            "beta": self.beta,
        }
