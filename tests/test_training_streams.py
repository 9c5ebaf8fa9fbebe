"""Generators, iterables and functions that yield batches."""

import numpy as np
import pytest
from training_tools import X, Y, batches_of, bits, classifier, state, with_bad

import fastnn


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
    for data in ({"x": make()}, {"x": X, "y": Y}):
        fastnn.utils.set_random_seed(1)
        model = classifier("adam")
        validation = make() if len(data) == 1 else (X, Y)
        history = model.fit(**data, epochs=3, shuffle=False, verbose=0, validation_data=validation)
        results.append((state(model), history.history))
    assert results[0] == results[1]


class IterableOf:
    def __init__(self, function):
        self.function = function

    def __iter__(self):
        return self.function()


@pytest.mark.parametrize(
    ("make", "kind"),
    [(batches_of, "generator"), (lambda: Sequence(), "Sequence"), (lambda: batches_of, "function")],
    ids=["generator", "sequence", "function"],
)
def test_shuffle_is_warned_of_where_a_stream_keeps_its_order(make, kind):
    said = f"`shuffle=True` was passed, but will be ignored since the data `x` was provided as a {kind}. The {kind} is"
    with pytest.warns(UserWarning, match=said) as caught:
        classifier().fit(make(), verbose=0)
    assert len(caught) == 1
    model = classifier()
    model.fit(make(), shuffle=False, verbose=0)
    model.evaluate(make(), verbose=0)
    model.fit(X, Y, validation_data=make(), verbose=0)


def test_a_generator_is_used_up_batch_by_batch():
    model = classifier()
    history = model.fit(batches_of(10), epochs=2, steps_per_epoch=5, shuffle=False, verbose=0)
    assert history.epoch == [0, 1]
    assert int(np.asarray(model.optimizer.iterations)) == 10


def test_a_generator_that_ends_too_soon_interrupts_with_a_warning():
    model = classifier()
    with pytest.warns(UserWarning, match="ran out of data") as caught:
        history = model.fit(batches_of(), epochs=5, shuffle=False, verbose=0)
    assert len(caught) == 1
    assert history.epoch == [0]  # the second had no batch, and no loss
    assert len(history.history["loss"]) == 1
    for batches, epochs in ((6, 1), (6, 3), (4, 3)):
        with pytest.warns(UserWarning, match="ran out of data") as caught:
            history = model.fit(batches_of(), steps_per_epoch=batches, epochs=epochs, shuffle=False, verbose=0)
        assert len(caught) == 1
        assert history.epoch == [0]


@pytest.mark.parametrize("make", [lambda: batches_of, lambda: Sequence()], ids=["function", "sequence"])
@pytest.mark.parametrize(("steps", "expected"), [(4, 12), (2, 6)])
def test_a_stream_begins_anew_where_steps_have_used_it_up(make, steps, expected):
    model = classifier()
    history = model.fit(make(), epochs=3, steps_per_epoch=steps, shuffle=False, verbose=0)
    assert history.epoch == [0, 1, 2]
    assert int(model.optimizer.iterations) == expected


def test_streams_of_weights_and_class_weights():
    model = classifier()
    start = model.get_weights()
    weights = np.array([2.0, 1.0, 0.5])[Y]
    model.fit(lambda: ((x, y, np.array([2.0, 1.0, 0.5])[y]) for x, y in batches_of()), shuffle=False, verbose=0)
    first = bits(model)
    model.set_weights(start)
    model.fit(batches_of, shuffle=False, verbose=0, class_weight={0: 2.0, 2: 0.5})
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


def test_an_iterator_can_be_validated_on_once():
    model = classifier()
    assert "val_loss" in model.fit(X, Y, verbose=0, validation_data=batches_of()).history
    with pytest.raises(ValueError, match="ends with the first validation"):
        model.fit(X, Y, epochs=2, verbose=0, validation_data=batches_of())
    history = model.fit(X, Y, epochs=2, verbose=0, validation_data=batches_of(25), validation_steps=2)
    assert len(history.history["val_loss"]) == 2
    used = batches_of()
    list(used)
    with pytest.raises(ValueError, match="x yields no batches"):
        model.evaluate(used, verbose=0)


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
        model.fit(lambda: iter([(X, Y), (X, Y + 5)]), shuffle=False, verbose=0)
    assert int(np.asarray(model.optimizer.iterations)) == 1


class Told(Sequence):
    def __init__(self):
        self.hooks = []

    def on_epoch_begin(self):
        self.hooks.append("begin")

    def on_epoch_end(self):
        self.hooks.append("end")


@pytest.mark.parametrize("settings", [{}, {"steps_per_epoch": 1}])
def test_a_sequence_is_told_of_epochs(settings):
    data = Told()
    classifier().fit(data, epochs=3, shuffle=False, verbose=0, **settings)
    assert data.hooks == ["begin", "end"] * 3
    data = Told()
    classifier().evaluate(data, verbose=0)
    assert data.hooks == ["begin", "end"]
    data = Told()
    classifier().predict(data, verbose=0)
    assert data.hooks == ["begin", "end"]


def test_a_sequence_may_make_its_order_when_an_epoch_begins():
    class Ordered(Sequence):
        epoch, seen = 0, ()

        def on_epoch_begin(self):
            self.order = np.roll(np.arange(4), -self.epoch)
            self.epoch += 1

        def __getitem__(self, i):
            self.seen += (int(self.order[i]),)
            return super().__getitem__(i)

    data = Ordered()
    classifier().fit(data, epochs=2, shuffle=False, verbose=0)
    assert data.seen == (0, 1, 2, 3, 1, 2, 3, 0)
