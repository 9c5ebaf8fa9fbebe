"""Shapes and axes: what is given in another form, and what is refused by name."""

import itertools

import numpy as np
import pytest

from fastnn import ops, random
from fastnn.shapes import as_shape, as_size, moved_axes, normalize_axes, normalize_axis
from fastnn.tensor import aligned_empty

MATRIX = np.arange(6.0).reshape(2, 3)


def test_shapes_become_tuples_of_pythons_integers():
    for given, expected in ((3, (3,)), ([2, np.int64(3)], (2, 3)), ((), ())):
        assert as_shape(given) == expected
        assert all(type(n) is int for n in as_shape(given))
    assert as_size("n", np.uint8(3)) == 3
    assert ops.broadcast_to(MATRIX, np.array([4, 2, 3])).shape == (4, 2, 3)


def test_axes_are_counted_from_the_front():
    assert normalize_axis(-1, 3) == normalize_axis(np.int64(2), 3) == normalize_axis(np.array(2), 3) == 2
    assert normalize_axes(None, 3) == normalize_axes([2, 0, -2], 3) == (0, 1, 2)
    assert normalize_axes((), 2) == ()


def test_axes_are_moved_as_numpy_moves_them():
    sizes = np.empty((1, 2, 3, 4))
    for many in range(5):
        for source in itertools.permutations(range(4), many):
            for destination in itertools.permutations(range(-4, 0), many):
                expected = np.moveaxis(sizes, source, destination).shape
                assert [axis + 1 for axis in moved_axes(source, destination, 4)] == list(expected)
    assert moved_axes(np.int64(0), -1, 3) == [1, 2, 0]
    assert moved_axes(0, 39, 40) == [*range(1, 40), 0]
    with pytest.raises(ValueError, match=r"source \(0, 1\) and destination 2 are not equally many axes"):
        moved_axes((0, 1), 2, 3)


def test_axes_that_stay_make_no_new_tensor():
    x = ops.convert_to_tensor(MATRIX)
    assert ops.moveaxis(x, (0, -1), (0, 1)) is x


@pytest.mark.parametrize("axis", [1.0, True, "0", None])
def test_an_axis_is_an_integer(axis):
    with pytest.raises(TypeError, match="axis must be an integer, got"):
        normalize_axis(axis, 3)


def test_no_axis_is_named_twice():
    with pytest.raises(ValueError, match=r"axis \(1, -1\) names an axis twice"):
        normalize_axes((1, -1), 2)


@pytest.mark.parametrize(
    "call",
    [
        lambda axis: ops.take(MATRIX, [0], axis=axis),
        lambda axis: ops.take_along_axis(MATRIX, [[0]], axis=axis),
        lambda axis: ops.split(MATRIX, 1, axis=axis),
        lambda axis: ops.concatenate([MATRIX, MATRIX], axis=axis),
        lambda axis: ops.repeat(MATRIX, 2, axis=axis),
        lambda axis: ops.roll(MATRIX, 1, axis=axis),
        lambda axis: ops.roll(MATRIX, (1, 1), axis=(0, axis)),
        lambda axis: ops.swapaxes(MATRIX, 0, axis),
        lambda axis: ops.swapaxes(MATRIX, axis, 0),
        lambda axis: ops.moveaxis(MATRIX, axis, 0),
        lambda axis: ops.moveaxis(MATRIX, 0, axis),
        lambda axis: ops.transpose(MATRIX, (0, axis)),
        lambda axis: ops.flip(MATRIX, axis),
        lambda axis: ops.squeeze(MATRIX, axis),
        lambda axis: ops.sum(MATRIX, axis),
        lambda axis: random.shuffle(MATRIX, axis, seed=1),
    ],
)
def test_an_axis_out_of_range_is_named(call):
    for axis in (2, -3):
        with pytest.raises(ValueError, match=f"axis {axis} is out of range for a tensor of 2 axes"):
            call(axis)


