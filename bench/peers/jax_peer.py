"""JAX: all epochs in one call of a compiled function, the steps under ``lax.scan``.

This is the fastest idiom that we found: nothing returns to Python, the state is donated, classes are one-hot
(the derivative of ``take_along_axis`` is a slow scatter), rows are gathered inside the step, and the
permutations come from NumPy, because XLA makes its own by sorting. Unrolling the scan gains nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial

import jax
import jax.numpy as jnp
import numpy as np
from workloads import ACCUMULATOR, BETA_1, BETA_2, DECAY, EPSILON, LEARNING_RATE, MOMENTUM, RHO, Task, Workload, glorot

from peers import Trainer

VERSION = {"jax": jax.__version__}


def forward(weights, x, dropout: float = 0.0, key=None):
    """Return the last layer's outputs before its activation."""
    for number in range(0, len(weights), 2):
        if number:
            x = jax.nn.relu(x)
        if dropout and number == 2:
            x = jnp.where(jax.random.bernoulli(key, 1 - dropout, x.shape), x / (1 - dropout), 0)
        x = x @ weights[number] + weights[number + 1]
    return x


def loss(weights, workload: Workload, x, y, key):
    outputs = forward(weights, x, workload.dropout, key)
    if workload.output == "softmax":
        chosen = jax.nn.log_softmax(outputs) * jax.nn.one_hot(y, outputs.shape[1], dtype=outputs.dtype)
        return -jnp.mean(jnp.sum(chosen, axis=1))
    if workload.output == "sigmoid":
        outputs = jax.nn.sigmoid(outputs)
    return jnp.mean(jnp.square(outputs - y))


def adam(w, g, slots, step):
    m, v = slots
    m = BETA_1 * m + (1 - BETA_1) * g
    v = BETA_2 * v + (1 - BETA_2) * g * g
    rate = LEARNING_RATE * jnp.sqrt(1 - BETA_2**step) / (1 - BETA_1**step)
    return w - rate.astype(w.dtype) * m / (jnp.sqrt(v) + EPSILON), (m, v)


def adamw(w, g, slots, step):
    return adam(w * (1 - LEARNING_RATE * DECAY), g, slots, step)


def rmsprop(w, g, slots, step):
    v = RHO * slots[0] + (1 - RHO) * g * g
    return w - LEARNING_RATE * g * jax.lax.rsqrt(v + EPSILON), (v,)


def sgd(w, g, slots, step):
    velocity = MOMENTUM * slots[0] - LEARNING_RATE * g
    return w + MOMENTUM * velocity - LEARNING_RATE * g, (velocity,)


def adagrad(w, g, slots, step):
    v = slots[0] + g * g
    return w - LEARNING_RATE * g * jax.lax.rsqrt(v + EPSILON), (v,)


RULES = {"adam": (adam, 2), "adamw": (adamw, 2), "rmsprop": (rmsprop, 1), "sgd": (sgd, 1), "adagrad": (adagrad, 1)}


def stepper(task: Task) -> Callable:
    """Return the function (state, x, y, key) → state of one step; state = weights, slots, steps done."""
    rule, _ = RULES[task.optimizer]

    def step(state, x, y, key):
        weights, slots, done = state
        gradients = jax.grad(loss)(weights, task.workload, x, y, key)
        pairs = [rule(*leaf, done + 1) for leaf in zip(weights, gradients, slots, strict=True)]
        return [w for w, _ in pairs], [own for _, own in pairs], done + 1

    return step


def runner(task: Task) -> Callable:
    """Return the compiled function (state, orders, keys, x, y) → state of all epochs."""
    workload = task.workload
    whole = workload.rows // workload.batch * workload.batch
    step = stepper(task)

    def epoch(state, order, key, x, y):
        if workload.one_batch:
            return step(state, x, y, key)

        def of(state, rows, key):
            return step(state, jnp.take(x, rows, axis=0, mode="clip"), jnp.take(y, rows, axis=0, mode="clip"), key)

        batches = order[:whole].reshape(-1, workload.batch)
        keys = jax.random.split(key, len(batches) + 1) if workload.dropout else None
        later = keys if keys is None else keys[1:]
        state, _ = jax.lax.scan(lambda state, item: (of(state, *item), None), state, (batches, later))
        if whole < workload.rows:
            state = of(state, order[whole:], keys if keys is None else keys[0])
        return state

    @partial(jax.jit, donate_argnums=0)
    def run(state, orders, keys, x, y):
        return jax.lax.scan(lambda state, item: (epoch(state, *item, x, y), None), state, (orders, keys))[0]

    return run


def trainers(task: Task) -> dict[str, Trainer]:
    jax.config.update("jax_enable_x64", task.dtype == "float64")
    workload = task.workload
    run = runner(task)
    weights = glorot(workload.sizes, task.dtype)
    start = ACCUMULATOR if task.optimizer == "adagrad" else 0.0
    slots = [tuple(np.full_like(w, start) for _ in range(RULES[task.optimizer][1])) for w in weights]
    state = jax.device_put((weights, slots, np.float32(0)))
    x, y = jax.device_put((task.x, task.y.astype(np.int32) if task.y.dtype.kind == "i" else task.y))
    rng = np.random.default_rng(0)
    orders = np.tile(np.arange(workload.rows, dtype=np.int32), (workload.epochs, 1))

    def train() -> None:
        nonlocal state, orders
        if not workload.one_batch:
            orders = rng.permuted(orders, axis=1)
        seed = jax.random.key(int(rng.integers(1 << 31)))
        keys = jax.random.split(seed, workload.epochs) if workload.dropout else None
        state = jax.block_until_ready(run(state, orders, keys, x, y))

    return {"JAX, scan": Trainer(train, lambda: [np.asarray(w) for w in state[0]])}


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    placed = jax.device_put(list(weights))
    outputs = jax.jit(lambda weights, x: jax.nn.softmax(forward(weights, x)))
    return {"JAX, jit": lambda: np.asarray(outputs(placed, x))}
