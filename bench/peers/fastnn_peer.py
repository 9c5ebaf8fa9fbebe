"""fastnn, through its public face: NumPy arrays in, all checks and the shuffling included."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np
from workloads import Task

import fastnn
from peers import Trainer, keras_face

VERSION = {"fastnn": fastnn.__version__}


def trainers(task: Task) -> dict[str, Trainer]:
    return {"fastnn": keras_face.trainer(fastnn, task)}


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    network = keras_face.trained(fastnn, weights)
    return {
        "fastnn": lambda: network.predict(x, verbose=0),
        "fastnn, model(x)": lambda: network(x).numpy(),
    }
