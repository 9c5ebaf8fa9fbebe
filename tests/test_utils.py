"""Names, look-ups, argument checks, registries, tracking, one-hot labels and seeds."""

import random

import numpy as np
import pytest

import fastnn
from fastnn import ops, utils
from fastnn.utils import checks
from fastnn.utils.configurable import Configurable
from fastnn.utils.lookup import nearest_names, unknown_name
from fastnn.utils.naming import check_name, to_snake_case
from fastnn.utils.registry import Registry
from fastnn.utils.tracking import owned


@pytest.mark.parametrize(
    ("name", "snake"),
    # As keras.src.utils.naming.to_snake_case.
    [
        ("Dense", "dense"),
        ("LeakyReLU", "leaky_re_lu"),
        ("AUC", "auc"),
        ("L1L2", "l1l2"),
        ("KLDivergence", "kl_divergence"),
    ],
)
def test_snake_case(name, snake):
    assert to_snake_case(name) == snake


def test_auto_names_count_and_can_be_reset():
    utils.reset_names()
    assert [utils.auto_name("Dense") for _ in range(3)] == ["dense", "dense_1", "dense_2"]
    utils.reset_names()
    assert utils.auto_name("Dense") == "dense"


@pytest.mark.parametrize("name", ["은닉층", "скрытый", "hidden 1", "a.b"])
def test_names_in_any_script(name):
    assert check_name(name, "Dense") == name


@pytest.mark.parametrize("name", ["", "a/b", 3, b"x"])
def test_bad_names_are_refused(name):
    with pytest.raises(ValueError, match="name"):
        check_name(name, "Dense")


def test_unknown_names_get_the_nearest_known_ones():
    assert nearest_names("reul", ["relu", "selu", "tanh"])[0] == "relu"
    assert nearest_names("MSE", ["mse"]) == ["mse"]
    error = unknown_name("loss", "msee", ["mse", "mae"])
    assert str(error) == "Unknown loss 'msee'. Did you mean 'mse' or 'mae'? Known names: mae, mse."
    assert "Did you mean" not in str(unknown_name("loss", "xyz", ["mse"]))


@pytest.mark.parametrize(
    ("part", "given", "said"),
    [
        (fastnn.optimizers.Adam, {"decay": 1e-3}, "Did you mean 'weight_decay'?"),
        (fastnn.optimizers.SGD, {"lr": 0.1}, "It takes clipnorm, clipvalue, .*, learning_rate, .*, weight_decay."),
        (fastnn.optimizers.schedules.CosineDecay, {"decay_step": 3}, "Did you mean 'decay_steps'?"),
        (fastnn.callbacks.EarlyStopping, {"patiense": 3}, "Did you mean 'patience'?"),
        (fastnn.losses.Huber, {"deltas": 1}, "Did you mean 'delta'?"),
        (fastnn.metrics.AUC, {"num_threshold": 9}, "Did you mean 'num_thresholds'?"),
        (fastnn.initializers.HeNormal, {"sed": 1}, "Did you mean 'seed'?"),
        (fastnn.regularizers.L2, {"l": 1}, "Did you mean 'l2'?"),
        (fastnn.constraints.NonNeg, {"axis": 0}, "It takes none."),
        (fastnn.Sequential, {"layer": None}, "Did you mean 'layers'?"),
    ],
)
def test_unknown_arguments_name_the_class_and_the_nearest_known_ones(part, given, said):
    error = ValueError if issubclass(part, fastnn.Optimizer) else TypeError  # as in Keras
    with pytest.raises(error, match=f"passed to {part.__name__}: {given}. {said}".replace("?", r"\?")):
        part(**given)
    with pytest.raises(TypeError, match="positional argument"):
        fastnn.constraints.NonNeg(0)


