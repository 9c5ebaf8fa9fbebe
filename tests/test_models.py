"""Sequential and subclassed models: stacking, building, shapes, calling."""

import copy
import gc
import pickle
import weakref

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Model, Sequential, Tensor, layers, ops
from fastnn.tensor import TracingError

X = np.linspace(-1, 1, 24, dtype="float32").reshape(6, 4)


class Net(Model):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.hidden = layers.Dense(8, activation="relu")
        self.dropout = layers.Dropout(0.5)
        self.out = layers.Dense(2)

    def call(self, x, training=None):
        return self.out(self.dropout(self.hidden(x), training=training))


def by_hand(model, x):
    """Forward pass of a stack of linear Dense layers."""
    for layer in model.layers:
        x = x @ layer.kernel.numpy() + layer.bias.numpy()
    return x


# ---- stacking ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "make",
    [
        lambda: Sequential([layers.Dense(3, input_shape=(4,)), layers.Dense(2)]),
        lambda: Sequential([layers.Dense(3, input_dim=4), layers.Dense(2)]),
        lambda: Sequential([fastnn.Input((4,)), layers.Dense(3), layers.Dense(2)]),
        lambda: Sequential([layers.InputLayer((4,)), layers.Dense(3), layers.Dense(2)]),
        lambda: Sequential((fastnn.Input((4,)), layers.Dense(3), layers.Dense(2))),
        lambda: Sequential([Sequential([layers.Dense(3, input_dim=4)]), layers.Dense(2)]),
    ],
)
def test_built_at_once(make):
    model = make()
    assert model.built
    assert model.input_shape == (None, 4)
    assert model.output_shape == (None, 2)
    assert [w.shape for w in model.get_weights()] == [(4, 3), (3,), (3, 2), (2,)]
    assert model.count_params() == 23
    assert len(model.layers) == 2


def test_add_builds_as_it_goes():
    model = Sequential(name="층 쌓기")
    model.add(layers.Dense(3, input_shape=(4,)))
    kernel = model.get_weights()[0]
    model.add(layers.Dense(2, name="출력 층"))
    assert model.output_shape == (None, 2)
    assert model.name == "층 쌓기"
    assert model.get_layer("출력 층") is model.layers[1] is model.get_layer(index=1) is model.get_layer(index=-1)
    np.testing.assert_array_equal(model.get_weights()[0], kernel)


def test_a_bare_layer_is_a_stack_of_one():
    model = Sequential(layers.Dense(3))
    assert len(model.layers) == 1
    assert model(X).shape == (6, 3)


def test_lazily_built():
    model = Sequential([layers.Dense(3), layers.Dense(2)])
    assert not model.built
    assert model.weights == []
    with pytest.raises(AttributeError, match="has no defined output shape yet"):
        _ = model.output_shape
    assert model.compute_output_shape((None, 4)) == (None, 2)
    assert not model.built
    model.build((None, 4))
    assert model.input_shape == (None, 4)
    assert len(model.weights) == 4
    np.testing.assert_allclose(model(X).numpy(), by_hand(model, X), rtol=1e-5)


def test_pop():
    model = Sequential([layers.Dense(3, input_dim=4), layers.Dense(2)])
    last = model.layers[1]
    assert model(X).shape == (6, 2)
    assert model.pop() is last
    assert model.output_shape == (None, 3)
    assert model(X).shape == (6, 3)
    model.pop()
    with pytest.raises(ValueError, match="no layers to pop"):
        model.pop()


def test_a_stack_that_data_have_built_stays_built_when_it_changes():
    model = Sequential([layers.Dense(3), layers.Dense(2)])
    model(X)
    first = model.layers[0].get_weights()
    model.pop()
    assert model.built
    assert model.output_shape == (None, 3)
    model.add(layers.Dense(5))
    assert [w.shape for w in model.get_weights()] == [(4, 3), (3,), (3, 5), (5,)]
    np.testing.assert_array_equal(model.get_weights()[0], first[0])
    np.testing.assert_allclose(model.predict(X, verbose=0), by_hand(model, X), rtol=1e-5, atol=1e-6)
    model.pop()
    model.pop()
    assert not model.built
    model.add(layers.Dense(1))
    assert model.count_params() == 5


