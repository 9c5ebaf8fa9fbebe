"""The walk over the catalogue: every op against its reference, eager = plan, derivatives, instruction sets, threads."""

import copy
import functools
import pickle

import cloudpickle
import numpy as np
import pytest
from op_samples import LAYOUTS, MUTATING, RANDOM, large_samples, lay_out, samples

import fastnn
from fastnn import GradientTape, Tensor, ops, plan, template
from fastnn._kernels import core

NAMES = sorted(set(ops.CATALOGUE) - MUTATING)
TOLERANCE = {"float32": 2e-5, "float64": 1e-12}


def as_tuple(x):
    return x if isinstance(x, tuple) else (x,)


def run(op, sample, layout="C"):
    tensors = [Tensor(lay_out(x, layout)) for x in sample.inputs]
    return as_tuple(op.apply(tensors, sample.attrs))


def assert_close(got, expected, where):
    assert got.shape == expected.shape, where
    tolerance = TOLERANCE.get(got.dtype.name, 0)
    scale = max(1.0, float(np.abs(expected[np.isfinite(expected)]).max(initial=0))) if tolerance else 1
    np.testing.assert_allclose(got, expected, rtol=tolerance, atol=tolerance * scale, err_msg=str(where))


@pytest.mark.parametrize("layout", LAYOUTS)
@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("name", [n for n in NAMES if n not in RANDOM])
def test_kernel_equals_reference(name, isa, layout):
    core.set_isa(isa)
    op = ops.CATALOGUE[name]
    for sample in samples(name):
        expected = as_tuple(op.reference(*sample.inputs, **sample.attrs))
        got = run(op, sample, layout)
        for y, r, (_, dtype) in zip(got, expected, op.spec(*map(Tensor, sample.inputs), **sample.attrs), strict=True):
            assert y.dtype == dtype
            assert_close(y.numpy(), np.asarray(r), (name, sample.inputs, sample.attrs))


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("name", [n for n in NAMES if n not in RANDOM and large_samples(n)])
def test_large_inputs(name, isa):
    core.set_isa(isa)
    core.set_num_threads(2)
    op = ops.CATALOGUE[name]
    for sample in large_samples(name):
        expected = as_tuple(op.reference(*sample.inputs, **sample.attrs))
        for y, r in zip(run(op, sample), expected, strict=True):
            assert_close(y.numpy(), np.asarray(r), (name, sample.attrs))


@pytest.mark.parametrize("name", NAMES)
def test_eager_equals_plan_bit_for_bit(name):
    op = ops.CATALOGUE[name]
    for sample in samples(name):
        eager = run(op, sample)
        program = plan.compile(lambda *xs, a=sample.attrs: op.apply(xs, a), [(x.shape, x.dtype) for x in sample.inputs])
        for memory, x in zip(program.inputs, sample.inputs, strict=True):
            memory[...] = x
        for y, out in zip(eager, program.run(), strict=True):
            np.testing.assert_array_equal(y.numpy(), out)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("isa", core.available_isas())
def test_rows_of_every_length_have_the_bits_of_their_formula(isa, dtype):
    """However softmax takes its rows: a row's sum is `sum`'s, and a row of a batch is that of any other."""
    core.set_isa(isa)
    rng = np.random.default_rng(0)
    for rows, cols in [(n, c) for n in (1, 3, 4, 7, 21, 64, 150) for c in (1, 2, 7, 8, 9, 10, 16, 17, 40)]:
        x, label = (rng.standard_normal((rows, cols)) * 5).astype(dtype), rng.integers(-1, cols, rows)
        x[0, 0] = np.inf if rows > 3 else 0
        top = ops.max(x, axis=-1, keepdims=True)
        exponentials = ops.exp(x - top)
        total = ops.sum(exponentials, axis=-1, keepdims=True)
        loss, probs = ops.nn.sparse_softmax_crossentropy(x, label)
        np.testing.assert_array_equal(probs.numpy(), (exponentials * (1 / total)).numpy())
        np.testing.assert_array_equal(probs.numpy(), ops.CATALOGUE["softmax"](x).numpy())
        picked = np.where(label >= 0, (x - top).numpy()[np.arange(rows), label], np.nan)
        np.testing.assert_array_equal(loss.numpy(), ops.log(total).numpy()[:, 0] - picked.astype(dtype))


@pytest.mark.parametrize("name", [n for n in NAMES if n not in RANDOM])
def test_every_op_can_stand_in_a_template(name):
    op = ops.CATALOGUE[name]
    for sample in samples(name):
        program = plan.compile(lambda *xs, a=sample.attrs: op.apply(xs, a), [(x.shape, x.dtype) for x in sample.inputs])
        bound = template.Template(program, []).bind([])
        for memory, x in zip(bound.inputs, sample.inputs, strict=True):
            memory[...] = x
        for y, out in zip(run(op, sample), bound.run(), strict=True):
            np.testing.assert_array_equal(y.numpy(), out)


@pytest.mark.parametrize("name", NAMES)
def test_threads_do_not_change_bits(name):
    op = ops.CATALOGUE[name]
    for sample in samples(name) + large_samples(name):
        core.set_num_threads(1)
        one = run(op, sample)
        core.set_num_threads(2)
        for a, b in zip(one, run(op, sample), strict=True):
            np.testing.assert_array_equal(a.numpy(), b.numpy())


