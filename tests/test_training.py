"""compile, fit, evaluate, predict: numbers, arguments, streams, errors before anything changes, divergence."""

import _thread
import math
import threading

import numpy as np
import pandas as pd
import pytest

import fastnn
from fastnn import DivergenceError, Model, Sequential, layers, ops
from fastnn.training import feeds, pace
from fastnn.training.arrays import as_array, check_finite

RNG = np.random.RandomState(0)
X = RNG.rand(100, 6).astype("float32")
Y = RNG.randint(0, 3, 100)
ONE_HOT = np.eye(3, dtype="float32")[Y]
T = RNG.randn(100, 1).astype("float32")


def classifier(optimizer="sgd", metrics=("accuracy",), loss="sparse_categorical_crossentropy", **settings):
    model = Sequential([fastnn.Input((6,)), layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")])
    model.compile(optimizer, loss, metrics=list(metrics), **settings)
    return model


def regressor(optimizer="sgd", loss="mse", **settings):
    model = Sequential([fastnn.Input((6,)), layers.Dense(1)])
    model.compile(optimizer, loss, **settings)
    return model


def bits(model):
    return [weight.tobytes() for weight in model.get_weights()]


def state(model):
    return bits(model) + [variable.numpy().tobytes() for variable in model.optimizer.variables]


def by_hand(w, b, x, t, rate, batch, weights=None):
    """One epoch of gradient descent on the mean squared error of a linear model, in float64."""
    losses = []
    for i in range(0, len(x), batch):
        rows, target = x[i : i + batch].astype(float), t[i : i + batch].astype(float)
        weight = np.ones(len(rows)) if weights is None else weights[i : i + batch]
        error = rows @ w + b - target
        losses.append((weight * (error**2).mean(axis=1)).mean() * len(rows))
        slope = 2 * error * weight[:, None] / len(rows)
        w, b = w - rate * rows.T @ slope, b - rate * slope.sum(axis=0)
    return w, b, sum(losses) / len(x)


# ---- the numbers of fit ------------------------------------------------------------------------------


@pytest.mark.parametrize("batch", [1, 7, 32, 50, 100, 1000])
def test_one_epoch_by_hand(batch):
    model = regressor(fastnn.optimizers.SGD(0.1))
    w, b = (v.astype(float) for v in model.get_weights())
    history = model.fit(X, T, batch_size=batch, shuffle=False, verbose=0)
    w, b, loss = by_hand(w, b, X, T, 0.1, batch)
    np.testing.assert_allclose(history.history["loss"], [loss], rtol=1e-5)
    np.testing.assert_allclose(model.get_weights()[0], w, atol=1e-5)
    np.testing.assert_allclose(model.get_weights()[1], b, atol=1e-5)


@pytest.mark.parametrize("kind", ["sample", "column", "class"])
def test_weights_of_rows(kind):
    weights = RNG.rand(100)
    model = regressor(fastnn.optimizers.SGD(0.1))
    w, b = (v.astype(float) for v in model.get_weights())
    targets, given = T, {"sample_weight": weights}
    if kind == "column":
        given = {"sample_weight": weights[:, None]}
    if kind == "class":
        targets = Y[:, None].astype("float32")
        weights = np.array([2.0, 1.0, 0.5])[Y]
        given = {"class_weight": {0: 2.0, 2: 0.5}}
    model.fit(X, targets, shuffle=False, verbose=0, **given)
    w, b, _ = by_hand(w, b, X, targets, 0.1, 32, weights)
    np.testing.assert_allclose(model.get_weights()[0], w, atol=1e-5)


@pytest.mark.parametrize("y", [Y, Y[:, None], Y.astype("uint8"), Y.astype(float), ONE_HOT], ids=str)
def test_class_weight_reads_every_form_of_labels(y):
    loss = "categorical_crossentropy" if y.ndim > 1 and y.shape[1] == 3 else "sparse_categorical_crossentropy"
    fastnn.utils.set_random_seed(3)
    model = classifier(loss=loss)
    model.fit(X, y, shuffle=False, verbose=0, class_weight={0: 3.0, 1: 0.0})
    fastnn.utils.set_random_seed(3)
    other = classifier()
    other.fit(X, Y, shuffle=False, verbose=0, sample_weight=np.array([3.0, 0.0, 1.0])[Y])
    np.testing.assert_allclose(model.get_weights()[0], other.get_weights()[0], atol=1e-6)


def test_history_has_keras_names_in_keras_order():
    model = classifier(metrics=["accuracy", "mse"])
    with pytest.raises(ValueError, match="shape"):
        model.fit(X, ONE_HOT, verbose=0)
    model = classifier(metrics=["accuracy", "mse"], loss="categorical_crossentropy", weighted_metrics=["accuracy"])
    history = model.fit(X, ONE_HOT, epochs=3, verbose=0, validation_data=(X, ONE_HOT), validation_freq=2)
    names = ["accuracy", "loss", "mse", "weighted_accuracy"]
    assert list(history.history) == names + [f"val_{name}" for name in names]
    assert [len(values) for values in history.history.values()] == [3] * 4 + [1] * 4
    assert all(type(value) is float for values in history.history.values() for value in values)
    assert history.epoch == [0, 1, 2]
    assert history.params == {"verbose": 0, "epochs": 3, "steps": 4}
    assert history.model is model
    assert model.history is history


def test_validation_split_takes_the_last_rows():
    model = classifier(fastnn.optimizers.SGD(0.0))
    history = model.fit(X, Y, verbose=0, validation_split=0.3)
    expected = model.evaluate(X[70:], Y[70:], verbose=0)
    np.testing.assert_allclose([history.history["val_loss"][0], history.history["val_accuracy"][0]], expected)


def test_validation_data_goes_before_validation_split_and_takes_weights():
    model = classifier(fastnn.optimizers.SGD(0.0))
    weights = RNG.rand(20)
    history = model.fit(X, Y, verbose=0, validation_split=0.5, validation_data=(X[:20], Y[:20], weights))
    expected = model.evaluate(X[:20], Y[:20], sample_weight=weights, verbose=0)
    np.testing.assert_allclose(history.history["val_loss"], expected[:1])
    assert history.params["steps"] == 4


def test_shuffle_draws_a_new_order_in_each_epoch_and_uses_every_row_once():
    order = []

    class Look(Model):
        def __init__(self):
            super().__init__()
            self.scale = layers.Dense(1, use_bias=False, kernel_initializer="zeros")

        def call(self, x):
            return self.scale(x)

        def train_step(self, data):
            x, _ = data
            self(x)
            order.extend(int(row) for row in x.numpy()[:, 0])
            return {"loss": ops.sum(x) * 0.0}

    rows = np.arange(50, dtype="float32")[:, None]
    model = Look()
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(rows, rows, epochs=2, batch_size=8, verbose=0)
    first, second = order[:50], order[50:]
    assert sorted(first) == sorted(second) == list(range(50))
    assert first != second != list(range(50))
    order.clear()
    model.fit(rows, rows, batch_size=8, verbose=0, shuffle=False)
    assert order == list(range(50))


def test_the_same_seed_gives_the_same_bits_and_another_seed_others():
    results = []
    for seed in (5, 5, 6):
        fastnn.utils.set_random_seed(seed)
        model = Sequential([layers.Dense(8, "relu"), layers.Dropout(0.3), layers.Dense(3, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy")
        model.fit(X, Y, epochs=3, verbose=0)
        results.append(state(model))
    assert results[0] == results[1] != results[2]


def test_threads_do_not_change_bits():
    rng = np.random.RandomState(1)
    x, y = rng.rand(600, 300).astype("float32"), rng.randint(0, 10, 600)
    results = []
    for threads in (1, 2):
        fastnn.set_num_threads(threads)
        fastnn.utils.set_random_seed(7)
        model = Sequential([layers.Dense(256, "relu"), layers.Dropout(0.2), layers.Dense(10, "softmax")])
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        history = model.fit(x, y, epochs=3, batch_size=128, verbose=0, validation_split=0.2)
        results.append((state(model), history.history, model.predict(x, verbose=0).tobytes()))
    assert results[0] == results[1]


def test_eager_and_compiled_training_agree_bit_for_bit():
    results = []
    for settings in ({"run_eagerly": True}, {"jit_compile": False}, {"jit_compile": True}, {}):
        fastnn.utils.set_random_seed(2)
        model = classifier("adam", **settings)
        history = model.fit(X, Y, epochs=2, verbose=0, validation_split=0.2)
        results.append((bits(model), history.history))
    assert results[0] == results[1]
    assert results[2] == results[3]
    for eager, compiled in zip(results[0][0], results[2][0], strict=True):
        np.testing.assert_allclose(
            np.frombuffer(eager, "float32"), np.frombuffer(compiled, "float32"), rtol=1e-5, atol=1e-6
        )


def test_initial_epoch_and_epochs():
    model = classifier()
    assert model.fit(X, Y, epochs=5, initial_epoch=3, verbose=0).epoch == [3, 4]
    before = state(model)
    history = model.fit(X, Y, epochs=0, verbose=0)
    assert history.epoch == []
    assert history.history == {}
    assert state(model) == before


def test_steps_per_epoch_goes_on_where_the_last_epoch_ended():
    model = regressor(fastnn.optimizers.SGD(0.1))
    start = model.get_weights()
    model.fit(X, T, batch_size=25, epochs=2, steps_per_epoch=2, shuffle=False, verbose=0)
    halves = bits(model)
    model.set_weights(start)
    model.fit(X, T, batch_size=25, shuffle=False, verbose=0)
    assert bits(model) == halves


def test_steps_per_epoch_without_a_batch_size_divides_the_rows():
    assert classifier().fit(X, Y, steps_per_epoch=5, verbose=0).params["steps"] == 5
    model = classifier("sgd")
    model.fit(X, Y, steps_per_epoch=5, verbose=0)
    assert int(np.asarray(model.optimizer.iterations)) == 5


def test_too_many_steps_per_epoch_warn():
    with pytest.warns(UserWarning, match="Your input ran out of data"):
        classifier().fit(X, Y, batch_size=50, steps_per_epoch=3, verbose=0)


def test_more_training_goes_on_with_the_optimizer():
    model = classifier("adam")
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    other = classifier("adam")
    fastnn.utils.set_random_seed(0)
    weights = [w * 0 + 0.1 for w in model.get_weights()]
    for each in (model, other):
        each.set_weights(weights)
        each.compile("adam", "sparse_categorical_crossentropy")
    model.fit(X, Y, epochs=2, verbose=0, shuffle=False)
    for _ in range(2):
        other.fit(X, Y, verbose=0, shuffle=False)
    assert state(model) == state(other)


def test_frozen_layers_stay_and_thawed_ones_move():
    model = classifier()
    model.fit(X, Y, verbose=0)
    model.layers[0].trainable = False
    before = model.get_weights()
    model.fit(X, Y, verbose=0)
    after = model.get_weights()
    np.testing.assert_array_equal(before[0], after[0])
    assert not np.array_equal(before[2], after[2])
    model.layers[0].trainable = True
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(model.get_weights()[0], after[0])


def test_a_model_without_weights_is_trained_with_a_warning():
    model = Sequential([layers.Flatten()])
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="does not have any trainable weights"):
        history = model.fit(X, X, verbose=0)
    assert history.history["loss"] == [0.0]


def test_losses_of_layers_are_part_of_the_loss():
    class Added(layers.Layer):
        def call(self, x):
            self.add_loss(ops.sum(x) * 0.0 + 3.0)
            return x

    model = Sequential([fastnn.Input((6,)), Added(), layers.Dense(1, kernel_regularizer="l2")])
    model.compile(fastnn.optimizers.SGD(0.0), "mse")
    penalty = 0.01 * float(np.sum(model.get_weights()[0] ** 2))
    mse = float(np.mean((model.predict(X, verbose=0) - T) ** 2))
    history = model.fit(X, T, verbose=0)
    np.testing.assert_allclose(history.history["loss"], [mse + penalty + 3], rtol=1e-5)
    np.testing.assert_allclose(model.evaluate(X, T, verbose=0), mse + penalty + 3, rtol=1e-5)
    assert float(model.losses[-1]) == pytest.approx(penalty)


def test_without_a_loss_those_of_layers_are_minimized():
    model = Sequential([layers.Dense(1, use_bias=False, kernel_regularizer="l2", input_dim=6)])
    model.compile(fastnn.optimizers.SGD(0.1))
    before = np.abs(model.get_weights()[0]).sum()
    model.fit(X, verbose=0, epochs=2)
    assert np.abs(model.get_weights()[0]).sum() < before
    model = Sequential([layers.Dense(1, input_dim=6)])
    model.compile("sgd")
    with pytest.raises(ValueError, match="No loss to compute"):
        model.fit(X, T, verbose=0)


def test_loss_weights():
    values = []
    for weights in (None, 0.5, [0.5], {"output": 0.5}):
        fastnn.utils.set_random_seed(0)
        model = regressor(loss_weights=weights)
        values.append(model.evaluate(X, T, verbose=0))
    np.testing.assert_allclose(values[1:], [values[0] / 2] * 3, rtol=1e-6)


@pytest.mark.parametrize(
    ("y", "units", "activation"), [(Y[:, None] > 0, 1, "sigmoid"), (Y, 3, "softmax"), (ONE_HOT, 3, "softmax")], ids=str
)
def test_crossentropy_and_accuracy_are_chosen_by_shape(y, units, activation):
    model = Sequential([layers.Dense(units, activation=activation, input_dim=6)])
    model.compile("sgd", "crossentropy", metrics=["accuracy", "acc", "ce"])
    history = model.fit(X, y, verbose=0)
    assert list(history.history) == ["acc", "accuracy", "ce", "loss"]
    assert history.history["acc"] == history.history["accuracy"]
    np.testing.assert_allclose(history.history["ce"], history.history["loss"], rtol=1e-5)


def test_moving_averages_take_the_place_of_weights_when_training_ends():
    model = regressor(fastnn.optimizers.SGD(0.1, use_ema=True, ema_momentum=0.5))
    w, b = (v.astype(float) for v in model.get_weights())
    averages = None
    for i in (0, 50):
        w, b, _ = by_hand(w, b, X[i : i + 50], T[i : i + 50], 0.1, 50)
        averages = w if averages is None else 0.5 * averages + 0.5 * w
    model.fit(X, T, batch_size=50, shuffle=False, verbose=0)
    np.testing.assert_allclose(model.get_weights()[0], averages, atol=1e-5)


def test_a_scaled_loss_gives_the_same_step():
    results = []
    for scale in (None, 256.0):
        fastnn.utils.set_random_seed(1)
        model = regressor(fastnn.optimizers.SGD(0.1, loss_scale_factor=scale))
        history = model.fit(X, T, verbose=0, shuffle=False)
        results.append((model.get_weights()[0], history.history["loss"]))
    np.testing.assert_allclose(results[1][0], results[0][0], rtol=1e-5)
    assert results[1][1] == results[0][1]


# ---- the course's networks ---------------------------------------------------------------------------


def test_course_xor():
    x = np.array([[0, 0], [0, 1], [1, 0], [1, 1]])
    y = np.array([[0], [1], [1], [0]])
    model = Sequential()
    model.add(layers.Dense(16, input_dim=2, activation="relu"))
    model.add(layers.Dense(1, activation="sigmoid"))
    model.compile(loss="mse", optimizer="adam", metrics=["binary_accuracy"])
    history = model.fit(x, y, epochs=1500, verbose=0)
    assert history.history["binary_accuracy"][-1] == 1.0
    assert model.predict(x, verbose=0).round().tolist() == y.tolist()


def test_course_nonlinear_regression():
    x = np.linspace(-3, 3, 100)
    y = x**2 + RNG.randn(100) * 0.1
    model = Sequential(
        [layers.Dense(20, input_dim=1, activation="relu"), layers.Dense(20, activation="relu"), layers.Dense(1)]
    )
    model.compile(loss="mean_squared_error", optimizer="adam")
    history = model.fit(x, y, epochs=500, verbose=0)
    assert history.history["loss"][-1] < 0.1
    assert model.predict(x, verbose=0).shape == (100, 1)


def test_course_pictures_with_a_bare_layer_and_one_metric():
    from sklearn.datasets import load_digits

    digits = load_digits()
    images, labels = (digits.images * 15).astype("uint8"), digits.target
    model = Sequential(layers.Dense(10, activation="softmax", input_shape=(64,)))
    model.compile(loss="sparse_categorical_crossentropy", metrics="accuracy")
    model.fit(images.reshape(-1, 64) / 255.0, labels, epochs=20, verbose=0)
    assert model.evaluate(images.reshape(-1, 64) / 255.0, labels, verbose=0)[1] > 0.85
    model = Sequential(name="모델 3")
    model.add(layers.Rescaling(1 / 255, input_shape=(8, 8)))
    model.add(layers.Flatten())
    model.add(layers.Dense(100, activation="relu", name="은닉층"))
    model.add(layers.Dropout(0.2))
    model.add(layers.Dense(10, activation="softmax", name="출력층"))
    model.compile(optimizer="adam", loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    history = model.fit(images, labels, epochs=15, verbose=0, validation_split=0.2)
    assert history.history["val_accuracy"][-1] > 0.88


# ---- metrics, losses and steps of one's own ----------------------------------------------------------


def test_metrics_are_one_string_an_object_a_function_or_a_dict():
    def closeness(y_true, y_pred):
        return ops.mean(ops.abs(y_true - y_pred), axis=-1)

    metric = fastnn.metrics.MeanSquaredError(name="quadrat")
    model = regressor(metrics="mae")
    assert list(model.fit(X, T, verbose=0).history) == ["loss", "mae"]
    model = regressor(metrics={"out": ["mae", closeness], "more": metric})
    history = model.fit(X, T, verbose=0).history
    assert list(history) == ["closeness", "loss", "mae", "quadrat"]
    assert history["closeness"] == history["mae"]
    assert history["quadrat"] == pytest.approx(history["loss"])
    assert model.metrics_names == ["loss", "compile_metrics"]


def test_a_loss_of_ones_own():
    model = regressor(loss=lambda y, p: ops.mean(ops.square(y - p), axis=-1) * 2.0)
    plain = regressor()
    plain.set_weights(model.get_weights())
    np.testing.assert_allclose(model.evaluate(X, T, verbose=0), 2 * plain.evaluate(X, T, verbose=0), rtol=1e-6)


def test_metrics_of_the_model_itself_are_logged():
    class Counting(Sequential):
        def __init__(self, *arguments):
            super().__init__(*arguments)
            self.batches = fastnn.metrics.Sum(name="batches")

        def compute_metrics(self, x, y, y_pred, sample_weight=None):
            results = super().compute_metrics(x, y, y_pred, sample_weight)
            self.batches.update_state([1.0])
            return {**results, "batches": self.batches.result()}

    model = Counting([layers.Dense(1, input_dim=6)])
    model.compile("sgd", "mse")
    assert model.fit(X, T, epochs=2, verbose=0).history["batches"] == [4.0, 4.0]


def test_metrics_that_are_not_written_in_ops():
    class Python(fastnn.metrics.Mean):
        def result(self):
            return float(super().result()) + 100

    model = regressor(metrics=[Python(name="py")])
    model._runtime.metrics._given[0][0].update_state = lambda y, p: fastnn.metrics.Mean.update_state(
        model._runtime.metrics._given[0][0], y * 0.0
    )
    assert model.fit(X, T, epochs=2, verbose=0).history["py"] == [100.0, 100.0]


def test_an_overridden_train_step():
    class Own(Sequential):
        def train_step(self, data):
            x, y = data
            with fastnn.GradientTape() as tape:
                loss = ops.mean(ops.square(self(x, training=True) - y))
            self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
            return {"quadrat": loss, "half": loss * 0.5}

    model = Own([layers.Dense(1, input_dim=6)])
    model.compile(fastnn.optimizers.SGD(0.1))
    w, b = (v.astype(float) for v in model.get_weights())
    history = model.fit(X, T, batch_size=50, shuffle=False, verbose=0)
    w, _, _ = by_hand(w, b, X, T, 0.1, 50)
    np.testing.assert_allclose(model.get_weights()[0], w, atol=1e-5)
    assert list(history.history) == ["half", "quadrat"]
    assert model.train_on_batch(X, T, return_dict=True).keys() == {"half", "quadrat"}


def test_a_model_that_looks_at_values_is_trained_op_by_op_with_one_warning():
    class Branch(Model):
        def __init__(self):
            super().__init__(name="갈래")
            self.out = layers.Dense(1)

        def call(self, x):
            y = self.out(x)
            return y if bool(ops.all(y < 1e9)) else -y

    model = Branch()
    model.compile("sgd", "mse")
    with pytest.warns(UserWarning, match="'갈래' runs op by op") as caught:
        history = model.fit(X, T, epochs=2, verbose=0, validation_split=0.2)
    assert len(caught) == 1
    assert history.history["loss"][1] < history.history["loss"][0]
    strict = Branch()
    strict.compile("sgd", "mse", jit_compile=True)
    with pytest.raises(TypeError, match=r"truth value.*test_training.py:\d+"):
        strict.fit(X, T, verbose=0)


# ---- data --------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "dtype",
    ["float16", "float64", "longdouble", "uint8", "int8", "int16", "uint16", "int32", "uint32", "int64", "uint64"],
)
def test_dtypes_of_x(dtype):
    x = (X * 50).round().astype(dtype)
    model = regressor(fastnn.optimizers.SGD(1e-4))
    start = model.get_weights()
    model.fit(x, T, shuffle=False, verbose=0)
    found = bits(model)
    model.set_weights(start)
    model.fit(x.astype("float32"), T, shuffle=False, verbose=0)
    assert bits(model) == found


def test_bool_x_and_y():
    model = regressor(loss="binary_crossentropy")
    model.fit(X > 0.5, Y > 0, verbose=0)


@pytest.mark.parametrize(
    "make",
    [
        lambda a: a.tolist(),
        fastnn.Tensor,
        fastnn.Variable,
        pd.DataFrame,
        lambda a: np.asfortranarray(a),
        lambda a: np.repeat(a, 2, axis=0)[::2],
        lambda a: a[::-1].copy()[::-1],
        lambda a: a.astype(">f4"),
        lambda a: np.hstack([a, a])[:, : a.shape[1]],
        lambda a: pd.DataFrame(a).astype("Float32"),
    ],
)
def test_forms_of_data(make):
    model = regressor()
    start = model.get_weights()
    model.fit(X, T, shuffle=False, verbose=0)
    expected = model.predict(X, verbose=0)
    model.set_weights(start)
    model.fit(make(X), make(T), shuffle=False, verbose=0)
    np.testing.assert_allclose(model.predict(make(X), verbose=0), expected, rtol=1e-6)
    assert model.evaluate(make(X), make(T), verbose=0) == pytest.approx(model.evaluate(X, T, verbose=0))


def test_series_as_labels_and_plain_vectors_as_columns():
    model = classifier()
    model.fit(X, pd.Series(Y, name="라벨"), verbose=0)
    line = Sequential([layers.Dense(1, input_dim=1)])
    line.compile("sgd", "mse")
    line.fit([1.0, 2.0, 3.0], [2.0, 4.0, 6.0], verbose=0)
    assert line.predict(np.array([1.0, 2.0]), verbose=0).shape == (2, 1)
    assert line.predict(np.ones((4, 1, 1)), verbose=0).shape == (4, 1)


def test_data_are_not_changed():
    x, y = X.copy(), Y.copy()
    for array in (x, y):
        array.flags.writeable = False
    classifier().fit(x, y, verbose=0, validation_split=0.2, epochs=2)
    np.testing.assert_array_equal(x, X)


def test_labels_never_pass_through_floats():
    classes = 2**24 + 2  # float32 cannot tell the last two from one another
    labels = np.array([classes - 2, classes - 1], "int64")
    seen = []

    class Look(Sequential):
        def train_step(self, data):
            _, y = data
            seen.append(y.numpy().tolist())
            return {"loss": ops.convert_to_tensor(0.0)}

    model = Look([layers.Dense(1, input_dim=6)])
    model.compile("sgd", "mse", run_eagerly=True)
    model.fit(X[:2], labels, shuffle=False, verbose=0)
    model.fit(X[:2], labels.astype("int32"), shuffle=False, verbose=0)
    assert seen == [[classes - 2, classes - 1]] * 2


# ---- what is refused, and that nothing has changed then ----------------------------------------------


def with_bad(position, value):
    x = X.copy()
    x[position] = value
    return x


BAD_FITS = [
    ({"x": X[:, :5], "y": Y}, ValueError, r"x of shape \(100, 5\) does not fit layer 'dense.*\(6,\), got \(5,\)"),
    ({"x": X[:, :, None, None], "y": Y}, ValueError, "does not fit layer"),
    ({"x": with_bad((7, 2), np.nan), "y": Y}, ValueError, r"x holds NaN.*: 1 of them.*\(nan\) at row 7, column 2"),
    ({"x": with_bad(([9, 4], [1, 0]), [np.inf, -np.inf]), "y": Y}, ValueError, "2 of them.*-inf.* at row 4, column 0"),
    ({"x": with_bad((0, 0), 1.0).astype(float) * 1e300, "y": Y}, ValueError, r"x holds values beyond \+-3.4e\+38"),
    ({"x": X, "y": np.where(Y == 2, 5, Y)}, ValueError, r"class numbers 0 to 2.*lie outside \(5\)"),
    ({"x": X, "y": Y - 1}, ValueError, r"lie outside \(-1\)"),
    ({"x": X, "y": Y + 0.5}, ValueError, "100 labels lie outside"),
    ({"x": X, "y": np.where(Y == 2, np.nan, Y)}, ValueError, "lie outside|NaN"),
    ({"x": X, "y": Y[:50]}, ValueError, "same number of rows: x has 100, y has 50"),
    ({"x": X, "y": Y, "sample_weight": np.ones(3)}, ValueError, "sample_weight has 3"),
    ({"x": X, "y": Y, "sample_weight": np.ones((100, 2))}, ValueError, "sample_weight must have one number a row"),
    ({"x": X, "y": Y, "sample_weight": np.full(100, np.nan)}, ValueError, "sample_weight holds NaN"),
    ({"x": X[:0], "y": Y[:0]}, ValueError, r"x is empty: its shape is \(0, 6\)"),
    ({"x": [], "y": []}, ValueError, "x is empty"),
    ({"x": X.astype(object), "y": Y}, TypeError, "x holds Python objects"),
    ({"x": pd.DataFrame({"수": [1.0], "글": ["가"]}), "y": [0]}, TypeError, "in the columns '글'"),
    ({"x": [["a"]], "y": [0]}, TypeError, "real numbers, got an array of dtype <U1"),
    ({"x": X + 1j, "y": Y}, TypeError, "real numbers, got an array of dtype complex"),
    ({"x": X.astype("M8[D]"), "y": Y}, TypeError, "datetime64"),
    ({"x": [[1.0, 2.0], [3.0]], "y": [0, 1]}, ValueError, "cannot be made one array"),
    ({"x": {"a": X}, "y": Y}, TypeError, "x is a dict"),
    ({"x": 3.0, "y": Y}, ValueError, "got the scalar"),
    ({"x": None, "y": Y}, TypeError, "must be an array of numbers, got None"),
    ({"x": "data.csv", "y": Y}, TypeError, "must be an array of numbers, got 'data.csv'"),
    ({"x": np.full((2, 6), 2**63, "uint64"), "y": [0, 1]}, ValueError, "beyond int64"),
    ({"x": X}, ValueError, "pass y"),
    ({"x": X, "y": Y, "batch_size": 0}, ValueError, "batch_size"),
    ({"x": X, "y": Y, "batch_size": -3}, ValueError, "batch_size"),
    ({"x": X, "y": Y, "batch_size": 2.5}, ValueError, "batch_size"),
    ({"x": X, "y": Y, "batch_size": True}, ValueError, "batch_size"),
    ({"x": X, "y": Y, "epochs": -1}, ValueError, "epochs"),
    ({"x": X, "y": Y, "epochs": "5"}, ValueError, "epochs"),
    ({"x": X, "y": Y, "initial_epoch": -1}, ValueError, "initial_epoch"),
    ({"x": X, "y": Y, "steps_per_epoch": 0}, ValueError, "steps_per_epoch"),
    ({"x": X, "y": Y, "validation_steps": 0}, ValueError, "validation_steps"),
    ({"x": X, "y": Y, "validation_batch_size": 0}, ValueError, "validation_batch_size"),
    ({"x": X, "y": Y, "verbose": 3}, ValueError, "verbose must be 0, 1, 2 or 'auto', got 3"),
    ({"x": X, "y": Y, "verbose": "loud"}, ValueError, "verbose must be"),
    ({"x": X, "y": Y, "shuffle": "batch"}, ValueError, "shuffle must be True or False"),
    ({"x": X, "y": Y, "validation_split": 1.0}, ValueError, "validation_split"),
    ({"x": X, "y": Y, "validation_split": -0.1}, ValueError, "validation_split"),
    ({"x": X[:1], "y": Y[:1], "validation_split": 0.5}, ValueError, "cannot be split"),
    ({"x": X, "y": Y, "validation_freq": 0}, ValueError, "validation_freq"),
    ({"x": X, "y": Y, "validation_freq": "often"}, ValueError, "validation_freq"),
    ({"x": X, "y": Y, "validation_data": (X[:, :2], Y)}, ValueError, r"x of validation_data of shape \(100, 2\)"),
    ({"x": X, "y": Y, "validation_data": (X, Y + 7)}, ValueError, "y of validation_data must hold class numbers"),
    ({"x": X, "y": Y, "validation_data": (with_bad((1, 1), np.nan), Y)}, ValueError, "x of validation_data holds NaN"),
    ({"x": X, "y": Y, "validation_data": (X, Y, Y, Y)}, ValueError, r"must be x, \(x, y\)"),
    ({"x": X, "y": Y, "class_weight": [1, 2]}, TypeError, "class_weight must be a dict"),
    ({"x": X, "y": Y, "class_weight": {"a": 1.0}}, TypeError, "class numbers as keys, got 'a'"),
    ({"x": X, "y": Y, "class_weight": {0: np.nan}}, ValueError, r"class_weight\[0\] must be a finite number"),
    ({"x": X, "y": Y, "class_weight": {0: 1.0}, "sample_weight": np.ones(100)}, ValueError, "at the same time"),
    ({"x": X, "y": Y, "callbacks": [3]}, TypeError, "callbacks"),
]


@pytest.mark.parametrize(("arguments", "error", "match"), BAD_FITS, ids=[case[2][:40] for case in BAD_FITS])
def test_bad_arguments_of_fit_change_nothing(arguments, error, match, capsys):
    model = classifier("adam")
    model.fit(X, Y, verbose=0)
    before, names = state(model), dict(model.history.history)
    with pytest.raises(error, match=match):
        model.fit(**arguments)
    assert state(model) == before
    assert model.history.history == names
    assert capsys.readouterr().out == ""


@pytest.mark.parametrize(("arguments", "error", "match"), BAD_FITS[2:20], ids=[c[2][:40] for c in BAD_FITS[2:20]])
def test_bad_data_leave_a_lazy_model_unbuilt(arguments, error, match):
    model = Sequential([layers.Dense(3, activation="softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    with pytest.raises(error, match=match):
        model.fit(**arguments)
    assert not model.built
    assert not model.optimizer.built
    assert model.weights == []


def test_fit_and_evaluate_before_compile():
    model = Sequential([layers.Dense(1)])
    for method in ("fit", "evaluate", "train_on_batch", "test_on_batch"):
        with pytest.raises(ValueError, match=rf"call `compile\(\)` before calling `{method}\(\)`"):
            getattr(model, method)(X, T)


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"optimizer": "adm"}, ValueError, "'Adam'"),
        ({"optimizer": None}, ValueError, "optimizer must be"),
        ({"loss": "mse_loss"}, ValueError, "Unknown loss 'mse_loss'"),
        ({"loss": 3}, ValueError, "loss"),
        ({"loss": ["mse", "mae"]}, ValueError, "several outputs"),
        ({"loss": "mse", "loss_weights": [1, 2]}, ValueError, "loss_weights must be one"),
        ({"loss": "mse", "loss_weights": "heavy"}, TypeError, "loss_weights must be a number"),
        ({"metrics": ["acuracy"]}, ValueError, "(?i)did you mean 'accuracy'"),
        ({"metrics": [None]}, ValueError, "metric"),
        ({"weighted_metrics": "acuracy"}, ValueError, "(?i)did you mean 'accuracy'"),
        ({"steps_per_execution": 0}, ValueError, "steps_per_execution"),
        ({"jit_compile": "yes"}, ValueError, "jit_compile must be"),
        ({"run_eagerly": True, "jit_compile": True}, ValueError, "contradict"),
        ({"auto_scale_loss": "yes"}, TypeError, "auto_scale_loss"),
    ],
)
def test_bad_arguments_of_compile_change_nothing(arguments, error, match):
    model = classifier("adam")
    optimizer = model.optimizer
    with pytest.raises(error, match=match):
        model.compile(**arguments)
    assert model.optimizer is optimizer
    assert "accuracy" in model.evaluate(X, Y, verbose=0, return_dict=True)


def test_compile_defaults_to_rmsprop():
    model = Sequential([layers.Dense(1)])
    model.compile(loss="mse")
    assert isinstance(model.optimizer, fastnn.optimizers.RMSprop)


def test_several_outputs_can_predict_but_not_be_trained():
    class Two(Model):
        def __init__(self):
            super().__init__(name="둘")
            self.out = layers.Dense(1)

        def call(self, x):
            return [self.out(x), x]

    model = Two()
    model.compile("sgd", "mse")
    with pytest.raises(ValueError, match="'둘' has several outputs"):
        model.fit(X, T, verbose=0)


# ---- divergence and interruption ---------------------------------------------------------------------


def diverging_at(epoch):
    """A model whose learning rate explodes in the given epoch (from 0), and the callback that does it."""
    model = regressor(fastnn.optimizers.SGD(0.01))
    explode = fastnn.callbacks.LearningRateScheduler(lambda e, rate: 1e30 if e == epoch else 0.01)
    return model, explode


def test_divergence_names_epoch_and_step_and_keeps_the_last_finite_epoch(capsys):
    model, explode = diverging_at(2)
    start = model.get_weights()
    model.fit(X, T, epochs=2, verbose=0, shuffle=False)
    good = model.get_weights()
    model.set_weights(start)
    with pytest.raises(DivergenceError, match=r"epoch 3, step 2: .*end of epoch 2 have been restored") as caught:
        model.fit(X, T, epochs=5, shuffle=False, callbacks=explode)
    assert (caught.value.epoch, caught.value.step) == (3, 2)
    assert isinstance(caught.value, FloatingPointError)
    for now, then in zip(model.get_weights(), good, strict=True):
        np.testing.assert_array_equal(now, then)
    assert capsys.readouterr().out.endswith("\n")
    assert len(model.history.epoch) == 2


def test_divergence_in_the_first_epoch_keeps_the_first_weights_and_slots():
    model = regressor(fastnn.optimizers.SGD(1e30, momentum=0.9))
    model.fit(X, T, verbose=0, epochs=0)
    before = bits(model)
    with pytest.raises(DivergenceError, match="from before training"):
        model.fit(X, T, verbose=0)
    assert bits(model) == before
    for variable in model.optimizer.variables[2:]:
        assert not variable.numpy().any()
    model.optimizer.learning_rate = 0.01
    assert math.isfinite(model.fit(X, T, verbose=0).history["loss"][0])


def test_weights_broken_by_the_last_step_are_noticed():
    model = regressor(fastnn.optimizers.SGD(1e38))
    before = bits(model)
    with pytest.raises(DivergenceError, match="epoch 1, step 1: a weight is NaN or infinite"):
        model.fit(X * 1e3, T * 1e3, batch_size=100, verbose=0)
    assert bits(model) == before


@pytest.mark.parametrize("settings", [{"run_eagerly": True}, {}], ids=["eager", "compiled"])
@pytest.mark.parametrize("stream", [False, True])
def test_divergence_by_every_way_of_running(settings, stream):
    model = regressor(fastnn.optimizers.SGD(1e30), **settings)
    before = bits(model)
    data = {"x": lambda: ((X[i : i + 32], T[i : i + 32]) for i in range(0, 96, 32))} if stream else {"x": X, "y": T}
    look = fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)
    for callbacks in (None, look):
        with pytest.raises(DivergenceError) as caught:
            model.fit(**data, verbose=0, callbacks=callbacks)
        assert (caught.value.epoch, caught.value.step) == (1, 2)
        assert bits(model) == before


def test_weights_that_are_not_finite_at_the_start():
    model = regressor()
    model.set_weights([np.full((6, 1), np.nan), np.zeros(1)])
    with pytest.raises(ValueError, match="weights hold NaN or infinite values before training"):
        model.fit(X, T, verbose=0)


def test_interruption_leaves_a_usable_model():
    model = classifier("adam")
    timer = threading.Timer(0.3, _thread.interrupt_main)
    timer.start()
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, Y, epochs=10**7, verbose=0)
    timer.join()
    epochs = len(model.history.epoch)
    assert 0 < epochs < 10**7
    assert all(np.isfinite(weight).all() for weight in model.get_weights())
    assert math.isfinite(model.fit(X, Y, verbose=0).history["loss"][0])
    assert model.predict(X, verbose=0).shape == (100, 3)


def test_stretches_without_python_are_short():
    speed = pace.Pace()
    assert speed.batches() == 1
    for seconds in (1e-6, 1e-4, 0.01, 10.0):
        for _ in range(30):
            speed.note(1, seconds)
        assert max(1, 0.04 / seconds) <= speed.batches() <= max(1, 0.06 / seconds)


def test_the_gil_is_free_while_batches_run(monkeypatch):
    monkeypatch.setattr(pace, "_STRETCH", 1e9)  # the whole epoch in one call
    rng = np.random.RandomState(1)
    x, y = rng.rand(4000, 200).astype("float32"), rng.randint(0, 10, 4000)
    model = Sequential([layers.Dense(512, "relu"), layers.Dense(10, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy")
    model.fit(x, y, verbose=0)
    count, stop = [0], threading.Event()

    def run():
        while not stop.is_set():
            count[0] += 1

    counts = []
    original = feeds.ArrayFeed.run

    def watched(feed, batches):
        before = count[0]
        result = original(feed, batches)
        counts.append((batches, count[0] - before))
        return result

    monkeypatch.setattr(feeds.ArrayFeed, "run", watched)
    thread = threading.Thread(target=run)
    thread.start()
    try:
        model.fit(x, y, verbose=0)
    finally:
        stop.set()
        thread.join()
    batches, counted = counts[-1]
    assert batches == 124
    assert counted > 1000


def test_a_steady_state_makes_no_objects_for_each_batch():
    """The Python side of an epoch is the same for 4 batches and for 400."""
    import sys

    calls = []
    for rows in (100, 10000):
        model = regressor(fastnn.optimizers.SGD(1e-3))
        x, t = np.tile(X, (rows // 100, 1)), np.tile(T, (rows // 100, 1))
        model.fit(x, t, verbose=0, batch_size=25)
        count = 0

        def note(frame, event, argument):
            nonlocal count
            count += event == "call"

        sys.setprofile(note)
        try:
            model.fit(x, t, verbose=0, epochs=20, batch_size=25)
        finally:
            sys.setprofile(None)
        calls.append(count)
    assert calls[1] < 1.5 * calls[0]


# ---- streams -----------------------------------------------------------------------------------------


def batches_of(size=32, rows=100):
    for i in range(0, rows, size):
        yield X[i : min(i + size, rows)], Y[i : min(i + size, rows)]


class Sequence:
    def __len__(self):
        return 4

    def __getitem__(self, i):
        return X[32 * i : 32 * i + 32], Y[32 * i : 32 * i + 32]


@pytest.mark.parametrize(
    "make",
    [lambda: batches_of, lambda: Sequence(), lambda: lambda: Sequence(), lambda: IterableOf(batches_of)],
    ids=["function", "sequence", "function of a sequence", "iterable"],
)
def test_streams_train_as_arrays_do(make):
    results = []
    for data in ({"x": make()}, {"x": X, "y": Y, "shuffle": False}):
        fastnn.utils.set_random_seed(1)
        model = classifier("adam")
        validation = make() if len(data) == 1 else (X, Y)
        history = model.fit(**data, epochs=3, verbose=0, validation_data=validation)
        results.append((state(model), history.history))
    assert results[0] == results[1]


class IterableOf:
    def __init__(self, function):
        self.function = function

    def __iter__(self):
        return self.function()


def test_a_generator_is_used_up_batch_by_batch():
    model = classifier()
    history = model.fit(batches_of(10), epochs=2, steps_per_epoch=5, verbose=0)
    assert history.epoch == [0, 1]
    assert int(np.asarray(model.optimizer.iterations)) == 10


def test_a_generator_that_ends_too_soon_interrupts_with_a_warning():
    model = classifier()
    with pytest.warns(UserWarning, match="ran out of data"):
        history = model.fit(batches_of(), epochs=5, verbose=0)
    assert history.epoch == [0, 1]
    with pytest.warns(UserWarning, match="ran out of data"):
        model.fit(batches_of(), steps_per_epoch=6, verbose=0)


def test_streams_of_weights_and_class_weights():
    model = classifier()
    start = model.get_weights()
    weights = np.array([2.0, 1.0, 0.5])[Y]
    model.fit(lambda: ((x, y, np.array([2.0, 1.0, 0.5])[y]) for x, y in batches_of()), verbose=0)
    first = bits(model)
    model.set_weights(start)
    model.fit(batches_of, verbose=0, class_weight={0: 2.0, 2: 0.5})
    assert bits(model) == first
    model.set_weights(start)
    model.fit(X, Y, sample_weight=weights, shuffle=False, verbose=0)
    assert bits(model) == first


def test_streams_in_evaluate_and_predict():
    model = classifier()
    np.testing.assert_allclose(model.evaluate(batches_of, verbose=0), model.evaluate(X, Y, verbose=0), rtol=1e-6)
    np.testing.assert_allclose(
        model.evaluate(batches_of, steps=2, verbose=0), model.evaluate(X[:64], Y[:64], verbose=0), rtol=1e-6
    )
    everything = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(lambda: (x for x, _ in batches_of()), verbose=0), everything)
    np.testing.assert_array_equal(model.predict(batches_of, steps=2, verbose=0), everything[:64])


@pytest.mark.parametrize("argument", ["y", "sample_weight", "batch_size", "validation_split"])
def test_arguments_that_streams_do_not_take(argument):
    value = {"y": Y, "sample_weight": np.ones(100), "batch_size": 10, "validation_split": 0.2}[argument]
    with pytest.raises(ValueError, match=argument):
        classifier().fit(batches_of, **{argument: value}, verbose=0)


@pytest.mark.parametrize(
    ("stream", "error", "match"),
    [
        (lambda: iter([]), ValueError, "x yields no batches"),
        (lambda: 3, TypeError, "must return batches when called, got int"),
        (lambda: iter([(X, Y, Y, Y)]), ValueError, "a batch must be"),
        (lambda: iter([(X[:, :2], Y)]), ValueError, r"x of a batch of x of shape \(100, 2\)"),
        (lambda: iter([(X, Y + 5)]), ValueError, "y of a batch of x must hold class numbers"),
        (lambda: iter([(with_bad((3, 3), np.nan), Y)]), ValueError, "x of a batch of x holds NaN"),
        (lambda: iter([(X, Y[:3])]), ValueError, "same number of rows"),
    ],
)
def test_bad_streams_change_nothing(stream, error, match):
    model = classifier()
    before = bits(model)
    with pytest.raises(error, match=match):
        model.fit(stream, verbose=0)
    assert bits(model) == before


def test_a_bad_batch_later_on_is_refused_before_it_is_used():
    model = classifier()
    with pytest.raises(ValueError, match="y of a batch of x must hold class numbers"):
        model.fit(lambda: iter([(X, Y), (X, Y + 5)]), verbose=0)
    assert int(np.asarray(model.optimizer.iterations)) == 1


# ---- evaluate, predict and single batches ------------------------------------------------------------


def test_evaluate():
    model = classifier(metrics=["accuracy"])
    p = model.predict(X, verbose=0)
    loss, accuracy = -np.log(p[np.arange(100), Y]).mean(), (p.argmax(axis=1) == Y).mean()
    np.testing.assert_allclose(model.evaluate(X, Y, verbose=0), [loss, accuracy], rtol=1e-5)
    found = model.evaluate(X, Y, verbose=0, return_dict=True, batch_size=7)
    assert list(found) == ["accuracy", "loss"]
    np.testing.assert_allclose(list(found.values()), [accuracy, loss], rtol=1e-5)
    first = model.evaluate(X[:20], Y[:20], verbose=0)
    np.testing.assert_allclose(model.evaluate(X, Y, batch_size=10, steps=2, verbose=0), first, rtol=1e-5)
    assert isinstance(regressor().evaluate(X, T, verbose=0), float)


def test_evaluate_changes_nothing():
    model = classifier("adam")
    model.fit(X, Y, verbose=0)
    before = state(model)
    model.evaluate(X, Y, verbose=0)
    with pytest.raises(ValueError, match="x holds NaN"):
        model.evaluate(with_bad((0, 0), np.nan), Y, verbose=0)
    assert state(model) == before


@pytest.mark.parametrize("rows", [1, 2, 31, 32, 33, 100, 256, 700])
@pytest.mark.parametrize("batch_size", [None, 1, 33, 1000])
def test_predict_gives_each_row_the_same_bits(rows, batch_size):
    x = np.tile(X, (7, 1))[:rows]
    model = classifier()
    expected = np.concatenate([model.predict_on_batch(x[i : i + 1]) for i in range(min(rows, 100))])
    for _ in range(2):
        found = model.predict(x, batch_size=batch_size, verbose=0)
        assert found.shape == (rows, 3)
        np.testing.assert_allclose(found[:100], expected, rtol=1e-5, atol=1e-7)


def test_predict_sees_new_weights_and_keeps_old_results():
    model = classifier()
    first = model.predict(X[:1], verbose=0)
    copy = first.copy()
    model.fit(X, Y, verbose=0)
    assert not np.array_equal(model.predict(X[:1], verbose=0), copy)
    np.testing.assert_array_equal(first, copy)


def test_predict_with_steps():
    model = classifier()
    everything = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(X, batch_size=10, steps=3, verbose=0), everything[:30])
    np.testing.assert_array_equal(model.predict(X, steps=3, verbose=0), everything)


def test_predict_on_a_lazy_model_builds_it():
    model = Sequential([layers.Dense(3)])
    assert model.predict(X, verbose=0).shape == (100, 3)
    assert model.built


@pytest.mark.parametrize(
    ("arguments", "error", "match"),
    [
        ({"x": X[:0]}, ValueError, "x is empty"),
        ({"x": X, "batch_size": 0}, ValueError, "batch_size"),
        ({"x": X, "steps": -1}, ValueError, "steps"),
        ({"x": X, "verbose": 7}, ValueError, "verbose"),
        ({"x": [["a"]]}, TypeError, "real numbers"),
    ],
)
def test_bad_arguments_of_predict(arguments, error, match):
    with pytest.raises(error, match=match):
        classifier().predict(**{"verbose": 0, **arguments})


def test_the_cache_of_forward_programs_is_bounded():
    model = classifier()
    for rows in range(1, 101):
        model.predict(np.tile(X, (2, 1))[:rows], batch_size=rows, verbose=0)
    assert len(model._runtime.predictor._programs) <= 64
    assert len(model._runtime.predictor._few) <= 64


def test_the_cache_of_steps_is_bounded():
    model = classifier()
    for rows in range(1, 41):
        model.train_on_batch(X[:rows], Y[:rows])
    assert len(model._runtime.programs) <= 16


def test_predict_from_two_threads():
    model = classifier()
    expected = model.predict(X, verbose=0)
    wrong = []

    def run():
        for i in range(300):
            row = X[i % 100 : i % 100 + 1]
            if not np.allclose(model.predict(row, verbose=0), expected[i % 100], rtol=1e-5):
                wrong.append(i)

    threads = [threading.Thread(target=run) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []


def test_single_batches():
    model = regressor(fastnn.optimizers.SGD(0.1), metrics=["mae"])
    w, b = (v.astype(float) for v in model.get_weights())
    before = model.test_on_batch(X, T, return_dict=True)
    loss, mae = model.train_on_batch(X, T)
    assert before == {"loss": loss, "mae": mae}
    w, b, expected = by_hand(w, b, X, T, 0.1, 100)
    np.testing.assert_allclose(model.get_weights()[0], w, atol=1e-6)
    assert loss == pytest.approx(expected, rel=1e-5)
    assert model.test_on_batch(X, T)[0] < loss
    weighted = model.test_on_batch(X, T, sample_weight=np.full(100, 0.5))
    assert weighted[0] == pytest.approx(model.test_on_batch(X, T)[0] / 2, rel=1e-5)
    with pytest.raises(TypeError, match="train_on_batch takes one batch"):
        model.train_on_batch(batches_of)
    with pytest.raises(ValueError, match="at the same time"):
        model.train_on_batch(X, T, sample_weight=np.ones(100), class_weight={0: 1.0})


# ---- arrays ------------------------------------------------------------------------------------------


@pytest.mark.parametrize("shape", [(5,), (300, 700), (40, 8, 9), (1, 1)])
@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_check_finite_finds_the_first_and_counts_all(shape, dtype):
    array = RNG.rand(*shape).astype(dtype)
    check_finite(array, "x")
    flat = array.reshape(-1)
    bad = sorted({flat.size // 2, flat.size - 1})
    flat[bad] = np.inf
    row = np.unravel_index(bad[0], shape)[0]
    with pytest.raises(ValueError, match=rf"x holds NaN or infinite values: {len(bad)} of them.*row {row}"):
        check_finite(array, "x")


def test_check_finite_accepts_the_largest_numbers():
    check_finite(np.full((100, 100), np.finfo("float32").max, "float32"), "x")
    check_finite(np.full(10, np.finfo("float32").max, "float64"), "x", np.dtype("float32"))


def test_as_array_copies_only_what_must_be():
    for array in (X, X[::2], X[::-1], Y, X > 0, (X * 9).astype("uint8")):
        assert np.shares_memory(as_array(array, "x"), array)
    assert as_array(np.float16([1, 2]), "x").dtype == "float32"
    assert as_array(np.uint32([1]), "x").dtype == "int64"
