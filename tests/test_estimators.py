"""Scikit-learn's face: scikit-learn's own checks, and scikit-learn as the oracle of every number."""

import copy
import importlib
import inspect
import io
import pickle
import pkgutil
import re
import threading
import warnings
from contextlib import redirect_stdout

import numpy as np
import pytest
from scipy import sparse
from sklearn import neural_network
from sklearn.base import BaseEstimator, clone, is_classifier
from sklearn.datasets import load_digits, make_classification, make_regression
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.estimator_checks import parametrize_with_checks

import fastnn
from fastnn import MLPClassifier, MLPRegressor, estimators
from fastnn._kernels import core
from fastnn.estimators import ESTIMATORS

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

SETTINGS = [
    {},
    {"solver": "sgd", "alpha": 0.0},
    {"hidden_layer_sizes": (9, 5), "activation": "tanh", "learning_rate_init": 0.01},
]


@parametrize_with_checks([estimator(**setting) for estimator in ESTIMATORS for setting in SETTINGS])
def test_scikit_learns_checks(estimator, check):
    check(estimator)


# ---- the registry --------------------------------------------------------------------------------------------


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
    assert concrete_estimators() == set(ESTIMATORS)
    for estimator in ESTIMATORS:
        assert estimator.__name__ in estimators.__all__
        assert getattr(fastnn, estimator.__name__) is estimator


def oracle(estimator):
    return getattr(neural_network, estimator.__name__)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_parameters_are_scikit_learns(estimator):
    ours, theirs = (dict(inspect.signature(cls).parameters) for cls in (estimator, oracle(estimator)))
    names = [name for name in theirs if name in ours]
    assert list(ours) == names
    for name in names:
        assert (ours[name].default, ours[name].kind) == (theirs[name].default, theirs[name].kind), name
    assert set(theirs) - set(ours) == {"max_fun"}


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_everything_is_documented(estimator):
    parameters, attributes = re.split(r"\nAttributes\n-+\n", estimator.__doc__)
    documented = dict(re.findall(r"^(\w+) : .*default=(.+)$", parameters, re.MULTILINE))
    for name, parameter in inspect.signature(estimator).parameters.items():
        assert eval(documented[name]) == parameter.default, name
    fitted = {name for name in vars(fit(estimator)) if name.endswith("_") and not name.startswith("_")}
    known = set(re.findall(r"^(\w+_) : ", attributes, re.MULTILINE))
    assert fitted | {"feature_names_in_"} == known


# ---- the same numbers as scikit-learn --------------------------------------------------------------------------


def problem(estimator, n=60, features=7, classes=3, outputs=1, dtype="float64"):
    if is_classifier(estimator()):
        X, y = make_classification(n, features, n_informative=5, n_classes=classes, random_state=0)
        return X.astype(dtype), np.array(["a", "b", "c", "d"])[y]
    X, y = make_regression(n, features, n_targets=outputs, noise=1.0, random_state=0)
    return X.astype(dtype), np.abs(y / 50).astype(dtype)


def fit(estimator, sample_weight=None, data=None, **settings):
    X, y = data or problem(estimator)
    return estimator(**{"max_iter": 4, "random_state": 0, **settings}).fit(X, y, sample_weight=sample_weight)


def assert_same_fit(estimator, tolerance=1e-10, data=None, **settings):
    X, _ = data = data or problem(estimator)
    ours, theirs = (fit(cls, data=data, **settings) for cls in (estimator, oracle(estimator)))
    for a, b in zip(ours.coefs_ + ours.intercepts_, theirs.coefs_ + theirs.intercepts_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)
    for name in ("n_iter_", "t_", "n_layers_", "n_outputs_", "out_activation_", "n_features_in_"):
        assert getattr(ours, name) == getattr(theirs, name), name
    for name in ("loss_", "loss_curve_", "best_loss_", "validation_scores_", "best_validation_score_"):
        a, b = getattr(ours, name), getattr(theirs, name)
        assert (a is None) == (b is None), name
        if a is not None:
            np.testing.assert_allclose(a, b, rtol=1e-9, atol=1e-12, err_msg=name)
    if is_classifier(ours):
        np.testing.assert_array_equal(ours.classes_, theirs.classes_)
        np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), atol=1e-9)
        np.testing.assert_allclose(ours.predict_log_proba(X), theirs.predict_log_proba(X), atol=1e-7)
        np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    else:
        np.testing.assert_allclose(ours.predict(X), theirs.predict(X), rtol=1e-9, atol=1e-9)
    return ours, theirs


