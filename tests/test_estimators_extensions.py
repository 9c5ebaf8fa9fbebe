"""What scikit-learn's users asked for: dropout, activations, losses, class weights, validation data, optimizers."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from company_tools import thread_limit
from estimator_tools import PERCEPTRONS, assert_same_fit, fit, multilabel, oracle, problem
from keras_estimator_tools import build_classifier
from scipy import optimize, sparse
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.metrics import log_loss, make_scorer, mean_pinball_loss, mean_squared_error
from sklearn.utils.class_weight import compute_sample_weight

import fastnn
from fastnn import AutoencoderTransformer, KerasClassifier, MLPClassifier, MLPRegressor, losses, ops, optimizers
from fastnn.estimators import network as estimator_network
from fastnn.estimators.lbfgs import FullGradient
from fastnn.estimators.objectives import REGRESSION, classification, regression
from fastnn.estimators.penalty import Penalty
from fastnn.optimizers import schedules

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def assert_same_weights(a, b):
    for x, y in zip(a.coefs_ + a.intercepts_, b.coefs_ + b.intercepts_, strict=True):
        np.testing.assert_array_equal(x, y)


def differ(a, b):
    return not np.array_equal(a.coefs_[0], b.coefs_[0])


# ---- activations and dropout -----------------------------------------------------------------------------------


def test_activations_by_layer_name_and_function():
    settings = {"hidden_layer_sizes": (6, 4)}
    assert_same_weights(fit(MLPRegressor, activation=["relu", "relu"], **settings), fit(MLPRegressor, **settings))
    for one, other in (("logistic", "sigmoid"), ("identity", "linear"), ("gelu", fastnn.activations.gelu)):
        assert_same_fit_of(activation=one, other=other, **settings)
    mixed = fit(MLPRegressor, activation=["tanh", lambda x: ops.relu(x) * 2.0], **settings)
    X, _ = problem(MLPRegressor)
    (w1, w2, w3), (b1, b2, b3) = mixed.coefs_, mixed.intercepts_
    expected = np.maximum(np.tanh(X @ w1 + b1) @ w2 + b2, 0) * 2 @ w3 + b3
    np.testing.assert_allclose(mixed.predict(X), expected.ravel(), rtol=1e-10)


def test_activations_of_estimators_give_as_many_outputs_as_they_get():
    settings = {"hidden_layer_sizes": (6,), "max_iter": 2}
    for name in ("sparsemax", "celu"):
        assert np.isfinite(fit(MLPRegressor, activation=name, **settings).loss_)
    for parameter in ("activation", "output_activation"):
        for name in ("glu", "threshold"):
            with pytest.raises(ValueError, match=f"The '{parameter}' parameter"):
                fit(MLPRegressor, **settings, **{parameter: name})
    with pytest.raises(ValueError, match="activation glu must return float64 of shape"):
        fit(MLPRegressor, **settings, activation=fastnn.activations.glu)


def assert_same_fit_of(activation, other, **settings):
    a, b = (fit(MLPRegressor, activation=each, **settings) for each in (activation, other))
    assert a.out_activation_ == b.out_activation_
    np.testing.assert_array_equal(a.coefs_[1], b.coefs_[1])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_activations_may_be_layers_without_weights(dtype):
    data = problem(MLPRegressor, dtype=dtype)
    for layer, function in ((fastnn.layers.ReLU(), "relu"), (fastnn.layers.Activation("tanh"), "tanh")):
        one, two = (fit(MLPRegressor, data=data, activation=each, max_iter=3) for each in (layer, function))
        for a, b in zip(one.coefs_, two.coefs_, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-4 if dtype == "float32" else 1e-10)


def test_an_estimator_cannot_predict_in_its_own_python_step():
    X, y = problem(MLPRegressor)
    calls = []

    def again(x):
        if calls:
            estimator.predict(X)
        return x

    estimator = MLPRegressor(activation=lambda x: ops.py_op(again, vjp=lambda dy, y, x: dy)(x), max_iter=2).fit(X, y)
    calls.append(1)
    with pytest.raises(RuntimeError, match="cannot run or change it"):
        estimator.predict(X)


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"activation": lambda x: ops.sum(x, axis=0, keepdims=True)}, ValueError, r"must return float64 of shape \(60"),
        ({"output_activation": lambda x: ops.sum(x, axis=-1)}, ValueError, r"such, got float64 of shape \(60,\)"),
        ({"activation": lambda x: ops.cast(x, "float32")}, ValueError, "got float32"),
        ({"activation": lambda x: None}, ValueError, "got None"),
        ({"activation": np.tanh}, TypeError, "the activation tanh must be written in fastnn.ops"),
        ({"activation": fastnn.layers.Dropout(0.5)}, ValueError, "that does the same in training, got <Dropout"),
        ({"activation": ["relu", fastnn.layers.ReLU]}, ValueError, "function of a tensor, got the class ReLU"),
        ({"output_activation": fastnn.layers.Dense(1)}, ValueError, "output_activation must be .* got <Dense"),
        ({"loss": lambda t, p: ops.square(t[:, 0] - p)}, ValueError, r"gave a value of shape \(60, 60\)"),
        ({"loss": lambda t, p: None}, ValueError, "one loss a sample, got None"),
        ({"loss": lambda t, p: t}, ValueError, "the loss does not hang on all weights"),
        ({"activation": lambda x: ops.stop_gradient(x)}, ValueError, "the loss does not hang on all weights"),
        ({"activation": lambda x: ops.stop_gradient(x), "solver": "lbfgs"}, ValueError, "does not hang on all weights"),
        ({"loss": "sparse_categorical_crossentropy"}, ValueError, "takes class numbers, and is for classifiers"),
        ({"loss": losses.SparseCategoricalCrossentropy(ignore_class=1)}, ValueError, "ignore_class: give .* weight 0"),
        ({"loss": "dice"}, ValueError, r"one number for all samples.* axis=-1, as in losses.Dice\(axis=-1\)"),
        ({"loss": losses.Tversky(axis=0)}, ValueError, "must return one loss a sample"),
        ({"dropout": {0: 0.5}}, ValueError, "dropout must be one value, or a list"),
    ],
)
def test_refuses_functions_and_lists_that_are_none(settings, error, message):
    X, y = problem(MLPRegressor)
    estimator = MLPRegressor(hidden_layer_sizes=(5, 4), **settings)
    with pytest.raises(error, match=message):
        estimator.fit(X, y)
    assert not hasattr(estimator, "coefs_")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_refuses_weights_that_count_as_zero(dtype):
    X, y = problem(MLPRegressor)
    tiny = np.full(len(y), np.finfo(dtype).tiny / 2)
    with pytest.raises(ValueError, match=f"too small for {dtype}"):
        MLPRegressor().fit(X.astype(dtype), y, tiny)
    with pytest.raises(ValueError, match=f"samples of the validation set are too small for {dtype}"):
        MLPRegressor().fit(X.astype(dtype), y, validation_data=(X, y, tiny))


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_refuses_a_split_that_leaves_no_weight_to_train_with(estimator):
    X, y = problem(estimator)
    seen = []
    fit(estimator, early_stopping=True, max_iter=1, scoring=lambda fitted, X, y: seen.append(X) or 0.0)
    held_out = (X[:, np.newaxis] == seen[0]).all(axis=2).any(axis=1)
    made = estimator(early_stopping=True, random_state=0)
    with pytest.raises(ValueError, match="weights of the training set must contain at least one non-zero number"):
        made.fit(X, y, sample_weight=held_out.astype(float))
    assert not hasattr(made, "coefs_")


def test_dropout():
    X, y = problem(MLPRegressor)
    settings = {"hidden_layer_sizes": (50, 40), "max_iter": 30}
    plain, none = (fit(MLPRegressor, dropout=rate, **settings) for rate in (0.0, [0.0, 0.0]))
    assert_same_weights(plain, none)
    one, again, both = (fit(MLPRegressor, dropout=rate, **settings) for rate in (0.3, 0.3, [0.3, 0.3]))
    assert_same_weights(one, again)
    assert_same_weights(one, both)
    assert differ(one, plain)
    assert differ(one, fit(MLPRegressor, dropout=[0.3, 0.0], **settings))
    assert one.loss_ > plain.loss_
    np.testing.assert_array_equal(one.predict(X), one.predict(X))
    copies = [pickle.loads(pickle.dumps(one)), copy.deepcopy(one)]
    for each in (one, *copies):
        each.partial_fit(X, y)
        assert_same_weights(each, one)


# ---- normalization ---------------------------------------------------------------------------------------------


def normalized_by_hand(fitted, X):
    """Return a fitted regressor's outputs, from its arrays."""
    normalizations = [*(fitted.normalization_ or [None] * (len(fitted.coefs_) - 1)), None]
    for w, b, values in zip(fitted.coefs_, fitted.intercepts_, normalizations, strict=True):
        X = X @ w + b
        if values is not None:
            axis = None if "moving_mean" in values else 1
            mean = values["moving_mean"] if axis is None else X.mean(1, keepdims=True)
            variance = values["moving_variance"] if axis is None else X.var(1, keepdims=True)
            X = values["gamma"] * (X - mean) / np.sqrt(variance + 1e-3) + values["beta"]
        X = X if w is fitted.coefs_[-1] else np.maximum(X, 0)
    return X.ravel()


