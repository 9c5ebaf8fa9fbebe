"""Callbacks: which hooks are called when, what they print, what they do."""

import re
from types import SimpleNamespace

import numpy as np
import pytest

import fastnn
from fastnn import Sequential, callbacks, layers, metrics
from fastnn.callbacks import Callback, CallbackList
from fastnn.callbacks.progbar import Progbar

RNG = np.random.RandomState(0)
X = RNG.rand(100, 6).astype("float32")
Y = RNG.randint(0, 3, 100)
HOOKS = sorted(name for name in vars(Callback) if name.startswith("on_"))


def make(optimizer="sgd", **settings):
    model = Sequential([fastnn.Input((6,)), layers.Dense(8, activation="tanh"), layers.Dense(3, activation="softmax")])
    settings = {"loss": "sparse_categorical_crossentropy", "metrics": ["accuracy"], **settings}
    model.compile(optimizer, **settings)
    return model


class Recorder(Callback):
    """Notes every call: hook, position, names in the logs."""

    def __init__(self, hooks=HOOKS):
        super().__init__()
        self.calls = []
        for hook in hooks:
            setattr(self, hook, self._noting(hook))

    def _noting(self, hook):
        def note(*arguments):
            *position, logs = arguments
            self.calls.append((hook, *position, *sorted(logs)))

        return note


def text_without_times(out):
    """Return printed lines, each as it looks at last, without times."""
    out = re.sub(r"\x1b\[\d*m", "", out.replace("\b", ""))
    out = re.sub(r"\d+(us|ms|s)/step", "T/step", out)
    out = re.sub(r"\b\d+s\b", "Ns", out)
    return [line.rpartition("\r")[2].rstrip() for line in out.removesuffix("\n").split("\n")]


# ---- order of calls ----------------------------------------------------------------------------------


def test_hooks_of_fit_with_validation():
    recorder = Recorder([hook for hook in HOOKS if hook not in ("on_batch_begin", "on_batch_end")])
    make().fit(X, Y, epochs=1, verbose=0, batch_size=30, validation_split=0.4, callbacks=recorder)
    train, validation = ("accuracy", "loss"), ("val_accuracy", "val_loss")
    assert recorder.calls == [
        ("on_train_begin",),
        ("on_epoch_begin", 0),
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 0, *train),
        ("on_train_batch_begin", 1),
        ("on_train_batch_end", 1, *train),
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0, *train),
        ("on_test_batch_begin", 1),
        ("on_test_batch_end", 1, *train),
        ("on_test_end", *train),
        ("on_epoch_end", 0, *train, *validation),
        ("on_train_end", *train, *validation),
    ]
    assert recorder.params == {"verbose": 0, "epochs": 1, "steps": 2}


@pytest.mark.parametrize("verbose", ["auto", True, False, 2])
def test_callbacks_are_told_of_verbose_as_it_was_given(verbose, capsys):
    recorder, model = Recorder(), make()
    told = []
    recorder.set_params = lambda params: told.append(params["verbose"])
    model.fit(X, Y, verbose=verbose, callbacks=recorder)
    model.evaluate(X, Y, verbose=verbose, callbacks=recorder)
    model.predict(X, verbose=verbose, callbacks=recorder)
    assert {(type(each), each) for each in told} == {(type(verbose), verbose)}
    assert bool(capsys.readouterr().out) == bool(verbose)


def test_hooks_of_evaluate_and_predict():
    recorder = Recorder()
    model = make()
    model.evaluate(X, Y, batch_size=50, verbose=0, callbacks=[recorder])
    names = ("accuracy", "loss")
    assert recorder.calls == [
        ("on_test_begin",),
        ("on_test_batch_begin", 0),
        ("on_test_batch_end", 0, *names),
        ("on_test_batch_begin", 1),
        ("on_test_batch_end", 1, *names),
        ("on_test_end", *names),
    ]
    recorder.calls.clear()
    model.predict(X, verbose=0, callbacks=[recorder])
    batches = [
        each for i in range(4) for each in (("on_predict_batch_begin", i), ("on_predict_batch_end", i, "outputs"))
    ]
    assert recorder.calls == [("on_predict_begin",), *batches, ("on_predict_end",)]


