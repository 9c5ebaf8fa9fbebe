"""Every layer through one battery; then what is particular to each, and to layers of users."""

import dataclasses
import functools
import json
import math
import sys

import numpy as np
import pytest
from part_tools import assert_gradient, central_difference, run_traced, stored_and_restored

import fastnn
from fastnn import GradientTape, Tensor, activations, layers, ops, random, utils
from fastnn.utils.naming import to_snake_case

rng = np.random.default_rng(7)


def selu(x):
    return 1.0507009873554805 * np.where(x > 0, x, 1.6732632423543772 * np.expm1(x))


def softmax(x, axis=-1):
    z = np.exp(x - x.max(axis=axis, keepdims=True))
    return z / z.sum(axis=axis, keepdims=True)


def dense(activation=lambda z: z):
    return lambda x, kernel, bias=0.0: activation(x @ kernel + bias)


def glu(x):
    a, b = np.split(x, 2, axis=-1)
    return a / (1 + np.exp(-b))


def relu(x, slope=0.0, top=np.inf, threshold=0.0):
    return np.where(x > threshold, np.minimum(x, top), slope * (x - threshold))


def batch_norm(axis=-1, epsilon=1e-3):
    """Return what BatchNormalization gives outside of training, from inputs, gamma, beta and the averages."""

    def reference(x, gamma, beta, mean, variance):
        shape = [1] * x.ndim
        shape[axis] = -1
        gamma, beta, mean, variance = (value.reshape(shape) for value in (gamma, beta, mean, variance))
        return gamma * (x - mean) / np.sqrt(variance + epsilon) + beta

    return reference


def layer_norm(axes, epsilon=1e-3):
    def reference(x, gamma=1.0, beta=0.0):
        shape = [size if axis in axes else 1 for axis, size in enumerate(x.shape)]
        gamma, beta = (np.reshape(value, shape) if np.ndim(value) else value for value in (gamma, beta))
        centred = x - x.mean(axes, keepdims=True)
        return gamma * centred / np.sqrt(np.square(centred).mean(axes, keepdims=True) + epsilon) + beta

    return reference


