"""Twenty training steps of every loss with every optimizer, through `fit`, agree with plain NumPy to 1e-10.

The network is 5-7-3, tanh inside. From the same weights and the same order of batches, the transcription below
does what the papers say, in float64: backprop written out, then the optimizer's formula (`ops.update`).
"""

import numpy as np
import pytest
from optimizer_formulas import ROWS as FORMULAS
from optimizer_formulas import updated

import fastnn as keras
from fastnn.ops.update import _scalars_reference, _update_reference

ROWS, BATCH, EPOCHS, RATE = 40, 8, 4, 0.05
RNG = np.random.default_rng(3)
X = RNG.normal(size=(ROWS, 5))
WEIGHTS = [RNG.normal(size=s) * 0.6 for s in ((5, 7), (7,), (7, 3), (3,))]
REAL = RNG.normal(size=(ROWS, 3))
BITS = RNG.integers(0, 2, (ROWS, 3)).astype("float64")
LABELS = RNG.integers(0, 3, ROWS)
ONE_HOT = np.eye(3)[LABELS]
SOFT = ONE_HOT * 0.8 + 0.2 / 3
POSITIVE = RNG.uniform(0.5, 2, (ROWS, 3))


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


def softplus(z):
    return np.log1p(np.exp(z))


def unit(z):
    return z / np.linalg.norm(z, axis=1, keepdims=True)


def cosine(z, y):
    y, along = unit(y), unit(z)
    return (along * (along * y).sum(1, keepdims=True) - y) / np.linalg.norm(z, axis=1, keepdims=True) / len(y)


def categorical_hinge(z, y):
    wrong = (1 - y) * z
    highest = np.eye(3)[wrong.argmax(1)] * (1 - y)
    is_open = wrong.max(1, keepdims=True) - (y * z).sum(1, keepdims=True) + 1 > 0
    return is_open * (highest - y) / len(y)


def binary_focal(z, y):
    wrong = np.abs(y - sigmoid(z))
    slope = wrong**2 / (1 - wrong) - 2 * wrong * np.log(1 - wrong)
    return slope * (1 - 2 * y) * wrong * (1 - wrong) / y.size


def categorical_focal(z, y):
    p = softmax(z)
    slope = 0.25 * y * (2 * (1 - p) * np.log(p) - (1 - p) ** 2 / p)
    return p * (slope - (slope * p).sum(1, keepdims=True)) / len(y)


def generalized(z, y):
    p = softmax(z)
    return np.sqrt(p[np.arange(len(y)), y])[:, None] * (p - np.eye(3)[y]) / len(y)


def overlap(z, y, epsilon):
    p = sigmoid(z)
    both, total = (y * p).sum(), y.sum() + p.sum() + epsilon
    return 2 * (both / total - y) / total * p * (1 - p)


# loss: the output's activation, targets, derivative of the batch's loss by the logits z. Without a row: fails.
LOSSES = {
    "mean_squared_error": (None, REAL, lambda z, y: 2 * (z - y) / y.size),
    "mean_absolute_error": (None, REAL, lambda z, y: np.sign(z - y) / y.size),
    "mean_absolute_percentage_error": (None, POSITIVE, lambda z, y: 100 * np.sign(z - y) / y / y.size),
    "mean_squared_logarithmic_error": (
        "softplus",
        POSITIVE,
        lambda z, y: 2 * (np.log1p(softplus(z)) - np.log1p(y)) / (1 + softplus(z)) * sigmoid(z) / y.size,
    ),
    "huber": (None, REAL, lambda z, y: np.clip(z - y, -1, 1) / y.size),
    "log_cosh": (None, REAL, lambda z, y: np.tanh(z - y) / y.size),
    "cosine_similarity": (None, REAL, cosine),
    "hinge": (None, BITS, lambda z, y: (1 - 2 * y) * ((2 * y - 1) * z < 1) / y.size),
    "squared_hinge": (None, BITS, lambda z, y: 2 * (1 - 2 * y) * np.maximum(1 - (2 * y - 1) * z, 0) / y.size),
    "categorical_hinge": (None, ONE_HOT, categorical_hinge),
    "kl_divergence": ("softmax", SOFT, lambda z, y: (softmax(z) - y) / len(y)),
    "poisson": ("softplus", POSITIVE, lambda z, y: (1 - y / (softplus(z) + 1e-7)) * sigmoid(z) / y.size),
    "binary_crossentropy": ("sigmoid", BITS, lambda z, y: (sigmoid(z) - y) / y.size),
    "categorical_crossentropy": ("softmax", SOFT, lambda z, y: (softmax(z) - y) / len(y)),
    "binary_focal_crossentropy": ("sigmoid", BITS, binary_focal),
    "categorical_focal_crossentropy": ("softmax", SOFT, categorical_focal),
    "categorical_generalized_cross_entropy": ("softmax", LABELS, generalized),
    "dice": ("sigmoid", BITS, lambda z, y: overlap(z, y, 1e-7)),
    "tversky": ("sigmoid", BITS, lambda z, y: overlap(z, y, 2e-7)),
    "sparse_categorical_crossentropy": ("softmax", LABELS, lambda z, y: (softmax(z) - np.eye(3)[y]) / len(y)),
}
# optimizer: its class and arguments, then the rule of the transcription, its hyperparameters, slots and option; those
# that are composed of ops have no rule, but a formula
OPTIMIZERS = {
    "sgd": ("SGD", {}, "sgd", (), 0, 0),
    "weight decay": ("SGD", {"weight_decay": 0.02}, "sgd", (), 0, 0),
    "momentum": ("SGD", {"momentum": 0.9}, "momentum", (0.9,), 1, 0),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}, "nesterov", (0.9,), 1, 0),
    "rmsprop": ("RMSprop", {}, "rmsprop", (0.9, 1e-7, 0.0), 1, 0),
    "centered": ("RMSprop", {"centered": True, "momentum": 0.5}, "rmsprop", (0.9, 1e-7, 0.5), 3, 1),
    "adagrad": ("Adagrad", {}, "adagrad", (0.0, 1e-7), 1, 0),
    "adam": ("Adam", {}, "adam", (0.9, 0.999, 1e-7), 2, 0),
    "amsgrad": ("Adam", {"amsgrad": True}, "adam", (0.9, 0.999, 1e-7), 3, 1),
    "adamw": ("AdamW", {"weight_decay": 0.04}, "adam", (0.9, 0.999, 1e-7), 2, 0),
    **{
        name.lower(): (name, {})
        for name in FORMULAS
        if not issubclass(getattr(keras.optimizers, name), keras.optimizers.RuleOptimizer)
    },
}


