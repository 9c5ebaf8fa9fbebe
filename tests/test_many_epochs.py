"""Many epochs in one call of C give what epochs run one by one give, and are used only where nobody can tell."""

import numpy as np
import pytest
from training_tools import T, X, Y, classifier, regressor, state

import fastnn
from fastnn import DivergenceError, Sequential, layers, ops, sequence
from fastnn.training import many_epochs


@pytest.fixture
def stretches(monkeypatch):
    """The numbers of epochs that were run in one go."""
    counts = []
    original = many_epochs.ManyEpochs.run

    def watched(self, epoch, count, *others):
        counts.append(count)
        return original(self, epoch, count, *others)

    monkeypatch.setattr(many_epochs.ManyEpochs, "run", watched)
    return counts


def one_by_one():
    """A callback that makes every epoch return to Python."""
    return fastnn.callbacks.LambdaCallback(on_epoch_end=lambda epoch, logs: None)


def dropout_net():
    model = Sequential([layers.Dense(8, "tanh"), layers.Dropout(0.3), layers.Dense(3, "softmax")])
    model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"], weighted_metrics=["accuracy"])
    return model


def decaying():
    return regressor(fastnn.optimizers.Adam(fastnn.optimizers.schedules.ExponentialDecay(0.01, 10, 0.9)))


CASES = {
    "classifier": (lambda: classifier("adam"), {"x": X, "y": Y}),
    "short last batch": (lambda: regressor("rmsprop"), {"x": X, "y": T, "batch_size": 32}),
    "one batch": (lambda: regressor("sgd"), {"x": X, "y": T, "batch_size": 100}),
    "one batch with weights": (dropout_net, {"x": X, "y": Y, "batch_size": 100, "sample_weight": np.arange(100.0)}),
    "only a short batch": (lambda: regressor("sgd"), {"x": X, "y": T, "batch_size": 1000}),
    "in order": (lambda: regressor("adam"), {"x": X, "y": T, "shuffle": False}),
    "dropout": (dropout_net, {"x": X, "y": Y, "class_weight": {0: 2.0}}),
    "schedule": (decaying, {"x": X, "y": T}),
    "integers": (lambda: regressor("sgd"), {"x": (X * 9).astype("uint8"), "y": T}),
}


@pytest.mark.parametrize("name", sorted(CASES))
def test_the_same_bits_as_one_by_one(name, stretches):
    make, data = CASES[name]
    found = []
    for callbacks in (None, one_by_one()):
        fastnn.utils.set_random_seed(7)
        model = make()
        model.fit(**data, epochs=3, verbose=0, callbacks=callbacks)
        history = model.fit(**data, epochs=40, initial_epoch=3, verbose=0, callbacks=callbacks)
        found.append((state(model), history.history, history.epoch, model.evaluate(X, data["y"], verbose=0)))
        assert model.history is history
    assert found[0] == found[1]
    assert found[0][2] == list(range(3, 40))
    assert sum(stretches) >= 30


def refuse(**settings):
    return {"x": X, "y": T, "verbose": 0, "epochs": 10, **settings}


class Watching(fastnn.callbacks.History):
    def on_epoch_end(self, epoch, logs=None):
        super().on_epoch_end(epoch, logs)


@pytest.mark.parametrize(
    "settings",
    [
        {"verbose": 2},
        {"validation_split": 0.2},
        {"steps_per_epoch": 2, "batch_size": 25},
        {"callbacks": fastnn.callbacks.EarlyStopping("loss", patience=99)},
        {"callbacks": fastnn.callbacks.LambdaCallback(on_epoch_begin=lambda epoch, logs: None)},
        {"callbacks": fastnn.callbacks.LambdaCallback(on_train_batch_end=lambda batch, logs: None)},
        {"callbacks": Watching()},
        {"x": lambda: iter([(X, T)]), "y": None, "shuffle": False},
    ],
    ids=["lines", "validation", "part of an epoch", "stopping", "begin", "batches", "own history", "stream"],
)
def test_who_needs_python_gets_it(settings, stretches, capsys):
    model = regressor()
    assert len(model.fit(**refuse(**settings)).epoch) == 10
    assert stretches == []


def test_steps_and_metrics_in_python_stay_there(stretches):
    seen = []
    look = ops.py_op(lambda x: seen.append(len(seen)) or x, lambda dy, y, x: dy)
    model = Sequential([layers.Dense(1), _Calls(look)])
    model.compile("sgd", "mse")
    model.fit(X, T, epochs=5, verbose=0)
    assert len(seen) >= 20

    class Vector(fastnn.metrics.Metric):
        def __init__(self):
            super().__init__(name="vector")
            self.total = self.add_variable((2,))

        def update_state(self, y_true, y_pred, sample_weight=None):
            self.total.assign_add(ops.ones((2,)))

        def result(self):
            return self.total.value

    model = regressor(metrics=[Vector()])
    history = model.fit(X, T, epochs=5, verbose=0)
    assert [row.tolist() for row in history.history["vector"]] == [[4, 4]] * 5
    assert stretches == []


class _Calls(layers.Layer):
    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, x):
        return self.function(x)


def diverging(steps=100):
    """A model whose learning rate explodes in a step after 25 epochs of 4 steps."""
    rate = fastnn.optimizers.schedules.PiecewiseConstantDecay([steps - 1], [0.01, 1e30])
    return regressor(fastnn.optimizers.SGD(rate))


