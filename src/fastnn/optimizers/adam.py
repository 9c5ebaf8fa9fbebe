"""Adam and AdamW."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .rules import RuleOptimizer
from .schedules import LearningRateSchedule

__all__ = ["Adam", "AdamW"]


class Adam(RuleOptimizer):
    """Adaptive moments (Kingma and Ba, ICLR 2015), in the order of operations of its section 2.

    ``m += (g - m) * (1 - beta_1); v += (g² - v) * (1 - beta_2);
    w -= lr * sqrt(1 - beta_2ᵗ) / (1 - beta_1ᵗ) * m / (sqrt(v) + epsilon)``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_1, beta_2 : float
        What remains of the mean gradient and of the mean square at each step, 0 … 1 (1 excluded).
    epsilon : float
        Keeps the divisor away from zero ("epsilon hat" of the paper).
    amsgrad : bool
        Whether to divide by the largest mean square so far (Reddi, Kale, Kumar, ICLR 2018).
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.beta_1 = checks.real("beta_1", beta_1, minimum=0.0, below=1.0)
        self.beta_2 = checks.real("beta_2", beta_2, minimum=0.0, below=1.0)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)
        self.amsgrad = checks.boolean("amsgrad", amsgrad)

    @property
    def betas(self) -> tuple[float, float]:
        return self.beta_1, self.beta_2

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._momentums, self._velocities = self.add_optimizer_variables(variables, ["momentum", "velocity"])
        self._velocity_hats = (
            self.add_optimizer_variables(variables, "velocity_hat") if self.amsgrad else [None] * len(variables)
        )

    def apply_rule(self, gradient: Tensor, variable: Variable, scalars: Tensor, weight_decay: float) -> None:
        i = self._get_variable_index(variable)
        ops.adam_update(
            variable,
            self._momentums[i],
            self._velocities[i],
            self._velocity_hats[i],
            gradient,
            scalars,
            self.beta_1,
            self.beta_2,
            self.epsilon,
            amsgrad=self.amsgrad,
            weight_decay=weight_decay,
        )

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_1": self.beta_1,
            "beta_2": self.beta_2,
            "epsilon": self.epsilon,
            "amsgrad": self.amsgrad,
        }


class AdamW(Adam):
    """Adam with weight decay that is decoupled from the gradient (Loshchilov and Hutter, ICLR 2019).

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    weight_decay : float
        See `Optimizer`; not None.
    beta_1, beta_2, epsilon, amsgrad
        See `Adam`.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        weight_decay: float = 0.004,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        amsgrad: bool = False,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        checks.real("weight_decay", weight_decay, minimum=0.0)
        super().__init__(learning_rate, beta_1, beta_2, epsilon, amsgrad, weight_decay, *more, **settings)
