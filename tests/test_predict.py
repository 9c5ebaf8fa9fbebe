"""evaluate, predict and single batches."""

import threading

import numpy as np
import pytest
from training_tools import T, X, Y, batches_of, by_hand, classifier, regressor, state, with_bad

import fastnn
from fastnn import Sequential, layers, ops, plan


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


@pytest.mark.parametrize(
    ("together", "calls"), [(1, [(0, 0, 32), (1, 1, 32), (2, 2, 32), (3, 3, 4)]), (3, [(0, 2, 96), (3, 5, 4)])]
)
def test_steps_per_execution_says_how_often_predictions_are_looked_at(together, calls):
    class Look(fastnn.callbacks.Callback):
        def on_predict_batch_begin(self, batch, logs=None):
            self.first = batch

        def on_predict_batch_end(self, batch, logs=None):
            seen.append((self.first, batch, len(logs["outputs"])))

    model = classifier(steps_per_execution=together)
    expected = model.predict(X, verbose=0)
    for x in (X, lambda: (X[i : i + 32] for i in range(0, 100, 32))):
        seen = []
        np.testing.assert_allclose(model.predict(x, verbose=0, callbacks=[Look()]), expected, rtol=1e-6)
        assert seen == calls


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


@pytest.fixture
def compiled(monkeypatch):
    """Shapes of the inputs of the programs that are compiled."""
    shapes, compiles = [], plan.compile

    def noted(fn, specs):
        shapes.extend(spec[0] for spec in specs[:1])
        return compiles(fn, specs)

    monkeypatch.setattr(plan, "compile", noted)
    return shapes


WAYS = {
    "train_on_batch": lambda model, x, y: model.train_on_batch(x, y),
    "test_on_batch": lambda model, x, y: model.test_on_batch(x, y),
    "fit": lambda model, x, y: model.fit((batch for batch in [(x, y)]), shuffle=False, verbose=0),
    "predict": lambda model, x, y: model.predict(x, verbose=0),
    "predict_on_batch": lambda model, x, y: model.predict_on_batch(x),
    "call": lambda model, x, y: model(x),
}


@pytest.mark.parametrize("way", WAYS)
def test_batches_of_many_sizes_are_compiled_once(way, compiled):
    model, x, y = classifier(), np.tile(X, (2, 1)), np.tile(Y, 2)
    for begin in (0, 20):
        for rows in range(1, 101):
            WAYS[way](model, x[begin : begin + rows], y[begin : begin + rows])
    assert compiled == [(rows, 6) for rows in range(1, 101)]


def test_steps_of_training_and_of_testing_are_kept_together(compiled):
    model = classifier()
    for _ in range(2):
        for rows in range(1, 41):
            model.train_on_batch(X[:rows], Y[:rows])
            model.test_on_batch(X[:rows], Y[:rows])
    assert len(compiled) == 80


@pytest.mark.parametrize("way", ["train_on_batch", "test_on_batch", "predict_on_batch"])
def test_programs_of_large_batches_do_not_pile_up(way, compiled):
    model = Sequential([fastnn.Input((64,)), layers.Dense(512, "relu"), layers.Dense(10)])
    model.compile("sgd", "mse")
    x, y = np.zeros((9000, 64), "float32"), np.zeros((9000, 10), "float32")
    for rows in [*range(9000, 8985, -1), 8987, 8986]:
        WAYS[way](model, x[:rows], y[:rows])
    predicted = way == "predict_on_batch"
    cache = model._runtime.predictor._programs if predicted else model._runtime.programs
    programs = [kept._program if predicted else kept for kept in cache._programs.values()]
    own = sum(array.nbytes for program in programs for array in program.plan.scratch)
    assert 64 << 20 < own <= 128 << 20
    assert len(compiled) == 15  # those used last are there


def test_the_fast_way_keeps_no_program_that_is_dropped(compiled):
    model = classifier()
    model.predict(X[:1], verbose=0)
    predictor = model._runtime.predictor
    cache = predictor._programs
    cache.nbytes = 5 * next(iter(cache._programs.values())).nbytes
    for rows in range(2, 12):
        for x in (X[:rows], X[:rows].astype("float64"), X[:1]):
            model.predict(x, verbose=0)
    assert 2 < len(cache) < 6
    assert set(predictor._few.values()) == set(cache._programs.values())
    assert len(compiled) == 11  # the one for a single row was used all the time


