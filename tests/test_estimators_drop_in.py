"""Drop-in for scikit-learn: solver='lbfgs', partial_fit, several labels a sample, sparse features, callbacks."""

import copy
import io
import pickle
import tracemalloc
import warnings
from contextlib import redirect_stdout

import numpy as np
import pandas as pd
import pytest
from estimator_tools import KINDS, PERCEPTRONS, assert_same_fit, assert_same_state, fit, multilabel, oracle, problem
from scipy import sparse
from sklearn import config_context
from sklearn.base import clone
from sklearn.exceptions import ConvergenceWarning
from sklearn.utils import get_tags

from fastnn import AutoencoderTransformer, MLPClassifier, MLPRegressor
from fastnn import sparse as sparse_features
from fastnn.estimators import call, lbfgs

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


# ---- L-BFGS ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("activation", ["identity", "logistic", "tanh", "relu"])
def test_lbfgs_gives_scikit_learns_weights(kind, activation):
    estimator, (X, y) = KINDS[kind]
    data = X / np.abs(X).max(), y
    settings = {"solver": "lbfgs", "alpha": 1.0, "activation": activation, "hidden_layer_sizes": (8,)}
    assert_same_fit(estimator, data=data, max_iter=12, **settings)
    # Rounding errors grow from one line search to the next: those of scikit-learn, too, when rows change places.
    pair = (estimator, oracle(estimator))
    ours, theirs = (fit(cls, data=data, max_iter=50, **settings) for cls in pair)
    assert abs(ours.n_iter_ - theirs.n_iter_) <= 1  # where it has converged before
    if ours.n_iter_ != theirs.n_iter_:  # then their last line searches ended elsewhere
        before = min(ours.n_iter_, theirs.n_iter_) - 1
        ours, theirs = (fit(cls, data=data, max_iter=before, **settings) for cls in pair)
    for a, b in zip(ours.coefs_, theirs.coefs_, strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=1e-7)


def test_shown_loss_is_clipped_as_scikit_learns():
    """Where a class that was called impossible comes: in float32 that happens."""
    for data in (problem(MLPClassifier, dtype="float32"), multilabel(), problem(MLPClassifier, classes=2)):
        data = (data[0] * 1e3, data[1])
        ours, theirs = (fit(cls, data=data, solver="sgd") for cls in (MLPClassifier, oracle(MLPClassifier)))
        np.testing.assert_allclose(ours.loss_curve_, theirs.loss_curve_, rtol=1e-4)


def test_lbfgs_with_sample_weights_and_in_chunks(monkeypatch):
    weight = np.random.default_rng(0).uniform(0.1, 3.0, 60)
    monkeypatch.setattr(lbfgs, "_CHUNK", 25)
    for estimator in PERCEPTRONS:
        assert_same_fit(estimator, sample_weight=weight, solver="lbfgs", max_iter=12)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
@pytest.mark.parametrize("setting", [{"max_iter": 3}, {"max_fun": 6, "max_iter": 100}, {"tol": 1.0}])
def test_lbfgs_stops_and_warns_as_scikit_learn(estimator, setting):
    messages = []
    for cls in (estimator, oracle(estimator)):
        with warnings.catch_warnings(record=True) as caught:
            warnings.simplefilter("always")
            fit(cls, solver="lbfgs", **setting)
        messages.append([(each.category, str(each.message)) for each in caught])
    assert messages[0] == messages[1]
    assert_same_fit(estimator, solver="lbfgs", **setting)


def test_lbfgs_keeps_the_dtype_and_computes_in_float64():
    X, y = problem(MLPClassifier)
    double, single = (fit(MLPClassifier, data=(X.astype(t), y), solver="lbfgs") for t in ("float64", "float32"))
    assert {a.dtype.name for a in single.coefs_} == {"float32"}
    np.testing.assert_allclose(single.coefs_[0], double.coefs_[0], atol=1e-5)


