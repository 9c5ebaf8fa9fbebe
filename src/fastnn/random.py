"""Random numbers by counter: the same seed gives the same bits, eagerly or inside a program, on any threads."""

from __future__ import annotations

import math
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

import numpy as np

from . import ops
from .dtypes import is_float, standardize_dtype
from .locks import brief_lock
from .ops import sampling
from .shapes import as_shape, as_size, normalize_axis
from .tensor import Tensor, Variable, convert_to_tensor

__all__ = [
    "SeedGenerator", "categorical", "dropout", "normal", "permutation", "randint", "seeded", "set_global_seed",
    "shuffle", "truncated_normal", "uniform",
]  # fmt: skip


# The bounds of what is drawn as integers of each dtype; beyond 2^53 a float64, as kernels take them, is not exact.
_EXACT = 2**53
_BOUNDS = {"uint8": (0, 255), "int32": (-(2**31), 2**31 - 1)}

_drawing = brief_lock()  # no two threads of Python get the same key


class SeedGenerator:
    """A stream of keys: a seed and a counter that goes up at every use.

    Parameters
    ----------
    seed : int, optional
        Any integer. Default: drawn from the global generator, which `utils.set_random_seed` seeds.
    name : str, optional
    """

    def __init__(self, seed: int | None = None, name: str | None = None):
        self._given = None if seed is None else _check_seed(seed)
        self.seed = draw_seed() if seed is None else self._given
        self.name = name or "seed_generator"
        self.state = Variable(_key(self.seed), trainable=False, name="seed_generator_state")

    def next(self, ordered: bool = True) -> Tensor:
        """Return the present key and advance the counter. Keys are always ordered; False is refused."""
        if not ordered:
            raise ValueError("SeedGenerator.next: ordered=False is not supported")
        with _drawing:
            return sampling.next_key(self.state)

    def get_config(self) -> dict:
        return {"seed": self._given, "name": self.name}

    @classmethod
    def from_config(cls, config: dict) -> SeedGenerator:
        return cls(**config)


def _check_seed(seed) -> int:
    if isinstance(seed, bool) or not isinstance(seed, (int, np.integer)):
        raise ValueError(f"seed must be an integer, a SeedGenerator or None, got {seed!r}")
    return int(seed)


def _key(seed: int, counter: int = 0) -> np.ndarray:
    """Return (seed, counter) with the seed wrapped into int64."""
    return np.array([(seed + 2**63) % 2**64 - 2**63, counter], np.int64)


_global = None
_own: ContextVar[SeedGenerator | None] = ContextVar("own_generator", default=None)


@contextmanager
def seeded(seed: int) -> Iterator[None]:
    """Give this thread a generator of its own in the place of the global one, for the length of a ``with``.

    What is drawn inside depends on the seed alone, whatever other threads draw; the global generator stays as it is.
    """
    token = _own.set(SeedGenerator(_check_seed(seed), name="own_seed_generator"))
    try:
        yield
    finally:
        _own.reset(token)


def global_generator() -> SeedGenerator:
    """Return the generator of the `seeded` around, or else the process's.

    The process's is seeded by the operating system until `set_global_seed` is called.
    """
    global _global
    own = _own.get()
    if own is not None:
        return own
    with _drawing:
        if _global is None:
            _global = SeedGenerator(secrets.randbits(62), name="global_seed_generator")
    return _global


def set_global_seed(seed: int) -> None:
    """Restart the process's generator."""
    generator, key = global_generator(), _key(_check_seed(seed))
    with _drawing:
        generator.state.load(key)


def draw_seed() -> int:
    """Return a new seed from the process's generator."""
    return sampling.random_fill(global_generator().next(), "randint", (1,), np.dtype("int64"), 0, 2**53).item()


def _next(seed) -> Tensor:
    if isinstance(seed, SeedGenerator):
        return seed.next()
    if seed is None:
        return global_generator().next()
    return Tensor(_key(_check_seed(seed)))


def _floats(kernel, shape, dtype, seed, a, b):
    dtype = standardize_dtype(dtype)
    if dtype.kind != "f":
        raise ValueError(f"dtype must be float32 or float64, got {dtype}")
    return sampling.random_fill(_next(seed), kernel, as_shape(shape), dtype, a, b)


def _check_stddev(name, stddev):
    if not stddev >= 0:
        raise ValueError(f"{name}: stddev must be at least 0, got {stddev}")


