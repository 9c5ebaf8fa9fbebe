"""A training that other threads and processes run, too; in a module of its own, so that they can import it."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np

from fastnn import Input, Sequential, layers
from fastnn._kernels import core
from fastnn.initializers import GlorotUniform


def train(seed):
    """Return the parameters of a network whose steps are worth two threads, as bytes."""
    rng = np.random.default_rng(seed)
    x, y = rng.random((640, 784), np.float32), rng.integers(0, 10, 640)
    kernels = [GlorotUniform(seed=seed + i) for i in range(2)]  # not the global generator, which threads share
    hidden = layers.Dense(100, activation="relu", kernel_initializer=kernels[0])
    output = layers.Dense(10, activation="softmax", kernel_initializer=kernels[1])
    model = Sequential([Input((784,)), hidden, output])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    model.fit(x, y, batch_size=32, epochs=3, shuffle=False, verbose=0)
    return b"".join(w.tobytes() for w in model.get_weights())


def thread_limit():
    """Return the limit to the threads of what the calling thread of Python runs; 0: none."""
    limit = core.limit_threads(0)
    core.limit_threads(limit)
    return limit


def python(code, **env):
    """Run code in a Python of its own, with this module in reach; return what it printed, and its errors.

    Of limits to the number of threads it knows those in `env` alone.
    """
    path = os.pathsep.join([str(Path(__file__).parent), *filter(None, [os.environ.get("PYTHONPATH")])])
    kept = {name: value for name, value in os.environ.items() if not name.endswith("NUM_THREADS")}
    out = subprocess.run(
        [sys.executable, "-c", code],
        capture_output=True,
        text=True,
        timeout=240,
        env={**kept, "PYTHONPATH": path, **env},
    )
    return out.stdout.strip(), out.stderr
