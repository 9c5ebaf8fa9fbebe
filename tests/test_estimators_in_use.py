"""Using estimators: dtypes, copies, threads, searches, Ctrl-C, and what they say about bad input."""

import copy
import inspect
import json
import pickle
import re
import threading
import warnings

import numpy as np
import pytest
from estimator_tools import PERCEPTRONS, fit, oracle, problem
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.exceptions import ConvergenceWarning, NotFittedError
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler
from sklearn.utils.validation import validate_data

import fastnn
from fastnn import MLPClassifier, MLPRegressor, layers
from fastnn._kernels import core
from fastnn.estimators import features

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("dtype", ["float32", "float64", "int64"])
def test_dtype_is_that_of_the_features(estimator, dtype):
    fitted = fit(estimator, data=((problem(estimator)[0] * 3).astype(dtype), problem(estimator)[1]))
    expected = "float32" if dtype == "float32" else "float64"
    assert {a.dtype.name for a in fitted.coefs_ + fitted.intercepts_} == {expected}
    predict = fitted.predict_proba if is_classifier(fitted) else fitted.predict
    assert predict(problem(estimator)[0]).dtype == expected


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_dtype_may_be_that_of_other_features(estimator):
    X, y = problem(estimator)
    for dtype in ("float32", np.float32, X.astype("float32").dtype):
        assert clone(estimator(max_iter=2, dtype=dtype)).fit(X, y).coefs_[0].dtype == "float32"


@pytest.mark.parametrize("estimator", PERCEPTRONS)
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


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("setting", [{}, {"normalization": "batch"}, {"normalization": "layer"}], ids=str)
def test_shallow_copies_and_originals_train_by_themselves(estimator, setting):
    fitted, (X, y) = fit(estimator, **setting), problem(estimator)
    expected, copied = fitted.predict(X), copy.copy(fitted)
    fitted.partial_fit(X, y)
    np.testing.assert_array_equal(copied.predict(X), expected)
    expected = fitted.predict(X)
    copied.partial_fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), expected)
    for a, b in zip(copied.coefs_, fitted.coefs_, strict=True):
        np.testing.assert_array_equal(a, b)


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
    with pytest.raises(ValueError, match="must have the shapes of layers from 7 features to 1 outputs"):
        fitted.predict(X)
    fitted.intercepts_ = [np.ones(2), np.ones(1)]  # a layer has lost a unit
    np.testing.assert_allclose(fitted.predict(X), by_hand())
    assert [coef.shape for coef in fitted.coefs_] == [(7, 2), (2, 1)]
    before = fitted.predict(X)
    fitted.coefs_.insert(1, np.eye(2))  # there is a layer more
    fitted.intercepts_.insert(1, np.zeros(2))
    np.testing.assert_allclose(fitted.predict(X), before)


def test_going_on_looks_at_weights_put_there_by_hand():
    X, y = problem(MLPRegressor)
    fitted = fit(MLPRegressor, hidden_layer_sizes=3)
    for bad in (np.ones((7, 2)), np.ones(7)):
        good, fitted.coefs_[0] = fitted.coefs_[0], bad
        with pytest.raises(ValueError, match="must have the shapes of layers"):
            fitted.partial_fit(X, y)
        fitted.coefs_[0] = good
    before = fitted.coefs_[0].copy()
    fitted.partial_fit(X, y)
    assert (fitted.coefs_[0] != before).all()
    fitted.set_params(hidden_layer_sizes=2)
    fitted.coefs_, fitted.intercepts_ = [np.ones((7, 2)), np.ones((2, 1))], [np.ones(2), np.ones(1)]
    fitted.partial_fit(X, y)
    assert [coef.shape for coef in fitted.coefs_] == [(7, 2), (2, 1)]
    assert (fitted.coefs_[0] != 1).all()


