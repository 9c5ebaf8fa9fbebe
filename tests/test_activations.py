"""Every activation: formula, derivative, names."""

import numpy as np
import pytest
from part_tools import assert_gradient, gradient_of_sum, run_traced
from scipy import special

from fastnn import Tensor, activations, ops

# Away from the kinks of the piecewise ones (-3, -1, 0, 1, 3, 6).
X = np.linspace(-7.3, 7.4, 24).reshape(4, 6) + 0.01


def sigmoid(x):
    return special.expit(x)


def relu(x, slope=0.0, top=np.inf, threshold=0.0):
    return np.where(x > threshold, np.minimum(x, top), slope * (x - threshold))


SELU_SCALE, SELU_ALPHA = 1.0507009873554805, 1.6732632423543772


def sparsemax(x, axis=-1):
    """By halving the interval in which tau lies."""
    high = x.max(axis, keepdims=True)
    low = high - 1
    for _ in range(100):
        tau = (low + high) / 2
        more = np.maximum(x - tau, 0).sum(axis, keepdims=True) > 1
        low, high = np.where(more, tau, low), np.where(more, high, tau)
    return np.maximum(x - low, 0)


# name -> list of (arguments, reference). A function without a row fails the walk below.
ROWS = {
    "celu": [
        ({}, lambda x: np.where(x > 0, x, np.expm1(x))),
        ({"alpha": 2.5}, lambda x: np.where(x > 0, x, 2.5 * np.expm1(x / 2.5))),
    ],
    "elu": [
        ({}, lambda x: np.where(x > 0, x, np.expm1(x))),
        ({"alpha": 0.5}, lambda x: np.where(x > 0, x, 0.5 * np.expm1(x))),
    ],
    "exponential": [({}, np.exp)],
    "gelu": [
        ({}, lambda x: x * special.ndtr(x)),
        ({"approximate": True}, lambda x: 0.5 * x * (1 + np.tanh(np.sqrt(2 / np.pi) * (x + 0.044715 * x**3)))),
    ],
    "glu": [
        ({}, lambda x: x[:, :3] * sigmoid(x[:, 3:])),
        ({"axis": 0}, lambda x: x[:2] * sigmoid(x[2:])),
    ],
    "hard_shrink": [
        ({}, lambda x: x * (np.abs(x) > 0.5)),
        ({"threshold": 3.0}, lambda x: x * (np.abs(x) > 3)),
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
    "soft_shrink": [
        ({}, lambda x: np.sign(x) * np.maximum(np.abs(x) - 0.5, 0)),
        ({"threshold": 3.0}, lambda x: np.sign(x) * np.maximum(np.abs(x) - 3, 0)),
        ({"threshold": 0.0}, lambda x: x),
    ],
    "softmax": [({}, lambda x: special.softmax(x, -1)), ({"axis": 0}, lambda x: special.softmax(x, 0))],
    "softplus": [({}, lambda x: np.logaddexp(0, x))],
    "softsign": [({}, lambda x: x / (1 + np.abs(x)))],
    "sparse_plus": [({}, lambda x: np.select([x <= -1, x < 1], [0, (x + 1) ** 2 / 4], x))],
    "sparse_sigmoid": [({}, lambda x: np.clip((x + 1) / 2, 0, 1))],
    "sparsemax": [({}, sparsemax), ({"axis": 0}, lambda x: sparsemax(x, 0))],
    "squareplus": [
        ({}, lambda x: (x + np.sqrt(x**2 + 4)) / 2),
        ({"b": 0.5}, lambda x: (x + np.sqrt(x**2 + 0.5)) / 2),
    ],
    "tanh": [({}, np.tanh)],
    "tanh_shrink": [({}, lambda x: x - np.tanh(x))],
    "threshold": [({"threshold": 1.5, "default_value": -2.0}, lambda x: np.where(x > 1.5, x, -2.0))],
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


@pytest.mark.parametrize(
    ("name", "arguments", "match"),
    [
        ("relu", {"max_value": -1.0}, "max_value"),
        ("elu", {"alpha": float("nan")}, "alpha"),
        ("celu", {"alpha": 0.0}, "`alpha` must be a finite number above 0"),
        ("glu", {"axis": 0.5}, "axis"),
        ("glu", {"axis": 2}, "axis 2"),
        ("soft_shrink", {"threshold": -0.5}, "`threshold` must be a finite number at least 0"),
        ("sparsemax", {"axis": (0, 1)}, "axis"),
        ("squareplus", {"b": 0}, "`b` must be a finite number above 0"),
        ("threshold", {"threshold": "1", "default_value": 0.0}, "threshold"),
    ],
)
def test_bad_parameters(name, arguments, match):
    with pytest.raises(ValueError, match=match):
        getattr(activations, name)(X, **arguments)


def test_bad_parameters_of_ops():
    for op, value, name in ((ops.celu, 0.0, "alpha"), (ops.soft_shrink, -1, "threshold"), (ops.squareplus, 0, "b")):
        with pytest.raises(ValueError, match=name):
            op(X, value)
    with pytest.raises(ValueError, match=r"shape \(4, 5\) has no halves along axis 1"):
        ops.glu(X[:, :5])
    with pytest.raises(ValueError, match="at least one axis"):
        ops.sparsemax(1.0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("scale", [0.0, 0.01, 1.0, 30.0, 1e6])
def test_sparsemax_is_on_the_simplex(scale, dtype):
    x = (np.random.default_rng(0).normal(size=(20, 50)) * scale).astype(dtype)
    eps = np.finfo(dtype).eps
    y = activations.sparsemax(x)
    assert y.dtype == dtype
    np.testing.assert_allclose(y.numpy().sum(-1), 1, rtol=10 * eps)
    shifted = x.astype("float64") - x.max(-1, keepdims=True)
    np.testing.assert_allclose(y, sparsemax(shifted), rtol=10 * eps, atol=4 * eps)


def test_sparsemax_of_what_is_not_finite():
    """As softmax: what is minus infinity, as if masked, gets nothing; NaN and plus infinity make the row NaN."""
    x = np.array([[-np.inf, 1, 1.5], [np.nan, 1, 2], [np.inf, 1, 2], [-np.inf, -np.inf, -np.inf]])
    np.testing.assert_allclose(activations.sparsemax(x), [[0, 0.25, 0.75], *[[np.nan] * 3] * 3])
    assert activations.sparsemax(np.zeros((3, 0))).shape == (3, 0)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_squareplus_is_precise_far_below_zero(dtype):
    x = np.concatenate([-np.logspace(-3, 18, 500), [0.0], np.logspace(-3, 18, 500)]).astype(dtype)
    wide = x.astype(np.longdouble)
    size = np.abs(wide)
    exact = np.maximum(wide, 0) + 2 / (np.sqrt(wide**2 + 4) + size)
    np.testing.assert_allclose(activations.squareplus(x), exact, rtol=5 * np.finfo(dtype).eps)
    assert gradient_of_sum(activations.squareplus, np.zeros(1), 1.0) == [0.5]


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
