"""Products of sparse rows: the numbers, derivatives and bits of dense ones; batches of them; estimators on them."""

import pickle
import tracemalloc

import numpy as np
import pytest
from estimator_tools import assert_same_fit, fit, problem
from hypothesis import given
from hypothesis import strategies as st
from scipy import sparse
from sklearn.base import is_classifier

from fastnn import GradientTape, KerasRegressor, MLPClassifier, MLPRegressor, Sequential, Variable, layers, ops, plan
from fastnn import sparse as sparse_features
from fastnn._kernels import core
from fastnn.ops.sparse import Csr, _csr_dense, _csr_transpose, csr_dense, csr_matmul, csr_specs
from fastnn.ops.sparse import csr_of as csr_behind
from fastnn.sparse import CsrSource

pytestmark = pytest.mark.filterwarnings("ignore::sklearn.exceptions.ConvergenceWarning")

RNG = np.random.default_rng(0)


def random_rows(rows, columns, density=0.1, dtype="float64", seed=0):
    return sparse.random_array((rows, columns), density=density, format="csr", dtype=dtype, rng=seed)


def csr_of(X):
    X = X.sorted_indices()
    bounds = np.stack([X.indptr[:-1], X.indptr[1:]], axis=1).astype(np.int32)
    return Csr(bounds, X.data, X.indices.astype(np.int32))


# ---- ops -------------------------------------------------------------------------------------------------------

matrices = {
    "rows": st.integers(1, 40),
    "columns": st.integers(1, 120),
    "units": st.integers(1, 150),
    "density": st.sampled_from([0.0, 0.05, 0.5, 1.0]),
    "dtype": st.sampled_from(["float32", "float64"]),
}


@given(**matrices)
def test_the_product_is_the_dense_one(rows, columns, units, density, dtype):
    X = random_rows(rows, columns, density, dtype)
    b = RNG.standard_normal((columns, units)).astype(dtype)
    product = csr_matmul(csr_of(X), b).numpy()
    assert product.dtype == dtype
    np.testing.assert_allclose(product, X @ b, rtol=1e-5 if dtype == "float32" else 1e-13, atol=1e-5)
    if units >= 8:  # where the dense one is a chain, too
        np.testing.assert_array_equal(product, ops.matmul(X.toarray(), b))


@given(**matrices)
def test_the_transpose_is_scipys(rows, columns, units, density, dtype):
    X = random_rows(rows, columns, density, dtype)
    bounds, values, columns_of = (each.numpy() for each in _csr_transpose(*csr_of(X), rows=columns))
    for name, ours in zip(("bounds", "values", "columns"), (bounds, values, columns_of), strict=True):
        np.testing.assert_array_equal(ours, getattr(csr_of(X.T.tocsr()), name), err_msg=name)
    np.testing.assert_array_equal(_csr_transpose.reference(*csr_of(X), rows=columns)[0], bounds)


@given(**matrices)
def test_gradients_are_those_of_finite_differences(rows, columns, units, density, dtype):
    """A linear function: the difference between two points far apart is its derivative, too."""
    X = random_rows(rows, columns, density)
    b, step = Variable(RNG.standard_normal((columns, units))), RNG.standard_normal((columns, units))
    weights = RNG.standard_normal((rows, units))
    with GradientTape() as outer:
        with GradientTape() as inner:
            total = ops.sum(csr_matmul(csr_of(X), b) * weights)
        gradient = inner.gradient(total, b)
        moved = ops.sum(csr_matmul(csr_of(X), b + step) * weights)
        second = ops.sum(ops.square(gradient * b))
    np.testing.assert_allclose(float(moved - total), float(ops.sum(gradient * step)), rtol=1e-9, atol=1e-9)
    np.testing.assert_allclose(outer.gradient(second, b), 2 * gradient.numpy() ** 2 * b.numpy(), rtol=1e-12)


@given(**matrices)
def test_dense_rows_are_scipys(rows, columns, units, density, dtype):
    X = random_rows(rows, columns, density, dtype)
    dense = csr_dense(csr_of(X), columns).numpy()
    assert dense.dtype == dtype
    np.testing.assert_array_equal(dense, X.toarray())
    np.testing.assert_array_equal(_csr_dense.reference(*csr_of(X), features=columns), dense)