@pytest.mark.parametrize("rows", [1, 2, 3, 255, 256, 257, 700])
def test_predictions_do_not_depend_on_how_many_rows_there_are(rows):
    fitted = fit(MLPRegressor)
    X = np.random.default_rng(0).standard_normal((rows, 7))
    hidden = np.maximum(X @ fitted.coefs_[0] + fitted.intercepts_[0], 0)
    expected = hidden @ fitted.coefs_[1] + fitted.intercepts_[1]
    np.testing.assert_allclose(fitted.predict(X), expected.ravel(), rtol=1e-9)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
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
    search = GridSearchCV(pipeline, {"mlpclassifier__alpha": [1e-4, 0.1, 10.0]}, cv=3)
    with joblib.parallel_config(backend=backend), warnings.catch_warnings():
        warnings.simplefilter("ignore", ConvergenceWarning)
        parallel, alone = (clone(search).set_params(n_jobs=jobs).fit(*data).cv_results_ for jobs in (2, 1))
    np.testing.assert_array_equal(parallel["mean_test_score"], alone["mean_test_score"])


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
    timer.start()
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        estimator.fit(X, y)
    assert estimator.n_iter_ == len(estimator.loss_curve_) > 0
    assert estimator.score(X, y) > 0.3


# ---- what goes wrong -------------------------------------------------------------------------------------------

BAD_PARAMETERS = [
    {"hidden_layer_sizes": -1},
    {"hidden_layer_sizes": (5, 0)},
    {"alpha": -1.0},
    {"batch_size": 0},
    {"batch_size": "all"},
    {"learning_rate_init": 0.0},
    {"power_t": -1},
    {"max_iter": 0},
    {"shuffle": "yes"},
    {"random_state": "a"},
    {"tol": -1.0},
    {"verbose": "x"},
    {"warm_start": 2},
    {"momentum": 2.0},
    {"nesterovs_momentum": "a"},
    {"early_stopping": 3},
    {"validation_fraction": 1.0},
    {"beta_1": 1},
    {"beta_2": -0.5},
    {"epsilon": 0},
    {"n_iter_no_change": 0.5},
    {"solver": "newton"},
    {"max_fun": 0},
]
#: Bad values of what scikit-learn does not have, or takes less of.
BAD_EXTENSIONS = [
    ({"activation": "ghost"}, r"The 'activation' parameter of \w+ must be .*Got 'ghost' instead"),
    ({"activation": ["relu", "tanh"]}, r"activation must be one value, or one for each of the 1 hidden layers\. Got 2"),
    ({"activation": ["ghost"]}, r"The element 0 of the 'activation' parameter must be .*Got 'ghost' instead"),
    ({"learning_rate": "none"}, r"'learning_rate' parameter of \w+ must be .*Got 'none' instead"),
    ({"loss": "ghost"}, r"The 'loss' parameter of \w+ must be .*Got 'ghost' instead"),
    ({"loss": fastnn.losses.MeanSquaredError("sum")}, "has reduction='sum'"),
    ({"loss": lambda y, p: fastnn.ops.mean(y - p)}, r"must return one loss a sample.* gave a value of shape \(\)"),
    ({"output_activation": "ghost"}, "The 'output_activation' parameter of .*Got 'ghost' instead"),
    ({"dropout": 1.0}, "The 'dropout' parameter of .*Got 1.0 instead"),
    ({"dropout": [0.5, 0.5]}, "one for each of the 1 hidden layers"),
    ({"dropout": [1.5]}, r"The element 0 of the 'dropout' parameter must be a float in the range \[0.0, 1.0\)"),
    ({"dropout": np.array(0.1)}, r"dropout must be one value, or a list .*Got array\(0\.1\) instead"),
    ({"hidden_layer_sizes": np.array(5)}, r"hidden_layer_sizes must be one value, or a list .*Got array\(5\) instead"),
    ({"loss": "LossFunctionWrapper"}, "The 'loss' parameter of .*Got 'LossFunctionWrapper' instead"),
    ({"normalization": "bath"}, "The 'normalization' parameter of .*Got 'bath' instead"),
    ({"normalization": ["batch", None]}, "one for each of the 1 hidden layers"),
    ({"normalization": [0.5]}, "The element 0 of the 'normalization' parameter must be a str among .*Got 0.5 instead"),
    ({"normalization": ["batch"], "solver": "lbfgs"}, r"solver='lbfgs' .* with normalization=\['batch'\]"),
    ({"dropout": 0.5, "solver": "lbfgs"}, r"solver='lbfgs' .* cannot be used with dropout=0\.5"),
    ({"l1": -1.0}, "The 'l1' parameter of"),
    ({"optimizer": "ghost"}, "The 'optimizer' parameter of"),
    ({"scoring": "r2", "solver": "lbfgs"}, "solver='lbfgs' .* cannot be used with scoring='r2'"),
    ({"warm_start_optimizer": True, "solver": "lbfgs"}, "cannot be used with warm_start_optimizer=True"),
    (
        {"learning_rate": fastnn.optimizers.schedules.ExponentialDecay(0.1, 10, 0.9), "solver": "lbfgs"},
        "cannot be used with learning_rate=",
    ),
    ({"optimizer": "adam", "solver": "lbfgs"}, "solver='lbfgs' .* cannot be used with optimizer='adam'"),
    ({"optimizer": fastnn.optimizers.SGD(), "clipnorm": 1.0}, "is an object: give clipnorm to it"),
    ({"clipnorm": 0.0}, "The 'clipnorm' parameter of"),
    ({"clipvalue": -1.0}, "The 'clipvalue' parameter of"),
    ({"global_clipnorm": "a"}, "The 'global_clipnorm' parameter of"),
    ({"clipnorm": 1.0, "clipvalue": 1.0}, "Only one of `clipnorm`, `clipvalue` and `global_clipnorm`"),
    ({"scoring": "ghost", "early_stopping": True}, "The 'scoring' parameter of"),
    ({"warm_start_optimizer": "a"}, "The 'warm_start_optimizer' parameter of"),
    ({"dtype": "float16"}, "The 'dtype' parameter of"),
    ({"n_jobs": 0}, "n_jobs == 0"),
    ({"n_jobs": 1.5}, "The 'n_jobs' parameter of"),
]
BAD_OF_ONE = [
    (MLPClassifier, {"class_weight": "heavy"}, "The 'class_weight' parameter of"),
    (MLPClassifier, {"class_weight": {"a": -1.0}}, r"Negative values in the 'class_weight' parameter: \{'a': -1\.0\}"),
    (MLPClassifier, {"class_weight": {"a": 1.0, "z": 2.0}}, r"The classes, \['b', 'c'\], are not in class_weight"),
    (MLPClassifier, {"output_activation": "tanh"}, "does not make probabilities"),
    (MLPRegressor, {"quantile": 1.0}, "The 'quantile' parameter of"),
    (MLPRegressor, {"delta": 0.0}, "The 'delta' parameter of"),
]  # fmt: skip


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("setting", BAD_PARAMETERS, ids=str)
def test_bad_parameters_have_scikit_learns_errors(estimator, setting):
    messages = []
    for cls in (estimator, oracle(estimator)):
        with pytest.raises(ValueError, match="must be") as caught:
            fit(cls, **setting)
        # Names stand in the order of a set, and one message of ours ends in a full stop more.
        messages.append(sorted(re.findall(r"[^\s{},]+", str(caught.value).rstrip("."))))
    assert messages[0] == messages[1]


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize(("setting", "message"), BAD_EXTENSIONS, ids=str)
def test_bad_extensions(estimator, setting, message):
    fresh = estimator(random_state=0, **setting)
    with pytest.raises(ValueError, match=message):
        fresh.fit(*problem(estimator))
    assert not hasattr(fresh, "coefs_")


