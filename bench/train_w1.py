"""W1: one epoch of 784-100-10 (relu, softmax) on 48,000 pictures, batch 32, Adam, float32.

fastnn is measured through its public face, ``model.fit(x, y, verbose=0)``, all checks and the
shuffling included. PyTorch runs the fastest plain loop: fused Adam, the batch gathered by
``index_select`` from a shuffled order, no data loader. Both train from float32 arrays in memory.

    python bench/train_w1.py --json w1.json
"""

from __future__ import annotations

from collections.abc import Callable

import common
import numpy as np

import fastnn as keras

ROWS, FEATURES, HIDDEN, CLASSES, BATCH = 48_000, 784, 100, 10, 32
STEPS = ROWS // BATCH


def data() -> tuple[str, np.ndarray, np.ndarray]:
    """Return Fashion-MNIST's first 48,000 rows, or random ones where it is not found."""
    try:
        (x, y), _ = keras.datasets.fashion_mnist.load_data()
        name = "Fashion-MNIST"
    except FileNotFoundError:
        rng = np.random.default_rng(0)
        x = rng.integers(0, 256, (ROWS, 28, 28), np.uint8)
        y = rng.integers(0, CLASSES, ROWS).astype(np.uint8)
        name = "random pictures"
    x = x[:ROWS].reshape(ROWS, FEATURES).astype(np.float32) / np.float32(255)
    return name, x, y[:ROWS].astype(np.int64)


def ours(x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    model = keras.Sequential(
        [
            keras.Input((FEATURES,)),
            keras.layers.Dense(HIDDEN, activation="relu"),
            keras.layers.Dense(CLASSES, activation="softmax"),
        ]
    )
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy")
    return lambda: model.fit(x, y, batch_size=BATCH, epochs=1, verbose=0)


def pytorch(torch, x: np.ndarray, y: np.ndarray) -> Callable[[], object]:
    inputs, labels = torch.from_numpy(x), torch.from_numpy(y)
    model = torch.nn.Sequential(torch.nn.Linear(FEATURES, HIDDEN), torch.nn.ReLU(), torch.nn.Linear(HIDDEN, CLASSES))
    optimizer = torch.optim.Adam(model.parameters(), fused=True)
    loss_of = torch.nn.functional.cross_entropy

    def epoch() -> None:
        order = torch.randperm(ROWS)
        for first in range(0, ROWS, BATCH):
            rows = order[first : first + BATCH]
            optimizer.zero_grad()
            loss = loss_of(model(inputs.index_select(0, rows)), labels.index_select(0, rows))
            loss.backward()
            optimizer.step()

    return epoch


def main() -> None:
    options = common.parser(__doc__.splitlines()[0]).parse_args()
    common.warn_if_busy()
    peers = common.installed("torch")
    name, x, y = data()
    contestants = {common.OURS: ours(x, y)}
    if "torch" in peers:
        contestants["PyTorch, fused Adam"] = pytorch(peers["torch"], x, y)

    results = []
    for threads in options.threads:
        keras.set_num_threads(threads)
        if "torch" in peers:
            peers["torch"].set_num_threads(threads)
        results += common.interleave(contestants, threads, options.rounds)
    title = f"W1, one epoch of {ROWS:,} rows ({name}), {STEPS:,} steps of {BATCH}"
    common.print_table(title, results, STEPS)
    common.write_json(options.json, title, results, peers)


if __name__ == "__main__":
    main()
