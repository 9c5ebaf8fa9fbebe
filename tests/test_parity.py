"""Twenty training steps of every loss with every optimizer, through `fit`, agree with plain NumPy to 1e-10.

The network is 5-7-3, tanh inside. From the same weights and the same order of batches, the transcription below
does what the papers say, in float64: backprop written out, then the optimizer's formula (`ops.update`).
"""

import numpy as np
import pytest

import fastnn as keras
from fastnn.ops.update import REFERENCE_RULES, _scalars_reference

ROWS, BATCH, EPOCHS, RATE = 40, 8, 4, 0.05
RNG = np.random.default_rng(3)
X = RNG.normal(size=(ROWS, 5))
WEIGHTS = [RNG.normal(size=s) * 0.6 for s in ((5, 7), (7,), (7, 3), (3,))]
REAL = RNG.normal(size=(ROWS, 3))
BITS = RNG.integers(0, 2, (ROWS, 3)).astype("float64")
LABELS = RNG.integers(0, 3, ROWS)
SOFT = np.eye(3)[LABELS] * 0.8 + 0.2 / 3


def sigmoid(z):
    return 1 / (1 + np.exp(-z))


def softmax(z):
    e = np.exp(z - z.max(1, keepdims=True))
    return e / e.sum(1, keepdims=True)


# loss: the output's activation, targets, derivative of the batch's loss by the logits z
LOSSES = {
    "mse": (None, REAL, lambda z, y: 2 * (z - y) / y.size),
    "mae": (None, REAL, lambda z, y: np.sign(z - y) / y.size),
    "huber": (None, REAL, lambda z, y: np.clip(z - y, -1, 1) / y.size),
    "binary_crossentropy": ("sigmoid", BITS, lambda z, y: (sigmoid(z) - y) / y.size),
    "categorical_crossentropy": ("softmax", SOFT, lambda z, y: (softmax(z) - y) / len(y)),
    "sparse_categorical_crossentropy": ("softmax", LABELS, lambda z, y: (softmax(z) - np.eye(3)[y]) / len(y)),
}
# optimizer: how to make it, and its rule, hyperparameters and slots in the transcription
OPTIMIZERS = {
    "sgd": (lambda: keras.optimizers.SGD(RATE), "sgd", (), 0),
    "momentum": (lambda: keras.optimizers.SGD(RATE, momentum=0.9), "momentum", (0.9,), 1),
    "nesterov": (lambda: keras.optimizers.SGD(RATE, momentum=0.9, nesterov=True), "nesterov", (0.9,), 1),
    "rmsprop": (lambda: keras.optimizers.RMSprop(RATE), "rmsprop", (0.9, 1e-7, 0.0), 1),
    "adagrad": (lambda: keras.optimizers.Adagrad(RATE), "adagrad", (0.0, 1e-7), 1),
    "adam": (lambda: keras.optimizers.Adam(RATE), "adam", (0.9, 0.999, 1e-7), 2),
}


def transcription(loss, optimizer):
    """Return the weights after EPOCHS passes, in NumPy alone."""
    _, targets, derivative = LOSSES[loss]
    _, rule, hyper, n_slots = OPTIMIZERS[optimizer]
    weights = [w.copy() for w in WEIGHTS]
    start = 0.1 if rule == "adagrad" else 0.0
    slots = [[np.full_like(w, start) for _ in range(n_slots)] for w in weights]
    for t in range(EPOCHS * ROWS // BATCH):
        first = t * BATCH % ROWS
        x, y = X[first : first + BATCH], targets[first : first + BATCH]
        w1, b1, w2, b2 = weights
        h = np.tanh(x @ w1 + b1)
        dz = derivative(h @ w2 + b2, y)
        dh = dz @ w2.T * (1 - h * h)
        lr, step = _scalars_reference(RATE, t, 0.9, 0.999)
        for w, s, g in zip(weights, slots, [x.T @ dh, dh.sum(0), h.T @ dz, dz.sum(0)], strict=True):
            REFERENCE_RULES[rule](w, s, g, lr, step, hyper, 0)
    return weights


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
    model.compile(OPTIMIZERS[optimizer][0](), loss)
    model.fit(X, targets, batch_size=BATCH, epochs=EPOCHS, shuffle=False, verbose=0)
    for got, expected in zip(model.get_weights(), transcription(loss, optimizer), strict=True):
        np.testing.assert_allclose(got, expected, rtol=1e-10, atol=1e-10)
