"""A step of training to compile, for the tests of programs."""

import numpy as np

from fastnn import GradientTape, Variable, ops

X = np.random.default_rng(1).standard_normal((6, 150))


def make_step(activation="tanh", rule="adam", penalty=None):
    """A step of training of two dense layers, with a penalty of the first kernel."""
    rng = np.random.default_rng(0)
    w1, w2 = (Variable(rng.standard_normal(s) * 0.3, layout="kernel") for s in ((150, 9), (9, 4)))
    slots = [Variable.zeros_like(w1), Variable.zeros_like(w1)]
    rate, iterations = Variable(np.float64(0.1)), Variable(np.int64(0))

    def step(x):
        with GradientTape() as tape:
            y = ops.dense(ops.dense(x, w1, None, activation, 0.3), w2)
            loss = ops.mean(ops.square(y))
            if penalty is not None:
                loss = loss + penalty(w1)
        g1, g2 = tape.gradient(loss, [w1, w2])
        scalars = ops.step_scalars(rate, iterations, 0.9, 0.999)
        if rule == "adam":
            ops.adam_update(w1, *slots, None, g1, scalars, 0.9, 0.999, 1e-7)
        else:
            ops.momentum_update(w1, slots[0], g1, scalars, 0.9)
        ops.sgd_update(w2, g2, scalars)
        return loss

    return step, (w1, w2, *slots)