def test_old_names_of_batch_hooks():
    class Old(Callback):
        batches = 0

        def on_batch_end(self, batch, logs=None):
            assert set(logs) == {"accuracy", "loss"}
            self.batches += 1

    old = Old()
    make().fit(X, Y, epochs=2, verbose=0, callbacks=old)
    assert old.batches == 8


def test_steps_per_execution_says_how_often_batches_are_looked_at():
    recorder = Recorder(["on_train_batch_begin", "on_train_batch_end"])
    make(steps_per_execution=3).fit(X, Y, batch_size=20, verbose=0, callbacks=recorder)
    assert [call[:2] for call in recorder.calls] == [
        ("on_train_batch_begin", 0),
        ("on_train_batch_end", 2),
        ("on_train_batch_begin", 3),
        ("on_train_batch_end", 5),  # Keras' number, though there are but five batches
    ]


def test_no_batch_begins_where_there_is_none():
    for steps, batches in ((3, [0, 1, 2, 0]), (5, [0, 1, 2, 3] * 2)):
        recorder = Recorder(["on_train_batch_begin"])
        with pytest.warns(UserWarning, match="ran out of data"):
            make().fit(X, Y, batch_size=25, epochs=2, steps_per_epoch=steps, verbose=0, callbacks=recorder)
        assert [call[1] for call in recorder.calls] == batches


def test_callbacks_that_look_at_batches_do_not_change_the_numbers():
    results = []
    for extra in ([], [Recorder(["on_train_batch_end"])]):
        fastnn.utils.set_random_seed(1)
        model = make("adam")
        history = model.fit(X, Y, epochs=3, verbose=0, callbacks=extra)
        results.append((history.history, [w.tobytes() for w in model.get_weights()]))
    assert results[0] == results[1]


def test_logs_of_batches_are_those_since_the_epoch_began():
    seen = []

    class Look(Callback):
        def on_train_batch_end(self, batch, logs=None):
            seen.append(logs["loss"])

    model = make(fastnn.optimizers.SGD(0.0))
    history = model.fit(X, Y, batch_size=50, shuffle=False, verbose=0, callbacks=Look())
    first, second = (model.evaluate(X[i : i + 50], Y[i : i + 50], verbose=0)[0] for i in (0, 50))
    np.testing.assert_allclose(seen, [first, (first + second) / 2], rtol=1e-6)
    assert history.history["loss"] == [seen[-1]]


def test_metrics_can_be_read_at_the_end_of_an_epoch():
    class Look(Callback):
        def on_epoch_end(self, epoch, logs=None):
            assert {k: float(v) for k, v in self.model.get_metrics_result().items()} == logs

    make().fit(X, Y, epochs=2, verbose=0, callbacks=Look())


@pytest.mark.parametrize(("hook", "epochs"), [("on_epoch_end", 1), ("on_epoch_begin", 1), ("on_train_batch_end", 1)])
def test_stop_training(hook, epochs):
    model = make()

    def stop(position, logs):
        model.stop_training = True

    history = model.fit(X, Y, epochs=5, verbose=0, callbacks=callbacks.LambdaCallback(**{hook: stop}))
    assert len(history.epoch) == epochs


# ---- the list ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("bad", [callbacks.EarlyStopping, "early", 3, [object()]])
def test_what_is_no_callback_is_refused(bad):
    model = make()
    before = [w.tobytes() for w in model.get_weights()]
    with pytest.raises(TypeError, match="callbacks must hold Callback instances"):
        model.fit(X, Y, verbose=0, callbacks=bad)
    assert [w.tobytes() for w in model.get_weights()] == before


def test_nested_lists_and_given_history():
    history = callbacks.History()
    model = make()
    assert model.fit(X, Y, verbose=0, callbacks=[[history, [Recorder()]], None]) is history
    assert model.history is history
    assert set(history.history) == {"accuracy", "loss"}


