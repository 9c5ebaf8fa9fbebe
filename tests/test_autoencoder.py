"""AutoencoderTransformer: PCA is the oracle of the linear one; through the bottleneck and back."""

import copy
import inspect
import pickle

import numpy as np
import pytest
from sklearn.base import clone
from sklearn.datasets import load_digits
from sklearn.decomposition import PCA
from sklearn.exceptions import NotFittedError
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import GridSearchCV
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import MinMaxScaler

from fastnn import AutoencoderTransformer, MLPRegressor, ops
from fastnn._kernels import core
from fastnn.estimators.network import Network, Noise
from fastnn.optimizers import Adam

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

DIGITS, LABELS = load_digits(return_X_y=True)
X = (DIGITS / 16)[:300]


def coder(*args, **settings):
    return AutoencoderTransformer(*args, **{"max_iter": 5, "random_state": 0, **settings})


# ---- the network ---------------------------------------------------------------------------------------------


@pytest.mark.parametrize("components", [1, 2])
def test_the_linear_one_finds_what_pca_finds(components):
    rng = np.random.default_rng(0)
    data = rng.standard_normal((120, 4)) @ rng.standard_normal((4, 7)) + 0.1 * rng.standard_normal((120, 7)) + 2
    linear = coder(components, (), solver="lbfgs", alpha=0.0, max_iter=2000, max_fun=10**5, tol=1e-9).fit(data)
    pca = PCA(components).fit(data)
    best = np.square(data - pca.inverse_transform(pca.transform(data))).mean()
    assert linear.reconstruction_error(data).mean() == pytest.approx(best, rel=1e-3)
    assert linear.score(data) == pytest.approx(-best, rel=1e-3)


def test_it_is_a_regressor_of_features_on_themselves():
    fitted = coder(3, (20, 9), ["tanh", "relu"], code_activation="logistic", dropout=[0.1, 0.0], l1=0.01).fit(X)
    regressor = MLPRegressor(
        hidden_layer_sizes=(20, 9, 3, 9, 20), activation=["tanh", "relu", "logistic", "relu", "tanh"],
        dropout=[0.1, 0.0, 0.0, 0.0, 0.1], l1=0.01, max_iter=5, random_state=0,
    ).fit(X, X)  # fmt: skip
    for ours, its in zip(fitted.coefs_, regressor.coefs_, strict=True):
        np.testing.assert_array_equal(ours, its)
    assert fitted.loss_curve_ == regressor.loss_curve_
    np.testing.assert_array_equal(fitted.inverse_transform(fitted.transform(X)), regressor.predict(X))
    assert (fitted.n_layers_, fitted.n_iter_, fitted.t_) == (7, 5, 1500)


def test_it_has_the_regressors_parameters():
    ours, its = (set(inspect.signature(cls).parameters) for cls in (AutoencoderTransformer, MLPRegressor))
    assert its - ours == {"normalization"}


def test_codes_and_features_by_hand():
    fitted = coder(2, (10,), "tanh", output_activation="logistic").fit(X)
    (w0, w1, w2, w3), (b0, b1, b2, b3) = fitted.coefs_, fitted.intercepts_
    codes = np.tanh(X @ w0 + b0) @ w1 + b1
    np.testing.assert_allclose(fitted.transform(X), codes, rtol=1e-9, atol=1e-12)
    found = 1 / (1 + np.exp(-(np.tanh(codes @ w2 + b2) @ w3 + b3)))
    np.testing.assert_allclose(fitted.inverse_transform(codes), found, rtol=1e-9)
    np.testing.assert_allclose(fitted.reconstruction_error(X), ((X - found) ** 2).mean(axis=1), rtol=1e-9)
    weight = np.arange(300.0)
    assert fitted.score(X, sample_weight=weight) == pytest.approx(
        -np.average(((X - found) ** 2).mean(1), weights=weight)
    )
    fitted.coefs_[0][:] = 0.0
    np.testing.assert_allclose(fitted.transform(X), np.tile(np.tanh(b0) @ w1 + b1, (300, 1)))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_dtype_is_that_of_the_features(dtype):
    fitted = coder().fit(X.astype(dtype))
    codes = fitted.transform(X.astype(dtype))
    assert codes.dtype == fitted.inverse_transform(codes).dtype == fitted.coefs_[0].dtype == dtype
    assert coder(dtype="float32").fit(X).transform(X).dtype == "float32"


