"""Muon."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..tensor import Tensor, Variable
from ..utils import checks
from .composed import ComposedOptimizer, norm
from .schedules import LearningRateSchedule

__all__ = ["Muon"]


class Muon(ComposedOptimizer):
    """Momentum whose matrices are made orthogonal, beside Adam for what is no matrix (Jordan et al., 2024).

    A matrix: ``m = momentum * m + g; n = momentum * m + g`` (without Nesterov n = m), and w moves against n with all
    its singular values brought near 1: ``x = n / ‖n‖``, then, by Newton and Schulz, ``ns_steps`` times
    ``x = (a + b * x @ xᵀ + c * (x @ xᵀ)²) @ x``; ``w -= lr * rms_rate * sqrt(max(rows, columns)) * x`` (Liu et al.,
    2025). All else moves as by `Adam`, with ``lr * adam_lr_ratio``. The products take time: each iteration
    multiplies as often as a batch of as many rows as the matrix' shorter side is long.

    It is made for hidden layers: name the first and the last one in ``exclude_layers``.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
    adam_beta_1, adam_beta_2, epsilon : float
        See `Adam`.
    adam_weight_decay : float, optional
        The weight decay of what Adam moves.
    weight_decay : float, optional
        The weight decay of the matrices.
    clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum, ema_overwrite_frequency
        See `Optimizer`.
    loss_scale_factor, gradient_accumulation_steps, name
        See `Optimizer`.
    exclude_layers : sequence of str, optional
        Regular expressions: a matrix in whose path one is found is Adam's.
    exclude_embeddings : bool
        Whether a matrix with "embedding" in its path is Adam's.
    muon_a, muon_b, muon_c : float
        a, b, c above.
    adam_lr_ratio : float
        Adam's learning rate as a multiple of the matrices'.
    momentum : float
        0 … 1.
    ns_steps : int
        How often to iterate.
    nesterov : bool
        Whether to look ahead.
    rms_rate : float, optional
        Root mean square of a matrix' step of learning rate 1; None: that of an orthogonal matrix.
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule = 0.001,
        adam_beta_1: float = 0.9,
        adam_beta_2: float = 0.999,
        adam_weight_decay: float | None = 0.004,
        epsilon: float = 1e-7,
        weight_decay: float | None = 0.004,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        exclude_layers: Sequence[str] | None = None,
        exclude_embeddings: bool = True,
        muon_a: float = 3.4445,
        muon_b: float = -4.7750,
        muon_c: float = 2.0315,
        adam_lr_ratio: float = 1,
        momentum: float = 0.95,
        ns_steps: int = 5,
        nesterov: bool = True,
        rms_rate: float | None = 0.2,
        **kwargs: Any,
    ) -> None:
        super().__init__(
            learning_rate, weight_decay, clipnorm, clipvalue, global_clipnorm, use_ema, ema_momentum,
            ema_overwrite_frequency, loss_scale_factor, gradient_accumulation_steps, name, **kwargs,
        )  # fmt: skip
        self.adam_beta_1 = checks.real("adam_beta_1", adam_beta_1, minimum=0.0, below=1.0)
        self.adam_beta_2 = checks.real("adam_beta_2", adam_beta_2, minimum=0.0, below=1.0)
        self.adam_weight_decay = checks.optional_real("adam_weight_decay", adam_weight_decay, minimum=0.0)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)
        self.exclude_layers = _patterns(exclude_layers)
        self.exclude_embeddings = checks.boolean("exclude_embeddings", exclude_embeddings)
        self.muon_a = checks.real("muon_a", muon_a)
        self.muon_b = checks.real("muon_b", muon_b)
        self.muon_c = checks.real("muon_c", muon_c)
        self.adam_lr_ratio = checks.real("adam_lr_ratio", adam_lr_ratio, minimum=0.0)
        self.momentum = checks.real("momentum", momentum, minimum=0.0, maximum=1.0)
        self.ns_steps = checks.integer("ns_steps", ns_steps, minimum=0)
        self.nesterov = checks.boolean("nesterov", nesterov)
        self.rms_rate = checks.optional_real("rms_rate", rms_rate, minimum=0.0)

    def _is_adams(self, variable: Variable) -> bool:
        if len(variable.shape) != 2 or (self.exclude_embeddings and "embedding" in variable.path.lower()):
            return True
        return any(re.search(pattern, variable.path) for pattern in self.exclude_layers)

    def make_slots(self, variable: Variable) -> list[Variable]:
        names = ["momentum", "velocity"] if self._is_adams(variable) else ["momentum"]
        return [self.add_variable_from_reference(variable, name) for name in names]

    def _decay_of(self, variable: Variable) -> float:
        decay = self.adam_weight_decay if self._is_adams(variable) else self.weight_decay
        return 0.0 if self._is_excluded(variable) else decay or 0.0

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        m, *velocity = self.slots_of(variable)
        if velocity:
            betas = self.adam_beta_1, self.adam_beta_2
            scalars = ops.step_scalars(learning_rate * self.adam_lr_ratio, self.iterations, *betas)
            ops.adam_update(variable, m, *velocity, None, gradient, scalars, *betas, self.epsilon)
            return
        m.assign(m * self.momentum + gradient)
        x = self._orthogonal(m * self.momentum + gradient if self.nesterov else m.value)
        size = 1.0 if self.rms_rate is None else self.rms_rate * max(variable.shape) ** 0.5
        ops.descend(variable, x, learning_rate * size)

    def _orthogonal(self, x: Tensor) -> Tensor:
        """Return a matrix with its singular values brought near 1; the products are of its shorter side."""
        if x.shape[0] > x.shape[1]:
            return ops.transpose(self._orthogonal(ops.transpose(x)))
        x = x / (norm(x) + 1e-7)
        one = ops.eye(x.shape[0], dtype=x.dtype)
        for _ in range(self.ns_steps):
            squares = x @ ops.transpose(x)
            x = (self.muon_a * one + squares @ (self.muon_b * one + self.muon_c * squares)) @ x
        return x

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "adam_beta_1": self.adam_beta_1,
            "adam_beta_2": self.adam_beta_2,
            "adam_weight_decay": self.adam_weight_decay,
            "epsilon": self.epsilon,
            "exclude_layers": list(self.exclude_layers),
            "exclude_embeddings": self.exclude_embeddings,
            "muon_a": self.muon_a,
            "muon_b": self.muon_b,
            "muon_c": self.muon_c,
            "adam_lr_ratio": self.adam_lr_ratio,
            "momentum": self.momentum,
            "ns_steps": self.ns_steps,
            "nesterov": self.nesterov,
            "rms_rate": self.rms_rate,
        }


def _patterns(exclude_layers: Any) -> list[str]:
    """Return checked regular expressions."""
    given = [] if exclude_layers is None else exclude_layers
    if not isinstance(given, list | tuple) or not all(isinstance(each, str) for each in given):
        raise ValueError(
            "Argument `exclude_layers` must be a list of strings, regular expressions for paths of variables. "
            f"Received: exclude_layers={exclude_layers!r}"
        )
    for each in given:
        try:
            re.compile(each)
        except re.error as error:
            raise ValueError(
                f"Argument `exclude_layers` must hold regular expressions: {error}. Received: {each!r}"
            ) from None
    return list(given)