def uniform(shape, minval=0.0, maxval=1.0, dtype=None, seed=None):
    """Return numbers spread evenly over [minval, maxval).

    seed: an int (the same numbers at every call), a SeedGenerator, or None (the global generator).
    """
    if dtype is not None and standardize_dtype(dtype).kind in "iu":
        return randint(shape, minval, maxval, dtype, seed)
    if not minval <= maxval:
        raise ValueError(f"uniform: minval {minval} is greater than maxval {maxval}")
    dtype = standardize_dtype(dtype)
    if is_float(dtype) and not float(maxval) - float(minval) <= float(np.finfo(dtype).max):
        raise ValueError(f"uniform: from minval {minval} to maxval {maxval} is further than {dtype} reaches")
    return _floats("uniform", shape, dtype, seed, minval, maxval)


def normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return numbers from a normal distribution."""
    _check_stddev("normal", stddev)
    return _floats("normal", shape, dtype, seed, mean, stddev)


def truncated_normal(shape, mean=0.0, stddev=1.0, dtype=None, seed=None):
    """Return numbers from a normal distribution cut off at two standard deviations."""
    _check_stddev("truncated_normal", stddev)
    return _floats("truncated_normal", shape, dtype, seed, mean, stddev)


def randint(shape, minval, maxval, dtype="int32", seed=None):
    """Return integers from minval up to, but without, maxval."""
    dtype = standardize_dtype(dtype)
    for name, value in (("minval", minval), ("maxval", maxval)):
        if value % 1 != 0:
            raise ValueError(f"randint: {name} must be a whole number, got {value}")
    if not minval < maxval:
        raise ValueError(f"randint: minval {minval} is not less than maxval {maxval}")
    least, most = _BOUNDS.get(str(dtype), (-_EXACT, _EXACT))
    if minval < least or maxval - 1 > most:
        raise ValueError(f"randint: {dtype} numbers from {minval} to {maxval} are not within {least} to {most}")
    drawn = dtype if dtype in ("int32", "int64") else np.dtype("int64")
    return ops.cast(sampling.random_fill(_next(seed), "randint", as_shape(shape), drawn, minval, maxval), dtype)


def categorical(logits, num_samples, dtype="int32", seed=None):
    """Return (rows, num_samples) class indices drawn with probabilities softmax(logits)."""
    logits = convert_to_tensor(logits)
    if not is_float(logits.dtype):
        raise TypeError(f"categorical: logits must be floats, got dtype {logits.dtype}")
    if len(logits.shape) != 2:
        raise ValueError(f"categorical: logits must be a matrix, got shape {logits.shape}")
    rows, classes = logits.shape
    noise = uniform((rows, as_size("num_samples", num_samples), classes), 0.0, 1.0, logits.dtype, seed)
    gumbel = -ops.log(-ops.log(ops.maximum(noise, float(np.finfo(logits.dtype).tiny))))
    return ops.cast(ops.argmax(ops.expand_dims(logits, 1) + gumbel, axis=-1), dtype)


def dropout(inputs, rate, noise_shape=None, seed=None):
    """Set a fraction ``rate`` of the elements to zero and scale the others by 1 / (1 - rate).

    noise_shape: a shape that broadcasts to the input's; elements that share an entry share their fate.
    """
    inputs = convert_to_tensor(inputs)
    if not 0 <= rate < 1:
        raise ValueError(f"rate must be at least 0 and less than 1, got {rate}")
    if not is_float(inputs.dtype):
        raise TypeError(f"dropout: inputs must be floats, got dtype {inputs.dtype}")
    if noise_shape is None:
        return sampling.random_dropout(inputs, _next(seed), float(rate))
    ones = ops.ones(_mask_shape(inputs.shape, tuple(noise_shape)), inputs.dtype)
    return inputs * sampling.random_dropout(ones, _next(seed), float(rate))


def _mask_shape(shape, noise_shape):
    """Return noise_shape with the inputs' sizes for None; raise ValueError unless it broadcasts to their shape."""
    mask = tuple(n if m is None else m for n, m in zip(shape, noise_shape, strict=False))
    if len(noise_shape) != len(shape) or any(m not in (1, n) for n, m in zip(shape, mask, strict=True)):
        raise ValueError(f"dropout: noise_shape {noise_shape} does not broadcast to inputs of shape {shape}")
    return mask


def permutation(n: int, seed=None) -> Tensor:
    """Return 0 .. n-1 (int64) in a random order."""
    return sampling.random_permutation(_next(seed), as_size("n", n))


def shuffle(x, axis=0, seed=None):
    """Return x with its elements along an axis in a random order."""
    x = convert_to_tensor(x)
    axis = normalize_axis(axis, len(x.shape))
    rows = ops.moveaxis(x, axis, 0)
    order = permutation(rows.shape[0], seed)
    if not math.prod(rows.shape):
        return x
    return ops.moveaxis(ops.take(rows, order, axis=0), 0, axis)