def test_lbfgs_prints_iterations():
    with redirect_stdout(io.StringIO()) as out:
        fitted = fit(MLPRegressor, solver="lbfgs", verbose=True)
    assert out.getvalue().splitlines()[-1] == f"Iteration 4, loss = {fitted.loss_:.8f}"


def test_lbfgs_diverges_with_scikit_learns_words_and_keeps_the_weights():
    _, y = problem(MLPRegressor)
    with pytest.raises(ValueError, match=r"non-finite parameter weights.* iteration 1: .*from before training"):
        fit(MLPRegressor, data=(np.full((10, 2), np.finfo("float64").max), y[:10]), solver="lbfgs")


# ---- partial_fit -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("solver", [{"solver": "adam"}, {"solver": "sgd", "learning_rate": "invscaling"}])
def test_partial_fit_gives_scikit_learns_weights(kind, solver):
    estimator, (X, y) = KINDS[kind]
    classes = {} if estimator is MLPRegressor else {"classes": np.unique(y) if y.ndim == 1 else np.arange(4)}
    ours, theirs = (cls(random_state=0, batch_size=16, **solver) for cls in (estimator, oracle(estimator)))
    weight = np.random.default_rng(0).uniform(0.1, 3.0, 60)
    for rows, weights in ((slice(40), None), (slice(40), None), (slice(20, 60), weight[20:]), (slice(30), None)):
        for each in (ours, theirs):
            each.partial_fit(X[rows], y[rows], sample_weight=weights, **classes)
        assert_same_state(ours, theirs, 1e-10, X)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_partial_fit_goes_on_after_fit_with_the_optimizers_state(estimator):
    X, y = problem(estimator)
    ours, theirs = (fit(cls).partial_fit(X, y) for cls in (estimator, oracle(estimator)))
    assert_same_state(ours, theirs, 1e-10, X)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_partial_fit_goes_on_in_a_copy(estimator):
    X, y = problem(estimator)
    fitted = fit(estimator)
    copies = [pickle.loads(pickle.dumps(fitted)), copy.deepcopy(fitted)]
    copies.append(pickle.loads(pickle.dumps(copies[0])))
    fitted.partial_fit(X, y)
    for other in copies:
        other.partial_fit(X, y)
        np.testing.assert_array_equal(other.coefs_[0], fitted.coefs_[0])


def test_partial_fit_with_other_parameters_uses_them():
    X, y = problem(MLPRegressor)
    ours, theirs = (
        fit(cls, batch_size=16).set_params(alpha=5.0, activation="tanh").partial_fit(X, y)
        for cls in (MLPRegressor, oracle(MLPRegressor))
    )
    assert_same_state(ours, theirs, 1e-10, X)


def test_partial_fit_lets_go_of_the_data():
    fitted = MLPRegressor(hidden_layer_sizes=2)
    tracemalloc.start()
    try:
        fitted.partial_fit(np.ones((10, 1000)), np.ones(10))
        before = tracemalloc.get_traced_memory()[0]
        fitted.partial_fit(np.ones((3000, 1000)), np.ones(3000))
        assert tracemalloc.get_traced_memory()[0] - before < 8 * 1000 * 1000
    finally:
        tracemalloc.stop()


def test_partial_fit_is_there_where_scikit_learn_has_it():
    for estimator in PERCEPTRONS:
        for solver in ("adam", "sgd", "lbfgs"):
            ours, theirs = (hasattr(cls(solver=solver), "partial_fit") for cls in (estimator, oracle(estimator)))
            assert ours == theirs
    with pytest.raises(AttributeError) as caught:
        _ = MLPClassifier(solver="lbfgs").partial_fit
    assert str(caught.value.__cause__) == (
        "partial_fit is only available for stochastic optimizers. lbfgs is not stochastic."
    )


def test_partial_fit_by_lbfgs_is_a_fit_from_the_present_weights():
    X, y = problem(MLPRegressor)
    ours, theirs = (
        cls(solver="lbfgs", max_iter=5, early_stopping=True, random_state=0)
        for cls in (MLPRegressor, oracle(MLPRegressor))
    )
    for rows in (slice(40), slice(40), slice(20, 60)):
        for each in (ours, theirs):
            with pytest.warns(ConvergenceWarning):
                each.partial_fit(X[rows], y[rows])
        assert_same_state(ours, theirs, 1e-8, X)


