"""Scikit-learn's habits: searches, pipelines, ensembles, inspection, metadata routing, data frames, copies."""

import copy
import importlib
import io
import pickle

import numpy as np
import pytest
from estimator_tools import PERCEPTRONS, fit, multilabel, problem
from sklearn import config_context
from sklearn.base import clone, is_classifier
from sklearn.calibration import CalibratedClassifierCV
from sklearn.compose import ColumnTransformer, TransformedTargetRegressor
from sklearn.ensemble import BaggingClassifier, StackingRegressor, VotingClassifier, VotingRegressor
from sklearn.experimental import enable_halving_search_cv  # noqa: F401
from sklearn.feature_selection import SelectFromModel
from sklearn.inspection import partial_dependence, permutation_importance
from sklearn.linear_model import LogisticRegression, Ridge
from sklearn.model_selection import (
    GridSearchCV,
    HalvingGridSearchCV,
    RandomizedSearchCV,
    cross_val_predict,
    cross_validate,
    learning_curve,
    validation_curve,
)
from sklearn.multiclass import OneVsRestClassifier
from sklearn.multioutput import MultiOutputClassifier, MultiOutputRegressor
from sklearn.pipeline import Pipeline, make_pipeline
from sklearn.preprocessing import OneHotEncoder, StandardScaler
from sklearn.utils.validation import check_is_fitted

import fastnn
from fastnn import MLPClassifier, MLPRegressor

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

QUICK = {"max_iter": 5, "random_state": 0, "hidden_layer_sizes": (6,)}


# ---- searches --------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("search", [GridSearchCV, HalvingGridSearchCV, RandomizedSearchCV])
def test_searches_over_old_and_new_parameters(estimator, search):
    X, y = problem(estimator, n=120)
    pipeline = make_pipeline(StandardScaler(), estimator(**QUICK))
    name = estimator.__name__.lower()
    grid = {
        f"{name}__alpha": [1e-4, 0.1],
        f"{name}__dropout": [0.0, 0.3],
        f"{name}__activation": ["relu", ["gelu"]],
        f"{name}__optimizer": [None, "rmsprop", fastnn.optimizers.AdamW(0.01)],
    }
    more = {} if search is GridSearchCV else {"random_state": 0}
    if search is RandomizedSearchCV:
        more["n_iter"] = 4
    found = search(pipeline, grid, cv=3, **more).fit(X, y)
    assert set(found.best_params_) == set(grid)
    assert np.isfinite(found.best_score_)
    assert found.predict(X).shape == y.shape


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_cross_validation(estimator):
    X, y = problem(estimator)
    results = cross_validate(estimator(**QUICK), X, y, cv=3, return_estimator=True, return_train_score=True)
    for trained in results["estimator"]:
        check_is_fitted(trained)
    assert np.isfinite(results["test_score"]).all()
    assert cross_val_predict(estimator(**QUICK), X, y, cv=3).shape == y.shape
    _, train, _ = learning_curve(estimator(**QUICK), X, y, cv=2, train_sizes=[0.5, 1.0])
    assert train.shape == (2, 2)
    train, _ = validation_curve(estimator(**QUICK), X, y, param_name="l1", param_range=[0.0, 1.0], cv=2)
    assert train.shape == (2, 2)


# ---- in other estimators ---------------------------------------------------------------------------------------


def test_in_a_column_transformers_pipeline():
    pandas = pytest.importorskip("pandas")
    rng = np.random.default_rng(0)
    frame = pandas.DataFrame({"size": rng.normal(size=80), "colour": rng.choice(["red", "green", "blue"], 80)})
    y = np.where((frame["size"] > 0) & (frame["colour"] == "red"), "yes", "no")
    for threshold in (0.0, 1.0):  # dense and sparse output of the transformer
        columns = ColumnTransformer(
            [("number", StandardScaler(), ["size"]), ("category", OneHotEncoder(), ["colour"])],
            sparse_threshold=threshold,
        )
        model = Pipeline([("columns", columns), ("net", MLPClassifier(max_iter=300, random_state=0, alpha=0.0))])
        assert model.fit(frame, y).score(frame, y) > 0.9


