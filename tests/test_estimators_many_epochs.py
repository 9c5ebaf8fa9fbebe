"""Many epochs in one call of C give what epochs one by one give; `verbose` makes them one by one."""

import contextlib
import copy
import io

import joblib
import numpy as np
import pytest
from scipy import sparse
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV

from fastnn import MLPClassifier, MLPRegressor
from fastnn._kernels import core
from fastnn.estimators.epochs import Epochs
from fastnn.estimators.many_epochs import ManyEpochs
from fastnn.estimators.orders import Orders
from fastnn.sequence import Sequence
from fastnn.training import pace

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)
X = RNG.normal(size=(130, 5))
Y = X @ RNG.normal(size=5) + 0.1 * RNG.normal(size=130)
LABELS = (Y > 0).astype(int)


class Counts:
    """How many epochs ran one by one, how many in each stretch, and how many stretches were undone."""

    def __init__(self, monkeypatch):
        self.single, self.stretches, self.undone = 0, [], 0
        run_epoch, run_many, go_back = Epochs.run, ManyEpochs.run, Orders.rewind

        def one(epochs, order=None):
            self.single += 1
            return run_epoch(epochs, order)

        def many(stretch, most, best, stale, note):
            return run_many(
                stretch, most, best, stale, lambda losses: (self.stretches.append(len(losses)), note(losses))
            )

        def rewind(orders, drawn=0):
            self.undone += not drawn
            go_back(orders, drawn)

        monkeypatch.setattr(Orders, "rewind", rewind)
        monkeypatch.setattr(Epochs, "run", one)
        monkeypatch.setattr(ManyEpochs, "run", many)


@pytest.fixture
def counts(monkeypatch):
    return Counts(monkeypatch)


def fit(estimator, verbose=False, y=Y, x=X):
    with contextlib.redirect_stdout(io.StringIO()):
        return estimator.set_params(verbose=verbose).fit(x, y)


def assert_same_fit(a, b):
    for name in ("coefs_", "intercepts_"):
        for ours, theirs in zip(getattr(a, name), getattr(b, name), strict=True):
            np.testing.assert_array_equal(ours, theirs)
    for name in ("loss_curve_", "loss_", "best_loss_", "n_iter_", "t_", "_no_improvement_count", "converged_"):
        assert getattr(a, name) == getattr(b, name), name


SETTINGS = {
    "all epochs": {"max_iter": 40, "tol": 0.0},
    "short last batch": {"max_iter": 40, "tol": 0.0, "batch_size": 128},
    "one batch": {"max_iter": 40, "tol": 0.0, "batch_size": 130},
    "in order": {"max_iter": 40, "tol": 0.0, "shuffle": False},
    "converges": {"max_iter": 300, "tol": 0.01, "learning_rate_init": 0.01, "n_iter_no_change": 3},
    "never": {"max_iter": 50, "tol": 10.0, "n_iter_no_change": np.inf},
    "adaptive": {"max_iter": 300, "tol": 0.02, "solver": "sgd", "learning_rate": "adaptive", "n_iter_no_change": 2},
    "dropout": {"max_iter": 40, "tol": 0.0, "dropout": 0.3},
    "normalization": {"max_iter": 40, "tol": 0.0, "normalization": "batch"},
}


@pytest.mark.parametrize("setting", SETTINGS.values(), ids=list(SETTINGS))
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_same_as_one_by_one(setting, dtype, counts):
    states = [np.random.RandomState(3) for _ in range(2)]
    fits = [
        fit(MLPRegressor(hidden_layer_sizes=(7,), random_state=state, **setting), verbose, x=X.astype(dtype))
        for state, verbose in zip(states, (False, True), strict=True)
    ]
    assert_same_fit(*fits)
    assert states[0].randint(1 << 30) == states[1].randint(1 << 30)  # as many orders were drawn
    assert sum(counts.stretches) > 10
    assert counts.single + sum(counts.stretches) == 2 * fits[0].n_iter_


@pytest.mark.parametrize(("epochs", "stretches"), [(10, 0), (11, 1)])
def test_a_few_epochs_are_not_worth_a_program(epochs, stretches, counts, monkeypatch):
    monkeypatch.setattr(pace, "_STRETCH", 60.0)
    fits = [MLPClassifier((7,), random_state=3, max_iter=epochs, tol=0.0) for _ in range(2)]
    for each, verbose in zip(fits, (False, True), strict=True):
        fit(each, verbose, LABELS)
    assert_same_fit(*fits)
    assert len(counts.stretches) == stretches


def test_goes_on_as_one_by_one():
    fits = [MLPClassifier((7,), random_state=3, warm_start=True, max_iter=25, tol=0.0) for _ in range(2)]
    for _ in range(2):
        for each, verbose in zip(fits, (False, True), strict=True):
            fit(each, verbose, LABELS)
    assert_same_fit(*fits)
    for each in fits:
        each.partial_fit(X, LABELS)
    assert_same_fit(*fits)


def test_in_searches(counts, monkeypatch):
    monkeypatch.setattr(pace, "_STRETCH", 60.0)  # as many epochs as there are, however busy the machine is
    search = GridSearchCV(MLPRegressor(max_iter=30, tol=0.0, random_state=0), {"alpha": [0.0, 1e-3]}, cv=2)
    with joblib.parallel_config("threading"):
        search.fit(X, Y)
    assert counts.single == len(counts.stretches) == 5
    assert sum(counts.stretches) == 5 * 29


