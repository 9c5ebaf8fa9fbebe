"""MLPClassifier and MLPRegressor: scikit-learn is the oracle of every number."""

import dataclasses
import gc
import inspect
import io
import itertools
import re
import weakref
from contextlib import redirect_stdout
from pathlib import Path

import numpy as np
import pytest
from estimator_tools import KINDS, PERCEPTRONS, assert_same_fit, fit, oracle, problem
from sklearn import neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning

from fastnn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_parameters_are_scikit_learns(estimator):
    ours, theirs = (dict(inspect.signature(cls).parameters) for cls in (estimator, oracle(estimator)))
    assert list(ours)[: len(theirs)] == list(theirs)
    for name in theirs:
        assert (ours[name].default, ours[name].kind) == (theirs[name].default, theirs[name].kind), name
    for name in set(ours) - set(theirs):
        assert ours[name].kind is inspect.Parameter.KEYWORD_ONLY, name


# ---- the same numbers as scikit-learn --------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
@pytest.mark.parametrize(
    "solver",
    [
        {"solver": "adam", "learning_rate_init": 0.01, "beta_1": 0.8, "beta_2": 0.99, "epsilon": 1e-6},
        {"solver": "sgd"},
        {"solver": "sgd", "nesterovs_momentum": False, "momentum": 0.5},
        {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling", "power_t": 0.3},
    ],
)
def test_fifty_steps_give_scikit_learns_weights(kind, activation, solver):
    estimator, data = KINDS[kind]
    settings = {"shuffle": False, "batch_size": 60, "alpha": 0.1, "max_iter": 50, "hidden_layer_sizes": (8, 3)}
    assert_same_fit(estimator, data=data, activation=activation, **settings, **solver)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("setting", [{}, {"batch_size": 7}, {"hidden_layer_sizes": 5}, {"hidden_layer_sizes": ()},
                                     {"hidden_layer_sizes": (), "activation": "logistic"},
                                     {"alpha": 0.0}, {"hidden_layer_sizes": (200, 4), "batch_size": 1}])  # fmt: skip
def test_shuffled_batches_give_scikit_learns_weights(estimator, setting):
    assert_same_fit(estimator, **setting)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("setting", [{}, {"batch_size": 16}, {"early_stopping": True, "solver": "sgd"}])
def test_sample_weights(estimator, setting):
    weight = np.random.default_rng(0).uniform(0.1, 3.0, 60)
    assert_same_fit(estimator, sample_weight=weight, **setting)


def test_two_classes():
    data = problem(MLPClassifier, classes=2)
    ours, _ = assert_same_fit(MLPClassifier, data=data, batch_size=16)
    assert ours.out_activation_ == "logistic"
    assert ours.predict_proba(data[0]).shape == (60, 2)
    assert_same_fit(MLPClassifier, data=data, early_stopping=True, validation_fraction=0.2)


def test_one_class():
    X, _ = problem(MLPClassifier)
    ours, _ = (fit(cls, data=(X, np.full(60, 3))) for cls in (MLPClassifier, neural_network.MLPClassifier))
    assert (ours.predict(100 * X) == 3).all()
    np.testing.assert_array_equal(ours.predict_proba(X), np.ones((60, 1)))


@pytest.mark.parametrize("loss", ["squared_error", "poisson"])
@pytest.mark.parametrize("outputs", [1, 3])
def test_losses_of_regression(loss, outputs):
    X, y = problem(MLPRegressor, outputs=outputs)
    y[:5] = 0.0
    ours, _ = assert_same_fit(MLPRegressor, data=(X, y), loss=loss, batch_size=16)
    assert ours.predict(X).shape == y.shape
    assert ours.score(X, y) == pytest.approx(
        neural_network.MLPRegressor(loss, max_iter=4, batch_size=16, random_state=0).fit(X, y).score(X, y)
    )


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize(
    "setting",
    [
        {"tol": 0.05, "n_iter_no_change": 2},
        {"early_stopping": True, "tol": 0.1, "n_iter_no_change": 3, "validation_fraction": 0.3},
        {"solver": "sgd", "learning_rate": "adaptive", "tol": 0.05, "n_iter_no_change": 1, "learning_rate_init": 0.1},
        {"solver": "sgd", "learning_rate": "adaptive", "early_stopping": True, "tol": 0.1, "n_iter_no_change": 1},
        {"n_iter_no_change": np.inf},
    ],
)
def test_stops_and_prints_as_scikit_learn(estimator, setting):
    printed = []
    for cls in (estimator, oracle(estimator)):
        with redirect_stdout(io.StringIO()) as out:
            fit(cls, max_iter=60, verbose=True, **setting)
        printed.append(out.getvalue())
    assert printed[0] == printed[1]
    ours, _ = assert_same_fit(estimator, tolerance=1e-8, max_iter=60, **setting)
    if "tol" in setting:
        assert printed[0].count("did not improve more than tol=") >= 1
    assert ours.n_iter_ <= 60


@pytest.mark.filterwarnings("error::sklearn.exceptions.ConvergenceWarning")
def test_warns_where_the_epochs_do_not_suffice():
    with pytest.warns(ConvergenceWarning, match=r"Stochastic Optimizer: Maximum iterations \(4\) reached"):
        fit(MLPClassifier)
    fit(MLPClassifier, max_iter=60, tol=10.0, n_iter_no_change=1)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_warm_start(estimator):
    X, y = problem(estimator)
    ours, theirs = (fit(cls, warm_start=True).fit(X[:50], y[:50]) for cls in (estimator, oracle(estimator)))
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)
    assert (ours.n_iter_, ours.t_, len(ours.loss_curve_)) == (theirs.n_iter_, theirs.t_, len(theirs.loss_curve_))
    cold = fit(estimator)
    np.testing.assert_array_equal(cold.coefs_[0], fit(estimator).fit(X, y).coefs_[0])


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_warm_start_with_early_stopping_keeps_the_best_weights(estimator, monkeypatch):
    """Scikit-learn trains on in the arrays that it keeps as the best ones, and ends with the last weights."""
    X, y = problem(estimator)
    settings = {"warm_start": True, "early_stopping": True, "learning_rate_init": 0.01, "max_iter": 100}
    fitted = fit(estimator, **settings)
    best, weights = fitted.best_validation_score_, [coef.copy() for coef in fitted.coefs_]
    worse_and_worse = itertools.count(0.0, -1.0)
    monkeypatch.setattr(estimator, "_score_outputs", lambda *_: next(worse_and_worse))
    fitted.fit(X, y)
    for now, before in zip(fitted.coefs_, weights, strict=True):
        np.testing.assert_array_equal(now, before)
    assert len(fitted.validation_scores_) > fitted.n_iter_
    assert best == max(fitted.validation_scores_[: -fitted.n_iter_])