NORMALIZATIONS = ["batch", "layer", ["batch", None], [None, "layer"], ["layer", "batch"]]


@pytest.mark.parametrize("normalization", NORMALIZATIONS, ids=str)
def test_normalization(normalization):
    X, y = problem(MLPRegressor)
    settings = {"hidden_layer_sizes": (8, 5), "max_iter": 10, "normalization": normalization}
    one, again = (fit(MLPRegressor, **settings) for _ in range(2))
    np.testing.assert_allclose(one.predict(X), normalized_by_hand(one, X), rtol=1e-10)
    assert_same_weights(one, again)
    assert differ(one, fit(MLPRegressor, **{**settings, "normalization": None}))
    kinds = normalization if isinstance(normalization, list) else [normalization] * 2
    for values, kind, units in zip(one.normalization_, kinds, (8, 5), strict=True):
        assert (values is None) == (kind is None)
        if values is not None:
            assert set(values) == {"gamma", "beta", *(["moving_mean", "moving_variance"] if kind == "batch" else [])}
            assert all(array.shape == (units,) and array.dtype == "float64" for array in values.values())
            assert (values["beta"] != 0).any()
            assert (values["gamma"] != 1).any()
    copies = [pickle.loads(pickle.dumps(one)), copy.deepcopy(one)]
    for each in (one, *copies):
        each.partial_fit(X, y)
        assert_same_weights(each, one)
        np.testing.assert_array_equal(each.predict(X), one.predict(X))
        np.testing.assert_allclose(each.predict(X), normalized_by_hand(each, X), rtol=1e-10)
    assert differ(one, again)


@pytest.mark.parametrize("normalization", ["batch", "layer"])
def test_normalization_trains_as_the_layers_do(normalization):
    X, y = problem(MLPRegressor)
    start = fit(MLPRegressor, hidden_layer_sizes=6, max_iter=1, learning_rate_init=1e-300)
    ours = fit(
        MLPRegressor, hidden_layer_sizes=6, solver="sgd", momentum=0.0, alpha=0.0, batch_size=20, shuffle=False,
        max_iter=5, tol=0.0, normalization=normalization, learning_rate_init=0.01,
    )  # fmt: skip
    layer = {"batch": fastnn.layers.BatchNormalization, "layer": fastnn.layers.LayerNormalization}[normalization]
    model = fastnn.Sequential(
        [
            fastnn.Input((7,), dtype="float64"),
            fastnn.layers.Dense(6, dtype="float64"),
            layer(dtype="float64"),
            fastnn.layers.ReLU(dtype="float64"),
            fastnn.layers.Dense(1, dtype="float64"),
        ]
    )
    model.compile(fastnn.optimizers.SGD(0.005), "mse")  # half the squares are minimized
    (w1, w2), (b1, b2) = start.coefs_, start.intercepts_
    model.set_weights([w1, b1, *model.layers[1].get_weights(), w2, b2])
    model.fit(X, y[:, None], batch_size=20, epochs=5, shuffle=False, verbose=0)
    np.testing.assert_allclose(ours.predict(X), model.predict(X, verbose=0).ravel(), rtol=1e-9)
    for name, value in ours.normalization_[0].items():
        np.testing.assert_allclose(value, getattr(model.layers[1], name).numpy(), rtol=1e-9, err_msg=name)


def test_normalization_goes_back_with_the_weights():
    X, y = problem(MLPClassifier)
    settings = {
        "normalization": "batch",
        "early_stopping": True,
        "validation_fraction": 0.3,
        "learning_rate_init": 0.05,
    }
    stopped = fit(MLPClassifier, max_iter=60, n_iter_no_change=5, **settings)
    best = int(np.argmax(stopped.validation_scores_))
    assert best < stopped.n_iter_ - 1
    again = fit(MLPClassifier, max_iter=best + 1, n_iter_no_change=100, **settings)
    np.testing.assert_array_equal(stopped.predict_proba(X), again.predict_proba(X))
    fitted = fit(MLPRegressor, normalization="batch", warm_start=True)
    X, y = problem(MLPRegressor)
    before = fitted.predict(X)
    with pytest.raises(fastnn.DivergenceError), np.errstate(all="ignore"):
        fitted.set_params(solver="sgd", learning_rate_init=1e300, batch_size=20).fit(X, y)
    np.testing.assert_array_equal(fitted.predict(X), before)


def test_normalization_can_be_written():
    X, y = problem(MLPRegressor)
    fitted = fit(MLPRegressor, hidden_layer_sizes=4, normalization="batch")
    fitted.normalization_[0]["gamma"][1] = 3.0
    np.testing.assert_allclose(fitted.predict(X), normalized_by_hand(fitted, X), rtol=1e-10)
    fitted.normalization_[0]["beta"] = np.arange(4.0)
    np.testing.assert_allclose(fitted.predict(X), normalized_by_hand(fitted, X), rtol=1e-10)
    fitted.normalization_ = [{"gamma": np.ones(4), "beta": np.zeros(4)}]
    np.testing.assert_allclose(fitted.predict(X), normalized_by_hand(fitted, X), rtol=1e-10)
    with pytest.raises(ValueError, match=r"partial_fit can only be used with the normalization .* \['layer'\], now"):
        fitted.partial_fit(X, y)
    fitted.set_params(normalization="layer").partial_fit(X, y)
    np.testing.assert_allclose(fitted.predict(X), normalized_by_hand(fitted, X), rtol=1e-10)
    for bad in ([{"gamma": np.ones(3), "beta": np.zeros(4)}], [None, None]):
        fitted.normalization_ = bad
        with pytest.raises(ValueError, match="normalization_ must hold None, or arrays of its size"):
            fitted.predict(X)
    fitted.normalization_ = None
    (w1, w2), (b1, b2) = fitted.coefs_, fitted.intercepts_
    np.testing.assert_allclose(fitted.predict(X), (np.maximum(X @ w1 + b1, 0) @ w2 + b2).ravel(), rtol=1e-10)


