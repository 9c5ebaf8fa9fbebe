"""The trainings that are compared, the same for everybody.

All are dense networks with relu between the layers, trained on shuffled batches from arrays in
memory. Building the network is not timed; shuffling and gathering the batches is.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

import numpy as np

LEARNING_RATE, EPSILON = 1e-3, 1e-7  # of every optimizer
BETA_1, BETA_2 = 0.9, 0.999  # of adam and adamw
RHO, MOMENTUM, DECAY = 0.9, 0.9, 0.004  # of rmsprop, sgd (Nesterov's), adamw
ACCUMULATOR = 0.1  # adagrad's begins here, as in Keras; all other slots begin at 0
OPTIMIZERS = ("adam", "adamw", "rmsprop", "sgd", "adagrad")


@dataclass(frozen=True)
class Workload:
    """One training: ``epochs`` times over ``rows`` rows in batches."""

    name: str
    sizes: tuple[int, ...]
    output: str  # activation of the last layer; behind softmax the loss is cross-entropy, else the mean square
    batch: int
    rows: int
    epochs: int
    data: Callable[[int], tuple[np.ndarray, np.ndarray]]
    dropout: float = 0.0  # after the first hidden layer

    @property
    def steps(self) -> int:
        return -(-self.rows // self.batch) * self.epochs

    @property
    def flops(self) -> int:
        """Operations of the matrix products: outputs, gradients of weights, and of what comes from a layer before."""
        first, *others = (inputs * units for inputs, units in pairwise(self.sizes))
        return 2 * self.epochs * self.rows * (2 * first + 3 * sum(others))

    @property
    def one_batch(self) -> bool:
        """Whether an epoch is one batch: then the order of its rows does not matter."""
        return self.batch >= self.rows

    @property
    def title(self) -> str:
        network = "-".join(map(str, self.sizes)) + (f", dropout {self.dropout}" if self.dropout else "")
        epochs = f"{self.epochs:,} epochs" if self.epochs > 1 else "one epoch"
        return f"{self.name}: {network}; {epochs} of {self.rows:,} rows, batch {self.batch} ({self.steps:,} steps)"

    def tiny(self) -> Workload:
        """Return the same training with a few rows: to see that it runs, not how fast."""
        return replace(self, rows=min(self.rows, 3 * self.batch), epochs=min(self.epochs, 2))


@dataclass(frozen=True)
class Task:
    """A workload with its data and the choices of one run: all that a peer is told."""

    workload: Workload
    optimizer: str
    dtype: str
    threads: int
    x: np.ndarray  # (rows, features)
    y: np.ndarray  # (rows,) int64 classes, or (rows, outputs)


def task(workload: Workload, optimizer: str, dtype: str, threads: int) -> Task:
    """Return the task with its data in the dtype asked for."""
    x, y = workload.data(workload.rows)
    if y.dtype.kind == "f":
        y = y.astype(dtype)
    return Task(workload, optimizer, dtype, threads, x.astype(dtype), y)


def without_zeros(task: Task) -> Task:
    """Return the task with x moved from [0, 1] to [1/1024, 1]: the same work for whoever multiplies zeros."""
    least = 2.0**-10
    return replace(task, x=task.x * task.x.dtype.type(1 - least) + task.x.dtype.type(least))


def glorot(sizes: Sequence[int], dtype: str) -> list[np.ndarray]:
    """Return weights (inputs, units) and bias (units,) of every layer, one after the other."""
    rng = np.random.default_rng(0)
    weights = []
    for inputs, units in pairwise(sizes):
        limit = (6 / (inputs + units)) ** 0.5
        weights += [rng.uniform(-limit, limit, (inputs, units)).astype(dtype), np.zeros(units, dtype)]
    return weights


def forward(weights: Sequence[np.ndarray], output: str, x: np.ndarray) -> np.ndarray:
    """Return what the network gives for x, in NumPy: what everybody has to compute."""
    for number in range(0, len(weights), 2):
        x = x @ weights[number] + weights[number + 1]
        if number < len(weights) - 2:
            x = np.maximum(x, 0)
    if output == "softmax":
        x = np.exp(x - x.max(axis=1, keepdims=True))
        return x / x.sum(axis=1, keepdims=True)
    return 1 / (1 + np.exp(-x)) if output == "sigmoid" else x


def loss(task: Task, weights: Sequence[np.ndarray]) -> float:
    """Return the loss over all rows, in float64: everybody's training must bring it down alike."""
    outputs = forward([np.asarray(w, np.float64) for w in weights], task.workload.output, task.x.astype(np.float64))
    if task.workload.output == "softmax":
        return float(-np.log(outputs[np.arange(len(outputs)), task.y] + EPSILON).mean())
    return float(np.square(outputs - task.y).mean())


def pictures(rows: int) -> tuple[np.ndarray, np.ndarray]:
    """Return Fashion-MNIST's first rows, or random pictures where it is not on this machine."""
    from fastnn.datasets import fashion_mnist

    try:
        (x, y), _ = fashion_mnist.load_data()
    except FileNotFoundError:
        print("Fashion-MNIST is not found: random pictures take its place")
        rng = np.random.default_rng(0)
        x, y = rng.integers(0, 256, (rows, 784), np.uint8), rng.integers(0, 10, rows)
    return x[:rows].reshape(-1, 784).astype(np.float32) / np.float32(255), y[:rows].astype(np.int64)


def xor(rows: int) -> tuple[np.ndarray, np.ndarray]:
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]], np.float32)[:rows]
    return x, (x[:, :1] != x[:, 1:]).astype(np.float32)


def curve(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.uniform(-1, 1, (rows, 1))
    return x, x * x + 0.05 * rng.normal(size=(rows, 1))


def table(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    x = rng.normal(size=(rows, 8))
    return x, np.sin(x[:, :1]) + x[:, 1:2] * x[:, 2:3] + 0.1 * rng.normal(size=(rows, 1))


WORKLOADS = {
    workload.name: workload
    for workload in (
        Workload("W1", (784, 100, 10), "softmax", 32, 48_000, 1, pictures),
        Workload("W2", (784, 128, 32, 10), "softmax", 64, 48_000, 1, pictures, dropout=0.2),
        Workload("W3", (2, 16, 1), "sigmoid", 4, 4, 1000, xor),
        Workload("W4", (1, 20, 20, 1), "linear", 32, 100, 500, curve),
        Workload("W5", (784, 1024, 1024, 10), "softmax", 256, 48_000, 1, pictures),
        Workload("W7", (8, 64, 64, 1), "linear", 200, 20_000, 10, table),
    )
}