def differentiable(name):
    op = ops.CATALOGUE[name]
    return op.vjp is not None and any(is_double(s) for s in samples(name))


def is_double(sample):
    return bool(sample.wrt) and all(sample.inputs[i].dtype == "float64" for i in sample.wrt)


def weights_for(arrays, seed=1):
    rng = np.random.default_rng(seed)
    return [rng.uniform(0.5, 1.5, x.shape) for x in arrays]


def weighted_sum(op, sample, arrays, tape=None):
    """Return sum of weights · outputs (float outputs only) as a tensor, watching the inputs in wrt."""
    tensors = [Tensor(x) for x in arrays]
    if tape is not None:
        tape.watch([tensors[i] for i in sample.wrt])
    outputs = [y for y in as_tuple(op.apply(tensors, sample.attrs)) if y.dtype.kind == "f"]
    total = 0.0
    for y, w in zip(outputs, weights_for(outputs), strict=True):
        total = total + ops.sum(y * w.astype(y.dtype.name))
    return total, tensors


def numeric_gradient(fn, arrays, i, h=1e-6):
    """Central differences of a scalar function of arrays in its i-th argument."""
    grad = np.zeros_like(arrays[i])
    for at in np.ndindex(arrays[i].shape):
        sides = []
        for sign in (1, -1):
            moved = [x.copy() for x in arrays]
            moved[i][at] += sign * h
            sides.append(fn(moved))
        grad[at] = (sides[0] - sides[1]) / (2 * h)
    return grad


def small(sample):
    return sum(sample.inputs[i].size for i in sample.wrt) <= 64