def test_same_bits_on_any_number_of_threads():
    found = []
    for threads in (1, 2):
        core.set_num_threads(threads)
        found.append(coder(8, (150,), noise=0.3).fit(X).transform(X).tobytes())
    assert found[0] == found[1]


def test_it_learns():
    fitted = coder(8, (64,), learning_rate_init=0.01, max_iter=60).fit(X)
    pca = PCA(8).fit(X)
    assert fitted.reconstruction_error(X).mean() < np.square(X - pca.inverse_transform(pca.transform(X))).mean()
    strange = np.random.default_rng(0).random((50, 64))
    assert np.median(fitted.reconstruction_error(strange)) > 2 * np.median(fitted.reconstruction_error(X))


# ---- noise ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["gaussian", "masking"])
def test_noise_is_for_training_alone(kind):
    plain, noisy, same = (coder(4, (30,), noise=noise, noise_type=kind).fit(X) for noise in (0.0, 0.4, 0.4))
    assert np.abs(plain.transform(X) - noisy.transform(X)).max() > 1e-3
    np.testing.assert_array_equal(noisy.transform(X), same.transform(X))
    np.testing.assert_array_equal(noisy.transform(X), noisy.transform(X))
    assert noisy.loss_curve_[0] != plain.loss_curve_[0]


@pytest.mark.parametrize("kind", ["gaussian", "masking"])
def test_validation_sees_no_noise(kind):
    fitted = coder(4, (30,)).fit(X)
    hidden = ["relu", "identity", "relu"]
    network = Network(fitted.coefs_, fitted.intercepts_, hidden, "identity", noise=Noise(kind, 0.4))
    rows, expected = ops.convert_to_tensor(X), fitted.inverse_transform(fitted.transform(X))
    np.testing.assert_allclose(network.logits(rows).numpy(), expected, atol=1e-12)
    assert np.abs(network.logits(rows, training=True).numpy() - expected).max() > 1e-2


@pytest.mark.parametrize("kind", ["gaussian", "masking"])
def test_noise_has_its_strength(kind):
    """A network that cannot change sees its own output for disturbed inputs: the loss tells the noise's variance."""
    data = np.full((2000, 3), 2.0)
    settings = {"activation": "identity", "noise_type": kind, "optimizer": Adam(1e-12), "alpha": 0.0, "max_iter": 1}
    fitted = coder(3, (), noise=0.25, **settings).fit(data)
    through = fitted.coefs_[0] @ fitted.coefs_[1]
    bias = fitted.intercepts_[0] @ fitted.coefs_[1] + fitted.intercepts_[1]
    variance = 0.25**2 if kind == "gaussian" else 4 * 0.25 * 0.75
    mean = 2.0 if kind == "gaussian" else 2.0 * 0.75
    expected = ((mean * through.sum(axis=0) + bias - 2) ** 2 + variance * (through**2).sum(axis=0)).mean() / 2
    assert fitted.loss_ == pytest.approx(expected, rel=0.05)


def test_a_denoising_one_puts_up_with_noise():
    noisy = X + np.random.default_rng(0).normal(0, 0.3, X.shape)
    settings = {"learning_rate_init": 0.005, "max_iter": 80}
    plain, denoising = (coder(30, (64,), noise=noise, **settings).fit(X) for noise in (0.0, 0.3))
    errors = [np.square(each.inverse_transform(each.transform(noisy)) - X).mean() for each in (plain, denoising)]
    assert errors[1] < errors[0]


# ---- habits --------------------------------------------------------------------------------------------------


def test_partial_fit_and_warm_start():
    parts = coder(noise=0.2)
    for _ in range(3):
        parts.partial_fit(X)
    assert parts.t_ == 900
    assert len(parts.loss_curve_) == 3
    warm = coder(warm_start=True).fit(X)
    loss = warm.loss_
    assert warm.fit(X).loss_ < loss
    with pytest.raises(ValueError, match="warm_start can only be used with the layers"):
        warm.set_params(n_components=5).fit(X)
    assert warm.transform(X).shape == (300, 2)
    cold = coder().fit(X)
    np.testing.assert_array_equal(cold.fit(X).transform(X), coder().fit(X).transform(X))


