"""What `count_instructions.py` counts: a dozen steps of each workload, between two marks.

Run under callgrind with ``--dump-before=getppid``: each mark begins a new part of the profile. Prints, as one line
of JSON, the workloads in their order and what the counts hang on. Never run for its own sake.
"""

from __future__ import annotations

import gc
import json
import os
import platform
import re
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np

import fastnn as keras
from fastnn._kernels import core
from fastnn.training import pace

STEPS = 12
WARM = 2  # programs are compiled, caches filled


def mark() -> None:
    os.getppid()


def classifier(*hidden: keras.layers.Layer) -> keras.Sequential:
    hidden = hidden or (keras.layers.Dense(100, activation="relu"),)
    model = keras.Sequential([keras.Input((784,)), *hidden, keras.layers.Dense(10, activation="softmax")])
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return model


def regressor(features: int, *widths: int, output: str = "linear") -> keras.Sequential:
    hidden = [keras.layers.Dense(units, activation="relu") for units in widths]
    model = keras.Sequential([keras.Input((features,)), *hidden, keras.layers.Dense(1, activation=output)])
    model.compile(optimizer="adam", loss="mse")
    return model


def pictures(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.random((rows, 784), np.float32)
    x[rng.random(x.shape) < 0.5] = 0  # background
    return x, rng.integers(0, 10, rows)


def train(model: keras.Sequential, x: np.ndarray, y: np.ndarray, batch_size: int) -> Callable[[], object]:
    """Return a `fit` of a dozen steps: one epoch, or a dozen epochs of one step."""
    epochs = STEPS * batch_size // len(x)
    return lambda: model.fit(x, y, batch_size=batch_size, epochs=epochs, verbose=0)


def train_w1() -> Callable[[], object]:
    return train(classifier(), *pictures(STEPS * 32), 32)


def train_w2() -> Callable[[], object]:
    dense = [keras.layers.Dense(units, activation="relu") for units in (128, 32)]
    return train(classifier(dense[0], keras.layers.Dropout(0.2), dense[1]), *pictures(STEPS * 64), 64)


def train_w3() -> Callable[[], object]:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)
    y = np.array([[0], [1], [1], [0]], np.float32)
    return train(regressor(2, 16, output="sigmoid"), x, y, 4)


def train_w7() -> Callable[[], object]:
    rng = np.random.default_rng(0)
    x = rng.random((STEPS * 200, 8), np.float32)
    return train(regressor(8, 64, 64), x, x[:, :1], 200)


def predict(rows: int) -> Callable[[], object]:
    model, (x, _) = classifier(), pictures(rows)

    def dozen() -> None:
        for _ in range(STEPS):
            model.predict(x, verbose=0)

    return dozen


WORKLOADS: dict[str, Callable[[], Callable[[], object]]] = {
    "train W1": train_w1,
    "train W2": train_w2,
    "train W3": train_w3,
    "train W7": train_w7,
    "predict 1 row": lambda: predict(1),
    "predict 32 rows": lambda: predict(32),
}


def compiler(library: Path) -> str:
    """Return the name and major version of the compiler that made a library, as its .comment section tells."""
    data = library.read_bytes()
    found = re.search(rb"GCC: \([^)]*\) (\d+)\.", data)
    name = "gcc"
    if clang := re.search(rb"clang version (\d+)\.", data):  # beside gcc, which made the C start-up files
        found, name = clang, "clang"
    return f"{name} {found[1].decode()}" if found else "unknown compiler"


def hang_on() -> dict[str, str]:
    """Return what the counts of each part hang on: budgets are kept for each such thing by itself."""
    kernels = f"{core.get_isa()}, {compiler(Path(core.__file__))}"
    return {"kernels": kernels, "python": f"{platform.python_implementation()} {platform.python_version()}"}


def run(names: Sequence[str]) -> None:
    """Run the workloads, each between two marks."""
    keras.utils.set_random_seed(0)
    pace._STRETCH = 3600.0  # else the clock decides how often a fit returns to Python
    for name in names:
        action = WORKLOADS[name]()
        for _ in range(WARM):
            action()
        gc.collect()
        gc.disable()
        mark()
        action()
        mark()
        gc.enable()


if __name__ == "__main__":
    names = list(WORKLOADS)
    run(names)
    print(json.dumps({"hang on": hang_on(), "numpy": np.__version__, "steps": STEPS, "workloads": names}))