def test_what_stands_twice_adds_up():
    twice = Csr(np.array([[0, 3], [3, 3]], "i"), np.array([1.0, 2.0, 4.0]), np.array([1, 0, 1], "i"))
    np.testing.assert_array_equal(csr_dense(twice, 3), [[2.0, 5.0, 0.0], [0.0, 0.0, 0.0]])


def test_dense_rows_are_made_only_where_they_are_wanted():
    """A dense layer takes the elements behind them, the same numbers."""
    X = random_rows(20, 300)
    inputs = [(each.shape, each.dtype) for each in csr_of(X)]
    layer = layers.Dense(70, activation="tanh", dtype="float64")
    expected = layer(X.toarray()).numpy()
    found = {}
    for name, function in {
        "dense": lambda *csr: layer(csr_dense(Csr(*csr), 300)),
        "both": lambda *csr: ops.sum(csr_dense(Csr(*csr), 300)) + layer(csr_dense(Csr(*csr), 300)),
        "neither": lambda *csr: layer(csr_dense(Csr(*csr), 300) * 1.0),
    }.items():
        program = plan.compile(function, inputs)
        found[name] = {step for step, _, _ in program.plan.describe()} & {"csr_dense", "csr_matmul"}
        for out, array in zip(program.inputs, csr_of(X), strict=True):
            out[...] = array
        total = X.sum() if name == "both" else 0.0
        np.testing.assert_allclose(program.run()[0], expected + total, rtol=1e-12, atol=1e-14)
    assert found == {"dense": {"csr_matmul"}, "both": {"csr_dense", "csr_matmul"}, "neither": {"csr_dense"}}
    assert csr_behind(ops.convert_to_tensor(X.toarray())) is None


def test_second_derivatives_go_through_the_product():
    X, b = random_rows(9, 30), Variable(RNG.standard_normal((30, 5)))
    with GradientTape() as outer:
        with GradientTape() as inner:
            total = ops.sum(csr_matmul(csr_of(X), b) ** 3)
        norm = ops.sum(ops.square(inner.gradient(total, b)))
    dense = X.toarray()
    with GradientTape() as expected:
        with GradientTape() as inner:
            total = ops.sum(ops.matmul(dense, b) ** 3)
        same = ops.sum(ops.square(inner.gradient(total, b)))
    np.testing.assert_allclose(outer.gradient(norm, b), expected.gradient(same, b), rtol=1e-10)


def test_operands_that_do_not_fit_are_named():
    a = csr_of(random_rows(4, 6, dtype="float32"))
    with pytest.raises(ValueError, match="float32 elements for float64"):
        csr_matmul(a, np.zeros((6, 3)))
    bounds, values, columns = a
    out, b, p = np.zeros((4, 3), "f"), np.zeros((6, 3), "f"), core.Plan()
    with pytest.raises(ValueError, match="are no sparse matrix"):
        p.csr_matmul(out, (bounds, values, columns[:-1]), b)
    with pytest.raises(ValueError, match="4 sparse rows"):
        p.csr_matmul(out[:3], a, b)
    with pytest.raises(BufferError, match="adjacent"):
        p.csr_matmul(out, a, np.zeros((3, 6), "f").T)
    with pytest.raises(ValueError, match="overlaps"):
        p.csr_matmul(b[:4], a, b)
    assert len(p) == 0


# ---- updates ---------------------------------------------------------------------------------------------------

SLOTS = {"sgd": 0, "momentum": 1, "nesterov": 1, "rmsprop": 3, "adagrad": 1, "adam": 3}
HYPER = {
    "sgd": (0.0, 0.0, 0.0),
    "momentum": (0.9, 0.0, 0.0),
    "nesterov": (0.9, 0.0, 0.0),
    "rmsprop": (0.9, 1e-7, 0.5),
    "adagrad": (0.0, 1e-7, 0.0),
    "adam": (0.9, 0.999, 1e-7),
}