def test_a_layer_that_does_not_fit_is_not_added():
    model = Sequential([layers.Dense(3, input_dim=4)])
    weights = model.get_weights()
    with pytest.raises(ValueError, match="cannot reshape"):
        model.add(layers.Reshape((7,)))
    assert len(model.layers) == 1
    assert model.output_shape == (None, 3)
    np.testing.assert_array_equal(model.get_weights()[0], weights[0])


def test_layers_shared_by_two_models_share_weights():
    shared = layers.Dense(3)
    first, second = (Sequential([fastnn.Input((4,)), shared]) for _ in range(2))
    second.set_weights([np.ones((4, 3)), np.zeros(3)])
    np.testing.assert_array_equal(first.get_weights()[0], np.ones((4, 3)))


def test_a_used_layer_refuses_other_inputs():
    dense = layers.Dense(3, input_dim=4, name="쓴 층")
    Sequential([dense])
    with pytest.raises(ValueError, match=r'layer "쓴 층" is incompatible.*value 4.*\(2, 5\)'):
        Sequential([fastnn.Input((5,)), dense])


@pytest.mark.parametrize(
    ("content", "error", "match"),
    [
        ([layers.Dense], ValueError, "not the class"),
        (["dense"], ValueError, "Only instances of Layer"),
        (3, ValueError, "Only instances of Layer"),
        ([layers.Dense(2, name="a"), layers.Dense(3, name="a")], ValueError, "names of their own, but 'a'"),
        ([layers.Dense(2), fastnn.Input((3,))], ValueError, "must be the first"),
    ],
)
def test_bad_stacks(content, error, match):
    with pytest.raises(error, match=match):
        Sequential(content)


def shared_stack():
    dense, noise = layers.Dense(3, activation="tanh", kernel_initializer="identity", name="d"), layers.Dropout(0.2)
    return Sequential([fastnn.Input((3,)), dense, noise, dense, noise, layers.Dense(2)])


def test_a_layer_that_stands_twice_has_its_weights_once():
    model = shared_stack()
    assert [a is b for a, b in zip(model.layers, model.layers[2:], strict=False)] == [True, True, False]
    assert [each.shape for each in model.get_weights()] == [(3, 3), (3,), (3, 2), (2,)]
    assert model.count_params() == 20


@pytest.mark.parametrize("copied", [lambda m: pickle.loads(pickle.dumps(m)), lambda m: m.from_config(m.get_config())])
def test_a_layer_that_stands_twice_is_one_layer_in_copies(copied):
    model = shared_stack()
    copy_of_it = copied(model)
    assert [a is b for a, b in zip(copy_of_it.layers, copy_of_it.layers[2:], strict=False)] == [True, True, False]
    copy_of_it.set_weights(model.get_weights())
    x = np.linspace(-1, 1, 12, dtype="float32").reshape(4, 3)
    np.testing.assert_array_equal(copy_of_it.predict(x, verbose=0), model.predict(x, verbose=0))


def test_a_layer_that_stands_twice_is_trained_by_both_gradients():
    x = np.linspace(-1, 1, 48, dtype="float32").reshape(16, 3)
    dense, last = layers.Dense(3, "tanh", kernel_initializer="identity"), layers.Dense(1, kernel_initializer="ones")
    model = Sequential([fastnn.Input((3,)), dense, dense, last])
    with GradientTape() as tape:
        loss = ops.mean(ops.square(model(x) - 1.0))
    before, step = dense.kernel.numpy().copy(), tape.gradient(loss, dense.kernel).numpy()
    model.compile("sgd", "mse")
    model.fit(x, np.ones((16, 1)), batch_size=16, verbose=0)
    np.testing.assert_allclose(dense.kernel.numpy(), before - np.float32(0.01) * step, rtol=1e-5)


def test_the_summary_shows_a_layer_in_both_places():
    noise, lines = layers.Dropout(0.2, name="noise"), []
    Sequential([fastnn.Input((4,)), noise, layers.Dense(3), noise]).summary(print_fn=lines.append)
    # Keras 3.15, too, shows the last shape in both.
    assert ["(None, 3)" in line for line in lines[0].splitlines() if "noise" in line] == [True, True]