@pytest.mark.parametrize("estimator", ESTIMATORS)
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
def test_full_batches_in_order_give_scikit_learns_weights(estimator, activation, solver):
    settings = {"shuffle": False, "batch_size": 60, "alpha": 0.1, "max_iter": 50, "hidden_layer_sizes": (8, 3)}
    assert_same_fit(estimator, activation=activation, **settings, **solver)


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("setting", [{}, {"batch_size": 7}, {"hidden_layer_sizes": 5}, {"hidden_layer_sizes": ()},
                                     {"alpha": 0.0}, {"hidden_layer_sizes": (200, 4), "batch_size": 1}])  # fmt: skip
def test_shuffled_batches_give_scikit_learns_weights(estimator, setting):
    assert_same_fit(estimator, **setting)


@pytest.mark.parametrize("estimator", ESTIMATORS)
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


@pytest.mark.parametrize("estimator", ESTIMATORS)
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


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_warm_start(estimator):
    X, y = problem(estimator)
    ours, theirs = (fit(cls, warm_start=True).fit(X[:50], y[:50]) for cls in (estimator, oracle(estimator)))
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-10)
    assert (ours.n_iter_, ours.t_, len(ours.loss_curve_)) == (theirs.n_iter_, theirs.t_, len(theirs.loss_curve_))
    cold = fit(estimator)
    np.testing.assert_array_equal(cold.coefs_[0], fit(estimator).fit(X, y).coefs_[0])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_warm_start_with_early_stopping_keeps_the_best_weights(estimator):
    """Scikit-learn trains on in the arrays that it keeps as the best ones, and ends with the last weights."""
    X, y = problem(estimator)
    settings = {"warm_start": True, "early_stopping": True, "learning_rate_init": 0.01, "max_iter": 100}
    fitted = fit(estimator, **settings)
    best, weights = fitted.best_validation_score_, [coef.copy() for coef in fitted.coefs_]
    fitted.best_validation_score_ = 2.0
    fitted.fit(X, y)
    for now, before in zip(fitted.coefs_, weights, strict=True):
        np.testing.assert_array_equal(now, before)
    assert len(fitted.validation_scores_) > fitted.n_iter_
    assert best == max(fitted.validation_scores_[: -fitted.n_iter_])


def test_digits():
    X, y = load_digits(return_X_y=True)
    X = X / 16
    ours, theirs = (fit(cls, data=(X[:1000], y[:1000]), max_iter=20) for cls in (MLPClassifier, neural_network.MLPClassifier))
    np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-6)
    assert ours.score(X[1000:], y[1000:]) == theirs.score(X[1000:], y[1000:]) > 0.85
    single = fit(MLPClassifier, data=(X[:1000].astype("float32"), y[:1000]), max_iter=20)
    np.testing.assert_allclose(single.loss_curve_, ours.loss_curve_, rtol=1e-3)


# ---- dtypes, state, threads ------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_dtype_is_that_of_the_features(estimator, dtype):
    fitted = fit(estimator, data=((problem(estimator)[0] * 3).astype(dtype), problem(estimator)[1]))
    expected = "float32" if dtype == "float32" else "float64"
    assert {a.dtype.name for a in fitted.coefs_ + fitted.intercepts_} == {expected}
    predict = fitted.predict_proba if is_classifier(fitted) else fitted.predict
    assert predict(problem(estimator)[0]).dtype == expected


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_state_survives_copies(estimator):
    fitted = fit(estimator, warm_start=True)
    X, y = problem(estimator)
    expected = fitted.predict(X)
    again = {name: value.copy() for name, value in zip("ab", fitted.coefs_, strict=True)}
    for other in (pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)):
        np.testing.assert_array_equal(other.predict(X), expected)
        other.fit(X, y)
        assert other.t_ == 2 * fitted.t_
        np.testing.assert_array_equal(fitted.coefs_[0], again["a"])
    assert not hasattr(clone(fitted), "coefs_")