def test_a_warm_start_keeps_its_normalization():
    X, y = problem(MLPRegressor)
    fitted = fit(MLPRegressor, normalization="batch", warm_start=True)
    before = fitted.normalization_[0]["moving_mean"].copy()
    with pytest.raises(
        ValueError, match=r"warm_start can only be used with the normalization .* \['batch'\], now it is"
    ):
        fitted.set_params(normalization=None).fit(X, y)
    np.testing.assert_array_equal(fitted.normalization_[0]["moving_mean"], before)
    fitted.set_params(normalization="batch").fit(X, y)
    assert (fitted.normalization_[0]["moving_mean"] != before).all()
    assert fitted.set_params(warm_start=False, normalization=None).fit(X, y).normalization_ is None


# ---- losses ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("loss", "reference"),
    [
        ("squared_error", lambda e: e**2 / 2),
        ("absolute_error", np.abs),
        ("huber", lambda e: np.where(abs(e) <= 0.7, e**2 / 2, 0.7 * abs(e) - 0.7**2 / 2)),
        ("quantile", lambda e: np.where(e >= 0, 0.8 * e, -0.2 * e)),
        (losses.MeanSquaredError(), lambda e: e**2),
        (losses.Huber(delta=0.7), lambda e: np.where(abs(e) <= 0.7, e**2 / 2, 0.7 * abs(e) - 0.7**2 / 2)),
        ("mae", np.abs),
        (lambda y, p: ops.square(y - p), lambda e: e**2),
    ],
    ids=str,
)
@pytest.mark.parametrize("outputs", [1, 3])
def test_shown_loss_of_regression(loss, reference, outputs):
    X, y = problem(MLPRegressor, outputs=outputs)
    weight = np.linspace(0.5, 2.0, 60)
    extra = {"quantile": 0.8, "delta": 0.7}
    fitted = fit(MLPRegressor, weight, data=(X, y), loss=loss, **extra)
    before = copy.deepcopy(fitted).predict(X)
    fitted.set_params(alpha=0.0, batch_size=60).partial_fit(X, y, weight)
    error = (y - before).reshape(60, -1)
    assert fitted.loss_ == pytest.approx(np.average(reference(error).mean(axis=1), weights=weight))


def test_hubers_loss_has_one_formula():
    targets, outputs = (ops.convert_to_tensor(each) for each in np.random.default_rng(0).normal(size=(2, 100, 1)))
    _, shown = regression("huber", None, 0.5, 0.3).losses(targets, outputs)
    np.testing.assert_array_equal(shown.numpy(), losses.huber(targets, outputs, 0.3).numpy())


def test_losses_find_what_they_promise():
    """The constant that fits best is mean, median, quantile."""
    X, y = np.zeros((401, 1)), np.random.default_rng(0).exponential(2.0, 401)
    settings = {"solver": "lbfgs", "alpha": 0.0, "hidden_layer_sizes": (), "max_iter": 500, "tol": 1e-8}
    found = {
        loss: fit(MLPRegressor, data=(X, y), loss=loss, quantile=0.9, **settings).intercepts_[0][0]
        for loss in ("squared_error", "poisson", "absolute_error", "quantile")
    }
    assert found["squared_error"] == pytest.approx(y.mean(), rel=1e-6)
    assert np.exp(found["poisson"]) == pytest.approx(y.mean(), rel=1e-5)
    assert found["absolute_error"] == pytest.approx(np.median(y), rel=0.05)
    assert mean_pinball_loss(y, np.full(401, found["quantile"]), alpha=0.9) == pytest.approx(
        mean_pinball_loss(y, np.full(401, np.quantile(y, 0.9)), alpha=0.9), rel=0.02
    )


@pytest.mark.parametrize("loss", [*REGRESSION, "log_cosh", "msle"])
@pytest.mark.parametrize("out", [None, "softplus", "exponential"])
def test_gradients_of_regression(loss, out):
    assert_gradient(regression(loss, out, 0.3, 0.5), np.random.default_rng(1).uniform(0.1, 3.0, (12, 1)))


@pytest.mark.parametrize("loss", ["log_loss", "mse", "binary_crossentropy", losses.CategoricalCrossentropy()])
@pytest.mark.parametrize("out", ["logistic", "softmax"])
def test_gradients_of_classification(loss, out):
    objective = classification(loss, out)
    labels = np.arange(12) % 2
    assert_gradient(objective, labels if objective.class_numbers else np.eye(2)[labels])


def assert_gradient(objective, targets):
    """Check the flat gradient, penalties included, against differences."""
    rng = np.random.default_rng(0)
    outputs = targets.shape[1] if targets.ndim == 2 else 2
    coefs = [rng.normal(size=(3, 4)), rng.normal(size=(4, outputs))]
    intercepts = [rng.normal(size=4), rng.normal(size=outputs)]
    made = estimator_network.Network(coefs, intercepts, ["tanh"], objective.out_activation)
    data = fastnn.estimators.data.TrainingData(rng.normal(size=(12, 3)), targets, rng.uniform(0.5, 2.0, 12))
    function = FullGradient(made, objective, Penalty(0.1, 0.2), data)
    weights = function.weights()
    numeric = optimize.approx_fprime(weights, lambda w: function(w)[0], 1e-6)
    np.testing.assert_allclose(function(weights)[1], numeric, atol=1e-4)


# ---- output activations ----------------------------------------------------------------------------------------


def test_output_activation_of_regression():
    X, y = problem(MLPRegressor)
    fitted = fit(MLPRegressor, data=(X, y), output_activation="softplus", max_iter=50)
    assert fitted.out_activation_ == "softplus"
    assert (fitted.predict(X) > 0).all()
    assert_same_weights(fitted, fit(MLPRegressor, data=(X, y), output_activation=ops.softplus, max_iter=50))
    own = fit(MLPRegressor, data=(X, y), output_activation=bounded, max_iter=5)
    assert own.out_activation_ == "bounded"
    assert np.abs(own.predict(X)).max() <= 3.0
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(own)).predict(X), own.predict(X))
    poisson = [fit(MLPRegressor, data=(X, y), loss="poisson", output_activation=out) for out in (None, "exp")]
    np.testing.assert_allclose(poisson[1].coefs_[0], poisson[0].coefs_[0], rtol=1e-9)


def bounded(x):
    return ops.tanh(x) * 3.0


def test_output_activation_of_classification():
    X, y = problem(MLPClassifier, classes=2)
    two = fit(MLPClassifier, data=(X, y), output_activation="softmax", max_iter=50)
    assert (two.n_outputs_, two.out_activation_) == (2, "softmax")
    assert two.score(X, y) > 0.7
    X, y = problem(MLPClassifier)
    apart = fit(MLPClassifier, output_activation="sigmoid", max_iter=100)
    assert (apart.n_outputs_, apart.out_activation_) == (3, "logistic")
    probabilities = apart.predict_proba(X)
    np.testing.assert_allclose(probabilities.sum(axis=1), 1.0)
    np.testing.assert_array_equal(apart.classes_[probabilities.argmax(axis=1)], apart.predict(X))
    assert apart.score(X, y) > 0.7
    with pytest.raises(ValueError, match="for classes that exclude each other"):
        fit(MLPClassifier, data=multilabel(), output_activation="softmax")
    for name in ("sigmoid", "softmax"):
        named, given = (
            fit(MLPClassifier, output_activation=each, max_iter=3) for each in (name, getattr(fastnn.activations, name))
        )
        assert_same_weights(named, given)


