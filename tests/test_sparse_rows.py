"""Sparse features in Keras' face: what dense ones give, without being made dense; what is refused."""

import tracemalloc

import numpy as np
import pytest
from scipy import sparse
from training_tools import state

import fastnn
from fastnn import GradientTape, Model, Sequential, layers, ops, utils
from fastnn._kernels import core
from fastnn.training.sparse_rows import SparseRows

FEATURES = 400
X = sparse.random_array((150, FEATURES), density=0.03, format="csr", dtype="float64", rng=0)
DENSE = X.toarray()
Y = np.random.default_rng(1).integers(0, 3, 150)

FIRST = {
    "dense": lambda: layers.Dense(70, activation="tanh"),
    "narrow": lambda: layers.Dense(20, activation="relu"),
    "no bias": lambda: layers.Dense(70, use_bias=False),
    "batch normalization": lambda: layers.BatchNormalization(),
    "dropout": lambda: layers.Dropout(0.5, seed=1),
    "flatten": lambda: layers.Flatten(),
    "rescaling": lambda: layers.Rescaling(2.0),
}


@pytest.fixture(autouse=True)
def float64():
    fastnn.config.set_floatx("float64")
    yield
    fastnn.config.set_floatx("float32")


def classifier(first="dense", **settings):
    utils.set_random_seed(0)
    model = Sequential([FIRST[first](), layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], **settings)
    return model


def fit(model, x, y=Y, **settings):
    utils.set_random_seed(1)  # the orders of rows
    return model.fit(x, y, verbose=0, **settings).history


def names(model):
    return {name for program in model._runtime.programs._programs.values() for name, _, _ in program.plan.describe()}


def assert_alike(a, b):
    for ours, theirs in zip(a.get_weights(), b.get_weights(), strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=1e-9, atol=1e-11)


@pytest.mark.parametrize("first", FIRST)
def test_they_train_as_dense_ones_do(first):
    thin, dense = (classifier(first) for _ in range(2))
    for settings in (
        {"validation_split": 0.2},
        {"sample_weight": np.linspace(0.5, 2, 150), "batch_size": 50},
        {"class_weight": {0: 2.0}, "shuffle": False},
    ):
        ours, theirs = (fit(model, x, epochs=3, **settings) for model, x in ((thin, X), (dense, DENSE)))
        for name in ours:
            np.testing.assert_allclose(ours[name], theirs[name], rtol=1e-9, err_msg=name)
    assert_alike(thin, dense)
    np.testing.assert_allclose(thin.predict(X, verbose=0), dense.predict(DENSE, verbose=0), rtol=1e-9)
    np.testing.assert_allclose(thin.evaluate(X, Y, verbose=0), dense.evaluate(DENSE, Y, verbose=0), rtol=1e-9)


def test_a_first_dense_layer_goes_through_the_elements():
    model = classifier()
    fit(model, X)
    assert "csr_update" in names(model)
    assert "csr_dense" not in names(model)
    model = classifier("rescaling")
    fit(model, X)
    assert "csr_dense" in names(model)


@pytest.mark.parametrize("container", [sparse.csr_matrix, sparse.csc_array, sparse.coo_array, sparse.lil_array])
@pytest.mark.parametrize("dtype", ["float32", "int64", "uint8", "bool"])
def test_formats_and_dtypes(container, dtype):
    x = (X * 10).astype(dtype)
    thin, dense = (classifier() for _ in range(2))
    fit(thin, container(x))
    fit(dense, x.toarray())
    assert_alike(thin, dense)
    np.testing.assert_allclose(thin.predict(container(x), verbose=0), dense.predict(x.toarray(), verbose=0), rtol=1e-9)


def test_what_is_narrow_or_full_is_made_dense():
    for x in (X[:, :50], sparse.csr_array(np.random.default_rng(0).random((150, 300)))):
        thin, dense = (classifier() for _ in range(2))
        fit(thin, x)
        fit(dense, x.toarray())
        assert state(thin) == state(dense)
        assert not names(thin) & {"csr_dense", "csr_matmul"}
        assert thin.predict(x, verbose=0).shape == (150, 3)


