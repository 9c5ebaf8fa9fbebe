"""Keras 3, by the very lines that fastnn runs. KERAS_BACKEND chooses what is below it.

``steps_per_execution`` is tried too: it is Keras' own switch against the time between two steps.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Sequence
from importlib.util import find_spec

import numpy as np
from workloads import Task

from peers import Trainer, keras_face

if "KERAS_BACKEND" not in os.environ:  # the fastest on a CPU first
    found = [name for name in ("jax", "tensorflow", "torch") if find_spec(name)]
    os.environ["KERAS_BACKEND"] = (found or ["numpy"])[0]

import keras

NAME = f"Keras on {keras.backend.backend()}"
VERSION = {"keras": keras.__version__, "keras' backend": keras.backend.backend()}


def trainers(task: Task) -> dict[str, Trainer]:
    return {NAME: keras_face.trainer(keras, task)}


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    network = keras_face.trained(keras, weights)
    return {
        NAME: lambda: network.predict(x, batch_size=len(x), verbose=0),
        f"{NAME}, model(x)": lambda: keras.ops.convert_to_numpy(network(x)),
    }
