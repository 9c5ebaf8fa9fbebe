"""Layers that disturb their input while training: kinds of dropout, and noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops, random
from ..dtypes import is_float
from ..ops.activation import ALPHA, SCALE
from ..tensor import Tensor
from ..utils import checks
from .arguments import sizes
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["AlphaDropout", "Dropout", "GaussianDropout", "GaussianNoise", "SpatialDropout1D"]


class _Noise(Layer):
    """A layer that returns its input, except in training.

    Parameters
    ----------
    seed : int, optional
        Where the layer's stream of random numbers starts. Default: drawn from the global generator, which
        `utils.set_random_seed` seeds.
    """

    def __init__(self, seed: int | None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.seed = None if seed is None else checks.integer("seed", seed)
        self.seed_generator = random.SeedGenerator(self.seed)
        self._needs_no_build()

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        if not training:
            return inputs
        return self.disturb(inputs if is_float(inputs.dtype) else ops.cast(inputs, self.compute_dtype))

    def disturb(self, inputs: Tensor) -> Tensor:
        raise NotImplementedError

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)


class _Dropping(_Noise):
    """A layer that chooses elements with a probability, each for itself or as ``noise_shape`` says.

    Parameters
    ----------
    rate : float
        The probability.
    noise_shape, seed
        As for `Dropout`.
    """

    def __init__(self, rate: float, noise_shape: Sequence[int | None] | None, seed: int | None, **kwargs: Any) -> None:
        self.rate = rate
        self.noise_shape = None if noise_shape is None else sizes("noise_shape", noise_shape)
        super().__init__(seed, **kwargs)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed, "noise_shape": self.noise_shape}


class Dropout(_Dropping):
    """In training, set inputs to zero with probability ``rate`` and scale the others by ``1 / (1 - rate)``.

    Otherwise the input comes out as it is (Srivastava et al., JMLR 2014).

    Parameters
    ----------
    rate : float
        0 … 1.
    noise_shape : sequence of (int or None), optional
        The shape of the mask, which broadcasts to the input; None is the input's size there. ``(None, 1, 8)``, say,
        drops the same features at all steps of a sequence.
    seed : int, optional
        Default: drawn from the global generator, which `utils.set_random_seed` seeds.
    **kwargs
        See `Layer`.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(checks.real("rate", rate, minimum=0.0, maximum=1.0), noise_shape, seed, **kwargs)

    def disturb(self, inputs: Tensor) -> Tensor:
        if self.rate == 0.0:
            return inputs
        if self.rate == 1.0:
            return inputs * 0.0
        return random.dropout(inputs, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)


class SpatialDropout1D(Dropout):
    """In training, drop whole columns of each sample, a matrix: features, at all steps of a sequence at once.

    Parameters
    ----------
    rate, seed
        As for `Dropout`.
    name, dtype : str, optional
    **kwargs
        See `Layer`.
    """

    def __init__(
        self, rate: float, seed: int | None = None, name: str | None = None, dtype: Any = None, **kwargs: Any
    ) -> None:
        super().__init__(rate, (None, 1, None), seed, name=name, dtype=dtype, **kwargs)
        self.input_spec = InputSpec(ndim=3)

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        del config["noise_shape"]
        return config


class AlphaDropout(_Dropping):
    """Dropout that keeps mean and variance of selu's outputs (Klambauer et al., 2017).

    In training, inputs become selu's limit with probability ``rate``, and all are scaled and shifted.

    Parameters
    ----------
    rate : float
        0 … 1, which is not allowed itself.
    noise_shape : sequence of (int or None), optional
        As for `Dropout`.
    seed : int, optional
        Default: drawn from the global generator, which `utils.set_random_seed` seeds.
    **kwargs
        See `Layer`.
    """

    def __init__(
        self,
        rate: float,
        noise_shape: Sequence[int | None] | None = None,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(checks.real("rate", rate, minimum=0.0, below=1.0), noise_shape, seed, **kwargs)

    def disturb(self, inputs: Tensor) -> Tensor:
        if self.rate == 0.0:
            return inputs
        ones = ops.ones(inputs.shape, inputs.dtype)
        dropped = random.dropout(ones, self.rate, noise_shape=self.noise_shape, seed=self.seed_generator)
        limit = -ALPHA * SCALE
        scale = 1.0 / math.sqrt((1.0 - self.rate) * (1.0 + self.rate * limit**2))
        return ops.where(dropped > 0, inputs, limit) * scale - scale * limit * self.rate


class GaussianDropout(_Noise):
    """In training, multiply by normal noise of mean 1 and standard deviation ``sqrt(rate / (1 - rate))``.

    Parameters
    ----------
    rate : float
        0 … 1, which is not allowed itself.
    seed : int, optional
        Default: drawn from the global generator, which `utils.set_random_seed` seeds.
    **kwargs
        See `Layer`.
    """

    def __init__(self, rate: float, seed: int | None = None, **kwargs: Any) -> None:
        self.rate = checks.real("rate", rate, minimum=0.0, below=1.0)
        super().__init__(seed, **kwargs)

    def disturb(self, inputs: Tensor) -> Tensor:
        if self.rate == 0.0:
            return inputs
        stddev = math.sqrt(self.rate / (1.0 - self.rate))
        return inputs * random.normal(inputs.shape, 1.0, stddev, dtype=inputs.dtype, seed=self.seed_generator)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "rate": self.rate, "seed": self.seed}


class GaussianNoise(_Noise):
    """In training, add normal noise of mean zero; otherwise the input comes out as it is.

    Parameters
    ----------
    stddev : float
        Standard deviation of the noise, from 0 to 1.
    seed : int, optional
        Default: drawn from the global generator, which `utils.set_random_seed` seeds.
    **kwargs
        See `Layer`.
    """

    def __init__(self, stddev: float, seed: int | None = None, **kwargs: Any) -> None:
        self.stddev = checks.real("stddev", stddev, minimum=0.0, maximum=1.0)
        super().__init__(seed, **kwargs)

    def disturb(self, inputs: Tensor) -> Tensor:
        if self.stddev == 0.0:
            return inputs
        return inputs + random.normal(
            inputs.shape, mean=0.0, stddev=self.stddev, dtype=inputs.dtype, seed=self.seed_generator
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "stddev": self.stddev, "seed": self.seed}