def test_batches_of_a_stream():
    def batches(x):
        return lambda: ((x[i : i + 40], Y[i : i + 40]) for i in range(0, 150, 40))

    thin, dense = (classifier() for _ in range(2))
    for model, x in ((thin, X), (dense, DENSE)):
        model.fit(batches(x), epochs=2, shuffle=False, verbose=0, validation_data=(x[:30], Y[:30]))
    assert_alike(thin, dense)
    np.testing.assert_allclose(thin.predict(batches(X), verbose=0), dense.predict(DENSE, verbose=0), rtol=1e-9)


def test_single_batches():
    thin, dense = (classifier() for _ in range(2))
    for _ in range(2):
        np.testing.assert_allclose(thin.train_on_batch(X[:9], Y[:9]), dense.train_on_batch(DENSE[:9], Y[:9]))
    np.testing.assert_allclose(thin.test_on_batch(X, Y), dense.test_on_batch(DENSE, Y))
    np.testing.assert_allclose(thin.predict_on_batch(X), dense.predict_on_batch(DENSE), rtol=1e-9)
    assert classifier().predict_on_batch(X).shape == (150, 3)  # a model that has seen no data yet


def test_op_by_op():
    thin, dense = (classifier(run_eagerly=eagerly) for eagerly in (True, False))
    fit(thin, X)
    fit(dense, DENSE)
    assert_alike(thin, dense)
    np.testing.assert_allclose(thin.predict(X, verbose=0), dense.predict(DENSE, verbose=0), rtol=1e-9)