@pytest.mark.parametrize(("estimator", "setting", "message"), BAD_OF_ONE, ids=str)
def test_bad_parameters_of_one_estimator(estimator, setting, message):
    with pytest.raises(ValueError, match=message):
        fit(estimator, **setting)


def test_all_parameters_are_tried_above():
    for estimator in PERCEPTRONS:
        settings = [*BAD_PARAMETERS, *(bad for bad, _ in BAD_EXTENSIONS)]
        settings += [bad for cls, bad, _ in BAD_OF_ONE if cls is estimator]
        assert set(inspect.signature(estimator).parameters) == {name for setting in settings for name in setting}


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"hidden_layer_sizes": (2.5,)}, r"hidden_layer_sizes must be integers, got \[2\.5\]"),
        ({"early_stopping": True, "validation_fraction": 0.01}, "The validation set is too small"),
        ({"sample_weight": -np.ones(60)}, "Negative values in data passed to `sample_weight`"),
        ({"sample_weight": np.zeros(60)}, "Sample weights must contain at least one non-zero"),
        ({"sample_weight": np.ones(59)}, r"sample_weight.shape == \(59,\)"),
    ],
)
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_refuses(estimator, settings, message):
    with pytest.raises(ValueError, match=message):
        fit(estimator, **settings)