@pytest.mark.parametrize("output_activation", ["logistic", "softmax"])
@pytest.mark.parametrize("loss", ["log_loss", "mean_squared_error"])
def test_two_classes_are_held_out_in_their_proportion(output_activation, loss):
    X, y = np.arange(100.0).reshape(-1, 1) / 100, np.repeat(["a", "b"], [90, 10])
    settings = {"output_activation": output_activation, "loss": loss, "early_stopping": True, "max_iter": 1}
    for seed in range(4):
        seen = []
        scorer = {"scoring": lambda fitted, X, y, seen=seen: seen.append(y) or 0.0, "random_state": seed}
        fit(MLPClassifier, data=(X, y), validation_fraction=0.2, **settings, **scorer)
        assert sorted(seen[0]) == ["a"] * 18 + ["b"] * 2


@pytest.mark.parametrize("loss", ["sparse_categorical_crossentropy", losses.CategoricalCrossentropy(), "log_loss"])
def test_log_loss_by_all_its_names(loss):
    named, default = (fit(MLPClassifier, **given) for given in ({"loss": loss}, {}))
    np.testing.assert_allclose(named.coefs_[0], default.coefs_[0], rtol=1e-9, atol=1e-12)


@pytest.mark.parametrize(
    "loss",
    [
        "categorical_crossentropy",
        "categorical_focal_crossentropy",
        losses.KLDivergence(),
        losses.cosine_similarity,
        losses.Dice(axis=-1),
        losses.Tversky(axis=1),
    ],
    ids=str,
)
def test_losses_that_compare_classes_need_an_output_for_each(loss):
    X, y = problem(MLPClassifier, classes=2)
    with pytest.raises(ValueError, match="learns nothing from one output: .* give output_activation='softmax'"):
        fit(MLPClassifier, data=(X, y), loss=loss)
    assert fit(MLPClassifier, data=(X, y), loss=loss, output_activation="softmax", max_iter=200).score(X, y) > 0.8


def test_log_loss_of_two_classes_by_its_names():
    data = problem(MLPClassifier, classes=2)
    named, default = (fit(MLPClassifier, data=data, **given) for given in ({"loss": "binary_crossentropy"}, {}))
    np.testing.assert_allclose(named.coefs_[0], default.coefs_[0], rtol=1e-9, atol=1e-12)
    with pytest.raises(ValueError, match=r"takes class numbers .* output_activation='softmax'"):
        fit(MLPClassifier, data=data, loss="sparse_categorical_crossentropy")


