"""Every activation: formula, derivative, names."""

import numpy as np
import pytest
from part_tools import assert_gradient, run_traced
from scipy import special

from fastnn import Tensor, activations, ops

# Away from the kinks of the piecewise ones (-3, -1, 0, 1, 3, 6).
X = np.linspace(-7.3, 7.4, 24).reshape(4, 6) + 0.01


def sigmoid(x):
    return special.expit(x)


def relu(x, slope=0.0, top=np.inf, threshold=0.0):
    return np.where(x > threshold, np.minimum(x, top), slope * (x - threshold))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772

# name -> list of (arguments, reference). A function without a row fails the walk below.
ROWS = {
    "elu": [
        ({}, lambda x: np.where(x > 0, x, np.expm1(x))),
        ({"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    ],
    "exponential": [({}, np.exp)],
    "gelu": [
        ({}, lambda x: x * special.ndtr(x)),
        ({"approximate": True}, lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    ],
    "hard_sigmoid": [({}, lambda x: np.clip(x / 6 + 0.5, 0, 1))],
    "hard_silu": [({}, lambda x: x * np.clip(x / 6 + 0.5, 0, 1))],
    "hard_tanh": [({}, lambda x: np.clip(x, -1, 1))],
    "leaky_relu": [({}, lambda x: relu(x, 0.2)), ({"negative_slope": 0.0}, relu)],
    "linear": [({}, lambda x: x)],
    "log_sigmoid": [({}, lambda x: -np.logaddexp(0, -x))],
    "log_softmax": [({}, lambda x: special.log_softmax(x, -1)), ({"axis": 0}, lambda x: special.log_softmax(x, 0))],
    "mish": [({}, lambda x: x * np.tanh(np.logaddexp(0, x)))],
    "relu": [
        ({}, relu),
        ({"negative_slope": 0.1}, lambda x: relu(x, 0.1)),
        ({"max_value": 5.0}, lambda x: relu(x, top=5.0)),
        ({"negative_slope": 0.1, "max_value": 5.0, "threshold": 2.0}, lambda x: relu(x, 0.1, 5.0, 2.0)),
    ],
    "relu6": [({}, lambda x: relu(x, top=6.0))],
    "selu": [({}, lambda x: SELU_SCALE * np.where(x > 0, x, SELU_ALPHA * np.expm1(x)))],
    "sigmoid": [({}, sigmoid)],
    "silu": [({}, lambda x: x * sigmoid(x))],
    "softmax": [({}, lambda x: special.softmax(x, -1)), ({"axis": 0}, lambda x: special.softmax(x, 0))],
    "softplus": [({}, lambda x: np.logaddexp(0, x))],
    "softsign": [({}, lambda x: x / (1 + np.abs(x)))],
    "tanh": [({}, np.tanh)],
    "tanh_shrink": [({}, lambda x: x - np.tanh(x))],
}
CASES = [pytest.param(name, *row, id=f"{name}-{i}") for name in ROWS for i, row in enumerate(ROWS[name])]


def test_every_activation_has_a_row():
    assert {function.__name__ for function in activations.REGISTRY.functions} == set(ROWS)


@pytest.mark.parametrize(("name", "arguments", "reference"), CASES)
def test_formula_derivative_and_program(name, arguments, reference):
    def activation(x):
        return getattr(activations, name)(x, **arguments)

    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-5)):
        y = activation(X.astype(dtype))
        assert y.dtype == dtype
        np.testing.assert_allclose(y.numpy(), reference(X), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(run_traced(activation, X)[0], activation(Tensor(X)).numpy())
    assert_gradient(activation, X, tolerance=1e-5)


@pytest.mark.parametrize("name", ROWS)
def test_names(name):
    function = activations.get(name)
    assert function is getattr(activations, name)
    assert activations.serialize(function) == name
    assert activations.deserialize(name) is function


def test_get():
    assert activations.get(None) is activations.linear
    assert activations.get("swish") is activations.silu
    assert activations.get("hard_swish") is activations.hard_silu
    assert activations.get(np.tanh) is np.tanh
    with pytest.raises(ValueError, match="Unknown activation 'rulu'. Did you mean 'relu'"):
        activations.get("rulu")
    with pytest.raises(ValueError, match="Could not interpret activation identifier"):
        activations.get(3)


def test_custom_functions_keep_their_name():
    def mine(x):
        return x

    stored = activations.serialize(mine)
    assert stored["class_name"] == "function"
    assert stored["config"] == "mine"
    assert activations.deserialize(stored, {"mine": mine}) is mine
    with pytest.raises(ValueError, match="lambda"):
        activations.serialize(lambda x: x)


def test_bad_parameters():
    with pytest.raises(ValueError, match="max_value"):
        activations.relu(X, max_value=-1.0)
    with pytest.raises(ValueError, match="alpha"):
        activations.elu(X, alpha=float("nan"))


@pytest.mark.parametrize("op", [ops.square, ops.tanh, ops.gelu, ops.logsumexp], ids=lambda op: op.__name__)
def test_ops_are_stored_by_name(op):
    """Not by that of an activation: `activations.gelu` is another function than `ops.gelu`."""
    stored = activations.serialize(op)
    assert stored == {
        "module": "keras.ops",
        "class_name": "function",
        "config": op.__name__,
        "registered_name": "function",
    }
    assert activations.deserialize(stored) is op
    with pytest.raises(ValueError, match="Unknown activation 'numpy'"):
        activations.deserialize({**stored, "config": "numpy"})
