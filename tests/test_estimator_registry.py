"""What every estimator must pass: scikit-learn's own checks, and what the registry asks for."""

import doctest
import importlib
import inspect
import pkgutil
import re

import numpy as np
import pandas as pd
import pytest
from estimator_samples import SAMPLES, X, Y, outputs, quick
from sklearn.base import BaseEstimator, clone
from sklearn.exceptions import NotFittedError
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastnn
from fastnn import Perceptron, estimators
from fastnn.estimators import ESTIMATORS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def expected_failures(estimator):
    """Scikit-learn's own Perceptron is excused likewise: a step twice as long is not two steps."""
    if type(estimator) is not Perceptron:
        return {}
    names = ("check_sample_weight_equivalence_on_dense_data", "check_sample_weight_equivalence_on_sparse_data")
    return dict.fromkeys(names, "not for a rule that looks at one sample at a time")


@parametrize_with_checks(
    [estimator for estimators in SAMPLES.values() for estimator in estimators],
    expected_failed_checks=expected_failures,
)
def test_scikit_learns_checks(estimator, check):
    check(estimator)


def concrete_estimators():
    """Every estimator that some module of the package defines."""
    found = set()
    for module in pkgutil.iter_modules(estimators.__path__, "fastnn.estimators."):
        for value in vars(importlib.import_module(module.name)).values():
            ours = inspect.isclass(value) and issubclass(value, BaseEstimator) and value.__module__.startswith("fastnn")
            if ours and not inspect.isabstract(value):
                found.add(value)
    return found


def test_every_estimator_is_in_the_registry():
    assert concrete_estimators() == set(ESTIMATORS) == set(SAMPLES)
    for estimator in ESTIMATORS:
        assert estimator.__name__ in estimators.__all__
        assert getattr(fastnn, estimator.__name__) is estimator


@pytest.mark.parametrize("cls", ESTIMATORS)
def test_a_refused_fit_changes_nothing(cls):
    other = pd.DataFrame(X[:, :2], columns=["a", "b"])
    for refused in ({"X": other, "sample_weight": np.ones(len(X) - 1)}, {"X": other * np.nan}):
        estimator = quick(cls)
        with pytest.raises(ValueError, match="sample_weight|NaN"):
            estimator.fit(**{"y": Y, **refused})
        with pytest.raises(NotFittedError):
            outputs(estimator)
        estimator.fit(X, Y)
        before, said = dict(vars(estimator)), outputs(estimator)
        with pytest.raises(ValueError, match="sample_weight|NaN"):
            estimator.fit(**{"y": Y, **refused})
        assert vars(estimator) == before
        np.testing.assert_array_equal(outputs(estimator), said)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_everything_is_documented(estimator):
    doc = inspect.getdoc(estimator)
    parameters, attributes = re.split(r"\nAttributes\n-+\n", doc)
    documented = dict(re.findall(r"^(\w+) : (?:.*default=)?(.+)$", parameters, re.MULTILINE))
    for name, parameter in inspect.signature(estimator).parameters.items():
        if parameter.kind is parameter.VAR_KEYWORD:
            assert f"\n**{name} : dict\n" in parameters
        elif parameter.default is parameter.empty:
            assert name in documented
        else:
            assert eval(documented[name]) == parameter.default, name
    example = clone(SAMPLES[estimator][0]).fit(X, Y)
    fitted = {name for name in dir(example) if name.endswith("_") and not name.startswith("_")}
    known = set(re.findall(r"^(\w+_) : ", attributes, re.MULTILINE))
    assert fitted | {"feature_names_in_"} == known
    assert not re.search(r"^\[\w+\]$", doc, re.MULTILINE)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_examples_in_docstrings_run(estimator):
    example = doctest.DocTestParser().get_doctest(estimator.__doc__, {}, estimator.__name__, None, None)
    assert example.examples
    assert doctest.DocTestRunner(optionflags=doctest.ELLIPSIS).run(example).failed == 0
