"""The base of the optimizers whose rules are composed of ops: rare ones, which no matrix product takes in."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Optimizer, Settings
from .schedules import LearningRateSchedule

__all__ = ["ComposedOptimizer", "MomentOptimizer", "norm"]


class ComposedOptimizer(Optimizer):
    """An optimizer whose rule is written in ops: subclasses override `update_step`, and say in `slots` what they keep.

    What a rule moves, it moves by `ops.descend` and `ops.move_average`: one pass over memory each.
    """

    #: The names of what is kept for each variable; it begins with zeros.
    slots: tuple[str, ...] = ()

    def build(self, variables: Sequence[Variable]) -> None:
        if self.built:
            return
        super().build(variables)
        self._kept = [self.make_slots(variable) for variable in variables]

    def make_slots(self, variable: Variable) -> list[Variable]:
        """Return what is kept for one variable."""
        return [self.add_variable_from_reference(variable, name) for name in self.slots]

    def slots_of(self, variable: Variable) -> list[Variable]:
        """Return what `make_slots` made for a variable."""
        return self._kept[self._get_variable_index(variable)]

    @property
    def step(self) -> Tensor:
        """The number of the update that is being made, from 1 (float64)."""
        return ops.cast(self.iterations + 1, "float64")


class MomentOptimizer(ComposedOptimizer):
    """What Nadam, Adamax and Lamb share with Adam: averages of gradients, and the share of them that is there yet.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_1, beta_2 : float
        What remains of the first and of the second moment at each step, 0 … 1 (1 excluded).
    epsilon : float
        Keeps the divisor away from zero.
    *more, **settings
        See `Optimizer`.
    """

    slots = ("momentum", "velocity")

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-7,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.beta_1 = checks.real("beta_1", beta_1, minimum=0.0, below=1.0)
        self.beta_2 = checks.real("beta_2", beta_2, minimum=0.0, below=1.0)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)

    def share(self, beta: float) -> Tensor:
        """Return 1 - betaᵗ (float64): by so much an average that began with zero is too small."""
        return 1.0 - ops.power(beta, self.step)

    def normalized(self, x: Tensor, v: Variable) -> Tensor:
        """Return ``x / (sqrt(v / (1 - beta_2ᵗ)) + epsilon)``."""
        return x / (ops.sqrt(v / ops.cast(self.share(self.beta_2), v.dtype)) + self.epsilon)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "beta_1": self.beta_1, "beta_2": self.beta_2, "epsilon": self.epsilon}


def norm(x: Tensor | Variable) -> Tensor:
    """Return the Euclidean norm of all elements.

    Of squares, which stand in memory alike everywhere: `ops.sum_of_squares` adds up in the order of memory, and what
    was read of a variable may stand otherwise in a program than it does eagerly.
    """
    return ops.sqrt(ops.sum(ops.square(x)))