def test_in_ensembles_of_classifiers():
    X, y = problem(MLPClassifier)
    ours = MLPClassifier(**QUICK)
    voting = VotingClassifier([("net", ours), ("line", LogisticRegression())], voting="soft").fit(X, y)
    assert voting.predict_proba(X).shape == (60, 3)
    calibrated = CalibratedClassifierCV(ours, cv=3).fit(X, y)
    np.testing.assert_allclose(calibrated.predict_proba(X).sum(axis=1), 1.0)
    assert BaggingClassifier(ours, n_estimators=3, random_state=0).fit(X, y).predict(X).shape == (60,)
    assert OneVsRestClassifier(ours).fit(X, y).predict_proba(X).shape == (60, 3)
    X, Y = multilabel()
    assert MultiOutputClassifier(ours).fit(X, Y).predict(X).shape == Y.shape


def test_in_ensembles_of_regressors():
    X, y = problem(MLPRegressor)
    ours = MLPRegressor(**QUICK)
    assert VotingRegressor([("net", ours), ("line", Ridge())]).fit(X, y).predict(X).shape == (60,)
    assert StackingRegressor([("net", ours)], final_estimator=Ridge()).fit(X, y).predict(X).shape == (60,)
    assert TransformedTargetRegressor(ours, func=np.log1p, inverse_func=np.expm1).fit(X, y).predict(X).shape == (60,)
    X, y = problem(MLPRegressor, outputs=3)
    assert MultiOutputRegressor(ours).fit(X, y).predict(X).shape == (60, 3)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_inspection(estimator):
    X, y = problem(estimator)
    fitted = fit(estimator, max_iter=50)
    importance = permutation_importance(fitted, X, y, n_repeats=2, random_state=0)
    assert importance.importances.shape == (7, 2)
    curves = partial_dependence(fitted, X, [0, 1], kind="both", grid_resolution=5)
    assert curves["average"].shape[1:] == (5, 5)
    chosen = SelectFromModel(fitted, prefit=True, importance_getter=lambda m: np.abs(m.coefs_[0]).sum(axis=1))
    assert chosen.transform(X).shape[1] < 7


# ---- metadata routing ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_sample_weights_are_routed(estimator):
    X, y = problem(estimator)
    weight = np.linspace(0.0, 2.0, 60)
    with config_context(enable_metadata_routing=True):
        asking = estimator(**QUICK).set_fit_request(sample_weight=True).set_score_request(sample_weight=True)
        routed = make_pipeline(StandardScaler().set_fit_request(sample_weight=False), asking)
        routed.fit(X, y, sample_weight=weight)
        searched = GridSearchCV(asking, {"alpha": [0.1]}, cv=2).fit(X, y, sample_weight=weight)
    alone = estimator(**QUICK).fit(StandardScaler().fit_transform(X), y, sample_weight=weight)
    np.testing.assert_array_equal(routed[-1].coefs_[0], alone.coefs_[0])
    expected = estimator(**QUICK, alpha=0.1).fit(X, y, sample_weight=weight)
    np.testing.assert_array_equal(searched.best_estimator_.coefs_[0], expected.coefs_[0])


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_validation_data_are_routed(estimator):
    X, y = problem(estimator)
    held_out = (X[40:], y[40:])
    with config_context(enable_metadata_routing=True):
        routed = make_pipeline(estimator(**QUICK).set_fit_request(validation_data=True))
        routed.fit(X[:40], y[:40], validation_data=held_out)
    assert len(routed[-1].validation_loss_curve_) == 5
    name = f"{estimator.__name__.lower()}__validation_data"
    plain = make_pipeline(estimator(**QUICK)).fit(X[:40], y[:40], **{name: held_out})
    assert plain[-1].validation_scores_ == routed[-1].validation_scores_