@pytest.mark.parametrize("name", [n for n in NAMES if differentiable(n)])
def test_derivative_equals_central_differences(name):
    op = ops.CATALOGUE[name]
    for sample in filter(small, filter(is_double, samples(name))):
        with GradientTape() as tape:
            total, tensors = weighted_sum(op, sample, sample.inputs, tape)
        grads = tape.gradient(total, [tensors[i] for i in sample.wrt], unconnected_gradients="zero")
        for i, grad in zip(sample.wrt, grads, strict=True):
            expected = numeric_gradient(lambda xs, s=sample: float(weighted_sum(op, s, xs)[0]), sample.inputs, i)
            assert grad.dtype == "float64"
            scale = max(1.0, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(
                grad.numpy(), expected, rtol=1e-6, atol=1e-6 * scale, err_msg=f"{name} input {i} {sample.attrs}"
            )


@pytest.mark.parametrize("name", [n for n in NAMES if differentiable(n)])
def test_derivatives_stay_in_float32(name):
    op = ops.CATALOGUE[name]
    for sample in filter(is_double, samples(name)):
        arrays = [x.astype("float32") if x.dtype == "float64" else x for x in sample.inputs]
        with GradientTape() as tape:
            total, tensors = weighted_sum(op, sample, arrays, tape)
        for grad in tape.gradient(total, [tensors[i] for i in sample.wrt], unconnected_gradients="zero"):
            assert grad.dtype == "float32"


def gradient_product(op, sample, arrays):
    """Return sum of weights · gradient, the scalar whose derivative is the second one."""
    with GradientTape() as tape:
        total, tensors = weighted_sum(op, sample, arrays, tape)
    sources = [tensors[i] for i in sample.wrt]
    grads = tape.gradient(total, sources, unconnected_gradients="zero")
    product = 0.0
    for grad, w in zip(grads, weights_for(grads, seed=2), strict=True):
        product = product + ops.sum(grad * w)
    return product


@pytest.mark.parametrize("name", [n for n in NAMES if differentiable(n)])
def test_second_derivative_equals_central_differences(name):
    op = ops.CATALOGUE[name]
    for sample in [s for s in samples(name) if is_double(s) and small(s)][:8]:
        tensors = [Tensor(x) for x in sample.inputs]
        sources = [tensors[i] for i in sample.wrt]
        with GradientTape() as outer:
            outer.watch(sources)
            with GradientTape() as inner:
                inner.watch(sources)
                outputs = [y for y in as_tuple(op.apply(tensors, sample.attrs)) if y.dtype.kind == "f"]
                total = 0.0
                for y, w in zip(outputs, weights_for(outputs), strict=True):
                    total = total + ops.sum(y * w)
            first = inner.gradient(total, sources, unconnected_gradients="zero")
            product = 0.0
            for grad, w in zip(first, weights_for(first, seed=2), strict=True):
                product = product + ops.sum(grad * w)
        second = outer.gradient(product, sources, unconnected_gradients="zero")
        for i, grad in zip(sample.wrt, second, strict=True):
            expected = numeric_gradient(lambda xs, s=sample: float(gradient_product(op, s, xs)), sample.inputs, i)
            scale = max(1.0, np.abs(expected).max(initial=0))
            np.testing.assert_allclose(
                grad.numpy(), expected, rtol=1e-5, atol=1e-5 * scale, err_msg=f"{name} input {i} {sample.attrs}"
            )


def test_every_kernel_is_reached_by_an_op():
    """A kernel without an op would be dead, or untested."""
    reached = set()
    for name in NAMES:
        for sample in samples(name):
            program = plan.compile(
                lambda *xs, o=ops.CATALOGUE[name], a=sample.attrs: o.apply(xs, a),
                [(x.shape, x.dtype) for x in sample.inputs],
            )
            reached.update(step[0] for step in program.plan.describe())
    elsewhere = {"accumulate", "next_key", "guard", "record", *core.RULES}  # test_update.py
    elsewhere |= {"perceptron", "perceptron_csr"}  # test_perceptron.py
    elsewhere |= {"sum_planes"}  # test_products.py
    elsewhere |= {"csr_update", "gather_csr"}  # test_sparse.py
    assert {name for name, _ in core.kernel_names()} - reached - elsewhere == set()


@pytest.mark.parametrize("size", [1 << 17, (1 << 17) + 4095, 300_001])
def test_long_sums_of_squares_are_shared(size):
    x = np.random.default_rng(0).standard_normal(size)
    program = plan.compile(ops.sum_of_squares, [(x.shape, x.dtype)])
    assert max(units for _, units, _ in program.plan.describe()) == size // 4096
    program.inputs[0][...] = x
    np.testing.assert_allclose(program.run()[0], np.sum(np.square(x)), rtol=1e-13)
    np.testing.assert_array_equal(ops.sum_of_squares(x), program.outputs[0])


def in_lanes(x):
    """The sum of a row in the order that reduce.inc fixes: lanes, folded in halves, block by block."""
    total, lanes = None, 64 // x.itemsize
    for k in range(0, len(x), 1024):
        block = x[k : k + 1024]
        lane = functools.reduce(
            np.add, np.pad(block, (0, -len(block) % lanes)).reshape(-1, lanes), np.zeros(lanes, x.dtype)
        )
        while len(lane) > 1:
            lane = lane[: len(lane) // 2] + lane[len(lane) // 2 :]
        total = lane[0] if total is None else total + lane[0]
    return total


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("columns", [2, 16, 21, 1024, 1025, 4096, 9000])
def test_rows_that_are_reduced_together_are_as_each_alone(isa, dtype, columns):
    core.set_isa(isa)
    x = np.random.default_rng(columns).standard_normal((7, columns)).astype(dtype)
    np.testing.assert_array_equal(ops.sum(x, axis=-1), [in_lanes(row) for row in x])
    np.testing.assert_array_equal(ops.sum_of_squares(x[0]), in_lanes(x[0] * x[0]))
    x[2, columns // 2], x[5, 0], x[6] = np.nan, np.nan, -np.inf
    for name in ("max", "min", "argmax", "argmin"):
        np.testing.assert_array_equal(getattr(ops, name)(x, axis=-1), getattr(np, name)(x, axis=-1), name)


def test_public_names_are_documented():
    for name in fastnn.ops.__all__:
        assert getattr(fastnn.ops, name).__doc__, name


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.add(np.ones(3), np.ones(4)), r"add: shapes \(3,\) and \(4,\) do not broadcast"),
        (lambda: ops.matmul(np.ones((2, 3)), np.ones((4, 5))), r"matmul: shapes \(2, 3\) and \(4, 5\)"),
        (lambda: ops.reshape(np.ones(6), (4, 2)), "cannot become"),
        (lambda: ops.transpose(np.ones((2, 3)), (0, 0)), "no permutation"),
        (lambda: ops.sum(np.ones(3), axis=2), "axis 2 is out of range"),
        (lambda: ops.concatenate([np.ones((2, 3)), np.ones((2, 4))]), "differ off axis 0"),
        (lambda: ops.argmax(np.ones((0, 2)), axis=0), "empty axis"),
        (lambda: ops.zeros((-1,)), "negative"),
        (lambda: ops.pad(np.ones(3), 1, mode="mean"), "mode must be one of constant, edge, reflect.* got 'mean'"),
        (
            lambda: ops.pad(np.ones(3), 1, mode="edge", constant_values=1),
            "constant_values are for mode='constant' only",
        ),
        (lambda: ops.pad(np.ones(3), [(1, 1), (1, 1)]), "pad_width must be a number, a pair, or one .* the 1 axes"),
        (lambda: ops.pad(np.ones((3, 3)), [(1, 1), 1]), "pad_width must be a number, a pair, or one .* the 2 axes"),
        (lambda: ops.where(np.ones(3)), "where: x1 and x2 are both needed"),
        (lambda: ops.where(np.ones(3), 1.0), "where: x1 and x2 are both needed"),
        (lambda: ops.norm(np.ones((3, 3)), 2), "ord=2 over 2 axes is not supported"),
        (lambda: ops.norm(np.ones(3), "fro"), "ord='fro' over 1 axes is not supported"),
        (lambda: ops.power(np.array([2, 3]), np.array([-1, 3])), "powers below zero"),
        (
            lambda: ops.matmul(np.ones((2, 3, 4)), np.ones((3, 4, 5))),
            r"matmul of stacks: shapes \(2,\) and \(3,\) do not broadcast",
        ),
        (
            lambda: ops.take_along_axis(np.ones((2, 3)), np.zeros((3, 1), int), 1),
            r"take_along_axis, without the axis: shapes \(2,\) and \(3,\) do not broadcast",
        ),
        *(
            (lambda repeats=repeats: ops.repeat(np.ones(3), repeats), "repeats must be a number of at least 0, or such")
            for repeats in (1.5, -1, [1, -1, 2], [1, 2], [True] * 3)
        ),
    ],
)
def test_bad_input_is_named(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: ops.round(np.ones(3), 1.5), "decimals must be an integer, got 1.5"),
        (lambda: ops.expand_dims(2.0, None), "axis must be an integer, or several, got None"),
        (lambda: ops.split(np.ones(3), 3.0), "indices_or_sections must be an integer or a list of them, got 3.0"),
        (lambda: ops.split(np.ones(3), [0.5]), "an index of split must be an integer, got 0.5"),
    ],
)
def test_what_is_no_integer_is_named(call, message):
    with pytest.raises(TypeError, match=message):
        call()