@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        (None, {}, r"classes must be passed on the first call to partial_fit\."),
        (None, {"classes": ["a", "b"]}, r"`y` has classes not in `self\.classes_`\. `self\.classes_` has \['a' 'b'\]"),
        (
            {"classes": ["a", "b", "c", "d"]},
            {"classes": ["a", "b", "c"]},
            r"`classes=\['a', 'b', 'c'\]` is not the same as on last call to partial_fit, was: array\(\['a'",
        ),
    ],
)
def test_partial_fit_refuses_classes(first, then, message):
    X, y = problem(MLPClassifier)
    estimator = MLPClassifier()
    if first:
        estimator.partial_fit(X, y, **first)
    before = dict(vars(estimator))
    with pytest.raises(ValueError, match=message):
        estimator.partial_fit(X, y, **then)
    assert vars(estimator).keys() == before.keys()


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_partial_fit_refuses_early_stopping(estimator):
    with pytest.raises(ValueError, match="partial_fit does not support early_stopping=True"):
        estimator(early_stopping=True).partial_fit(*problem(estimator))


# ---- several labels a sample -----------------------------------------------------------------------------------


@pytest.mark.parametrize("setting", [{"batch_size": 16}, {"early_stopping": True}, {"warm_start": True}])
def test_several_labels(setting):
    X, Y = multilabel()
    ours, theirs = assert_same_fit(MLPClassifier, data=(X, Y), **setting)
    assert ours.predict(X).dtype == theirs.predict(X).dtype
    assert ours.score(X, Y) == theirs.score(X, Y)
    assert fit(MLPClassifier, data=(X, sparse.csr_array(Y)), **setting).score(X, Y) == ours.score(X, Y)
    for container in (np.asfortranarray, pd.DataFrame, lambda Y: Y[::-1][::-1]):
        np.testing.assert_array_equal(fit(MLPClassifier, data=(X, container(Y)), **setting).coefs_[0], ours.coefs_[0])


@pytest.mark.parametrize("pair", [(-1, 1), (0, 2), (1, 2), (-1.0, 0.0), (False, True)])
def test_several_labels_are_what_is_not_zero(pair):
    X, Y = multilabel()
    data = X, np.where(Y == 1, pair[1], pair[0])
    assert_same_fit(MLPClassifier, data=data)
    assert_same_fit(MLPClassifier, data=data, early_stopping=True)


def test_several_sparse_labels():
    X, Y = multilabel()
    ours, theirs = (fit(cls, data=(X, sparse.csr_array(Y))) for cls in (MLPClassifier, oracle(MLPClassifier)))
    assert type(ours.predict(X)) is type(theirs.predict(X))
    np.testing.assert_array_equal(ours.predict(X).toarray(), theirs.predict(X).toarray())
    assert ours.score(X, Y) == theirs.score(X, Y)
    # As in scikit-learn, the first call decides.
    assert sparse.issparse(ours.partial_fit(X, Y).predict(X))
    later = MLPClassifier().partial_fit(X, Y, classes=np.arange(4)).partial_fit(X, sparse.csr_array(Y))
    assert not sparse.issparse(later.predict(X))