@pytest.mark.parametrize(
    ("estimator", "loss", "settings"),
    [
        (MLPClassifier, losses.SparseCategoricalCrossentropy, {}),
        (MLPClassifier, losses.CategoricalCrossentropy, {}),
        (MLPClassifier, losses.BinaryCrossentropy, {"output_activation": "logistic"}),
        (MLPRegressor, losses.BinaryCrossentropy, {"output_activation": "sigmoid"}),
    ],
)
def test_losses_of_logits_are_given_logits(estimator, loss, settings):
    X, y = problem(estimator)
    data = X, y > 1 if estimator is MLPRegressor else y
    logits, outputs = (
        fit(estimator, data=data, loss=loss(from_logits=given), early_stopping=True, **settings)
        for given in (True, False)
    )
    np.testing.assert_allclose(logits.coefs_[0], outputs.coefs_[0], rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(logits.validation_loss_curve_, outputs.validation_loss_curve_)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_losses_in_numpy_are_refused_by_name(solver):
    def absolute(y_true, y_pred):
        return ops.convert_to_tensor(np.abs(np.asarray(y_true) - np.asarray(y_pred)))

    estimator = MLPRegressor(absolute, solver=solver)
    with pytest.raises(TypeError, match=r"loss='absolute' must be written in fastnn\.ops: it asks for values"):
        estimator.fit(*problem(MLPRegressor))
    assert not hasattr(estimator, "coefs_")


# ---- weights of classes ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("class_weight", ["balanced", {"a": 3.0, "b": 0.5}, {"a": 1, "b": 2, "c": 3, "absent": 4}])
def test_class_weight_is_a_sample_weight(class_weight):
    X, y = problem(MLPClassifier)
    X, y = X[y != "c"][5:], y[y != "c"][5:]
    X, y = np.vstack([X, X[:9] + 3.0]), np.concatenate([y, ["c"] * 9])
    given = np.linspace(0.5, 1.5, len(y))
    expanded = compute_sample_weight(class_weight, y)
    for weight, combined in ((None, expanded), (given, given * expanded)):
        weighted = fit(MLPClassifier, weight, data=(X, y), class_weight=class_weight)
        np.testing.assert_allclose(weighted.coefs_[0], fit(MLPClassifier, combined, data=(X, y)).coefs_[0], rtol=1e-12)


def test_class_weights_must_leave_something():
    X, y = problem(MLPClassifier)
    fitted = fit(MLPClassifier, data=(X, y))
    before = fitted.coefs_[0].copy()
    fitted.set_params(class_weight={"a": 0, "b": 0, "c": 0})
    with pytest.raises(ValueError, match="class_weight leaves no sample a weight above zero"):
        fitted.fit(X, y)
    fitted.set_params(class_weight={"a": 0, "b": 1, "c": 1})
    with pytest.raises(ValueError, match="class_weight leaves no sample a weight above zero"):
        fitted.fit(X, y, sample_weight=(y == "a").astype(float))
    np.testing.assert_array_equal(fitted.coefs_[0], before)


@pytest.mark.parametrize(
    ("weight", "error", "message"),
    [
        (-1.0, ValueError, r"Negative values in the 'class_weight' parameter: \{'a': -1\.0\}"),
        (np.nan, ValueError, r"NaN or infinite values in the 'class_weight' parameter: \{'a': nan\}"),
        (np.inf, ValueError, r"NaN or infinite values in the 'class_weight' parameter: \{'a': inf\}"),
        ("heavy", TypeError, "class_weight must hold numbers, got 'heavy' for the class 'a'"),
        (None, TypeError, "class_weight must hold numbers, got None for the class 'a'"),
        ({"a": 0, "b": 0, "c": 0}, ValueError, "class_weight leaves no sample a weight above zero"),
    ],
)
@pytest.mark.parametrize("estimator", [MLPClassifier(), KerasClassifier(build_classifier, verbose=0)])
def test_refuses_class_weights(estimator, weight, error, message):
    refusing = clone(estimator).set_params(class_weight=weight if isinstance(weight, dict) else {"a": weight})
    for train in (refusing.fit, lambda X, y: refusing.partial_fit(X, y, classes=["a", "b", "c"])):
        with pytest.raises(error, match=message):
            train(*problem(MLPClassifier))
        assert not hasattr(refusing, "classes_")


@pytest.mark.parametrize("class_weight", ["balanced", {0: 3.0, 2: 0.5}])
def test_class_weight_of_several_labels(class_weight):
    X, Y = multilabel()
    Y[:, 3] = 1
    if class_weight == "balanced":
        expanded = compute_sample_weight("balanced", Y)
    else:
        expanded = compute_sample_weight([{0: 1, 1: class_weight.get(i, 1)} for i in range(4)], Y)
    weighted = fit(MLPClassifier, data=(X, Y), class_weight=class_weight)
    np.testing.assert_allclose(weighted.coefs_[0], fit(MLPClassifier, expanded, data=(X, Y)).coefs_[0], rtol=1e-10)
    with pytest.raises(ValueError, match=r"The classes, \[0, 1, 2, 3\], are not in class_weight"):
        fit(MLPClassifier, data=(X, Y), class_weight={9: 2.0})


def test_class_weight_in_partial_fit():
    X, y = problem(MLPClassifier)
    weights = {"a": 3.0, "b": 0.5}
    a = MLPClassifier(random_state=0, class_weight=weights).partial_fit(X, y, classes=list("abcd"))
    b = MLPClassifier(random_state=0).partial_fit(X, y, compute_sample_weight(weights, y), classes=list("abcd"))
    assert_same_weights(a, b)
    with pytest.raises(ValueError, match="class_weight 'balanced' is not supported for partial_fit"):
        MLPClassifier(class_weight="balanced").partial_fit(X, y, classes=list("abc"))


# ---- validation ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_validation_data_are_watched(estimator):
    X, y = problem(estimator)
    weight = np.linspace(0.5, 2.0, 20)
    watched = estimator(max_iter=4, random_state=0).fit(X[:40], y[:40], validation_data=(X[40:], y[40:], weight))
    assert_same_weights(watched, fit(estimator, data=(X[:40], y[:40])))
    assert len(watched.validation_scores_) == len(watched.validation_loss_curve_) == 4
    assert watched.validation_scores_[-1] == pytest.approx(watched.score(X[40:], y[40:], weight))
    if estimator is MLPClassifier:
        loss = log_loss(y[40:], watched.predict_proba(X[40:]), sample_weight=weight, labels=watched.classes_)
    else:
        loss = mean_squared_error(y[40:], watched.predict(X[40:]), sample_weight=weight) / 2
    assert watched.validation_loss_curve_[-1] == pytest.approx(loss)
    assert watched.best_validation_score_ == max(watched.validation_scores_)
    assert fit(estimator).validation_loss_curve_ is None


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_early_stopping_looks_at_validation_data(estimator):
    X, y = problem(estimator)
    settings = {"early_stopping": True, "max_iter": 200, "random_state": 0, "learning_rate_init": 0.05}
    stopped = estimator(**settings).fit(X[:40], y[:40], validation_data=(X[40:], y[40:]))
    assert stopped.converged_ and stopped.n_iter_ < 200
    assert stopped.score(X[40:], y[40:]) == pytest.approx(max(stopped.validation_scores_))
    thin = estimator(**settings).fit(X[:40], y[:40], validation_data=(sparse.csr_array(X[40:]), y[40:]))
    assert thin.validation_scores_ == stopped.validation_scores_


@pytest.mark.parametrize(
    ("estimator", "scoring"),
    [
        (MLPClassifier, "neg_log_loss"),
        (MLPClassifier, make_scorer(log_loss, greater_is_better=False, response_method="predict_proba")),
        (MLPRegressor, "neg_mean_absolute_error"),
        (MLPRegressor, lambda fitted, X, y: -np.abs(fitted.predict(X) - y).mean()),
        (MLPClassifier, "loss"),
        (MLPRegressor, "loss"),
    ],
)
def test_early_stopping_by_any_scorer(estimator, scoring):
    pandas = pytest.importorskip("pandas")
    X, y = problem(estimator)
    settings = {"early_stopping": True, "validation_fraction": 0.3, "max_iter": 50, "alpha": 0.0}
    scored = fit(estimator, data=(pandas.DataFrame(X).add_prefix("f"), y), scoring=scoring, **settings)
    assert len(scored.feature_names_in_) == 7
    if scoring == "neg_log_loss" or callable(scoring):
        assert max(scored.validation_scores_) < 0
    if scoring == "loss":
        np.testing.assert_array_equal(scored.validation_scores_, -np.array(scored.validation_loss_curve_))
    assert scored.best_validation_score_ == max(scored.validation_scores_)
    with_names = {"neg_log_loss": "loss"}
    if scoring in with_names and estimator is MLPClassifier:
        np.testing.assert_allclose(scored.validation_scores_, -np.array(scored.validation_loss_curve_), rtol=1e-9)


def unweighted(fitted, X, y):
    return -np.abs(fitted.predict(X) - y).max()


@pytest.mark.parametrize("scoring", ["neg_max_error", unweighted])
def test_scorers_that_take_no_weights_score_without(scoring):
    X, y = problem(MLPRegressor)
    estimator = MLPRegressor(early_stopping=True, scoring=scoring, max_iter=1, random_state=0)
    with pytest.warns(UserWarning, match="The scoring .* does not support sample_weight"):
        estimator.fit(X, y, validation_data=(X, y, np.linspace(1, 2, 60)))
    assert estimator.validation_scores_ == [pytest.approx(unweighted(estimator, X, y))]


def test_scorers_with_any_keywords_are_given_weights():
    given = []

    def scorer(fitted, X, y, **others):
        given.append(others["sample_weight"])
        return 0.0

    fit(MLPRegressor, sample_weight=np.linspace(1, 2, 60), early_stopping=True, scoring=scorer)
    assert len(given[0]) == 6


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_early_stopping_with_partial_fit(estimator):
    X, y = problem(estimator)
    settings = {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.05}
    growing = estimator(random_state=0, **settings)
    classes = {"classes": np.unique(y)} if estimator is MLPClassifier else {}
    scores, weights = [], []
    for _ in range(200):
        growing.partial_fit(X[:40], y[:40], validation_data=(X[40:], y[40:]), **classes)
        scores.append(growing.validation_scores_[-1])
        weights.append(growing.coefs_[0].copy())
        if growing.converged_:
            break
    assert growing.converged_ and len(scores) < 200
    best = int(np.argmax(scores))
    assert best < len(scores) - 1
    np.testing.assert_array_equal(growing.coefs_[0], weights[best])
    assert growing.validation_scores_ == scores
    growing.partial_fit(X[:40], y[:40], validation_data=(X[40:], y[40:]))
    assert not growing.converged_
    with pytest.raises(ValueError, match="early_stopping=True without validation_data"):
        growing.partial_fit(X, y)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_a_warm_start_keeps_the_best_weights_of_earlier_calls(estimator):
    X, y = problem(estimator)
    held_out = {"validation_data": (X[40:], y[40:])}
    settings = {"early_stopping": True, "n_iter_no_change": 200, "warm_start": True, "max_iter": 2}
    growing = estimator(random_state=0, learning_rate_init=0.3, **settings)
    classes = {"classes": np.unique(y)} if estimator is MLPClassifier else {}
    for _ in range(5):
        growing.partial_fit(X[:40], y[:40], **held_out, **classes)
    growing.set_params(learning_rate_init=1e-9)
    for _ in range(2):  # the second goes on from the best weights
        growing.fit(X[:40], y[:40], **held_out)
        np.testing.assert_allclose(growing.score(X[40:], y[40:]), growing.best_validation_score_, rtol=1e-9)


def squared(n=200):
    """Return features, and two targets that have nothing to do with each other, the second much harder."""
    rng = np.random.default_rng(0)
    X = rng.normal(size=(n, 3))
    return X, X[:, 0], X[:, 1] + rng.normal(size=n)


WARM = {"hidden_layer_sizes": 8, "early_stopping": True, "warm_start": True, "random_state": 0, "n_iter_no_change": 100}


def test_a_warm_start_on_other_data_compares_scores_of_these():
    X, easy, hard = squared()
    grown = MLPRegressor(**WARM, max_iter=60, learning_rate_init=0.05).fit(X, easy)
    assert grown.best_validation_score_ > 0.9
    grown.fit(X, hard)
    assert grown.score(X, hard) > 0.35
    assert grown.best_validation_score_ == max(grown.validation_scores_[60:]) < 0.9
    assert len(grown.validation_scores_) == 120


def test_the_weights_that_a_warm_start_begins_with_may_be_the_best_on_other_data():
    X, easy, hard = squared()
    grown = MLPRegressor(**WARM, max_iter=60, learning_rate_init=0.05).fit(X[:100], easy[:100])
    before = [coef.copy() for coef in grown.coefs_]
    held_out = X[100:], easy[100:]
    score = grown.score(*held_out)
    grown.set_params(max_iter=5, learning_rate_init=10.0).fit(X[:100], hard[:100], validation_data=held_out)
    assert grown.best_validation_score_ == pytest.approx(score) and max(grown.validation_scores_[60:]) < score
    for now, then in zip(grown.coefs_, before, strict=True):
        np.testing.assert_array_equal(now, then)


@pytest.mark.parametrize("stored", [False, True])
def test_partial_fit_with_other_validation_data_compares_scores_of_these(stored):
    X, easy, hard = squared()
    growing = MLPRegressor(**{**WARM, "n_iter_no_change": 2}, learning_rate_init=0.05)
    for _ in range(30):
        growing.partial_fit(X, easy, validation_data=(X, easy))
    best = growing.best_validation_score_
    growing = pickle.loads(pickle.dumps(growing)) if stored else growing
    growing.partial_fit(X, easy, validation_data=(X.copy(), easy.copy()))  # the same ones
    assert growing.best_validation_score_ >= best > 0.9
    assert not growing.converged_
    while not growing.converged_:
        growing.partial_fit(X, hard, validation_data=(X, hard))
    assert growing.best_validation_score_ == growing.score(X, hard) > 0.3


def test_weights_written_by_hand_have_the_score_to_beat():
    X, easy, _ = squared()
    grown = MLPRegressor(**WARM, max_iter=60, learning_rate_init=0.05).fit(X, easy)
    grown.coefs_[-1][:] = 0.0
    grown.set_params(max_iter=40).fit(X, easy)
    assert grown.best_validation_score_ == max(grown.validation_scores_[60:])
    assert grown.coefs_[-1].any()


def test_patience_begins_anew_with_other_validation_samples():
    X, easy, hard = squared()
    grown = MLPRegressor(**{**WARM, "n_iter_no_change": 3, "tol": 0.1}, max_iter=200).fit(X, easy)
    assert grown.converged_
    grown.fit(X, hard)
    assert grown.n_iter_ > 3
    grown.fit(X, hard)  # as in scikit-learn the count goes on
    assert grown.n_iter_ == 1


@pytest.mark.parametrize("name", ["optimizer", "learning_rate"])
def test_what_is_changed_in_an_object_counts_in_the_next_call(name):
    X, y = problem(MLPRegressor)
    schedule = schedules.ExponentialDecay(0.1, 100, 0.9)
    given = optimizers.SGD(0.1) if name == "optimizer" else schedule
    growing = MLPRegressor(random_state=0, **{name: given}).partial_fit(X, y)
    before = growing.coefs_[0].copy()
    if name == "optimizer":
        given.learning_rate = 0.0
    else:
        given.initial_learning_rate = 0.0
    growing.partial_fit(X, y)
    np.testing.assert_array_equal(growing.coefs_[0], before)


@pytest.mark.parametrize("max_iter", [1, 50])
def test_lbfgs_between_warm_starts_begins_a_new_history(max_iter):
    X, y = problem(MLPRegressor)
    held_out = {"validation_data": (X[40:], y[40:])}
    grown = MLPRegressor(early_stopping=True, warm_start=True, max_iter=50, learning_rate_init=0.01, random_state=0)
    grown.fit(X[:40], y[:40], **held_out).set_params(solver="lbfgs", max_iter=max_iter).fit(X[:40], y[:40])
    grown.set_params(solver="adam", max_iter=20).fit(X[:40], y[:40], **held_out)
    assert grown.score(X[40:], y[40:]) == grown.best_validation_score_ == max(grown.validation_scores_)


@pytest.mark.parametrize("rates", [(0.0, 0.5), (0.5, 0.0)])
def test_the_optimizer_goes_on_where_dropout_begins_or_ends(rates):
    X, y = problem(MLPRegressor)
    coefs = []
    for seed in (0, 1):
        grown = MLPRegressor(random_state=0, dropout=rates[0], shuffle=False)
        for _ in range(3):
            grown.partial_fit(X, y)
        grown.set_params(dropout=rates[1], random_state=seed).partial_fit(X, y)
        assert int(grown._optimizer.optimizer.iterations) == 4
        coefs.append(grown.coefs_[0])
    assert np.array_equal(*coefs) == (not rates[1])


def test_lbfgs_begins_a_new_history():
    X, y = problem(MLPClassifier)
    settings = {"early_stopping": True, "n_iter_no_change": 100, "random_state": 0}
    grown = MLPClassifier(4, **settings)
    for _ in range(3):
        grown.partial_fit(X, y, classes=np.unique(y), validation_data=(X, y))
    grown.set_params(solver="lbfgs", max_iter=2, hidden_layer_sizes=6).fit(X, y)
    assert not hasattr(grown, "best_validation_score_") and not hasattr(grown, "loss_curve_")
    grown.set_params(solver="adam", n_iter_no_change=2)
    while not getattr(grown, "converged_", False):
        grown.partial_fit(X, y, validation_data=(X, y))
    assert grown.score(X, y) == grown.best_validation_score_


def test_early_stopping_without_a_finite_score_keeps_the_last_weights():
    X, y = problem(MLPRegressor)
    settings = {"early_stopping": True, "scoring": lambda *_: np.nan, "max_iter": 3, "random_state": 0}
    with pytest.warns(ConvergenceWarning, match="No validation score was finite"):
        found = MLPRegressor(**settings).fit(X, y, validation_data=(X, y))
    assert_same_weights(found, MLPRegressor(max_iter=3, random_state=0).fit(X, y))


@pytest.mark.parametrize("score", [None, "good", [0.5, 0.5], np.ones(2)], ids=str)
def test_scores_must_be_numbers(score):
    with pytest.raises(ValueError, match=r"scoring must return a number, got .* instead\. \(scorer=<function"):
        fit(MLPRegressor, early_stopping=True, scoring=lambda *_: score)
    for number in (1, np.float32(0.5), np.array([0.5])):
        fitted = fit(MLPRegressor, early_stopping=True, scoring=lambda *_, number=number: number)
        assert fitted.validation_scores_ == [float(np.squeeze(number))] * 4


@pytest.mark.parametrize("going_on", ["fit", "warm_start", "warm_start_optimizer", "partial_fit"])
@pytest.mark.parametrize("estimator", [*PERCEPTRONS, AutoencoderTransformer])
def test_a_scorer_that_raises_at_its_first_look_leaves_all_as_it_was(estimator, going_on):
    X, y = problem(estimator)
    data = (X,) if estimator is AutoencoderTransformer else (X, y)
    validation = {"validation_data": X if estimator is AutoencoderTransformer else (X, y)}

    def scorer(fitted, *_):
        if raising:
            raise LookupError("no score")
        return fitted.n_iter_

    first = {"classes": np.unique(y)} if estimator is MLPClassifier and going_on == "partial_fit" else {}
    method = "partial_fit" if going_on == "partial_fit" else "fit"
    made = estimator(max_iter=2, random_state=0, early_stopping=True, scoring=scorer)
    raising = True
    with pytest.raises(LookupError, match="no score"):
        getattr(made, method)(*data, **first, **validation)
    assert vars(made).keys() == vars(clone(made)).keys() | {"_good"} & vars(made).keys()
    raising = False
    made.set_params(warm_start="warm" in going_on, warm_start_optimizer=going_on == "warm_start_optimizer")
    getattr(made, method)(*data, **first, **validation)
    before = copy.copy(made)
    raising = True
    with pytest.raises(LookupError, match="no score"):
        getattr(made, method)(*data, **first, **validation)
    raising = False
    assert_same_weights(made, before)
    assert (made.loss_curve_, made.validation_scores_) == (before.loss_curve_, before.validation_scores_)
    for each in (made, before):  # the optimizer goes on as if nothing had happened
        getattr(each, method)(*data, **first, **validation)
    assert_same_weights(made, before)


def test_a_scorer_that_raises_later_leaves_the_weights_of_the_last_epoch():
    X, y = problem(MLPRegressor)

    def scorer(fitted, X, y):
        if fitted.n_iter_ == 3:
            raise LookupError("no score")
        return fitted.n_iter_

    made = MLPRegressor(random_state=0, early_stopping=True, scoring=scorer)
    with pytest.raises(LookupError, match="no score"):
        made.fit(X, y, validation_data=(X, y))
    assert made.n_iter_ == len(made.loss_curve_) == 3
    assert_same_weights(made, MLPRegressor(max_iter=3, random_state=0).fit(X, y))


def test_indicators_count_as_zero_and_one_in_early_stopping():
    X, y = multilabel()
    settings = {"early_stopping": True, "validation_fraction": 0.3, "max_iter": 5, "random_state": 0}
    scores = [MLPClassifier(**settings).fit(X, y * one).validation_scores_ for one in (1, 255)]
    assert scores[0] == scores[1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        (lambda X, y: X, r"validation_data must be a tuple \(X, y\) or \(X, y, sample_weight\)"),
        (lambda X, y: (X,), r"validation_data must be a tuple"),
        (lambda X, y: (X[:, :3], y), "X has 3 features, but"),
        (lambda X, y: (X, y[:5]), "inconsistent numbers of samples"),
        (lambda X, y: (X * np.nan, y), "contains NaN"),
        (lambda X, y: (X, y, -np.ones(60)), "Negative values in data passed to `sample_weight`"),
    ],
)
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_refuses_validation_data(estimator, data, message):
    fresh = estimator()
    with pytest.raises(ValueError, match=message) as error:
        fresh.fit(*problem(estimator), validation_data=data(*problem(estimator)))
    assert str(error.value).startswith("validation_data")
    assert not hasattr(fresh, "coefs_")