def test_index_out_of_range():
    with pytest.raises(IndexError, match="index 5 is out of range for 3"):
        ops.take(np.arange(3.0), [0, 5])


def test_objects_are_refused():
    with pytest.raises(TypeError, match="object"):
        ops.convert_to_tensor(np.array([object()]))


@pytest.mark.parametrize(
    "pair", [("int32", "float32"), ("float32", "float64"), ("bool", "int32"), ("int64", "float32")]
)
def test_promotion_follows_keras(pair):
    expected = {"int32": "float32", "float32": "float64", "bool": "int32", "int64": "float32"}[pair[0]]
    assert (ops.ones(2, pair[0]) + ops.ones(2, pair[1])).dtype == expected


@pytest.mark.parametrize(
    "call",
    [
        lambda: ops.convert_to_tensor(2**40),
        lambda: ops.convert_to_tensor([1, -(2**31) - 1]),
        lambda: ops.convert_to_tensor([1, 300], "uint8"),
        lambda: ops.full((2,), 2**40, "int32"),
        lambda: ops.full_like(np.array([5], "int32"), 2**40),
        lambda: ops.arange(2**31, 2**31 + 3),
        lambda: ops.arange(0, 2**33, 2**32),
        lambda: ops.one_hot(2**32, 3),
    ],
)
def test_integers_beyond_their_dtype_are_refused(call):
    with pytest.raises(OverflowError, match="out of bounds for u?int"):
        call()


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
def test_powers_of_integers_are_exact(dtype):
    x, n = np.arange(-5 if dtype != "uint8" else 0, 40).astype(dtype)[:, None], np.arange(41).astype(dtype)
    with np.errstate(over="ignore"):
        expected = x**n
    np.testing.assert_array_equal(ops.power(x, n).numpy(), expected)
    program = plan.compile(ops.power, [(x.shape, dtype), (n.shape, dtype)])
    for given, array in zip(program.inputs, (x, n), strict=True):
        given[...] = array
    np.testing.assert_array_equal(program.run()[0], expected)
    if dtype != "uint8":
        program.inputs[1][...] = -1
        assert not program.run()[0].any()


def test_forms_that_numpy_and_keras_know():
    vector, grid = np.arange(3.0), np.arange(12).reshape(3, 4)
    for product in (ops.matmul(vector, vector), ops.dot(vector, vector), ops.convert_to_tensor(vector) @ vector):
        assert product.shape == ()
        assert product.item() == 5
    np.testing.assert_array_equal(ops.roll(grid, (1, 2), axis=(0, 1)).numpy(), np.roll(grid, (1, 2), axis=(0, 1)))
    np.testing.assert_array_equal(ops.roll(grid, 1, axis=(0, 1)).numpy(), np.roll(grid, 1, axis=(0, 1)))
    np.testing.assert_array_equal(ops.roll(grid, (1, 2)).numpy(), np.roll(grid, (1, 2)))
    for low, high in ((None, 5), (3, None), (3, 5), (None, None)):
        np.testing.assert_array_equal(ops.clip(grid, low, high).numpy(), np.clip(grid, low, high))
    np.testing.assert_array_equal(ops.identity(3).numpy(), np.eye(3))


def test_dtypes_are_keras():
    assert ops.full((2,), 5).dtype == ops.full((2,), True).dtype == "float32"
    assert ops.arange(3).dtype == ops.arange(5, 1).dtype == "int32"
    assert ops.arange(0, 1, 0.25).dtype == "float32"
    assert ops.log2(np.ones(2, "float32")).dtype == ops.log10(np.ones(2, "float32")).dtype == "float32"
    assert ops.max(np.arange(3, dtype="uint8")).dtype == ops.min(np.arange(3, dtype="uint8")).dtype == "uint8"


def test_shapes_are_pythons_integers():
    """A NumPy integer is strong: 1 / n of it would make float32 float64."""
    x = np.ones((4, 3), "float32")
    program = plan.compile(lambda x: [ops.mean(x), ops.reshape(x, (np.int64(2), -1))], [((np.int64(4), 3), "float32")])
    program.inputs[0][...] = x
    assert [y.dtype.name for y in program.run()] == ["float32", "float32"]


def test_python_scalars_are_weak():
    assert (ops.ones(2, "float32") * 2.5).dtype == "float32"
    assert (ops.ones(2, "int32") + 1).dtype == "int32"
    assert (ops.ones(2, "int32") * 0.5).dtype == "float32"


def test_logaddexp():
    a = np.array([0.0, -np.inf, -np.inf, np.inf, np.inf, 1000.0, 3.0])
    b = np.array([0.0, -np.inf, 2.0, np.inf, 1.0, 999.0, np.nan])
    with np.errstate(invalid="ignore"):  # NumPy's own, for the NaN
        expected = np.logaddexp(a, b)
    np.testing.assert_allclose(ops.logaddexp(a, b).numpy(), expected, rtol=1e-14)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(200, 30), (30, 20), (16, 16)])