@pytest.mark.parametrize(
    ("estimator", "change", "error", "message"),
    [
        (MLPClassifier, lambda X, y: (X, np.arange(120).reshape(60, 2) % 5), ValueError, "MultiOutputClassifier"),
        (MLPClassifier, lambda X, y: (X, X[:, 0]), ValueError, "Unknown label type"),
        (MLPClassifier, lambda X, y: (X * np.nan, y), ValueError, "contains NaN"),
        (MLPClassifier, lambda X, y: (X, y[:10]), ValueError, "inconsistent numbers of samples"),
        (MLPRegressor, lambda X, y: (X, y * np.inf), ValueError, "contains"),
        (MLPRegressor, lambda X, y: (X, np.where(y > 1, y, None)), ValueError, "Input y contains NaN"),
        (MLPRegressor, lambda X, y: (X, y.astype("M8[s]")), TypeError, r"y must hold numbers, got datetime64\[s\]"),
        (MLPClassifier, lambda X, y: (X.astype("m8[s]"), y), TypeError, r"X must hold numbers, got timedelta64\[s\]"),
    ],
)
def test_refuses_data(estimator, change, error, message):
    with pytest.raises(error, match=message):
        fit(estimator, data=change(*problem(estimator)))


@pytest.mark.parametrize(
    "change",
    [
        lambda X, y: X[:, 0],
        lambda X, y: np.where(y == "a", y, None),
        lambda X, y: np.full(60, None),
        lambda X, y: np.where(y == "a", y.astype(object), 1),
        lambda X, y: y.astype("S1"),
    ],
)
@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_refuses_labels_with_scikit_learns_words(how, change):
    X, y = problem(MLPClassifier)
    told = []
    for cls in (MLPClassifier, oracle(MLPClassifier)):
        with pytest.raises((ValueError, TypeError)) as caught:
            getattr(cls(), how)(X, change(X, y), **({"classes": [0, 1]} if how == "partial_fit" else {}))
        told.append((caught.type, str(caught.value)))
    assert told[0] == told[1]


def test_columns_of_classes_are_refused_with_scikit_learns_words():
    X, _ = problem(MLPClassifier)
    for cls in (MLPClassifier, oracle(MLPClassifier)):
        with pytest.raises(ValueError, match="Multioutput target data is not supported with label binarization"):
            cls().fit(X, np.arange(120).reshape(60, 2) % 5)


@pytest.mark.parametrize("how", ["fit", "partial_fit"])
def test_targets_beyond_their_dtype_have_an_error_and_no_warning(how):
    X, y = (each.astype("float32") for each in problem(MLPRegressor))
    y = np.where(np.arange(60) % 2, y, -y).astype("float64") * 1e39
    with pytest.raises(ValueError, match=r"Input y contains infinity or a value too large for dtype\('float32'\)"):
        getattr(MLPRegressor(), how)(X, y)


@pytest.mark.parametrize("dtype", ["U50", object])
def test_classes_are_no_longer_than_their_labels(dtype):
    X, y = problem(MLPClassifier)
    for settings in ({}, {"early_stopping": True}):
        ours, theirs = (
            fit(cls, data=(X, y.astype(dtype)), **settings) for cls in (MLPClassifier, oracle(MLPClassifier))
        )
        assert ours.classes_.dtype == theirs.classes_.dtype == np.dtype("U1")
        assert ours.predict(X).dtype == theirs.predict(X).dtype


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"early_stopping": True},
        {"verbose": True},
        {"solver": "lbfgs"},
        {"solver": "sgd", "learning_rate": "adaptive"},
    ],
)
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_losses_are_numpys_scalars_where_scikit_learn_has_some(estimator, dtype, settings):
    """Of float64; scikit-learn's are of what SciPy makes of float32 and booleans."""
    X, y = problem(estimator)
    ours, theirs = (fit(cls, data=(X.astype(dtype), y), **settings) for cls in (estimator, oracle(estimator)))
    for name in ("loss_", "best_loss_"):
        mine, other = (getattr(fitted, name, None) for fitted in (ours, theirs))
        assert type(mine) is (np.float64 if isinstance(other, np.floating) else type(other)), name
    mine, others = (getattr(fitted, "loss_curve_", []) for fitted in (ours, theirs))
    assert len(mine) == len(others)
    assert {type(loss) for loss in mine} <= {np.float64}
    assert json.loads(json.dumps(ours.loss_)) == ours.loss_.item()


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


