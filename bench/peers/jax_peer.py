"""JAX: all epochs in one call of a compiled function, the steps under ``lax.scan``.

This is the fastest idiom: nothing returns to Python, the state is donated, and the permutations come
from NumPy, because XLA's own are made by sorting. A last short batch is a second traced step.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from workloads import EPSILON, LEARNING_RATE, Task, Workload

VERSION = {"jax": jax.__version__}


def parameters(task: Task) -> list[tuple[np.ndarray, np.ndarray]]:
    """Return (weights, bias) of every layer, by Glorot's rule."""
    rng = np.random.default_rng(0)
    layers = []
    for inputs, units in zip(task.workload.sizes, task.workload.sizes[1:], strict=False):
        limit = (6 / (inputs + units)) ** 0.5
        layers.append((rng.uniform(-limit, limit, (inputs, units)).astype(task.dtype), np.zeros(units, task.dtype)))
    return layers


def forward(workload: Workload, layers, x, key=None):
    """Return the outputs; for softmax the logits. A key means training."""
    for number, (weights, bias) in enumerate(layers):
        x = x @ weights + bias
        if number < len(layers) - 1:
            x = jax.nn.relu(x)
        if workload.dropout and key is not None and number == 0:
            kept = jax.random.bernoulli(key, 1 - workload.dropout, x.shape)
            x = jnp.where(kept, x / (1 - workload.dropout), 0)
    return jax.nn.sigmoid(x) if workload.output == "sigmoid" else x


def loss(layers, workload: Workload, x, y, key):
    outputs = forward(workload, layers, x, key)
    if workload.output == "softmax":
        chosen = jnp.take_along_axis(jax.nn.log_softmax(outputs), y[:, None], axis=1)
        return -jnp.mean(chosen)
    return jnp.mean(jnp.square(outputs - y))


def adam(w, g, slots, t):
    m, v = slots
    m = 0.9 * m + 0.1 * g
    v = 0.999 * v + 0.001 * g * g
    rate = LEARNING_RATE * jnp.sqrt(1 - 0.999**t) / (1 - 0.9**t)
    return w - rate.astype(w.dtype) * m / (jnp.sqrt(v) + EPSILON), (m, v)


def adamw(w, g, slots, t):
    return adam(w * (1 - LEARNING_RATE * 0.004), g, slots, t)


def rmsprop(w, g, slots, t):
    v = 0.9 * slots[0] + 0.1 * g * g
    return w - LEARNING_RATE * g * jax.lax.rsqrt(v + EPSILON), (v,)


def sgd(w, g, slots, t):
    velocity = 0.9 * slots[0] - LEARNING_RATE * g
    return w + 0.9 * velocity - LEARNING_RATE * g, (velocity,)


def adagrad(w, g, slots, t):
    v = slots[0] + g * g
    return w - LEARNING_RATE * g * jax.lax.rsqrt(v + EPSILON), (v,)


RULES = {"adam": (adam, 2), "adamw": (adamw, 2), "rmsprop": (rmsprop, 1), "sgd": (sgd, 1), "adagrad": (adagrad, 1)}


def trainers(task: Task) -> dict[str, Callable[[], object]]:
    jax.config.update("jax_enable_x64", task.dtype == "float64")
    workload = task.workload
    rule, slots = RULES[task.optimizer]
    layers = parameters(task)
    leaves, shape = jax.tree.flatten(layers)
    state = jax.device_put((leaves, [(np.zeros_like(leaf),) * slots for leaf in leaves], np.float32(0)))
    x, y = jax.device_put(task.x), jax.device_put(task.y.astype(np.int32) if task.y.dtype.kind == "i" else task.y)
    whole = workload.rows // workload.batch * workload.batch

    def update(state, inputs, targets, key):
        leaves, slots, t = state
        gradients = jax.grad(lambda leaves: loss(shape.unflatten(leaves), workload, inputs, targets, key))(leaves)
        t = t + 1
        pairs = [rule(*leaf, t) for leaf in zip(leaves, gradients, slots, strict=True)]
        return [w for w, _ in pairs], [s for _, s in pairs], t

    def epoch(state, order_and_key, x, y):
        order, key = order_and_key
        if workload.batch >= workload.rows:  # one batch: its order does not matter
            return update(state, x, y, key), None
        batches = order[:whole].reshape(-1, workload.batch)
        keys = jax.random.split(key, len(batches) + 1)

        def step(state, batch):
            rows, key = batch
            return update(state, x[rows], y[rows], key), None

        state, _ = jax.lax.scan(step, state, (batches, keys[1:]))
        if whole < workload.rows:
            state = update(state, x[order[whole:]], y[order[whole:]], keys[0])
        return state, None

    @partial(jax.jit, donate_argnums=0)
    def run(state, orders, keys, x, y):
        return jax.lax.scan(lambda state, item: epoch(state, item, x, y), state, (orders, keys))[0]

    rng = np.random.default_rng(0)
    natural = np.tile(np.arange(workload.rows, dtype=np.int32), (workload.epochs, 1))

    def train() -> None:
        nonlocal state
        orders = rng.permuted(natural, axis=1) if workload.batch < workload.rows else natural
        keys = jax.random.split(jax.random.key(int(rng.integers(1 << 31)), impl="rbg"), workload.epochs)
        state = jax.block_until_ready(run(state, orders, keys, x, y))

    return {"JAX, scan": train}