def stored(**config):
    return {"module": "keras.layers", "class_name": "Dense", "config": {"units": 3, **config}}


@pytest.mark.parametrize(
    ("form", "said"),
    [
        (None, "a list of 'layers', got None"),
        ({}, "a list of 'layers', got {}"),
        ({"layers": "Dense"}, "a list of 'layers'"),
        ({"layers": [{"class_name": ["Dense"], "config": {}}]}, "a dict with 'class_name' and 'config'"),
        ({"layers": [{"class_name": None}]}, "a dict with 'class_name' and 'config'"),
        ({"layers": [{"class_name": "Dense", "config": "units"}]}, "must be a dict, got 'units'"),
        ({"layers": [{"module": "os", "class_name": "system", "config": {}}]}, "Unknown layer 'system'"),
        (
            {"layers": [stored(activation={"class_name": "function", "config": ["relu"]})]},
            "the name of a function, got",
        ),
        ({"layers": [stored(activation={"class_name": "function", "config": "eval"})]}, "Unknown activation 'eval'"),
        ({"layers": [stored(dtype={"class_name": "DTypePolicy", "config": "x"})]}, "`dtype` must be"),
        ({"layers": [stored(kernel_initializer={"class_name": "HeNormal", "config": {"seed": {}}})]}, "`seed` must be"),
    ],
)
@pytest.mark.parametrize("custom_objects", [None, {"Known": layers.Dense}], ids=["", "custom objects"])
def test_stored_forms_of_strangers_are_refused_by_what_is_wrong(form, said, custom_objects):
    with pytest.raises(ValueError, match=said):
        Sequential.from_config(form, custom_objects)


def test_stored_layers_of_one_name_must_be_equal():
    config = Sequential([fastnn.Input((3,)), layers.Dense(3, name="d"), layers.Dense(3, name="e")]).get_config()
    config["layers"][2]["config"] = {**config["layers"][2]["config"], "name": "d", "activation": "relu"}
    with pytest.raises(ValueError, match="names of their own, but 'd'"):
        Sequential.from_config(config)


def test_build_errors():
    with pytest.raises(ValueError, match="has no layers"):
        Sequential().build((None, 3))
    with pytest.raises(ValueError, match="needs the shape of its inputs"):
        Sequential([layers.Dense(2)]).build()
    with pytest.raises(ValueError, match=r"built already.*\(None, 5\)"):
        Sequential([fastnn.Input((4,)), layers.Dense(2)]).build((None, 5))
    with pytest.raises(ValueError, match=r"the last of a known size above 0. Received: input_shape=\(None, None\)"):
        Sequential([layers.Dense(2)]).build((None, None))
    with pytest.raises(ValueError, match="the shape of a row must be known"):
        Net().build((None, None))
    with pytest.raises(ValueError, match="has no layers"):
        Sequential().predict(X, verbose=0)


class Averaged(layers.Layer):
    def __init__(self, **kwargs):
        super().__init__(**kwargs)
        self.inner = layers.Dense(2)

    def call(self, x):
        return ops.mean(self.inner(x), axis=1)


def test_rows_of_unknown_sizes():
    content = [layers.Dense(3), layers.Dropout(0.5), layers.LayerNormalization(), Sequential([layers.Dense(2)])]
    model = Sequential([fastnn.Input((None, 4)), *content])
    assert model.built
    assert model.output_shape == (None, None, 2)
    assert [layer.output_shape for layer in model.layers[-1:]] == [(None, None, 2)]
    assert Sequential.from_config(model.get_config()).input_shape == (None, None, 4)
    model.add(Averaged())
    assert model.output_shape == (None, 2)
    assert len(model.weights) == 8
    model.compile("sgd", "mse")
    for length in (5, 7):
        x = np.ones((6, length, 4), "float32")
        assert model.predict(x, verbose=0).shape == model(x).shape == (6, 2)
        model.fit(((part, x[:, 0, :2]) for part in (x[:, :2], x)), shuffle=False, verbose=0)
        assert np.isfinite(model.evaluate(x, x[:, 0, :2], verbose=0))
    with pytest.raises(ValueError, match=r"it takes rows of shape \(None, 4\), got \(5, 3\)"):
        model.predict(np.ones((6, 5, 3)), verbose=0)


