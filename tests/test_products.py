"""Matrix products that leave out zeros, and those made in parts of their sum: the same numbers, sooner."""

import numpy as np
import pytest

import fastnn
from fastnn import ops, plan
from fastnn._kernels import core
from fastnn.tensor import Tensor

SHAPES = [
    (32, 784, 100),
    (64, 784, 128),
    (1, 784, 100),
    (40, 64, 64),
    (300, 600, 60),
    (300, 96, 64),
    (33, 200, 333),
    (32, 511, 257),
]


def pictures(rows, pixels, dtype="float32", zeros=0.6):
    """Rows of which so many elements are zero: in the first half the same of two pixels, and of two rows."""
    rng = np.random.default_rng(rows + pixels)
    x = rng.uniform(0.1, 1, (rows, pixels)).astype(dtype)
    zero = rng.random(x.shape) < zeros
    half = pixels // 4 * 2
    zero[:, 1:half:2] = zero[:, :half:2]
    half = rows // 4 * 2
    zero[1:half:2] = zero[:half:2]
    x[zero] = 0
    return x


def weights(n_in, n_out, dtype="float32"):
    value = np.random.default_rng(n_in).standard_normal((n_in, n_out)).astype(dtype)
    return fastnn.Variable(value, layout="kernel")


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
@pytest.mark.parametrize("zeros", [0, 0.3, 0.6, 1])
def test_products_of_pictures(shape, dtype, zeros):
    rows, n_in, n_out = shape
    x, w = pictures(rows, n_in, dtype, zeros), weights(n_in, n_out, dtype)
    expected = x.astype("float64") @ w.numpy().astype("float64")
    scale = 20 * n_in**0.5 * np.finfo(dtype).eps
    np.testing.assert_allclose(ops.matmul(x, w).numpy(), expected, rtol=0, atol=scale)
    back = ops.matmul(ops.transpose(x), expected.astype(dtype)).numpy()
    np.testing.assert_allclose(back, x.T.astype("float64") @ expected, rtol=0, atol=50 * scale * rows**0.5)


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(32, 784, 100), (48, 256, 64)], ids=str)
def test_leaving_out_zeros_changes_no_bit(isa, dtype, shape):
    """A quarter of the rows decides whether zeros are left out; the others are the same either way."""
    core.set_isa(isa)
    rows, n_in, n_out = shape
    w = weights(n_in, n_out, dtype)
    x = pictures(rows, n_in, dtype)
    looked_at = [rows * n // 4 for n in range(4)]
    dense = x.copy()
    dense[looked_at] = 1
    others = np.setdiff1d(np.arange(rows), looked_at)
    np.testing.assert_array_equal(ops.matmul(x, w).numpy()[others], ops.matmul(dense, w).numpy()[others])


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("n_in", "n_out"), [(100, 96), (96, 700), (100, 300)])
def test_deltas_of_relu_are_taken_back_without_their_zeros(isa, dtype, n_in, n_out):
    """The layer's kernel is transposed, in pieces if there are many units."""
    core.set_isa(isa)
    w, delta = weights(n_in, n_out, dtype), pictures(200, n_out, dtype)
    dense = delta.copy()
    dense[::50] = 1
    others = np.arange(200) % 50 > 0
    back, of_dense = (ops.matmul(d, ops.transpose(w)).numpy() for d in (delta, dense))
    np.testing.assert_array_equal(back[others], of_dense[others])
    np.testing.assert_allclose(back, delta @ w.numpy().T, rtol=0, atol=2 * n_out * np.finfo(dtype).eps)
    value = w.numpy().copy()
    value[7, 30] = np.inf
    w.assign(value)
    delta[:, 30] = 0
    back = ops.matmul(delta, ops.transpose(w)).numpy()
    assert np.isnan(back[:, 7]).all()
    assert np.isfinite(np.delete(back, 7, axis=1)).all()


