"""Schedules that lower the learning rate (Keras' names, formulas and defaults), computed in float64."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from ... import ops
from ...tensor import Tensor
from ...utils import checks
from .base import LearningRateSchedule

__all__ = [
    "CosineDecay",
    "CosineDecayRestarts",
    "ExponentialDecay",
    "InverseTimeDecay",
    "PiecewiseConstantDecay",
    "PolynomialDecay",
]


def _float(step: Any) -> Tensor:
    return ops.cast(step, "float64")


class _RateDecay(LearningRateSchedule):
    """What ExponentialDecay and InverseTimeDecay share.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        The unit in which steps are counted.
    decay_rate : float
    staircase : bool
        Whether to round ``step / decay_steps`` down, so that the rate falls in steps.
    name : str, optional
        Default: the class's name.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        decay_rate: float,
        staircase: bool = False,
        name: str | None = None,
    ) -> None:
        self.initial_learning_rate = checks.real("initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(decay_steps)
        self.decay_rate = checks.real("decay_rate", decay_rate)
        self.staircase = checks.boolean("staircase", staircase)
        self.name = name or type(self).__name__

    def _passed(self, step: Any) -> Tensor:
        passed = _float(step) / self.decay_steps
        return ops.floor(passed) if self.staircase else passed

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "decay_rate": self.decay_rate,
            "staircase": self.staircase,
            "name": self.name,
        }


class ExponentialDecay(_RateDecay):
    """``initial_learning_rate * decay_rate ** (step / decay_steps)``."""

    def __call__(self, step: Any) -> Tensor:
        rate = ops.convert_to_tensor(self.decay_rate, "float64")
        return ops.power(rate, self._passed(step)) * self.initial_learning_rate


class InverseTimeDecay(_RateDecay):
    """``initial_learning_rate / (1 + decay_rate * step / decay_steps)``."""

    def __call__(self, step: Any) -> Tensor:
        return self.initial_learning_rate / (self._passed(step) * self.decay_rate + 1.0)


class PiecewiseConstantDecay(LearningRateSchedule):
    """Constant between boundaries: ``values[i]`` up to and including step ``boundaries[i]``.

    Parameters
    ----------
    boundaries : sequence of float
        Ascending numbers of steps.
    values : sequence of float
        One more than boundaries.
    name : str
    """

    def __init__(self, boundaries: Sequence[float], values: Sequence[float], name: str = "PiecewiseConstant") -> None:
        self.boundaries = [_boundary(boundary) for boundary in boundaries]
        self.values = [checks.real("values", value) for value in values]
        if not self.boundaries or len(self.values) != len(self.boundaries) + 1:
            raise ValueError(
                "Argument `values` must be one longer than `boundaries`, which must not be empty. Received: "
                f"{len(self.boundaries)} boundaries, {len(self.values)} values"
            )
        if self.boundaries != sorted(self.boundaries):
            raise ValueError(f"Argument `boundaries` must be ascending. Received: boundaries={self.boundaries}")
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        step = ops.cast(step, "float64")
        rate = ops.convert_to_tensor(self.values[-1], "float64")
        for boundary, value in zip(self.boundaries[::-1], self.values[-2::-1], strict=True):
            rate = ops.where(step <= boundary, ops.convert_to_tensor(value, "float64"), rate)
        return rate

    def get_config(self) -> dict[str, Any]:
        return {"boundaries": self.boundaries, "values": self.values, "name": self.name}


