"""Every regularizer: formula, derivative, names, stored form."""

import numpy as np
import pytest
from part_tools import assert_gradient, run_traced, stored_and_restored

from fastnn import Tensor, Variable, regularizers

W = np.random.default_rng(1).normal(size=(5, 3)) * 2


def cosines(w):
    unit = w / np.linalg.norm(w, axis=1, keepdims=True)
    n = len(w)
    return np.abs(unit @ unit.T - np.eye(n)).sum() / (n * (n - 1))


# class -> list of (arguments, penalty of a matrix). A class without a row fails the walk below.
ROWS = {
    "L1": [({}, lambda w: 0.01 * np.abs(w).sum()), ({"l1": 0.3}, lambda w: 0.3 * np.abs(w).sum())],
    "L2": [({}, lambda w: 0.01 * (w**2).sum()), ({"l2": 0.3}, lambda w: 0.3 * (w**2).sum())],
    "L1L2": [
        ({}, lambda w: 0.0),
        ({"l1": 0.1}, lambda w: 0.1 * np.abs(w).sum()),
        ({"l1": 0.1, "l2": 0.2}, lambda w: 0.1 * np.abs(w).sum() + 0.2 * (w**2).sum()),
    ],
    "OrthogonalRegularizer": [
        ({}, lambda w: 0.01 * cosines(w)),
        ({"factor": 0.5, "mode": "columns"}, lambda w: 0.5 * cosines(w.T)),
    ],
}
CASES = [pytest.param(name, *row, id=f"{name}-{i}") for name in ROWS for i, row in enumerate(ROWS[name])]


def test_every_regularizer_has_a_row():
    assert {cls.__name__ for cls in regularizers.REGISTRY.classes} == set(ROWS)


@pytest.mark.parametrize(("name", "arguments", "reference"), CASES)
def test_formula_derivative_program_and_stored_form(name, arguments, reference):
    regularizer = getattr(regularizers, name)(**arguments)
    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-5)):
        penalty = regularizer(Tensor(W.astype(dtype)))
        assert penalty.shape == ()
        assert penalty.dtype == dtype
        assert float(penalty) == pytest.approx(reference(W), rel=tolerance, abs=tolerance)
    assert float(regularizer(Variable(W))) == float(regularizer(Tensor(W)))
    assert run_traced(regularizer, W)[0] == regularizer(Tensor(W)).numpy()
    assert_gradient(regularizer, W)
    restored = stored_and_restored(regularizers, regularizer)
    assert float(restored(Tensor(W))) == float(regularizer(Tensor(W)))


def test_get():
    assert regularizers.get("l2").l2 == 0.01
    assert isinstance(regularizers.get("l1_l2"), regularizers.L1L2)
    assert isinstance(regularizers.get("L1"), regularizers.L1)
    assert regularizers.get(None) is None
    with pytest.raises(ValueError, match="Unknown regularizer 'l3'. Did you mean"):
        regularizers.get("l3")
    with pytest.raises(ValueError, match="Could not interpret regularizer identifier: 0.1"):
        regularizers.get(0.1)


@pytest.mark.parametrize("value", [-0.1, float("nan"), float("inf"), "0.1"])
def test_bad_factors(value):
    for make in (regularizers.L1, regularizers.L2, regularizers.L1L2, regularizers.OrthogonalRegularizer):
        with pytest.raises(ValueError, match="finite number"):
            make(value)


def test_orthogonal_refuses():
    with pytest.raises(ValueError, match="mode"):
        regularizers.OrthogonalRegularizer(mode="row")
    with pytest.raises(ValueError, match="matrices"):
        regularizers.OrthogonalRegularizer()(Tensor(np.ones(3)))
    assert float(regularizers.OrthogonalRegularizer()(Tensor(np.ones((1, 3))))) == 0.0