def test_sum_of_squares_follows_the_layout_of_a_variable(dtype, shape):
    """Nothing is copied, whichever axis is adjacent and whatever room there is between the rows."""
    value = np.random.default_rng(0).standard_normal(shape).astype(dtype)
    kernel = fastnn.Variable(value, layout="kernel")
    program = plan.compile(lambda: ops.sum_of_squares(kernel), [])
    assert {name for name, _, _ in program.plan.describe()} <= {"sum_of_squares", "sum"}
    np.testing.assert_array_equal(program.run()[0], ops.sum_of_squares(kernel).numpy())
    np.testing.assert_allclose(program.outputs[0], np.sum(value.astype("float64") ** 2), rtol=1e-5)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("k", "m"), [(10, 32), (16, 8), (17, 32), (10, 4), (100, 30), (129, 30)])
def test_short_columns(dtype, k, m):
    rng = np.random.default_rng(0)
    a, b = rng.standard_normal((m, k)).astype(dtype), rng.standard_normal((50, k)).astype(dtype)
    y = np.abs(rng.standard_normal((m, 50))).astype(dtype)

    def product(a, b, y):
        return ops.activation.relu_grad(ops.matmul(a, ops.transpose(b)), y)

    program = plan.compile(product, [(x.shape, x.dtype) for x in (a, b, y)])
    for memory, value in zip(program.inputs, (a, b, y), strict=True):
        memory[...] = value
    np.testing.assert_array_equal(program.run()[0], product(Tensor(a), Tensor(b), Tensor(y)).numpy())
    np.testing.assert_allclose(program.outputs[0], a @ b.T, rtol=1e-5, atol=1e-5)


def test_arguments_are_bound_as_those_of_functions():
    dense = ops.CATALOGUE["dense"]
    x, kernel = Tensor(np.ones((2, 3))), Tensor(np.full((3, 4), -1.0))
    expected = np.full((2, 4), -3.0)
    np.testing.assert_array_equal(dense(x, kernel, None, "linear", 0.0).numpy(), expected)
    np.testing.assert_array_equal(dense(x, kernel, None).numpy(), expected)
    np.testing.assert_array_equal(dense(x, kernel=kernel, bias=None).numpy(), expected)
    np.testing.assert_array_equal(dense(x, kernel, None, activation="relu").numpy(), np.zeros((2, 4)))


@pytest.mark.parametrize(
    ("args", "kwargs", "message"),
    [
        ((1.0,), {}, "missing a required argument: 'x2'"),
        ((1.0, 2.0, 3.0), {}, "too many positional arguments"),
        ((1.0, 2.0), {"x2": 3.0}, "multiple values for argument 'x2'"),
        ((1.0, 2.0), {"x3": 3.0}, "got an unexpected keyword argument 'x3'"),
        ((), {}, "missing a required argument: 'x1'"),
    ],
)
def test_arguments_that_do_not_fit_are_refused(args, kwargs, message):
    with pytest.raises(TypeError, match=message):
        ops.add(*args, **kwargs)


def test_attributes_without_a_default_are_required():
    with pytest.raises(TypeError, match="missing a required argument: 'axes'"):
        ops.CATALOGUE["transpose"](Tensor(np.ones((2, 3))))


@pytest.mark.parametrize(("given", "becomes"), [("float16", "float32"), ("int8", "int32"), (">f4", "float32")])
@pytest.mark.parametrize("make", [np.ones, lambda shape, dtype: np.ones(shape, dtype)[0]], ids=["array", "scalar"])
def test_arrays_of_other_dtypes_become_the_next_one_that_holds_them(given, becomes, make):
    x = make(3, np.dtype(given))
    expected = becomes if becomes != "int32" else "float32"
    assert ops.exp(x).dtype == expected
    assert ops.add(x, 1).dtype == becomes
    assert ops.add(x, np.float64(1)).dtype == "float64"


@pytest.mark.parametrize("x", [np.array([1, "a"], object), np.ones(2, complex), np.array(["a"]), "a", 1j])
def test_what_no_kernel_knows_is_refused(x):
    for op in (ops.exp, lambda x: ops.add(x, 1)):
        with pytest.raises(TypeError, match="cannot make a tensor of an array of dtype"):
            op(x)


@pytest.mark.parametrize(
    ("a", "b", "axes"),
    [((2, 3), (3, 2), 2), ((4, 6), (3, 8), ([0, 1], [0, 1])), ((2, 3), (3, 2), ([1], [0, 1])), ((2,), (2,), 2)],
)
def test_tensordot_refuses_axes_that_do_not_match(a, b, axes):
    with pytest.raises(ValueError, match="tensordot: axes"):
        ops.tensordot(np.ones(a), np.ones(b), axes)


def test_vdot_and_dot_refuse_sizes_that_do_not_match():
    with pytest.raises(ValueError, match="vdot: 6 elements and 1"):
        ops.vdot(np.ones(6), np.ones(1))
    with pytest.raises(ValueError, match="do not match"):
        ops.dot(np.ones((3, 0, 2)), np.ones((1, 3, 1)))


def test_concatenate_flat():
    a, b = np.arange(4.0).reshape(2, 2), np.arange(3.0)
    np.testing.assert_array_equal(ops.concatenate([a, b], axis=None).numpy(), np.concatenate([a, b], axis=None))