# class -> list of (arguments, shape of one sample, outputs from inputs and weights outside of training).
# A class without a row fails the walk below.
BATTERY = {
    "AlphaDropout": [
        ({"rate": 0.4, "seed": 3}, (6,), lambda x: x),
        ({"rate": 0.5, "noise_shape": (None, 1, 3), "seed": 3}, (4, 3), lambda x: x),
        ({"rate": 0.0}, (3,), lambda x: x),
    ],
    "Activation": [
        ({"activation": "tanh"}, (5,), np.tanh),
        ({"activation": activations.softmax}, (4, 3), softmax),
        ({"activation": "glu"}, (6,), glu),
    ],
    "BatchNormalization": [
        ({}, (5,), batch_norm()),
        (
            {
                "epsilon": 0.1,
                "momentum": 0.5,
                "gamma_initializer": "random_uniform",
                "beta_initializer": "ones",
                "moving_mean_initializer": "ones",
                "moving_variance_initializer": "random_uniform",
                "gamma_regularizer": "l2",
                "beta_regularizer": "l1",
                "gamma_constraint": "non_neg",
            },
            (4,),
            batch_norm(epsilon=0.1),
        ),
        ({"axis": 1}, (3, 4), batch_norm(1)),
        ({"axis": -2}, (3, 4), batch_norm(-2)),
        (
            {"center": False, "scale": False},
            (5,),
            lambda x, mean, variance: batch_norm()(x, np.ones(5), np.zeros(5), mean, variance),
        ),
    ],
    "Dense": [
        ({"units": 4, "activation": "glu"}, (2, 3), dense(glu)),
        ({"units": 4}, (3,), dense()),
        ({"units": 1, "use_bias": False}, (1,), dense()),
        ({"units": 7, "activation": "relu"}, (130,), dense(relu)),
        (
            {"units": 5, "activation": "tanh", "kernel_regularizer": "l2", "bias_regularizer": "l1"},
            (2, 3),
            dense(np.tanh),
        ),
        ({"units": 5, "activation": "selu", "kernel_constraint": "max_norm"}, (4,), dense(selu)),
        ({"units": 3, "activation": "leaky_relu"}, (4,), dense(lambda z: relu(z, 0.2))),
        ({"units": 3, "activation": "elu"}, (4,), dense(lambda z: np.where(z > 0, z, np.expm1(z)))),
        (
            {"units": 3, "activation": "sigmoid", "activity_regularizer": "l2"},
            (4,),
            dense(lambda z: 1 / (1 + np.exp(-z))),
        ),
        ({"units": 3, "activation": "softmax", "kernel_initializer": "he_normal"}, (6,), dense(softmax)),
        ({"units": 3, "activation": "silu", "bias_initializer": "ones"}, (6,), dense(lambda z: z / (1 + np.exp(-z)))),
    ],
    "Dropout": [
        ({"rate": 0.4, "seed": 3}, (6,), lambda x: x),
        ({"rate": 0.5, "noise_shape": (None, 1, 3), "seed": 3}, (4, 3), lambda x: x),
        ({"rate": 0.0}, (3,), lambda x: x),
        ({"rate": 1.0}, (3,), lambda x: x),
    ],
    "ELU": [({"alpha": 0.5}, (5,), lambda x: np.where(x > 0, x, 0.5 * np.expm1(x)))],
    "Flatten": [
        ({}, (2, 3, 4), lambda x: x.reshape(len(x), -1)),
        ({"data_format": "channels_first"}, (2, 3, 4), lambda x: x.transpose(0, 2, 3, 1).reshape(len(x), -1)),
        ({}, (), lambda x: x.reshape(len(x), 1)),
    ],
    "GaussianDropout": [({"rate": 0.3, "seed": 3}, (5,), lambda x: x), ({"rate": 0.0}, (5,), lambda x: x)],
    "GaussianNoise": [({"stddev": 0.3, "seed": 3}, (5,), lambda x: x), ({"stddev": 0.0}, (5,), lambda x: x)],
    "GlobalAveragePooling1D": [
        ({}, (3, 4), lambda x: x.mean(1)),
        ({"data_format": "channels_first", "keepdims": True}, (3, 4), lambda x: x.mean(2, keepdims=True)),
    ],
    "GlobalMaxPooling1D": [
        ({}, (3, 4), lambda x: x.max(1)),
        ({"data_format": "channels_first", "keepdims": True}, (3, 4), lambda x: x.max(2, keepdims=True)),
    ],
    "Identity": [({}, (3, 2), lambda x: x)],
    "InputLayer": [({"shape": (3,)}, (3,), lambda x: x)],
    "LayerNormalization": [
        ({}, (5,), layer_norm((1,))),
        (
            {
                "epsilon": 0.1,
                "gamma_initializer": "random_uniform",
                "beta_initializer": "ones",
                "gamma_regularizer": "l2",
                "beta_regularizer": "l1",
                "beta_constraint": "unit_norm",
            },
            (4,),
            layer_norm((1,), 0.1),
        ),
        ({"axis": 1}, (3, 4), layer_norm((1,))),
        ({"axis": [-1, 1], "gamma_initializer": "random_uniform"}, (3, 4), layer_norm((1, 2))),
        ({"center": False, "scale": False}, (2, 5), layer_norm((2,))),
    ],
    "LeakyReLU": [({}, (5,), lambda x: relu(x, 0.3)), ({"negative_slope": 0.0}, (5,), relu)],
    "Normalization": [
        ({"mean": [1.0, 2.0], "variance": [4.0, 9.0]}, (2,), lambda x: (x - [1, 2]) / [2, 3]),
        ({"mean": 1.0, "variance": 4.0, "invert": True}, (2, 3), lambda x: 2 * x + 1),
        (
            {"axis": [1, 2], "mean": [1.0, 2.0, 3.0], "variance": [1.0, 1.0, 4.0]},
            (2, 3),
            lambda x: (x - [1, 2, 3]) / [1, 1, 2],
        ),
        ({"axis": None, "mean": 1.0, "variance": 0.0}, (3,), lambda x: (x - 1) / 1e-7),
    ],
    "PReLU": [
        ({"alpha_initializer": "random_uniform"}, (5,), lambda x, alpha: np.where(x > 0, x, alpha * x)),
        (
            {"alpha_initializer": "ones", "alpha_regularizer": "l2", "alpha_constraint": "non_neg", "shared_axes": [1]},
            (2, 3),
            lambda x, alpha: np.where(x > 0, x, alpha.reshape(1, 3) * x),
        ),
    ],
    "Permute": [
        ({"dims": (2, 1)}, (2, 3), lambda x: x.transpose(0, 2, 1)),
        ({"dims": (3, 1, 2)}, (2, 3, 4), lambda x: x.transpose(0, 3, 1, 2)),
    ],
    "RMSNormalization": [
        ({}, (5,), lambda x, scale: scale * x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)),
        (
            {"axis": 1, "epsilon": 0.1},
            (3, 4),
            lambda x, scale: scale[:, None] * x / np.sqrt((x**2).mean(1, keepdims=True) + 0.1),
        ),
        ({"axis": [-1]}, (5,), lambda x, scale: scale * x / np.sqrt((x**2).mean(-1, keepdims=True) + 1e-6)),
        ({"axis": [1, 2]}, (2, 3), lambda x, scale: scale * x / np.sqrt((x**2).mean((1, 2), keepdims=True) + 1e-6)),
    ],
    "ReLU": [
        ({}, (5,), relu),
        (
            {"max_value": 1.5, "negative_slope": 0.1, "threshold": 0.5},
            (5,),
            lambda x: relu(x, 0.1, 1.5, 0.5),
        ),
    ],
    "Rescaling": [
        ({"scale": 0.5, "offset": -1.0}, (2, 3), lambda x: x * 0.5 - 1),
        ({"scale": [1.0, 2.0, 3.0]}, (2, 3), lambda x: x * [1, 2, 3]),
    ],
    "RepeatVector": [({"n": 3}, (4,), lambda x: np.repeat(x[:, None], 3, axis=1))],
    "Reshape": [
        ({"target_shape": (3, 4)}, (2, 6), lambda x: x.reshape(len(x), 3, 4)),
        ({"target_shape": (-1, 2)}, (2, 6), lambda x: x.reshape(len(x), 6, 2)),
    ],
    "Softmax": [
        ({}, (2, 5), softmax),
        ({"axis": 1}, (2, 5), lambda x: softmax(x, 1)),
        ({"axis": [1, 2]}, (2, 5), lambda x: softmax(x, (1, 2))),
    ],
    "SpatialDropout1D": [({"rate": 0.4, "seed": 3}, (4, 3), lambda x: x)],
    "UnitNormalization": [
        ({}, (5,), lambda x: x / np.linalg.norm(x, axis=-1, keepdims=True)),
        ({"axis": [1, 2]}, (2, 3), lambda x: x / np.sqrt((x**2).sum((1, 2), keepdims=True))),
    ],
}
ROWS = [pytest.param(name, *row, id=f"{name}-{i}") for name in BATTERY for i, row in enumerate(BATTERY[name])]


def make(kind, arguments, **more):
    return getattr(layers, kind)(**arguments, **more)


def batch(shape, n=3, dtype="float64"):
    return np.random.default_rng(8).normal(size=(n, *shape)).astype(dtype)


def test_every_layer_has_a_row():
    elsewhere = layers.merging.MergingLayer, layers.Embedding  # which are not called on one tensor of floats
    assert {cls.__name__ for cls in layers.REGISTRY.classes if not issubclass(cls, elsewhere)} == set(BATTERY)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_outputs(name, arguments, shape, reference, dtype):
    layer = make(name, arguments, dtype=dtype)
    assert layer.dtype == layer.compute_dtype == layer.variable_dtype == dtype
    x = batch(shape, dtype=dtype)
    y = layer(x)
    assert layer.built
    assert y.dtype == dtype
    tolerance = 1e-12 if dtype == "float64" else 1e-5
    np.testing.assert_allclose(y.numpy(), reference(x, *layer.get_weights()), rtol=tolerance, atol=tolerance)
    np.testing.assert_array_equal(layer(Tensor(x), training=False).numpy(), y.numpy())
    np.testing.assert_array_equal(run_traced(layer, x)[0], y.numpy())


@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_shapes(name, arguments, shape, reference):
    layer = make(name, arguments)
    for n in (1, 4, 0):
        assert layer(batch(shape, n, "float32")).shape == layer.compute_output_shape((n, *shape))
    (whole,) = {layer(batch(shape, n, "float32")).shape[1:] for n in (1, 4)}
    assert layer.compute_output_shape((None, *shape)) == (None, *whole)
    # What the layer says and what tracing it finds out.
    assert layers.Layer.compute_output_shape(layer, (None, *shape)) == (None, *whole)
    described = make(name, arguments)(layers.Input(shape))
    assert described.shape == (None, *whole)
    assert described.layer.built