@pytest.mark.parametrize("bad", [np.full((20, 64), np.nan), np.zeros((20, 3)), np.zeros((20, 64), "M8[s]")])
def test_an_autoencoder_names_its_validation_data(bad):
    with pytest.raises((TypeError, ValueError), match="^validation_data: .*X "):
        fastnn.AutoencoderTransformer().fit(np.zeros((20, 64)), validation_data=bad)


def test_refuses_validation_samples_that_weigh_nothing():
    X, y = problem(MLPClassifier)
    fitted = fit(MLPClassifier)
    before = dict(vars(fitted))
    weightless = {"class_weight": {"a": 0.0, "b": 1.0, "c": 1.0}}, {"validation_data": (X[y == "a"], y[y == "a"])}
    for setting, given in (weightless, ({"early_stopping": True}, {"sample_weight": np.eye(1, 60)[0]})):
        with pytest.raises(ValueError, match="weights of the validation set must contain at least one non-zero"):
            fitted.set_params(**{"class_weight": None, **setting}).fit(X, y, **given)
        assert {name: vars(fitted)[name] for name in before if name.endswith("_")} == {
            name: value for name, value in before.items() if name.endswith("_")
        }


def test_refuses_other_targets_in_validation_data():
    X, y = problem(MLPClassifier)
    with pytest.raises(ValueError, match="`y` has classes not in"):
        MLPClassifier().fit(X, y, validation_data=(X, np.full(60, "z")))
    X, y = problem(MLPRegressor)
    with pytest.raises(ValueError, match="y has 2 columns, but that of the training data has 1"):
        MLPRegressor().fit(X, y, validation_data=(X, np.stack([y, y], axis=1)))
    with pytest.raises(ValueError, match="solver='lbfgs' .* validation_data"):
        MLPRegressor(solver="lbfgs").fit(X, y, validation_data=(X, y))