def test_a_program_that_is_dropped_while_it_runs_is_forgotten():
    class Asks(layers.Layer):
        def call(self, x):
            return ops.py_op(ask)(x)

    def ask(x):
        if len(x) == 1:
            for rows in range(2, 6):
                model.predict(X[:rows], verbose=0)
        return x

    model = Sequential([fastnn.Input((6,)), Asks()])
    predictor = model._runtime.predictor
    predictor._programs.limit = 2
    for _ in range(2):
        np.testing.assert_array_equal(model.predict(X[:1], verbose=0), X[:1])
    assert len(predictor._programs) == 2
    assert set(predictor._few.values()) == set(predictor._programs._programs.values())


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


LAYOUTS = {
    "contiguous": lambda x: x,
    "read only": lambda x: np.frombuffer(x.tobytes(), x.dtype).reshape(x.shape),
    "columns first": np.asfortranarray,
    "every second row": lambda x: np.repeat(x, 2, axis=0)[::2],
    "every second column": lambda x: np.repeat(x, 2, axis=1)[:, ::2],
    "float64": lambda x: x.astype("float64"),
    "float16": lambda x: x.astype("float16"),
    "big endian": lambda x: x.astype(">f4"),
    "off the alignment": lambda x: np.frombuffer(b"\0" * 4 + x.tobytes(), np.float32, offset=4).reshape(x.shape),
    "off the item size": lambda x: np.frombuffer(b"\0" + x.tobytes(), np.float32, offset=1).reshape(x.shape),
}


@pytest.mark.parametrize("rows", [1, 5, 300])
@pytest.mark.parametrize("layout", sorted(LAYOUTS))
def test_rows_are_read_where_they_stand_or_converted(layout, rows):
    rng = np.random.default_rng(0)
    x = np.round(rng.random((rows, 6)) * 64).astype("float32") / 64  # exact in float16
    model = classifier()
    expected = model.predict(x.copy(), verbose=0)
    for given in (LAYOUTS[layout](x), LAYOUTS[layout](x[::-1].copy())):
        before = given.copy()
        for call in (model.predict_on_batch, lambda x: model.predict(x, verbose=0), lambda x: model(x).numpy()):
            np.testing.assert_array_equal(call(given), expected)
        np.testing.assert_array_equal(given, before)
        expected = expected[::-1]


def test_the_input_is_let_go():
    import weakref

    class Watched(np.ndarray):
        pass

    model = classifier()
    for rows in (1, 200):
        x = X[:rows].copy().view(Watched) if rows == 1 else np.tile(X, (2, 1)).view(Watched)
        seen = weakref.ref(x)
        model.predict_on_batch(x)
        model.predict(np.ones((rows, 6), "float32"), verbose=0)
        del x
        assert seen() is None


def test_outputs_that_are_the_input_are_copies():
    model = Sequential([fastnn.Input((2, 3)), layers.Flatten()])
    x = np.arange(12, dtype="float32").reshape(2, 2, 3)
    first = model.predict(x, verbose=0)
    second = model.predict(x + 1, verbose=0)
    np.testing.assert_array_equal(first, x.reshape(2, 6))
    np.testing.assert_array_equal(second, x.reshape(2, 6) + 1)
    first[...] = 0
    assert x[0, 0, 1] == 1


def test_a_weight_as_input_stays_a_weight():
    """The memory of the input is that of the kernel: only the input's pointers follow the next input."""
    model = Sequential([fastnn.Input((4,)), layers.Dense(4, use_bias=False)])
    kernel = np.arange(16, dtype="float32").reshape(4, 4)
    model.set_weights([kernel])
    own = model.layers[-1].kernel.value
    for _ in range(2):
        np.testing.assert_allclose(model(own).numpy(), kernel @ kernel)
        np.testing.assert_allclose(model.predict(kernel + 1, verbose=0), (kernel + 1) @ kernel)


def test_nan_passes_through():
    model = regressor()
    x = with_bad((1, 2), np.nan)
    for rows in (3, 100):
        found = model.predict(x[:rows], verbose=0)
        assert np.isnan(found[1]).all()
        assert np.isfinite(np.delete(found, 1, axis=0)).all()