@pytest.mark.parametrize("option", [0, 1])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", core.RULES)
def test_updates_are_those_by_the_gradient(rule, dtype, option):
    """In one step as in two: the product, and the rule."""
    X, dy = random_rows(20, 70, dtype=dtype), RNG.standard_normal((20, 150)).astype(dtype)
    transposed = Csr(*_csr_transpose(*csr_of(X), rows=70))
    arrays = [RNG.random((70, 150)).astype(dtype) for _ in range(1 + SLOTS[rule])]
    scalars, hyper = np.array([0.1, 0.2]), [*HYPER[rule], 0.0, 0.0, 0.01, 0.02]
    fused, plain = ([array.copy() for array in arrays] for _ in range(2))
    gradient = np.zeros((70, 150), dtype)
    csr = [each.numpy() for each in transposed]
    one, two = core.Plan(), core.Plan()
    one.csr_update(rule, fused[0], csr, dy, scalars, slots=fused[1:], hyper=hyper, option=option)
    two.csr_matmul(gradient, csr, dy)
    two.update(rule, plain[0], gradient, scalars, slots=plain[1:], hyper=hyper, option=option)
    one.run()
    two.run()
    for ours, theirs in zip(fused, plain, strict=True):
        np.testing.assert_array_equal(ours, theirs)
    assert not np.array_equal(fused[0], arrays[0])


def step_of(kernel, dense=None):
    """A step of SGD with an L2 penalty on sparse rows, or on the same rows, dense."""
    lr = ops.step_scalars(Variable(np.float64(0.1)), Variable(np.int64(0)))

    def step(*inputs):
        with GradientTape() as tape:
            x = Csr(*inputs)
            y = csr_matmul(x, kernel) if dense is None else ops.matmul(dense, kernel)
            loss = ops.sum(ops.square(ops.tanh(y))) + ops.sum(ops.square(kernel)) * 0.01
        ops.sgd_update(kernel, tape.gradient(loss, kernel), lr)
        return loss

    return step


@pytest.mark.parametrize(("layout", "fused"), [(None, True), ("kernel", False)])
def test_the_update_is_inside_the_product(layout, fused):
    X, first = random_rows(20, 300), RNG.standard_normal((300, 20))
    kernels = [Variable(first, layout=layout) for _ in range(2)]  # 20 units: stored by output
    inputs = [(each.shape, each.dtype) for each in csr_of(X)]
    programs = [
        plan.compile(step_of(kernel, d), inputs) for kernel, d in zip(kernels, (None, X.toarray()), strict=True)
    ]
    names = [name for name, _, _ in programs[0].plan.describe()]
    assert ("sgd" not in names) == ("csr_update" in names) == fused
    for out, array in zip(programs[0].inputs, csr_of(X), strict=True):
        out[...] = array
    for _ in range(3):
        for program in programs:
            program.run()
    np.testing.assert_allclose(kernels[0].numpy(), kernels[1].numpy(), rtol=1e-12, atol=1e-14)


# ---- batches ---------------------------------------------------------------------------------------------------


def gathering(source, rows, room=None):
    """A program that hands out its batch of sparse rows, beside one number a row."""
    room = source.room(rows) if room is None else room
    specs = [*csr_specs(rows, room, source.arrays[0].dtype), ((rows,), np.dtype("float64"))]
    eye = np.eye(source.features, dtype=source.arrays[0].dtype)
    return plan.compile(lambda *inputs: (csr_matmul(Csr(*inputs[:3]), eye), inputs[3] + 0.0), specs)


def test_batches_are_the_rows_of_the_order():
    X, numbers = random_rows(50, 30), np.arange(50.0)
    source, order = CsrSource(X, np.dtype("float64")), RNG.permutation(50)
    program = gathering(source, 8)
    program.bind([source, numbers], order)
    for first in (0, 8, 40):
        program.run_batches(first, 1)
        np.testing.assert_array_equal(program.outputs[0], X.toarray()[order[first : first + 8]])
        np.testing.assert_array_equal(program.outputs[1], order[first : first + 8])
    with pytest.raises(ValueError, match="exceed the 50 rows"):
        program.run_batches(48, 1)
    with pytest.raises(ValueError, match="sources for 3 inputs, not for 4"):
        program.bind([source])
    program.unbind()
    with pytest.raises(RuntimeError, match="needs bind"):
        program.run_batches(0, 1)
    program.bind([source, numbers])
    program.run_batches(3, 1)
    np.testing.assert_array_equal(program.outputs[0], X.toarray()[3:11])