@pytest.mark.parametrize("first", ["float32", "float64"])
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_weights_keep_their_dtype(estimator, first):
    X, y = problem(estimator)
    other = {"float32": "float64", "float64": "float32"}[first]
    for going_on in ("fit", "partial_fit"):
        fitted = estimator(warm_start=True, max_iter=2, random_state=0).fit(X.astype(first), y)
        getattr(fitted, going_on)(X.astype(other), y)
        assert fitted.coefs_[0].dtype == fitted._outputs(X).dtype == first
    fitted.set_params(dtype=other).partial_fit(X, y)  # that is what was asked for
    assert fitted.coefs_[0].dtype == other


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_parameters_set_after_fit_are_for_the_next_one(estimator):
    X, _ = problem(estimator)
    fitted = fit(estimator, hidden_layer_sizes=(6,))
    before = fitted._outputs(X)
    fitted.set_params(activation=["tanh", "logistic"], hidden_layer_sizes=(3, 2), output_activation="softmax")
    np.testing.assert_array_equal(fitted._outputs(X), before)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted))._outputs(X), before)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
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


@pytest.mark.parametrize(
    ("estimator", "setting"),
    [
        (MLPRegressor(), {"l1": -5.0}),
        (MLPRegressor(), {"alpha": np.nan}),
        (MLPRegressor(), {"scoring": "foo"}),
        (MLPRegressor(), {"optimizer": fastnn.optimizers.Adam}),
        (MLPClassifier(), {"class_weight": [1]}),
        (fastnn.AutoencoderTransformer(), {"noise": -1.0}),
        (fastnn.AutoencoderTransformer(), {"noise_type": "foo"}),
        (fastnn.AutoencoderTransformer(), {"n_components": 0}),
        (fastnn.Perceptron(), {"alpha": -1.0}),
        (fastnn.KerasRegressor(lambda: fastnn.Sequential([layers.Dense(1)]), loss="mse", verbose=0), {"epochs": -1}),
    ],
)
def test_each_partial_fit_looks_at_the_parameters(estimator, setting):
    X, y = problem(MLPRegressor)
    data, classes = (X, (y > 1).astype(float)), {"classes": [0.0, 1.0]} if is_classifier(estimator) else {}
    fitted = clone(estimator).partial_fit(*data, **classes)
    (name,) = setting
    with pytest.raises(ValueError, match=f"The '{name}' parameter of {type(estimator).__name__} must be"):
        fitted.set_params(**setting).partial_fit(*data)
    with config_context(skip_parameter_validation=True):
        fitted.set_params(**{name: getattr(estimator, name)}).partial_fit(*data)


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("others", [{}, {"dtype": np.zeros(60)}])
def test_refuses_dates_in_frames(library, others):
    frame = pytest.importorskip(library).DataFrame({"day": np.arange(60).astype("M8[ms]"), **others})
    X, y = problem(MLPRegressor)
    X, message = X[:, : frame.shape[1]], "must hold numbers, got [dD]ate"
    keras = fastnn.KerasRegressor(lambda: fastnn.Sequential([layers.Dense(1)]), loss="mse", verbose=0)
    coder = fastnn.AutoencoderTransformer(1, max_iter=1).fit(X)
    regressors = [MLPRegressor(max_iter=1).fit(X, y), keras.fit(X, y)]
    for call in (*(each.predict for each in regressors), coder.fit, coder.transform):
        with pytest.raises(TypeError, match=f"X {message}"):
            call(frame)
    for estimator in (*regressors, fastnn.Perceptron()):
        with pytest.raises(TypeError, match=f"X {message}"):
            estimator.fit(frame, y > 1)
    for estimator in regressors:
        with pytest.raises(TypeError, match=f"y {message}"):
            estimator.fit(X, frame)


def test_refuses_targets_that_the_dtype_cannot_hold():
    X, y = problem(MLPRegressor)
    huge, before = y * 1e300, fit(MLPRegressor, dtype="float32")
    step = before._step
    with pytest.raises(ValueError, match=r"^Input y contains infinity or a value too large for dtype\('float32'\)"):
        before.fit(X, huge)
    with pytest.raises(ValueError, match=r"^validation_data: Input y contains infinity or a value too large"):
        before.partial_fit(X, y, validation_data=(X, huge))
    assert before._step is step


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
@pytest.mark.parametrize("bad", [np.nan, 1e300])
def test_refuses_to_go_on_from_weights_that_are_not_finite(solver, bad):
    X, y = problem(MLPRegressor)
    fitted = fit(MLPRegressor, warm_start=True, dtype="float32")
    fitted.coefs_ = [coef.astype("float64") for coef in fitted.coefs_]
    fitted.coefs_[0][0, 0] = bad
    before = {name: value for name, value in vars(fitted).items() if name.endswith("_")}
    with pytest.raises(ValueError, match="coefs_ or intercepts_ hold NaN or infinite values before training begins"):
        fitted.set_params(activation="tanh", solver=solver).fit(X, y)
    assert {name: vars(fitted)[name] for name in before} == before
    assert fitted._activations[0] == "relu"


