"""Perceptron: scikit-learn's own is the oracle of every number; the kernel has a transcription in NumPy."""

import io
import re
import warnings
from contextlib import redirect_stdout

import numpy as np
import pytest
from scipy import sparse
from sklearn import linear_model
from sklearn.datasets import make_classification
from sklearn.exceptions import ConvergenceWarning

from fastnn import Perceptron
from fastnn._kernels.core import Plan
from fastnn.estimators.perceptron_shuffle import shuffled_positions

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")


def problem(classes=2, dtype="float64", n=150):
    X, y = make_classification(
        n, 8, n_informative=6, n_redundant=0, n_classes=classes, class_sep=0.7, random_state=classes
    )
    return X.astype(dtype), np.array(list("abcd"))[y]


def thinned(X):
    return sparse.csr_array(np.where(np.abs(X) > 0.5, X, 0).astype(X.dtype))


# ---- the kernel ----------------------------------------------------------------------------------------------


def passes_by_hand(w, state, x, y, d, order, q, shrink, u_step, l2, l1, decay, stored):
    """One pass in float64 as the comment of the kernel says; ``stored``: which elements of x count as there."""
    b, loss, penalty, u, squares, absolutes = state
    for r in order:
        p = w @ x[r] + b
        loss += max(0.0, -y[r] * p)
        penalty += 0.5 * l2 * squares + l1 * absolutes
        w = w * shrink
        squares, absolutes = squares * shrink**2, absolutes * shrink
        at = stored[r]
        if y[r] * p <= 0 and d[r]:
            w = w + d[r] * x[r]
            b += decay * d[r]
            if l2 or l1:
                squares, absolutes = (w[at] ** 2).sum(), np.abs(w[at]).sum()
        if q is not None:
            u += u_step
            for j in np.flatnonzero(at):
                moved = max(0.0, w[j] - (u + q[j])) if w[j] > 0 else min(0.0, w[j] + (u - q[j])) if w[j] < 0 else 0.0
                q[j] += moved - w[j]
                w[j] = moved
    return w, np.array([b, loss, penalty, u, squares, absolutes])


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("is_sparse", [False, True])
@pytest.mark.parametrize("features", [1, 7, 40, 1100])
@pytest.mark.parametrize("penalized", [False, True])
def test_kernel_is_its_transcription(dtype, is_sparse, features, penalized):
    rng = np.random.default_rng(features)
    x = rng.standard_normal((20, features)).astype(dtype)
    x[rng.random(x.shape) < 0.6] = 0 if is_sparse else 0.5
    y = np.sign(rng.standard_normal(20)).astype(dtype)
    d = (0.3 * y * rng.uniform(0, 2, 20)).astype(dtype)
    w, state, q = (
        rng.standard_normal(features).astype(dtype),
        np.zeros(6),
        np.zeros(features, dtype) if penalized else None,
    )
    order = rng.permutation(20)[:17]
    hyper = (0.9, 0.01, 0.4, 0.2, 0.7) if penalized else (1.0, 0.0, 0.0, 0.0, 0.7)
    stored = x != 0 if is_sparse else np.ones(x.shape, bool)
    expected_q = None if q is None else q.astype("float64")
    expected = passes_by_hand(w.astype("float64"), state, x.astype("float64"), y, d, order, expected_q, *hyper, stored)
    plan = Plan()
    rows = sparse.csr_array(x)
    csr = {"columns": rows.indices, "starts": rows.indptr} if is_sparse else {}
    plan.perceptron(w, state, rows.data if is_sparse else x, y, d, order, q=q, hyper=hyper, **csr)
    plan.run()
    tolerance = 1e-3 if dtype == "float32" else 1e-11
    np.testing.assert_allclose(w, expected[0], rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(state, expected[1], rtol=tolerance, atol=tolerance)
    if penalized:
        np.testing.assert_allclose(q, expected_q, rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        ({"w": np.zeros(4)}, ValueError, r"rows of \(5, 3\) for 4 weights"),
        ({"y": np.zeros(4)}, ValueError, "do not fit"),
        ({"state": np.zeros(5)}, ValueError, "do not fit"),
        ({"q": np.zeros(2)}, ValueError, "do not fit"),
        ({"d": np.zeros(5, "float32")}, TypeError, "d must be float64, got float32"),
        ({"order": np.zeros(5, "int32")}, TypeError, "order must be int64"),
        ({"x": np.zeros(15)}, ValueError, "x has shape"),
        ({"x": np.zeros(2), "columns": np.array([0, 3], "int32")}, ValueError, "columns must be between 0 and 2"),
        ({"x": np.zeros(3), "columns": np.array([0, 1], "int32")}, ValueError, "starts must go up"),
    ],
)
def test_binding_refuses(change, error, message):
    given = {"w": np.zeros(3), "state": np.zeros(6), "x": np.zeros((5, 3)), "y": np.zeros(5), "d": np.zeros(5),
             "order": np.arange(5), **change}  # fmt: skip
    if "columns" in change:
        given["starts"] = np.array([0, 0, 1, 2, 2, 2], "int32")
    with pytest.raises(error, match=message):
        Plan().perceptron(**given)