def test_a_ready_list_is_used_as_it_is():
    model = make()
    ready = CallbackList([Recorder()], add_history=True, model=model, epochs=2, steps=4, verbose=0)
    assert model.fit(X, Y, epochs=2, callbacks=ready) is ready.history
    ready.append(Recorder())
    assert len(ready.callbacks) == 3


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_of_the_list_reaches_the_callbacks(hook):
    recorder = Recorder()
    arguments = [7] if hook.count("_") > 1 and not re.search("train_|test_|predict_(begin|end)", hook) else []
    if re.fullmatch("on_(train|test|predict)_(begin|end)", hook):
        arguments = []
    elif not arguments:
        arguments = [7]
    getattr(CallbackList([recorder]), hook)(*arguments, {"loss": 1.0})
    getattr(CallbackList([recorder]), hook)(*arguments)
    assert recorder.calls == [(hook, *arguments, "loss"), (hook, *arguments)]


def test_lambda_callback_refuses_unknown_hooks():
    with pytest.raises(TypeError, match="unknown hook 'on_epoch_ends'"):
        callbacks.LambdaCallback(on_epoch_ends=print)
    with pytest.raises(TypeError, match="on_epoch_end must be a function"):
        callbacks.LambdaCallback(on_epoch_end=3)
    assert callbacks.LambdaCallback(note="x").note == "x"


# ---- what is printed ---------------------------------------------------------------------------------

METRICS = r"accuracy: 0\.\d{4} - loss: \d\.\d{4}"
VALIDATION = r"val_accuracy: 0\.\d{4} - val_loss: \d\.\d{4}"


def assert_lines(out, *patterns):
    lines = text_without_times(out)
    assert len(lines) == len(patterns), lines
    for line, pattern in zip(lines, patterns, strict=True):
        assert re.fullmatch(pattern, line), line


def test_lines_of_fit(capsys):
    make().fit(X, Y, epochs=2, verbose=1, validation_data=(X, Y))
    bar = "━" * 20
    line = f"4/4 {bar} Ns T/step - {METRICS} - {VALIDATION}"
    assert_lines(capsys.readouterr().out, "Epoch 1/2", line, "Epoch 2/2", line)


def test_lines_of_one_epoch_have_no_title(capsys):
    make().fit(X, Y, verbose="auto")
    assert_lines(capsys.readouterr().out, f"4/4 {'━' * 20} Ns T/step - {METRICS}")


def test_lines_of_verbose_2(capsys):
    model = make()
    model.fit(X, Y, epochs=2, verbose=2, validation_split=0.1)
    line = f"3/3 - Ns - T/step - {METRICS} - {VALIDATION}"
    assert_lines(capsys.readouterr().out, "Epoch 1/2", line, "Epoch 2/2", line)
    model.evaluate(X, Y, verbose=2)
    assert_lines(capsys.readouterr().out, f"4/4 - Ns - T/step - {METRICS}")
    model.predict(X, verbose=2)
    assert_lines(capsys.readouterr().out, "4/4 - Ns - T/step")


def test_lines_of_evaluate_and_predict(capsys):
    model = make()
    model.evaluate(X, Y)
    assert_lines(capsys.readouterr().out, f"4/4 {'━' * 20} Ns T/step - {METRICS}")
    model.predict(X)
    assert_lines(capsys.readouterr().out, f"4/4 {'━' * 20} Ns T/step")
    model.predict(X[:1])
    assert_lines(capsys.readouterr().out, f"1/1 {'━' * 20} Ns T/step")


def test_silence(capsys):
    model = make()
    model.fit(X, Y, verbose=0, validation_split=0.2)
    model.evaluate(X, Y, verbose=0)
    model.predict(X, verbose=0)
    assert capsys.readouterr().out == ""


def test_the_bar_shows_the_first_batch_first(capsys):
    make().fit(X, Y, verbose=1)
    first = capsys.readouterr().out.split("\r")[1]
    assert first.startswith("\x1b[1m1/4\x1b[0m \x1b[32m━━━━━\x1b[0m\x1b[37m━━━━━━━━━━━━━━━\x1b[0m \x1b[1m0s\x1b[0m ")


def frozen(monkeypatch, start=1000.0):
    """Give the progress bar a clock that stands where it is put."""
    clock = [start]
    monkeypatch.setattr("fastnn.callbacks.progbar.time.time", lambda: clock[0])
    return clock