class PolynomialDecay(LearningRateSchedule):
    """From ``initial_learning_rate`` to ``end_learning_rate``, along ``(1 - step / decay_steps) ** power``.

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
    end_learning_rate : float
    power : float
        1 is linear.
    cycle : bool
        Whether the rate starts anew after ``decay_steps``, each time over a longer span, instead of staying at its end.
    name : str
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        end_learning_rate: float = 0.0001,
        power: float = 1.0,
        cycle: bool = False,
        name: str = "PolynomialDecay",
    ) -> None:
        self.initial_learning_rate = checks.real("initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(decay_steps)
        self.end_learning_rate = checks.real("end_learning_rate", end_learning_rate)
        self.power = checks.real("power", power, minimum=0.0)
        self.cycle = checks.boolean("cycle", cycle)
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        step = _float(step)
        if self.cycle:
            # The first multiple of decay_steps that is not below the step, and at least one.
            span = ops.maximum(ops.ceil(step / self.decay_steps), 1.0) * self.decay_steps
            remaining = 1.0 - step / span
        else:
            remaining = 1.0 - ops.minimum(step, self.decay_steps) / self.decay_steps
        way = ops.power(remaining, self.power)
        return way * (self.initial_learning_rate - self.end_learning_rate) + self.end_learning_rate

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "end_learning_rate": self.end_learning_rate,
            "power": self.power,
            "cycle": self.cycle,
            "name": self.name,
        }


class CosineDecay(LearningRateSchedule):
    """Half a cosine from ``initial_learning_rate`` down to ``alpha`` times it (Loshchilov and Hutter, 2017).

    Parameters
    ----------
    initial_learning_rate : float
    decay_steps : int
        Length of the decay, after the warm-up.
    alpha : float
        What remains at the end, as a fraction.
    name : str
    warmup_target : float, optional
        Where a linear warm-up from ``initial_learning_rate`` leads, from which the cosine then falls.
    warmup_steps : int
        Length of the warm-up.
    """

    def __init__(
        self,
        initial_learning_rate: float,
        decay_steps: int,
        alpha: float = 0.0,
        name: str = "CosineDecay",
        warmup_target: float | None = None,
        warmup_steps: int = 0,
    ) -> None:
        self.initial_learning_rate = checks.real("initial_learning_rate", initial_learning_rate)
        self.decay_steps = _steps(decay_steps)
        self.alpha = checks.real("alpha", alpha)
        self.name = name
        self.warmup_target = None if warmup_target is None else checks.real("warmup_target", warmup_target)
        self.warmup_steps = checks.integer("warmup_steps", warmup_steps, minimum=0)

    def __call__(self, step: Any) -> Tensor:
        step = _float(step)
        if self.warmup_target is None:
            return self._decayed(step, self.initial_learning_rate)
        decayed = self._decayed(ops.maximum(step - self.warmup_steps, 0.0), self.warmup_target)
        if not self.warmup_steps:
            return decayed
        gain = (self.warmup_target - self.initial_learning_rate) / self.warmup_steps
        return ops.where(step < self.warmup_steps, step * gain + self.initial_learning_rate, decayed)

    def _decayed(self, step: Tensor, start: float) -> Tensor:
        cosine = _half_cosine(ops.minimum(step, self.decay_steps) / self.decay_steps)
        return (cosine * (1.0 - self.alpha) + self.alpha) * start

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "decay_steps": self.decay_steps,
            "alpha": self.alpha,
            "name": self.name,
            "warmup_target": self.warmup_target,
            "warmup_steps": self.warmup_steps,
        }


class CosineDecayRestarts(LearningRateSchedule):
    """Half a cosine down to ``alpha`` times the rate, again and again (Loshchilov and Hutter, 2017).

    Parameters
    ----------
    initial_learning_rate : float
    first_decay_steps : int
        Length of the first decay.
    t_mul : float
        How many times as long as the one before each further decay is, at least 1.
    m_mul : float
        How many times as high as the one before each further decay begins.
    alpha : float
        What remains at the end of each, as a fraction of ``initial_learning_rate``.
    name : str
    """

    def __init__(
        self,
        initial_learning_rate: float,
        first_decay_steps: int,
        t_mul: float = 2.0,
        m_mul: float = 1.0,
        alpha: float = 0.0,
        name: str = "SGDRDecay",
    ) -> None:
        self.initial_learning_rate = checks.real("initial_learning_rate", initial_learning_rate)
        self.first_decay_steps = _steps(first_decay_steps, "first_decay_steps")
        self.t_mul = checks.real("t_mul", t_mul, minimum=1.0)
        self.m_mul = checks.real("m_mul", m_mul, minimum=0.0)
        self.alpha = checks.real("alpha", alpha)
        self.name = name

    def __call__(self, step: Any) -> Tensor:
        restarts, way = self._restarts(_float(step) / self.first_decay_steps)
        start = ops.power(ops.convert_to_tensor(self.m_mul, "float64"), restarts)
        cosine = _half_cosine(way) * start
        return (cosine * (1.0 - self.alpha) + self.alpha) * self.initial_learning_rate

    def _restarts(self, passed: Tensor) -> tuple[Tensor, Tensor]:
        """Return how many restarts there were, and how far the present decay is, 0 … 1.

        ``passed`` is counted in first decays.
        """
        if self.t_mul == 1.0:
            restarts = ops.floor(passed)
            return restarts, passed - restarts
        restarts = ops.floor(ops.log1p(passed * (self.t_mul - 1.0)) * (1.0 / math.log(self.t_mul)))
        # Where a decay ends, rounding may have put the logarithm on either side.
        restarts = restarts + ops.cast(self._begin(restarts + 1.0) <= passed, "float64")
        restarts = restarts - ops.cast(self._begin(restarts) > passed, "float64")
        length = ops.power(ops.convert_to_tensor(self.t_mul, "float64"), restarts)
        return restarts, (passed - self._begin(restarts)) / length

    def _begin(self, restarts: Tensor) -> Tensor:
        """Return where the decay after so many restarts begins: 1 + t_mul + t_mul² + …"""
        return (ops.power(ops.convert_to_tensor(self.t_mul, "float64"), restarts) - 1.0) / (self.t_mul - 1.0)

    def get_config(self) -> dict[str, Any]:
        return {
            "initial_learning_rate": self.initial_learning_rate,
            "first_decay_steps": self.first_decay_steps,
            "t_mul": self.t_mul,
            "m_mul": self.m_mul,
            "alpha": self.alpha,
            "name": self.name,
        }


def _half_cosine(way: Tensor) -> Tensor:
    """Return a cosine that falls from 1 to 0 along the way from 0 to 1."""
    return (ops.cos(way * math.pi) + 1.0) * 0.5


def _boundary(step: float) -> int | float:
    """Return a number of steps, which need not be whole, as the number that it is."""
    return int(step) if checks.is_integer(step) else checks.real("boundaries", step)


def _steps(steps: int, name: str = "decay_steps") -> int | float:
    """Return a positive number of steps; Keras takes fractions too."""
    number = checks.real(name, steps, above=0.0)
    return int(number) if number.is_integer() else number