def test_matmul_of_nothing():
    found = ops.matmul(np.ones((2, 3, 0), "float32"), np.ones((0, 4), "float32"))
    np.testing.assert_array_equal(found.numpy(), np.zeros((2, 3, 4)))


def test_moments():
    x = np.random.default_rng(0).normal(size=(4, 3, 5))
    for axes in (0, [0, 2], (-1, 0), [0, 1, 2]):
        axis = (axes,) if isinstance(axes, int) else tuple(axes)
        for keepdims in (False, True):
            mean, variance = ops.moments(x, axes, keepdims=keepdims)
            np.testing.assert_allclose(mean.numpy(), x.mean(axis, keepdims=keepdims), atol=1e-14)
            np.testing.assert_allclose(variance.numpy(), x.var(axis, keepdims=keepdims), rtol=1e-13)
    assert ops.moments(np.arange(4), [0])[0].dtype == "float32"
    with pytest.raises(ValueError, match="synchronized=True is not supported"):
        ops.moments(x, [0], synchronized=True)


def test_normalizations_take_vectors_along_their_axes():
    x = np.random.default_rng(0).normal(size=(4, 3, 5))
    mean, variance, offset, scale = np.random.default_rng(1).uniform(0.5, 2, (4, 3))
    found = ops.batch_normalization(x, mean, variance, 1, offset, scale, epsilon=0.1).numpy()
    shape = (3, 1)
    expected = (x - mean.reshape(shape)) / np.sqrt(variance.reshape(shape) + 0.1)
    np.testing.assert_allclose(found, expected * scale.reshape(shape) + offset.reshape(shape), rtol=1e-12)
    np.testing.assert_allclose(
        ops.batch_normalization(x, mean, variance, -2, epsilon=0.1).numpy(), expected, rtol=1e-12
    )
    centred = x - x.mean((1, 2), keepdims=True)
    expected = centred / np.sqrt(np.square(centred).mean((1, 2), keepdims=True) + fastnn.config.epsilon())
    gamma = np.random.default_rng(1).normal(size=(3, 5))
    np.testing.assert_allclose(ops.layer_normalization(x, axis=(-1, 1)).numpy(), expected, rtol=1e-12)
    np.testing.assert_allclose(ops.layer_normalization(x, gamma, gamma, [1, 2]).numpy(), expected * gamma + gamma)
    with pytest.raises(
        ValueError, match=r"variance must have the shape of x along the axes \(2,\), \(5,\). Got \(3,\)"
    ):
        ops.batch_normalization(x, np.zeros(5), variance, -1)
    with pytest.raises(ValueError, match="scale must have the shape"):
        ops.layer_normalization(x, np.zeros(3))


def test_integers_stay_integers_where_nothing_makes_them_others():
    x = np.array([-27, 0, 13], "int32")
    for op, expected in ((ops.relu, [0, 0, 13]), (ops.round, x), (ops.trunc, x)):
        for given in (x, x.astype("int64")):
            found = op(given)
            assert found.dtype == given.dtype
            np.testing.assert_array_equal(found.numpy(), expected)
    found = ops.round(x, -1)
    assert found.dtype == "int32"
    np.testing.assert_array_equal(found.numpy(), np.round(x, -1))


@pytest.mark.parametrize("decimals", [-2, -1, 0, 1, 3])
def test_round_to_decimals(decimals):
    x = np.random.default_rng(0).normal(0, 300, 50)
    np.testing.assert_allclose(ops.round(x, decimals).numpy(), np.round(x, decimals), rtol=1e-14)


@pytest.mark.parametrize("reduce", [ops.max, ops.min])
def test_there_is_no_largest_of_nothing(reduce):
    for shape, axis in (((0,), None), ((0, 3), 0), ((0, 0), 1)):
        with pytest.raises(ValueError, match="of an empty axis"):
            reduce(np.zeros(shape), axis=axis)
    assert reduce(np.zeros((0, 3)), axis=1).shape == (0,)
    assert ops.logsumexp(np.zeros((2, 0)), axis=1).numpy().tolist() == [-np.inf] * 2


@pytest.mark.parametrize("dtype", ["uint8", "int32", "float64"])
def test_extremes_have_an_element_more_to_begin_with(dtype):
    x = np.array([[1, 5], [4, 2]], dtype)
    for found, expected in (
        (ops.max(x, 0, False, 3), np.max(x, 0, initial=3)),
        (ops.min(x, 1, True, 2), np.min(x, 1, initial=2, keepdims=True)),
        (ops.max(x[:0], axis=0, initial=3), np.array([3, 3])),
        (ops.min(x[:0], initial=3), np.array(3)),
    ):
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), expected)
    assert np.isnan(ops.max(np.array([1.0, np.nan]), initial=5).item())
    with pytest.raises(ValueError, match=r"max: initial must be a scalar, got shape \(3,\)"):
        ops.max(x, initial=np.ones(3))


def test_indices_that_int32_does_not_hold_are_refused():
    x = Tensor(np.broadcast_to(np.float32(1), (3, 1 << 31)))
    for find in (ops.argmax, ops.argmin):
        with pytest.raises(ValueError, match="over 6442450944 elements: indices, which are int32, end at 2147483647"):
            find(x)


