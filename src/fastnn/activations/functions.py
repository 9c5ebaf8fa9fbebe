"""Activation functions, with Keras' names, parameters and defaults."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..tensor import Tensor
from ..utils import checks

__all__ = [
    "celu",
    "elu",
    "exponential",
    "gelu",
    "glu",
    "hard_shrink",
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
    "soft_shrink",
    "softmax",
    "softplus",
    "softsign",
    "sparse_plus",
    "sparse_sigmoid",
    "sparsemax",
    "squareplus",
    "tanh",
    "tanh_shrink",
    "threshold",
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


def hard_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """Return x where ``|x|`` is above the threshold, 0 elsewhere."""
    return ops.hard_shrink(x, checks.real("threshold", threshold))


def soft_shrink(x: Any, threshold: float = 0.5) -> Tensor:
    """Return x moved towards 0 by the threshold, 0 where ``|x|`` is within it."""
    return ops.soft_shrink(x, checks.real("threshold", threshold, minimum=0.0))


def threshold(x: Any, threshold: float, default_value: float) -> Tensor:
    """Return x where it is above the threshold, the default value elsewhere.

    Parameters
    ----------
    x : Tensor
    threshold : float
        Up to where x is replaced.
    default_value : float
        What it is replaced by.
    """
    return ops.threshold(x, checks.real("threshold", threshold), checks.real("default_value", default_value))


def celu(x: Any, alpha: float = 1.0) -> Tensor:
    """Return x where it is positive, ``alpha * (exp(x / alpha) - 1)`` elsewhere (Barron, 2017)."""
    return ops.celu(x, checks.real("alpha", alpha, above=0.0))


def glu(x: Any, axis: int = -1) -> Tensor:
    """Return ``a * sigmoid(b)``, a and b the two halves of x along an axis (Dauphin et al., 2017).

    Parameters
    ----------
    x : Tensor
        Of even size along the axis; the result has half of it.
    axis : int
    """
    return ops.glu(x, checks.integer("axis", axis))


def sparse_plus(x: Any) -> Tensor:
    """Return 0 up to -1, ``(x + 1)² / 4`` up to 1, and x beyond."""
    return ops.sparse_plus(x)


def sparse_sigmoid(x: Any) -> Tensor:
    """Return ``(x + 1) / 2`` limited to 0 … 1 (Blondel et al., 2019)."""
    return ops.sparse_sigmoid(x)


def sparsemax(x: Any, axis: int = -1) -> Tensor:
    """Return ``max(x - tau, 0)`` along an axis, tau such that they sum to one (Martins and Astudillo, 2016).

    Like those of `softmax` they are probabilities, but small ones are 0.
    """
    return ops.sparsemax(x, checks.integer("axis", axis))


def squareplus(x: Any, b: float = 4) -> Tensor:
    """Return ``(x + sqrt(x² + b)) / 2``, a smooth relu (Barron, 2021).

    Parameters
    ----------
    x : Tensor
    b : float
        The larger, the smoother.
    """
    return ops.squareplus(x, checks.real("b", b, above=0.0))


def output_shape(activation: Callable[..., Any], shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    """Return the shape of what an activation makes of such inputs: the same, but for `glu`."""
    if activation is not glu or shape[-1] is None:
        return shape
    return (*shape[:-1], shape[-1] // 2)
