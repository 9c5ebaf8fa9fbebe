"""A straight line through points, with Variables and GradientTape.

The model y = W·x + b learns from points around y = 3·x + 2: the loss is the mean squared error, and
each step moves W and b against its gradient.
"""

import numpy as np

import fastnn as keras
from fastnn import ops

RATE = 0.1
STEPS = 60


class LinearModel:
    def __init__(self):
        self.W = keras.Variable(5.0)
        self.b = keras.Variable(0.0)

    def __call__(self, x):
        return ops.add(ops.multiply(x, self.W), self.b)


def loss(y, prediction):
    return ops.mean(ops.square(y - prediction))


def train(model, x, y):
    with keras.GradientTape() as tape:
        current = loss(y, model(x))
    dW, db = tape.gradient(current, [model.W, model.b])
    model.W.assign_sub(RATE * dW)
    model.b.assign_sub(RATE * db)
    return float(current)


def main():
    rng = np.random.default_rng(0)
    x = rng.normal(size=1000).astype("float32")
    y = 3 * x + 2 + rng.normal(scale=0.5, size=1000).astype("float32")

    model = LinearModel()
    for step in range(STEPS):
        current = train(model, x, y)
        if step % 10 == 0 or step == STEPS - 1:
            W, b = float(model.W.numpy()), float(model.b.numpy())
            print(f"step {step:2}: loss {current:7.4f}, W {W:.3f}, b {b:.3f}")
    return model


if __name__ == "__main__":
    main()