def test_bar_character_by_character(monkeypatch, capsys):
    """What Keras 3.15's Progbar wrote for the same calls at the same times."""
    clock = frozen(monkeypatch)
    bar = Progbar(100)
    clock[0] += 0.5
    bar.update(1, [("accuracy", 0.5), ("loss", 0.00012345)], finalize=False)
    clock[0] += 0.01
    bar.update(2, [("accuracy", 0.6)], finalize=False)  # too soon to be shown
    clock[0] += 100
    bar.update(50, [("accuracy", 0.75), ("loss", 1234.5)], finalize=False)
    clock[0] += 7600
    bar.update(60, [("loss", -2.0)], finalize=False)
    bar.update(100, [("accuracy", 1.0), ("loss", 2.0)], finalize=True)
    assert capsys.readouterr().out == (
        "\r\x1b[1m  1/100\x1b[0m \x1b[37m━━━━━━━━━━━━━━━━━━━━\x1b[0m \x1b[1m49s\x1b[0m 500ms/step"
        " - accuracy: 0.5000 - loss: 1.2345e-04" + "\b" * 81 + "\r"
        "\x1b[1m 50/100\x1b[0m \x1b[32m━━━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━━━\x1b[0m \x1b[1m1:42\x1b[0m 2s/step"
        " - accuracy: 0.7500 - loss: 1234.5000   " + "\b" * 78 + "\r"
        "\x1b[1m 60/100\x1b[0m \x1b[32m━━━━━━━━━━━━\x1b[0m\x1b[37m━━━━━━━━\x1b[0m \x1b[1m1:27:00\x1b[0m 131s/step"
        " - accuracy: 0.7500 - loss: -2.0000" + "\b" * 81 + "\r"
        "\x1b[1m100/100\x1b[0m \x1b[32m━━━━━━━━━━━━━━━━━━━━\x1b[0m\x1b[37m\x1b[0m \x1b[1m7701s\x1b[0m 78s/step"
        " - accuracy: 1.0000 - loss: 2.0000    \n"
    )


def test_bar_without_a_target(monkeypatch, capsys):
    clock = frozen(monkeypatch)
    bar = Progbar(None)
    clock[0] += 0.002
    bar.update(3, [("loss", 2.0)], finalize=False)
    clock[0] += 0.06
    bar.update(4, [("loss", 2.5)], finalize=False)
    assert capsys.readouterr().out == (
        "\r      3/Unknown \x1b[1m0s\x1b[0m 667us/step - loss: 2.0000" + "\b" * 44 + "\r"
        "      4/Unknown \x1b[1m0s\x1b[0m 15ms/step - loss: 2.5000 "
    )


def test_bar_verbose_2(monkeypatch, capsys):
    clock = frozen(monkeypatch)
    bar = Progbar(1500, verbose=2)
    clock[0] += 5
    bar.update(10, [("loss", 1.0)], finalize=False)
    bar.update(1500, [("accuracy", 0.75), ("loss", -0.5)], finalize=True)
    assert capsys.readouterr().out == "1500/1500 - 5s - 3ms/step - loss: -5.0000e-01 - accuracy: 0.7500\n"


def test_progress_of_metrics_with_several_values_shows_their_mean(capsys):
    for verbose in (1, 2):
        bar = Progbar(2, verbose)
        bar.update(2, [("f1_score", np.array([0.25, 0.5], "float32")), ("loss", 0.5)], finalize=True)
        assert capsys.readouterr().out.endswith(" - f1_score: 0.3750 - loss: 0.5000\n")


@pytest.mark.parametrize("callback", [callbacks.EarlyStopping, callbacks.ReduceLROnPlateau])
def test_metrics_with_several_values_are_no_goal(callback):
    model = Sequential([layers.Dense(2, activation="softmax")])
    model.compile("sgd", "categorical_crossentropy", metrics=[metrics.F1Score()])
    with pytest.raises(ValueError, match=f"{callback.__name__} needs one number an epoch, but 'f1_score' has 2 values"):
        model.fit(np.ones((4, 3)), np.eye(2)[[0, 1, 0, 1]], verbose=0, callbacks=[callback("f1_score")])


def test_bar_where_stdout_knows_no_box_characters(monkeypatch):
    import io
    import sys

    raw = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(raw, encoding="ascii"))
    Progbar(10).update(5, [], finalize=False)
    assert b"==========" in raw.getvalue()


# ---- each callback -----------------------------------------------------------------------------------