def test_what_there_is_no_room_for_is_left_out():
    """An order may name the longest row again and again: memory is kept, the elements are not."""
    X = random_rows(6, 40, density=0.5)
    source, order = CsrSource(X, np.dtype("float64")), np.zeros(6, np.int64)
    program = gathering(source, 6, room=30)
    program.bind([source, np.zeros(6)], order)
    program.run_batches(0, 1)
    kept = X[[0]].toarray()[0]
    np.testing.assert_array_equal(program.outputs[0][0], kept)
    assert not program.outputs[0][2:].any()
    order[...] = [-5, 99, 1 << 40, -(1 << 40), 0, 0]  # nonsense is clamped
    program.run_batches(0, 1)
    np.testing.assert_array_equal(program.outputs[0][0], kept)


def test_room_is_that_of_the_longest_rows():
    lengths = [5, 0, 9, 1, 7]
    X = sparse.csr_array(np.array([[1.0] * n + [0.0] * (12 - n) for n in lengths]))
    source = CsrSource(X, np.dtype("float64"))
    assert [source.room(rows) for rows in (1, 2, 3, 5, 9)] == [16, 16, 32, 32, 32]
    assert CsrSource(sparse.csr_array((3, 4)), np.dtype("float64")).room(2) == 1
    source.arrays = (*source.arrays[:2], np.array([0, 3 << 20, (3 << 20) + 5]))
    assert [source.room(rows) for rows in (1, 2)] == [3 << 20, 4 << 20]  # not twice as many
    source.arrays = (*source.arrays[:2], np.array([0, 1 << 30, (1 << 31) - 1, 1 << 31]))
    assert source.room(2) == (1 << 31) - 1
    with pytest.raises(ValueError, match="take fewer rows"):
        source.room(3)


def test_columns_are_brought_in_order():
    values, columns, starts = np.array([1.0, 2.0, 4.0, 8.0]), np.array([3, 1, 3, 0]), np.array([0, 3, 4])
    X = sparse.csr_array((values, columns, starts), shape=(2, 5))
    source = CsrSource(X, np.dtype("float32"))
    assert [each.tolist() for each in source.arrays] == [[2, 5, 8], [1, 3, 0], [0, 2, 3]]
    assert [each.dtype.name for each in source.arrays] == ["float32", "int32", "int64"]
    np.testing.assert_array_equal(X.indices, columns)  # the caller's is left alone


@pytest.mark.parametrize(
    ("columns", "starts"), [([0, 5], [0, 1, 2]), ([0, -1], [0, 1, 2]), ([0, 1], [0, 2, 1]), ([0, 1], [0, 3, 2])]
)
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_malformed_matrices_are_refused(columns, starts, method):
    X, y = random_rows(2, 300), np.array([0.0, 1.0])
    model = MLPRegressor(hidden_layer_sizes=4, max_iter=2).fit(X, y)
    bad = sparse.csr_array((2, 300))
    bad.data, bad.indices, bad.indptr = np.ones(2), 60 * np.array(columns, np.int32), np.array(starts, np.int32)
    with pytest.raises(ValueError, match="ind(ex|ices|ptr)"):  # SciPy's words
        model.fit(bad, y) if method == "fit" else model.predict(bad)
    assert np.isfinite(model.predict(X)).all()


def test_the_plan_refuses_sources_that_do_not_fit():
    source = CsrSource(random_rows(5, 30), np.dtype("float64"))
    program = gathering(source, 4)
    values, columns, starts = source.arrays
    for arrays, error in (
        ((values.astype("f"), columns, starts), TypeError),
        ((values, columns, starts.astype("i")), TypeError),
        ((values, columns + 30, starts), ValueError),
        ((values, columns, starts[::-1].copy()), ValueError),
        ((values, columns, starts[:1]), ValueError),
        ((values[:-1], columns, starts), ValueError),
    ):
        with pytest.raises(error):
            program.plan.set_gather_csr(0, program.inputs[:3], arrays, 30)
    with pytest.raises(IndexError):
        program.plan.set_gather_csr(9, program.inputs[:3], source.arrays, 30)
    with pytest.raises(IndexError):
        program.plan.clear_gather(9)


# ---- estimators ------------------------------------------------------------------------------------------------

KINDS = (MLPClassifier, MLPRegressor)