@pytest.mark.parametrize("dtype", ["int8", "bool", "float32", "U", "object"])
def test_known_labels_are_looked_up_and_not_sorted(dtype, monkeypatch):
    X, y = problem(MLPClassifier, classes=2)
    y = (y if dtype in ("U", "object") else y == "b").astype(dtype)
    data = {"validation_data": (X, y)}
    made = MLPClassifier(random_state=0).partial_fit(X, y, classes=np.unique(y)[::-1], **data)
    with monkeypatch.context() as patch:
        patch.setattr(np, "unique", lambda *_, **__: pytest.fail("sorted"))
        made.partial_fit(X, y, **data)
    twice = MLPClassifier(random_state=0).partial_fit(X, y, classes=np.unique(y)).partial_fit(X, y)
    np.testing.assert_array_equal(made.coefs_[0], twice.coefs_[0])
    if dtype != "bool":
        others = np.where(np.arange(len(y)) == 3, {"U": "c", "object": "c"}.get(dtype, 7), y).astype(dtype)
        for arguments in ((X, others), (X, others[::-1])):
            with pytest.raises(ValueError, match=r"`y` has classes not in `self\.classes_`"):
                made.partial_fit(*arguments)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_going_on_with_plain_samples_takes_none_of_scikit_learns_checks(estimator, dtype, monkeypatch):
    X, y = problem(estimator, dtype=dtype)
    classes = {"classes": np.unique(y)} if estimator is MLPClassifier else {}
    made, other = (estimator(random_state=0).partial_fit(X, y, **classes) for _ in range(2))
    with monkeypatch.context() as patch:
        patch.setattr(call, "validate_data", lambda *_, **__: pytest.fail("checked"))
        made.partial_fit(X, y, validation_data=(X, y))
    other.partial_fit(X.tolist(), y.tolist())
    np.testing.assert_allclose(made.coefs_[0], other.coefs_[0], rtol=1e-6)
    before = made.coefs_[0].copy()
    refused = [
        (np.where(X > 1, np.nan, X), y, "Input X contains NaN"),
        (np.where(X > 1, np.inf, X), y, "Input X contains infinity"),
        (X[:, :3], y, "X has 3 features"),
        (X[:9], y, "inconsistent numbers of samples"),
        (X[0], y, "Expected 2D array"),
        (X[:0], y[:0], "Found array with 0 sample"),
        (X, np.where(y == y[3], np.nan, np.arange(len(y))), "contains NaN"),
        (X, np.stack([y] * 2, axis=1), "Multioutput|columns|outputs"),
    ]
    for features, targets, message in refused:
        with pytest.raises(ValueError, match=message):
            made.partial_fit(features, targets)
    np.testing.assert_array_equal(made.coefs_[0], before)


def test_labels_of_another_kind_are_refused():
    X, Y = multilabel()
    with pytest.raises(ValueError, match=r"classes must be passed on the first call to partial_fit\."):
        MLPClassifier().partial_fit(X, Y)
    several = MLPClassifier().partial_fit(X, Y, classes=np.arange(4))
    with pytest.raises(ValueError, match="`y` has 3 columns of labels, but the classifier is for 4"):
        several.partial_fit(X, Y[:, :3])
    with pytest.raises(ValueError, match="`y` holds one label a sample, but the classifier is for several labels"):
        several.partial_fit(X, Y[:, 0])
    with pytest.raises(ValueError, match=r"`self\.classes_` has \[5 6 7 8\]"):
        MLPClassifier().partial_fit(X, Y, classes=[5, 6, 7, 8])
    with pytest.raises(ValueError, match="not the same as on last call to partial_fit"):
        several.partial_fit(X, Y, classes=[5, 6, 7, 8])
    with pytest.raises(ValueError, match="`y` has 2 columns of labels"):
        MLPClassifier().fit(X, Y, validation_data=(X, Y[:, :2]))
    one = MLPClassifier(warm_start=True, max_iter=2).fit(X, Y[:, 0])
    with pytest.raises(ValueError, match="`y` holds several labels a sample, but the classifier is for one label"):
        one.fit(X, Y[:, :2])


def test_sparse_targets_of_regression():
    X, y = problem(MLPRegressor, outputs=3)
    thin = fit(MLPRegressor, data=(X, sparse.csr_array(y)))
    np.testing.assert_array_equal(thin.coefs_[0], fit(MLPRegressor, data=(X, y)).coefs_[0])
    made = (MLPRegressor(max_iter=3, random_state=0) for _ in range(2))
    dense, thin = (
        each.fit(X, y, validation_data=(X, held)) for each, held in zip(made, (y, sparse.csc_array(y)), strict=True)
    )
    assert thin.validation_scores_ == dense.validation_scores_