@pytest.mark.parametrize("training", [False, True])
@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_derivatives(name, arguments, shape, reference, training):
    layer = make(name, arguments, dtype="float64")
    x = batch(shape, 2)
    layer(x)
    generator = getattr(layer, "seed_generator", None)
    start = None if generator is None else generator.state.numpy()

    def call(inputs):
        if generator is not None:
            generator.state.load(start)  # the same noise every time
        return layer(inputs, training=training)

    assert_gradient(call, x)
    weights = np.random.default_rng(9).uniform(0.5, 1.5, call(x).shape)
    for variable in layer.trainable_weights:

        def outputs(value, variable=variable):
            variable.assign(value)
            return call(x).numpy()

        value = variable.numpy()
        with GradientTape() as tape:
            total = ops.sum(call(x) * weights)
        got = tape.gradient(total, variable).numpy()
        picked = np.random.default_rng(1).choice(value.size, min(value.size, 30), replace=False)
        expected = central_difference(outputs, value, weights)
        variable.assign(value)
        np.testing.assert_allclose(got.ravel()[picked], expected.ravel()[picked], rtol=1e-6, atol=1e-6)


@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_programs_draw_the_same_noise(name, arguments, shape, reference):
    x = batch(shape, dtype="float32")
    outputs = []
    for run in (
        lambda layer: layer(x, training=True).numpy(),
        lambda layer: run_traced(lambda x: layer(x, training=True), x)[0],
    ):
        utils.set_random_seed(4)
        layer = make(name, arguments)
        layer(x)
        outputs.append((run(layer), run(layer)))
    np.testing.assert_array_equal(outputs[0], outputs[1])
    generator = getattr(layer, "seed_generator", None)
    assert (generator in layer._own(random.SeedGenerator)) == (generator is not None)
    if generator is not None:
        assert any(variable is generator.state for variable in layer.variables)
        assert not layer.weights


@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_stored_form(name, arguments, shape, reference):
    layer = make(
        name, arguments, name="mine", **({} if name == "InputLayer" else {"trainable": False, "dtype": "float64"})
    )
    x = batch(shape)
    y = layer(x).numpy()
    restored = stored_and_restored(layers, layer)
    assert restored.name == "mine"
    assert restored.trainable == layer.trainable
    assert restored.dtype == layer.dtype
    build = json.loads(json.dumps(layer.get_build_config()))
    restored.build_from_config(build)
    restored.set_weights(layer.get_weights())
    np.testing.assert_array_equal(restored(x).numpy(), y)
    clone = type(layer).from_config(layer.get_config())
    assert clone.get_config() == layer.get_config()


@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_common_face(name, arguments, shape, reference):
    utils.reset_names()
    first, second = make(name, arguments), make(name, arguments)
    base = to_snake_case(name)
    assert (first.name, second.name) == (base, f"{base}_1")
    assert make(name, arguments, name="층").name == "층"
    layer = make(name, arguments)
    assert layer.declared_input_shape == (shape if name == "InputLayer" else None)
    if name != "InputLayer" and shape:
        assert make(name, arguments, input_shape=shape).declared_input_shape == shape
    x = batch(shape, dtype="float32")
    layer(x)
    assert layer.count_params() == sum(w.size for w in layer.get_weights())
    assert len(layer.losses) == sum(
        value is not None for key, value in arguments.items() if key.endswith("_regularizer")
    )
    for variable in layer.weights:
        assert variable.path == f"{layer.name}/{variable.name}"
    layer.trainable = False
    assert layer.trainable_weights == []
    assert layer.non_trainable_weights == layer.weights
    layer.trainable = True
    assert layer.trainable_weights == [w for w in layer.weights if not w.name.startswith("moving_")]
    with pytest.raises(ValueError, match="Unrecognized keyword arguments passed to"):
        make(name, arguments, nmae="x")
    with pytest.raises(ValueError, match="name"):
        make(name, arguments, name="a/b")
    assert name in repr(layer)


@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_integer_inputs(name, arguments, shape, reference):
    x = np.arange(3 * math.prod(shape), dtype="uint8").reshape(3, *shape)
    layer = make(name, arguments)
    if name in ("Softmax", "ELU", "LeakyReLU", "ReLU", "Activation", "UnitNormalization"):
        return  # functions of floats: what integers become is up to the op
    y = layer(x, training=True)
    if name in ("Flatten", "Identity", "Permute", "RepeatVector", "Reshape"):
        assert y.dtype == "uint8"
    else:
        assert y.dtype == "float32"


def test_softmax_sees_nothing_that_is_masked():
    x, layer = np.array([[1.0, 2.0, 3.0], [4.0, 5.0, 6.0]], "float32"), layers.Softmax()
    expected = [[*softmax(x[0, :2], 0), 0.0], [*softmax(x[1, :2], 0), 0.0]]
    for mask in ([True, True, False], [[1, 1, 0]], np.array([0.6, 1.0, 0.5]), np.ones((2, 3)) * [1, 1, 0]):
        np.testing.assert_allclose(layer(x, mask=np.asarray(mask)), expected, rtol=1e-6)
    np.testing.assert_allclose(layers.Softmax(axis=[0, 1])(x[None], mask=np.array([[[True], [False]]]))[0, 1], 0.0)
    np.testing.assert_array_equal(layer(x, mask=np.array([[False], [True]]))[0], 0.0)  # not even where all is masked
    np.testing.assert_allclose(layer(x * [1, 1, 1e30], mask=np.array([True, True, False])), expected, rtol=1e-6)
    for mask in (np.ones((2, 4), bool), np.ones((1, 2, 3), bool)):
        with pytest.raises(ValueError, match=r"`mask` must broadcast to the inputs, of shape \(2, 3\)"):
            layer(x, mask=mask)


def test_leaky_relu_takes_its_older_argument():
    with pytest.warns(FutureWarning, match="negative_slope"):
        layer = layers.LeakyReLU(alpha=0.1)
    assert layer.negative_slope == 0.1
    with pytest.raises(ValueError, match="negative_slope"), pytest.warns(FutureWarning):
        layers.LeakyReLU(alpha=-1)


# ---- Dense ---------------------------------------------------------------------------------------------------


def test_dense_says_what_does_not_fit():
    layer = layers.Dense(3, name="은닉")
    layer.build((None, 784))
    with pytest.raises(ValueError, match="incompatible") as caught:
        layer(np.zeros((32, 100), "float32"))
    # Keras: "Input 0 with name 'None' of layer 'dense' is incompatible with the layer: expected axis -1 of input
    # shape to have value 784, but received input with shape (32, 100)".
    assert str(caught.value) == (
        'Input 0 of layer "은닉" is incompatible with the layer: expected axis -1 of input shape to have value 784, '
        "but received input with shape (32, 100) (expected shape: (None, 784))"
    )
    with pytest.raises(ValueError, match=r"expected min_ndim=2, found ndim=1. Full shape received: \(784,\)"):
        layer(np.zeros(784, "float32"))


