"""Embedding: vectors of numbers, their gradients, numbers that are none, training."""

import numpy as np
import pytest
from part_tools import run_traced, stored_and_restored

import fastnn
from fastnn import GradientTape, Sequential, layers, ops
from fastnn.training.errors import DivergenceError

NUMBERS = np.array([[0, 3, 3], [1, 0, 3]])


@pytest.mark.parametrize("dtype", ["uint8", "int32", "int64", "float32", "float64"])
def test_outputs(dtype):
    layer = layers.Embedding(4, 2, dtype="float64")
    x = NUMBERS.astype(dtype)
    y = layer(x)
    assert y.dtype == "float64"
    np.testing.assert_array_equal(y.numpy(), layer.embeddings.numpy()[NUMBERS])
    np.testing.assert_array_equal(run_traced(layer, x)[0], y.numpy())
    assert layer(x[:0]).shape == (0, 3, 2)
    assert layer(layers.Input((3,), dtype="int32")).shape == (None, 3, 2)


def test_gradient_goes_to_the_vectors_that_were_there():
    layer = layers.Embedding(4, 2, dtype="float64")
    layer(NUMBERS)
    weights = np.random.default_rng(0).normal(size=(2, 3, 2))
    with GradientTape() as tape:
        total = ops.sum(layer(NUMBERS) * weights)
    expected = np.zeros((4, 2))
    np.add.at(expected, NUMBERS, weights)
    np.testing.assert_allclose(tape.gradient(total, layer.embeddings).numpy(), expected, rtol=1e-12)


def test_stored_form():
    layer = layers.Embedding(4, 2, "ones", "l2", "non_neg", name="mine")
    assert (stored_and_restored(layers, layer)(NUMBERS).numpy() == 1).all()
    assert len(layer(NUMBERS).shape) == 3
    assert [float(loss) for loss in layer.losses] == [pytest.approx(0.08)]


def test_given_vectors():
    given = np.arange(8.0).reshape(4, 2)
    for weights in (given, [given]):
        np.testing.assert_array_equal(layers.Embedding(4, 2, weights=weights)(NUMBERS).numpy(), given[NUMBERS])
    with pytest.raises(ValueError, match=r"`weights` must hold numbers, in shape \(4, 2\). Received: shape \(2, 4\)"):
        layers.Embedding(4, 2, weights=given.T.reshape(2, 4))


@pytest.mark.parametrize("number", [4, -1, 1000])
def test_numbers_that_are_none_give_nan_and_end_training(number):
    layer = layers.Embedding(4, 2)
    x = np.array([[0, number]])
    for y in (layer(x).numpy(), run_traced(layer, x)[0]):
        assert np.isfinite(y[0, 0]).all()
        assert np.isnan(y[0, 1]).all()
    model = Sequential([fastnn.Input((2,), dtype="int32"), layer, layers.Flatten(), layers.Dense(1)])
    model.compile("sgd", "mse")
    with pytest.raises(DivergenceError):
        model.fit(x, np.ones((1, 1)), verbose=0)


def test_a_bag_of_words_is_learnt():
    fastnn.utils.set_random_seed(0)
    rng = np.random.default_rng(0)
    x = rng.integers(0, 50, (400, 8))
    y = (x < 10).any(1).astype("float32")
    model = Sequential(
        [
            fastnn.Input((8,), dtype="int32"),
            layers.Embedding(50, 8),
            layers.GlobalMaxPooling1D(),
            layers.Dense(1, activation="sigmoid"),
        ]
    )
    model.compile("adam", "binary_crossentropy", metrics=["accuracy"])
    history = model.fit(x, y, epochs=60, batch_size=20, verbose=0).history
    assert history["accuracy"][-1] > 0.97
    np.testing.assert_allclose(model.predict(x, verbose=0), model(x).numpy(), rtol=1e-5)


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"input_dim": 0}, "`input_dim` must be an integer of at least 1"),
        ({"output_dim": 2.5}, "`output_dim` must be an integer"),
        ({"mask_zero": True}, "`mask_zero` of Embedding is not supported"),
    ],
)
def test_refuses(arguments, match):
    with pytest.raises(ValueError, match=match):
        layers.Embedding(**{"input_dim": 4, "output_dim": 2, **arguments})