# ---- frames and names ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pandas", "polars"])
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_frames(estimator, library):
    frames = pytest.importorskip(library)
    X, y = problem(estimator)
    names = [f"f{i}" for i in range(7)]
    frame = frames.DataFrame(dict(zip(names, X.T, strict=True)))
    target = frames.DataFrame({"y": y})["y"]
    fitted = fit(estimator, data=(frame, target))
    np.testing.assert_array_equal(fitted.feature_names_in_, names)
    np.testing.assert_array_equal(fitted.coefs_[0], fit(estimator).coefs_[0])
    np.testing.assert_array_equal(fitted.predict(frame), fit(estimator).predict(X))
    with pytest.raises(ValueError, match="feature names should match"):
        fitted.predict(frame[names[::-1]])
    with pytest.warns(UserWarning, match="X does not have valid feature names"):
        fitted.predict(X)
    watched = estimator(**QUICK, early_stopping=True, validation_fraction=0.3).fit(frame, target)
    assert len(watched.validation_scores_) == watched.n_iter_
    estimator(**QUICK).fit(frame, target, validation_data=(frame, target))


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_set_output_of_the_steps_before(estimator):
    pandas = pytest.importorskip("pandas")
    X, y = problem(estimator)
    model = make_pipeline(StandardScaler(), estimator(**QUICK)).set_output(transform="pandas")
    model.fit(pandas.DataFrame(X).add_prefix("f"), y)
    assert list(model[-1].feature_names_in_) == [f"f{i}" for i in range(7)]


# ---- copies ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("library", ["pickle", "joblib", "cloudpickle"])
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_stored_estimators_predict_and_train_on(estimator, library):
    module = importlib.import_module(library) if library == "pickle" else pytest.importorskip(library)
    X, y = problem(estimator)
    fitted = fit(estimator, dropout=0.2, activation=["gelu"], optimizer=fastnn.optimizers.AdamW(0.01))
    file = io.BytesIO()
    module.dump(fitted, file)
    file.seek(0)
    again = (pickle if library == "cloudpickle" else module).load(file)
    np.testing.assert_array_equal(again.predict(X), fitted.predict(X))
    for each in (again, fitted):
        each.partial_fit(X, y)
    np.testing.assert_array_equal(again.coefs_[0], fitted.coefs_[0])


def test_a_stored_estimator_is_plain():
    """No memory of programs, and nothing of ours: only numbers, arrays and parameters."""
    state = fit(MLPClassifier, max_iter=3).__getstate__()
    kinds = {type(value).__module__.partition(".")[0] for value in state.values()}
    assert kinds <= {"builtins", "numpy"}
    sizes = sum(np.asarray(a).nbytes for a in [*state["coefs_"], *state["_saved_training"]["optimizer"]])
    assert len(pickle.dumps(fit(MLPClassifier, max_iter=3))) < 2 * sizes + 20_000


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_clone_and_representation(estimator):
    settings = {"dropout": [0.1], "activation": ["gelu"], "loss": fastnn.losses.MeanSquaredError(), "optimizer": "sgd"}
    made = estimator(**QUICK, **settings)
    copied = clone(made)
    assert copied.get_params().keys() == made.get_params().keys()
    assert "dropout=[0.1]" in repr(made)
    assert copied is not made and not hasattr(fit(estimator).__class__(), "coefs_")
    assert "dropout" in made._repr_html_()
    assert is_classifier(made) is (estimator is MLPClassifier)
    np.testing.assert_array_equal(copied.fit(*problem(estimator)).coefs_[0], made.fit(*problem(estimator)).coefs_[0])
    assert copy.copy(made).predict(problem(estimator)[0]).shape == (60,)


# ---- scikit-learn's own callbacks ------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_scikit_learns_callbacks_reach_into_searches(estimator, capsys):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    pandas = pytest.importorskip("pandas")
    X, y = problem(estimator)
    frame = pandas.DataFrame(X).add_prefix("f")
    monitor = callback.ScoringMonitor(scoring="neg_max_error" if estimator is MLPRegressor else "accuracy")
    fitted = estimator(**QUICK).set_callbacks(monitor).fit(frame, y)
    assert len(monitor.get_logs().data_as_pandas) >= fitted.n_iter_
    search = GridSearchCV(make_pipeline(StandardScaler(), estimator(**QUICK)), {}, cv=2)
    search.set_callbacks(callback.ProgressBar()).fit(frame, y)
    assert "candidate-split-evaluation" in capsys.readouterr().out