@pytest.mark.parametrize("units", [0, -1, 2.5, "3", None, True])
def test_bad_units(units):
    with pytest.raises(ValueError, match="`units` must be an integer of at least 1"):
        layers.Dense(units)


@pytest.mark.parametrize("shape", [(None, None), (None, 0), (5,)])
def test_dense_cannot_be_built_for(shape):
    layer = layers.Dense(3)
    with pytest.raises(ValueError, match="last of a known size above 0"):
        layer.build(shape)
    assert not layer.built
    assert layer.weights == []


def test_dense_refuses_unknown_names_and_parts():
    for arguments, match in (
        ({"activation": "rleu"}, "Unknown activation 'rleu'. Did you mean 'relu'"),
        ({"kernel_initializer": "glorot"}, "Unknown initializer 'glorot'. Did you mean 'glorot_"),
        ({"kernel_regularizer": "l9"}, "Unknown regularizer"),
        ({"bias_constraint": "maxnorm"}, "Did you mean 'max_norm'"),
        ({"kernel_regulariser": "l2"}, "Did you mean 'kernel_regularizer'"),
        ({"dtype": "float16"}, "'float32' or 'float64'"),
        ({"dtype": "mixed_float16"}, "'float32' or 'float64'"),
        ({"trainable": 1}, "trainable"),
        ({"lora_rank": 2}, "`lora_rank` of Dense is not supported"),
    ):
        with pytest.raises(ValueError, match=match):
            layers.Dense(3, **arguments)


def test_kernel_has_the_layout_of_the_matrix_products():
    layer = layers.Dense(9)
    layer.build((None, 300))
    assert layer.kernel.layout == "kernel"
    assert layer.kernel.shape == (300, 9)
    assert layer.kernel.path == f"{layer.name}/kernel"


def test_activations_with_parameters_of_their_own_are_applied_after():
    x = batch((4,))
    layer = layers.Dense(3, activation=lambda z: activations.leaky_relu(z, 0.5), dtype="float64")
    y = layer(x).numpy()
    z = x @ layer.kernel.numpy() + layer.bias.numpy()
    np.testing.assert_allclose(y, np.where(z > 0, z, 0.5 * z), rtol=1e-12)
    inner = layers.LeakyReLU(0.5)
    layer = layers.Dense(3, activation=inner)
    assert layer.layers_inside == [inner]


@pytest.mark.parametrize("make_layer", [lambda f: layers.Dense(3, activation=f), layers.Activation])
def test_an_activation_that_is_a_layer_is_stored_with_its_arguments(make_layer):
    layer = make_layer(layers.LeakyReLU(0.4))
    stored = layers.serialize(layer)
    form = stored["config"]["activation"]
    assert (form["module"], form["class_name"], form["registered_name"]) == ("keras.layers", "LeakyReLU", None)
    assert layers.deserialize(stored).activation.negative_slope == 0.4
    with pytest.raises(ValueError, match="Unknown activation 'LeakyReLU'"):
        layers.Dense(3, activation="LeakyReLU")


def test_an_activation_may_be_taken_off():
    model = fastnn.Sequential([layers.Dense(3, activation="softmax", input_dim=4, dtype="float64")])
    x, layer = batch((4,)), model.layers[0]
    np.testing.assert_allclose(model.predict(x, verbose=0).sum(axis=1), 1.0)
    layer.activation = None
    for outputs in (layer(x), model.predict(x, verbose=0)):
        np.testing.assert_allclose(outputs, x @ layer.kernel.numpy() + layer.bias.numpy(), rtol=1e-12)
    assert layer.get_config()["activation"] is None


def test_losses_of_weights_and_outputs():
    x = batch((4,))
    layer = layers.Dense(3, kernel_regularizer="l2", bias_regularizer="l1", activity_regularizer="l2", dtype="float64")
    y = layer(x).numpy()
    layer.bias.assign([1.0, -2.0, 0.5])
    # The activity's first, divided by the batch size; the others are of the present weights.
    activity, kernel, bias = (float(loss) for loss in layer.losses)
    assert activity == pytest.approx(0.01 * (y**2).sum() / 3)
    assert kernel == pytest.approx(0.01 * (layer.kernel.numpy() ** 2).sum())
    assert bias == pytest.approx(0.01 * 3.5)
    layer(x)
    assert len(layer.losses) == 3
    layer.trainable = False
    assert len(layer.losses) == 1


# ---- BatchNormalization, LayerNormalization ------------------------------------------------------------------


