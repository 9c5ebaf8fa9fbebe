"""Fusions: which ops they take in, and that the numbers stay those of the composition."""

import numpy as np
import pytest
from program_tools import X, make_step

from fastnn import GradientTape, Variable, ops, plan, random


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


ACTIVATIONS = {
    "relu": ops.relu,
    "leaky_relu": ops.leaky_relu,
    "elu": ops.elu,
    "selu": ops.selu,
    "sigmoid": ops.sigmoid,
    "tanh": ops.tanh,
}


def dense_of(activation):
    w, b = Variable(np.linspace(-1, 1, 150 * 9).reshape(150, 9)), Variable(np.linspace(-1, 1, 9))
    return lambda x: activation(ops.dense(x, w, b))


@pytest.mark.parametrize("name", sorted(ACTIVATIONS))
def test_an_activation_is_inside_the_product(name):
    step = dense_of(ACTIVATIONS[name])
    program = compiled(step)
    assert name not in kernels(program)
    np.testing.assert_array_equal(program.run()[0], step(ops.convert_to_tensor(X)).numpy())


@pytest.mark.parametrize(
    "activation",
    [
        lambda z: ops.leaky_relu(z, 0.0),
        lambda z: ops.leaky_relu(z, -0.1),
        lambda z: ops.sigmoid(z) + z,
        lambda z: ops.silu(z),
    ],
    ids=["flat", "falling", "used twice", "of another derivative"],
)
def test_an_activation_whose_derivative_wants_more_than_its_output_stays_outside(activation):
    step = dense_of(activation)
    program = compiled(step)
    assert len(kernels(program)) > 1
    np.testing.assert_array_equal(program.run()[0], step(ops.convert_to_tensor(X)).numpy())


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


def test_an_assignment_is_written_by_what_computes_it():
    total, state = Variable(np.float64(1)), Variable(np.ones((3, 4)))

    def fn(x):
        before = state.value
        total.assign_add(ops.sum(x))
        state.assign(ops.maximum(state * 0.5, x))
        return total * 1.0, before + 0.0, state * 1.0

    program = plan.compile(fn, [((3, 4), "float64")])
    x = program.inputs[0][...] = np.arange(12.0).reshape(3, 4) / 10
    assert sum(name == "copy" for name in kernels(program)) == 1  # of what is read before
    for expected_before in (np.ones((3, 4)), np.maximum(0.5, x)):
        after, before, new = program.run()
        np.testing.assert_array_equal(before, expected_before)
        np.testing.assert_array_equal(new, np.maximum(expected_before * 0.5, x))
    assert float(after) == 1 + 2 * x.sum()


def test_an_assignment_of_the_variable_turned_round_is_not_in_place():
    square = Variable(np.arange(9.0).reshape(3, 3))

    def fn():
        square.assign(ops.transpose(square) * 2.0)

    plan.compile(fn, []).run()
    np.testing.assert_array_equal(square.numpy(), 2 * np.arange(9.0).reshape(3, 3).T)


def test_a_fused_derivative_is_not_taken_apart_by_an_assignment():
    rng = np.random.default_rng(0)
    a, y, kept = rng.standard_normal((6, 6)), rng.standard_normal((6, 6)), Variable(np.zeros((6, 6)))

    def fn(x):
        kept.assign(ops.CATALOGUE["relu_grad"](ops.matmul(x, a), y))

    program = plan.compile(fn, [((6, 6), "float64")])
    x = program.inputs[0][...] = rng.standard_normal((6, 6))
    program.run()
    np.testing.assert_allclose(kept.numpy(), (x @ a) * (y > 0), rtol=1e-12)


def dropout_step(activation="relu", rate=0.3, used_again=False):
    """A step that returns the gradient of a kernel in front of an activation and dropout."""
    rng = np.random.default_rng(0)
    w1, w2 = (Variable(rng.standard_normal(s) * 0.3, layout="kernel") for s in ((150, 9), (9, 4)))
    seed = random.SeedGenerator(5)

    def step(x):
        with GradientTape() as tape:
            y = ops.dense(x, w1, None, activation, 0.3)
            kept = random.dropout(y, rate, seed=seed)
            loss = ops.mean(ops.square(ops.dense(kept, w2)))
            if used_again:
                loss = loss + ops.mean(kept)
        return tape.gradient(loss, w1)

    return step


