"""Networks described by calling layers on an Input: calling, training, parts, stored form, what is refused."""

import copy
import gc
import json
import pickle
import weakref

import numpy as np
import pytest

import fastnn
from fastnn import Model, Sequential, layers
from fastnn.models import Functional
from fastnn.training.predictor import Predictor

rng = np.random.default_rng(9)
X = rng.normal(size=(60, 6)).astype("float32")
Y = rng.integers(0, 3, 60)


def branched(**kwargs):
    """A network with a skip, a layer called twice, dropout, and several inputs to a layer."""
    inputs = fastnn.Input((6,), name="given")
    twice = layers.Dense(6, activation="relu", name="twice")
    once = twice(inputs)
    again = layers.Dropout(0.5, seed=1, name="dropped")(twice(once))
    both = layers.Concatenate(name="both")([layers.add([inputs, again], name="sum"), once])
    return Model(inputs, layers.Dense(3, activation="softmax", name="classes")(both), **kwargs)


def by_hand(model, x):
    kernel, bias = (w.numpy() for w in model.get_layer("twice").weights)
    once = np.maximum(x @ kernel + bias, 0)
    again = np.maximum(once @ kernel + bias, 0)
    kernel, bias = (w.numpy() for w in model.get_layer("classes").weights)
    logits = np.concatenate([x + again, once], axis=1) @ kernel + bias
    exponentials = np.exp(logits - logits.max(1, keepdims=True))
    return exponentials / exponentials.sum(1, keepdims=True)


def test_what_it_computes():
    model = branched(name="net")
    assert type(model) is Functional
    assert (model.name, model.built, model.input_shape, model.output_shape) == ("net", True, (None, 6), (None, 3))
    expected = by_hand(model, X)
    np.testing.assert_allclose(model(X).numpy(), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X, verbose=0), expected, rtol=1e-5)
    np.testing.assert_allclose(model.predict(X[:1], verbose=0), expected[:1], rtol=1e-5)
    assert (model(X, training=True).numpy() != model(X).numpy()).any()


def test_layers_stand_in_keras_order():
    assert [layer.name for layer in branched().layers] == ["given", "twice", "dropped", "sum", "both", "classes"]
    a = fastnn.Input((2,), name="a")
    long = layers.Dense(2, name="far")(layers.Dense(2, name="farther")(a))
    short = layers.Dense(2, name="near")(a)
    model = Model(a, layers.add([short, long], name="end"))
    assert [layer.name for layer in model.layers] == ["a", "farther", "near", "far", "end"]