@pytest.mark.parametrize(
    "call",
    [
        lambda x: ops.take(x, [0], axis=0),
        lambda x: ops.split(x, 1),
        lambda x: ops.repeat(x, 2, axis=0),
        lambda x: random.shuffle(x, seed=1),
    ],
)
def test_a_scalar_has_no_axis(call):
    with pytest.raises(ValueError, match="axis 0 is out of range for a tensor of 0 axes"):
        call(np.float64(1))


@pytest.mark.parametrize("axis", [3, -4, (0, 4)])
def test_new_axes_lie_among_those_of_the_result(axis):
    with pytest.raises(ValueError, match="is out of range for a tensor of [34] axes"):
        ops.expand_dims(MATRIX, axis)


@pytest.mark.parametrize("axes", [-1, 3])
def test_tensordot_sums_over_axes_that_both_have(axes):
    with pytest.raises(
        ValueError, match=f"tensordot: axes must lie between 0 and 2, the axes that both have, got {axes}"
    ):
        ops.tensordot(MATRIX, np.ones((2, 3, 2)), axes)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: random.permutation(-1), "n must not be negative, got -1"),
        (lambda: random.categorical(MATRIX, -2), "num_samples must not be negative, got -2"),
        (lambda: ops.one_hot([0], -1), "num_classes must not be negative, got -1"),
        (lambda: ops.eye(-1), "N must not be negative"),
        (lambda: ops.eye(2, -1), "M must not be negative"),
        (lambda: ops.tile(MATRIX, (1, -2)), "repeats must not be negative, got -2"),
        (lambda: ops.zeros((2, -1)), r"a shape must not have negative sizes, got \(2, -1\)"),
        (lambda: ops.broadcast_to(1.0, (-1,)), "a shape must not have negative sizes"),
        (lambda: random.normal(-1), "a shape must not have negative sizes"),
        (lambda: aligned_empty((-1,), "float32"), "a shape must not have negative sizes"),
        (lambda: aligned_empty((-2, -2), "float32"), "a shape must not have negative sizes"),
    ],
)
def test_there_are_no_negative_sizes(call, message):
    with pytest.raises(ValueError, match=message):
        call()


@pytest.mark.parametrize(
    ("call", "name"),
    [
        (lambda: ops.one_hot([0], 3.0), "num_classes"),
        (lambda: ops.eye(True), "N"),
        (lambda: random.permutation(2.5), "n"),
        (lambda: random.uniform("a"), "a size of a shape"),
        (lambda: ops.zeros((2, 1.5)), "a size of a shape"),
    ],
)
def test_what_is_no_integer_is_named(call, name):
    with pytest.raises(TypeError, match=f"{name} must be an integer, got"):
        call()


@pytest.mark.parametrize("width", [1.7, [(0.5, 1.0)], True])
def test_padding_is_a_number_of_elements(width):
    with pytest.raises(TypeError, match="pad: pad_width must be integers, got"):
        ops.pad(np.ones(3), width)


def test_more_than_any_memory_holds_is_no_negative_size():
    with pytest.raises(MemoryError, match=r"no memory holds a tensor of shape \(9223372036854775811,\)"):
        ops.pad(np.ones(3), 2**62)


@pytest.mark.parametrize("order", [None, 1, 2, np.inf])
@pytest.mark.parametrize("axis", [np.int64(0), (0,), [1], -1])
def test_norm_takes_any_one_axis(order, axis):
    x = np.array([[3.0, -4.0, 1.0], [0.0, 2.0, -1.0]])
    expected = np.linalg.norm(x, order, axis if np.ndim(axis) == 0 else axis[0])
    np.testing.assert_allclose(ops.norm(x, order, axis).numpy(), expected, rtol=1e-12)


def test_norm_over_two_axes_is_of_all_elements_or_refused():
    x = np.arange(6.0).reshape(2, 3)
    np.testing.assert_allclose(float(ops.norm(x, axis=(0, 1))), np.linalg.norm(x), rtol=1e-12)
    with pytest.raises(ValueError, match="ord=2 over 2 axes is not supported"):
        ops.norm(x, 2, (0, 1))