@pytest.mark.parametrize("bad", [np.inf, -np.inf, np.nan])
@pytest.mark.parametrize("shape", SHAPES, ids=str)
def test_zero_times_what_is_not_finite_is_nan(shape, bad):
    rows, n_in, n_out = shape
    x, w = pictures(rows, n_in), weights(n_in, n_out)
    x[:, n_in // 2] = 0
    value = w.numpy().copy()
    value[n_in // 2, 3] = bad
    w.assign(value)
    y = ops.matmul(x, w).numpy()
    assert np.isnan(y[:, 3]).all()
    assert np.isfinite(np.delete(y, 3, axis=1)).all()
    delta = np.ones((rows, n_out), "float32")
    delta[rows // 2, 5] = bad
    x[rows // 2, 0] = 0
    gradient = ops.matmul(ops.transpose(x), delta).numpy()
    assert np.isnan(gradient[0, 5])
    assert np.isfinite(np.delete(gradient, 5, axis=1)).all()


def with_rows_apart(x, room):
    """The same matrix, with so many elements behind each row."""
    memory = np.full((x.shape[0], x.shape[1] + room), np.nan, x.dtype)
    memory[:, : x.shape[1]] = x
    return Tensor(memory[:, : x.shape[1]])


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_rows_that_are_pages_apart_change_no_bit(isa, dtype):
    """Such operands are packed: their rows would meet in the same lines of a cache. So are large transposed ones."""
    core.set_isa(isa)
    rng = np.random.default_rng(0)
    a, b = (rng.standard_normal(shape).astype(dtype) for shape in ((530, 600), (600, 300)))
    apart = with_rows_apart(b, 4096 // b.itemsize - 300)
    turned = Tensor(np.ascontiguousarray(a.T).T)
    expected = ops.matmul(Tensor(a), Tensor(b)).numpy()
    for x, y in ((Tensor(a), apart), (turned, Tensor(b)), (turned, apart)):
        np.testing.assert_array_equal(ops.matmul(x, y).numpy(), expected)
    np.testing.assert_allclose(expected, a @ b, rtol=0, atol=1e4 * np.finfo(dtype).eps)


BATCHES = [
    (10, 4, 4, 4),
    (3, 1, 7, 5),
    (3, 5, 1, 7),
    (5, 3, 40, 1),
    (7, 33, 20, 19),
    (2, 70, 130, 96),
    (4, 2, 600, 64),
    (2, 300, 513, 60),
    (0, 2, 3, 4),
    (2, 0, 3, 4),
    (2, 3, 0, 4),
    (2, 3, 4, 0),
    (1, 9, 30, 8),
]


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", BATCHES, ids=str)
@pytest.mark.parametrize("turned", [(False, False), (True, False), (False, True), (True, True)])
def test_a_batch_of_products_has_the_bits_of_each(dtype, shape, turned):
    """Eagerly and in a program, which does it in one step, or two for long sums, however many there are."""
    items, m, k, n = shape
    rng = np.random.default_rng(m)
    a, b = (
        rng.standard_normal((items, *(size[::-1] if t else size))).astype(dtype)
        for size, t in zip(((m, k), (k, n)), turned, strict=True)
    )

    def product(a, b):
        a, b = (ops.swapaxes(x, -1, -2) if t else x for x, t in zip((a, b), turned, strict=True))
        return ops.matmul(a, b)

    program = plan.compile(product, [(a.shape, dtype), (b.shape, dtype)])
    for memory, value in zip(program.inputs, (a, b), strict=True):
        memory[...] = value
    found = program.run()[0]
    products = [name for name, *_ in program.plan.describe() if name.startswith("matmul")]
    assert set(products) == {"matmul_batch"}
    assert len(products) <= 2
    np.testing.assert_array_equal(found, product(Tensor(a), Tensor(b)).numpy())
    for i in range(items):
        np.testing.assert_array_equal(found[i], product(Tensor(a[i]), Tensor(b[i])).numpy())


def test_a_matrix_that_all_items_have_is_not_copied():
    a, b = np.random.default_rng(0).standard_normal((2, 6, 5, 5))
    program = plan.compile(lambda a, b: ops.matmul(a[0], b), [(a.shape, a.dtype), (b.shape, b.dtype)])
    for memory, value in zip(program.inputs, (a, b), strict=True):
        memory[...] = value
    np.testing.assert_allclose(program.run()[0], a[0] @ b, rtol=1e-12)
    assert [name for name, *_ in program.plan.describe() if "gather" not in name] == ["matmul_batch"]


def test_gradients_of_batches_are_batches():
    a, b = np.random.default_rng(0).standard_normal((2, 6, 5, 5))

    def gradients(a, b):
        with fastnn.GradientTape() as tape:
            tape.watch(a)
            tape.watch(b)
            loss = ops.sum(ops.square(ops.matmul(a, b)))
        return tape.gradient(loss, [a, b])

    program = plan.compile(gradients, [(a.shape, a.dtype), (b.shape, b.dtype)])
    assert [name for name, *_ in program.plan.describe()].count("matmul_batch") == 3
    for memory, value in zip(program.inputs, (a, b), strict=True):
        memory[...] = value
    dy = 2 * (a @ b)
    for found, eager, expected in zip(
        program.run(), gradients(Tensor(a), Tensor(b)), (dy @ b.swapaxes(1, 2), a.swapaxes(1, 2) @ dy), strict=True
    ):
        np.testing.assert_array_equal(found, eager.numpy())
        np.testing.assert_allclose(found, expected, rtol=1e-9, atol=1e-12)


def test_a_batch_between_products_has_room_between_its_rows():
    """What lies behind each row is written over, in every item alike."""
    a, b, c = (np.random.default_rng(n).standard_normal((6, 5, 5)).astype("float32") for n in range(3))
    program = plan.compile(lambda a, b, c: ops.matmul(ops.matmul(a, b), c), [(x.shape, x.dtype) for x in (a, b, c)])
    for memory, value in zip(program.inputs, (a, b, c), strict=True):
        memory[...] = value
    np.testing.assert_array_equal(program.run()[0], ops.matmul(ops.matmul(a, b), c).numpy())


def train(optimizer="adam", dtype="float32", sizes=(784, 100, 10), batch=32):
    fastnn.utils.set_random_seed(1)
    x = pictures(5 * batch + 7, sizes[0], dtype)
    y = np.random.default_rng(0).integers(0, sizes[-1], len(x))
    layers = [fastnn.layers.Dense(units, "relu", dtype=dtype) for units in sizes[1:-1]]
    last = fastnn.layers.Dense(sizes[-1], "softmax", dtype=dtype)
    model = fastnn.Sequential([fastnn.Input(sizes[:1], dtype=dtype), *layers, last])
    model.compile(optimizer, "sparse_categorical_crossentropy")
    model.fit(x, y, epochs=3, batch_size=batch, verbose=0)
    return b"".join(w.tobytes() for w in model.get_weights()) + model.predict(x, verbose=0).tobytes()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("sizes", [(784, 100, 10), (784, 128, 64, 10), (600, 200, 64, 3), (40, 80, 300, 3)], ids=str)
@pytest.mark.parametrize("batch", [32, 100])
def test_same_bits_on_any_threads_and_instruction_set(dtype, sizes, batch):
    results = set()
    for isa in (isa for isa in core.available_isas() if isa != "baseline"):
        core.set_isa(isa)
        for n in (1, 2, 3, 5):
            core.set_num_threads(n)
            results.add(train("adam", dtype, sizes, batch))
    assert len(results) <= 1


OPTIMIZERS = {
    "sgd": ("SGD", {}),
    "momentum": ("SGD", {"momentum": 0.9}),
    "nesterov": ("SGD", {"momentum": 0.9, "nesterov": True}),
    "rmsprop": ("RMSprop", {"rho": 0.9}),
    "centered": ("RMSprop", {"rho": 0.9, "momentum": 0.5, "centered": True}),
    "adagrad": ("Adagrad", {}),
    "adam": ("Adam", {}),
    "amsgrad": ("Adam", {"amsgrad": True}),
    "adamw": ("AdamW", {}),
}


@pytest.mark.parametrize("name", OPTIMIZERS)
@pytest.mark.parametrize(("rows", "n_out"), [(32, 100), (200, 100), (300, 64), (32, 200), (48, 250)])
def test_every_rule_follows_a_row_of_sums(name, rows, n_out):
    """The fused update against the gradient, computed by itself, and the rule."""
    kind, options = OPTIMIZERS[name]
    x, delta = pictures(rows, 300), np.random.default_rng(3).standard_normal((rows, n_out)).astype("float32")
    fused, plain = weights(300, n_out), weights(300, n_out)
    optimizers = [getattr(fastnn.optimizers, kind)(0.01, **options) for _ in range(2)]
    for optimizer, variable in zip(optimizers, (fused, plain), strict=True):
        optimizer.build([variable])

    @fastnn.function
    def step(x, delta):
        optimizers[0].apply([ops.matmul(ops.transpose(x), delta)], [fused])
        return ops.sum(delta)

    for _ in range(3):
        step(x, delta)
        optimizers[1].apply([ops.matmul(ops.transpose(x), delta)], [plain])
    np.testing.assert_array_equal(fused.numpy(), plain.numpy())


def test_a_row_has_the_same_bits_in_any_batch():
    x, w = pictures(300, 784), weights(784, 100)
    whole = ops.matmul(x, w).numpy()
    for rows in (1, 7, 32, 257):
        np.testing.assert_array_equal(ops.matmul(x[:rows], w).numpy(), whole[:rows])


def test_long_sums_are_made_in_parts_and_batches_are_gathered_so():
    """Each thread then reads, of every row, the columns that belong to the weights it updates."""
    w = weights(784, 100)
    program = fastnn.plan.compile(lambda x: ops.dense(x, w, None, activation="relu"), [((32, 784), "float32")])
    assert [name for name, *_ in program.plan.describe()] == ["gather_rows", "matmul_parts", "sum_planes"]
    x = pictures(64, 784)
    program.bind([x], np.arange(64)[::-1].copy())
    assert [units for _, _, units in program.plan.phases()][:2] == [2, 4]
    program.run_batches(32, 1)
    np.testing.assert_array_equal(program.outputs[0], np.maximum(ops.matmul(x[31::-1], w).numpy(), 0))


def dense_layer(n_in, n_out, dtype):
    """Return the weights and the bias of a dense layer, and their optimizer."""
    kernel, bias = weights(n_in, n_out, dtype), fastnn.Variable(np.zeros(n_out, dtype))
    optimizer = fastnn.optimizers.Adam(0.01)
    optimizer.build([kernel, bias])
    return kernel, bias, optimizer


def train_layer(x, y, kernel, bias, optimizer):
    """Take a step of training; return the gradients of weights and bias."""
    with fastnn.GradientTape() as tape:
        loss = ops.mean(ops.square(ops.dense(x, kernel, bias, "tanh") - y))
    gradients = tape.gradient(loss, [kernel, bias])
    optimizer.apply(gradients, [kernel, bias])
    return gradients


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(
    ("rows", "n_in", "n_out"), [(200, 8, 64), (201, 64, 50), (200, 64, 10), (257, 40, 1), (9000, 1, 3), (1000, 300, 70)]
)
def test_gradients_over_a_batch_are_summed_in_parts_of_it(rows, n_in, n_out, dtype):
    """And the rule adds them up: to the last bit what it makes of the gradients op by op."""
    rng = np.random.default_rng(rows)
    x, y = (rng.standard_normal((rows, n)).astype(dtype) for n in (n_in, n_out))
    fused, plain = dense_layer(n_in, n_out, dtype), dense_layer(n_in, n_out, dtype)
    program = fastnn.plan.compile(lambda x, y: train_layer(x, y, *fused) and None, [(x.shape, dtype), (y.shape, dtype)])
    names = [name for name, *_ in program.plan.describe()]
    assert names.count("matmul_parts") == names.count("sum_parts") == 1
    assert "matmul_axpy" not in names[names.index("sum_parts") :] and "sum" not in names
    for array, given in zip(program.inputs, (x, y), strict=True):
        array[...] = given
    tensors = ops.convert_to_tensor(x), ops.convert_to_tensor(y)
    for _ in range(3):
        program.run()
        train_layer(*tensors, *plain)
    for a, b in zip(fused[:2], plain[:2], strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())

    wide = x.astype("float64")
    before = [v.numpy().astype("float64") for v in plain[:2]]
    of_kernel, of_bias = train_layer(*tensors, *plain)
    output = np.tanh(wide @ before[0] + before[1])
    dz = 2 / y.size * (output - y) * (1 - output**2)
    tolerance = 1e-5 if dtype == "float32" else 1e-12
    np.testing.assert_allclose(of_kernel.numpy(), wide.T @ dz, rtol=tolerance, atol=tolerance)
    np.testing.assert_allclose(of_bias.numpy(), dz.sum(0), rtol=tolerance, atol=tolerance)


@pytest.mark.parametrize(("rows", "n_in", "n_out"), [(32, 64, 64), (32, 784, 100), (256, 784, 100), (100, 10, 3)])
def test_those_of_small_batches_and_large_layers_are_not(rows, n_in, n_out):
    layer = dense_layer(n_in, n_out, "float32")
    program = fastnn.plan.compile(
        lambda x, y: train_layer(x, y, *layer) and None, [((rows, n_in), "float32"), ((rows, n_out), "float32")]
    )
    assert "sum_parts" not in [name for name, *_ in program.plan.describe()]


def test_all_sums_in_parts_share_a_phase():
    """So threads wait for each other three times a step: behind the rows, behind the sums, behind the updates."""
    model = fastnn.Sequential([fastnn.layers.Dense(n, "relu") for n in (64, 64)] + [fastnn.layers.Dense(1)])
    model.compile("adam", "mse")
    rng = np.random.default_rng(0)
    data = [rng.standard_normal((400, width)) for width in (8, 1)]
    model.fit(*data, batch_size=200, verbose=0)
    programs = [p for p in model._runtime.programs._programs.values() if "adam" in [s[0] for s in p.plan.describe()]]
    programs[0].bind(data)  # as while it trains
    phases = [(name, phase) for name, phase, _ in programs[0].plan.phases()]
    parts = {phase for name, phase in phases if name in ("matmul_parts", "sum_parts")}
    assert len(parts) == 1 and {phase for _, phase in phases} == {1, 2, 3} and parts == {2}


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize(
    ("left", "right"),
    [((5, 7), (7, 3)), ((7,), (7,)), ((7,), (7, 2)), ((2, 5, 7), (7, 3)), ((2, 1, 7), (2, 7, 3)), ((4, 0), (0, 3))],
)
def test_products_of_integers_are_numpys(dtype, left, right):
    """Exact, and modulo 2 to the number of bits, whatever their size: eagerly and in a program."""
    rng, info = np.random.default_rng(0), np.iinfo(dtype)
    a, b = (rng.integers(info.min, info.max, shape, dtype=dtype, endpoint=True) for shape in (left, right))
    found = ops.matmul(a, b)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found.numpy(), a @ b)
    program = plan.compile(ops.matmul, [(left, dtype), (right, dtype)])
    for memory, value in zip(program.inputs, (a, b), strict=True):
        memory[...] = value
    np.testing.assert_array_equal(program.run()[0], a @ b)


def test_long_sums_of_integers_are_exact():
    x = np.full((1 << 22) + 1, -1, "int32")
    assert ops.matmul(x, x).item() == x.size


def test_all_products_take_integers():
    a = np.array([[2**31 - 1, -5], [2**30, 7]], "int32")
    for found, expected in (
        (ops.dot(a, a), a @ a),
        (ops.tensordot(a, a, 1), a @ a),
        (ops.vdot(a, a), np.vdot(a, a)),
        (ops.vdot(a.astype("uint8"), a.astype("uint8")), np.vdot(a.astype("uint8"), a.astype("uint8"))),
        (ops.matmul(np.array([True, True]), np.array([True, True])), np.int32(2)),
    ):
        assert found.dtype == expected.dtype
        np.testing.assert_array_equal(found.numpy(), expected)