# ---- sparse features -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("container", [sparse.csr_array, sparse.csc_matrix, sparse.coo_array])
@pytest.mark.parametrize("setting", [{"batch_size": 7}, {"solver": "lbfgs"}, {"early_stopping": True}])
def test_sparse_features_give_the_same_bits(kind, container, setting, monkeypatch):
    estimator, (X, y) = KINDS[kind]
    X = np.where(np.abs(X) < 0.5, 0.0, X)
    for limit in ("_SMALL", "_LARGE"):
        monkeypatch.setattr(sparse_features, limit, 0)  # not made dense
    dense, thin = (fit(estimator, data=(rows, y), **setting) for rows in (X, container(X)))
    np.testing.assert_array_equal(thin.coefs_[0], dense.coefs_[0])
    np.testing.assert_array_equal(thin.predict(container(X)), dense.predict(X))
    weight = np.linspace(0.5, 2.0, 60)
    dense, thin = (fit(estimator, weight, data=(rows, y), **setting) for rows in (X, container(X)))
    np.testing.assert_array_equal(thin.coefs_[0], dense.coefs_[0])


def test_sparse_features_are_never_dense_all_at_once():
    X = sparse.random_array((6_000, 4_000), density=1e-3, rng=np.random.default_rng(0), format="csr")
    y = np.arange(6_000) % 2
    tracemalloc.start()
    try:
        fit(MLPClassifier, data=(X, y), max_iter=1, hidden_layer_sizes=2).predict(X)
        assert tracemalloc.get_traced_memory()[1] < 80e6  # 192 MB if it were
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_sparse_features_are_checked(estimator):
    X, y = problem(estimator)
    X[3, 2] = np.nan
    with pytest.raises(ValueError, match="contains NaN"):
        fit(estimator, data=(sparse.csr_array(X), y))


# ---- scikit-learn's protocols ----------------------------------------------------------------------------------


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_tags_are_scikit_learns(estimator):
    ours, theirs = get_tags(estimator()), get_tags(oracle(estimator)())
    assert ours.input_tags == theirs.input_tags
    assert ours.classifier_tags == theirs.classifier_tags
    assert ours.regressor_tags == theirs.regressor_tags
    assert ours.target_tags.multi_output is (estimator is MLPRegressor)


@pytest.mark.parametrize("estimator", PERCEPTRONS)
def test_output_in_html_and_metadata_routing(estimator):
    assert estimator.__name__ in estimator(alpha=0.5)._repr_html_()
    with config_context(enable_metadata_routing=True):
        asking = estimator().set_fit_request(sample_weight=True).set_partial_fit_request(sample_weight=False)
        theirs = oracle(estimator)().set_fit_request(sample_weight=True).set_partial_fit_request(sample_weight=False)
        requests = [each.get_metadata_routing()._serialize() for each in (asking, theirs)]
        for method, wanted in requests[1].items():
            assert wanted.items() <= requests[0][method].items(), method


class Recorder:
    """A callback that notes what it is told, and stops after some iterations."""

    def __init__(self, stop_after=None):
        self.events, self.scores, self.stop_after = [], [], stop_after

    def setup(self, estimator, context):
        self.events.append("setup")

    def teardown(self, estimator, context):
        self.events.append("teardown")

    def on_fit_task_begin(self, estimator, context, *, X=None, y=None):
        self.events.append(("begin", context.task_name, context.task_id))

    def on_fit_task_end(self, estimator, context, *, X=None, y=None, fitted_estimator=None):
        self.events.append(("end", context.task_name, context.task_id))
        self.scores.append(fitted_estimator.score(X, y))
        return context.task_id + 1 == self.stop_after


