"""Stochastic gradient descent."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .rules import RuleOptimizer
from .schedules import LearningRateSchedule

__all__ = ["SGD"]


class SGD(RuleOptimizer):
    """Gradient descent, with momentum if wanted.

    Without momentum ``w -= lr * g``; with it ``v = momentum * v - lr * g; w += v``, and with Nesterov's
    ``w += momentum * v - lr * g`` (Sutskever et al., 2013).

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    momentum : float
        0 … 1.
    nesterov : bool
        Whether to look ahead.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.01,
        momentum: float = 0.0,
        nesterov: bool = False,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.momentum = checks.real("momentum", momentum, minimum=0.0, maximum=1.0)
        self.nesterov = checks.boolean("nesterov", nesterov)

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self.momentums = self.add_optimizer_variables(variables, "momentum") if self.momentum else []

    def apply_rule(self, gradient: Tensor, variable: Variable, scalars: Tensor, weight_decay: float) -> None:
        if not self.momentum:
            ops.sgd_update(variable, gradient, scalars, weight_decay=weight_decay)
            return
        velocity = self.momentums[self._get_variable_index(variable)]
        ops.momentum_update(
            variable, velocity, gradient, scalars, self.momentum, nesterov=self.nesterov, weight_decay=weight_decay
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "momentum": self.momentum, "nesterov": self.nesterov}