@pytest.mark.parametrize("n", [1, 2, 3, 32, 33, 1000])
@pytest.mark.parametrize("bits", [lambda: 3, lambda: np.random.PCG64(3)])
def test_orders_are_those_of_numpy(n, bits):
    ours, theirs = np.random.RandomState(bits()), np.random.RandomState(bits())
    rows = np.arange(n) * 3 % 7
    orders, table = Orders(rows, ours), np.empty((4, n), np.int64)
    orders.ahead(table)
    for order in (*table, orders.next()):
        positions = np.arange(n)
        theirs.shuffle(positions)
        rows = rows[positions]
        np.testing.assert_array_equal(order, rows)
    assert ours.randint(1 << 30) == theirs.randint(1 << 30)


def test_orders_that_cannot_be_drawn():
    bits, first, table = np.random.MT19937(0), np.arange(3), np.empty((2, 3), np.int64)
    with pytest.raises(TypeError, match="int64"):
        core.shuffles(bits, table.astype(float), first)
    with pytest.raises(ValueError, match="shapes"):
        core.shuffles(bits, table, np.arange(4))
    with pytest.raises(ValueError, match="contiguous"):
        core.shuffles(bits, np.empty((3, 2), np.int64).T, first)
    with pytest.raises(ValueError, match="overlaps"):
        core.shuffles(bits, table, table[0])
    with pytest.raises(AttributeError, match="capsule"):
        core.shuffles(None, table, first)


def test_what_others_draw_meanwhile_does_not_come_again():
    generator = np.random.RandomState(0)
    orders, table = Orders(np.arange(9), generator), np.empty((4, 9), np.int64)
    orders.ahead(table)
    orders.rewind(1)  # nobody else has drawn: the second comes again
    np.testing.assert_array_equal(orders.next(), table[1])
    orders.ahead(table)
    others, expected = generator.random_sample(4), copy.deepcopy(generator).random_sample(200)
    orders.rewind(1)
    found = generator.random_sample(200)  # more than were drawn for orders
    assert not np.isin(found, others).any()
    np.testing.assert_array_equal(found, expected)
    assert sorted(orders.next()) == list(range(9))


def test_not_where_somebody_looks(counts):
    settings = {"hidden_layer_sizes": (7,), "max_iter": 12, "tol": 0.0, "random_state": 0}
    fit(MLPRegressor(**settings, early_stopping=True))
    fit(MLPRegressor(**settings, solver="sgd", learning_rate="invscaling", learning_rate_init=0.01))
    assert counts.stretches == []


@pytest.mark.parametrize("columns", [5, 500])
def test_sparse_features_do_not_need_python(counts, columns):
    wide = sparse.csr_array(np.pad(X, ((0, 0), (0, columns - 5))))
    settings = {"hidden_layer_sizes": (7,), "max_iter": 12, "tol": 0.0, "random_state": 0}
    together, single = (fit(MLPRegressor(**settings), verbose, x=wide) for verbose in (False, True))
    assert_same_fit(together, single)
    assert sum(counts.stretches) + counts.single == 24
    assert sum(counts.stretches) > 6


def test_where_training_diverges_it_ends_as_one_by_one(counts):
    settings = {"solver": "sgd", "max_iter": 300, "tol": 0.0, "random_state": 0, "learning_rate_init": 0.25}
    big = Y * 3
    fits = [MLPRegressor(hidden_layer_sizes=(7,), activation="identity", momentum=0.9, **settings) for _ in range(2)]
    messages = []
    for each, verbose in zip(fits, (False, True), strict=True):
        with np.errstate(all="ignore"), pytest.raises(ValueError, match="Training diverged in epoch") as caught:
            fit(each, verbose, big)
        messages.append(str(caught.value))
    assert messages[0] == messages[1]
    assert_same_fit(*fits)
    assert fits[0].n_iter_ > 1
    assert counts.undone == 1


def test_interrupted(monkeypatch):
    runs = []

    def interrupted(sequence, rounds):
        runs.append(rounds)
        completed = run(sequence, rounds)
        if len(runs) == 2:
            raise KeyboardInterrupt
        return completed

    run = Sequence.run
    monkeypatch.setattr(Sequence, "run", interrupted)
    with pytest.warns(UserWarning, match="Training interrupted by user"):
        found = fit(
            MLPRegressor(hidden_layer_sizes=(7,), max_iter=100_000, tol=0.0, n_iter_no_change=np.inf, random_state=0)
        )
    assert found.n_iter_ == len(found.loss_curve_) == 1 + sum(runs)
    monkeypatch.undo()
    again = fit(
        MLPRegressor(hidden_layer_sizes=(7,), max_iter=found.n_iter_, tol=0.0, n_iter_no_change=np.inf, random_state=0),
        True,
    )
    assert_same_fit(found, again)


def test_warns_as_one_by_one():
    with pytest.warns(ConvergenceWarning, match=r"Maximum iterations \(15\) reached"):
        fit(MLPRegressor(hidden_layer_sizes=(7,), max_iter=15, tol=0.0, random_state=0))