def test_early_stopping():
    fitted = coder(early_stopping=True, max_iter=30).fit(X)
    assert len(fitted.validation_scores_) == fitted.n_iter_
    assert fitted.best_validation_score_ == max(fitted.validation_scores_)


@pytest.mark.parametrize(
    "settings",
    [
        {"loss": "quantile", "quantile": 0.9},
        {"loss": "huber", "delta": 0.1},
        {"early_stopping": True, "scoring": "neg_mean_absolute_error"},
        {"early_stopping": True, "scoring": "loss"},
    ],
)
def test_parameters_of_the_regressor(settings):
    regressor = MLPRegressor(hidden_layer_sizes=(9, 2, 9), activation=["relu", "identity", "relu"], max_iter=5,
                             random_state=0, **settings).fit(X, X)  # fmt: skip
    fitted = coder(2, (9,), **settings).fit(X)
    assert fitted.loss_curve_ == regressor.loss_curve_
    assert fitted.validation_scores_ == regressor.validation_scores_
    assert fitted.loss_curve_ != coder(2, (9,), loss=settings.get("loss", "squared_error")).fit(X).loss_curve_


def test_warm_start_with_the_optimizers_state():
    """Two fits of three epochs are six calls of partial_fit."""
    settings = {"warm_start": True, "shuffle": False, "max_iter": 3}
    kept = coder(warm_start_optimizer=True, **settings).fit(X).fit(X)
    steps, anew = coder(**settings), coder(**settings).fit(X).fit(X)
    for _ in range(6):
        steps.partial_fit(X)
    np.testing.assert_array_equal(kept.transform(X), steps.transform(X))
    assert np.abs(kept.transform(X) - anew.transform(X)).max() > 1e-6


def test_validation_data():
    watched = coder().fit(X[:200], validation_data=X[200:])
    assert watched.loss_curve_ == coder().fit(X[:200]).loss_curve_
    assert watched.validation_loss_curve_[-1] == pytest.approx(-watched.score(X[200:]) / 2)
    single = coder(1, ()).fit(X[:200, 10:11], validation_data=X[200:, 10:11])
    assert len(single.validation_scores_) == 5


def test_a_shallow_copy_goes_on_by_itself():
    fitted = coder(max_iter=3).fit(X)
    codes, losses = fitted.transform(X), list(fitted.loss_curve_)
    copied = copy.copy(fitted)
    np.testing.assert_array_equal(copied.transform(X), codes)
    copied.partial_fit(X)
    assert len(copied.loss_curve_) == 4
    assert fitted.loss_curve_ == losses
    np.testing.assert_array_equal(fitted.transform(X), codes)


def test_early_stopping_with_partial_fit():
    settings = {"early_stopping": True, "n_iter_no_change": 2, "learning_rate_init": 0.05}
    growing, whole = coder(**settings), coder(max_iter=200, shuffle=False, **settings)
    growing.shuffle = False
    for _ in range(200):
        growing.partial_fit(X[:200], validation_data=X[200:])
        if growing.converged_:
            break
    assert growing.converged_ and len(growing.validation_scores_) < 200
    whole.fit(X[:200], validation_data=X[200:])
    np.testing.assert_array_equal(growing.transform(X), whole.transform(X))
    with pytest.raises(ValueError, match="early_stopping=True without validation_data"):
        growing.partial_fit(X)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ((X, X), r"validation_data must be features alone, of shape \(n_samples, n_features\), got a tuple of 2"),
        (X[:, 1:], "X has 63 features, but AutoencoderTransformer is expecting 64"),
        (X * np.nan, "contains NaN"),
    ],
)
def test_refuses_validation_data(data, message):
    refusing = coder()
    with pytest.raises(ValueError, match=message):
        refusing.fit(X, validation_data=data)
    assert not hasattr(refusing, "coefs_")


