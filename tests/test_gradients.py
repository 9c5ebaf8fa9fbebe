"""Backprop of whole networks against central differences, in float64: relative error at most 1e-6.

Hypothesis draws the depth, the widths (1, odd, prime), activations, the loss, regularizers, the batch size, sample
weights and dropout with a fixed counter. The gradient is the one that a training program computes.
"""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import fastnn
from fastnn import GradientTape, ops, plan

WIDTHS = st.sampled_from([1, 2, 3, 5, 7, 13, 17, 31])
SMOOTH = ["linear", "sigmoid", "tanh", "softplus", "gelu", "silu", "selu", "elu"]
KINKED = ["relu", "leaky_relu"]
LOSSES = {
    "MeanSquaredError": "real",
    "MeanAbsoluteError": "real",
    "Huber": "real",
    "BinaryCrossentropy": "probability",
    "CategoricalCrossentropy": "distribution",
    "SparseCategoricalCrossentropy": "label",
}
REGULARIZERS = [None, "l1", "l2", "l1_l2"]


@st.composite
def networks(draw):
    depth = draw(st.integers(0, 3))
    loss = draw(st.sampled_from(sorted(LOSSES)))
    return {
        "features": draw(WIDTHS),
        "hidden": [(draw(WIDTHS), draw(st.sampled_from(SMOOTH + KINKED))) for _ in range(depth)],
        "outputs": draw(st.sampled_from([2, 3, 7] if LOSSES[loss] in ("distribution", "label") else [1, 2, 3, 7])),
        "loss": loss,
        "from_logits": draw(st.booleans()),
        "regularizer": draw(st.sampled_from(REGULARIZERS)),
        "dropout": draw(st.sampled_from([0.0, 0.3])),
        "batch": draw(st.sampled_from([1, 2, 5, 8])),
        "weighted": draw(st.booleans()),
        "seed": draw(st.integers(0, 10**6)),
    }


def build(spec):
    layers = [fastnn.layers.Input((spec["features"],), dtype="float64")]
    for width, activation in spec["hidden"]:
        layers.append(
            fastnn.layers.Dense(
                width,
                activation,
                kernel_regularizer=spec["regularizer"],
                bias_initializer="random_normal",
                dtype="float64",
            )
        )
        if spec["dropout"]:
            layers.append(fastnn.layers.Dropout(spec["dropout"], seed=spec["seed"], dtype="float64"))
    final = None
    if not spec["from_logits"]:
        final = {"probability": "sigmoid", "distribution": "softmax", "label": "softmax"}.get(LOSSES[spec["loss"]])
    layers.append(fastnn.layers.Dense(spec["outputs"], final, dtype="float64"))
    return fastnn.Sequential(layers)


def data(spec):
    rng = np.random.default_rng(spec["seed"])
    n, c = spec["batch"], spec["outputs"]
    x = rng.uniform(-2, 2, (n, spec["features"]))
    kind = LOSSES[spec["loss"]]
    if kind == "label":
        y = rng.integers(0, c, n)
    elif kind == "distribution":
        y = np.eye(c)[rng.integers(0, c, n)] * 0.9 + 0.1 / c
    elif kind == "probability":
        y = rng.integers(0, 2, (n, c)).astype("float64")
    else:
        y = rng.uniform(-2, 2, (n, c))
    weights = rng.uniform(0.5, 2, n) if spec["weighted"] else None
    return x, y, weights


def make_loss(spec):
    cls = getattr(fastnn.losses, spec["loss"])
    return cls(from_logits=spec["from_logits"]) if "Crossentropy" in spec["loss"] else cls()


def total_loss(model, loss_fn, x, y, weights):
    total = ops.mean(loss_fn(y, model(x, training=True), sample_weight=weights))
    for penalty in model.losses:
        total = total + penalty
    return total


def reset_seeds(model, counters):
    for variable, value in counters:
        variable.load(value)


@given(networks())
@settings(max_examples=60)
def test_network_gradient_equals_central_differences(spec):
    fastnn.utils.set_random_seed(spec["seed"])
    model = build(spec)
    loss_fn = make_loss(spec)
    x, y, weights = data(spec)
    counters = [(v, v.numpy()) for v in model.variables if v.dtype == "int64"]
    arrays = [x, y] if weights is None else [x, y, weights]

    def step(x, y, weights=None):
        with GradientTape() as tape:
            loss = total_loss(model, loss_fn, x, y, weights)
        return loss, tape.gradient(loss, model.trainable_variables)

    program = plan.compile(step, [(a.shape, a.dtype) for a in arrays])
    for memory, a in zip(program.inputs, arrays, strict=True):
        memory[...] = a
    program.run()
    loss, grads = program.result()
    forward = plan.compile(lambda x, y, weights=None: total_loss(model, loss_fn, x, y, weights),
                           [(a.shape, a.dtype) for a in arrays])  # fmt: skip
    for memory, a in zip(forward.inputs, arrays, strict=True):
        memory[...] = a

    def value():
        reset_seeds(model, counters)
        return float(forward.run()[0])

    assert float(loss) == pytest.approx(value(), rel=1e-12, abs=1e-12)
    for variable, grad in zip(model.trainable_variables, grads, strict=True):
        check(variable, grad.numpy(), value, np.random.default_rng(spec["seed"]))


def central(variable, at, value, h):
    kept = variable.array[at]
    sides = []
    for sign in (1, -1):
        variable.array[at] = kept + sign * h
        sides.append(value())
    variable.array[at] = kept
    return (sides[0] - sides[1]) / (2 * h), (sides[0] + sides[1])


def check(variable, grad, value, rng, most=12):
    """Compare some elements; where two step sizes disagree there is a kink in between, and nothing to compare."""
    scale = max(np.abs(grad).max(initial=0), 1e-2)
    for flat in rng.permutation(grad.size)[:most]:
        at = np.unravel_index(flat, grad.shape)
        near, _ = central(variable, at, value, 1e-5)
        far, _ = central(variable, at, value, 3e-5)
        if abs(near - far) > 1e-6 * scale:
            continue
        assert abs(near - grad[at]) <= 1e-6 * scale, (variable.path, at, near, grad[at])
