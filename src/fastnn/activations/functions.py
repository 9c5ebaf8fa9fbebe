"""Activation functions, with Keras' names, parameters and defaults."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensor import Tensor
from ..utils import checks

__all__ = [
    "elu",
    "exponential",
    "gelu",
    "hard_sigmoid",
    "hard_silu",
    "hard_tanh",
    "leaky_relu",
    "linear",
    "log_sigmoid",
    "log_softmax",
    "mish",
    "relu",
    "relu6",
    "selu",
    "sigmoid",
    "silu",
    "softmax",
    "softplus",
    "softsign",
    "tanh",
    "tanh_shrink",
]


def linear(x: Any) -> Tensor:
    """Return x itself."""
    return ops.convert_to_tensor(x)


def relu(x: Any, negative_slope: float = 0.0, max_value: float | None = None, threshold: float = 0.0) -> Tensor:
    """Return x above the threshold, ``negative_slope * (x - threshold)`` below it, at most ``max_value``.

    Parameters
    ----------
    x : Tensor
    negative_slope : float
        Slope below the threshold.
    max_value : float, optional
        Upper limit.
    threshold : float
        Where the two parts meet.
    """
    slope = checks.real("negative_slope", negative_slope)
    threshold = checks.real("threshold", threshold)
    x = ops.convert_to_tensor(x)
    if threshold == 0.0 and max_value is None:
        return ops.relu(x) if slope == 0.0 else ops.leaky_relu(x, slope)
    above = ops.relu(x) if threshold == 0.0 else ops.where(x > threshold, x, 0.0)
    if max_value is not None:
        above = ops.minimum(above, checks.real("max_value", max_value, minimum=0.0))
    return above if slope == 0.0 else above - ops.relu(threshold - x) * slope


def leaky_relu(x: Any, negative_slope: float = 0.2) -> Tensor:
    """Return x where it is positive, ``negative_slope * x`` elsewhere (Maas et al., 2013)."""
    return ops.leaky_relu(x, checks.real("negative_slope", negative_slope))


def relu6(x: Any) -> Tensor:
    """Return x limited to 0 … 6."""
    return ops.relu6(x)


def elu(x: Any, alpha: float = 1.0) -> Tensor:
    """Return x where it is positive, ``alpha * (exp(x) - 1)`` elsewhere (Clevert et al., 2016)."""
    return ops.elu(x, checks.real("alpha", alpha))


def selu(x: Any) -> Tensor:
    """Return the scaled elu that keeps mean 0 and variance 1 (Klambauer et al., 2017)."""
    return ops.selu(x)


def sigmoid(x: Any) -> Tensor:
    """Return ``1 / (1 + exp(-x))``."""
    return ops.sigmoid(x)


def tanh(x: Any) -> Tensor:
    """Return the hyperbolic tangent."""
    return ops.tanh(x)


def softmax(x: Any, axis: int | tuple[int, ...] = -1) -> Tensor:
    """Return ``exp(x) / sum(exp(x))`` along an axis: probabilities that sum to one."""
    return ops.nn.quiet_softmax(x, axis)


def log_softmax(x: Any, axis: int | tuple[int, ...] = -1) -> Tensor:
    """Return the logarithm of `softmax`, stable."""
    return ops.log_softmax(x, axis=axis)


def softplus(x: Any) -> Tensor:
    """Return ``log(1 + exp(x))``."""
    return ops.softplus(x)


def softsign(x: Any) -> Tensor:
    """Return ``x / (1 + |x|)``."""
    return ops.softsign(x)


def silu(x: Any) -> Tensor:
    """Return ``x * sigmoid(x)``, also called swish (Ramachandran et al., 2017)."""
    return ops.silu(x)


def gelu(x: Any, approximate: bool = False) -> Tensor:
    """Return ``x * Φ(x)``, Φ the normal distribution function (Hendrycks and Gimpel, 2016).

    Parameters
    ----------
    x : Tensor
    approximate : bool
        Use the approximation by tanh.
    """
    return ops.gelu(x, approximate=checks.boolean("approximate", approximate))


def exponential(x: Any) -> Tensor:
    """Return ``exp(x)``."""
    return ops.exp(x)


def hard_sigmoid(x: Any) -> Tensor:
    """Return ``relu6(x + 3) / 6``."""
    return ops.hard_sigmoid(x)


def hard_silu(x: Any) -> Tensor:
    """Return ``x * hard_sigmoid(x)``, also called hard_swish."""
    return ops.hard_silu(x)


def hard_tanh(x: Any) -> Tensor:
    """Return x limited to -1 … 1."""
    return ops.hard_tanh(x)


def log_sigmoid(x: Any) -> Tensor:
    """Return the logarithm of `sigmoid`, stable."""
    return ops.log_sigmoid(x)


def mish(x: Any) -> Tensor:
    """Return ``x * tanh(softplus(x))`` (Misra, 2019)."""
    return ops.mish(x)


def tanh_shrink(x: Any) -> Tensor:
    """Return ``x - tanh(x)``."""
    return ops.tanh_shrink(x)
