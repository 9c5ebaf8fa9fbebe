"""Branches, loops and functions that say their own gradient: eagerly, in compiled functions and in a step of `fit`."""

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Tensor, Variable, ops
from fastnn.tensor import TracingError


def both_ways(fn):
    """A function itself, and compiled."""
    return fn, fastnn.function(fn)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_cond(dtype):
    def fn(x):
        return ops.cond(ops.sum(x) > 0, lambda: {"y": (x * 2, None)}, lambda: {"y": (-x, None)})

    for call in both_ways(fn):
        for sign in (1, -1):
            x = np.full(3, sign, dtype)
            y, nothing = call(Tensor(x))["y"]
            assert nothing is None
            assert y.dtype == dtype
            np.testing.assert_array_equal(y.numpy(), 2 * x if sign > 0 else -x)
    assert ops.cond(True, lambda: 1, lambda: 2) == 1  # whatever it is that Python's branches return


def test_switch_takes_the_nearest_branch():
    def fn(index, x):
        return ops.switch(index, [lambda x: x, lambda x: x + 1, lambda x: x * 10], x)

    for call in both_ways(fn):
        for index, expected in ((-5, 3), (0, 3), (1, 4), (2, 30), (9, 30)):
            assert float(call(Tensor(np.asarray(index, "int32")), Tensor(np.float32(3)))) == expected


def test_branches_of_a_program_must_be_alike_and_do_nothing_else():
    x, counter = Tensor(np.ones(2, "float32")), Variable(0)
    other = fastnn.function(lambda x: ops.cond(x[0] > 0, lambda: x, lambda: x[:1]))
    with pytest.raises(ValueError, match=r"cond: branches return .*\(2,\).* and .*\(1,\)"):
        other(x)
    writes = fastnn.function(lambda x: ops.cond(x[0] > 0, lambda: counter.assign_add(1), lambda: counter.value))
    with pytest.raises(TracingError, match="cond: a branch writes a variable"):
        writes(x)
    assert int(counter) == 0
    assert int(ops.cond(x[0] > 0, lambda: counter.assign_add(1), lambda: counter.value)) == 1
    with pytest.raises(ValueError, match=r"cond: what chooses must be a scalar, got shape \(2,\)"):
        ops.cond(x, lambda: x, lambda: x)
    with pytest.raises(ValueError, match="switch: at least one branch is needed"):
        ops.switch(0, [])


def test_derivatives_go_through_branches():
    def gradient(x):
        with GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(ops.cond(x[0] > 0, lambda: x**2, lambda: 3 * x))
        return tape.gradient(y, x)

    for call in both_ways(gradient):
        np.testing.assert_array_equal(call(Tensor(np.array([2.0, 5]))).numpy(), [4, 10])
        np.testing.assert_array_equal(call(Tensor(np.array([-2.0, 5]))).numpy(), [3, 3])


def test_loops():
    def fn(x):
        doubled = ops.fori_loop(0, Tensor(np.asarray(3, "int32")), lambda i, v: v + x[i], x[0] * 0)
        _, total = ops.while_loop(lambda n, t: n < 3, lambda n, t: (n + 1, t + x), (0, x))
        single = ops.while_loop(lambda t: True, lambda t: t * 2, x, maximum_iterations=2)
        carry, ys = ops.scan(lambda c, v: (c + v, {"y": c * v, "no": None}), x[0] * 0, x)
        last, back = ops.scan(lambda c, v: (v, c), x[0], x, reverse=True)
        count, nothing = ops.scan(lambda c, _: (c + 1, c), ops.sum(x) * 0, length=2)
        return doubled, total, single, carry, ys, last, back, count, nothing, ops.map(lambda v: v * v, x)

    x = np.array([1.0, 2, 3, 4])
    expected = [6, 4 * x, 4 * x, 10, [0, 2, 9, 24], 1, [2, 3, 4, 1], 2, [0, 1], x * x]
    for call in both_ways(fn):
        found = call(Tensor(x))
        assert found[4]["no"] is None
        found = (*found[:4], found[4]["y"], *found[5:])
        for y, r in zip(found, expected, strict=True):
            np.testing.assert_array_equal(y.numpy(), r)
    pairs = ops.vectorized_map(lambda pair: pair[0] @ pair[1], (np.ones((3, 2, 4)), np.ones((3, 4))))
    np.testing.assert_array_equal(pairs.numpy(), np.full((3, 2), 4.0))


def test_loops_that_a_program_cannot_know_say_so():
    with pytest.raises(TracingError, match="the truth value of a tensor is not known"):
        fastnn.function(lambda x: ops.while_loop(lambda x: ops.sum(x) < 9, lambda x: x * 2, x))(Tensor(np.ones(2)))


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda: ops.scan(3, 0.0, np.ones(2)), TypeError, "scan: f must be callable, got int"),
        (lambda: ops.map(None, np.ones(2)), TypeError, "map: f must be callable, got NoneType"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0), ValueError, "scan: tensors with as many rows each are needed"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, np.ones(2), 3), ValueError, r"got \[\(2,\), \(3,\)\]"),
        (lambda: ops.map(lambda x: x, (np.ones(2), np.ones(3))), ValueError, r"map: .* got \[\(2,\), \(3,\)\]"),
        (lambda: ops.map(lambda x: x, 1.0), ValueError, "map: tensors with as many rows each"),
        (lambda: ops.map(lambda x: x, np.ones((0, 2))), ValueError, "map and scan of no rows"),
        (lambda: ops.switch(0.5, [lambda: 1]), TypeError, "indices must be integers, got dtype float32"),
        (lambda: ops.scan(lambda c, x: (c, x), 0.0, np.ones(2), unroll=0), ValueError, "unroll must be a bool or"),
        (lambda: ops.while_loop(bool, abs, 1, 2.5), TypeError, "maximum_iterations must be an integer, got 2.5"),
        (lambda: ops.rot90(np.ones((2, 2)), 0.5), TypeError, "k must be an integer, got 0.5"),
        (lambda: ops.custom_gradient(3), TypeError, "custom_gradient takes a callable, got int"),
    ],
)
def test_bad_arguments_are_named(call, error, message):
    with pytest.raises(error, match=message):
        call()