def test_names_and_frames():
    pandas = pytest.importorskip("pandas")
    frame = pandas.DataFrame(X, columns=[f"pixel_{i}" for i in range(64)])
    fitted = coder(3).set_output(transform="pandas")
    codes = fitted.fit_transform(frame)
    assert list(codes.columns) == [f"autoencodertransformer{i}" for i in range(3)]
    assert fitted.get_feature_names_out().tolist() == list(codes.columns)
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.transform(frame.rename(columns={"pixel_0": "x"}))


def test_pipelines_and_searches():
    pipeline = make_pipeline(MinMaxScaler(), coder(16, max_iter=40), LogisticRegression(max_iter=1000))
    assert pipeline.fit(DIGITS[:600], LABELS[:600]).score(DIGITS[600:], LABELS[600:]) > 0.75
    search = GridSearchCV(coder(max_iter=20), {"n_components": [1, 12]}, cv=2).fit(X)
    assert search.best_params_ == {"n_components": 12}


def test_callbacks_are_told_of_it_and_not_of_its_regressor():
    callback = pytest.importorskip("sklearn.callback")
    pandas = pytest.importorskip("pandas")
    seen = []

    class Recorder:
        max_propagation_depth = 2  # it is set for the pipeline, and goes down to its steps

        def setup(self, estimator, context):
            pass

        teardown = setup

        def on_fit_task_begin(self, estimator, context):
            pass

        def on_fit_task_end(self, estimator, context, *, X=None, y=None, metadata=None, fitted_estimator=None):
            if context.task_name == "epoch":
                seen.append((estimator, X, y, metadata, fitted_estimator))

    frame, weight = pandas.DataFrame(X).add_prefix("f"), np.ones(300)
    assert isinstance(Recorder(), callback.AutoPropagatedCallback)
    made = coder(hidden_layer_sizes=(4,), max_iter=3)
    chain = make_pipeline("passthrough", made).set_callbacks(Recorder())
    chain.fit(frame, autoencodertransformer__sample_weight=weight)
    assert [(each is made, x is frame, y, told["sample_weight"] is weight) for each, x, y, told, _ in seen] == [
        (True, True, None, True)
    ] * 3
    for epochs, (*_, then) in zip((1, 2, 3), seen, strict=True):
        shorter = coder(hidden_layer_sizes=(4,), max_iter=epochs).fit(frame, sample_weight=weight)
        np.testing.assert_array_equal(then.transform(frame), shorter.transform(frame))


def test_sample_weights():
    weight = np.where(LABELS[:300] == 0, 20.0, 0.01)
    fitted = coder(2, (20,), max_iter=60).fit(X, sample_weight=weight)
    errors = fitted.reconstruction_error(X)
    assert errors[LABELS[:300] == 0].mean() < 0.6 * errors[LABELS[:300] != 0].mean()


def test_verbose_prints_the_regressors_lines(capsys):
    coder(verbose=True, max_iter=2).fit(X)
    assert capsys.readouterr().out.count("Iteration") == 2


# ---- what goes wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"n_components": 0}, "The 'n_components' parameter"),
        ({"hidden_layer_sizes": (3, 0)}, "hidden_layer_sizes must be > 0"),
        ({"activation": ["relu", "relu"]}, "activation must be one value, or one for each of the 1 hidden layers"),
        ({"code_activation": ["relu"]}, "The 'code_activation' parameter"),
        ({"output_activation": "ghost"}, "The 'output_activation' parameter"),
        ({"loss": "ghost"}, "The 'loss' parameter"),
        ({"quantile": 1.0}, "The 'quantile' parameter"),
        ({"delta": 0.0}, "The 'delta' parameter"),
        ({"scoring": "ghost"}, "The 'scoring' parameter"),
        ({"warm_start_optimizer": 2}, "The 'warm_start_optimizer' parameter"),
        ({"noise": -1}, "The 'noise' parameter"),
        ({"noise": 1.0, "noise_type": "masking"}, "noise must be less than 1 for noise_type='masking', got 1.0"),
        ({"noise_type": "salt"}, "The 'noise_type' parameter"),
        ({"solver": "lbfgs", "noise": 0.1}, "solver='lbfgs' .* cannot be used with noise=0.1"),
        ({"solver": "lbfgs", "dropout": 0.1}, "solver='lbfgs' .* cannot be used with dropout"),
        ({"max_iter": 0}, "The 'max_iter' parameter"),
    ],
)
def test_refuses(settings, message):
    estimator = coder(**settings)
    with pytest.raises(ValueError, match=message):
        estimator.fit(X)
    assert not hasattr(estimator, "coefs_")


