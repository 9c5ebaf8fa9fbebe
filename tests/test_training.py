"""compile and fit: the numbers, metrics and losses, steps of one's own, the course's networks."""

import threading

import numpy as np
import pytest
from training_tools import ONE_HOT, RNG, T, X, Y, bits, by_hand, classifier, regressor, state

import fastnn
from fastnn import Model, Sequential, layers, ops
from fastnn.training.runners import ProgramCache

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


@pytest.mark.parametrize("dtype", ["float64", "float32"])
@pytest.mark.parametrize("weight", [0.1, np.float64(0.1), np.array(0.1), np.array(0.1, "float32")], ids=repr)
def test_class_weight_is_as_precise_as_the_model(weight, dtype):
    def trained(**given):
        model = Sequential([layers.Input((6,), dtype=dtype), layers.Dense(1, dtype=dtype)])
        model.compile("sgd", "mse")
        model.set_weights([np.zeros((6, 1)), np.ones(1)])
        model.train_on_batch(X, np.zeros((100, 1)), **given)
        return bits(model)

    assert trained(class_weight={0: weight}) == trained(sample_weight=np.full(100, weight))


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
    for in_order in ({"batch_size": 8, "shuffle": False}, {"batch_size": 50}):  # one batch has no order to draw
        order.clear()
        model.fit(rows, rows, verbose=0, **in_order)
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


class Counting(layers.Layer):
    """Counts its calls, and adds noise always; may look at values, which no trace has."""

    def __init__(self, looks=False):
        super().__init__()
        self.looks = looks
        self.seeds = fastnn.random.SeedGenerator(7)
        self.calls = self.add_weight((), "zeros", trainable=False, name="calls")

    def call(self, x):
        if self.looks:
            float(x[0, 0])
        self.calls.assign_add(1)
        return x + fastnn.random.normal(x.shape, seed=self.seeds) * 0.1


@pytest.mark.parametrize(("declared", "looks"), [(False, False), (True, False), (True, True)])
@pytest.mark.filterwarnings("ignore:.*runs op by op")
def test_looking_for_shapes_counts_nothing(declared, looks):
    def trained(looks, **settings):
        fastnn.utils.set_random_seed(3)
        model = Sequential([layers.Input((4,))] * declared + [layers.Dense(3), Counting(), layers.Dense(1)])
        counting = model.layers[1]
        counting.looks = looks
        model.compile("sgd", "mse", **settings)
        model.fit(X[:, :4], T, epochs=2, batch_size=20, verbose=0)
        assert counting.calls.numpy() == 10
        model.evaluate(X[:, :4], T, batch_size=20, verbose=0)
        assert counting.calls.numpy() == 15
        return model.get_weights()

    for eager, compiled in zip(trained(looks, run_eagerly=True), trained(False), strict=True):
        np.testing.assert_allclose(eager, compiled, rtol=1e-5, atol=1e-6)
    if looks:
        trained(looks)


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


def test_a_frozen_batch_normalization_without_weights_keeps_its_averages():
    norm = layers.BatchNormalization(center=False, scale=False)
    inner = Sequential([norm, layers.Dense(1)])
    model = Sequential([fastnn.Input((6,)), inner])
    model.compile("sgd", "mse")
    model.fit(X, T, verbose=0)
    norm.trainable = False
    before = norm.moving_mean.numpy()
    model.fit(X, T, verbose=0)
    np.testing.assert_array_equal(norm.moving_mean.numpy(), before)
    norm.trainable = True
    model.fit(X, T, verbose=0)
    assert not np.array_equal(norm.moving_mean.numpy(), before)


def test_a_new_optimizer_trains_from_then_on():
    model = regressor()
    model.fit(X, T, verbose=0)
    model.optimizer = fastnn.optimizers.Adam(0.1)
    model.fit(X, T, verbose=0)
    assert int(model.optimizer.iterations.numpy()) == 4


