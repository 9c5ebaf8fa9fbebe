"""Keras 3, by the very lines that fastnn runs. KERAS_BACKEND chooses what is below it.

Once more with ``steps_per_execution``, Keras' own switch against the time between two steps.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import keras
import numpy as np
from workloads import Task

from peers import Trainer, keras_face

NAME = f"Keras on {keras.backend.backend()}"
STEPS = 32
VERSION = {"keras": keras.__version__, "keras' backend": keras.backend.backend()}


def trainers(task: Task) -> dict[str, Trainer]:
    found = {NAME: keras_face.trainer(keras, task)}
    if not task.workload.one_batch:
        found[f"{NAME}, {STEPS} steps at once"] = keras_face.trainer(keras, task, steps_per_execution=STEPS)
    return found


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    network = keras_face.trained(keras, weights)
    return {
        NAME: lambda: network.predict(x, batch_size=len(x), verbose=0),
        f"{NAME}, model(x)": lambda: keras.ops.convert_to_numpy(network(x)),
    }