BOOLEANS = [
    (lambda **given: fastnn.layers.Dense(3, **given), "use_bias"),
    (lambda **given: fastnn.layers.Dense(3, **given), "autocast"),
    (fastnn.layers.BatchNormalization, "center"),
    (fastnn.layers.LayerNormalization, "scale"),
    (fastnn.losses.BinaryCrossentropy, "from_logits"),
    (fastnn.metrics.BinaryCrossentropy, "from_logits"),
    (fastnn.metrics.CategoricalCrossentropy, "from_logits"),
    (fastnn.metrics.SparseCategoricalCrossentropy, "from_logits"),
    (fastnn.metrics.SparseTopKCategoricalAccuracy, "from_sorted_ids"),
    (fastnn.metrics.AUC, "multi_label"),
    (fastnn.metrics.AUC, "from_logits"),
    (fastnn.optimizers.SGD, "use_ema"),
    (fastnn.optimizers.SGD, "nesterov"),
    (fastnn.optimizers.Adam, "amsgrad"),
    (fastnn.optimizers.RMSprop, "centered"),
    (lambda **given: fastnn.optimizers.schedules.ExponentialDecay(0.1, 9, 0.5, **given), "staircase"),
    (lambda **given: fastnn.optimizers.schedules.PolynomialDecay(0.1, 9, **given), "cycle"),
]


@pytest.mark.parametrize(("make", "name"), BOOLEANS)
def test_booleans_are_true_false_0_or_1(make, name):
    for value in (True, np.True_, 1, 0, np.False_):
        assert vars(make(**{name: value})).get(name, bool(value)) is bool(value)
    for value in ("no", None, 2, [1]):
        with pytest.raises(ValueError, match=f"`{name}` must be True or False. Received: {name}="):
            make(**{name: value})


@pytest.mark.parametrize(
    "function",
    [
        lambda value: fastnn.losses.binary_crossentropy([[1.0]], [[0.5]], from_logits=value),
        lambda value: fastnn.losses.categorical_crossentropy([[1.0, 0.0]], [[0.5, 0.5]], from_logits=value),
        lambda value: fastnn.losses.sparse_categorical_crossentropy([1], [[0.5, 0.5]], from_logits=value),
        lambda value: fastnn.activations.gelu([1.0], approximate=value),
        lambda value: setattr(fastnn.layers.Dense(3), "trainable", value),
    ],
)
def test_booleans_of_functions_are_checked_too(function):
    function(np.True_)
    with pytest.raises(ValueError, match="must be True or False"):
        function("no")


@pytest.mark.parametrize("dtype", ["int32", "bool", "float16", "nonsense", 3])
@pytest.mark.parametrize(
    "make", [fastnn.layers.Flatten, fastnn.metrics.Mean, fastnn.metrics.AUC, fastnn.losses.MeanSquaredError]
)
def test_layers_losses_and_metrics_compute_in_floats(make, dtype):
    with pytest.raises(ValueError, match=f"`dtype` must be 'float32' or 'float64'. Received: dtype={dtype!r}"):
        make(dtype=dtype)
    assert make(dtype="float64").dtype == "float64"


def test_classes_that_take_any_argument_keep_them():
    class Part(Configurable):
        def __init__(self, a, **others):
            self.given = {"a": a, **others}

    assert Part(1, b=2).given == {"a": 1, "b": 2}


@pytest.mark.parametrize("value", [float("nan"), float("inf"), "1", None, True, [1.0], -1, 2])
def test_real_refuses(value):
    with pytest.raises(ValueError, match="`rate`"):
        checks.real("rate", value, minimum=0.0, maximum=1.0)


