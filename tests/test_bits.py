"""Same seed, same bits: on any number of threads, on any FMA instruction set, in another process."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import optimizers
from fastnn._kernels import core

FMA = [isa for isa in core.available_isas() if isa != "baseline"]


def train(dtype="float32", optimizer="adam", dropout=0.2, epochs=3):
    """Three epochs of a network with everything that draws or sums: return the bytes of its weights."""
    fastnn.utils.set_random_seed(42)
    rng = np.random.default_rng(0)
    x = rng.random((500, 150)).astype(dtype)
    y = rng.integers(0, 10, 500)
    layers = fastnn.layers
    model = fastnn.Sequential(
        [
            layers.Input((150,), dtype=dtype),
            layers.Dense(67, "relu", dtype=dtype),
            layers.Dropout(dropout, dtype=dtype),
            layers.Dense(33, "tanh", kernel_regularizer="l2", dtype=dtype),
            layers.Dense(10, "softmax", dtype=dtype),
        ]
    )
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=epochs, batch_size=32, verbose=0)
    assert np.isfinite(history.history["loss"]).all()
    return b"".join(w.tobytes() for w in model.get_weights()) + model.predict(x, verbose=0).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("isa", core.available_isas())
def test_threads_do_not_change_bits(isa, dtype):
    core.set_isa(isa)
    core.set_num_threads(1)
    one = train(dtype)
    for n in (2, 3, 4):
        core.set_num_threads(n)
        assert train(dtype) == one


def weights_on_threads(widths, rows, batch, epochs):
    """Return the different weights that a training ends with on one to four threads."""
    rng = np.random.default_rng(1)
    x, y = (rng.standard_normal((rows, n)).astype("float32") for n in (widths[0], widths[-1]))
    results = set()
    for n in (1, 2, 3, 4):
        core.set_num_threads(n)
        fastnn.utils.set_random_seed(3)
        hidden = [fastnn.layers.Dense(units, "relu") for units in widths[1:-1]]
        model = fastnn.Sequential([fastnn.layers.Input(widths[:1]), *hidden, fastnn.layers.Dense(widths[-1])])
        model.compile("adam", "mse")
        model.fit(x, y, epochs=epochs, batch_size=batch, verbose=0)
        results.add(b"".join(w.tobytes() for w in model.get_weights()))
    return results


@pytest.mark.parametrize("widths", [(8, 64, 64, 1), (784, 100, 10), (30, 200, 40, 200, 3), (64, 48, 48)], ids=str)
@pytest.mark.parametrize("batch", [24, 130, 512])
def test_threads_do_not_change_bits_of_any_shape(widths, batch):
    """Layers whose rows stay on one thread, and others; batches that divide evenly, and others."""
    assert len(weights_on_threads(widths, 4 * batch + 7, batch, epochs=8)) == 1


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("widths", [(8, 64, 64, 1), (8, 100, 1), (4, 56, 1)], ids=str)
def test_threads_do_not_change_bits_of_one_output(isa, widths):
    """The gradient of its weights is one row, which threads share by columns: a share may be a few vectors."""
    core.set_isa(isa)
    assert len(weights_on_threads(widths, 4096, batch=2048, epochs=2)) == 1


@pytest.mark.skipif(len(FMA) < 2, reason="this machine has one FMA instruction set")
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_fma_instruction_sets_do_not_change_bits(dtype):
    results = set()
    for isa in FMA:
        core.set_isa(isa)
        results.add(train(dtype))
    assert len(results) == 1


@pytest.mark.parametrize("optimizer", [name for name in optimizers.REGISTRY.by_name if name not in ("Adam", "AdamW")])
def test_other_optimizers(optimizer):
    core.set_num_threads(1)
    one = train(optimizer=optimizer)
    for threads in (2, 3):
        core.set_num_threads(threads)
        assert train(optimizer=optimizer) == one


def test_another_process_gives_the_same_bits():
    code = "import test_bits, hashlib; print(hashlib.sha256(test_bits.train()).hexdigest())"
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, check=True, cwd=Path(__file__).parent,
        env={**os.environ, "FASTNN_NUM_THREADS": "1"},
    )  # fmt: skip
    assert out.stdout.strip() == hashlib.sha256(train()).hexdigest()