def test_get_layer_errors():
    model = Sequential([layers.Dense(2, name="은닉")])
    for arguments in ({}, {"name": "은닉", "index": 0}):
        with pytest.raises(ValueError, match="either a layer name or a layer index"):
            model.get_layer(**arguments)
    with pytest.raises(ValueError, match=r"No such layer: 숨은. Existing layers are: \['은닉'\]"):
        model.get_layer("숨은")
    with pytest.raises(ValueError, match="only has 1 layers"):
        model.get_layer(index=1)


def test_config_round_trip():
    model = Sequential(
        [
            layers.Flatten(input_shape=(2, 2)),
            layers.Dense(3, activation="tanh", kernel_regularizer="l2"),
            Sequential([layers.Dropout(0.3), layers.Dense(2)], name="안"),
        ],
        name="밖",
    )
    config = model.get_config()
    twin = Sequential.from_config(config)
    assert twin.get_config() == config
    assert twin.output_shape == (None, 2)
    twin.set_weights(model.get_weights())
    images = X.reshape(6, 2, 2)
    np.testing.assert_array_equal(twin.predict(images, verbose=0), model.predict(images, verbose=0))


class Doubled(layers.Layer):
    def __init__(self, inner, **kwargs):
        super().__init__(**kwargs)
        self.inner = inner

    def call(self, x):
        return 2 * self.inner(x)

    def get_config(self):
        return {**super().get_config(), "inner": layers.serialize(self.inner)}

    @classmethod
    def from_config(cls, config):
        return cls(**{**config, "inner": layers.deserialize(config["inner"])})


def test_a_stack_is_stored_as_a_layer_as_keras_stores_it():
    stack = Sequential([layers.Dense(3), layers.ReLU()], name="stack")
    form = layers.serialize(stack)
    assert (form["module"], form["class_name"], form["registered_name"]) == ("keras", "Sequential", None)
    assert layers.deserialize(form).get_config() == stack.get_config()
    model = Sequential([fastnn.Input((4,)), Doubled(stack), layers.Dense(1)])
    twin = Sequential.from_config(model.get_config(), {"Doubled": Doubled})
    twin.set_weights(model.get_weights())
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))


def tripled(x):
    return x * 3.0


class Sum(fastnn.regularizers.Regularizer):
    def __init__(self, factor):
        self.factor = factor

    def __call__(self, weight):
        return self.factor * ops.sum(weight)

    def get_config(self):
        return {"factor": self.factor}


class Threes(fastnn.initializers.Initializer):
    def __call__(self, shape, dtype=None):
        return ops.ones(shape, dtype) * 3


def test_custom_objects_count_for_all_parts():
    dense = layers.Dense(2, activation=tripled, kernel_regularizer=Sum(0.5), kernel_initializer=Threes())
    inside = Sequential([Doubled(Sequential([dense]))])
    model = Sequential([fastnn.Input((4,)), inside])
    custom_objects = {each.__name__: each for each in (Doubled, Sum, Threes, tripled)}
    twin = Sequential.from_config(model.get_config(), custom_objects)
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    assert float(twin.losses[0]) == 0.5 * 3 * 8
    for name in custom_objects:
        rest = {key: value for key, value in custom_objects.items() if key != name}
        with pytest.raises(ValueError, match=f"Unknown .* '{name}'"):
            Sequential.from_config(model.get_config(), rest)
    with pytest.raises(ValueError, match="Unknown layer 'Doubled'"):
        Sequential.from_config(model.get_config())


class Summed(Model):
    def __init__(self, regularizer=None, **kwargs):
        super().__init__(**kwargs)
        self.out = layers.Dense(1, kernel_regularizer=regularizer)

    def call(self, x):
        return self.out(x)

    def get_config(self):
        return {**super().get_config(), "regularizer": fastnn.regularizers.serialize(self.out.kernel_regularizer)}


def test_custom_objects_count_for_parts_of_a_subclass():
    config = Summed(Sum(0.5)).get_config()
    assert Summed.from_config(config, {"Sum": Sum}).out.kernel_regularizer.factor == 0.5
    with pytest.raises(ValueError, match="Unknown regularizer 'Sum'"):
        Summed.from_config(config)