def test_trains_as_the_same_network_by_subclassing():
    class Net(Model):
        def __init__(self, parts):
            super().__init__()
            self.twice, self.dropped, self.classes = (parts.get_layer(n) for n in ("twice", "dropped", "classes"))

        def call(self, x):
            once = self.twice(x)
            again = self.dropped(self.twice(once))
            return self.classes(fastnn.ops.concatenate([x + again, once], axis=-1))

    models, histories = [], []
    for wrap in (lambda model: model, Net):
        fastnn.utils.set_random_seed(3)
        model = wrap(branched())
        model.compile("adam", "sparse_categorical_crossentropy", metrics=["accuracy"])
        histories.append(model.fit(X, Y, epochs=3, verbose=0, validation_split=0.25).history)
        models.append(model)
    assert histories[0] == histories[1]
    for a, b in zip(models[0].get_weights(), models[1].get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_chain_has_the_bits_of_a_stack():
    fastnn.utils.set_random_seed(0)
    stack = Sequential([fastnn.Input((6,)), layers.Dense(8, activation="relu"), layers.Dense(3, activation="softmax")])
    chain = Model(stack.inputs, stack.outputs[0])
    twin = Functional.from_config(chain.get_config())
    twin.set_weights(stack.get_weights())
    for model in (stack, twin):
        model.compile("adam", "sparse_categorical_crossentropy")
        fastnn.utils.set_random_seed(1)
        model.fit(X, Y, epochs=2, verbose=0)
    for a, b in zip(stack.get_weights(), twin.get_weights(), strict=True):
        np.testing.assert_array_equal(a, b)
    np.testing.assert_array_equal(chain.predict(X, verbose=0), stack.predict(X, verbose=0))


def test_parts_of_networks_are_networks():
    model = branched()
    features = Model(model.input, model.get_layer("both").output)
    assert features.output_shape == (None, 12)
    kernel, bias = model.get_layer("classes").get_weights()
    logits = features.predict(X, verbose=0) @ kernel + bias
    np.testing.assert_allclose(np.exp(logits) / np.exp(logits).sum(1, keepdims=True), by_hand(model, X), rtol=1e-5)
    assert model.get_layer("classes").input is model.get_layer("both").output
    assert [tensor.name for tensor in model.get_layer("both").input] == ["sum", "twice"]
    with pytest.raises(AttributeError, match="'twice' has been called several times"):
        model.get_layer("twice").output  # noqa: B018
    with pytest.raises(AttributeError, match="has not been called on what Input"):
        layers.Dense(2).output  # noqa: B018


@pytest.mark.parametrize("described", [True, False])
def test_parts_of_stacks_are_networks(described):
    stack = Sequential([layers.Dense(4, activation="relu", name="features"), layers.Dense(2)])
    if described:
        stack = Sequential([fastnn.Input((6,)), *stack.layers])
    else:
        with pytest.raises(AttributeError, match="no defined output"):
            stack.output  # noqa: B018
        stack(X)
    model = Model(stack.input, stack.get_layer("features").output)
    np.testing.assert_array_equal(model.predict(X, verbose=0), stack.layers[0](X).numpy())
    assert model.layers[1] is stack.layers[0]


def test_an_attribute_may_have_the_name_of_a_property():
    class Net(Model):
        def __init__(self):
            super().__init__()
            self.input, self.output = layers.Dense(4), layers.Dense(2)

        def call(self, x):
            return self.output(self.input(x))

    net = Net()
    assert net.predict(X, verbose=0).shape == (60, 2)
    assert len(net.layers) == 2


def test_several_outputs_are_predicted_in_their_structure():
    model = branched()
    several = Model(model.input, {"classes": model.output, "hidden": [model.get_layer("sum").output]})
    predicted = several.predict(X, verbose=0)
    np.testing.assert_array_equal(predicted["classes"], model.predict(X, verbose=0))
    assert predicted["hidden"][0].shape == (60, 6)
    assert several.output_shape == {"classes": (None, 3), "hidden": [(None, 6)]}
    for few in (X, X[:3], X[:3]):
        called = several(few)
        np.testing.assert_allclose(called["classes"].numpy(), predicted["classes"][: len(few)], rtol=1e-5)
        assert called["hidden"][0].shape == (len(few), 6)
    assert [tensor.name for tensor in several.outputs] == ["classes", "sum"]
    several.compile("adam", "mse")
    with pytest.raises(ValueError, match="has several outputs: it can predict, but not be trained"):
        several.fit(X, X, verbose=0)


@pytest.mark.parametrize("kind", [list, tuple])
def test_a_list_of_one_output_is_one_output(kind):
    model = branched()
    one = Model([model.input], kind([model.output]))
    assert (one.output_shape, one.output) == ((None, 3), kind([model.output]))
    np.testing.assert_array_equal(one.predict([X], verbose=0), model.predict(X, verbose=0))
    one.compile("adam", "sparse_categorical_crossentropy")
    assert len(one.fit(X, Y, verbose=0).history["loss"]) == 1
    assert one.get_config()["output_layers"] == kind([["classes", 0, 0]])
    assert Model(model.input, {"only": model.output}).output_shape == (None, 3)


def test_networks_stand_in_networks_and_stacks():
    inner = branched(name="inner")
    inputs = fastnn.Input((6,))
    outer = Model(inputs, layers.Dense(1)(inner(inputs)))
    assert outer.output_shape == (None, 1)
    stack = Sequential([fastnn.Input((6,)), inner, outer.layers[-1]])
    np.testing.assert_array_equal(outer.predict(X, verbose=0), stack.predict(X, verbose=0))
    assert len(outer.trainable_weights) == 6
    inner.trainable = False
    assert len(outer.trainable_weights) == 2
    assert not any(weight.trainable for weight in branched(trainable=False).weights)


def test_rows_are_cut_at_will_only_where_each_stands_for_itself():
    def independent(model):
        return Predictor(model).rows_are_independent()

    inputs = fastnn.Input((6,))
    assert independent(branched())
    assert independent(Model(inputs, branched()(inputs)))
    assert independent(Model(inputs, layers.Dropout(0.5)(inputs, training=False)))
    assert not independent(Model(inputs, layers.Dropout(0.5)(inputs, training=True)))
    assert not independent(Model(inputs, layers.Concatenate(axis=0)([inputs, inputs])))
    assert not independent(Model(inputs, layers.Dense(2, activation=lambda x: x)(inputs)))


def test_calls_keep_their_arguments():
    class Scaled(layers.Layer):
        def call(self, x, factor, shift=0.0):
            return x * factor + shift

        def compute_output_shape(self, input_shape):
            return input_shape

    inputs = fastnn.Input((6,))
    model = Model(inputs, Scaled()(inputs, factor=2.0, shift=inputs))
    np.testing.assert_allclose(model.predict(X, verbose=0), 3 * X, rtol=1e-6)


@pytest.mark.parametrize("described", [None, False, True])
def test_training_of_a_call_counts_for_all_layers(described):
    """What Keras stores of a call has training=False even where nobody said so."""
    inputs = fastnn.Input((6,))
    model = Model(inputs, layers.Dropout(0.5)(inputs, training=described))
    for twin in (model, *twins(model)):
        assert not (twin.predict(X, verbose=0) == 0).any()
        assert not (twin(X, training=False).numpy() == 0).any()
        assert (twin(X, training=True).numpy() == 0).any()
        assert (twin(X[:8]).numpy() == 0).any() == bool(described)
    outer = Sequential([inputs, model])
    assert (outer(X, training=True).numpy() == 0).any()


# ---- stored form ---------------------------------------------------------------------------------------------------


def twins(model):
    config = json.loads(json.dumps(model.get_config()))
    yield Model.from_config(config)
    yield layers.deserialize(json.loads(json.dumps(layers.serialize(model))))
    yield pickle.loads(pickle.dumps(model))
    yield copy.deepcopy(model)


def test_stored_and_copied_networks_compute_the_same():
    model = branched(name="mine")
    for twin in twins(model):
        assert type(twin) is Functional
        assert (twin.name, [layer.name for layer in twin.layers]) == ("mine", [layer.name for layer in model.layers])
        twin.set_weights(model.get_weights())
        np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
        assert json.dumps(twin.get_config()) == json.dumps(model.get_config())
        assert twin.get_layer("both").output.layer is twin.get_layer("both")
        assert not set(map(id, twin.layers)) & set(map(id, model.layers))
    several = Model(model.input, [model.output, {"sum": model.get_layer("sum").output}])
    for twin in twins(several):
        assert twin.output_shape == [(None, 3), {"sum": (None, 6)}]


def test_the_stored_form_is_that_of_keras():
    # What Keras 3.15 stores, less what it notes of how layers were built.
    inputs = fastnn.Input((2,), name="x")
    model = Model(inputs, layers.Add(name="sum")([inputs, layers.ReLU(name="r")(inputs)]), name="net")
    config = model.get_config()
    assert {key: config[key] for key in ("name", "trainable", "input_layers", "output_layers")} == {
        "name": "net",
        "trainable": True,
        "input_layers": ["x", 0, 0],
        "output_layers": ["sum", 0, 0],
    }
    assert [(form["name"], form["class_name"], form["module"]) for form in config["layers"]] == [
        ("x", "InputLayer", "keras.layers"),
        ("r", "ReLU", "keras.layers"),
        ("sum", "Add", "keras.layers"),
    ]

    def tensor(*place):
        history = {"shape": (None, 2), "dtype": "float32", "keras_history": list(place)}
        return {"class_name": "__keras_tensor__", "config": history}

    assert config["layers"][0]["inbound_nodes"] == []
    assert config["layers"][2]["inbound_nodes"] == [{"args": ([tensor("x", 0, 0), tensor("r", 0, 0)],), "kwargs": {}}]
    assert layers.serialize(model)["module"] == "keras.src.models.functional"


def test_models_inside_stored_by_keras_are_called_without_a_mask():
    model = branched()
    inputs = fastnn.Input((6,))
    config = Model(inputs, model(inputs)).get_config()
    config["layers"][1]["inbound_nodes"][0]["kwargs"] = {"mask": None}
    assert Functional.from_config(config).output_shape == (None, 3)


def test_a_stored_form_with_a_layer_missing_is_refused():
    config = branched().get_config()
    del config["layers"][1]
    with pytest.raises(ValueError, match="hang on none that is there"):
        Functional.from_config(config)


def test_long_chains_are_no_recursion_and_go_with_their_last_reference():
    inputs = fastnn.Input((2,))
    x = inputs
    for _ in range(1500):
        x = layers.ReLU()(x)
    model = Model(inputs, x)
    assert len(pickle.loads(pickle.dumps(model)).layers) == 1501
    gone = weakref.ref(model.layers[-1])
    enabled = gc.isenabled()
    gc.disable()
    try:
        del model, x
        assert gone() is None
    finally:
        if enabled:
            gc.enable()


# ---- summary -------------------------------------------------------------------------------------------------------


def summary(model, **settings):
    lines = []
    model.summary(print_fn=lines.append, **settings)
    return "".join(lines)


def test_summary_says_what_layers_are_called_on(monkeypatch):
    monkeypatch.setenv("COLUMNS", "130")
    text = summary(branched(name="net"), show_trainable=True)
    rows = [[field.strip() for field in line.split("│")[1:-1]] for line in text.splitlines() if line.startswith("│")]
    assert [row[3] for row in rows if row[0]] == [
        "-",
        "given[0][0], twice[0][0]",
        "twice[1][0]",
        "given[0][0],",
        "sum[0][0], twice[0][0]",
        "both[0][0]",
    ]
    assert "Connected to" in text
    inputs = fastnn.Input((6,))
    assert "Connected to" not in summary(Model(inputs, layers.Dense(2)(inputs)))


# ---- refusals ------------------------------------------------------------------------------------------------------


def test_refuses_what_is_no_network():
    a, b = fastnn.Input((3,)), fastnn.Input((3,))
    out = layers.Dense(2)(a)
    same = layers.Dense(2, name="same")(layers.Dense(2, name="same")(a))
    for make, error, match in (
        (lambda: Model([a, b], out), NotImplementedError, "several inputs is not supported: it takes one Input"),
        (lambda: Model({"a": a}, out), NotImplementedError, "several inputs is not supported: it takes one Input"),
        (lambda: Model(a, 3), ValueError, r"inputs and outputs of a Model must be what Input\(\).* Received: 3"),
        (lambda: Model(a, []), ValueError, "needs an input and an output"),
        (lambda: Model(a, b), ValueError, "must be made of its inputs, .* alone: they hang on"),
        (lambda: Model(a, layers.add([out, layers.Dense(2)(b)])), ValueError, "alone: they hang on"),
        (lambda: Model(out, layers.Dense(1)(out)), ValueError, "inputs must be what Input.* which a layer has made"),
        (lambda: Model(a, same), ValueError, "The name 'same' is used 2 times in the model"),
        (lambda: Model(a), TypeError, "outputs"),
        (lambda: Model(a, out).build((None, 4)), ValueError, r"takes inputs of shape \(None, 3\)"),
        (lambda: Model(a, out).predict(np.ones((2, 4)), verbose=0), ValueError, "does not fit layer 'input_layer"),
        (lambda: fastnn.ops.relu(a), TypeError, "has no values: it describes data that a model will get. Layers can"),
    ):
        with pytest.raises(error, match=match):
            make()


def test_subclasses_give_no_inputs_to_their_base():
    class Net(Model):
        def __init__(self):
            inputs = fastnn.Input((3,))
            super().__init__(inputs=inputs, outputs=layers.Dense(2)(inputs))

    with pytest.raises(NotImplementedError, match="Net, a subclass of Model, gives inputs and outputs to its base"):
        Net()


def test_layers_of_several_outputs_are_not_described():
    class Two(layers.Layer):
        def call(self, x):
            return x, x

        def compute_output_shape(self, input_shape):
            return input_shape, input_shape

    with pytest.raises(NotImplementedError, match="puts out several tensors"):
        Two()(fastnn.Input((3,)))