def wide(estimator, rows=120, dtype="float64"):
    X = random_rows(rows, 400, density=0.03, dtype=dtype, seed=1)
    y = X @ np.random.default_rng(2).standard_normal(400)
    return X, np.digitize(y, np.quantile(y, [0.3, 0.6])) if is_classifier(estimator()) else y


SETTINGS = {
    "adam": {},
    "batches": {"batch_size": 32, "hidden_layer_sizes": (20, 7)},
    "sgd": {"solver": "sgd", "learning_rate": "adaptive"},
    "lbfgs": {"solver": "lbfgs"},
    "early stopping": {"early_stopping": True},
    "one unit": {"hidden_layer_sizes": (1,)},
    "tanh": {"activation": "tanh", "alpha": 0.1},
}


@pytest.mark.parametrize("setting", SETTINGS)
@pytest.mark.parametrize("estimator", KINDS)
def test_wide_features_train_as_scikit_learns_do(estimator, setting):
    assert_same_fit(estimator, data=wide(estimator), **SETTINGS[setting])


OURS = {
    "dropout": {"dropout": 0.5},
    "normalization": {"normalization": "batch"},
    "l1": {"l1": 0.01},
    "clipping": {"global_clipnorm": 0.1},
    "adamw": {"optimizer": "adamw"},
    "rmsprop": {"optimizer": "rmsprop", "hidden_layer_sizes": (30,)},
    "no hidden layer": {"hidden_layer_sizes": ()},
}


@pytest.mark.parametrize("setting", [*OURS, *SETTINGS])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("estimator", KINDS)
def test_wide_features_train_as_dense_ones_do(estimator, dtype, setting):
    X, y = wide(estimator, dtype=dtype)
    settings = {**OURS, **SETTINGS}[setting]
    thin, dense = (fit(estimator, data=(rows, y), **settings) for rows in (X, X.toarray()))
    tolerance = 1e-11 if dtype == "float64" else 1e-4
    for a, b in zip(thin.coefs_ + thin.intercepts_, dense.coefs_ + dense.intercepts_, strict=True):
        assert a.dtype == dtype
        np.testing.assert_allclose(a, b, rtol=tolerance, atol=tolerance)
    outputs = "predict_proba" if is_classifier(thin) else "predict"
    np.testing.assert_allclose(getattr(thin, outputs)(X), getattr(dense, outputs)(X), rtol=1e-3, atol=tolerance)


@pytest.mark.parametrize("hidden", [20, 64])
def test_threads_and_company_do_not_change_bits(hidden):
    X, y = wide(MLPRegressor, rows=700)
    bits = []
    for threads in (1, 2, 3):
        core.set_num_threads(threads)
        model = fit(MLPRegressor, data=(X, y), hidden_layer_sizes=hidden, batch_size=64)
        bits.append((model.coefs_[0].tobytes(), model.predict(X).tobytes()))
    assert len(set(bits)) == 1
    together = model.predict(X)
    assert together.tobytes() == np.concatenate([model.predict(X[[i]]) for i in range(700)]).tobytes()
    copy = pickle.loads(pickle.dumps(model))
    assert together.tobytes() == copy.predict(X).tobytes()


def test_training_goes_on_from_dense_to_sparse_and_back():
    """The optimizer's state, too: as if all had been dense."""
    X, y = wide(MLPClassifier)
    settings = {"hidden_layer_sizes": 20, "random_state": 0, "batch_size": 40}  # 20 units: laid out in two ways
    mixed, dense = MLPClassifier(**settings), MLPClassifier(**settings)
    for thin in (False, True, True, False, True):
        mixed.partial_fit(X if thin else X.toarray(), y, classes=[0, 1, 2])
        dense.partial_fit(X.toarray(), y, classes=[0, 1, 2])
        np.testing.assert_allclose(mixed.coefs_[0], dense.coefs_[0], rtol=1e-9, atol=1e-11)
        np.testing.assert_allclose(mixed.predict_proba(X), dense.predict_proba(X.toarray()), rtol=1e-9)
        np.testing.assert_allclose(mixed.predict_proba(X.toarray()), dense.predict_proba(X), rtol=1e-9)