def test_config_of_a_lazily_built_model():
    model = Sequential([layers.Dense(3)])
    assert not Sequential.from_config(model.get_config()).built
    model.build((None, 4))
    assert Sequential.from_config(model.get_config()).input_shape == (None, 4)


# ---- calling -----------------------------------------------------------------------------------------


def test_call_takes_arrays_tensors_and_lists_of_rows():
    model = Sequential([layers.Dense(3, input_dim=4)])
    expected = by_hand(model, X)
    for x in (X, X.astype("float64"), Tensor(X), np.asfortranarray(X)):
        result = model(x)
        assert isinstance(result, Tensor)
        assert result.dtype == "float32"
        np.testing.assert_allclose(result.numpy(), expected, rtol=1e-5, atol=1e-6)


def test_calls_through_programs_give_the_bits_of_eager_calls():
    model = Sequential([layers.Dense(7, "relu", input_dim=4), layers.Dense(3, "softmax")])
    quick = [model(X).numpy() for _ in range(3)]
    with GradientTape():  # a tape needs the ops themselves
        slow = model(X).numpy()
    for each in quick:
        np.testing.assert_array_equal(each, slow)
    assert model._runtime.predictor.few(X) is not None


def test_calls_see_new_weights():
    model = Sequential([layers.Dense(3, input_dim=4)])
    model(X)
    model.set_weights([np.zeros((4, 3)), np.ones(3)])
    np.testing.assert_array_equal(model(X).numpy(), np.ones((6, 3)))
    np.testing.assert_array_equal(model.predict(X, verbose=0), np.ones((6, 3)))


def test_results_of_calls_are_not_overwritten_by_the_next():
    model = Sequential([layers.Dense(3, input_dim=4)])
    first = model(X)
    before = first.numpy().copy()
    model(X + 1)
    np.testing.assert_array_equal(first.numpy(), before)


def test_a_tape_sees_through_a_model():
    model = Sequential([layers.Dense(1, input_dim=4)])
    model(X)  # a program for these rows exists
    with GradientTape() as tape:
        loss = ops.sum(model(X))
    gradients = tape.gradient(loss, model.trainable_variables)
    np.testing.assert_allclose(gradients[0].numpy()[:, 0], X.sum(axis=0), rtol=1e-5, atol=1e-6)


def test_training_argument_reaches_the_layers():
    model = Sequential([layers.Dropout(0.5, input_shape=(4,))])
    ones = np.ones((50, 4), "float32")
    np.testing.assert_array_equal(model(ones).numpy(), ones)
    assert set(np.unique(model(ones, training=True).numpy())) == {0.0, 2.0}
    net = Net()
    assert not np.array_equal(net(ones, training=True).numpy(), net(ones).numpy())


def test_training_argument_reaches_a_model_inside_a_model():
    class Outer(Model):
        def __init__(self):
            super().__init__()
            self.inner = Sequential([layers.Dropout(0.5)])

        def call(self, x):
            return self.inner(x)

    model, ones = Outer(), np.ones((20, 4), "float32")
    model.inner(ones)  # a program for these rows exists
    assert set(np.unique(model(ones, training=True).numpy())) == {0.0, 2.0}
    np.testing.assert_array_equal(model(ones).numpy(), ones)


def test_float64_model():
    model = Sequential([layers.Dense(3, dtype="float64", input_dim=4)])
    assert model(X).dtype == "float64"
    assert model.predict(X, verbose=0).dtype == "float64"


def test_wrong_features_name_the_layer_and_both_shapes():
    model = Sequential([layers.Dense(3, input_dim=4, name="첫 층")], name="모델")
    narrow = X[:, :3]
    for call in (model, lambda x: model(x, training=True), model.predict, model.predict_on_batch):
        with pytest.raises(ValueError, match=r"shape \(6, 3\).*'첫 층' \(Dense\).*'모델'.*\(4,\), got \(3,\)"):
            call(narrow)
    with pytest.raises(ValueError, match=r'layer "첫 층".*\(6, 3\)'):
        model.layers[0](narrow)


# ---- subclasses --------------------------------------------------------------------------------------