def test_a_refused_warm_start_changes_nothing():
    fitted = coder(2, warm_start=True).fit(X)
    codes = fitted.transform(X)
    with pytest.raises(ValueError, match="warm_start can only be used with the layers"):
        fitted.set_params(hidden_layer_sizes=(5, 5)).fit(X)
    np.testing.assert_array_equal(fitted.transform(X), codes)
    np.testing.assert_array_equal(pickle.loads(pickle.dumps(fitted)).transform(X), codes)


def test_divergence_keeps_the_last_finite_weights():
    diverging = coder(2, solver="sgd", learning_rate_init=1e20)
    with pytest.raises(ValueError, match="have been restored"):
        diverging.fit(X)
    assert all(np.isfinite(coef).all() for coef in diverging.coefs_)


def test_refuses_data():
    fitted = coder(3).fit(X)
    with pytest.raises(ValueError, match="X has 2 components, but AutoencoderTransformer has 3"):
        fitted.inverse_transform(X[:, :2])
    with pytest.raises(ValueError, match="X has 63 features"):
        fitted.transform(X[:, 1:])
    with pytest.raises(ValueError, match="contains NaN"):
        coder().fit(X * np.nan)
    thin = pytest.importorskip("scipy.sparse").csr_array(X)
    for refusing in (coder().fit, fitted.transform, fitted.reconstruction_error):
        with pytest.raises(TypeError, match="[Ss]parse data was passed"):
            refusing(thin)
    with pytest.raises(NotFittedError):
        coder().transform(X)
    with pytest.raises(AttributeError, match="has no attribute .partial_fit."):
        coder(solver="lbfgs").partial_fit  # noqa: B018
    with pytest.raises(AttributeError, match="no attribute 'coefs_'"):
        clone(fitted).coefs_  # noqa: B018


def test_refuses_dates():
    fitted, dates = coder(3).fit(X), np.zeros((4, 64), "M8[s]")
    calls = (fitted.transform, fitted.reconstruction_error, fitted.score, fitted.fit, fitted.partial_fit)
    for call in (*calls, lambda dates: fitted.inverse_transform(dates[:, :3])):
        with pytest.raises(TypeError, match=r"X must hold numbers, got datetime64\[s\]"):
            call(dates)


@pytest.mark.parametrize(
    ("weight", "message"),
    [
        (np.ones(299), r"sample_weight.shape == \(299,\), expected \(300,\)"),
        (-np.ones(300), "Negative values in data passed to `sample_weight`"),
        (np.zeros(300), "Sample weights must contain at least one non-zero number"),
    ],
)
def test_score_refuses_weights(weight, message):
    with pytest.raises(ValueError, match=message):
        coder().fit(X).score(X, sample_weight=weight)


def test_features_beyond_the_dtype_of_the_weights_are_refused():
    narrow, beyond = coder(3, dtype="float32").fit(X), np.where(np.arange(300)[:, np.newaxis] == 290, 1e300, X)
    calls = (narrow.transform, narrow.reconstruction_error, narrow.score, narrow.fit)
    for call in (*calls, lambda X: narrow.inverse_transform(X[:, :3])):
        with (
            np.errstate(over="ignore"),
            pytest.raises(ValueError, match=r"Input X contains infinity or a value too large for dtype\('float32'\)"),
        ):
            call(beyond)


def test_weights_may_be_written():
    fitted = coder(3).fit(X)
    before = fitted.transform(X)
    fitted.coefs_ = [weights * 0 for weights in fitted.coefs_]
    assert not fitted.coefs_[0].any()
    assert np.ptp(fitted.transform(X), axis=0).max() == 0 < np.ptp(before, axis=0).max()
    assert fitted.fit(X).coefs_[0].any()
