"""GradientTape."""

from collections import namedtuple

import numpy as np
import pytest

from fastnn import GradientTape, Tensor, Variable, graph, ops
from fastnn.ops import Op


def test_gradient_of_a_square():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    assert float(tape.gradient(y, x)) == 6.0


def test_nested_tapes_give_second_derivatives():
    x = Tensor(np.array(2.0))
    with GradientTape() as outer:
        outer.watch(x)
        with GradientTape() as inner:
            inner.watch(x)
            y = x * x * x
        first = inner.gradient(y, x)
    assert float(first) == 12.0
    assert float(outer.gradient(first, x)) == 12.0


def test_structures_and_unconnected_sources():
    a, b = Variable(2.0), Variable(5.0)
    with GradientTape(persistent=True) as tape:
        y = a * 3.0
    grads = tape.gradient(y, {"a": a, "b": [b]})
    assert float(grads["a"]) == 3.0
    assert grads["b"] == [None]
    assert float(tape.gradient(y, b, unconnected_gradients="zero")) == 0.0


def test_a_tape_is_used_once_unless_persistent():
    x = Variable(1.0)
    with GradientTape() as tape:
        y = x * 2
    tape.gradient(y, x)
    with pytest.raises(RuntimeError, match="persistent"):
        tape.gradient(y, x)


def test_the_gradient_is_of_the_value_that_was_read():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    x.assign(100.0)
    assert float(tape.gradient(y, x)) == 6.0


def test_untrainable_variables_are_not_watched():
    x = Variable(3.0, trainable=False)
    with GradientTape() as tape:
        y = x * x
    assert tape.gradient(y, x) is None
    assert tape.watched_variables() == ()


def test_stop_gradient():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * ops.stop_gradient(x)
    assert float(tape.gradient(y, x)) == 3.0


def test_output_gradients_weigh_the_target():
    x = Variable([1.0, 2.0])
    with GradientTape() as tape:
        y = x * x
    np.testing.assert_array_equal(tape.gradient(y, x, output_gradients=[[1.0, 10.0]]).numpy(), [2, 40])


def test_only_floats_can_be_watched():
    with GradientTape() as tape, pytest.raises(TypeError, match="int32"):
        tape.watch(Tensor(np.int32(1)))


def test_gradients_that_nobody_wants_are_not_made():
    kernel = Variable(np.ones((3, 4)))

    def step(x):
        with GradientTape() as tape:
            y = ops.sum(ops.dense(x, kernel))
            z = ops.sum(ops.matmul(x, kernel))
        return tape.gradient([y, z], kernel)

    names = [node.op.name for node in graph.trace(step, [((2, 3), "float64")]).nodes]
    assert names.count("matmul") == 3  # one forward, and one for each kernel's gradient
    np.testing.assert_array_equal(step(Tensor(np.ones((2, 3)))).numpy(), np.full((3, 4), 4.0))


def test_what_is_broadcast_is_summed_only_where_its_gradient_is_wanted():
    def derivative(x):
        with GradientTape() as tape:
            tape.watch(x)
            y = ops.where(x > 0, x * 2.0 + 1.0, ops.maximum(x, -1.0) / 3.0)
        return tape.gradient(y, x)

    assert {"sum", "reshape"}.isdisjoint(node.op.name for node in graph.trace(derivative, [((3, 4), "float32")]).nodes)
    np.testing.assert_allclose(derivative(Tensor(np.array([2.0, -0.5, -3.0]))).numpy(), [2, 1 / 3, 0])


def test_a_tape_records_once():
    v, tape = Variable(3.0), GradientTape(persistent=True)
    with tape:
        with pytest.raises(ValueError, match="recording already"), tape:
            pass
        y = v * v
    assert float(tape.gradient(y, v)) == 6.0


def test_structures_of_sources_and_weights_of_targets():
    Pair = namedtuple("Pair", "first second")
    pair = Pair(Variable([1.0, 2.0]), Variable(3.0))
    with GradientTape(persistent=True) as tape:
        y = pair.first * pair.second
    found = tape.gradient(y, pair, output_gradients=np.array([1.0, 10.0], "float32"))
    assert isinstance(found, Pair)
    np.testing.assert_array_equal(found.first.numpy(), [3, 30])
    assert float(found.second) == 21.0
    assert float(tape.gradient(y, pair.second, output_gradients=2.0)) == 6.0
    with pytest.raises(ValueError, match=r"output_gradients of shape \(3, 2\) for a target of shape \(2,\)"):
        tape.gradient(y, pair, output_gradients=np.ones((3, 2), "float32"))


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ((None,), TypeError, "sources must be tensors or variables, got NoneType"),
        ((3.0,), TypeError, "sources must be tensors or variables, got float"),
        (("x", [1.0, 2.0]), ValueError, "2 output_gradients for 1 targets"),
        (("x", np.ones(3)), ValueError, r"output_gradients of shape \(3,\) for a target of shape \(\)"),
        (("x", None, "nothing"), ValueError, "unconnected_gradients must be"),
    ],
)
def test_a_refused_gradient_leaves_the_tape_as_it_was(arguments, error, message):
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    sources, *rest = arguments
    with pytest.raises(error, match=message):
        tape.gradient(y, x if sources == "x" else sources, *rest)
    assert float(tape.gradient(y, x)) == 6.0


def test_the_target_of_a_gradient_is_a_tensor():
    x = Variable(3.0)
    with GradientTape() as tape:
        y = x * x
    with pytest.raises(TypeError, match="target must be tensors or variables, got NoneType"):
        tape.gradient(None, x)
    assert float(tape.gradient(y, x)) == 6.0


def test_a_persistent_tape_records_its_own_gradients():
    x = Variable(2.0)
    with GradientTape(persistent=True) as tape:
        first = tape.gradient(x * x * x, x)
    assert float(first) == 12.0
    assert float(tape.gradient(first, x)) == 12.0


def test_recording_can_be_stopped_for_a_while():
    x = Variable(3.0)
    with GradientTape() as tape:
        with tape.stop_recording():
            y = x * x
        z = y * x
    assert float(tape.gradient(z, x)) == 9.0


@pytest.mark.parametrize(
    "op", [ops.multiply, ops.divide, ops.maximum, ops.minimum, ops.power, ops.arctan2, ops.divide_no_nan]
)
def test_what_nobody_needs_is_not_computed(op, monkeypatch):
    """Of two operands the derivative by one launches fewer ops than that by both."""
    launch, launched = Op._launch, []
    monkeypatch.setattr(Op, "_launch", lambda self, *given: launched.append(self) or launch(self, *given))
    x = [Tensor(np.array([0.5, 2.0])), Tensor(np.array([1.5, 0.25]))]
    counts, grads = [], []
    for wanted in (x, x[:1], x[1:]):
        with GradientTape() as tape:
            tape.watch(wanted)
            y = op(*x)
        launched.clear()
        grads.append(tape.gradient(y, wanted))
        counts.append(len(launched))
    both, first, second = counts
    assert max(first, second) < both
    for own, one in zip(grads[0], [*grads[1], *grads[2]], strict=True):
        np.testing.assert_array_equal(own.numpy(), one.numpy())