def test_subclass_is_built_by_its_first_call():
    model = Net()
    assert model.weights == []
    assert model(X).shape == (6, 2)
    assert [w.shape for w in model.get_weights()] == [(4, 8), (8,), (8, 2), (2,)]
    assert next(layer.name for layer in model.layers).startswith("dense")
    assert model.compute_output_shape((None, 4)) == (None, 2)


def test_subclass_is_built_by_build():
    model = Net(name="작은 망")
    with pytest.raises(NotImplementedError, match="before it is built"):
        model.compute_output_shape((None, 4))
    model.build((None, 4))
    assert len(model.weights) == 4
    assert model.weights[0].path.startswith("작은 망/")


def test_subclass_without_call():
    with pytest.raises(NotImplementedError, match=r"does not have a `call\(\)`"):
        Model()(X)


def test_several_outputs_keep_their_structure():
    class Two(Net):
        def call(self, x):
            return {"a": self.hidden(x), "b": [self.out(self.hidden(x))]}

    result = Two().predict(np.tile(X, (20, 1)), verbose=0)
    assert result["a"].shape == (120, 8)
    assert result["b"][0].shape == (120, 2)


def test_a_model_that_looks_at_values_predicts_op_by_op_with_one_warning():
    class Branch(Net):
        def call(self, x):
            return self.out(self.hidden(x)) if float(ops.sum(x)) < 1e9 else x

    model = Branch(name="가지")
    with pytest.warns(UserWarning, match=r"'가지' runs op by op.*test_models.py:\d+"):
        first = model.predict(X, verbose=0)
    np.testing.assert_array_equal(model.predict(X, verbose=0), first)


NO_SHAPES = ["rubbish", None, 3, (), (None, "a"), (None, -3), (None, 2.5), [(None, 3), (None, 4)], {"a": (None, 3)}]


@pytest.mark.parametrize("shape", [*NO_SHAPES, (None, None)], ids=str)
def test_a_model_is_not_built_for_what_is_no_shape_of_one_input(shape):
    for model in (Net(), Sequential([layers.Dense(1)])):
        with pytest.raises(ValueError, match=r"shape"):
            model.build(shape)
        assert not model.built
        assert model.weights == []
        model.build([np.int64(5), 4])
        assert model.weights[0].shape[0] == 4


@pytest.mark.parametrize("own_build", [False, True])
def test_a_model_of_several_inputs_is_built_by_its_call(own_build):
    class Sum(Net):
        def call(self, inputs):
            return super().call(sum(inputs.values()) if isinstance(inputs, dict) else sum(inputs))

    class Builds(Sum):
        def build(self, input_shape):
            self.seen = input_shape
            super().build(input_shape)

    for inputs in ([X, X], {"a": X, "b": X}):
        model = Builds() if own_build else Sum()
        single = model(inputs)
        assert model.built
        np.testing.assert_array_equal(model(inputs), single)
        assert model.weights[0].shape[0] == 4
        assert not own_build or len(model.seen) == 2


def test_a_failed_first_call_leaves_a_model_unbuilt():
    class Odd(Net):
        def call(self, x):
            return ops.reshape(self.hidden(x), (7, 7))

    model = Odd()
    with pytest.raises(ValueError, match="reshape"):
        model.predict(X, verbose=0)
    assert not model.built


def test_tracing_errors_are_type_errors():
    assert issubclass(TracingError, TypeError)


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_copies(duplicate):
    model = Sequential([layers.Dense(7, "relu", input_dim=4), layers.Dense(1)])
    model.compile(fastnn.optimizers.Adam(weight_decay=0.1), "mse", metrics=["mae"])
    model.optimizer.exclude_from_weight_decay(var_names=["bias"])
    history = model.fit(X, X[:, :1], epochs=2, verbose=0)
    value = model.weights[0].value  # shares the variable's memory
    twin = duplicate(model)
    assert isinstance(value, Tensor)
    np.testing.assert_array_equal(twin.predict(X, verbose=0), model.predict(X, verbose=0))
    for each in (model, twin):
        each.fit(X, X[:, :1], epochs=2, verbose=0, shuffle=False)
    assert [w.tobytes() for w in twin.get_weights()] == [w.tobytes() for w in model.get_weights()]
    twin.set_weights([w * 0 for w in twin.get_weights()])
    assert model.get_weights()[0].any()
    assert list(history.history) == ["loss", "mae"]