def play(callback, values, monitor="val_loss", model=None):
    """Feed one value an epoch to a callback; return the epoch it stopped at, or None."""
    model = model or make()
    callback.set_model(model)
    model.stop_training = False
    callback.on_train_begin()
    for epoch, value in enumerate(values):
        callback.on_epoch_end(epoch, {monitor: value})
        if model.stop_training:
            break
    callback.on_train_end()
    return epoch if model.stop_training else None


@pytest.mark.parametrize(
    ("settings", "values", "stopped"),
    [
        ({"patience": 2}, [1.0, 0.9, 0.95, 0.93, 0.8], 3),
        ({"patience": 0}, [1.0, 0.9, 0.95], 2),
        ({"patience": 1.5}, [1.0, 2.0, 3.0, 4.0], 2),  # as in Keras
        ({"patience": np.inf}, [1.0, 2.0, 3.0, 4.0], None),
        ({"patience": 2, "min_delta": 0.2}, [1.0, 0.9, 0.85, 0.1], 2),
        ({"patience": 2, "baseline": 0.5}, [1.0, 0.9, 0.95], 2),
        ({"patience": 2, "baseline": 2.0}, [1.0, 0.9, 0.95], None),
        ({"patience": 1, "start_from_epoch": 3}, [1.0, 2.0, 3.0, 4.0, 5.0], 4),
        ({"patience": 1, "mode": "max"}, [1.0, 2.0, 1.5], 2),
        ({"patience": 3}, [1.0, 0.9, 0.8], None),
        ({"patience": 1}, [1.0, float("nan")], 1),
    ],
)
def test_early_stopping(settings, values, stopped):
    assert play(callbacks.EarlyStopping(**settings), values) == stopped


def test_early_stopping_on_accuracy_knows_the_direction():
    stopping = callbacks.EarlyStopping(monitor="val_accuracy", patience=1)
    assert play(stopping, [0.5, 0.6, 0.7, 0.65], "val_accuracy") == 3


UP = "Accuracy AUC Similarity Correlation Score True Precision Recall Sensitivity Specificity".split()


@pytest.mark.parametrize("cls", fastnn.metrics.REGISTRY.classes)
def test_every_metric_knows_its_direction(cls):
    if cls in (fastnn.metrics.Mean, fastnn.metrics.Sum, fastnn.metrics.MeanMetricWrapper):
        return
    up = any(word in cls.__name__ for word in UP)
    wanted = {word.lower(): 0.5 for word in cls.__name__.split("At")[1:]}
    model = SimpleNamespace(metrics=[cls(name="chosen", **wanted)], stop_training=False)
    for callback in (callbacks.EarlyStopping(monitor="val_chosen"), callbacks.ReduceLROnPlateau(monitor="val_chosen")):
        callback.set_model(model)
        callback.on_train_begin()
        assert callback._improves(2.0, 1.0) is up
        assert callback._improves(1.0, 2.0) is not up


def test_a_loss_as_a_metric_is_better_when_smaller():
    model = Sequential([fastnn.Input((4,)), layers.Dense(2)])
    model.compile("sgd", "mse", metrics=[fastnn.losses.mean_absolute_error])
    stopping = callbacks.EarlyStopping(monitor="mean_absolute_error")
    model.fit(np.eye(4), np.ones((4, 2)), verbose=0, callbacks=stopping)
    assert stopping._improves(1.0, 2.0)


def test_a_monitor_without_direction_is_refused_before_training():
    model = make()
    before = [w.copy() for w in model.get_weights()]
    with pytest.raises(ValueError, match="pass mode='max' or mode='min'"):
        model.fit(X, Y, verbose=0, callbacks=callbacks.EarlyStopping(monitor="thing"))
    for a, b in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(a, b)


def test_schedules_may_ask_for_the_epoch_alone():
    rates = make().fit(
        X, Y, epochs=2, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda epoch: 0.1 / (epoch + 1))
    )
    np.testing.assert_allclose(rates.history["learning_rate"], [0.1, 0.05])