# ---- the same numbers as scikit-learn ------------------------------------------------------------------------


def assert_same(X, y, tolerance=1e-9, sample_weight=None, **settings):
    ours, theirs = (
        cls(**settings).fit(X, y, sample_weight=sample_weight) for cls in (Perceptron, linear_model.Perceptron)
    )
    for name in ("coef_", "intercept_"):
        np.testing.assert_allclose(getattr(ours, name), getattr(theirs, name), rtol=tolerance, atol=tolerance)
    assert (ours.n_iter_, ours.t_) == (theirs.n_iter_, theirs.t_)
    np.testing.assert_array_equal(ours.classes_, theirs.classes_)
    np.testing.assert_array_equal(ours.predict(X), theirs.predict(X))
    np.testing.assert_allclose(ours.decision_function(X), theirs.decision_function(X), rtol=1e-3, atol=1e-3)
    assert ours.coef_.dtype == X.dtype
    return ours


SETTINGS = [
    {},
    {"shuffle": False},
    {"class_weight": "balanced", "eta0": 0.3},
    {"class_weight": {"b": 3.0}},
    {"fit_intercept": False, "tol": None, "max_iter": 7},
    {"n_iter_no_change": 2, "random_state": 5, "tol": 0.1},
]


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("penalty", [None, "l2", "l1", "elasticnet"])
@pytest.mark.parametrize("setting", SETTINGS, ids=str)
@pytest.mark.parametrize("container", [np.asarray, thinned])
def test_weights_are_scikit_learns(classes, penalty, setting, container):
    X, y = problem(classes)
    assert_same(container(X), y, penalty=penalty, **setting)


@pytest.mark.parametrize("classes", [2, 3])
@pytest.mark.parametrize("penalty", [None, "l1"])  # with L2 scikit-learn scores weights that are not scaled yet
@pytest.mark.parametrize("container", [np.asarray, thinned])
def test_early_stopping_is_scikit_learns(classes, penalty, container):
    X, y = problem(classes)
    weight = np.random.default_rng(0).uniform(0.2, 2.0, len(y))
    settings = {"early_stopping": True, "validation_fraction": 0.2, "penalty": penalty, "class_weight": "balanced"}
    assert_same(container(X), y, sample_weight=weight, **settings)
    states = (np.random.RandomState(1), np.random.RandomState(1))
    ours, theirs = (
        cls(early_stopping=True, random_state=state).fit(X, y)
        for cls, state in zip((Perceptron, linear_model.Perceptron), states, strict=True)
    )
    np.testing.assert_allclose(ours.coef_, theirs.coef_)


def test_early_stopping_with_l2_scores_the_weights_themselves():
    X, y = problem()
    fitted = Perceptron(penalty="l2", alpha=0.05, early_stopping=True, verbose=1)
    with redirect_stdout(io.StringIO()) as out:
        fitted.fit(X, y)
    scores = [float(each) for each in re.findall(r"Validation score: ([\d.]+)", out.getvalue())]
    held_out = fitted._held_out(y, np.ones(len(y)))
    assert scores[-1] == pytest.approx(fitted.score(X[held_out], y[held_out]))


@pytest.mark.parametrize("penalty", [None, "elasticnet"])
def test_float32(penalty):
    X, y = problem(3, "float32")
    fitted = assert_same(X, y, tolerance=1e-3, penalty=penalty)
    assert fitted.intercept_.dtype == fitted.decision_function(X).dtype == "float32"


@pytest.mark.parametrize("classes", [2, 4])
def test_partial_fit_and_warm_start(classes):
    X, y = problem(classes)
    pair = Perceptron(), linear_model.Perceptron()
    for each in pair:
        each.partial_fit(X[:50], y[:50], classes=list("abcd")[:classes])
        each.partial_fit(X[50:], y[50:])
    np.testing.assert_allclose(pair[0].coef_, pair[1].coef_, atol=1e-10)
    assert pair[0].t_ == pair[1].t_ == 151
    for each in pair:
        each.set_params(warm_start=True, max_iter=3, tol=None).fit(X, y).fit(X, y)
    np.testing.assert_allclose(pair[0].coef_, pair[1].coef_, atol=1e-10)
    start = {
        "coef_init": np.ones((classes if classes > 2 else 1, 8)),
        "intercept_init": np.ones(classes if classes > 2 else 1),
    }
    for each in pair:
        each.set_params(warm_start=False).fit(X, y, **start)
    np.testing.assert_allclose(pair[0].coef_, pair[1].coef_, atol=1e-10)


