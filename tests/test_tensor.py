"""Tensors and variables."""

import copy
import operator
import pickle

import numpy as np
import pytest

from fastnn import GradientTape, Tensor, Variable, ops
from fastnn.tensor import ALIGNMENT, aligned_empty, convert_to_tensor


def test_operators():
    x = Tensor(np.array([1.0, 2.0, 3.0]))
    np.testing.assert_array_equal((2 * x + 1 - x / 2).numpy(), [2.5, 4.0, 5.5])
    np.testing.assert_array_equal((x > 1.5).numpy(), [False, True, True])
    np.testing.assert_array_equal((-(x**2)).numpy(), [-1, -4, -9])
    np.testing.assert_array_equal((np.ones(3) - x).numpy(), [0, -1, -2])
    assert float(x[1]) == 2.0
    assert [float(e) for e in x] == [1.0, 2.0, 3.0]
    assert x.dtype == "float64"
    assert x.shape == (3,)


@pytest.mark.parametrize("layout", [None, "kernel"])
@pytest.mark.parametrize("shape", [(1, 1), (3, 5), (200, 7), (784, 100), (20, 1)])
def test_variable_shows_its_logical_shape(shape, layout):
    value = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    variable = Variable(value, layout=layout)
    assert variable.shape == shape
    np.testing.assert_array_equal(variable.numpy(), value)
    assert variable.numpy().flags.c_contiguous
    np.testing.assert_array_equal((variable * 2).numpy(), value * 2)
    slot = Variable.zeros_like(variable)
    assert slot.array.strides == variable.array.strides


@pytest.mark.parametrize(
    ("shape", "by_output"),
    [
        ((128, 9), True),
        ((128, 17), False),
        ((129, 17), True),
        ((784, 60), True),
        ((784, 100), False),
        ((784, 128), False),
        ((8, 9), False),
    ],
)
def test_kernels_lie_as_the_matrix_products_like_them(shape, by_output):
    array = Variable(np.ones(shape, "float32"), layout="kernel").array
    assert (array.strides[0] == 4) == by_output
    assert max(array.strides) % 64 == 0


def test_a_read_survives_a_write():
    variable = Variable([1.0, 2.0])
    before = variable.value
    turned = ops.reshape(variable, (2, 1))
    variable.assign([5.0, 6.0])
    np.testing.assert_array_equal(before.numpy(), [1, 2])
    np.testing.assert_array_equal(turned.numpy(), [[1], [2]])
    np.testing.assert_array_equal(variable.numpy(), [5, 6])


def test_assign_add_and_sub():
    variable = Variable(np.int64(3))
    variable.assign_add(2)
    variable.assign_sub(1)
    assert int(variable.value) == 4
    assert variable.dtype == "int64"


def test_assign_refuses_another_shape():
    variable = Variable(np.zeros((2, 3)), name="w")
    with pytest.raises(ValueError, match=r"shape \(3, 2\) to the variable 'w' of shape \(2, 3\)"):
        variable.assign(np.zeros((3, 2)))


def test_numpy_of_a_variable_is_a_copy():
    variable = Variable([1.0])
    variable.numpy()[0] = 9
    variable.value.numpy()[0] = 9
    assert float(variable.value[0]) == 1.0


def test_python_floats_become_floatx():
    assert convert_to_tensor(1.5).dtype == "float32"
    assert convert_to_tensor([1, 2]).dtype == "int32"
    assert convert_to_tensor(np.array([1.5])).dtype == "float64"
    assert Variable(1.5).dtype == "float32"
    assert Variable([1, 2]).dtype == Variable(3).dtype == "int32"
    assert Variable(np.int64(3)).dtype == "int64"
    with pytest.raises(OverflowError, match="out of bounds for int32"):
        Variable(2**40)


def test_variables_know_initializers_by_name():
    np.testing.assert_array_equal(Variable("ones", shape=(2, 3)).numpy(), np.ones((2, 3), "float32"))
    assert Variable("glorot_uniform", (4, 5), dtype="float64").dtype == "float64"
    with pytest.raises(ValueError, match="Unknown initializer 'onse'. Did you mean 'one' or 'ones'"):
        Variable("onse", shape=(2,))
    with pytest.raises(ValueError, match="shape is needed when the initializer is a function or a name"):
        Variable("ones")


def test_round_is_that_of_python():
    x = convert_to_tensor([1.26, -2.5])
    for value in (x, Variable(x)):
        np.testing.assert_array_equal(round(value).numpy(), [1, -2])
        np.testing.assert_allclose(round(value, 1).numpy(), [1.3, -2.5], rtol=1e-6)