class SumsFeatures(Model):
    """A model that looks at its features beside a dense layer."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3, activation="softmax")

    def call(self, x):
        return self.dense(x) * ops.exp(-ops.mean(x, axis=1, keepdims=True))


def test_models_of_ones_own_see_dense_rows():
    models = []
    for x in (X, DENSE):
        utils.set_random_seed(0)
        models.append(SumsFeatures())
        models[-1].compile("adam", "sparse_categorical_crossentropy")
        fit(models[-1], x)
    assert_alike(*models)


def test_threads_and_company_do_not_change_bits():
    bits = []
    for threads in (1, 2, 3):
        core.set_num_threads(threads)
        model = classifier()
        fit(model, X, epochs=2)
        bits.append((state(model), model.predict(X, verbose=0).tobytes()))
    assert bits[0] == bits[1] == bits[2]
    rows = [model.predict(X[[i]], verbose=0) for i in range(150)]
    assert bits[0][1] == np.concatenate(rows).tobytes()


def test_they_are_never_dense_all_at_once():
    x, y = sparse.random_array((6000, 4000), density=1e-3, format="csr", rng=0), np.zeros(6000)
    model = Sequential([layers.Dense(4), layers.Dense(1)])
    model.compile("sgd", "mse")
    tracemalloc.start()
    try:
        model.fit(x, y, verbose=0, validation_split=0.5)
        model.predict(x, verbose=0)
        assert tracemalloc.get_traced_memory()[1] < 30e6  # 192 MB if they were
    finally:
        tracemalloc.stop()


# ---- what is refused -----------------------------------------------------------------------------------


def changed(position, value):
    x = X.copy()
    x.data[position] = value
    return x


ROW, COLUMN = int(np.searchsorted(X.indptr, 7, side="right")) - 1, int(X.indices[7])


@pytest.mark.parametrize(
    ("x", "error", "message"),
    [
        (changed(7, np.nan), ValueError, rf"x holds NaN .* 1 of them, the first \(nan\) at row {ROW}, column {COLUMN}"),
        (changed(7, np.inf), ValueError, rf"the first \(inf\) at row {ROW}, column {COLUMN}"),
        (X[:, :300], ValueError, r"x of shape \(150, 300\) does not fit .* rows of shape \(400,\), got \(300,\)"),
        (X[:100], ValueError, "x has 100, y has 150"),
        (X.astype(complex), TypeError, "x must hold real numbers, got a sparse matrix of dtype complex128"),
        (sparse.coo_array(DENSE[0]), ValueError, r"x must have two axes if it is sparse, got shape \(400,\)"),
        (sparse.csr_array((0, FEATURES)), ValueError, r"x is empty|x has 0"),
    ],
)
def test_features_that_cannot_be_trained_on_change_nothing(x, error, message):
    model = classifier()
    fit(model, X)
    before = state(model)
    with pytest.raises(error, match=message):
        fit(model, x)
    assert state(model) == before


def test_elements_beyond_the_dtype_are_refused():
    fastnn.config.set_floatx("float32")
    with pytest.raises(ValueError, match=rf"x holds values beyond \+-3.4e\+38: .* at row {ROW}, column {COLUMN}"):
        fit(classifier(), changed(7, 1e300))


def test_only_features_may_be_sparse():
    one_hot = sparse.csr_array(np.eye(3)[Y])
    with pytest.raises(TypeError, match=r"y is a sparse matrix, which only features may be: pass y.toarray\(\)"):
        fit(classifier(), X, one_hot)


@pytest.mark.parametrize(
    ("columns", "starts"), [([0, 5], [0, 1, 2]), ([0, -1], [0, 1, 2]), ([0, 1], [0, 2, 1]), ([0, 1], [0, 3, 2])]
)
@pytest.mark.parametrize("method", ["fit", "predict"])
def test_malformed_matrices_are_refused(columns, starts, method):
    model = classifier()
    fit(model, X)
    bad = sparse.csr_array((2, FEATURES))
    bad.data, bad.indices, bad.indptr = np.ones(2), 80 * np.array(columns, np.int32), np.array(starts, np.int32)
    with pytest.raises(ValueError, match="(column indices|index pointers) of x must"):
        fit(model, bad, Y[:2]) if method == "fit" else model.predict(bad, verbose=0)


def test_the_callers_matrix_stays_as_it_is():
    x = sparse.csr_array((3, FEATURES))
    x.data, x.indices, x.indptr = np.ones(5), np.array([5, 3, 3, 299, 1], "int32"), np.array([0, 3, 4, 4], "int64")
    given = x.data, x.indices, x.indptr
    model = classifier()
    fit(model, x, Y[:3])
    np.testing.assert_array_equal(
        model.predict(x, verbose=0), model.predict(SparseRows(x, "x").astype(x.dtype), verbose=0)
    )
    assert (x.data is given[0], x.indices is given[1], x.indptr is given[2]) == (True,) * 3
    np.testing.assert_array_equal(x.indices, [5, 3, 3, 299, 1])


class AsksForX(Sequential):
    """A step that wants to know how the loss hangs on its features."""

    def train_step(self, data):
        x, y = data
        with GradientTape() as tape:
            tape.watch(x)
            loss = self.compute_loss(x, y, self(x, training=True)) + ops.mean(ops.square(x))
        return {"norm": ops.sum(ops.square(tape.gradient(loss, x)))}


def test_gradients_of_features_go_through_the_first_layer():
    found = []
    for x in (X, DENSE):
        utils.set_random_seed(0)
        model = AsksForX([layers.Dense(5, activation="tanh"), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        found.append(fit(model, x, shuffle=False)["norm"])
    np.testing.assert_allclose(*found, rtol=1e-9)


@pytest.mark.parametrize("columns", [20, FEATURES])
def test_bytes_may_stand_in_the_other_order(columns):
    x = X[:, :columns]
    swapped = sparse.csr_matrix((x.data.astype(">f8"), x.indices, x.indptr), shape=x.shape)
    models = [classifier() for _ in range(2)]
    for model, rows in zip(models, (swapped, x), strict=True):
        fit(model, rows)
    assert state(models[0]) == state(models[1])
    np.testing.assert_array_equal(*(m.predict(r, verbose=0) for m, r in zip(models, (swapped, x), strict=True)))
