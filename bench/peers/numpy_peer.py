"""NumPy: the network's formula in plain lines, for inference."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from workloads import forward

VERSION = {"numpy": np.__version__}


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    return {"NumPy": lambda: forward(weights, "softmax", x)}