def test_real_and_integer_accept():
    assert checks.real("x", np.float32(0.5)) == 0.5
    assert type(checks.real("x", 1)) is float
    assert checks.integer("n", np.int64(3), minimum=1) == 3
    assert checks.optional_real("x", None) is None
    assert checks.optional_integer("x", None) is None
    assert checks.boolean("b", np.True_) is checks.boolean("b", 1) is True
    assert [checks.verbosity(value) for value in (True, False, 2)] == [1, 0, 2]
    with pytest.raises(ValueError, match="above 0"):
        checks.real("x", 0.0, above=0.0)
    with pytest.raises(ValueError, match="at least 0.0 and below 1.0"):
        checks.real("x", 1.0, minimum=0.0, below=1.0)
    with pytest.raises(ValueError, match="`b` must be True or False. Received: b=2"):
        checks.boolean("b", 2)


@pytest.mark.parametrize("value", [0, 1.0, True, "3", None])
def test_integer_refuses(value):
    with pytest.raises(ValueError, match="at least 1"):
        checks.integer("units", value, minimum=1)


class Thing(Configurable):
    def __init__(self, size=1):
        self.size = size

    def __call__(self):
        return self.size

    def get_config(self):
        return {"size": self.size}


def double(x):
    return 2 * x


REGISTRY = Registry("thing", "keras.things", classes=[Thing], functions=[double], aliases={"twice": double})


def test_registry_finds_by_all_names():
    assert isinstance(REGISTRY.get("Thing"), Thing)
    assert isinstance(REGISTRY.get("thing"), Thing)
    assert isinstance(REGISTRY.get(Thing), Thing)
    assert REGISTRY.get("twice") is double
    assert REGISTRY.get(None) is None
    thing = Thing(3)
    assert REGISTRY.get(thing) is thing
    assert REGISTRY.get({"class_name": "Thing", "config": {"size": 7}}).size == 7
    assert REGISTRY.get({"class_name": "Thing"}).size == 1
    assert repr(thing) == "Thing(size=3)"


def test_registry_refuses():
    with pytest.raises(ValueError, match="Unknown thing 'thong'. Did you mean 'thing'"):
        REGISTRY.get("thong")
    with pytest.raises(ValueError, match="Could not interpret thing"):
        REGISTRY.get(3)
    with pytest.raises(ValueError, match="class_name"):
        REGISTRY.get({"name": "Thing"})
    with pytest.raises(ValueError, match="lambda"):
        REGISTRY.serialize(lambda x: x)
    with pytest.raises(ValueError, match="get_config"):
        REGISTRY.serialize(object())


def test_registry_stores_and_restores():
    stored = REGISTRY.serialize(Thing(5))
    assert stored == {"module": "keras.things", "class_name": "Thing", "config": {"size": 5}, "registered_name": None}
    assert REGISTRY.deserialize(stored).size == 5
    assert REGISTRY.deserialize(REGISTRY.serialize(double)) is double
    assert REGISTRY.serialize(None) is None
    assert REGISTRY.deserialize(None) is None

    class Custom(Thing):
        pass

    stored = REGISTRY.serialize(Custom(4))
    assert stored["registered_name"] == "Custom"
    with pytest.raises(ValueError, match="Unknown thing 'Custom'"):
        REGISTRY.deserialize(stored)
    assert REGISTRY.deserialize(stored, {"Custom": Custom}).size == 4


def test_registry_can_ignore_case():
    registry = Registry("thing", "keras.things", classes=[Thing], ignore_case=True)
    assert isinstance(registry.get("THING"), Thing)
    with pytest.raises(ValueError, match="Unknown thing 'THING'"):
        Registry("thing", "keras.things", classes=[Thing]).get("THING")


def test_owned_looks_into_containers_and_sees_later_changes():
    class Holder:
        pass

    a, b, c, d = (Thing(i) for i in range(4))
    holder = Holder()
    holder.first = a
    holder.several = [b, {"key": (c,)}, a]
    assert list(owned(holder, Thing)) == [a, b, c]
    holder.several.append(d)
    assert list(owned(holder, Thing)) == [a, b, c, d]
    holder.itself = holder.several
    holder.several.append(holder.several)
    assert list(owned(holder, Thing)) == [a, b, c, d]


