"""Layers that make one tensor of several: values, gradients, shapes, what they refuse."""

import numpy as np
import pytest
from part_tools import assert_gradient, run_traced, stored_and_restored

import fastnn
from fastnn import layers, ops
from fastnn.layers.merging import MergingLayer

rng = np.random.default_rng(8)

# class -> list of (arguments, shapes of inputs, outputs from inputs). A class without a row fails the walk below.
ROWS = {
    "Add": [
        ({}, [(3, 4)], sum),
        ({}, [(3, 4), (3, 1), (3, 4)], sum),
        ({}, [(3, 2, 4), (3, 4)], lambda x: x[0] + x[1][:, None]),
    ],
    "Subtract": [({}, [(3, 4), (3, 4)], lambda x: x[0] - x[1])],
    "Multiply": [({}, [(3, 4), (3, 4), (3, 4)], lambda x: x[0] * x[1] * x[2])],
    "Average": [({}, [(3, 4), (3, 4), (3, 4)], lambda x: (x[0] + x[1] + x[2]) / 3)],
    "Maximum": [({}, [(3, 4), (3, 4), (3, 1)], lambda x: np.maximum(np.maximum(x[0], x[1]), x[2]))],
    "Minimum": [({}, [(3, 4), (3, 4)], lambda x: np.minimum(*x))],
    "Concatenate": [
        ({}, [(3, 4), (3, 2), (3, 1)], lambda x: np.concatenate(x, axis=-1)),
        ({"axis": 1}, [(3, 2, 4), (3, 5, 4)], lambda x: np.concatenate(x, axis=1)),
        ({"axis": 0}, [(3, 4), (2, 4)], np.concatenate),
    ],
}
KINDS = {cls.__name__: cls for cls in layers.REGISTRY.classes if issubclass(cls, MergingLayer)}
CASES = [pytest.param(name, *row, id=f"{name}-{i}") for name in ROWS for i, row in enumerate(ROWS[name])]


def test_every_merging_layer_has_a_row():
    assert KINDS.keys() == ROWS.keys()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "shapes", "reference"), CASES)
def test_outputs(name, arguments, shapes, reference, dtype):
    layer = KINDS[name](dtype=dtype, **arguments)
    inputs = [rng.normal(size=shape).astype(dtype) for shape in shapes]
    outputs = layer(inputs)
    assert layer.built
    assert outputs.dtype == dtype
    np.testing.assert_allclose(outputs.numpy(), reference(inputs), rtol=1e-6)
    np.testing.assert_array_equal(run_traced(lambda *x: [layer(list(x))], *inputs)[0], outputs.numpy())
    assert layer.compute_output_shape(shapes) == outputs.shape


@pytest.mark.parametrize(("name", "arguments", "shapes", "reference"), CASES)
def test_gradients(name, arguments, shapes, reference):
    layer = KINDS[name](dtype="float64", **arguments)
    inputs = [rng.normal(size=shape) for shape in shapes]
    for i, x in enumerate(inputs):
        assert_gradient(lambda each, i=i: layer([*inputs[:i], each, *inputs[i + 1 :]]), x)


@pytest.mark.parametrize(("name", "arguments", "shapes", "reference"), CASES)
def test_shapes_with_unknown_batches_and_stored_form(name, arguments, shapes, reference):
    layer = stored_and_restored(layers, KINDS[name](name="mine", **arguments))
    assert layer.name == "mine"
    if arguments.get("axis") != 0:
        described = layer([layers.Input(shape[1:]) for shape in shapes])
        assert described.shape == (None, *reference([np.zeros(shape) for shape in shapes]).shape[1:])


@pytest.mark.parametrize("name", sorted(ROWS))
def test_functions_make_and_call_a_layer(name):
    arguments, shapes, reference = ROWS[name][-1]
    inputs = [rng.normal(size=shape).astype("float32") for shape in shapes]
    function = getattr(layers, name.lower())
    np.testing.assert_allclose(function(inputs, **arguments).numpy(), reference(inputs), rtol=1e-6)
    described = function([layers.Input((4,)), layers.Input((4,))], name="both")
    assert described.name == "both"


@pytest.mark.parametrize(
    ("merge", "match"),
    [
        (lambda: layers.Add()(np.ones((3, 4))), "`Add` layer is called on a list of tensors"),
        (lambda: layers.Add()([np.ones((3, 4)), np.ones((3, 5))]), r"incompatible shapes.*\(3, 4\), \(3, 5\)"),
        (lambda: layers.add([]), "`Add`"),
        (lambda: layers.Subtract()([np.ones((3, 4))] * 3), "exactly 2 inputs"),
        (lambda: layers.Concatenate()([np.ones((3, 4)), np.ones((2, 4))]), "matching shapes except"),
        (lambda: layers.Concatenate()([np.ones((3, 4)), np.ones((3, 4, 1))]), "matching shapes except"),
        (lambda: layers.Concatenate(axis=2)([np.ones((3, 4))] * 2), "`axis` of layer 'concatenate.*' is 2"),
        (lambda: layers.Concatenate(axis=0.5), "`axis` must be an integer"),
    ],
)
def test_refuses(merge, match):
    with pytest.raises(ValueError, match=match):
        merge()


def test_sizes_that_are_not_known_fit():
    assert layers.Concatenate()([layers.Input((None, 2)), layers.Input((7, 3))]).shape == (None, None, 5)
    assert layers.Concatenate(axis=1)([layers.Input((None, 2)), layers.Input((7, 2))]).shape == (None, None, 2)
    assert layers.Add()([layers.Input((None, 2)), layers.Input((7, 1))]).shape == (None, 7, 2)


def test_no_merging_layer_is_an_activation():
    with pytest.raises(ValueError, match="Add"):
        fastnn.activations.get("Add")
    assert ops.relu is not None
