"""One call that makes a run repeatable."""

from __future__ import annotations

import random as python_random

import numpy as np

from .. import random
from . import checks

__all__ = ["set_random_seed"]


def set_random_seed(seed: int) -> None:
    """Seed Python's, NumPy's and fastnn's global generators, as `keras.utils.set_random_seed`.

    After it, the same program gives the same numbers, bit for bit, on any number of threads.

    Parameters
    ----------
    seed : int
        0 … 2³² - 1 (NumPy's range).
    """
    seed = checks.integer("seed", seed, minimum=0)
    if seed >= 2**32:
        raise ValueError(f"Argument `seed` must be less than 2**32. Received: seed={seed}")
    python_random.seed(seed)
    np.random.seed(seed)  # noqa: NPY002
    random.set_global_seed(seed)
