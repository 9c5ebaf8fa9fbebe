"""Adafactor."""

from __future__ import annotations

from typing import Any, Unpack

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .base import Settings
from .composed import ComposedOptimizer, norm
from .schedules import LearningRateSchedule

__all__ = ["Adafactor"]


class Adafactor(ComposedOptimizer):
    """Mean squares of gradients as the product of a row's and a column's, and steps in proportion to the weights.

    (Shazeer and Stern, ICML 2018.) With ``b = 1 - t ** beta_2_decay``, in matrices
    ``r = b * r + (1 - b) * mean(g² + epsilon_1)`` over columns, c over rows, ``v = r * c / mean(r)``; in vectors
    ``v = b * v + (1 - b) * (g² + epsilon_1)``. Then ``u = g / sqrt(v)`` and
    ``w -= min(lr, 1 / sqrt(t)) * max(epsilon_2, rms(w)) * u / max(1, rms(u) / clip_threshold)``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    beta_2_decay : float
        How fast the mean squares come to remember: at most 0.
    epsilon_1 : float
        Keeps the divisor away from zero.
    epsilon_2 : float
        Smallest size of weights that steps are measured by.
    clip_threshold : float
        Largest root mean square of u; beside ``clipnorm`` and its like.
    relative_step : bool
        Makes no difference, as in Keras 3: the learning rate is at most ``1 / sqrt(t)`` in any case.
    *more, **settings
        See `Optimizer`.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        beta_2_decay: float = -0.8,
        epsilon_1: float = 1e-30,
        epsilon_2: float = 0.001,
        clip_threshold: float = 1.0,
        relative_step: bool = True,
        *more: Any,
        **settings: Unpack[Settings],
    ) -> None:
        super().__init__(learning_rate, *more, **settings)
        self.beta_2_decay = checks.real("beta_2_decay", beta_2_decay, maximum=0.0)
        self.epsilon_1 = checks.real("epsilon_1", epsilon_1, minimum=0.0)
        self.epsilon_2 = checks.real("epsilon_2", epsilon_2, minimum=0.0)
        self.clip_threshold = checks.real("clip_threshold", clip_threshold, above=0.0)
        self.relative_step = checks.boolean("relative_step", relative_step)

    def make_slots(self, variable: Variable) -> list[Variable]:
        shape = variable.shape
        # A vector has neither; scalars hold their places in the order of `variables`, which is Keras'.
        shapes = [shape[:-1], (*shape[:-2], shape[-1])] if len(shape) > 1 else [(), ()]
        factors = [self.add_variable(shape, dtype=variable.dtype, name=variable.name) for shape in shapes]
        return [*factors, self.add_variable_from_reference(variable, "velocity")]

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        *_, v = self.slots_of(variable)
        self._move_squares(ops.square(gradient), variable)
        u = gradient / ops.sqrt(v)
        rate = ops.minimum(learning_rate, 1.0 / ops.sqrt(self.step)) * ops.maximum(_rms(variable), self.epsilon_2)
        ops.descend(variable, u, rate / ops.maximum(_rms(u) / self.clip_threshold, 1.0))

    def _move_squares(self, squares: Tensor, variable: Variable) -> None:
        r, c, v = self.slots_of(variable)
        keep = 1.0 - ops.power(self.step, self.beta_2_decay)
        if len(variable.shape) < 2:
            ops.move_average(v, squares + self.epsilon_1, keep)
            return
        ops.move_average(r, ops.mean(squares, axis=-1) + self.epsilon_1, keep)
        ops.move_average(c, ops.mean(squares, axis=-2) + self.epsilon_1, keep)
        of_rows = r / ops.mean(r, axis=-1, keepdims=True)
        v.assign(ops.expand_dims(of_rows, -1) * ops.expand_dims(c, -2))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "beta_2_decay": self.beta_2_decay,
            "epsilon_1": self.epsilon_1,
            "epsilon_2": self.epsilon_2,
            "clip_threshold": self.clip_threshold,
            "relative_step": self.relative_step,
        }


def _rms(x: Tensor | Variable) -> Tensor:
    """Return the root of the mean square."""
    return norm(x) / max(x.size, 1) ** 0.5
