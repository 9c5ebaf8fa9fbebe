"""Programs that estimators share: whatever was trained before, a fit gives the bits of a fit that compiles its own."""

import inspect
import re

import numpy as np
import pytest
from estimator_samples import SAMPLES, X, Y, outputs, quick

from fastnn import MLPClassifier, MLPRegressor, activations, config, losses, optimizers, plan
from fastnn.estimators import objectives, programs, solvers
from fastnn.estimators.base import MultilayerPerceptron
from fastnn.estimators.network import ACTIVATIONS
from fastnn.estimators.parameters import LOSSES
from fastnn.losses import MeanSquaredError
from fastnn.optimizers import SGD, schedules
from fastnn.template import Templates

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

#: Other settings, by the parameter that makes them other; what stands beside it is what gives it a meaning.
OTHER = {
    "hidden_layer_sizes": {"hidden_layer_sizes": (7, 5)},
    "activation": {"activation": ["tanh", "relu"], "hidden_layer_sizes": (9, 5)},
    "solver": {"solver": "sgd"},
    "alpha": {"alpha": 0.1},
    "batch_size": {"batch_size": 40},
    "learning_rate": {"learning_rate": "invscaling", "solver": "sgd"},
    "learning_rate_init": {"learning_rate_init": 0.01},
    "power_t": {"power_t": 0.1, "learning_rate": "invscaling", "solver": "sgd"},
    "max_iter": {"max_iter": 3},
    "shuffle": {"shuffle": False},
    "random_state": {"random_state": 1},
    "tol": {"tol": 10.0, "n_iter_no_change": 1},
    "verbose": {"verbose": True},
    "warm_start": {"warm_start": True},
    "momentum": {"momentum": 0.2, "solver": "sgd"},
    "nesterovs_momentum": {"nesterovs_momentum": False, "solver": "sgd"},
    "early_stopping": {"early_stopping": True},
    "validation_fraction": {"validation_fraction": 0.3, "early_stopping": True},
    "beta_1": {"beta_1": 0.5},
    "beta_2": {"beta_2": 0.5},
    "epsilon": {"epsilon": 0.1},
    "n_iter_no_change": {"n_iter_no_change": 1, "tol": 10.0},
    "max_fun": {"max_fun": 5, "solver": "lbfgs"},
    "output_activation": {"output_activation": "softmax"},
    "class_weight": {"class_weight": {0: 5.0}},
    "dropout": {"dropout": 0.5},
    "normalization": {"normalization": "batch"},
    "l1": {"l1": 0.1},
    "optimizer": {"optimizer": "rmsprop"},
    "clipnorm": {"clipnorm": 0.1},
    "clipvalue": {"clipvalue": 0.01},
    "global_clipnorm": {"global_clipnorm": 0.1},
    "scoring": {"scoring": "loss", "early_stopping": True},
    "warm_start_optimizer": {"warm_start_optimizer": True},
    "dtype": {"dtype": "float32"},
    "n_jobs": {"n_jobs": 1},
    "quantile": {"quantile": 0.2, "loss": "quantile"},
    "delta": {"delta": 0.2, "loss": "huber"},
    "n_components": {"n_components": 3},
    "code_activation": {"code_activation": "tanh"},
    "noise": {"noise": 0.5},
    "noise_type": {"noise": 0.5, "noise_type": "masking"},
}
#: Of regression on any numbers, one a sample.
OTHERS = "poisson|categorical.*entropy|dice|tversky"
LOSSES_BY_NAME = sorted(name for name in LOSSES[0] if not re.search(OTHERS, name.lower()))
LOSS = {MLPClassifier: {"loss": "kld", "output_activation": "softmax"}}
ESTIMATORS = [
    cls for cls in SAMPLES if issubclass(cls, MultilayerPerceptron) or cls.__name__ == "AutoencoderTransformer"
]


@pytest.fixture(autouse=True)
def templates(monkeypatch):
    """Begin with no templates; return how to begin so again."""

    def forget():
        for module in (programs, plan):
            monkeypatch.setattr(module, "_TEMPLATES", Templates(1000, 10**6))
        return programs._TEMPLATES

    forget()
    return forget


def target(cls, settings):
    return Y == 0 if cls is MLPClassifier and settings.get("loss", "log_loss") != "log_loss" else Y


def fitted(cls, **settings):
    """Return all that a fit leaves to be compared."""
    estimator = quick(cls, **settings)
    with np.errstate(all="raise"):
        estimator.fit(X, target(cls, settings))
    return [outputs(estimator), *getattr(estimator, "coefs_", []), *getattr(estimator, "intercepts_", [])]


def assert_same(a, b):
    for one, other in zip(a, b, strict=True):
        np.testing.assert_array_equal(one, other)