@pytest.mark.parametrize("hidden", [20, 64])
@pytest.mark.parametrize("thin", [(True, False), (False, True)])
def test_validation_data_may_be_of_the_other_kind(thin, hidden):
    X, y = wide(MLPRegressor)
    settings = {"hidden_layer_sizes": hidden, "max_iter": 3, "random_state": 0}
    train, held_out = (X[:80] if thin[0] else X[:80].toarray()), (X[80:] if thin[1] else X[80:].toarray())
    mixed = MLPRegressor(**settings).fit(train, y[:80], validation_data=(held_out, y[80:]))
    dense = MLPRegressor(**settings).fit(X[:80].toarray(), y[:80], validation_data=(X[80:].toarray(), y[80:]))
    np.testing.assert_allclose(mixed.validation_loss_curve_, dense.validation_loss_curve_, rtol=1e-9)


def test_what_is_narrow_or_full_is_made_dense_unless_it_is_large(monkeypatch):
    X, y = problem(MLPRegressor)
    thin = sparse.csr_array(X)
    assert not sparse_features.stays_sparse(X)
    assert not sparse_features.stays_sparse(thin)
    monkeypatch.setattr(sparse_features, "_SMALL", X.nbytes - 1)
    assert not sparse_features.stays_sparse(thin)  # it has all elements
    monkeypatch.setattr(sparse_features, "_LARGE", X.nbytes - 1)
    assert sparse_features.stays_sparse(thin)
    assert not sparse_features.is_wide(thin)  # a row's prediction does not hang on how many there are
    few = wide(MLPRegressor)[0]
    assert sparse_features.is_wide(few)
    assert sparse_features.stays_sparse(few)
    np.testing.assert_array_equal(fit(MLPRegressor, data=(thin, y)).coefs_[0], fit(MLPRegressor, data=(X, y)).coefs_[0])


def test_elements_beyond_the_dtype_are_refused():
    X, y = wide(MLPRegressor, dtype="float32")
    model = fit(MLPRegressor, data=(X, y))
    large = X.astype(np.float64)
    large.data[7] = 1e300
    with pytest.raises(ValueError, match="infinity"):
        model.predict(large)
    assert np.isfinite(model.predict(X)).all()


def test_rows_without_elements_are_rows():
    X, y = sparse.csr_array((30, 400)), np.arange(30.0)
    model = fit(MLPRegressor, data=(X, y))
    assert np.ptp(model.predict(X)) == 0
    np.testing.assert_allclose(model.coefs_[0], fit(MLPRegressor, data=(X.toarray(), y)).coefs_[0])


class PredictsEachEpoch:
    """A callback that asks the estimator it was given for predictions."""

    def __init__(self, X):
        self.X = X

    def setup(self, *args, **kwargs):
        pass

    teardown = on_fit_task_begin = setup

    def on_fit_task_end(self, estimator, context, **kwargs):
        estimator.predict(self.X)


@pytest.mark.parametrize("solver", ["adam", "lbfgs"])
def test_predictions_in_the_middle_of_a_fit_change_nothing(solver):
    X, y = wide(MLPRegressor)
    settings = {"hidden_layer_sizes": 20, "max_iter": 8, "random_state": 0, "solver": solver}  # stored by output
    plain = MLPRegressor(**settings).fit(X.toarray(), y)
    watched = MLPRegressor(**settings).set_callbacks(PredictsEachEpoch(X[:3])).fit(X.toarray(), y)
    np.testing.assert_array_equal(watched.coefs_[0], plain.coefs_[0])
    np.testing.assert_array_equal(watched.predict(X), plain.predict(X))


@pytest.mark.parametrize("thin", [True, False])
def test_bits_do_not_hang_on_what_was_predicted_before(thin):
    X, y = wide(MLPRegressor)
    model = fit(MLPRegressor, data=(X if thin else X.toarray(), y), hidden_layer_sizes=20)
    weights, copy = model.coefs_[0], pickle.loads(pickle.dumps(model))
    first = [model.predict(X), model.predict(X.toarray())]
    for each in (model, copy):
        for rows, expected in ((X.toarray(), first[1]), (X, first[0]), (X.toarray(), first[1])):
            np.testing.assert_array_equal(each.predict(rows), expected)
    assert model.coefs_[0] is weights