@pytest.mark.parametrize("used_again", [False, True])
def test_dropout_behind_relu_draws_once(used_again):
    """Its derivative is in the product, or, where that is not all of the gradient, in relu's."""
    program, eager = compiled(dropout_step(used_again=used_again)), dropout_step(used_again=used_again)
    assert kernels(program).count("dropout") == 1
    assert ("relu_dropout_grad" in kernels(program)) == used_again
    assert "relu_grad" not in kernels(program)
    for _ in range(3):
        np.testing.assert_array_equal(program.run()[0], eager(ops.convert_to_tensor(X)).numpy())


@pytest.mark.parametrize("activation", ["linear", "leaky_relu", "elu", "selu", "sigmoid", "tanh"])
def test_dropout_behind_other_activations_draws_again(activation):
    program, eager = compiled(dropout_step(activation)), dropout_step(activation)
    assert kernels(program).count("dropout") == 2
    np.testing.assert_allclose(program.run()[0], eager(ops.convert_to_tensor(X)).numpy(), rtol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
@pytest.mark.parametrize("cols", [12, 16, 100])
def test_the_derivatives_of_relu_and_dropout_for_any_output_of_relu(cols, rate, dtype):
    """The composition's bits, whatever the numbers are, in the product, alone and where it is assigned."""
    rng = np.random.default_rng(0)
    y = rng.standard_normal((16, cols)).astype(dtype)
    y[0], y[1, :4] = 0.0, [np.nan, np.inf, -np.inf, np.finfo(dtype).tiny]
    a, kernel = rng.standard_normal((16, 8)).astype(dtype), Variable(rng.standard_normal((cols, 8)).astype(dtype))
    a[3] = np.inf
    key, assigned = np.array([3, 4]), Variable(np.zeros((16, cols), dtype))
    dropout, relu_grad = ops.CATALOGUE["random_dropout"], ops.CATALOGUE["relu_grad"]

    def fn(a, y, dy):
        k = ops.convert_to_tensor(key)
        output, product = dropout(y, k, rate), ops.matmul(a, ops.transpose(kernel))
        assigned.assign(relu_grad(dropout(dy, k, rate), y))
        return output, relu_grad(dropout(product, k, rate), y), relu_grad(dropout(dy, k, rate), y)

    dy = rng.standard_normal((16, cols)).astype(dtype)
    program = plan.compile(fn, [(a.shape, dtype), (y.shape, dtype), (dy.shape, dtype)])
    for memory, array in zip(program.inputs, (a, y, dy), strict=True):
        memory[...] = array
    assert kernels(program).count("dropout") == 1
    assert kernels(program).count("relu_dropout_grad") == 2
    eager = fn(*map(ops.convert_to_tensor, (a, y, dy)))
    expected = assigned.numpy().copy()
    assigned.assign(np.zeros_like(expected))
    for got, each in zip(program.run(), eager, strict=True):
        np.testing.assert_array_equal(got, each.numpy())
    np.testing.assert_array_equal(assigned.numpy(), expected)


def test_dropouts_with_other_masks_are_drawn():
    dropout, relu_grad = ops.CATALOGUE["random_dropout"], ops.CATALOGUE["relu_grad"]
    keys = [ops.convert_to_tensor(np.array([3, n])) for n in range(2)]

    def fn(y, dy, row):
        others = [(dy, keys[1], 0.5), (dy, keys[0], 0.4), (row, keys[0], 0.5)]
        return dropout(y, keys[0], 0.5), [relu_grad(dropout(*each), y) for each in others]

    program = plan.compile(fn, [(x.shape, "float64") for x in (X, X, X[0])])
    for memory, array in zip(program.inputs, (X, X[::-1], X[0]), strict=True):
        memory[...] = array
    assert kernels(program).count("relu_grad") == 3
    output, others = fn(*map(ops.convert_to_tensor, (X, X[::-1], X[0])))
    for got, each in zip(program.run(), (output, *others), strict=True):
        np.testing.assert_array_equal(got, each.numpy())


@pytest.mark.parametrize("used_again", [False, True])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rows", [1, 6, 2000])
@pytest.mark.parametrize("cols", [1, 9, 200])
def test_a_bias_sums_its_gradient(rows, cols, dtype, used_again):
    x = np.random.default_rng(0).standard_normal((rows, cols)).astype(dtype)
    b, alone = Variable(np.ones(cols, dtype)), Variable(np.ones(cols, dtype))

    def step(x, to=b):
        total = ops.sum(x, axis=0)
        ops.sgd_update(to, total, ops.step_scalars(0.1, 0))
        return total if used_again else None

    program = plan.compile(step, [(x.shape, dtype)])
    program.inputs[0][...] = x
    program.run()
    assert ("sum" in kernels(program)) == used_again
    step(ops.convert_to_tensor(x), alone)
    np.testing.assert_array_equal(b.numpy(), alone.numpy())


def test_a_read_after_a_fused_write_is_the_new_value():
    """The averages of weights are made of the weights that the fused kernels have written."""
    w, b = Variable(np.ones((150, 9)), layout="kernel"), Variable(np.ones(9))
    seen = Variable(np.zeros((150, 9))), Variable(np.zeros(9))

    def step(x):
        dz = ops.dense(x, w, b)
        scalars = ops.step_scalars(0.1, 0)
        ops.sgd_update(w, ops.matmul(ops.transpose(x), dz), scalars)
        ops.sgd_update(b, ops.sum(dz, axis=0), scalars)
        seen[0].assign(w * 1.0)
        seen[1].assign(b.value)

    program = compiled(step)
    assert "sum" not in kernels(program)
    program.run()
    for variable, copy in zip((w, b), seen, strict=True):
        assert not np.array_equal(variable.numpy(), np.ones(variable.shape))
        np.testing.assert_array_equal(variable.numpy(), copy.numpy())


def test_a_penalty_that_grows_from_itself_is_found_in_one_walk():
    """Each sum has the one before it twice: a walk back from the gradient would take 2^60 steps."""
    w = Variable(np.ones(3))

    def step():
        gradient = w * 1e-20
        for _ in range(60):
            gradient = gradient + gradient
        ops.sgd_update(w, gradient, ops.step_scalars(np.float64(0.1), 0))

    plan.compile(step, []).run()
    np.testing.assert_allclose(w.numpy(), 1 - 0.1 * 1e-20 * 2.0**60, rtol=1e-12)


def test_a_weight_used_a_thousand_times_is_no_depth():
    w = Variable(np.full(3, 0.999))

    def step():
        gradient = w * 1.0
        for _ in range(1100):
            gradient = gradient * w
        ops.sgd_update(w, gradient + np.ones(3), ops.step_scalars(np.float64(0.1), 0))

    plan.compile(step, []).run()
    np.testing.assert_allclose(w.numpy(), 0.999 - 0.1 * (1 + 0.999**1101), rtol=1e-12)


def test_a_penalty_beside_a_smaller_gradient_stays_with_it():
    w = Variable(np.ones(3))

    def step():
        ops.sgd_update(w, w * 0.5 + 1.0, ops.step_scalars(np.float64(0.1), 0))

    plan.compile(step, []).run()
    np.testing.assert_allclose(w.numpy(), 1 - 0.1 * 1.5, rtol=1e-12)


@pytest.mark.parametrize("gradient", [lambda w: w, lambda w: w + w, lambda w: w * 0.5 + w], ids=["w", "w+w", "w/2+w"])
@pytest.mark.parametrize("slot", [False, True], ids=["own", "of the slot"])
def test_what_a_rule_writes_may_be_its_gradient(gradient, slot):
    def step(w, velocity):
        scalars = ops.step_scalars(np.float64(0.1), 0)
        ops.momentum_update(w, velocity, gradient(velocity if slot else w), scalars, 0.5)

    program, eager = ([Variable(np.full((3, 4), x)) for x in (2.0, 1.0)] for _ in range(2))
    plan.compile(lambda: step(*program), []).run()
    step(*eager)
    for a, b in zip(program, eager, strict=True):
        np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-12)
