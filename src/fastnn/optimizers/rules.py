"""The base of the built-in optimizers, whose rules are single ops that the plan can fuse into the matrix products."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensor import Tensor, Variable
from .base import Optimizer

__all__ = ["RuleOptimizer"]


class RuleOptimizer(Optimizer):
    """An optimizer whose rule is an op: subclasses override `apply_rule`, and `betas` if the rule is Adam's."""

    betas: tuple[float, float] = (0.0, 0.0)

    def apply_rule(self, gradient: Tensor, variable: Variable, scalars: Tensor, weight_decay: float) -> None:
        """Update one variable and its slots in place.

        Parameters
        ----------
        gradient : Tensor
        variable : Variable
        scalars : Tensor
            What `ops.step_scalars` made of the learning rate.
        weight_decay : float
            Of this variable.
        """
        raise NotImplementedError(f"{type(self).__name__} must override apply_rule()")

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Any) -> None:
        self.apply_rule(gradient, variable, self._scalars(learning_rate), 0.0)

    def _scalars(self, learning_rate: Any) -> Tensor:
        return ops.step_scalars(learning_rate, self.iterations, *self.betas)

    def _make_step(self, grads: list[Tensor], variables: list[Variable]) -> None:
        if type(self).update_step is not RuleOptimizer.update_step:
            # A subclass of the user's with a rule of its own.
            super()._make_step(grads, variables)
            return
        scalars = self._scalars(self.learning_rate)
        for gradient, variable in zip(grads, variables, strict=True):
            self.apply_rule(gradient, variable, scalars, self._decay_of(variable))