@pytest.mark.parametrize("call", ["fit", "evaluate", "train_on_batch", "predict", "predict_on_batch"])
def test_how_steps_run_may_be_set_after_compile(call):
    calls = []

    class Counting(layers.Layer):
        def call(self, x):
            calls.append(1)
            return x

    model = Sequential([fastnn.Input((6,)), Counting(), layers.Dense(1)])
    model.compile("sgd", "mse")

    def count():
        calls.clear()
        given = (X[:20],) if call.startswith("predict") else (X[:20], T[:20])
        getattr(model, call)(*given, **({} if call.endswith("batch") else {"verbose": 0}))
        return len(calls)

    count()
    assert count() == 0
    for name, op_by_op, compiled in (("run_eagerly", True, False), ("jit_compile", False, "auto")):
        setattr(model, name, op_by_op)
        assert (count(), count()) == (1, 1)
        setattr(model, name, compiled)
        count()
        assert count() == 0
    with pytest.raises(ValueError, match="jit_compile must be"):
        model.jit_compile = "yes"
    model.jit_compile = True
    with pytest.raises(ValueError, match="contradict"):
        model.run_eagerly = True
    assert not model.run_eagerly
    model.compile("sgd", "mse", run_eagerly=None)


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


@pytest.mark.parametrize(
    ("units", "activation", "loss", "y", "expected"),
    [
        (1, "sigmoid", "binary_crossentropy", [[1.0]], 50.0),
        (2, "softmax", "sparse_categorical_crossentropy", [0], 100.0),
        (2, "softmax", "categorical_crossentropy", [[1.0, 0.0]], 100.0),
    ],
)
def test_a_crossentropy_sees_the_logits_of_the_last_layer(units, activation, loss, y, expected):
    """Where probabilities round to 0 the loss goes on growing, and its gradient stays."""
    model = Sequential([layers.Input((1,)), layers.Dense(units, activation=activation, use_bias=False)])
    model.compile("sgd", loss, metrics=["accuracy"])
    model.set_weights([np.array([[-50.0]] if units == 1 else [[-50.0, 50.0]])])
    assert model.train_on_batch(np.ones((1, 1)), np.array(y))[0] == pytest.approx(expected)
    np.testing.assert_allclose(model.get_weights()[0][0, 0], -49.99, rtol=1e-6)


def test_a_crossentropy_sees_logits_from_which_the_targets_take_an_axis():
    """Targets (samples, steps) for outputs (samples, steps, 1): the loss drops the last axis of the outputs."""
    model = Sequential([layers.Input((3, 1)), layers.Dense(1, activation="sigmoid", use_bias=False)])
    model.compile("sgd", "binary_crossentropy")
    model.set_weights([np.array([[-50.0]])])
    assert model.train_on_batch(np.ones((2, 3, 1)), np.ones((2, 3))) == pytest.approx(50.0)
    np.testing.assert_allclose(model.get_weights()[0], -49.99, rtol=1e-6)


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


@pytest.mark.parametrize("kind", ["Mean", "Sum"])
@pytest.mark.parametrize("argument", ["metrics", "weighted_metrics"])
def test_a_metric_of_values_is_no_metric_of_predictions(kind, argument):
    model = regressor(**{argument: [getattr(fastnn.metrics, kind)(name="m")]})
    before = bits(model)
    with pytest.raises(TypeError, match=rf"metric 'm' is a {kind} of values"):
        model.fit(X, T, verbose=0)
    assert bits(model) == before


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


class CustomSteps(Sequential):
    """Both steps as Keras' guides write them; the metrics of ``compile`` are one of several."""

    def _updated(self, y, y_pred, loss):
        for metric in self.metrics:
            if metric.name == "loss":
                metric.update_state(loss, sample_weight=len(y))
            else:
                metric.update_state(y, y_pred)
        return {metric.name: metric.result() for metric in self.metrics}

    def train_step(self, data):
        x, y = data
        with fastnn.GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self.compute_loss(y=y, y_pred=y_pred)
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return self._updated(y, y_pred, loss)

    def test_step(self, data):
        x, y = data
        y_pred = self(x, training=False)
        return self._updated(y, y_pred, self.compute_loss(y=y, y_pred=y_pred))


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_steps_may_return_the_results_of_all_metrics(run_eagerly):
    plain, custom = (cls([fastnn.Input((6,)), layers.Dense(1)]) for cls in (Sequential, CustomSteps))
    custom.set_weights(plain.get_weights())
    found = []
    for model in (plain, custom):
        model.compile("sgd", "mse", metrics=["mae", "mape"], run_eagerly=run_eagerly)
        history = model.fit(X, T, epochs=2, validation_split=0.2, shuffle=False, verbose=0).history
        scores = model.evaluate(X, T, verbose=0), model.evaluate(X, T, verbose=0, return_dict=True)
        found.append((history, *scores, model.train_on_batch(X, T), model.test_on_batch(X, T, return_dict=True)))
    assert found[0] == found[1]
    assert list(history) == ["loss", "mae", "mape", "val_loss", "val_mae", "val_mape"]


