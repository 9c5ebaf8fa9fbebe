"""Fusions: which ops they take in, and that the numbers stay those of the composition."""

import numpy as np
import pytest
from program_tools import X, make_step

from fastnn import Variable, ops, plan


def compiled(step):
    program = plan.compile(step, [(X.shape, "float64")])
    program.inputs[0][...] = X
    return program


def kernels(program):
    return [name for name, _, _ in program.plan.describe()]


def assert_equals_eager(program, variables, eager_step, eager_variables):
    for _ in range(3):
        program.run()
        eager_step(ops.convert_to_tensor(X))
    for a, b in zip(variables, eager_variables, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-11, atol=1e-14)


@pytest.mark.parametrize("activation", ["linear", "relu", "leaky_relu", "elu", "selu", "sigmoid", "tanh"])
@pytest.mark.parametrize("rule", ["adam", "momentum"])
def test_update_and_derivative_are_inside_the_product(activation, rule):
    step, variables = make_step(activation, rule)
    program = compiled(step)
    assert rule not in kernels(program)
    assert f"{activation}_grad" not in kernels(program)
    assert_equals_eager(program, variables, *make_step(activation, rule))


PENALTIES = {
    "l2": lambda w: ops.sum(ops.square(w)) * 0.01,
    "half": lambda w: ops.sum(w * w) * 0.005,
    "twice": lambda w: ops.sum(ops.square(w)) * 0.01 + ops.sum(ops.square(w)) * 0.02,
}


@pytest.mark.parametrize("rule", ["adam", "momentum"])
@pytest.mark.parametrize("name", sorted(PENALTIES))
def test_an_l2_penalty_is_inside_the_update(name, rule):
    step, variables = make_step(rule=rule, penalty=PENALTIES[name])
    program = compiled(step)
    assert rule not in kernels(program)
    assert_equals_eager(program, variables, *make_step(rule=rule, penalty=PENALTIES[name]))


@pytest.mark.parametrize(
    "penalty",
    [
        lambda w: ops.sum(ops.abs(w)) * 0.01,
        lambda w: ops.sum(ops.square(w) * np.arange(9.0)) * 0.01,
        lambda w: ops.square(ops.sum(w)) * 0.01,
    ],
    ids=["l1", "uneven", "of the sum"],
)
def test_other_penalties_stay_outside(penalty):
    step, variables = make_step(penalty=penalty)
    program = compiled(step)
    assert "adam" in kernels(program)
    assert_equals_eager(program, variables, *make_step(penalty=penalty))


def test_a_product_that_others_use_stays():
    w = Variable(np.ones((150, 9)), layout="kernel")

    def step(x):
        gradient = ops.matmul(ops.transpose(x), ops.dense(x, w))
        ops.sgd_update(w, gradient, ops.step_scalars(0.1, 0))
        return ops.sum(gradient)

    program = compiled(step)
    assert "sgd" in kernels(program)
    total = (X.T @ (X @ np.ones((150, 9)))).sum()
    np.testing.assert_allclose(program.run()[0], total, rtol=1e-10)


def test_a_variable_written_twice_keeps_the_order_of_things():
    w = Variable(np.full((150, 9), 2.0), layout="kernel")

    def step(x):
        old = w.value
        w.assign(w * 0.5)
        ops.sgd_update(w, ops.zeros((150, 9), "float64") + old * 0.1, ops.step_scalars(np.float64(1), 0))
        return ops.sum(x)

    compiled(step).run()
    np.testing.assert_allclose(w.numpy(), 1.0 - 0.2, rtol=1e-12)
