"""Divergence, Ctrl-C, and how long Python waits for the programs."""

import _thread
import math
import threading

import numpy as np
import pytest
from training_tools import T, X, Y, bits, classifier, regressor, state

import fastnn
from fastnn import DivergenceError, Sequential, layers, ops
from fastnn.threads import limited
from fastnn.training import feeds, pace


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
            model.fit(**data, shuffle=False, verbose=0, callbacks=callbacks)
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


@pytest.mark.parametrize("threads", [1, 2])
@pytest.mark.parametrize("where", ["forward", "backward"])
def test_a_python_step_that_raises_leaves_all_as_it_was_before_its_batch(where, threads):
    failing = False

    def check(place):
        if failing and place == where:
            raise ArithmeticError("not today")

    def forward(x):
        check("forward")
        return x * 2

    def backward(dy, y, x):
        check("backward")
        return dy * 2

    class Double(layers.Layer):
        def call(self, x):
            return ops.py_op(forward, vjp=backward)(x)

    model = Sequential([fastnn.Input((6,)), layers.Dense(64, activation="relu"), Double(), layers.Dense(1)])
    model.compile("adam", "mse")
    with limited(threads):
        model.fit(X, T, verbose=0)
        before, failing = state(model), True
        with pytest.raises(ArithmeticError, match="not today"):
            model.fit(X, T, verbose=0)
        assert state(model) == before
        failing = False
        model.fit(X, T, verbose=0)
    assert state(model) != before


def test_a_python_step_that_trains_its_own_model_is_refused_and_changes_nothing():
    refused = []

    def again(a):
        try:
            model.evaluate(X, T, verbose=0)
        except RuntimeError as error:
            refused.append(str(error))
        return a

    class Again(layers.Layer):
        def call(self, x):
            return ops.py_op(again)(x)

    model = Sequential([fastnn.Input((6,)), Again(), layers.Dense(1)])
    model.compile("sgd", "mse")
    model.evaluate(X, T, verbose=0)
    assert len(refused) == 4 and "cannot run or change it" in refused[0]