def test_every_loss_and_every_optimizer_has_a_row():
    assert {function.__name__ for function in keras.losses.REGISTRY.functions} == set(LOSSES)
    assert {cls.__name__ for cls in keras.optimizers.REGISTRY.classes} == {row[0] for row in OPTIMIZERS.values()}


def transcription(loss, optimizer):
    """Return the weights after EPOCHS passes, in NumPy alone."""
    _, targets, derivative = LOSSES[loss]
    weights = [w.copy() for w in WEIGHTS]
    update = (by_rule if len(OPTIMIZERS[optimizer]) > 2 else by_formula)(optimizer, weights)
    for t in range(EPOCHS * ROWS // BATCH):
        first = t * BATCH % ROWS
        x, y = X[first : first + BATCH], targets[first : first + BATCH]
        w1, b1, w2, b2 = weights
        h = np.tanh(x @ w1 + b1)
        dz = derivative(h @ w2 + b2, y)
        dh = dz @ w2.T * (1 - h * h)
        update([x.T @ dh, dh.sum(0), h.T @ dz, dz.sum(0)], t)
    return weights


def by_rule(optimizer, weights):
    """Return a function of gradients and the number of the step that updates weights by a rule's reference."""
    _, settings, rule, hyper, n_slots, option = OPTIMIZERS[optimizer]
    start = 0.1 if rule == "adagrad" else 0.0
    slots = [[np.full_like(w, start) if i < n_slots else None for i in range(3)] for w in weights]

    def update(grads, t):
        scalars = _scalars_reference(RATE, t, 0.9, 0.999)
        for w, s, g in zip(weights, slots, grads, strict=True):
            _update_reference(w, *s, g, scalars, rule, hyper, option, settings.get("weight_decay", 0.0))

    return update


def by_formula(optimizer, weights):
    """Return such a function by a published formula."""
    name, settings = OPTIMIZERS[optimizer]
    states = [{"first": w.copy()} for w in weights]

    def update(grads, t):
        for w, s, g in zip(weights, states, grads, strict=True):
            w[...] = updated(name, settings, w, g, s, RATE, t + 1)

    return update


@pytest.mark.parametrize("optimizer", sorted(OPTIMIZERS))
@pytest.mark.parametrize("loss", sorted(LOSSES))
def test_twenty_steps(loss, optimizer):
    activation, targets, _ = LOSSES[loss]
    model = keras.Sequential(
        [
            keras.Input((5,), dtype="float64"),
            keras.layers.Dense(7, "tanh", dtype="float64"),
            keras.layers.Dense(3, activation, dtype="float64"),
        ]
    )
    model.set_weights(WEIGHTS)
    name, settings, *_ = OPTIMIZERS[optimizer]
    model.compile(getattr(keras.optimizers, name)(RATE, **settings), loss)
    model.fit(X, targets, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    for got, expected in zip(model.get_weights(), transcription(loss, optimizer), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)
