"""VarianceScaling and the six named initializers that are special cases of it."""

from __future__ import annotations

import math
from typing import Any, ClassVar

from .. import random
from ..dtypes import standardize_dtype
from ..tensor import Tensor
from ..utils import checks
from ..utils.lookup import unknown_name
from .random import RandomInitializer

__all__ = [
    "GlorotNormal",
    "GlorotUniform",
    "HeNormal",
    "HeUniform",
    "LecunNormal",
    "LecunUniform",
    "VarianceScaling",
    "compute_fans",
]

MODES = ("fan_in", "fan_out", "fan_avg")
DISTRIBUTIONS = ("truncated_normal", "untruncated_normal", "uniform")

# The standard deviation of the unit normal distribution truncated at two standard deviations.
TRUNCATED_STDDEV = 0.87962566103423978


def compute_fans(
    shape: tuple[int, ...],
    input_axes: tuple[int, ...] | None = None,
    output_axes: tuple[int, ...] | None = None,
) -> tuple[int, int]:
    """Return how many inputs and outputs a weight of this shape has, as Keras counts them.

    Without axes: a matrix is (inputs, outputs); more axes are those of a convolution's receptive field, before its
    input and output channels.
    """
    if input_axes is not None and output_axes is not None:
        return math.prod(shape[axis] for axis in input_axes), math.prod(shape[axis] for axis in output_axes)
    if len(shape) < 2:
        size = int(shape[0]) if shape else 1
        return size, size
    field = math.prod(shape[:-2])
    return int(shape[-2] * field), int(shape[-1] * field)


class VarianceScaling(RandomInitializer):
    """Values whose variance is ``scale / n``, where n counts the weight's inputs, outputs or their mean.

    Parameters
    ----------
    scale : float
        Positive factor of the variance.
    mode : {"fan_in", "fan_out", "fan_avg"}
        What n counts.
    distribution : {"truncated_normal", "untruncated_normal", "uniform"}
        ``"normal"`` is ``"truncated_normal"``.
    seed : int or random.SeedGenerator, optional
    input_axes, output_axes : sequence of int, optional
        Which axes count as inputs and as outputs; to be given together. Default: see `compute_fans`.
    """

    def __init__(
        self,
        scale: float = 1.0,
        mode: str = "fan_in",
        distribution: str = "truncated_normal",
        seed: int | random.SeedGenerator | None = None,
        input_axes: Any = None,
        output_axes: Any = None,
    ) -> None:
        self.scale = checks.real("scale", scale, above=0.0)
        if mode not in MODES:
            raise unknown_name("mode", str(mode), MODES)
        self.mode = mode
        distribution = str(distribution).lower()
        self.distribution = "truncated_normal" if distribution == "normal" else distribution
        if self.distribution not in DISTRIBUTIONS:
            raise unknown_name("distribution", distribution, (*DISTRIBUTIONS, "normal"))
        if (input_axes is None) != (output_axes is None):
            raise ValueError(
                "Arguments `input_axes` and `output_axes` must be given together. Received: "
                f"input_axes={input_axes!r}, output_axes={output_axes!r}"
            )
        self.input_axes, self.output_axes = input_axes, output_axes
        super().__init__(seed)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        fan_in, fan_out = compute_fans(tuple(shape), self.input_axes, self.output_axes)
        count = {"fan_in": fan_in, "fan_out": fan_out, "fan_avg": (fan_in + fan_out) / 2.0}[self.mode]
        variance = self.scale / max(1.0, count)
        dtype = standardize_dtype(dtype)
        if self.distribution == "uniform":
            limit = math.sqrt(3.0 * variance)
            return random.uniform(shape, minval=-limit, maxval=limit, dtype=dtype, seed=self.seed)
        stddev = math.sqrt(variance)
        if self.distribution == "untruncated_normal":
            return random.normal(shape, mean=0.0, stddev=stddev, dtype=dtype, seed=self.seed)
        return random.truncated_normal(shape, mean=0.0, stddev=stddev / TRUNCATED_STDDEV, dtype=dtype, seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "scale": self.scale,
            "mode": self.mode,
            "distribution": self.distribution,
            "input_axes": self.input_axes,
            "output_axes": self.output_axes,
        }


class _NamedScaling(VarianceScaling):
    """A VarianceScaling whose scale, mode and distribution are fixed by the class.

    Parameters
    ----------
    seed : int or random.SeedGenerator, optional
    input_axes, output_axes : sequence of int, optional
        As in `VarianceScaling`.
    """

    fixed: ClassVar[tuple[float, str, str]]

    def __init__(
        self, seed: int | random.SeedGenerator | None = None, input_axes: Any = None, output_axes: Any = None
    ) -> None:
        super().__init__(*self.fixed, seed=seed, input_axes=input_axes, output_axes=output_axes)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        return {name: config[name] for name in ("seed", "input_axes", "output_axes")}


class GlorotUniform(_NamedScaling):
    """Uniform within ±sqrt(6 / (fan_in + fan_out)) (Glorot and Bengio, AISTATS 2010): the default of kernels."""

    fixed = (1.0, "fan_avg", "uniform")


class GlorotNormal(_NamedScaling):
    """Truncated normal with variance 2 / (fan_in + fan_out) (Glorot and Bengio, AISTATS 2010)."""

    fixed = (1.0, "fan_avg", "truncated_normal")


class HeUniform(_NamedScaling):
    """Uniform within ±sqrt(6 / fan_in) (He et al., ICCV 2015)."""

    fixed = (2.0, "fan_in", "uniform")


class HeNormal(_NamedScaling):
    """Truncated normal with variance 2 / fan_in (He et al., ICCV 2015)."""

    fixed = (2.0, "fan_in", "truncated_normal")


class LecunUniform(_NamedScaling):
    """Uniform within ±sqrt(3 / fan_in) (LeCun et al., Efficient BackProp, 1998)."""

    fixed = (1.0, "fan_in", "uniform")


class LecunNormal(_NamedScaling):
    """Truncated normal with variance 1 / fan_in (LeCun et al., Efficient BackProp, 1998)."""

    fixed = (1.0, "fan_in", "truncated_normal")