# ---- custom gradients ----------------------------------------------------------------------------------------


@ops.custom_gradient
def log1pexp(x):
    """TensorFlow's example: the formula that autodiff would take is NaN for large x."""
    e = ops.exp(x)

    def grad(*args, upstream=None):
        (upstream,) = args if upstream is None else (upstream,)
        return upstream * (1 - 1 / (1 + e))

    return ops.log(1 + e), grad


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_a_function_says_its_own_gradient(dtype):
    def gradient(x):
        with GradientTape() as tape:
            tape.watch(x)
            y = log1pexp(x * 2)
        return y, tape.gradient(y, x)

    x = np.array([0.0, 500.0], dtype)
    for call in both_ways(gradient):
        y, dx = call(Tensor(x))
        assert y.dtype == dx.dtype == dtype
        expected = [np.log(2), np.inf]
        np.testing.assert_allclose(y.numpy(), expected, rtol=1e-6)
        np.testing.assert_allclose(dx.numpy(), [1, 2])


def test_derivatives_of_custom_gradients_go_through_what_they_use():
    x = Tensor(np.array(0.5))
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = log1pexp(x)
        dx = inner.gradient(y, x)
    sigmoid = 1 / (1 + np.exp(-0.5))
    np.testing.assert_allclose(outer.gradient(dx, x).numpy(), sigmoid * (1 - sigmoid))


def test_several_arguments_and_outputs():
    seen = []

    @ops.custom_gradient
    def fn(pair, c, *, scale):
        def grad(dy, dz):
            seen.append(dz.numpy().tolist())
            return (dy * 10, None), dy * 30

        return {"y": pair[0] * scale, "z": c + 1}, grad

    a, c = Variable([1.0, 2.0]), Variable([3.0, 4.0])
    with GradientTape() as tape:
        y = fn((a, np.ones(2)), c, scale=2)["y"]
    da, dc = tape.gradient(y, [a, c])
    np.testing.assert_array_equal(y.numpy(), [2, 4])
    np.testing.assert_array_equal(da.numpy(), [10, 10])
    np.testing.assert_array_equal(dc.numpy(), [30, 30])
    assert seen == [[0, 0]]


@pytest.mark.parametrize(
    ("grad", "message"),
    [
        (lambda dy: (dy, dy), "fn: 2 gradients were returned for 1 arguments"),
        (lambda dy: ops.sum(dy), r"fn: a gradient of shape \(\) was returned for an argument of shape \(2,\)"),
    ],
)
def test_gradients_that_do_not_fit_are_refused(grad, message):
    @ops.custom_gradient
    def fn(x):
        return x * 1, grad

    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = fn(x)
    with pytest.raises(ValueError, match=message):
        tape.gradient(y, x)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_gradient_reversal_layer_and_branches_train(run_eagerly):
    reverse = ops.custom_gradient(lambda x: (x, lambda dy: -dy))

    class Reverse(fastnn.layers.Layer):
        def call(self, x):
            return ops.cond(ops.sum(x) > -1e9, lambda: reverse(x), lambda: x)

    def weights(*layers):
        model = fastnn.Sequential([fastnn.Input((2,)), fastnn.layers.Dense(1, kernel_initializer="ones"), *layers])
        model.compile(fastnn.optimizers.SGD(0.1), "mse", run_eagerly=run_eagerly)
        model.fit(np.eye(2, dtype="float32"), np.zeros((2, 1)), verbose=0)
        return model.get_weights()[0]

    np.testing.assert_allclose(weights() + weights(Reverse()), 2, rtol=1e-6)
    assert (weights() < 1).all()


@pytest.mark.parametrize("loss", ["categorical_crossentropy", "binary_crossentropy"])
def test_losses_of_probabilities_do_not_look_behind_a_custom_gradient(loss):
    """While tracing, the loss takes the logits of a softmax or sigmoid: not those that would go round the gradient."""
    activation = ops.softmax if loss.startswith("cat") else ops.sigmoid
    own = ops.custom_gradient(lambda x: (activation(x), lambda dy: dy * 0 + 7))
    x = np.array([[0.5, -1.0]], "float32")

    def gradient(x):
        with GradientTape() as tape:
            tape.watch(x)
            y = ops.sum(getattr(ops, loss)(np.array([[1.0, 0.0]], "float32"), own(x)))
        return tape.gradient(y, x)

    for call in both_ways(gradient):
        np.testing.assert_array_equal(call(Tensor(x)).numpy(), [[7, 7]])