def test_early_stopping_puts_the_best_weights_back(capsys):
    model = make(fastnn.optimizers.SGD(0.5))
    stopping = callbacks.EarlyStopping(patience=2, restore_best_weights=True, verbose=1)
    history = model.fit(X, Y, epochs=60, verbose=0, validation_split=0.5, callbacks=stopping)
    losses = history.history["val_loss"]
    assert len(losses) < 60
    assert stopping.best_epoch == int(np.argmin(losses))
    np.testing.assert_allclose(model.evaluate(X[50:], Y[50:], verbose=0)[0], min(losses), rtol=1e-5)
    assert capsys.readouterr().out == (
        f"Epoch {len(losses)}: early stopping\n"
        f"Restoring model weights from the end of the best epoch: {stopping.best_epoch + 1}.\n"
    )


def test_early_stopping_may_watch_what_a_subclass_computes():
    class Gap(callbacks.EarlyStopping):
        def get_monitor_value(self, logs):
            return logs["val_loss"] - logs["loss"]

    stopping = Gap(mode="min")
    history = make().fit(X, Y, epochs=2, verbose=0, validation_split=0.3, callbacks=stopping).history
    gaps = np.subtract(history["val_loss"], history["loss"])
    assert stopping.best == min(gaps)


def test_monitors_that_are_not_there():
    with pytest.warns(UserWarning, match="`val_loss` which is not available. Available metrics are: accuracy,loss"):
        make().fit(X, Y, verbose=0, callbacks=callbacks.EarlyStopping())
    with pytest.warns(UserWarning, match="Learning rate reduction is conditioned on metric `val_loss`"):
        make().fit(X, Y, verbose=0, callbacks=callbacks.ReduceLROnPlateau())
    with pytest.raises(ValueError, match="pass mode='max' or mode='min'"):
        play(callbacks.EarlyStopping(monitor="val_thing"), [1.0], "val_thing")
    with pytest.raises(ValueError, match="mode must be"):
        callbacks.EarlyStopping(mode="maximum")


def constant(epoch, rate):
    return rate


@pytest.mark.parametrize(
    ("make", "bad"),
    [
        (callbacks.EarlyStopping, {"monitor": 5}),
        (callbacks.EarlyStopping, {"min_delta": "a"}),
        (callbacks.EarlyStopping, {"min_delta": np.nan}),
        (callbacks.EarlyStopping, {"patience": "3"}),
        (callbacks.EarlyStopping, {"patience": None}),
        (callbacks.EarlyStopping, {"patience": -1}),
        (callbacks.EarlyStopping, {"verbose": "loud"}),
        (callbacks.EarlyStopping, {"baseline": "x"}),
        (callbacks.EarlyStopping, {"restore_best_weights": "no"}),
        (callbacks.EarlyStopping, {"start_from_epoch": 1.5}),
        (callbacks.ReduceLROnPlateau, {"monitor": None}),
        (callbacks.ReduceLROnPlateau, {"factor": "a"}),
        (callbacks.ReduceLROnPlateau, {"factor": 0.0}),
        (callbacks.ReduceLROnPlateau, {"patience": None}),
        (callbacks.ReduceLROnPlateau, {"verbose": None}),
        (callbacks.ReduceLROnPlateau, {"min_delta": None}),
        (callbacks.ReduceLROnPlateau, {"cooldown": -1}),
        (callbacks.ReduceLROnPlateau, {"min_lr": "0"}),
        (callbacks.LearningRateScheduler, {"schedule": constant, "verbose": "loud"}),
        (callbacks.TerminateOnNaN, {"raise_error": "yes"}),
        (callbacks.CSVLogger, {"filename": "log.csv", "separator": "ab"}),
        (callbacks.CSVLogger, {"filename": "log.csv", "separator": "\n"}),
        (callbacks.CSVLogger, {"filename": "log.csv", "append": "yes"}),
    ],
)
def test_arguments_are_checked_when_a_callback_is_made(make, bad):
    (name, value) = list(bad.items())[-1]
    with pytest.raises(ValueError, match=f"Argument `{name}` must be .* Received: {name}={re.escape(repr(value))}"):
        make(**bad)


def test_callbacks_take_bools_and_numpys_numbers():
    stopping = callbacks.EarlyStopping(min_delta=np.float32(-0.5), patience=np.int64(2), verbose=True, baseline=1)
    assert (stopping.min_delta, stopping.patience, stopping.verbose, stopping.baseline) == (0.5, 2, 1, 1.0)
    stopping = callbacks.EarlyStopping(verbose=np.True_, baseline=np.inf, restore_best_weights=1)
    assert (stopping.verbose, stopping.baseline, stopping.restore_best_weights) == (1, np.inf, True)
    assert callbacks.ReduceLROnPlateau(min_lr=-1).min_lr == -1