def test_refuses_to_go_on_from_a_normalization_that_is_not_finite():
    X, y = problem(MLPRegressor)
    fitted = fit(MLPRegressor, warm_start=True, normalization="batch")
    fitted.normalization_[0]["gamma"][0] = np.nan
    with pytest.raises(ValueError, match="normalization_ holds NaN or infinite values before training begins"):
        fitted.fit(X, y)
    assert fitted.n_iter_ == 4


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


# ---- what users do to fitted estimators -------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_weights_put_there_by_hand(estimator):
    """An estimator needs no fit where it has what one leaves behind."""
    X, _ = problem(estimator)
    fitted = fit(estimator, activation="tanh")
    names = ["coefs_", "intercepts_", "n_layers_", "n_outputs_", "out_activation_"]
    names += ["classes_", "_label_binarizer"] if is_classifier(fitted) else []
    made = estimator(activation="tanh")
    for name in (name for name in names if hasattr(fitted, name)):
        setattr(made, name, copy.deepcopy(getattr(fitted, name)))
    np.testing.assert_array_equal(made.predict(X), fitted.predict(X))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("written", ["list", "float16", "int64", ">f4", ">f8", "U5"])
def test_going_on_from_weights_of_other_types(written, dtype):
    """They are those that predictions are made of."""
    X, y = problem(MLPRegressor, dtype=dtype)
    fitted, wanted = (fit(MLPRegressor, data=(X, y), normalization="layer", warm_start=True) for _ in range(2))
    native = {">f4": "float32", ">f8": "float64"}.get(written, dtype)
    for name in ("coefs_", "intercepts_"):
        whole = [np.round(8 * array) for array in getattr(fitted, name)]
        setattr(fitted, name, [each.tolist() if written == "list" else each.astype(written) for each in whole])
        setattr(wanted, name, [each.astype(native) for each in whole])
    np.testing.assert_array_equal(fitted.predict(X), wanted.predict(X))
    for call in ("partial_fit", "fit"):
        for each in (fitted, wanted):
            getattr(each, call)(X, y)
        np.testing.assert_array_equal(fitted.coefs_[0], wanted.coefs_[0], strict=True)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("activation", ["identity", "logistic", "relu", "softmax", "tanh"])
def test_the_output_activation_put_there_by_hand(activation, classes):
    X, y = problem(MLPClassifier, classes=classes)
    ours, theirs = (fit(each, data=(X, y)) for each in (MLPClassifier, oracle(MLPClassifier)))
    for each in (ours, theirs):
        each.out_activation_ = activation
    np.testing.assert_allclose(ours.predict_proba(X), theirs.predict_proba(X), rtol=0, atol=1e-9)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(pickle.loads(pickle.dumps(ours)).predict_proba(X), ours.predict_proba(X), rtol=0, atol=0)


def test_another_output_activation_put_there_by_hand_leaves_the_kind_of_outputs():
    """Two outputs that softmax was trained for stay two, and nothing but what "logistic" was trained for is scaled."""
    X, y = problem(MLPClassifier, classes=2)
    two = fit(MLPClassifier, data=(X, y), output_activation="softmax")
    labels = two.predict(X)
    two.out_activation_ = "logistic"
    assert two.predict_proba(X).shape == (len(X), 2)
    np.testing.assert_array_equal(two.predict(X), labels)
    apart = fit(MLPClassifier, output_activation="logistic")
    scaled = apart.predict_proba(X)
    apart.out_activation_ = "identity"
    probabilities = 1 / (1 + np.exp(-apart.predict_proba(X)))
    np.testing.assert_allclose(probabilities / probabilities.sum(axis=1, keepdims=True), scaled)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_predict_takes_no_dates(estimator):
    with pytest.raises(TypeError, match="X must hold numbers, got datetime64"):
        fit(estimator).predict(np.zeros((2, 7), "M8[s]"))