@pytest.mark.parametrize(
    ("given", "kept"), [("float16", "float32"), ("int8", "int32"), (">f4", "float32"), ("uint16", "int32")]
)
def test_other_dtypes_widen(given, kept):
    tensor = convert_to_tensor(np.array([1, 2], given))
    assert tensor.dtype == kept
    np.testing.assert_array_equal((tensor + tensor).numpy(), [2, 4])


@pytest.mark.parametrize("given", [np.array(["a"]), np.array([1j]), np.array([None])])
def test_what_is_no_number_is_refused(given):
    with pytest.raises(TypeError, match="cannot make a tensor"):
        convert_to_tensor(given)


@pytest.mark.parametrize("shape", [(), (0,), (3, 0), (5,), (2, 3, 7)])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int64", "float32"])
def test_aligned_empty(shape, dtype):
    array = aligned_empty(shape, dtype)
    assert array.shape == shape and array.dtype == dtype
    assert array.ctypes.data % ALIGNMENT == 0
    assert array.flags.c_contiguous and array.flags.writeable


@pytest.mark.parametrize("operation", [operator.add, operator.sub, operator.mul, operator.matmul, operator.gt])
def test_an_array_on_the_left_of_a_variable(operation):
    """The result is a tensor, and the variable is seen by the tape."""
    array, variable = np.arange(4.0, dtype="float32").reshape(2, 2), Variable(np.ones((2, 2), "float32"))
    with GradientTape() as tape:
        result = operation(array, variable)
        assert isinstance(result, Tensor)
        total = ops.sum(result)
    np.testing.assert_array_equal(result.numpy(), operation(array, variable.numpy()))
    assert (tape.gradient(total, variable) is None) == (operation is operator.gt)


def test_an_element_is_a_tensor():
    x = ops.convert_to_tensor(np.arange(3.0))
    for element in (x[1], x[-2], list(x)[1], Variable(np.arange(3.0))[1]):
        assert element.shape == ()
        assert np.asarray(element) == np.float64(1)
        assert float(Variable(element)) == 1.0


PLACES = [
    ([0, 2],),
    (slice(None), [3, -1]),
    (slice(None), [[0, 2], [1, 1]]),
    (..., [0, -1]),
    (slice(1, None), ..., [4, 0]),
    (slice(None, None, 2), [1], ...),
    ([2, 0], slice(1, 3)),
]


@pytest.mark.parametrize("index", PLACES, ids=str)
def test_one_list_of_places_beside_slices(index):
    x = np.arange(60.0).reshape(3, 4, 5)
    expected = x[index]
    as_arrays = tuple(np.array(each) if isinstance(each, list) else each for each in index)
    as_tensors = tuple(ops.convert_to_tensor(each) if isinstance(each, list) else each for each in index)
    for each in (index, as_arrays, as_tensors):
        np.testing.assert_array_equal(Tensor(x)[each].numpy(), expected)
    weights = np.arange(expected.size, dtype="float64").reshape(expected.shape)
    variable, gradient = Variable(x), np.zeros_like(x)
    with GradientTape() as tape:
        total = ops.sum(variable[index] * weights)
    np.add.at(gradient, index, weights)
    np.testing.assert_array_equal(tape.gradient(total, variable).numpy(), gradient)


@pytest.mark.parametrize("index", [(0, [0, 2]), ([0], [1]), (None, [0]), ([True, False, True],)], ids=str)
def test_other_lists_of_places_are_refused(index):
    with pytest.raises(TypeError, match=r"use ops\.(take|where)"):
        Tensor(np.zeros((3, 4)))[index]


def test_nothing_needs_no_alignment():
    """Wherever an empty array stands, and whatever its strides are."""
    memory = np.frombuffer(b"x" * 41, np.uint8)[1:]
    for nothing in (memory.view("float32")[:0], np.ndarray((0, 2), "float32", memory, strides=(5, 9))):
        np.testing.assert_array_equal(ops.exp(nothing).numpy(), np.empty(nothing.shape, "float32"))


@pytest.mark.parametrize("reduce", [np.sum, np.mean, np.max, np.min, np.amax, np.amin], ids=lambda f: f.__name__)
@pytest.mark.parametrize("settings", [{}, {"axis": 1}, {"axis": (0, 1)}, {"axis": 0, "keepdims": True}])
def test_numpy_reduces_a_tensor_as_its_methods_do(reduce, settings):
    x = np.arange(6.0).reshape(2, 3)
    y = reduce(Tensor(x), **settings)
    assert isinstance(y, Tensor)
    np.testing.assert_array_equal(y.numpy(), reduce(x, **settings))
    np.testing.assert_array_equal(y.numpy(), getattr(Tensor(x), reduce.__name__.lstrip("a"))(**settings).numpy())
    with pytest.raises(ValueError, match="out must be None"):
        reduce(Tensor(x), out=np.empty(()))