@pytest.mark.parametrize("classes", [2, 4])
@pytest.mark.parametrize("setting", [{"early_stopping": True}, {"class_weight": "balanced"}])
def test_partial_fit_after_fit(classes, setting):
    X, y = problem(classes)
    pair = Perceptron(**setting), linear_model.Perceptron(**setting)
    for each in pair:
        each.fit(X, y).partial_fit(X[:60], y[:60])
    np.testing.assert_allclose(pair[0].coef_, pair[1].coef_, atol=1e-10)
    np.testing.assert_allclose(pair[0].intercept_, pair[1].intercept_, atol=1e-10)
    assert (pair[0].n_iter_, pair[0].t_) == (pair[1].n_iter_, pair[1].t_)


@pytest.mark.parametrize("early_stopping", [False, True])
def test_prints_what_scikit_learn_prints(early_stopping, capfd):
    X, y = problem()
    printed = []
    for cls in (Perceptron, linear_model.Perceptron):
        cls(verbose=1, early_stopping=early_stopping).fit(X, y)
        printed.append(re.sub(r"[\d.]+ seconds", "", capfd.readouterr().out))
    assert printed[0] == printed[1]
    assert "Convergence after" in printed[0]


@pytest.mark.parametrize("jobs", [2, -1])
def test_any_number_of_jobs_gives_the_same_bits(jobs):
    X, y = problem(4)
    np.testing.assert_array_equal(Perceptron(n_jobs=jobs).fit(X, y).coef_, Perceptron().fit(X, y).coef_)


def test_sparsify():
    X, y = problem()
    fitted = Perceptron(penalty="l1", alpha=0.01).fit(X, y)
    expected = fitted.predict(X)
    assert sparse.issparse(fitted.sparsify().coef_)
    np.testing.assert_array_equal(fitted.predict(X), expected)
    assert fitted.densify().coef_.shape == (1, 8)


def test_goes_on_from_sparse_weights():
    X, y = problem(3)
    for settings, train in (({}, "partial_fit"), ({"warm_start": True}, "fit")):
        dense, thin = (Perceptron(max_iter=3, tol=None, **settings).fit(X, y) for _ in range(2))
        for each in (dense, thin.sparsify()):
            getattr(each, train)(X, y)
        np.testing.assert_array_equal(thin.coef_, dense.coef_)


def test_warns_where_passes_do_not_suffice():
    X, y = problem()
    with pytest.warns(ConvergenceWarning, match="Maximum number of iteration reached before convergence"):
        Perceptron(max_iter=2).fit(X, y)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        Perceptron(max_iter=2, tol=None).fit(X, y)


# ---- the course ----------------------------------------------------------------------------------------------

GATES = np.array([[0.0, 0.0], [0.0, 1.0], [1.0, 0.0], [1.0, 1.0]])


@pytest.mark.parametrize(("labels", "solved"), [([0, 0, 0, 1], True), ([0, 1, 1, 1], True), ([0, 1, 1, 0], False)])
def test_the_gates_of_the_course(labels, solved):
    fitted = Perceptron(tol=1e-3, random_state=10).fit(GATES, labels)
    assert (fitted.predict(GATES).tolist() == labels) is solved
    assert_same(GATES, np.array(labels), tol=1e-3, random_state=10)