def rows_of_all_kinds(path):
    """Return features to predict from by what they are: those that are plain, and all others."""
    rows = problem(MLPRegressor)[0]
    np.save(path / "rows.npy", rows)
    read_only = rows.copy()
    read_only.flags.writeable = False
    plain = {
        "rows": rows,
        "float32": rows.astype("float32"),
        "columns": np.asfortranarray(rows),
        "strides": np.repeat(rows, 2, axis=1)[::-2, ::2],
        "read-only": read_only,
        "sparse": sparse.csr_array(rows),
        "a sparse matrix": sparse.csr_matrix(rows.astype("float32")),
    }
    others = {
        "huge": np.full_like(rows, 1e308),
        "NaN": np.where(rows > 1, np.nan, rows),
        "both infinities": np.where(rows > 0, np.inf, -np.inf),
        "none": rows[:0],
        "one row": rows[0],
        "three axes": rows[np.newaxis],
        "fewer features": rows[:, :-1],
        "integers": rows.astype(int),
        "float16": rows.astype("float16"),
        "other bytes": rows.astype(rows.dtype.newbyteorder()),
        "objects": rows.astype(object),
        "list": rows.tolist(),
        "frame": pytest.importorskip("pandas").DataFrame(rows).add_prefix("f"),
        "sparse columns": sparse.csc_array(rows),
        "a sparse row": sparse.csr_array(rows[0]),
        "sparse NaN": sparse.csr_array(np.where(rows > 1, np.nan, 0)),
        "sparse integers": sparse.csr_array(rows.astype(int)),
        "file": np.load(path / "rows.npy", mmap_mode="r"),
        "masked": np.ma.masked_array(rows, rows > 2),
    }
    return plain, others


def test_plain_rows_are_those_that_scikit_learn_lets_pass(tmp_path):
    plain, others = rows_of_all_kinds(tmp_path)
    fitted, named = fit(MLPRegressor), fit(MLPRegressor, data=(others["frame"], problem(MLPRegressor)[1]))
    for name, X in plain.items():
        assert features.are_plain(X, fitted), name
        for settings in ({}, {"allow_nd": True, "dtype": "numeric"}):
            assert validate_data(fitted, X, accept_sparse="csr", reset=False, **settings) is X
        assert not features.are_plain(X, named), name
    for name, X in others.items():
        assert not features.are_plain(X, fitted), name
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        named.predict(plain["rows"])


@pytest.mark.parametrize("container", [np.asarray, sparse.csr_array])
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_features_beyond_the_dtype_of_the_weights_are_refused(estimator, container):
    X, y = problem(estimator, n=300)
    beyond = X.copy()
    beyond[290, 2] = 1e300
    narrow = fit(estimator, data=(X, y), dtype="float32")
    with pytest.raises(ValueError, match=r"Input X contains infinity or a value too large for dtype\('float32'\)"):
        narrow.predict(container(beyond))
    assert len(narrow.predict(container(X))) == 300
    assert len(fit(estimator, data=(X, y)).predict(container(beyond))) == 300


def unaligned(x):
    """Return a copy that begins in the middle of a number, as arrays of files may."""
    return np.frombuffer(b"0" + np.ascontiguousarray(x).tobytes(), x.dtype, offset=1).reshape(x.shape)


@pytest.mark.parametrize("estimator", [*PERCEPTRONS, fastnn.Perceptron])
@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_unaligned_arrays(estimator, solver):
    settings = {} if estimator is fastnn.Perceptron else {"solver": solver}
    X, y = problem(estimator if estimator in PERCEPTRONS else MLPClassifier)
    other = unaligned(y) if y.dtype.kind == "f" else y
    expected = estimator(max_iter=3, random_state=0, **settings).fit(X, y)
    found = estimator(max_iter=3, random_state=0, **settings).fit(unaligned(X), other)
    np.testing.assert_array_equal(found.predict(unaligned(X)), expected.predict(X))


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_lists_of_objects_are_numbers_or_refused(estimator):
    X, y = problem(estimator)
    fitted = fit(estimator, data=(X, y), max_iter=2)
    features = X.shape[1]
    np.testing.assert_array_equal(fitted.predict([[10**40] * features]), fitted.predict([[1e40] * features]))
    with pytest.raises((TypeError, ValueError), match="NoneType|NaN"):
        fitted.predict([[None, *[1.0] * (features - 1)]])