def test_digits():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    data = X[:1000], y[:1000]
    ours, theirs = (fit(cls, data=data, max_iter=20) for cls in (MLPClassifier, neural_network.MLPClassifier))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    assert ours.score(X[1000:], y[1000:]) == theirs.score(X[1000:], y[1000:]) > 0.85
    single = fit(MLPClassifier, data=(data[0].astype("float32"), data[1]), max_iter=20)
    np.testing.assert_allclose(single.loss_curve_, ours.loss_curve_, rtol=1e-3)


# ---- the page for those who come from scikit-learn -----------------------------------------------------------------

PAGE = Path(__file__).parents[1] / "docs" / "coming-from-scikit-learn.md"


def test_the_page_lists_every_parameter_with_its_default():
    table = [line.split("|")[1:3] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    table += [line.split("|")[1:3] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| **")]
    listed = {}
    for names, defaults in table:
        names, defaults = re.findall(r"`(\w+)`", names), re.findall(r"`([^`]+)`", defaults)
        listed.update(zip(names, defaults * len(names) if len(defaults) == 1 else defaults, strict=False))
    for estimator in PERCEPTRONS:
        for name, parameter in inspect.signature(estimator).parameters.items():
            if name != "loss":
                assert eval(listed[name]) == parameter.default, name
    assert set(listed) == set().union(*(inspect.signature(estimator).parameters for estimator in PERCEPTRONS))


def test_the_pages_examples_run(capsys):
    blocks = re.findall(r"```python\n(.*?)```", PAGE.read_text(encoding="utf-8"), re.DOTALL)
    namespace = {}
    for block in blocks:
        exec(compile(block, PAGE, "exec"), namespace)
    assert namespace["growing"].converged_
    assert "accuracy" in capsys.readouterr().out


def test_subclasses_that_cannot_be_hashed_grow():
    @dataclasses.dataclass
    class Own(MLPClassifier):
        hidden_layer_sizes: tuple = (4,)

        def __post_init__(self):
            super().__init__(hidden_layer_sizes=self.hidden_layer_sizes)

    X, y = np.random.default_rng(0).random((48, 3)), np.arange(48) % 3
    assert Own().partial_fit(X, y, classes=[0, 1, 2]).t_ == 48


def test_parameters_that_know_their_estimator_do_not_keep_it():
    X, y = np.random.default_rng(0).random((48, 3)), np.arange(48) % 2

    def trained():
        model = MLPClassifier(early_stopping=True)
        model.set_params(scoring=lambda estimator, X, y: 1.0 if model else 0.0)
        return weakref.ref(model.partial_fit(X, y, classes=[0, 1], validation_data=(X, y)))

    gone = trained()
    gc.collect()
    assert gone() is None