def test_products_of_another_dtype():
    x = np.array([[300, 2], [3, 4]], "int32")
    for dtype, expected in (("uint8", [132, 8]), ("int64", [900, 8]), ("float32", [900, 8])):
        found = ops.prod(x, 0, False, dtype)
        assert found.dtype == dtype
        np.testing.assert_array_equal(found.numpy(), expected)


def test_linspace():
    numbers, step = ops.linspace(0, 10, 5, True, True)
    assert numbers.dtype == step.dtype == "float32"
    np.testing.assert_array_equal(numbers.numpy(), [0, 2.5, 5, 7.5, 10])
    assert step.item() == 2.5
    start, stop = np.array([0.0, 2.0]), np.array([1.0, 8.0])
    for axis in (0, 1, -1):
        numbers, step = ops.linspace(start, stop, 4, False, True, "float64", axis)
        expected, expected_step = np.linspace(start, stop, 4, False, True, axis=axis)
        np.testing.assert_array_equal(numbers.numpy(), expected)
        np.testing.assert_array_equal(step.numpy(), expected_step)
    numbers, step = ops.linspace(-1, 1, 4, retstep=True, dtype="int32")
    assert numbers.numpy().tolist() == [-1, -1, 0, 1]
    assert step.item() == np.float32(2 / 3)


@pytest.mark.parametrize("endpoint", [True, False])
@pytest.mark.parametrize("num", [0, 1, 2, 11])
def test_linspace_between_tensors(num, endpoint):
    start, stop = Tensor(np.array([0.0, 2.0])), Tensor(np.array([10.0, 5.0]))
    for axis in (0, 1):
        numbers, step = ops.linspace(start, stop, num, endpoint, True, "float64", axis)
        expected, expected_step = np.linspace(start, stop, num, endpoint, True, axis=axis)
        np.testing.assert_array_equal(numbers.numpy(), expected)
        np.testing.assert_array_equal(step.numpy(), expected_step)
    whole = ops.linspace(start, stop, num, endpoint, dtype="int32")
    np.testing.assert_array_equal(whole.numpy(), np.linspace(start, stop, num, endpoint, dtype="int32"))


def test_linspace_has_a_derivative():
    ends = [fastnn.Variable(1.0), fastnn.Variable(3.0)]
    with GradientTape() as tape:
        y = ops.sum(ops.linspace(*ends, 5) * np.arange(5))
    assert [float(gradient) for gradient in tape.gradient(y, ends)] == [2.5, 7.5]
    program = plan.compile(lambda stop: ops.linspace(0.0, stop, 3), [((), "float32")])
    program.inputs[0][...] = 4
    np.testing.assert_array_equal(program.run()[0], [0, 2, 4])


@pytest.mark.parametrize("offset", [-4, -1, 0, 2, 5])
@pytest.mark.parametrize("axes", [(0, 1), (1, 2), (-1, 0)])
def test_diagonal(offset, axes):
    x = np.arange(24.0).reshape(2, 3, 4)
    np.testing.assert_array_equal(ops.diagonal(x, offset, *axes).numpy(), x.diagonal(offset, *axes))
    assert ops.diagonal(x[:, :0], offset, *axes).shape == x[:, :0].diagonal(offset, *axes).shape


def test_diagonal_has_a_derivative_and_names_axes():
    x = fastnn.Variable(np.ones((2, 3)))
    with GradientTape() as tape:
        y = ops.sum(ops.diagonal(x, 1))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), np.eye(2, 3, 1))
    with pytest.raises(ValueError, match="axis 2 is out of range for a tensor of 2 axes"):
        ops.diagonal(x, axis2=2)


@pytest.mark.parametrize("order", [1, 2, 3, np.inf])
@pytest.mark.parametrize("axis", [0, -1])
def test_normalize_divides_by_the_norm(order, axis):
    x = np.array([[3.0, -4.0], [0.0, 0.0], [1e-3, 0.0]])
    norm = np.linalg.norm(x, order, axis, keepdims=True)
    for epsilon in (None, 0.1):
        expected = x / np.maximum(norm, fastnn.config.epsilon() if epsilon is None else epsilon)
        np.testing.assert_allclose(ops.normalize(x, axis, order, epsilon).numpy(), expected, rtol=1e-12)


def test_normalize_takes_scalars_and_small_epsilons_and_refuses_other_orders():
    np.testing.assert_array_equal(ops.normalize(-3.0, np.int64(0), np.int64(1)), [-1])
    np.testing.assert_array_equal(ops.normalize(np.zeros(2, "float32"), epsilon=1e-30), 0)
    for order in (0, -1, 1.5, "2", True):
        with pytest.raises(ValueError, match="order must be an integer of at least 1, or infinity"):
            ops.normalize(np.ones(2), order=order)


def test_normalize_has_a_derivative_at_zero():
    x = fastnn.Variable(np.zeros(2))
    with GradientTape() as tape:
        y = ops.sum(ops.normalize(x))
    np.testing.assert_allclose(tape.gradient(y, x).numpy(), [1e7, 1e7])


@pytest.mark.parametrize("name", sorted(ops.CATALOGUE))
def test_copies_of_an_op_are_the_op_itself(name):
    op = ops.CATALOGUE[name]
    stored = [pickle.loads(pickle.dumps(op, protocol)) for protocol in range(pickle.HIGHEST_PROTOCOL + 1)]
    assert all(each is op for each in (copy.copy(op), copy.deepcopy(op), *stored))