def test_batches_are_normalized_in_training():
    x = np.random.default_rng(2).normal(3.0, 2.0, (50, 4))
    layer = layers.BatchNormalization(momentum=0.8, epsilon=1e-5, dtype="float64")
    layer(x)
    gamma, beta = np.arange(1.0, 5), np.arange(4.0)
    layer.set_weights([gamma, beta, np.full(4, 10.0), np.full(4, 2.0)])
    y = layer(x, training=True).numpy()
    np.testing.assert_allclose(y, gamma * (x - x.mean(0)) / np.sqrt(x.var(0) + 1e-5) + beta, rtol=1e-12)
    np.testing.assert_allclose(layer.moving_mean.numpy(), 0.8 * 10 + 0.2 * x.mean(0), rtol=1e-14)
    np.testing.assert_allclose(layer.moving_variance.numpy(), 0.8 * 2 + 0.2 * x.var(0), rtol=1e-14)
    kept = layer.get_weights()
    expected = gamma * (x - kept[2]) / np.sqrt(kept[3] + 1e-5) + beta
    np.testing.assert_allclose(layer(x).numpy(), expected, rtol=1e-12)
    layer.trainable = False
    np.testing.assert_allclose(layer(x, training=True).numpy(), expected, rtol=1e-12)
    for before, after in zip(kept, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(before, after)


def test_moments_are_taken_over_all_other_axes():
    x = np.random.default_rng(2).normal(size=(6, 3, 4))
    layer = layers.BatchNormalization(axis=1, dtype="float64")
    y = layer(x, training=True).numpy()
    np.testing.assert_allclose(y.mean((0, 2)), 0, atol=1e-12)
    np.testing.assert_allclose(y.var((0, 2)), x.var((0, 2)) / (x.var((0, 2)) + 1e-3))
    assert [tuple(w.shape) for w in layer.weights] == [(3,)] * 4


def test_large_means_cost_no_digits():
    x = (1e4 + np.random.default_rng(2).normal(size=(64, 3))).astype("float32")
    exact = (x - x.mean(0, dtype="float64")) / np.sqrt(x.var(0, dtype="float64") + 1e-3)
    np.testing.assert_allclose(layers.BatchNormalization()(x, training=True).numpy(), exact, atol=2e-3)


def test_a_model_keeps_averages_for_predictions():
    x = np.random.default_rng(2).normal(3.0, 2.0, (64, 4)).astype("float32")
    bits = set()
    for threads in (1, 2):
        fastnn.set_num_threads(threads)
        utils.set_random_seed(1)
        model = fastnn.Sequential([layers.Dense(6), layers.BatchNormalization(), layers.ReLU(), layers.Dense(1)])
        model.compile("adam", "mse")
        model.fit(x, x[:, :1], epochs=3, batch_size=16, verbose=0)
        bits.add(b"".join(w.tobytes() for w in model.get_weights()))
    assert len(bits) == 1
    layer = model.layers[1]
    assert (layer.moving_mean.numpy() != 0).all()
    before = layer.get_weights()
    alone = np.concatenate([model.predict(x[i : i + 1], verbose=0) for i in range(4)])
    np.testing.assert_allclose(model.predict(x, verbose=0)[:4], alone, rtol=1e-5)
    model.evaluate(x, x[:, :1], verbose=0)
    for a, b in zip(before, layer.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_averages_go_back_with_the_weights():
    x = np.random.default_rng(2).normal(size=(64, 4)).astype("float32")
    model = fastnn.Sequential([layers.Dense(6), layers.BatchNormalization(), layers.Dense(1)])
    model.compile(fastnn.optimizers.SGD(0.01), "mse")
    model.fit(x, x[:, :1], epochs=2, verbose=0)
    before = model.get_weights()
    model.optimizer.learning_rate = 1e30
    with pytest.raises(fastnn.DivergenceError):
        model.fit(x, x[:, :1] * 1e30, epochs=2, verbose=0)
    for a, b in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


@pytest.mark.parametrize(
    ("make_layer", "match"),
    [
        (lambda: layers.BatchNormalization(axis=[1]), "`axis` must be an integer"),
        (lambda: layers.BatchNormalization(momentum=1.5), "`momentum` must be"),
        (lambda: layers.BatchNormalization(epsilon=-1.0), "`epsilon` must be"),
        (lambda: layers.BatchNormalization(renorm=True), "`renorm` of BatchNormalization is not supported"),
        (lambda: layers.BatchNormalization(synchronized=True), "`synchronized` of BatchNormalization is not supported"),
        (lambda: layers.LayerNormalization(axis="a"), "`axis` must be an integer"),
        (lambda: layers.LayerNormalization(rms_scaling=True), "`rms_scaling` of LayerNormalization is not supported"),
        (lambda: layers.BatchNormalization(axis=2).build((None, 3)), "axis 2 is out of range for a tensor of 2 axes"),
        (lambda: layers.LayerNormalization(axis=[-1, 1]).build((None, 3)), "names an axis twice"),
        (lambda: layers.BatchNormalization(axis=0).build((None, 3)), "other than that of the batch"),
        (lambda: layers.LayerNormalization(axis=(0, 1)).build((4, 3)), "other than that of the batch"),
        (lambda: layers.LayerNormalization().build((None, None)), "of a known size"),
        (lambda: layers.BatchNormalization()(np.ones((2, 3)), mask=np.ones(2)), "`mask` of BatchNormalization is not"),
    ],
)
def test_normalization_says_what_cannot_be(make_layer, match):
    with pytest.raises(ValueError, match=match):
        make_layer()


def test_normalization_takes_what_keras_stores():
    stored = {"axis": [1], "rms_scaling": False, "epsilon": 0.01}
    assert layers.LayerNormalization.from_config(stored).axis == [1]
    stored = {"renorm": False, "renorm_clipping": None, "renorm_momentum": 0.99, "synchronized": False}
    assert layers.BatchNormalization.from_config(stored).momentum == 0.99


# ---- the others ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("rate", [-0.1, 1.1, float("nan"), "0.5", None])
def test_bad_rates(rate):
    with pytest.raises(ValueError, match="rate"):
        layers.Dropout(rate)


def test_dropout_keeps_the_mean_and_scales():
    x = np.ones((100, 200), "float32")
    layer = layers.Dropout(0.25, seed=1)
    y = layer(x, training=True).numpy()
    assert set(np.unique(y).tolist()) == {0.0, float(np.float32(1) / np.float32(0.75))}
    assert np.mean(y == 0) == pytest.approx(0.25, abs=5 * np.sqrt(0.25 * 0.75 / y.size))
    again = layer(x, training=True).numpy()
    assert (again != y).any()
    assert (layers.Dropout(0.25, seed=1)(x, training=True).numpy() == y).all()
    np.testing.assert_array_equal(layers.Dropout(1.0)(x, training=True).numpy(), np.zeros_like(x))


def test_noise_shape_is_shared():
    y = layers.Dropout(0.5, noise_shape=(None, 1, 8), seed=1)(np.ones((4, 5, 8), "float32"), training=True).numpy()
    assert (y == y[:, :1]).all()
    with pytest.raises(ValueError, match="noise_shape"):
        layers.Dropout(0.5, noise_shape=(1,))(np.ones((4, 5)), training=True)
    for bad in ("ab", 3, (0, 1), (1.5,)):
        with pytest.raises(ValueError, match="noise_shape"):
            layers.Dropout(0.5, noise_shape=bad)


def test_seeds_follow_the_global_one():
    def noise():
        return layers.GaussianNoise(1.0)(np.zeros((2, 3), "float32"), training=True).numpy().tolist()

    utils.set_random_seed(9)
    first = noise()
    assert noise() != first
    utils.set_random_seed(9)
    assert noise() == first
    with pytest.raises(ValueError, match="seed"):
        layers.GaussianNoise(1.0, seed="x")


def test_reshape_says_what_does_not_fit():
    with pytest.raises(ValueError, match=r"cannot reshape samples of shape \(5,\) \(5 elements\) to \(2, 3\)"):
        layers.Reshape((2, 3))(np.zeros((4, 5)))
    with pytest.raises(ValueError, match="cannot reshape"):
        layers.Reshape((-1, 3)).compute_output_shape((None, 5))
    assert layers.Reshape((-1, 3)).compute_output_shape((None, None)) == (None, None, 3)
    for bad in ((-1, -1), (0, 3), (2.5,), "ab"):
        with pytest.raises(ValueError, match="target_shape"):
            layers.Reshape(bad)


def test_flatten_of_unknown_sizes():
    assert layers.Flatten().compute_output_shape((None, None, 3)) == (None, None)
    with pytest.raises(ValueError, match="data_format"):
        layers.Flatten(data_format="first")


def test_rescaling_of_pictures():
    x = np.array([[0, 51, 255]], "uint8")
    y = layers.Rescaling(1 / 255)(x)
    assert y.dtype == "float32"
    np.testing.assert_allclose(y.numpy(), [[0, 0.2, 1]], rtol=1e-6)
    with pytest.raises(ValueError, match="scale"):
        layers.Rescaling("big")
    with pytest.raises(ValueError, match="offset"):
        layers.Rescaling(1.0, offset=["a"])
    of_arrays, of_numbers = layers.Rescaling(np.array(0.1), np.array(2), name="x"), layers.Rescaling(0.1, 2, name="x")
    assert of_arrays.get_config() == of_numbers.get_config()


def test_input():
    assert layers.Input((784,)).shape == (None, 784)
    x = layers.Input((28, 28), batch_size=4, dtype="uint8", name="그림")
    assert (x.shape, x.dtype, x.name, x.ndim) == ((4, 28, 28), "uint8", "그림", 3)
    assert layers.Input(batch_shape=(None, 3)).shape == (None, 3)
    with pytest.raises(TypeError, match="no values"):
        np.asarray(x)
    # In Keras' order, as it is in Keras 3.
    x = layers.Input(None, None, "int32", False, None, (2, 3), "세트", None, False)
    assert (x.shape, x.dtype, x.name) == ((2, 3), "int32", "세트")
    layer = layers.InputLayer(None, None, "int32", None, False, (2, 3), None, False, "층")
    assert (layer.batch_shape, layer.output.dtype, layer.name) == ((2, 3), "int32", "층")
    layer = layers.InputLayer((3,))
    with pytest.raises(ValueError, match=r"expected ndim=2, found ndim=1"):
        layer(np.zeros(3))
    for arguments, match in (
        ({}, "either `shape` or `batch_shape`"),
        ({"shape": (3,), "batch_shape": (None, 3)}, "either `shape` or `batch_shape`"),
        ({"batch_shape": (None, 3), "batch_size": 2}, "batch_size"),
        ({"shape": 784}, "must be a tuple"),
        ({"shape": (0,)}, "positive integers"),
        ({"shape": (3,), "sparse": True}, "`sparse` of Input is not supported"),
        ({"shape": (3,), "ragged": True}, "`ragged` of Input is not supported"),
        ({"shape": (3,), "tensor": x}, "`tensor` of Input is not supported"),
        ({"shape": (3,), "optional": True}, "`optional` of Input is not supported"),
    ):
        with pytest.raises(ValueError, match=match):
            layers.Input(**arguments)


def test_layers_on_descriptions():
    x = layers.Input((28, 28))
    y = layers.Dense(10)(layers.Flatten()(x))
    assert y.shape == (None, 10)
    assert y.layer.kernel.shape == (784, 10)
    (flat,) = y.inputs
    assert flat.layer.name.startswith("flatten")
    assert flat.inputs == [x]
    with pytest.raises(ValueError, match="cannot reshape"):
        layers.Reshape((3,))(x)


@pytest.mark.parametrize("older", [{"input_shape": (4,)}, {"batch_input_shape": (None, 4)}])
def test_input_layers_take_keras_older_names(older):
    assert layers.InputLayer(**older).batch_shape == (None, 4)


def test_input_shapes():
    assert layers.Dense(3, input_dim=4).declared_input_shape == (4,)
    for arguments in (
        {"input_shape": 784},
        {"input_shape": (-1,)},
        {"input_dim": 0},
        {"input_dim": 3, "input_shape": (3,)},
    ):
        with pytest.raises(ValueError, match="input_"):
            layers.Dense(3, **arguments)


# ---- the base class --------------------------------------------------------------------------------------------


class Scale(layers.Layer):
    def __init__(self, start=1.0, **kwargs):
        super().__init__(**kwargs)
        self.start = start

    def build(self, input_shape):
        self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
        self.offset = fastnn.Variable(np.zeros(2, "float32"), name="offset", trainable=False)

    def call(self, inputs, training=None):
        self.seen = training
        return inputs * self.factor * self.start


class Block(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.parts = [Scale(2.0, name="first")]
        self.parts.append(layers.Dense(2, name="second"))
        self.drop = layers.Dropout(0.5)
        self.count = self.add_weight((), "zeros", trainable=False, name="count")

    def call(self, inputs):
        for part in self.parts:
            inputs = part(inputs)
        self.add_loss(ops.mean(inputs))
        return self.drop(inputs)


def test_layers_of_users():
    layer = Scale(3.0)
    x = batch((2,), dtype="float32")
    np.testing.assert_allclose(layer(x).numpy(), 3 * x, rtol=1e-6)
    assert [variable.name for variable in layer.weights] == ["factor", "offset"]
    assert [variable.name for variable in layer.trainable_weights] == ["factor"]
    assert layer.compute_output_shape((None, 2)) == (None, 2)
    config = layer.get_config()
    assert config["start"] == 3.0
    assert Scale.from_config(config).start == 3.0
    stored = layers.serialize(layer)
    assert layers.deserialize(stored, {"Scale": Scale}).start == 3.0
    with pytest.raises(ValueError, match="Unknown layer 'Scale'"):
        layers.deserialize(stored)
    with pytest.raises(NotImplementedError, match=r"cannot be stored as they are \(start\)"):
        Scale(object()).get_config()


@pytest.mark.parametrize(("name", "arguments", "shape", "reference"), ROWS)
def test_what_a_subclass_builds_is_built(name, arguments, shape, reference):
    class Scaled(getattr(layers, name)):
        def build(self, input_shape):
            super().build(input_shape)
            self.factor = self.add_weight((), "ones", name="factor")

        def call(self, inputs, **settings):
            return super().call(inputs, **settings) * self.factor

    layer = Scaled(**arguments)
    assert not layer.built
    layer(batch(shape))
    assert layer.built
    assert any(weight is layer.factor for weight in layer.trainable_weights)


def test_arguments_without_names_cannot_be_stored():
    class Several(layers.Layer):
        def __init__(self, first=0, /, *others, **kwargs):
            super().__init__(**kwargs)

    for arguments, odd in (((), "first"), ((1, 2), "first, others")):
        with pytest.raises(NotImplementedError, match=rf"cannot be stored as they are \({odd}\)"):
            Several(*arguments).get_config()


def test_layers_inside_layers():
    block = Block(name="block")
    x = batch((2,), dtype="float32")
    y = block(x)
    np.testing.assert_array_equal(y.numpy(), run_traced(block, x)[0])
    assert [variable.path for variable in block.weights] == [
        "block/count",
        "block/first/factor",
        "offset",
        "block/second/kernel",
        "block/second/bias",
    ]
    assert len(block.variables) == 6
    assert block.count_params() == 1 + 2 + 2 + 6
    block.trainable = False
    assert block.parts[1].kernel.trainable is False
    assert block.trainable_weights == []
    block.trainable = True
    assert [v.name for v in block.trainable_weights] == ["factor", "kernel", "bias"]
    assert not block.count.trainable
    block.parts[0].trainable = False
    assert [v.name for v in block.trainable_weights] == ["kernel", "bias"]


def test_training_reaches_the_layers_inside():
    class Outer(layers.Layer):
        def __init__(self):
            super().__init__()
            self.inner = Scale()

        def call(self, inputs):
            return self.inner(inputs)

    outer = Outer()
    x = batch((2,), dtype="float32")
    for training in (True, False, None):
        outer(x, training=training)
        assert outer.inner.seen is training
    block = Block()
    assert not (block(x).numpy() == 0).any()
    assert any((block(x, training=True).numpy() == 0).any() for _ in range(10))


def test_losses_of_calls_do_not_pile_up():
    block = Block()
    x = batch((2,), dtype="float32")
    for _ in range(3):
        block(x)
    assert len(block.losses) == 1
    block.clear_losses()
    assert block.losses == []
    with pytest.raises(ValueError, match="tensors"):
        block.add_loss(3.0)


def test_set_weights_names_the_layer_and_both_shapes():
    layer = layers.Dense(3, name="출력")
    with pytest.raises(
        ValueError, match="layer '출력' with a weight list of length 1.* 0 weights \\(it is not built yet"
    ):
        layer.set_weights([np.zeros((2, 3))])
    layer.build((None, 2))
    before = layer.get_weights()
    for weights, match in (
        ([np.ones((2, 3))], "length 1, but the layer has 2 weights"),
        ([np.ones((2, 3)), np.ones(4)], r"Layer '출력': weight '출력/bias' has shape \(3,\).*shape \(4,\)"),
        ([np.ones((2, 3)), np.array(["a"] * 3)], "dtype"),
    ):
        with pytest.raises(ValueError, match=match):
            layer.set_weights(weights)
    np.testing.assert_array_equal(layer.get_weights()[0], before[0])
    layer.set_weights([np.ones((2, 3)), [1, 2, 3]])
    np.testing.assert_array_equal(layer.get_weights()[1], [1, 2, 3])


def test_a_failed_build_leaves_nothing():
    class Failing(layers.Layer):
        fail = True

        def build(self, input_shape):
            self.kernel = self.add_weight((input_shape[-1],), name="kernel")
            if self.fail:
                raise KeyError("later")

        def call(self, inputs):
            return inputs * self.kernel

    layer = Failing()
    with pytest.raises(KeyError):
        layer(np.zeros((2, 3), "float32"))
    assert not layer.built
    assert layer.weights == []
    assert not hasattr(layer, "kernel")
    layer.fail = False
    layer(np.zeros((2, 5), "float32"))
    assert [w.shape for w in layer.weights] == [(5,)]


def test_build_twice():
    layer = layers.Dense(3)
    layer.build((None, 4))
    layer.build((None, 4))
    assert len(layer.weights) == 2
    with pytest.raises(ValueError, match="built already"):
        layer.build((None, 5))


def test_build_with_several_inputs():
    class Bilinear(layers.Layer):
        def build(self, a_shape, b_shape):
            self.kernel = self.add_weight((a_shape[-1], b_shape[-1]), name="kernel")

        def call(self, a, b):
            return ops.matmul(a, self.kernel) * b

    layer = Bilinear()
    layer(batch((3,), dtype="float32"), b=batch((4,), dtype="float32"))
    assert layer.kernel.shape == (3, 4)
    restored = Bilinear()
    restored.build_from_config(json.loads(json.dumps(layer.get_build_config())))
    assert restored.kernel.shape == (3, 4)

    class Misnamed(layers.Layer):
        def build(self, a_shape, c_shape):
            raise AssertionError

        def call(self, a, b):
            return a

    with pytest.raises(ValueError, match="c_shape"):
        Misnamed()(batch((3,)), batch((3,)))


def test_building_while_tracing():
    layer = layers.Dense(2, kernel_regularizer="l2")
    x = batch((3,), dtype="float32")
    (y,) = run_traced(layer, x)
    np.testing.assert_array_equal(layer(x).numpy(), y)
    assert np.isfinite(layer.kernel.numpy()).all()


def test_forgetting_super_and_call():
    class Forgetful(layers.Layer):
        def __init__(self):
            self.units = 3

    with pytest.raises(RuntimeError, match=r"super\(\).__init__"):
        Forgetful()(np.zeros((2, 3)))
    with pytest.raises(NotImplementedError, match="must override call"):
        layers.Layer()(np.zeros((2, 3)))
    with pytest.raises(ValueError, match="isn't built"):
        layers.Dense(3).count_params()


def test_what_cannot_be_an_input():
    for bad in (np.array(["a"]), np.array([object()])):
        with pytest.raises(TypeError, match="dtype"):
            layers.Dense(3)(bad)
    for bad in ([[1.0, 2.0]], 3.0, "x", layers.Flatten()):
        with pytest.raises(ValueError, match="Only tensors and arrays may be passed to layer"):
            layers.Dense(3)(bad)


def test_shapes_that_cannot_be_found_out():
    class Odd(layers.Layer):
        def call(self, inputs):
            return inputs if float(ops.sum(inputs)) > 0 else -inputs

    with pytest.raises(NotImplementedError, match="could not be found out"):
        Odd().compute_output_shape((None, 3))


def test_floats_are_cast_unless_told_otherwise():
    x = batch((3,), dtype="float64")
    assert layers.ReLU()(x).dtype == "float32"
    assert layers.ReLU(autocast=False)(x).dtype == "float64"
    assert layers.ReLU(dtype="float64")(x.astype("float32")).dtype == "float64"
    fastnn.config.set_floatx("float64")
    assert layers.Dense(3)(x).dtype == "float64"


def test_add_weight():
    layer = layers.Layer(name="l")
    assert layer.add_weight(name="scalar").shape == ()
    weight = layer.add_weight((2, 3), dtype="int64", trainable=False, name="n")
    assert weight.numpy().tolist() == [[0, 0, 0], [0, 0, 0]]
    for bad in ((-1,), (2.5,), ("a",)):
        with pytest.raises(ValueError, match="shape of weight 'w' of layer 'l'"):
            layer.add_weight(bad, name="w")
    assert len(layer.weights) == 2


def test_names_of_keras_for_a_weight_and_the_dtype():
    layer = layers.Layer(dtype="float64")
    assert layer.input_dtype == "float64"
    weight = layer.add_variable((2,), "ones", trainable=False, name="w")
    assert layer.non_trainable_weights == [weight]
    assert weight.numpy().tolist() == [1.0, 1.0]


def test_input_spec():
    spec = layers.InputSpec(shape=(None, 3))
    assert repr(spec) == "InputSpec(shape=(None, 3))"
    assert spec.problem((4, 3), "float32") is None
    assert "expected shape=(None, 3), found shape=(4, 2)" in spec.problem((4, 2), "float32")
    assert "max_ndim=2" in layers.InputSpec(max_ndim=2).problem((1, 2, 3), "float32")
    assert "dtype" in layers.InputSpec(dtype="int32").problem((1,), np.dtype("float32"))

    class Two(layers.Layer):
        input_spec = (layers.InputSpec(ndim=2), layers.InputSpec(ndim=1))

        def call(self, inputs):
            return inputs[0]

    Two()([np.zeros((1, 2), "float32"), np.zeros(3, "float32")])
    with pytest.raises(ValueError, match='"two_1" expects 2 input'):
        Two(name="two_1")([np.zeros((1, 2), "float32")])
    with pytest.raises(ValueError, match="Input 1 of layer"):
        Two()([np.zeros((1, 2), "float32"), np.zeros((3, 3), "float32")])


def test_stored_form_is_that_of_keras():
    # keras.layers.Dense(3, activation="relu", kernel_regularizer="l2", name="d").get_config(), Keras 3.15, but for
    # quantization_config, which fastnn does not have.
    assert layers.Dense(3, activation="relu", kernel_regularizer="l2", name="d").get_config() == {
        "name": "d",
        "trainable": True,
        "dtype": {
            "module": "keras",
            "class_name": "DTypePolicy",
            "config": {"name": "float32"},
            "registered_name": None,
        },
        "units": 3,
        "activation": "relu",
        "use_bias": True,
        "kernel_initializer": {
            "module": "keras.initializers",
            "class_name": "GlorotUniform",
            "config": {"seed": None, "input_axes": None, "output_axes": None},
            "registered_name": None,
        },
        "bias_initializer": {
            "module": "keras.initializers",
            "class_name": "Zeros",
            "config": {},
            "registered_name": None,
        },
        "kernel_regularizer": {
            "module": "keras.regularizers",
            "class_name": "L2",
            "config": {"l2": 0.01},
            "registered_name": None,
        },
        "bias_regularizer": None,
        "kernel_constraint": None,
        "bias_constraint": None,
    }


def test_stored_forms_of_keras_are_read():
    # What Keras 3.15 adds to the above.
    config = {**layers.Dense(3, activation="relu", name="d").get_config(), "quantization_config": None}
    assert layers.deserialize({"class_name": "Dense", "config": config}).units == 3


def test_threads_build_and_call_layers_side_by_side():
    from concurrent.futures import ThreadPoolExecutor

    def work(i):
        block = Block(name=f"block{i}")
        block(batch((2,), dtype="float32"), training=True)
        return [variable.path.split("/")[0] for variable in block.weights if "/" in variable.path]

    old = sys.getswitchinterval()
    sys.setswitchinterval(1e-5)
    try:
        with ThreadPoolExecutor(4) as pool:
            for i, owners in enumerate(pool.map(work, range(16))):
                assert set(owners) == {f"block{i}"}
    finally:
        sys.setswitchinterval(old)


def test_activations_that_cannot_be_hashed():
    @dataclasses.dataclass
    class Scaled:
        factor: float

        def __call__(self, x):
            return x * self.factor

    model = fastnn.Sequential([fastnn.Input((3,)), layers.Dense(2, activation=Scaled(2.0))])
    assert model.predict(np.ones((4, 3)), verbose=0).shape == (4, 2)


def test_arguments_of_a_decorated_constructor():
    def renamed(init):
        @functools.wraps(init)
        def wrapper(self, *args, n=None, **kwargs):
            init(self, *args, **(kwargs if n is None else {**kwargs, "units": n}))

        return wrapper

    class Own(fastnn.callbacks.Callback):
        @renamed
        def __init__(self, units=3):
            super().__init__()
            self.units = units

    assert Own(n=5).units == 5


def test_alpha_dropout_keeps_mean_and_variance_of_selus_outputs():
    layer = layers.AlphaDropout(0.3, seed=1)
    x = np.random.default_rng(0).normal(size=(400, 500)).astype("float32")
    y = layer(x, training=True).numpy()
    assert abs(y.mean()) < 0.01
    assert abs(y.std() - 1) < 0.01
    assert np.unique(y, return_counts=True)[1].max() / y.size == pytest.approx(0.3, abs=0.01)


def test_gaussian_dropout_multiplies_by_noise_of_mean_one():
    y = layers.GaussianDropout(0.2, seed=1)(np.ones((400, 500), "float32"), training=True).numpy()
    assert y.mean() == pytest.approx(1, abs=0.01)
    assert y.std() == pytest.approx(0.5, abs=0.01)


def test_spatial_dropout_drops_whole_columns():
    y = layers.SpatialDropout1D(0.5, seed=1)(np.ones((50, 4, 6), "float32"), training=True).numpy()
    assert (y == y[:, :1]).all()
    assert set(np.unique(y)) == {0.0, 2.0}


@pytest.mark.parametrize(
    ("make", "match"),
    [
        (lambda: layers.Permute((1, 3)), "`dims` must be a permutation of the axes of a sample"),
        (lambda: layers.Permute((2, 1))(np.ones((2, 3))), "expected ndim=3"),
        (lambda: layers.RepeatVector(0), "`n` must be an integer of at least 1"),
        (lambda: layers.AlphaDropout(1.0), "`rate` must be a finite number at least 0.0 and below 1.0"),
        (lambda: layers.GaussianDropout(1.0), "`rate` must be a finite number at least 0.0 and below 1.0"),
        (lambda: layers.PReLU(shared_axes=[0]), "`shared_axes` must be an integer of at least 1"),
        (lambda: layers.PReLU(shared_axes=[2])(np.ones((2, 3))), "shared_axes=.2."),
        (lambda: layers.RMSNormalization(axis=0)(np.ones((2, 3))), "other than that of the batch"),
        (lambda: layers.GlobalMaxPooling1D("first"), "`data_format` must be"),
        (lambda: layers.GlobalAveragePooling1D()(np.ones((2, 3))), "expected ndim=3"),
    ],
)
def test_small_layers_refuse(make, match):
    with pytest.raises(ValueError, match=match):
        make()