@pytest.mark.parametrize("duplicate", [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))])
def test_an_op_as_activation_is_the_same_in_copies(duplicate):
    """What looks for logits behind a loss, and fuses a product with its activation, knows ops by identity."""
    model = Sequential([layers.Input((3,)), layers.Dense(1, activation=ops.sigmoid)])
    model.layers[0].kernel.assign(np.full((3, 1), 20.0))
    model.compile(loss="binary_crossentropy")
    x, y = np.ones((4, 3)), np.zeros((4, 1))
    loss = model.evaluate(x, y, verbose=0)
    assert loss == 60.0
    assert duplicate(model).evaluate(x, y, verbose=0) == loss
    again = Sequential.from_config(model.get_config())
    assert again.layers[0].activation is ops.sigmoid


# ---- what happens behind a model that is built --------------------------------------------------------


def test_a_call_of_the_users_runs_each_time():
    """A model's own call may look at attributes and add losses; only stacks of layers are called through programs."""

    class Scaled(Model):
        def __init__(self):
            super().__init__()
            self.scale = 1.0

        def call(self, x):
            self.add_loss(ops.mean(x))
            return x * self.scale

    model = Scaled()
    model.predict(X, verbose=0)
    model.scale = 5.0
    np.testing.assert_array_equal(model(X).numpy(), X * 5)
    assert len(model.losses) == 1
    stack = Sequential([layers.Input((4,)), layers.Dense(2, activity_regularizer="l2")])
    stack.predict(X, verbose=0)
    stack(X)
    assert len(stack.losses) == 1


CHANGES = [
    (layers.Dense(4, kernel_initializer="ones"), "activation", ops.sigmoid),
    (layers.Dense(4), "call", lambda inputs: inputs * 3),
    (layers.Activation("relu"), "activation", fastnn.activations.tanh),
    (layers.ReLU(), "max_value", 0.1),
    (layers.LeakyReLU(), "negative_slope", 0.5),
    (layers.ELU(), "alpha", 0.5),
    (layers.Softmax(), "axis", 0),
    (layers.Rescaling(2.0), "scale", 3.0),
    (layers.Rescaling(2.0), "offset", np.arange(4.0)),
    (layers.BatchNormalization(), "epsilon", 0.5),
    (layers.LayerNormalization(), "epsilon", 0.5),
]


@pytest.mark.parametrize("inside", [False, True])
@pytest.mark.parametrize(
    ("layer", "name", "value"), CHANGES, ids=[f"{type(layer).__name__}.{name}" for layer, name, _ in CHANGES]
)
def test_a_layer_that_is_changed_is_computed_anew(layer, name, value, inside):
    layer = copy.deepcopy(layer)
    stack = Sequential([layers.Input((4,)), layer])
    model = Sequential([layers.Input((4,)), stack]) if inside else stack
    model.compile(loss="mse")
    calls = {
        "model(x)": lambda: model(X).numpy(),
        "predict": lambda: model.predict(X, verbose=0),
        "evaluate": lambda: model.evaluate(X, X, verbose=0),
        "call": lambda: model.call(Tensor(X)).numpy(),
    }
    before = {call: run() for call, run in calls.items()}
    old = getattr(layer, name)
    setattr(layer, name, value)
    after = {call: run() for call, run in calls.items()}
    np.testing.assert_array_equal(after["model(x)"], after["call"])
    np.testing.assert_array_equal(after["predict"], after["call"])
    np.testing.assert_allclose(after["evaluate"], np.mean((after["call"] - X) ** 2), rtol=1e-5)
    assert not any(np.array_equal(after[call], before[call]) for call in calls)
    if name in vars(type(layer)):
        delattr(layer, name)
    else:
        setattr(layer, name, old)
    for call, run in calls.items():
        np.testing.assert_array_equal(run(), before[call])


@pytest.mark.parametrize("way", [lambda model, x: model(x).numpy(), lambda model, x: model.predict(x, verbose=0)])
def test_a_stack_that_changes_inside_a_model_is_computed_anew(way):
    inner = Sequential([layers.Input((4,)), layers.Dense(4)])
    model = Sequential([layers.Input((4,)), inner, layers.Dense(1)])
    before = way(model, X)
    inner.add(layers.Rescaling(0.0))
    np.testing.assert_array_equal(way(model, X), np.zeros((6, 1)))
    inner.pop()
    np.testing.assert_array_equal(way(model, X), before)