def test_batches_are_packed_and_unpacked_as_in_keras():
    pack, unpack = utils.pack_x_y_sample_weight, utils.unpack_x_y_sample_weight
    assert pack("x") == "x"
    assert pack(["a", "b"]) == (["a", "b"],)
    assert pack("x", None, "w") == "x"
    assert pack("x", "y") == ("x", "y")
    assert pack("x", "y", "w") == ("x", "y", "w")
    assert unpack("x") == unpack(("x",)) == unpack(["x"]) == ("x", None, None)
    assert unpack(("x", "y")) == ("x", "y", None)
    assert unpack(["x", "y", "w"]) == ("x", "y", "w")
    for many in ((), (1, 2, 3, 4)):
        with pytest.raises(ValueError, match=f"a batch must be .* got a tuple of {len(many)}"):
            unpack(many)


def test_what_things_are():
    described = fastnn.layers.Dense(2)(fastnn.Input((3,)))
    assert utils.is_keras_tensor(described)
    assert not any(map(utils.is_keras_tensor, (fastnn.ops.ones(2), np.ones(2), None)))
    for dtype in ("float32", np.float32, np.dtype("float32"), float, None, fastnn.ops.ones(2).dtype):
        name = utils.standardize_dtype(dtype)
        assert isinstance(name, str)
        assert name == "float32"
    assert [utils.standardize_dtype(each) for each in (int, bool, "uint8")] == ["int32", "bool", "uint8"]
    with pytest.raises(ValueError, match="Invalid dtype: .* got 'flaot32'"):
        utils.standardize_dtype("flaot32")


def test_to_categorical():
    np.testing.assert_array_equal(utils.to_categorical([0, 2, 1]), np.eye(3)[[0, 2, 1]])
    assert utils.to_categorical([0, 1]).dtype == np.float64
    assert utils.to_categorical([[1], [0]], 4).shape == (2, 4)
    assert utils.to_categorical([[0, 1], [1, 1]]).shape == (2, 2, 2)
    assert utils.to_categorical(np.array([1.0, 0.0]), 2).tolist() == [[0, 1], [1, 0]]
    assert utils.to_categorical([], 3).shape == (0, 3)


@pytest.mark.parametrize(
    ("x", "classes", "match"),
    [
        ([0, 3], 3, "class numbers 0 to 2. Received: 3 at flat position 1"),
        ([-1], None, "`x` must hold class numbers 0 to 0. Received: -1 at flat position 0"),
        ([0.5], 2, "whole class numbers"),
        (["a"], 2, "whole class numbers"),
        ([], None, "empty"),
        ([0], 0, "num_classes"),
    ],
)
def test_to_categorical_refuses(x, classes, match):
    with pytest.raises(ValueError, match=match):
        utils.to_categorical(x, classes)


def test_normalize():
    x = np.array([[3.0, 4.0], [0.0, 0.0]])
    np.testing.assert_allclose(utils.normalize(x), [[0.6, 0.8], [0, 0]])
    np.testing.assert_allclose(utils.normalize(x, axis=0, order=1), [[1, 1], [0, 0]])


def test_normalize_of_tensors_gives_tensors():
    for given in (ops.convert_to_tensor([3.0, 4.0]), fastnn.Variable([3.0, 4.0]), [3.0, 4.0]):
        found = utils.normalize(given)
        assert isinstance(found, fastnn.Tensor)
        np.testing.assert_allclose(found.numpy(), [0.6, 0.8], rtol=1e-6)


def test_set_random_seed_seeds_all_generators():
    def draw():
        return random.random(), np.random.rand(), fastnn.random.uniform((3,)).numpy().tolist()  # noqa: NPY002

    utils.set_random_seed(11)
    first = draw()
    utils.set_random_seed(11)
    assert draw() == first
    assert draw() != first
    for seed in (-1, 2**32, 1.5, "a"):
        with pytest.raises(ValueError, match="seed"):
            utils.set_random_seed(seed)