# ---- optimizers ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize(
    ("given", "same"),
    [
        ({"optimizer": "Adam"}, {"optimizer": optimizers.Adam(0.001)}),
        (
            {"optimizer": "sgd", "learning_rate_init": 0.1},
            {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 0.1},
        ),
        ({"optimizer": optimizers.Adam(0.001, epsilon=1e-8)}, {}),
        (
            {"optimizer": optimizers.SGD(0.01, clipnorm=0.1)},
            {"optimizer": "sgd", "clipnorm": 0.1, "learning_rate_init": 0.01},
        ),
        (
            {"solver": "sgd", "learning_rate": schedules.ExponentialDecay(0.01, 3, 0.5)},
            {"optimizer": optimizers.SGD(schedules.ExponentialDecay(0.01, 3, 0.5), momentum=0.9, nesterov=True)},
        ),
        (
            {"optimizer": "sgd", "learning_rate": "invscaling"},
            {"solver": "sgd", "momentum": 0.0, "learning_rate": "invscaling"},
        ),
    ],
)
def test_optimizers_by_name_and_object(estimator, given, same):
    assert_same_weights(fit(estimator, batch_size=16, **given), fit(estimator, batch_size=16, **same))


@pytest.mark.parametrize("name", optimizers.REGISTRY.by_name)
def test_every_optimizer_trains(name):
    X, y = problem(MLPClassifier)
    fitted = fit(MLPClassifier, optimizer=name.lower(), learning_rate_init=0.01, max_iter=100)
    assert fitted.score(X, y) > fit(MLPClassifier, learning_rate_init=1e-9).score(X, y)


def test_an_optimizer_object_is_not_changed():
    optimizer = optimizers.Adam(0.01)
    estimator = MLPRegressor(optimizer=optimizer, max_iter=3, random_state=0)
    X, y = problem(MLPRegressor)
    first = estimator.fit(X, y).coefs_[0].copy()
    assert int(optimizer.iterations) == 0 and not optimizer.built
    np.testing.assert_array_equal(estimator.fit(X, y).coefs_[0], first)
    np.testing.assert_array_equal(clone(estimator).fit(X, y).coefs_[0], first)


class Louder(optimizers.SGD):
    """An optimizer of the user's, whose configuration does not tell all."""

    def __init__(self, loudness=1.0, **settings):
        super().__init__(**settings)
        self.loudness = loudness

    def update_step(self, gradient, variable, learning_rate=None):
        super().update_step(gradient * self.loudness, variable, learning_rate)


def decaying():
    optimizer = optimizers.AdamW(0.01, weight_decay=0.5)
    optimizer.exclude_from_weight_decay(var_names=["bias"])
    return optimizer


@pytest.mark.parametrize(
    "make",
    [
        decaying,
        lambda: Louder(3.0, learning_rate=0.01),
        lambda: optimizers.SGD(0.05, loss_scale_factor=1024.0),
        lambda: optimizers.Adam(0.05, loss_scale_factor=3.0, gradient_accumulation_steps=2),
        lambda: optimizers.Adam(0.05, use_ema=True, ema_momentum=0.5, ema_overwrite_frequency=3),
        lambda: optimizers.Nadam(0.05, gradient_accumulation_steps=2),
        lambda: optimizers.ScheduleFreeAdamW(0.05, warmup_steps=3, weight_decay=0.1),
        lambda: optimizers.Muon(0.05, momentum=0.5),
    ],
)
def test_an_optimizer_object_does_what_it_does_in_a_model(make):
    X, y = problem(MLPRegressor)
    settings = {"hidden_layer_sizes": (), "alpha": 0.0, "shuffle": False, "batch_size": 16}
    before = fit(MLPRegressor, data=(X, y), optimizer=optimizers.SGD(1e-300), **settings)
    model = fastnn.Sequential([fastnn.Input((7,), dtype="float64"), fastnn.layers.Dense(1, dtype="float64")])
    model.set_weights([before.coefs_[0], before.intercepts_[0]])
    model.compile(make(), lambda y_true, y_pred: ops.square(y_pred - y_true) * 0.5)
    model.fit(X, y.reshape(-1, 1), batch_size=16, epochs=4, shuffle=False, verbose=0)
    optimizer = make()
    found = fit(MLPRegressor, data=(X, y), optimizer=optimizer, **settings)
    np.testing.assert_allclose(found.coefs_[0], model.get_weights()[0], rtol=1e-6)
    np.testing.assert_allclose(found.intercepts_[0], model.get_weights()[1], rtol=1e-6)
    if type(optimizer) is not Louder:  # a configuration is all that there is of what has been built
        optimizer.build(model.trainable_variables)
        assert_same_weights(fit(MLPRegressor, data=(X, y), optimizer=optimizer, **settings), found)