class MeanAndTwice(fastnn.metrics.Mean):
    def update_state(self, y_true, y_pred, sample_weight=None):
        super().update_state(y_pred, sample_weight=sample_weight)

    def result(self):
        mean = super().result()
        return {"mean": mean, "double": 2.0 * mean}


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_a_metric_may_return_a_dict_whose_entries_are_logged(run_eagerly):
    model = regressor(metrics=[MeanAndTwice(name="both"), "mae"], run_eagerly=run_eagerly)
    history = model.fit(X, T, epochs=5, validation_data=(X, T), verbose=0).history
    model.fit(X, T, epochs=5, verbose=0)
    entries = ["double", "loss", "mae", "mean"]
    assert list(history) == [*entries, *(f"val_{name}" for name in entries)]
    assert history["double"] == pytest.approx([2 * mean for mean in history["mean"]])
    scores = model.evaluate(X, T, verbose=0, return_dict=True)
    assert scores["mean"] == pytest.approx(model.predict(X, verbose=0).mean(), rel=1e-5)
    assert model.train_on_batch(X, T, return_dict=True).keys() == set(entries)


@pytest.mark.parametrize("run_eagerly", [False, True])
def test_an_overridden_result_of_metrics_has_them_all(run_eagerly):
    class Doubles(Sequential):
        def get_metrics_result(self):
            results = super().get_metrics_result()
            return {**results, "twice": results["loss"] * 2}

    model = Doubles([fastnn.Input((6,)), layers.Dense(1)])
    model.compile("sgd", "mse", metrics=["mae"], run_eagerly=run_eagerly)
    history = model.fit(X, T, epochs=5, validation_split=0.2, verbose=0).history
    assert history["twice"] == pytest.approx([2 * loss for loss in history["loss"]])
    assert history["val_twice"] == pytest.approx([2 * loss for loss in history["val_loss"]])
    loss, mae, twice = model.evaluate(X, T, verbose=0)
    assert (twice, mae) == (2 * loss, model.evaluate(X, T, verbose=0, return_dict=True)["mae"])


def test_an_overridden_loss_need_not_take_training():
    class Old(Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
            return super().compute_loss(x, y, y_pred, sample_weight) * 2

    class New(Sequential):
        def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None, training=True):
            return super().compute_loss(x, y, y_pred, sample_weight) * (1 if training else 2)

    found = []
    for cls in (Sequential, Old, New):
        model = cls([fastnn.Input((6,)), layers.Dense(1, kernel_initializer="ones")])
        model.compile("sgd", "mse")
        found.append((model.evaluate(X, T, verbose=0), model.fit(X, T, shuffle=False, verbose=0).history["loss"][0]))
    plain, old, new = np.array(found)
    assert old[0] == pytest.approx(2 * plain[0])
    assert (new[0], new[1]) == (old[0], plain[1])


@pytest.mark.parametrize("steps_per_execution", [1, 2])
@pytest.mark.parametrize("hook", ["on_train_begin", "on_epoch_begin"])
def test_training_that_is_stopped_before_its_first_batch_runs_that_alone(hook, steps_per_execution):
    def stop(*_):
        model.stop_training = True

    model = regressor(steps_per_execution=steps_per_execution)
    stops = fastnn.callbacks.LambdaCallback(**{hook: stop})
    history = model.fit(X, T, batch_size=10, epochs=9, validation_data=(X, T), verbose=0, callbacks=[stops])
    model.fit(X, T, batch_size=10, epochs=9, verbose=0, callbacks=[stops])
    assert int(np.asarray(model.optimizer.iterations)) == 2 * steps_per_execution
    assert list(history.history) == ["loss", "val_loss"]
    assert history.epoch == [0]


class Kept:
    """What a cache keeps as if it were a program."""

    def __init__(self, key, nbytes):
        self.key, self.nbytes = key, nbytes


def made_of(cache, keys, nbytes=0):
    made = []
    for key in keys:
        assert cache.get(key, lambda key=key: made.append(key) or Kept(key, nbytes)).key == key
    return made


def test_the_program_not_used_for_longest_goes_first():
    cache = ProgramCache(2)
    assert made_of(cache, "abacab") == ["a", "b", "c", "b"]
    assert len(cache) == 2
    assert made_of(cache, "abca") == ["c", "a"]


