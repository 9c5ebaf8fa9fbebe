"""Data, models and a transcription of gradient descent that the tests of training share."""

import numpy as np

import fastnn
from fastnn import Sequential, layers

RNG = np.random.RandomState(0)
X = RNG.rand(100, 6).astype("float32")
Y = RNG.randint(0, 3, 100)
ONE_HOT = np.eye(3, dtype="float32")[Y]
T = RNG.randn(100, 1).astype("float32")


def classifier(optimizer="sgd", metrics=("accuracy",), loss="sparse_categorical_crossentropy", **settings):
    model = Sequential([fastnn.Input((6,)), layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")])
    model.compile(optimizer, loss, metrics=list(metrics), **settings)
    return model


def regressor(optimizer="sgd", loss="mse", **settings):
    model = Sequential([fastnn.Input((6,)), layers.Dense(1)])
    model.compile(optimizer, loss, **settings)
    return model


def bits(model):
    return [weight.tobytes() for weight in model.get_weights()]


def state(model):
    return bits(model) + [variable.numpy().tobytes() for variable in model.optimizer.variables]


def by_hand(w, b, x, t, rate, batch, weights=None):
    """One epoch of gradient descent on the mean squared error of a linear model, in float64."""
    losses = []
    for i in range(0, len(x), batch):
        rows, target = x[i : i + batch].astype(float), t[i : i + batch].astype(float)
        weight = np.ones(len(rows)) if weights is None else weights[i : i + batch]
        error = rows @ w + b - target
        losses.append((weight * (error**2).mean(axis=1)).mean() * len(rows))
        slope = 2 * error * weight[:, None] / len(rows)
        w, b = w - rate * rows.T @ slope, b - rate * slope.sum(axis=0)
    return w, b, sum(losses) / len(x)


def with_bad(position, value):
    x = X.copy()
    x[position] = value
    return x


def batches_of(size=32, rows=100):
    for i in range(0, rows, size):
        yield X[i : min(i + size, rows)], Y[i : min(i + size, rows)]