@pytest.mark.parametrize("columns", [300, 299, 5000])
def test_features_must_fit_weights_that_were_put_there_by_hand(columns):
    model = MLPRegressor(hidden_layer_sizes=(4,))
    model.coefs_, model.intercepts_ = [np.ones((300, 4)), np.ones((4, 1))], [np.zeros(4), np.zeros(1)]
    model.out_activation_, model.n_layers_, model.n_outputs_ = "identity", 3, 1
    X = sparse.csr_array(([1.0], ([0], [columns - 1])), shape=(1, columns))
    if columns == 300:
        assert model.predict(X) == [4.0]
        return
    for rows in (X, X.toarray()):
        with pytest.raises(ValueError, match=f"X has {columns} features, but the network takes 300"):
            model.predict(rows)


def test_what_was_refused_is_forgotten():
    X, y = wide(MLPRegressor, dtype="float32")
    model, X = fit(MLPRegressor, data=(X, y)), X.astype(np.float64)
    bad = X[:10].copy()
    bad.data[-1] = 1e300
    with pytest.raises(ValueError, match="infinity"):
        model.predict(bad)
    assert np.isfinite(model.predict(X[:9])).all()


def test_validation_data_are_never_dense_all_at_once():
    held_out = random_rows(6000, 4000, density=1e-3)
    X, y = np.random.default_rng(0).random((30, 4000)), np.arange(30.0)
    tracemalloc.start()
    try:
        MLPRegressor(hidden_layer_sizes=20, max_iter=1).fit(X, y, validation_data=(held_out, np.zeros(6000)))
        assert tracemalloc.get_traced_memory()[1] < 80e6  # 192 MB if they were
    finally:
        tracemalloc.stop()


def test_predictions_of_full_rows_take_little_memory():
    """As many rows at a time as have some 100,000 elements."""
    X = sparse.csr_array(np.ones((260, 20_000)))
    few = random_rows(4, 20_000, density=1e-3)
    model = fit(MLPRegressor, data=(few, np.arange(4.0)), hidden_layer_sizes=2, max_iter=1)
    one = model.predict(X[[0]])
    tracemalloc.start()
    try:
        np.testing.assert_array_equal(model.predict(X), np.repeat(one, 260))
        assert tracemalloc.get_traced_memory()[1] < 20e6  # 62 MB for 256 rows at once
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("columns", [5, 300])
@pytest.mark.parametrize("dtype", [">f8", ">f4", ">i2"])
def test_bytes_may_be_in_the_other_order(columns, dtype):
    X, y = random_rows(60, columns, 0.3) * 9, RNG.standard_normal(60)
    X.data = X.data.astype(dtype)
    same = X.astype(dtype[1:])

    def build():
        return Sequential([layers.Dense(1)])

    for estimator in (
        MLPRegressor(hidden_layer_sizes=4, max_iter=2, random_state=0),
        KerasRegressor(build, loss="mse", verbose=0),
    ):
        fitted = estimator.fit(X, y)
        np.testing.assert_array_equal(fitted.predict(X), fitted.predict(same))


@pytest.mark.parametrize("method", ["fit", "predict"])
def test_the_callers_matrix_stays_as_it_is(method):
    base, model = np.ones(10_000), fit(MLPRegressor, data=wide(MLPRegressor))
    X = sparse.csr_array((3, 400))
    X.data, X.indices, X.indptr = base[:4], np.array([5, 3, 299, 1], "int32"), np.array([0, 1, 3, 3], "int64")
    given = X.data, X.indices, X.indptr
    model.fit(X, np.arange(3.0)) if method == "fit" else model.predict(X)
    assert X.data is given[0]
    assert X.indices is given[1]
    assert X.indptr is given[2]
    np.testing.assert_array_equal(X.indices, [5, 3, 299, 1])


def test_columns_are_clamped_where_another_thread_changes_them():
    X = wide(MLPRegressor)[0]
    source = CsrSource(X, np.dtype("float64"))
    program = gathering(source, 8)
    program.bind([source, np.zeros(120)])
    X.indices[...] = 2_000_000_000  # what the source shares
    program.run_batches(0, 1)
    assert program.inputs[2].max() == 399
    source.write(0, 8, Csr(*program.inputs[:3]))
    assert program.inputs[2].max() == 399
