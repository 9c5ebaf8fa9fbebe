"""Normalization: what it takes from data, and what it does with that."""

import numpy as np
import pytest

import fastnn
from fastnn import Sequential, layers

rng = np.random.default_rng(3)
X = (rng.normal(size=(60, 4, 3)) * [1, 2, 3] + [10, 0, -5]).astype("float32")


@pytest.mark.parametrize("axis", [-1, 1, 2, (1, 2), [2, 1], None])
def test_takes_mean_and_variance(axis):
    layer = layers.Normalization(axis)
    layer.adapt(X)
    kept = () if axis is None else tuple(np.atleast_1d(axis) % 3)
    others = tuple(i for i in range(3) if i not in kept)
    values = X.astype("float64")
    np.testing.assert_allclose(layer.adapt_mean.numpy(), values.mean(others), rtol=1e-6)
    np.testing.assert_allclose(layer.adapt_variance.numpy(), values.var(others), rtol=1e-5)
    assert int(layer.count) == X.size // values.mean(others).size
    expected = (values - values.mean(others, keepdims=True)) / values.std(others, keepdims=True)
    np.testing.assert_allclose(layer(X).numpy(), expected, rtol=1e-4, atol=1e-5)
    back = layers.Normalization(axis, invert=True)
    back.adapt(X)
    np.testing.assert_allclose(back(layer(X)).numpy(), X, rtol=1e-4, atol=1e-4)


def test_batches_are_as_good_as_the_whole():
    whole = layers.Normalization()
    whole.adapt(X)
    for batches in ([X[:7], X[7:50], X[50:]], ((x, 0) for x in (X[:1], X[1:])), iter([X[:0], X])):
        layer = layers.Normalization()
        layer.adapt(batches)
        for a, b in zip(layer.weights, whole.weights, strict=True):
            np.testing.assert_allclose(a.numpy(), b.numpy(), rtol=1e-6)
    assert [weight.name for weight in whole.weights] == ["mean", "variance", "count"]
    assert whole.trainable_weights == []


def test_data_far_from_zero():
    layer = layers.Normalization(dtype="float64")
    layer.adapt([1e9 + X[:30, :, 0], 1e9 + X[30:, :, 0].astype("float64")])
    assert np.isfinite(layer.adapt_variance.numpy()).all()
    x = 1e8 + rng.normal(size=(1000, 1))
    layer = layers.Normalization(dtype="float64")
    layer.adapt([x[:300], x[300:]])
    assert layer.adapt_variance.numpy()[0] == pytest.approx(x.var(), rel=1e-6)


def test_a_network_sees_what_was_adapted_later():
    layer = layers.Normalization()
    model = Sequential([fastnn.Input((4, 3)), layer, layers.Flatten()])
    np.testing.assert_array_equal(model.predict(X, verbose=0), X.reshape(60, 12))
    layer.adapt(X)
    scaled = model.predict(X, verbose=0).reshape(-1, 3)
    np.testing.assert_allclose(scaled.mean(0), 0, atol=1e-5)
    np.testing.assert_allclose(scaled.std(0), 1, rtol=1e-5)
    layer.adapt(2 * X)
    np.testing.assert_allclose(model.predict(2 * X, verbose=0).reshape(-1, 3), scaled, rtol=1e-4, atol=1e-5)


def test_a_feature_that_is_always_the_same_becomes_zero():
    layer = layers.Normalization()
    layer.adapt(np.full((5, 2), 3))
    np.testing.assert_array_equal(layer(np.full((2, 2), 3)).numpy(), 0)


def test_refuses():
    fitted = layers.Normalization()
    fitted.adapt(X)
    before = [weight.numpy() for weight in fitted.weights]
    for call, error, match in (
        (lambda: layers.Normalization(mean=1.0), ValueError, "both `mean` and `variance`"),
        (lambda: layers.Normalization(mean=[1.0], variance=1.0), ValueError, "must have the same shape"),
        (lambda: layers.Normalization(None, mean=[1.0], variance=[1.0]), ValueError, "no more axes"),
        (lambda: layers.Normalization(mean="a", variance=1.0), ValueError, "`mean` must hold finite numbers"),
        (lambda: layers.Normalization(mean=0.0, variance=1.0).adapt(X), ValueError, "cannot be adapted"),
        (lambda: layers.Normalization(mean=[0.0] * 2, variance=[1.0] * 2)(X), ValueError, "broadcast"),
        (lambda: fitted.adapt(X[:, :, :2]), ValueError, r"built for features \(3,\).* shape \(60, 4, 2\)"),
        (lambda: fitted.adapt([]), ValueError, "needs data"),
        (lambda: fitted.adapt(X[:0]), ValueError, "needs data"),
        (lambda: fitted.adapt(np.where(X > 9, np.nan, X)), ValueError, "needs finite data"),
        (lambda: fitted.adapt(np.array([["a"]])), TypeError, "takes an array of numbers"),
        (lambda: fitted.adapt(3.0), TypeError, "takes an array of numbers"),
        (lambda: layers.Normalization(5)(X), ValueError, "axis"),
    ):
        with pytest.raises(error, match=match):
            call()
    for a, b in zip(fitted.weights, before, strict=True):
        np.testing.assert_array_equal(a.numpy(), b)