def test_programs_are_kept_within_a_number_of_bytes():
    gone = []
    cache = ProgramCache(nbytes=10, dropped=lambda kept: gone.append(kept.key))
    assert made_of(cache, "abcabc", 3) == ["a", "b", "c"]
    assert made_of(cache, "dbcd", 4) == ["d"]  # 3 + 3 + 4
    assert gone == ["a"]
    assert made_of(cache, "ee", 99) == ["e"]  # the last one stays
    assert sorted(gone) == ["a", "b", "c", "d"]
    assert made_of(cache, "fe", 1) == ["f", "e"]
    assert len(cache) == 2


def test_a_cache_of_programs_is_shared_by_threads():
    cache, wrong = ProgramCache(3), []

    def use(seed):
        for key in np.random.RandomState(seed).randint(0, 6, 3000):
            if cache.get(key, lambda key=key: Kept(key, 1)).key != key:
                wrong.append(key)

    threads = [threading.Thread(target=use, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert wrong == []
    assert len(cache) <= 3


def test_the_bar_is_shown_after_the_first_batch(monkeypatch):
    shown = []
    monkeypatch.setattr(
        fastnn.callbacks.ProgbarLogger, "on_train_batch_end", lambda self, batch, logs: shown.append(batch)
    )
    regressor().fit(X, T, batch_size=1, epochs=3, verbose=1)
    firsts = [batch for before, batch in zip([99, *shown], shown, strict=False) if batch <= before]
    assert firsts == [0, 0, 0]
    assert len(shown) < 300


# ---- what users write themselves -----------------------------------------------------------------------


class CountsInPython(fastnn.metrics.Metric):
    """A metric that keeps Python's numbers, as one can where steps run op by op."""

    def __init__(self):
        super().__init__(name="absolute")
        self.total, self.count = 0.0, 0

    def update_state(self, y_true, y_pred, sample_weight=None):
        self.total += float(np.abs(y_true.numpy() - y_pred.numpy()).sum())
        self.count += len(y_true)

    def result(self):
        return self.total / max(self.count, 1)

    def reset_state(self):
        self.total, self.count = 0.0, 0


def test_metrics_in_python_where_steps_run_op_by_op():
    model, counter = regressor(), CountsInPython()
    model.compile("sgd", "mse", metrics=[counter, "mae"], run_eagerly=True)
    for _ in range(2):
        found = model.evaluate(X, T, verbose=0, return_dict=True)
        assert counter.count == len(X)
        assert found["absolute"] == pytest.approx(found["mae"], rel=1e-5)
    history = model.fit(X, T, epochs=4, verbose=0).history
    np.testing.assert_allclose(history["absolute"], history["mae"], rtol=1e-5)


class SaysMore(Sequential):
    """Logs a number of Python's beside the metrics."""

    epoch = 0.0

    def get_metrics_result(self):
        return {**super().get_metrics_result(), "epoch": self.epoch, "one": ops.convert_to_tensor(1.0)}


def test_results_may_be_numbers_of_python():
    model = SaysMore([fastnn.Input((6,)), layers.Dense(1)])
    model.compile("sgd", "mse")
    look = fastnn.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: setattr(model, "epoch", float(epoch)))
    history = model.fit(X, T, epochs=5, verbose=0, callbacks=[look]).history
    assert history["epoch"] == [0, 1, 2, 3, 4]
    assert model.fit(X, T, epochs=5, verbose=0).history["one"] == [1.0] * 5


class NeedsToBeTold(Model):
    """Its call takes ``training`` without a default."""

    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(1)

    def call(self, x, training):
        return self.dense(x) * (2.0 if training else 1.0)


class OfTwoInputs(Model):
    def __init__(self):
        super().__init__()
        self.first, self.second = layers.Dense(2), layers.Dense(2)

    def call(self, a, b):
        return self.first(a) + self.second(b)


class OnlySteps(Model):
    """No call: a step of its own is all there is."""

    def __init__(self):
        super().__init__()
        self.inner = layers.Dense(1)
        self.inner.build((None, 6))
        self.built = True

    def train_step(self, data):
        x, y = data
        with fastnn.GradientTape() as tape:
            loss = ops.mean(ops.square(self.inner(x) - y))
        self.optimizer.apply(tape.gradient(loss, self.trainable_variables), self.trainable_variables)
        return {"loss": loss}


def test_models_whose_call_is_not_of_one_input_alone():
    model = NeedsToBeTold()
    model.compile("sgd", "mse")
    model.fit(X, T, verbose=0)
    two = OfTwoInputs()
    assert two(X, X[:, :3]).shape == (100, 2)
    assert len(two.weights) == 4
    steps = OnlySteps()
    steps.compile("sgd", "mse")
    before = bits(steps)
    losses = steps.fit(X, T, batch_size=100, epochs=3, verbose=0).history["loss"]
    assert bits(steps) != before
    assert losses[0] > losses[1] > losses[2] > 0  # those that its step returned: it does not update their mean
    assert steps.train_on_batch(X, T) > 0


class Adversaries(Model):
    """Two networks and a step that trains one against the other; nothing is called on a row of data alone."""

    def __init__(self, built):
        super().__init__()
        self.maker, self.judge = layers.Dense(6), layers.Dense(1)
        if built:
            self.maker.build((None, 3))
            self.judge.build((None, 6))
        self.judged = fastnn.metrics.Mean(name="judged")

    def train_step(self, data):
        real = data
        noise = fastnn.random.normal((real.shape[0], 3))
        with fastnn.GradientTape() as tape:
            judged = self.loss_of(ops.concatenate([self.maker(noise), real]))
        variables = self.maker.trainable_variables + self.judge.trainable_variables
        self.optimizer.apply_gradients(zip(tape.gradient(judged, variables), variables, strict=True))
        self.judged.update_state(judged)
        return {"judged": self.judged.result()}

    def loss_of(self, rows):
        return ops.mean(ops.square(self.judge(rows)))


class CalledOtherwise(Adversaries):
    """Its call takes what its step gives it, which is not a batch."""

    def call(self, maker, noise):
        return self.judge(self.maker(noise) if maker else noise)

    def loss_of(self, rows):
        return ops.mean(ops.square(self(maker=False, noise=rows)))


@pytest.mark.parametrize("run_eagerly", [False, True])
@pytest.mark.parametrize("built", [True, False])
@pytest.mark.parametrize("kind", [Adversaries, CalledOtherwise])
def test_a_step_of_ones_own_need_not_call_the_model_on_a_batch(kind, built, run_eagerly):
    fastnn.utils.set_random_seed(0)
    model = kind(built)
    model.compile("adam", run_eagerly=run_eagerly)
    history = model.fit(X, epochs=3, verbose=0).history
    assert list(history) == ["judged"]
    assert history["judged"][2] < history["judged"][0]
    assert np.isfinite(model.train_on_batch(X))
    assert [len(layer.weights) for layer in model.layers] == [2, 2]
    assert len(model.optimizer.variables) == 2 + 2 * 4
    with pytest.raises((NotImplementedError, TypeError), match="call"):
        model.evaluate(X, verbose=0)


class TakesTheRest(Sequential):
    """Its loss makes class numbers of targets that are none."""

    def compute_loss(self, x=None, y=None, y_pred=None, sample_weight=None):
        return super().compute_loss(x, ops.mod(y, 3), y_pred, sample_weight)


def test_targets_are_left_to_a_loss_of_ones_own():
    def trained(kind, y):
        fastnn.utils.set_random_seed(0)
        model = kind([fastnn.Input((6,)), layers.Dense(3, activation="softmax")])
        model.compile("sgd", "sparse_categorical_crossentropy")
        return model.fit(X, y, shuffle=False, verbose=0).history["loss"]

    assert trained(TakesTheRest, np.arange(100)) == trained(Sequential, np.arange(100) % 3)


def test_targets_and_weights_in_a_list_of_one_output():
    models = [regressor() for _ in range(2)]
    models[1].set_weights(models[0].get_weights())
    weight = np.linspace(0, 1, 100)
    models[0].fit([X], [T], sample_weight=[weight], shuffle=False, verbose=0, validation_data=([X], [T]))
    models[1].fit(X, T, sample_weight=weight, shuffle=False, verbose=0)
    assert bits(models[0]) == bits(models[1])


def test_the_call_that_builds_a_model_tells_the_shape_of_its_output():
    calls = []

    class Noting(layers.Layer):
        def call(self, inputs):
            calls.append(inputs.shape)
            return inputs * 2

        def compute_output_shape(self, input_shape):
            return input_shape

    model = fastnn.Sequential([layers.Dense(3), Noting()])
    model.compile("sgd", "mse")
    x = np.ones((5, 4), "float32")
    model.train_on_batch(x, x[:, :3])
    assert calls == [(2, 3), (5, 3), (5, 3)]  # to be built, twice, and for the step
    model.train_on_batch(x, x[:, :3])
    assert len(calls) == 3