def test_learning_rate_scheduler(capsys):
    model = make(fastnn.optimizers.SGD(0.8))
    scheduler = callbacks.LearningRateScheduler(lambda epoch, rate: rate * 0.5, verbose=1)
    history = model.fit(X, Y, epochs=3, verbose=0, callbacks=scheduler)
    np.testing.assert_allclose(history.history["learning_rate"], [0.4, 0.2, 0.1])
    assert capsys.readouterr().out.splitlines()[1] == "Epoch 1: LearningRateScheduler setting learning rate to 0.4."
    for value in ("fast", float("nan"), 3):
        with pytest.raises(ValueError, match="must return a finite float"):
            model.fit(X, Y, verbose=0, callbacks=callbacks.LearningRateScheduler(lambda e, r, v=value: v))
    with pytest.raises(TypeError, match="schedule must be a function"):
        callbacks.LearningRateScheduler(0.1)


def test_a_changed_learning_rate_takes_effect_in_compiled_steps():
    model = make(fastnn.optimizers.SGD(0.5))
    stop = callbacks.LearningRateScheduler(lambda epoch, rate: 0.5 if epoch == 0 else 0.0)
    weights = []
    note = callbacks.LambdaCallback(on_epoch_end=lambda e, logs: weights.append(model.get_weights()[0]))
    model.fit(X, Y, epochs=3, verbose=0, callbacks=[stop, note])
    np.testing.assert_array_equal(weights[0], weights[2])


def test_reduce_on_plateau(capsys):
    model = make(fastnn.optimizers.SGD(1.0))
    settings = {"factor": 0.5, "patience": 1, "cooldown": 1, "min_lr": 0.3, "verbose": 1}
    plateau = callbacks.ReduceLROnPlateau(**settings)
    assert play(plateau, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0], model=model) is None
    assert float(np.asarray(model.optimizer.learning_rate)) == pytest.approx(0.3)
    lines = capsys.readouterr().out.split("\n\n")
    assert lines[0].strip() == "Epoch 2: ReduceLROnPlateau reducing learning rate to 0.5."
    assert len(lines) == 2
    with pytest.raises(ValueError, match="factor"):
        callbacks.ReduceLROnPlateau(factor=1.0)


def test_csv_logger(tmp_path):
    path = tmp_path / "기록.csv"
    model = make()
    history = model.fit(X, Y, epochs=2, verbose=0, callbacks=callbacks.CSVLogger(path))
    rows = [line.split(",") for line in path.read_text(encoding="utf-8").splitlines()]
    assert rows[0] == ["epoch", "accuracy", "loss", "val_accuracy", "val_loss"]
    assert rows[1][0] == "0"
    assert [float(row[2]) for row in rows[1:]] == history.history["loss"]
    assert rows[2][3:] == ["NA", "NA"]
    logger = callbacks.CSVLogger(path, separator=";", append=True)
    model.fit(X, Y, epochs=1, verbose=0, validation_split=0.2, callbacks=logger)
    lines = path.read_text(encoding="utf-8").splitlines()
    assert len(lines) == 4
    assert lines[3].count(";") == 4


@pytest.mark.parametrize("raise_error", [False, True])
def test_terminate_on_nan(raise_error, capsys):
    model = Sequential([layers.Dense(8, input_dim=6)])
    model.compile(fastnn.optimizers.SGD(1e30), "mse")
    before = model.get_weights()
    callback = callbacks.TerminateOnNaN(raise_error)
    targets = np.full((100, 8), 1e10, "float32")
    if raise_error:
        with pytest.raises(RuntimeError, match="NaN or Inf loss encountered at batch"):
            model.fit(X, targets, epochs=3, verbose=0, callbacks=callback)
        return
    history = model.fit(X, targets, epochs=3, verbose=0, callbacks=callback)
    assert len(history.epoch) == 1
    assert "Invalid loss, terminating training" in capsys.readouterr().out
    for now, then in zip(model.get_weights(), before, strict=True):
        np.testing.assert_array_equal(now, then)
