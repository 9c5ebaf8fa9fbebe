"""Random initializers.

An integer seed gives the same values at every call. Without a seed, one is drawn when the initializer is made (from
the global generator, which `utils.set_random_seed` seeds), as in Keras: so one initializer object repeats itself,
and two objects differ. A `random.SeedGenerator` gives new values at every call.
"""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import random
from ..dtypes import standardize_dtype
from ..tensor import Tensor, convert_to_tensor
from ..utils import checks
from .base import Initializer

__all__ = ["Orthogonal", "RandomInitializer", "RandomNormal", "RandomUniform", "TruncatedNormal"]


class RandomInitializer(Initializer):
    """The base class of random initializers: it keeps the seed.

    Parameters
    ----------
    seed : int or random.SeedGenerator, optional
    """

    def __init__(self, seed: int | random.SeedGenerator | None = None) -> None:
        if isinstance(seed, dict) and isinstance(seed.get("config"), dict):
            seed = random.SeedGenerator.from_config(seed["config"])
        if seed is not None and not isinstance(seed, random.SeedGenerator):
            if not checks.is_integer(seed):
                raise ValueError(f"Argument `seed` must be an integer or a SeedGenerator. Received: seed={seed!r}")
            seed = int(seed)
        self._given_seed = seed
        self.seed = random.draw_seed() if seed is None else seed

    def get_config(self) -> dict[str, Any]:
        seed = self._given_seed
        if isinstance(seed, random.SeedGenerator):
            seed = {
                "module": "keras.random",
                "class_name": "SeedGenerator",
                "config": seed.get_config(),
                "registered_name": None,
            }
        return {"seed": seed}


class RandomNormal(RandomInitializer):
    """Normally distributed values.

    Parameters
    ----------
    mean, stddev : float
        Mean and standard deviation.
    seed : int or random.SeedGenerator, optional
    """

    def __init__(self, mean: float = 0.0, stddev: float = 0.05, seed: int | random.SeedGenerator | None = None) -> None:
        self.mean = checks.real("mean", mean)
        self.stddev = checks.real("stddev", stddev, minimum=0.0)
        super().__init__(seed)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return random.normal(shape, mean=self.mean, stddev=self.stddev, dtype=standardize_dtype(dtype), seed=self.seed)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "mean": self.mean, "stddev": self.stddev}


class TruncatedNormal(RandomNormal):
    """Values of a normal distribution that is cut off at two standard deviations.

    Parameters
    ----------
    mean, stddev : float
        Mean and standard deviation before truncation.
    seed : int or random.SeedGenerator, optional
    """

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return random.truncated_normal(
            shape, mean=self.mean, stddev=self.stddev, dtype=standardize_dtype(dtype), seed=self.seed
        )


class RandomUniform(RandomInitializer):
    """Uniformly distributed values.

    Parameters
    ----------
    minval, maxval : float
        Bounds, the upper one excluded.
    seed : int or random.SeedGenerator, optional
    """

    def __init__(
        self, minval: float = -0.05, maxval: float = 0.05, seed: int | random.SeedGenerator | None = None
    ) -> None:
        self.minval = checks.real("minval", minval)
        self.maxval = checks.real("maxval", maxval, minimum=self.minval)
        super().__init__(seed)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        return random.uniform(
            shape, minval=self.minval, maxval=self.maxval, dtype=standardize_dtype(dtype), seed=self.seed
        )

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "minval": self.minval, "maxval": self.maxval}


class Orthogonal(RandomInitializer):
    """A random orthogonal matrix [1]_: the rows, or the columns, whichever are fewer, are orthonormal.

    Shapes of more than two axes are seen as (product of all but the last, last).

    Parameters
    ----------
    gain : float
        Factor of the matrix.
    seed : int or random.SeedGenerator, optional

    References
    ----------
    .. [1] Saxe, McClelland, Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
       networks", ICLR 2014.
    """

    def __init__(self, gain: float = 1.0, seed: int | random.SeedGenerator | None = None) -> None:
        self.gain = checks.real("gain", gain)
        super().__init__(seed)

    def __call__(self, shape: tuple[int, ...], dtype: Any = None) -> Tensor:
        if len(shape) < 2:
            raise ValueError(
                f"Orthogonal makes values of at least two axes. Received: shape={tuple(shape)} of rank {len(shape)}"
            )
        rows, cols = math.prod(shape[:-1]), shape[-1]
        normal = random.normal((max(rows, cols), min(rows, cols)), dtype="float64", seed=self.seed).numpy()
        # In float64, so that the rounding of LAPACK's variants does not reach a float32 result.
        q, r = np.linalg.qr(normal)
        q *= np.sign(np.diag(r))
        matrix = q.T if rows < cols else q
        return convert_to_tensor((self.gain * matrix).reshape(shape).astype(standardize_dtype(dtype)))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "gain": self.gain}