def settings_of(cls):
    names = inspect.signature(cls).parameters
    return [{}, *(LOSS.get(cls, {"loss": "huber"}) if name == "loss" else OTHER[name] for name in names)]


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_no_parameter_is_forgotten(cls, templates):
    settings = settings_of(cls)
    alone = []
    for each in settings:
        templates()
        alone.append(fitted(cls, **each))
    templates()
    for _ in range(2):  # the second time after all others
        for each, expected in zip(settings, alone, strict=True):
            assert_same(fitted(cls, **each), expected)


@pytest.mark.parametrize(
    "settings",
    [
        *({"activation": name} for name in ACTIVATIONS),
        *({"solver": name} for name in (*solvers.STOCHASTIC, "lbfgs")),
        *({"optimizer": name} for name in (each.__name__ for each in optimizers.REGISTRY.classes)),
        *({"loss": name} for name in objectives.REGRESSION),
        *({"loss": name} for name in LOSSES_BY_NAME),
        {"activation": [activations.gelu], "output_activation": activations.tanh},
        {"early_stopping": True},
        {"normalization": "batch"},
        {"normalization": "layer"},
        {"batch_size": 40, "dropout": 0.3, "l1": 0.01},
    ],
    ids=str,
)
def test_what_has_a_name_is_compiled_once(settings, templates, monkeypatch):
    compiled, compile = [], plan.compile
    monkeypatch.setattr(plan, "compile", lambda *given: compiled.append(given) or compile(*given))
    first = fitted(MLPRegressor, **settings)
    count = len(compiled)
    assert count >= 2
    assert_same(fitted(MLPRegressor, **settings), first)
    assert len(compiled) == count


def test_what_traces_hang_on_tells_programs_apart(templates):
    kept = templates()._kept

    def made():
        before = len(kept)
        fitted(MLPRegressor, loss="mean_absolute_percentage_error")
        return len(kept) > before

    floatx, epsilon = config.floatx(), config.epsilon()
    found = [made()]
    try:
        config.set_floatx("float64")
        found.append(made())
        config.set_floatx(floatx)
        config.set_epsilon(1e-3)
        found.append(made())
    finally:
        config.set_floatx(floatx)
        config.set_epsilon(epsilon)
    assert found == [True] * 3
    assert not made()


@pytest.mark.parametrize("activation", ["tanh", lambda x: x * 0.5], ids=["named", "of the user's"])
def test_partial_fit_compiles_once_for_each_number_of_rows(activation):
    growing = quick(MLPRegressor, activation=activation)
    for _ in range(2):
        for rows in range(1, 31):
            growing.partial_fit(X[:rows], Y[:rows])
    assert growing._step._programs.made == 30


@pytest.mark.parametrize(
    "settings",
    [
        {"activation": lambda x: x * 0.5},
        {"output_activation": lambda x: x * 0.5},
        {"loss": MeanSquaredError()},
        {"optimizer": SGD(0.01)},
        {"learning_rate": schedules.ExponentialDecay(0.1, 10, 0.9)},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_what_is_the_users_is_traced_each_time(settings, templates):
    kept = templates()
    for _ in range(2):
        fitted(MLPRegressor, **settings)
    assert not any("_step" in name for _, (*_, (name, _), _) in kept._kept)


def test_a_function_may_change_between_fits():
    factor = 1.0

    def scaled(x):
        return x * factor

    first = fitted(MLPRegressor, activation=scaled)
    factor = 0.5
    second = fitted(MLPRegressor, activation=scaled)
    assert (first[0] != second[0]).any()


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_a_fitted_estimator_keeps_its_weights_while_others_train(cls):
    first = quick(cls).fit(X, Y)
    before = outputs(first)
    second = quick(cls, random_state=1).fit(X, Y)
    np.testing.assert_array_equal(outputs(first), before)
    assert (outputs(second) != before).any()
    assert not any(np.shares_memory(a, b) for a, b in zip(weights(first), weights(second), strict=True))


def weights(estimator):
    return [*estimator.coefs_, *estimator.intercepts_]


@pytest.mark.parametrize("cls", ESTIMATORS, ids=lambda cls: cls.__name__)
def test_an_optimizer_begins_anew_with_what_it_is_made_of_and_nothing_else(cls):
    def made(estimator):
        solver = solvers.make_solver(estimator)
        return type(solver.optimizer), {**solver.optimizer.get_config(), "name": None}, solver._schedule, solver._power

    for name in set(inspect.signature(cls).parameters) - {"loss", "max_fun"}:  # the last is of lbfgs
        beside = {other: value for other, value in OTHER[name].items() if other != name}
        one, other = quick(cls, **beside), quick(cls, **{**beside, **OTHER[name]})
        others = solvers.solver_parameters(one) != solvers.solver_parameters(other)
        assert others == (made(one) != made(other)), name


def test_joined():
    assert programs.joined("a", 1) == ("a", 1)
    assert programs.joined("a", None) is None


def test_named_losses_of_classifiers():
    assert (
        objectives.classification("log_loss", "softmax").make != objectives.classification("log_loss", "logistic").make
    )
    assert objectives.classification(losses.KLDivergence(), "softmax").make is None
    assert objectives.classification("kld", "softmax").make != objectives.classification("kld", "logistic").make