@pytest.mark.parametrize("estimator", [*PERCEPTRONS, AutoencoderTransformer])
@pytest.mark.parametrize(("solver", "task"), [("adam", "epoch"), ("lbfgs", "iteration")])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_callbacks(estimator, solver, task, dtype):
    pytest.importorskip("sklearn.callback")
    X, y = problem(estimator, dtype=dtype)
    recorder = Recorder(stop_after=2)
    fitted = estimator(solver=solver, max_iter=9, random_state=0).set_callbacks(recorder).fit(X, y)
    iterations = [(event, task, i) for i in range(2) for event in ("begin", "end")]
    assert recorder.events == ["setup", ("begin", "fit", 0), *iterations, ("end", "fit", 0), "teardown"]
    shorter = fit(estimator, data=(X, y), solver=solver, max_iter=2)
    assert fitted.n_iter_ == 2
    np.testing.assert_array_equal(fitted.coefs_[0], shorter.coefs_[0])
    assert recorder.scores[1] == recorder.scores[2] == pytest.approx(shorter.score(X, y), rel=1e-6)
    assert recorder.scores[1] != recorder.scores[0]
    all_of_them = Recorder()
    again = clone(fitted).set_callbacks(all_of_them).fit(X, y)
    assert len(all_of_them.scores) == again.n_iter_ + 1  # iterations, and the fit
    np.testing.assert_array_equal(again.coefs_[0], fit(estimator, data=(X, y), solver=solver, max_iter=9).coefs_[0])


@pytest.mark.parametrize("estimator", [*PERCEPTRONS, AutoencoderTransformer])
def test_callbacks_are_told_of_partial_fit(estimator):
    pytest.importorskip("sklearn.callback")
    X, y = problem(estimator)
    recorder = Recorder()
    growing = estimator(random_state=0).set_callbacks(recorder)
    one_epoch = [("begin", "fit", 0), ("begin", "epoch", 0), ("end", "epoch", 0), ("end", "fit", 0)]
    for calls in (1, 2):
        growing.partial_fit(X, y, **({"classes": np.unique(y)} if estimator is MLPClassifier else {}))
        assert recorder.events == ["setup", *one_epoch, "teardown"] * calls
        assert recorder.scores[-2:] == [growing.score(X, y)] * 2


@pytest.mark.parametrize("setting", [{}, {"normalization": "batch"}, {"normalization": "layer"}], ids=str)
def test_what_callbacks_are_given_stays_as_it_is(setting):
    pytest.importorskip("sklearn.callback")
    X, y = problem(MLPRegressor)

    class Keeper(Recorder):
        def on_fit_task_end(self, estimator, context, *, fitted_estimator=None):
            self.scores.append(fitted_estimator)

    keeper = Keeper()
    MLPRegressor(max_iter=3, random_state=0, **setting).set_callbacks(keeper).fit(X, y)
    for epochs, kept in zip((1, 2, 3), keeper.scores, strict=False):
        np.testing.assert_array_equal(kept.predict(X), fit(MLPRegressor, max_iter=epochs, **setting).predict(X))


def test_scikit_learns_progress_bar(capsys):
    callback = pytest.importorskip("sklearn.callback")
    pytest.importorskip("rich")
    X, y = problem(MLPClassifier)
    MLPClassifier(max_iter=3).set_callbacks(callback.ProgressBar()).fit(X, y)
    assert "MLPClassifier" in capsys.readouterr().out


def test_lbfgs_interrupted_is_usable():
    X, y = problem(MLPRegressor)

    class Interrupt(Recorder):
        def on_fit_task_end(self, estimator, context):
            if context.task_id == 2:
                raise KeyboardInterrupt

    pytest.importorskip("sklearn.callback")
    estimator = MLPRegressor(solver="lbfgs", random_state=0).set_callbacks(Interrupt())
    with pytest.warns(UserWarning, match=r"Training interrupted by user\."):
        estimator.fit(X, y)
    shorter = fit(MLPRegressor, solver="lbfgs", max_iter=3)
    assert (estimator.n_iter_, estimator.loss_) == (3, shorter.loss_)
    np.testing.assert_array_equal(estimator.coefs_[0], shorter.coefs_[0])


def test_lbfgs_converges_without_a_warning():
    with warnings.catch_warnings():
        warnings.simplefilter("error", ConvergenceWarning)
        fit(MLPRegressor, solver="lbfgs", max_iter=500, tol=1e-2)