def test_weights_can_be_written():
    X, _ = problem(MLPRegressor)
    fitted = fit(MLPRegressor, activation="identity", hidden_layer_sizes=3)

    def by_hand():
        (w1, w2), (b1, b2) = fitted.coefs_, fitted.intercepts_
        return ((X @ w1 + b1) @ w2 + b2).ravel()

    fitted.coefs_[0][:, 1] = 0.5
    np.testing.assert_allclose(fitted.predict(X), by_hand())
    fitted.coefs_ = [np.ones((7, 3)), np.full((3, 1), 2.0)]
    np.testing.assert_allclose(fitted.predict(X), by_hand())
    fitted.coefs_[1][0] = -1.0
    np.testing.assert_allclose(fitted.predict(X), by_hand())
    fitted.coefs_ = [np.ones((7, 2)), np.ones((2, 1))]
    with pytest.raises(ValueError, match="must have the shapes"):
        fitted.predict(X)


@pytest.mark.parametrize("rows", [1, 2, 3, 255, 256, 257, 700])
def test_predictions_do_not_depend_on_how_many_rows_there_are(rows):
    fitted = fit(MLPRegressor)
    X = np.random.default_rng(0).standard_normal((rows, 7))
    hidden = np.maximum(X @ fitted.coefs_[0] + fitted.intercepts_[0], 0)
    np.testing.assert_allclose(fitted.predict(X), (hidden @ fitted.coefs_[1] + fitted.intercepts_[1]).ravel(), rtol=1e-9)


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_same_bits_on_any_number_of_threads(estimator):
    weights = []
    for threads in (1, 2):
        core.set_num_threads(threads)
        weights.append([a.tobytes() for a in fit(estimator, hidden_layer_sizes=(150,), batch_size=50).coefs_])
    assert weights[0] == weights[1]


@pytest.mark.parametrize("backend", ["threading", "loky"])
def test_search_in_parallel(backend):
    joblib = pytest.importorskip("joblib")
    data = problem(MLPClassifier)
    pipeline = make_pipeline(StandardScaler(), MLPClassifier(max_iter=3, random_state=0))
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 0.1, 10.0]}, cv=3, n_jobs=2)
    with joblib.parallel_config(backend=backend), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        parallel = search.fit(*data).cv_results_["mean_test_score"]
    np.testing.assert_array_equal(parallel, clone(search).set_params(n_jobs=1).fit(*data).cv_results_["mean_test_score"])