@pytest.mark.parametrize("index", [True, np.True_, (0, False)])
def test_a_bool_is_no_index(index):
    with pytest.raises(TypeError, match="an index must be an integer, a slice, None or Ellipsis, got (True|False)"):
        Tensor(np.ones((2, 3)))[index]


def test_numpy_reduces_to_a_dtype():
    x = Tensor(np.full(4, 1.6, "float32"))
    assert np.mean(x, dtype="float64").dtype == "float64"
    assert int(np.sum(x, dtype="int32")) == np.sum(x.numpy().astype("int32")) == 4


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64"])
@pytest.mark.parametrize("source", ["float16", "float32", "float64"])
def test_floats_become_integers_by_one_rule(source, dtype):
    """Whoever converts them: truncated, saturating at the ends, NaN giving 0."""
    floats = np.array([np.nan, np.inf, -np.inf, 6e4, -6e4, 2.7, -2.7], source)
    expected = ops.cast(floats, dtype).numpy()
    assert expected[0] == 0
    assert list(expected[1:3]) == [np.iinfo(dtype).max, np.iinfo(dtype).min]
    variable = Variable(np.ones(7, dtype))
    variable.assign(floats)
    new = Variable(floats.astype("float64"), dtype=dtype)
    made = ops.convert_to_tensor(floats, dtype), variable, new, ops.full((7,), floats, dtype)
    for each in made:
        assert each.dtype == dtype
        np.testing.assert_array_equal(each.numpy(), expected)
    assert convert_to_tensor([1e300, float("nan")], dtype).numpy().tolist() == [np.iinfo(dtype).max, 0]
    assert ops.arange(0.0, 1e20, 9e19, dtype).numpy().tolist() == [0, np.iinfo(dtype).max]


def test_numpy_is_given_memory_or_a_copy_as_it_asks():
    tensor, variable = Tensor(np.arange(3.0)[::-1]), Variable(np.arange(3.0))
    assert tensor.__array__() is tensor.__array__(copy=False) is tensor.__array__("float64") is tensor.array
    for each in (tensor, variable, variable.value):
        for found in (each.__array__(copy=True), each.__array__("float32")):
            np.testing.assert_array_equal(found, each.numpy())
            assert not np.shares_memory(found, each.array)
        with pytest.raises(ValueError, match="no array of this value without a copy, for"):
            each.__array__("float32", copy=False)
    for each in (variable, variable.value):
        assert not np.shares_memory(each.__array__(), each.array)
        with pytest.raises(ValueError, match="for the memory is a variable's"):
            each.__array__(copy=False)


@pytest.mark.parametrize("make", [Tensor, Variable])
def test_nothing_is_equal_to_none(make):
    x = make(np.ones(3))
    assert (x == None) is False  # noqa: E711
    assert x != None  # noqa: E711
    assert [x, None].index(None) == 1
    with pytest.raises(TypeError, match="not supported between instances"):
        x < None  # noqa: B015


def test_numbers_are_written_as_asked():
    for x in (Tensor(np.array(2.5)), Variable(2.5)):
        assert f"{x:.2f}" == "2.50"
    variable = Variable([1.0, 2.0])
    assert f"{variable}" == repr(variable)


@pytest.mark.parametrize("make", [Tensor, Variable])
@pytest.mark.parametrize("dtype", ["bool", "uint8", "int32", "int64", "float32", "float64"])
def test_other_libraries_take_tensors_by_dlpack(make, dtype):
    value = np.arange(6).reshape(2, 3).astype(dtype)
    x = make(value)
    found = np.from_dlpack(x)
    assert found.dtype == dtype
    np.testing.assert_array_equal(found, value)
    assert x.__dlpack_device__() == (1, 0)
    if make is Variable:
        for each in (x, x.value):
            assert not np.shares_memory(np.from_dlpack(each), x.array)


def test_broadcast_and_transposed_tensors_are_given_by_dlpack():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_array_equal(np.from_dlpack(ops.transpose(x)), x.T)
    np.testing.assert_array_equal(np.from_dlpack(ops.broadcast_to(x, (4, 2, 3))), np.broadcast_to(x, (4, 2, 3)))


def test_variables_count_and_have_a_length():
    assert len(Variable(np.zeros((3, 2)))) == len(list(Variable(np.zeros((3, 2))))) == 3
    assert list(range(5))[Variable(2)] == 2
    with pytest.raises(TypeError, match="len"):
        len(Variable(1.0))
    with pytest.raises(TypeError, match="integer"):
        operator.index(Variable(1.0))


def test_copies_of_tensors_have_memory_of_their_own():
    x = Tensor(np.arange(3.0))
    for other in (copy.deepcopy(x), pickle.loads(pickle.dumps(x))):
        np.testing.assert_array_equal(other.numpy(), x.numpy())
        assert other.dtype == x.dtype and not np.shares_memory(other.array, x.array)
