"""Settings of the process: default float dtype, epsilon, threads and instruction set."""

from __future__ import annotations

import math
from numbers import Real

import numpy as np

from ._kernels import core

__all__ = [
    "epsilon",
    "floatx",
    "get_num_threads",
    "set_epsilon",
    "set_floatx",
    "set_num_threads",
    "show_config",
]

MOST_THREADS = int(np.iinfo(np.intc).max)  # that C can be told of; it takes what its pool holds

_floatx = "float32"
_epsilon = 1e-7


def floatx() -> str:
    """Return the default float dtype, ``"float32"`` unless `set_floatx` changed it."""
    return _floatx


def set_floatx(value: str) -> None:
    """Set the default float dtype: ``"float32"`` or ``"float64"``."""
    global _floatx
    if value not in ("float32", "float64"):
        raise ValueError(f"floatx must be 'float32' or 'float64', got {value!r}")
    _floatx = value


def epsilon() -> float:
    """Return the fuzz factor of losses and metrics, 1e-7 unless `set_epsilon` changed it."""
    return _epsilon


def set_epsilon(value: float) -> None:
    """Set the fuzz factor of losses and metrics."""
    global _epsilon
    if isinstance(value, bool) or not isinstance(value, Real) or not 0 < value < math.inf:
        raise ValueError(f"epsilon must be a positive number, and finite, got {value!r}")
    _epsilon = float(value)


def get_num_threads() -> int:
    """Return how many threads kernels may use."""
    return core.get_num_threads()


def set_num_threads(n: int) -> None:
    """Set how many threads kernels may use (at least 1; of more than 256, as many are used).

    The default is ``FASTNN_NUM_THREADS``, else what CPU affinity and the cgroup's quota grant, and no more than
    ``OMP_NUM_THREADS``. Results do not depend on it.
    """
    if isinstance(n, bool) or not isinstance(n, (int, np.integer)):
        raise TypeError(f"n must be an integer, got {n!r}")
    if n < 1:
        raise ValueError(f"n must be at least 1, got {n}")
    core.set_num_threads(min(int(n), MOST_THREADS))


def show_config() -> None:
    """Print the version, the instruction sets, the threads and the default dtype."""
    from . import __version__

    print(f"fastnn           {__version__}")
    print(f"numpy            {np.__version__}")
    print(f"instruction set  {core.get_isa()} (available: {', '.join(core.available_isas())})")
    print(f"threads          {core.get_num_threads()}")
    print(f"floatx           {floatx()}")