@pytest.mark.parametrize("way", [lambda model, x: model(x).numpy(), lambda model, x: model.predict(x, verbose=0)])
def test_a_call_that_is_put_into_a_model_runs(way):
    model = Sequential([layers.Input((4,)), layers.Dense(4)])
    before = way(model, X)
    model.call = lambda inputs, training=None: inputs * 2
    np.testing.assert_array_equal(way(model, X), X * 2)
    del model.call
    np.testing.assert_array_equal(way(model, X), before)


def test_programs_are_kept_while_attributes_are_set_that_do_not_count():
    class Noting(layers.Layer):
        def call(self, inputs):
            self.seen = inputs.shape
            return inputs * 2

    model = Sequential([layers.Input((4,)), layers.Dense(4), Noting()])
    model.compile(loss="mse")
    model.fit(X, X, verbose=0)
    model.predict(X, verbose=0)
    made = model._runtime.programs.made, model._runtime.predictor._programs.made
    for trainable in (False, True):  # as who trains two networks against each other does
        model.layers[0].trainable = trainable
        model.note, model.layers[0]._note, model.stop_training = 1, 1, True
        model.layers[1](X)
        model.predict(X, verbose=0)
    model.fit(X, X, verbose=0)
    assert (model._runtime.programs.made, model._runtime.predictor._programs.made) == made


@pytest.mark.parametrize("make", [lambda: Sequential([layers.Dense(4), layers.Dropout(0.5), layers.Dense(2)]), Net])
def test_models_have_no_circles(make):
    """They go, with their programs, when the last reference does, not with the next collection of garbage."""
    gc.collect()
    gc.disable()
    try:
        model = make()
        model.compile(loss="mse", metrics=["mae"])
        model.train_on_batch(X, X[:, :2])
        model.evaluate(X, X[:, :2], verbose=0)
        model.predict(X, verbose=0)
        model(X)
        alive = weakref.ref(model), weakref.ref(model.weights[0])
        del model
        assert all(each() is None for each in alive)
    finally:
        gc.enable()


def test_layers_do_not_keep_models_alive():
    layer = layers.Dense(4)
    model = Sequential([layers.Input((4,)), layer])
    model(X)
    alive = weakref.ref(model)
    del model
    gc.collect()
    assert alive() is None
    layer.activation = fastnn.activations.tanh


@pytest.mark.parametrize("value", [lambda: layers.Dense(2), lambda: fastnn.Variable(1.0)], ids=["layer", "variable"])
def test_state_comes_before_the_model_is_built(value):
    model = Net()
    model(X)
    before = model.out
    with pytest.raises(ValueError, match="cannot add new elements of state"):
        model.out = value()
    assert model.out is before
    model.out = before
    model.note = "anything else"


class Counting(layers.Layer):
    def build(self, input_shape):
        self.calls = self.add_weight((), "zeros", trainable=False)

    def call(self, x):
        self.calls += 1
        return x


def test_weights_of_a_built_layer_are_not_replaced():
    layer = layers.Dense(2)
    layer.kernel = "not there yet"
    layer.build((None, 6))
    kernel = layer.kernel
    for value in (np.ones((6, 2)), ops.ones((6, 2)), None):
        with pytest.raises(ValueError, match=r"kernel= of layer .* is a weight .* `kernel.assign\(value\)`"):
            layer.kernel = value
    assert layer.kernel is kernel
    with pytest.raises(ValueError, match=r"`calls.assign\(value\)`"):
        Counting()(X)


def test_numpy_arrays_on_the_left_of_a_weight_do_not_hide_it():
    class Masked(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight(shape=(4, 4), name="kernel")

        def call(self, x):
            return x @ (np.triu(np.ones((4, 4), "float32")) * self.kernel)

    model = Sequential([layers.Input((4,)), Masked()])
    model.compile("sgd", "mse")
    before = model.get_weights()[0]
    model.fit(X, X, epochs=2, verbose=0)
    changed = model.get_weights()[0] != before
    np.testing.assert_array_equal(changed, np.triu(np.ones((4, 4), bool)))