@pytest.mark.parametrize("rows", [2, 40])
@pytest.mark.parametrize("training", [None, True])
def test_a_call_takes_what_predict_takes(rows, training):
    model = Sequential([fastnn.Input((2,)), layers.Activation(lambda x: x * 2)])
    x = np.full((rows, 2), 200, "uint8")
    for _ in range(2):  # predict makes a program that a call may use
        found = model(x, training=training)
        assert found.dtype == "float32"
        np.testing.assert_array_equal(found, 400)
        np.testing.assert_array_equal(model.predict(x, verbose=0), 400)
    single = Sequential([fastnn.Input((1,)), layers.Dense(1)])
    assert single(np.ones(rows), training=training).shape == (rows, 1)
    assert model(np.ones((rows, 2, 1)), training=training).shape == (rows, 2)


def test_a_python_step_sees_the_rows_of_its_call():
    class Twice(layers.Layer):
        def call(self, x):
            return ops.py_op(lambda a: a * 2)(x)

    model = Sequential([fastnn.Input((3,)), Twice()])
    for factor in (1, 9):
        x = np.full((2, 3), factor, "float32")
        for found in (model.predict(x, verbose=0), model.predict_on_batch(x), model(x)):
            np.testing.assert_array_equal(found, 2 * x)


def test_a_python_step_that_predicts_with_its_own_model_changes_nothing():
    refused = []

    def again(a):
        try:
            model.predict(np.full(a.shape, 7.0), verbose=0)
        except RuntimeError as error:
            refused.append(str(error))
        return a * 2

    class Again(layers.Layer):
        def call(self, x):
            return ops.py_op(again)(x)

    model = Sequential([fastnn.Input((3,)), Again()])
    x = np.ones((2, 3), "float32")
    for _ in range(2):
        np.testing.assert_array_equal(model.predict(x, verbose=0), 2 * x)
    assert len(refused) == 2 and "cannot run or change it" in refused[0]


def centred(x):
    return x - ops.mean(x, axis=0, keepdims=True)


class CentredStack(Sequential):
    def call(self, x, training=None):
        return centred(super().call(x, training=training))


class CentredPrediction(Sequential):
    def predict_step(self, x):
        return centred(super().predict_step(x))


def with_own(method, instance):
    """Return a layer or a model of ours for which the user has put a method of their own in its place."""
    setattr(instance, method, lambda x, training=None: centred(x))
    return instance


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([layers.Softmax(axis=0)]),
        lambda: Sequential([layers.Softmax(axis=[-2, -1])]),
        lambda: Sequential([layers.Dense(1, activation=centred)]),
        lambda: Sequential([layers.Activation(centred)]),
        lambda: Sequential([Sequential([layers.Activation(centred)]), layers.ReLU()]),
        lambda: CentredStack([layers.Dense(1)]),
        lambda: CentredPrediction([layers.Dense(1)]),
        lambda: Sequential([with_own("call", layers.Flatten())]),
        lambda: with_own("call", Sequential([layers.Flatten()])),
        lambda: Sequential([with_own("call", Sequential([layers.Flatten()]))]),
        lambda: with_own("predict_step", Sequential([layers.Flatten()])),
    ],
)
def test_what_mixes_rows_is_given_batches_of_keras_size(make):
    model = make()
    expected = np.concatenate([model.predict_on_batch(X[begin : begin + 32]) for begin in range(0, 100, 32)])
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-6, atol=1e-7)


def test_what_treats_each_row_by_itself_is_given_wide_batches():
    class Plain(Sequential):
        pass

    stack = [layers.BatchNormalization(), layers.Dense(3, "swish"), layers.Softmax(), Sequential([layers.Softmax(1)])]
    for model in (Sequential(stack), Plain(stack)):
        model.predict(np.tile(X, (3, 1)), verbose=0)
        assert [shape[0] for shape, _ in model._runtime.predictor._programs._programs] == [150]


@pytest.mark.parametrize("rows", [2, 40])
def test_a_call_is_one_of_the_model_itself(rows):
    seen = []

    class Counts(Sequential):
        def call(self, x, training=None):
            seen.append(len(x))
            return super().call(x, training=training)

    class Doubles(Sequential):
        def predict_step(self, x):
            return 2 * super().predict_step(x)

    counts = Counts([fastnn.Input((6,)), layers.Dense(1)])
    doubles = Doubles([fastnn.Input((6,)), layers.Dense(1)])
    doubles.set_weights(counts.get_weights())
    for _ in range(5):
        np.testing.assert_allclose(2 * doubles(X[:rows]).numpy(), doubles.predict(X[:rows], verbose=0), rtol=1e-6)
        np.testing.assert_array_equal(counts(X[:rows]).numpy(), doubles(X[:rows]).numpy())
    assert seen == [rows] * 5