def test_threads_share_a_fitted_estimator():
    fitted = fit(MLPRegressor)
    inputs = [np.random.default_rng(i).standard_normal((20 + i, 7)) for i in range(8)]
    expected = [fitted.predict(X) for X in inputs]
    wrong = []

    def work(i):
        for _ in range(30):
            if not np.array_equal(fitted.predict(inputs[i]), expected[i]):
                wrong.append(i)

    threads = [threading.Thread(target=work, args=(i,)) for i in range(8)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert wrong == []


def test_ctrl_c_leaves_a_usable_estimator():
    import _thread

    X, y = problem(MLPClassifier)
    estimator = MLPClassifier(max_iter=10**9, tol=0.0, n_iter_no_change=np.inf)
    timer = threading.Timer(0.3, _thread.interrupt_main)
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        timer.start()
        estimator.fit(X, y)
    assert estimator.n_iter_ == len(estimator.loss_curve_) > 0
    assert estimator.score(X, y) > 0.3


# ---- what goes wrong -------------------------------------------------------------------------------------------

BAD_PARAMETERS = [
    {"hidden_layer_sizes": -1}, {"hidden_layer_sizes": (5, 0)}, {"activation": "ghost"}, {"alpha": -1.0},
    {"batch_size": 0}, {"batch_size": "all"}, {"learning_rate": "none"}, {"learning_rate_init": 0.0}, {"power_t": -1},
    {"max_iter": 0}, {"shuffle": "yes"}, {"random_state": "a"}, {"tol": -1.0}, {"verbose": "x"}, {"warm_start": 2},
    {"momentum": 2.0}, {"nesterovs_momentum": "a"}, {"early_stopping": 3}, {"validation_fraction": 1.0}, {"beta_1": 1},
    {"beta_2": -0.5}, {"epsilon": 0}, {"n_iter_no_change": 0.5},
]  # fmt: skip


@pytest.mark.parametrize("estimator", ESTIMATORS)
@pytest.mark.parametrize("setting", BAD_PARAMETERS, ids=str)
def test_bad_parameters_have_scikit_learns_errors(estimator, setting):
    messages = []
    for cls in (estimator, oracle(estimator)):
        with pytest.raises(ValueError, match="must be") as caught:
            fit(cls, **setting)
        # Names stand in the order of a set, and one message of ours ends in a full stop more.
        messages.append(re.sub(r"\{.*\}", lambda names: str(sorted(names[0][1:-1].split(", "))), str(caught.value)).rstrip("."))
    assert messages[0] == messages[1]


def test_all_parameters_are_tried_above():
    tried = {name for setting in BAD_PARAMETERS for name in setting}
    for estimator in ESTIMATORS:
        assert set(inspect.signature(estimator).parameters) - tried - {"loss"} == {"solver"}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"solver": "lbfgs"}, r"'solver' parameter .* \{'(adam', 'sgd|sgd', 'adam)'\}\. Got 'lbfgs'"),
        ({"hidden_layer_sizes": (2.5,)}, r"hidden_layer_sizes must be integers, got \[2\.5\]"),
        ({"early_stopping": True, "validation_fraction": 0.01}, "The validation set is too small"),
        ({"sample_weight": -np.ones(60)}, "Negative values in data passed to `sample_weight`"),
        ({"sample_weight": np.zeros(60)}, "Sample weights must contain at least one non-zero"),
        ({"sample_weight": np.ones(59)}, r"sample_weight.shape == \(59,\)"),
    ],
)
@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_refuses(estimator, settings, message):
    with pytest.raises(ValueError, match=message):
        fit(estimator, **settings)


@pytest.mark.parametrize(
    ("estimator", "change", "error", "message"),
    [
        (MLPClassifier, lambda X, y: (sparse.csr_array(X), y), TypeError, "[Ss]parse data was passed"),
        (MLPClassifier, lambda X, y: (X, np.eye(60, 3, dtype=int)), ValueError, "multilabel.*MultiOutputClassifier"),
        (MLPClassifier, lambda X, y: (X, X[:, 0]), ValueError, "Unknown label type"),
        (MLPClassifier, lambda X, y: (X * np.nan, y), ValueError, "contains NaN"),
        (MLPClassifier, lambda X, y: (X, y[:10]), ValueError, "inconsistent numbers of samples"),
        (MLPRegressor, lambda X, y: (X, y * np.inf), ValueError, "contains"),
        (MLPRegressor, lambda X, y: (sparse.csc_array(X), y), TypeError, "[Ss]parse data was passed"),
    ],
)
def test_refuses_data(estimator, change, error, message):
    with pytest.raises(error, match=message):
        fit(estimator, data=change(*problem(estimator)))


def test_poisson_refuses_negative_targets():
    X, y = problem(MLPRegressor)
    with pytest.raises(ValueError, match="needs y >= 0, but 60 values of y are negative"):
        fit(MLPRegressor, data=(X, -1 - y), loss="poisson")