@pytest.mark.parametrize(("steps", "epoch", "step"), [(100, 26, 2), (101, 26, 3), (102, 26, 4), (103, 27, 1)])
def test_divergence_is_that_of_epochs_one_by_one(steps, epoch, step, stretches):
    found = []
    for callbacks in (None, one_by_one()):
        fastnn.utils.set_random_seed(7)
        model = diverging(steps)
        with pytest.raises(DivergenceError, match="end of epoch") as caught:
            model.fit(X, T, epochs=300, verbose=0, callbacks=callbacks)
        found.append((state(model), str(caught.value), model.history.history))
        model.compile("sgd", "mse")
        model.set_weights([np.zeros((6, 1)), np.zeros(1)])
        found[-1] += (model.fit(X, T, verbose=0, batch_size=10).history,)  # in the same order
        assert (caught.value.epoch, caught.value.step) == (epoch, step)
    assert found[0] == found[1]
    assert stretches


def test_weights_broken_by_the_last_step_of_an_epoch():
    """Of the last epoch the loss is finite, only the weights tell."""
    model = regressor(fastnn.optimizers.SGD(fastnn.optimizers.schedules.PiecewiseConstantDecay([30], [1e-3, 3e38])))
    model.fit(X, T * 100, epochs=1, verbose=0, batch_size=100)
    with pytest.raises(DivergenceError, match="epoch 31, step 1: a weight is NaN or infinite") as caught:
        model.fit(X, T * 100, epochs=31, verbose=0, batch_size=100)
    assert caught.value.epoch == 31
    assert len(model.history.epoch) == 30
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_terminate_on_nan_looks_at_batches(stretches):
    model = diverging()
    history = model.fit(X, T, epochs=50, verbose=0, callbacks=fastnn.callbacks.TerminateOnNaN())
    assert len(history.epoch) == 26
    assert stretches == []


def test_an_interrupt_keeps_the_history_of_what_was_done(monkeypatch):
    """The signal arrives as soon as C has returned."""
    original = sequence.Sequence.run

    def interrupted(self, *arguments):
        original(self, *arguments)
        raise KeyboardInterrupt

    model = regressor()
    monkeypatch.setattr(sequence.Sequence, "run", interrupted)
    with pytest.raises(KeyboardInterrupt):
        model.fit(X, T, epochs=20, verbose=0)
    assert model.history.epoch == list(range(len(model.history.history["loss"])))
    assert len(model.history.epoch) == 20


def test_a_fit_within_a_fit_undoes_its_own_epochs():
    """Each goes back to the end of its own last finite epoch."""
    model = regressor(fastnn.optimizers.SGD(fastnn.optimizers.schedules.PiecewiseConstantDecay([43], [1e-3, 3e38])))
    model.fit(X, T * 100, verbose=0, batch_size=100)  # leaves what the next ones use
    before = []

    def fit_again(epoch, logs):
        model.fit(X, T * 100, epochs=10, verbose=0, batch_size=100)
        before.append(model.get_weights())

    callback = fastnn.callbacks.LambdaCallback(on_epoch_begin=fit_again)
    with pytest.raises(DivergenceError, match="the end of epoch 3"):
        model.fit(X, T * 100, epochs=9, verbose=0, batch_size=100, callbacks=callback)
    assert len(before) == 4
    assert all(np.isfinite(w).all() for w in model.get_weights())


def test_a_second_fit_takes_what_the_first_one_made(stretches):
    model = regressor("adam")
    model.fit(X, T, epochs=20, verbose=0)
    made = model._runtime._snapshot, *model._runtime._many_epochs._programs.values()
    assert sum(stretches) == 19  # the first epoch told how long one takes
    model.fit(X, T, epochs=20, verbose=0)
    assert made == (model._runtime._snapshot, *model._runtime._many_epochs._programs.values())
    assert sum(stretches) == 39
    model.layers[0].trainable = False
    model.compile("adam", "mse")
    assert model._runtime._snapshot is None


def test_epochs_find_their_data_again(stretches, monkeypatch):
    """Another thread may have trained the model on others in between."""
    original = many_epochs.ManyEpochs.ahead

    def elsewhere(many, epoch, epochs):
        with monkeypatch.context() as inside:
            inside.setattr(many_epochs.ManyEpochs, "ahead", original)
            model.fit(X, T + 3, batch_size=25, verbose=0)
        return original(many, epoch, epochs)

    monkeypatch.setattr(many_epochs.ManyEpochs, "ahead", elsewhere)
    model = regressor(fastnn.optimizers.SGD(0.0))
    model.set_weights([np.zeros((6, 1)), np.zeros(1)])
    history = model.fit(X, T, batch_size=25, epochs=20, verbose=0).history
    np.testing.assert_allclose(history["loss"], (T**2).mean(), rtol=1e-5)
    assert sum(stretches) == 19


def test_doubts_end_with_the_fit_that_had_them(stretches):
    model = regressor(fastnn.optimizers.SGD(0.1))
    with pytest.raises(DivergenceError, match="the end of epoch"):
        model.fit(3 * X, T, epochs=300, verbose=0)
    many = list(model._runtime._many_epochs._programs.values())
    model.set_weights([np.zeros((6, 1)), np.zeros(1)])
    stretches.clear()
    model.fit(X, T, epochs=20, verbose=0)
    assert many == list(model._runtime._many_epochs._programs.values())
    assert sum(stretches) >= 19


def test_a_fit_leaves_no_copies_of_the_weights():
    model = regressor("adam")
    model.fit(X, T, verbose=0)
    assert model._runtime._snapshot.variables
    assert model._runtime._snapshot._copies == []
