"""Every constraint: formula, names, stored form."""

import numpy as np
import pytest
from part_tools import run_traced, stored_and_restored

from fastnn import Tensor, Variable, constraints

W = np.random.default_rng(1).normal(size=(5, 3)) * np.array([0.1, 1.0, 5.0])
W[:, 0] = 0.0


def norms(w, axis=0):
    return np.sqrt((w**2).sum(axis, keepdims=True))


def bounded(w, low, high, rate=1.0, axis=0):
    n = norms(w, axis)
    return w * (rate * np.clip(n, low, high) + (1 - rate) * n) / (n + 1e-7)


# class -> list of (arguments, constrained value). A class without a row fails the walk below.
ROWS = {
    "MaxNorm": [
        ({}, lambda w: bounded(w, 0, 2)),
        ({"max_value": 0.5, "axis": 1}, lambda w: bounded(w, 0, 0.5, axis=1)),
    ],
    "MinMaxNorm": [
        ({}, lambda w: bounded(w, 0, 1)),
        ({"min_value": 0.2, "max_value": 0.5, "rate": 0.3}, lambda w: bounded(w, 0.2, 0.5, 0.3)),
    ],
    "NonNeg": [({}, lambda w: np.maximum(w, 0))],
    "UnitNorm": [({}, lambda w: w / (norms(w) + 1e-7)), ({"axis": [0, 1]}, lambda w: w / (norms(w, (0, 1)) + 1e-7))],
}
CASES = [pytest.param(name, *row, id=f"{name}-{i}") for name in ROWS for i, row in enumerate(ROWS[name])]


def test_every_constraint_has_a_row():
    assert {cls.__name__ for cls in constraints.REGISTRY.classes} == set(ROWS)


@pytest.mark.parametrize(("name", "arguments", "reference"), CASES)
def test_formula_program_and_stored_form(name, arguments, reference):
    constraint = getattr(constraints, name)(**arguments)
    for dtype, tolerance in (("float64", 1e-12), ("float32", 1e-5)):
        value = constraint(Tensor(W.astype(dtype)))
        assert value.dtype == dtype
        np.testing.assert_allclose(value.numpy(), reference(W), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(constraint(Variable(W)).numpy(), constraint(Tensor(W)).numpy())
    np.testing.assert_array_equal(run_traced(constraint, W)[0], constraint(Tensor(W)).numpy())
    restored = stored_and_restored(constraints, constraint)
    np.testing.assert_array_equal(restored(Tensor(W)).numpy(), constraint(Tensor(W)).numpy())


def test_get():
    assert constraints.get("max_norm").max_value == 2
    assert isinstance(constraints.get("NonNeg"), constraints.NonNeg)
    assert constraints.get(None) is None
    with pytest.raises(ValueError, match="Did you mean 'non_neg'"):
        constraints.get("non_negative")


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: constraints.MaxNorm(-1), "max_value"),
        (lambda: constraints.MinMaxNorm(min_value=2.0, max_value=1.0), "max_value"),
        (lambda: constraints.MinMaxNorm(rate=1.5), "rate"),
    ],
)
def test_bad_arguments(make, match):
    with pytest.raises(ValueError, match=match):
        make()


def test_the_base_class_constrains_nothing():
    found = constraints.Constraint()(Variable(W))
    assert isinstance(found, Tensor)
    np.testing.assert_array_equal(found.numpy(), W)