def test_python_ops_are_copied_as_functions_are():
    op = ops.py_op(lambda x: 2 * x, lambda x: x)
    assert copy.deepcopy(op) is op
    assert pickle.loads(cloudpickle.dumps(op))(np.float32(3)).numpy() == 6


@pytest.mark.parametrize(
    "name", ["add", "multiply", "maximum", "minimum", "abs", "max", "min", "amax", "amin", "trunc"]
)
def test_bools_stay_bools(name):
    x = np.array([[True, True], [False, False]])
    op = getattr(ops, name)
    inputs = (x, x[:, ::-1].T) if name in ("add", "multiply", "maximum", "minimum") else (x,)
    found, expected = op(*inputs), getattr(np, name)(*inputs)
    assert found.dtype == "bool"
    np.testing.assert_array_equal(found.numpy(), expected)
    assert ops.sum(x).dtype == ops.subtract(x, x).dtype == (x + ops.ones(1, "int32")).dtype == "int32"


def test_integers_keep_their_dtype_when_they_are_limited():
    for dtype in ("uint8", "int32", "int64"):
        x = np.array([0, 3, 7], dtype)
        assert ops.clip(x, 1, 5).dtype == ops.nan_to_num(x).dtype == dtype
        np.testing.assert_array_equal(ops.clip(x, 1, 5).numpy(), [1, 3, 5])
        np.testing.assert_array_equal(ops.nan_to_num(x).numpy(), x)
    assert ops.nan_to_num(True).dtype == "bool"
    for low, high in ((None, None), (None, True), (False, None), (False, True)):
        assert ops.clip(np.eye(2) > 0, low, high).dtype == "int32"


@pytest.mark.parametrize("mode", ["constant", "edge", "reflect", "symmetric", "wrap"])
@pytest.mark.parametrize("width", [2, (1, 2), [(1, 2)], [(0, 1), (2, 0)], [(1,), (2,)]])
def test_pad_is_that_of_numpy(mode, width):
    x = np.arange(12.0).reshape(3, 4)
    np.testing.assert_array_equal(ops.pad(x, width, mode).numpy(), np.pad(x, width, mode))


def test_padding_has_the_dtype_of_the_tensor_and_a_derivative():
    assert ops.pad(np.ones(3, "int32"), 1, constant_values=2.0).dtype == "int32"
    for mode in ("constant", "edge"):
        assert ops.pad(5.0, 1, mode).numpy() == 5  # what has no axes has no ends
    x = fastnn.Variable(np.arange(3.0))
    with GradientTape() as tape:
        y = ops.sum(ops.pad(x, (1, 2), "reflect"))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [2, 3, 1])


NORMS = [(order, axis) for order in (None, 0, 1, -1, 2, 3, -2.5, np.inf, -np.inf) for axis in (0, -1)]
NORMS += [(order, axis) for order in (None, "fro", 1, -1, np.inf, -np.inf) for axis in (None, (0, 1), (1, 0), (-1, 0))]


@pytest.mark.parametrize("keepdims", [False, True])
@pytest.mark.parametrize(("order", "axis"), NORMS)
def test_norms_are_those_of_numpy(order, axis, keepdims):
    x = np.random.default_rng(0).normal(size=(3, 4))
    expected = np.linalg.norm(x, order, axis, keepdims)
    np.testing.assert_allclose(ops.norm(x, order, axis, keepdims).numpy(), expected, rtol=1e-12)


def test_relu6_has_no_slope_at_its_kinks():
    x = fastnn.Variable([-1.0, 0.0, 3.0, 6.0, 7.0])
    with GradientTape() as tape:
        y = ops.sum(ops.relu6(x))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [0, 0, 1, 0, 0])


def test_softmax_of_single_elements_is_warned_of():
    for axis, shape in ((-1, (4, 1)), (0, (1, 3))):
        with pytest.warns(
            UserWarning, match=rf"softmax over axis {axis} of a tensor of shape .* always 1: use sigmoid"
        ):
            found = ops.softmax(np.zeros(shape), axis)
        np.testing.assert_array_equal(found, np.ones(shape))


def test_one_hot_takes_labels_that_are_floats():
    labels = np.array([[2.0, 0.0], [1.5, np.nan], [3.0, -1.0]], "float32")
    expected = (labels[..., None] == np.arange(3)).astype("float32")
    np.testing.assert_array_equal(ops.one_hot(labels, 3).numpy(), expected)
    np.testing.assert_array_equal(ops.one_hot(np.float64(1), 3, dtype="int32").numpy(), [0, 1, 0])


@pytest.mark.parametrize("size", [1 << 20, (1 << 20) + 5, 3_000_000])
def test_long_sums_are_rounded_as_short_ones(size):
    x = np.full(size, 0.1, "float32")
    exact = size * float(np.float32(0.1))
    for shape in ((size,), (1, size, 1)):
        np.testing.assert_allclose(ops.sum(x.reshape(shape)).item(), exact, rtol=2e-6)
        np.testing.assert_allclose(ops.mean(x.reshape(shape)).item(), exact / size, rtol=2e-6)
    whole = np.arange(size, dtype="int32")
    assert ops.sum(whole).item() == whole.sum(dtype="int32")
    assert ops.sum(whole, axis=0, keepdims=True).shape == (1,)