def test_the_penalty_is_scaled_with_the_loss():
    scaled, plain = (
        fit(MLPRegressor, alpha=1.0, l1=0.1, optimizer=optimizers.SGD(0.01, loss_scale_factor=factor))
        for factor in (8.0, None)
    )
    assert_same_weights(scaled, plain)  # a power of two
    assert scaled.loss_curve_ == plain.loss_curve_


def test_averages_of_weights_are_what_is_left():
    """The first step's average is the weights themselves, as in Keras."""
    settings = {"hidden_layer_sizes": (), "batch_size": 60, "shuffle": False, "alpha": 0.0}
    one, two = (fit(MLPRegressor, optimizer=optimizers.SGD(0.01), max_iter=n, **settings).coefs_[0] for n in (1, 2))
    averaging = optimizers.SGD(0.01, use_ema=True, ema_momentum=0.9)
    found = fit(MLPRegressor, optimizer=averaging, max_iter=2, **settings).coefs_[0]
    np.testing.assert_allclose(found, 0.9 * one + 0.1 * two, rtol=1e-12)


def test_averages_of_weights_are_what_early_stopping_looks_at():
    X, y = problem(MLPRegressor)
    averaging = optimizers.Adam(0.05, use_ema=True, ema_momentum=0.9)
    settings = {"optimizer": averaging, "early_stopping": True, "random_state": 0}
    found = MLPRegressor(max_iter=8, **settings).fit(X, y, validation_data=(X, y))
    assert found.score(X, y) == found.best_validation_score_ == max(found.validation_scores_)
    plain = clone(found).set_params(early_stopping=False).fit(X, y)
    assert plain.score(X, y) == found.validation_scores_[-1]
    np.testing.assert_array_equal(plain.loss_curve_, found.loss_curve_)  # looks change nothing


@pytest.mark.parametrize(
    "setting",
    [{"solver": "sgd"}, {"clipnorm": 1e-9}, {"learning_rate_init": 1.0}, {"beta_1": 0.5}, {"optimizer": "rmsprop"}],
)
@pytest.mark.parametrize("goes_on", ["partial_fit", "warm_start"])
def test_other_parameters_of_the_solver_begin_a_new_optimizer(setting, goes_on):
    """In a copy, too, whose optimizer is made anew."""
    X, y = problem(MLPRegressor)
    warm = {"warm_start": True, "warm_start_optimizer": True} if goes_on == "warm_start" else {}
    fitted = fit(MLPRegressor, **warm)

    def go_on(estimator, **others):
        estimator.set_params(**others)
        return estimator.fit(X, y) if warm else estimator.partial_fit(X, y)

    same, copied = go_on(copy.deepcopy(fitted)), go_on(pickle.loads(pickle.dumps(fitted)), **setting)
    assert differ(go_on(fitted, **setting), same)
    assert_same_weights(fitted, copied)


@pytest.mark.parametrize("setting", [{"clipnorm": 1e-3}, {"clipvalue": 1e-3}, {"global_clipnorm": 1e-3}])
def test_clipping(setting):
    settings = {"solver": "sgd", "momentum": 0.0, "learning_rate_init": 1.0, "max_iter": 1, "batch_size": 60}
    before = fit(MLPRegressor, **{**settings, "learning_rate_init": 1e-12})
    after = fit(MLPRegressor, **settings, **setting)
    steps = [a - b for a, b in zip(after.coefs_ + after.intercepts_, before.coefs_ + before.intercepts_, strict=True)]
    norms = [np.linalg.norm(step) for step in steps]
    limit = {
        "clipnorm": max(norms),
        "clipvalue": max(np.abs(step).max() for step in steps),
        "global_clipnorm": np.linalg.norm(norms),
    }[next(iter(setting))]
    assert limit == pytest.approx(1e-3, rel=1e-6)


def test_l1_makes_weights_small_where_they_do_not_help():
    X, y = np.random.default_rng(0).normal(size=(200, 10)), np.zeros(200)
    y = X[:, 0] * 2.0
    settings = {"hidden_layer_sizes": (), "max_iter": 300, "learning_rate_init": 0.01, "alpha": 0.0}
    weights = np.abs(fit(MLPRegressor, data=(X, y), l1=20.0, **settings).coefs_[0].ravel())
    assert weights[0] > 1.5
    assert weights[1:].max() < 0.02
    np.testing.assert_array_equal(
        fit(MLPRegressor, data=(X, y), l1=0.0, **settings).coefs_[0],
        fit(MLPRegressor, data=(X, y), **settings).coefs_[0],
    )


@pytest.mark.parametrize("solver", [{"solver": "adam"}, {"solver": "sgd", "learning_rate": "invscaling"}])
def test_warm_start_with_the_optimizers_state(solver):
    """Two fits of three epochs are six calls of partial_fit: nothing is forgotten in between."""
    X, y = problem(MLPRegressor)
    settings = {"warm_start": True, "shuffle": False, "max_iter": 3, "random_state": 0, **solver}
    kept = MLPRegressor(warm_start_optimizer=True, **settings).fit(X, y).fit(X, y)
    steps = MLPRegressor(**settings)
    for _ in range(6):
        steps.partial_fit(X, y)
    assert_same_weights(kept, steps)
    assert differ(kept, MLPRegressor(**settings).fit(X, y).fit(X, y))


# ---- dtype and threads -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize(("dtype", "name"), [("float32", "float32"), (np.float64, "float64"), (np.float32, "float32")])
def test_dtype(estimator, dtype, name):
    X, y = problem(estimator)
    fitted = fit(estimator, data=(X.astype("float32"), y), dtype=dtype)
    assert {a.dtype.name for a in fitted.coefs_ + fitted.intercepts_} == {name}
    assert_same_weights(fitted, fit(estimator, data=(X.astype("float32").astype(name), y)))


def test_n_jobs(monkeypatch):
    asked = set()
    run = fastnn.plan.Program.run_batches
    monkeypatch.setattr(
        fastnn.plan.Program,
        "run_batches",
        lambda self, *args: (asked.add(thread_limit()), run(self, *args))[1],
    )
    results = []
    for n_jobs, threads in ((None, 0), (1, 1), (2, 2)):
        results.append(fit(MLPRegressor, n_jobs=n_jobs))
        assert asked == {threads}
        asked.clear()
    assert_same_weights(results[0], results[1])
    joblib = pytest.importorskip("joblib")
    with joblib.parallel_config("threading"):
        joblib.Parallel(2)(joblib.delayed(fit)(MLPRegressor) for _ in range(2))
    assert asked == {1}


def test_extensions_leave_scikit_learns_results_alone():
    """With their defaults, and with values that mean the same."""
    neutral = {
        "dropout": [0.0],
        "normalization": [None],
        "l1": 0.0,
        "global_clipnorm": 1e9,
        "activation": ["relu"],
        "dtype": "float64",
        "n_jobs": 1,
    }
    for estimator in PERCEPTRONS:
        ours, theirs = fit(estimator, **neutral), fit(oracle(estimator))
        np.testing.assert_allclose(ours.coefs_[0], theirs.coefs_[0], rtol=0, atol=1e-10)
        assert_same_fit(estimator)
        assert set(neutral) < set(inspect.signature(estimator).parameters)