@pytest.mark.parametrize("change", [{"hidden_layer_sizes": 4}, {"early_stopping": True}])
def test_warm_start_refuses_another_network(change):
    fitted = fit(MLPClassifier, warm_start=True)
    X, y = problem(MLPClassifier)
    before = fitted.predict_proba(X)
    with pytest.raises(ValueError, match="warm_start can only be used with"):
        fitted.set_params(**change).fit(X, y)
    np.testing.assert_array_equal(fitted.predict_proba(X), before)
    fitted = fit(MLPClassifier, warm_start=True)
    with pytest.raises(ValueError, match="same classes as in the previous call to fit"):
        fitted.fit(X, np.where(y == "a", "b", y))
    np.testing.assert_array_equal(fitted.classes_, ["a", "b", "c"])


@pytest.mark.parametrize("estimator", ESTIMATORS)
def test_predict_before_fit(estimator):
    with pytest.raises(NotFittedError, match="not fitted yet"):
        estimator().predict(problem(estimator)[0])


def test_too_large_batches_are_clipped_with_a_warning():
    with pytest.warns(UserWarning, match="Got `batch_size` less than 1 or larger than sample size"):
        clipped = fit(MLPRegressor, batch_size=61)
    np.testing.assert_array_equal(clipped.coefs_[0], fit(MLPRegressor, batch_size=60).coefs_[0])


def test_divergence_names_epoch_and_step_and_keeps_the_last_finite_weights():
    settings = {"solver": "sgd", "learning_rate_init": 1e3, "batch_size": 20, "activation": "identity", "max_iter": 100}
    estimator = MLPRegressor(random_state=0, **settings)
    X, y = problem(MLPRegressor)
    with pytest.raises(ValueError, match="Solver produced non-finite parameter weights") as caught:
        estimator.fit(X, y)
    error = caught.value
    assert isinstance(error, fastnn.DivergenceError)
    assert f"in epoch {error.epoch}, step {error.step}: " in str(error)
    assert 1 <= error.step <= 3
    assert estimator.n_iter_ == len(estimator.loss_curve_) == error.epoch - 1 > 0
    shorter = fit(MLPRegressor, **{**settings, "max_iter": error.epoch - 1})
    np.testing.assert_array_equal(estimator.coefs_[0], shorter.coefs_[0])
    assert pickle.loads(pickle.dumps(error)).step == error.step


def test_divergence_with_early_stopping_keeps_the_best_weights():
    settings = {"solver": "sgd", "learning_rate_init": 1e3, "activation": "identity", "early_stopping": True}
    with pytest.warns(ConvergenceWarning, match=r"Training diverged in epoch \d+, step 1: .* best validation score"):
        fitted = fit(MLPRegressor, max_iter=100, **settings)
    assert np.isnan(fitted.validation_scores_[-1])
    assert np.isnan(fitted.loss_)
    assert len(fitted.validation_scores_) == len(fitted.loss_curve_) == fitted.n_iter_ < 100
    assert np.isfinite(fitted.best_validation_score_)
    assert np.isfinite(fitted.coefs_[0]).all()


def test_huge_features_diverge_at_once():
    with pytest.raises(ValueError, match=r"epoch 1, step 1: .* from before training"):
        fit(MLPRegressor, data=(np.full((10, 2), np.finfo("float64").max), np.arange(10.0)))


def test_a_batch_without_weight_changes_nothing_but_counts():
    X, y = problem(MLPRegressor)
    settings = {"solver": "sgd", "momentum": 0.0, "shuffle": False, "batch_size": 20}
    weight = np.repeat([1.0, 0.0, 1.0], 20)
    with_hole = fit(MLPRegressor, sample_weight=weight, **settings)
    without = fit(MLPRegressor, data=(X[weight > 0], y[weight > 0]), **settings)
    np.testing.assert_allclose(with_hole.coefs_[0], without.coefs_[0], rtol=1e-12)
    np.testing.assert_allclose(with_hole.loss_, without.loss_ * 2 / 3, rtol=1e-12)