# ---- what goes wrong -----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "setting",
    [{"penalty": "l3"}, {"alpha": -1}, {"l1_ratio": 2}, {"fit_intercept": 3}, {"max_iter": 0}, {"tol": -1},
     {"shuffle": 2}, {"verbose": "a"}, {"eta0": 0}, {"n_jobs": "a"}, {"random_state": "a"}, {"early_stopping": 2},
     {"validation_fraction": 1.0}, {"n_iter_no_change": 0}, {"class_weight": "b"}, {"warm_start": 2}],
)  # fmt: skip
def test_bad_parameters_have_scikit_learns_errors(setting):
    messages = []
    for cls in (Perceptron, linear_model.Perceptron):
        with pytest.raises(ValueError, match="must be") as caught:
            cls(**setting).fit(*problem())
        messages.append(sorted(re.findall(r"[^\s{},]+", str(caught.value))))
    assert messages[0] == messages[1]


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda X, y: Perceptron().fit(X, np.full(150, "a")), "greater than one; got 1 class"),
        (lambda X, y: Perceptron().fit(X, X[:, 0]), "Unknown label type"),
        (lambda X, y: Perceptron().fit(X * np.nan, y), "contains NaN"),
        (lambda X, y: Perceptron().fit(X, y, coef_init=np.ones((1, 7))), "Provided coef_init does not match dataset"),
        (lambda X, y: Perceptron().partial_fit(X, y), "classes must be passed on the first call to partial_fit"),
        (lambda X, y: Perceptron().partial_fit(X, y, classes=["a", "c"]), "classes should include all valid labels"),
        (lambda X, y: Perceptron(early_stopping=True).partial_fit(X, y, ["a", "b"]), "early_stopping should be False"),
        (lambda X, y: Perceptron(class_weight="balanced").partial_fit(X, y, ["a", "b"]), "'balanced' is not supported"),
        (lambda X, y: Perceptron(class_weight={"z": 1}).fit(X, y), "are not in class_weight"),
        (
            lambda X, y: Perceptron(early_stopping=True).fit(X, y, sample_weight=np.r_[np.ones(2), np.zeros(148)]),
            "all zero",
        ),
    ],
)
def test_refuses(call, message):
    with pytest.raises(ValueError, match=message):
        call(*problem())


@pytest.mark.parametrize(
    "call",
    [
        lambda cls, X, y: cls().fit(X, X[:, 0]),
        lambda cls, X, y: cls().fit(X, np.where(y == "a", y, None)),
        lambda cls, X, y: cls().fit(X, np.where(y == "a", y.astype(object), 1)),
        lambda cls, X, y: cls().fit(X, np.full(150, "a"), sample_weight=np.zeros(150)),
        lambda cls, X, y: cls(class_weight={"z": 2}).fit(X, np.full(150, "a")),
        lambda cls, X, y: cls().partial_fit(X, np.full(150, "a"), classes=["a"], sample_weight=np.zeros(150)),
        lambda cls, X, y: cls(class_weight="balanced").partial_fit(X, y, classes=["a", "b"]),
        lambda cls, X, y: cls(class_weight="balanced").fit(X, y).partial_fit(X, np.where(y == "a", "z", y)),
        lambda cls, X, y: cls(class_weight={"a": 2}).partial_fit(X, y, classes=["a", "c"]),
        lambda cls, X, y: cls().fit(X, y).partial_fit(X, y, classes=["a", "b", "c"]),
    ],
)
def test_refuses_with_scikit_learns_words(call):
    told = []
    for cls in (Perceptron, linear_model.Perceptron):
        with pytest.raises((ValueError, TypeError)) as caught:
            call(cls, *problem())
        told.append((caught.type, str(caught.value)))
    assert told[0] == told[1]


@pytest.mark.parametrize("dtype", [object, "U9", "float32", "int16", bool])
def test_classes_have_scikit_learns_dtype(dtype):
    X, y = np.eye(3), np.array(["0", "1", "1"]).astype("U1" if dtype in (object, "U9") else int).astype(dtype)
    assert Perceptron().fit(X, y).classes_.dtype == linear_model.Perceptron().fit(X, y).classes_.dtype


def shuffled_in_turn(n, seed):
    """Fisher and Yates' shuffle with Marsaglia's xorshift generator, one exchange after the other."""
    places = list(range(n))
    for i in range(n - 1):
        seed ^= (seed << 13) & 0xFFFFFFFF
        seed ^= seed >> 17
        seed ^= (seed << 5) & 0xFFFFFFFF
        j = i + (seed & 0x7FFFFFFF) % (n - i)
        places[i], places[j] = places[j], places[i]
    return places


@pytest.mark.parametrize("n", [1, 2, 3, 5, 31, 32, 33, 34, 64, 65, 66, 1000, 70000])
@pytest.mark.parametrize("seed", [0, 1, 12345678, 2**31 - 1])
def test_shuffles_as_if_in_turn(n, seed):
    np.testing.assert_array_equal(shuffled_positions(n, seed), shuffled_in_turn(n, seed or 1))


def test_overflow_keeps_what_was_there():
    X, y = problem()
    fitted = Perceptron(warm_start=True).fit(X, y)
    before = fitted.coef_.copy()
    with (
        np.errstate(over="ignore"),
        pytest.raises(ValueError, match="Floating-point under-/overflow occurred at epoch #1"),
    ):
        fitted.fit(X * 1e300, y, sample_weight=np.full(150, 1e200))
    np.testing.assert_array_equal(fitted.coef_, before)
