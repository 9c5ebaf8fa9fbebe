"""Every initializer: distribution, seeds, shapes, dtypes, names, stored form."""

import numpy as np
import pytest
from part_tools import stored_and_restored

import fastnn
from fastnn import Tensor, Variable, initializers, random
from fastnn.initializers.variance_scaling import compute_fans

SHAPE = (300, 200)
FAN_IN, FAN_OUT = SHAPE


def uniform(limit):
    return {"low": -limit, "high": limit, "mean": 0.0, "stddev": limit / np.sqrt(3)}


def truncated(variance):
    """Truncated at two standard deviations of the wider normal distribution whose variance is this after truncation."""
    bound = 2 * np.sqrt(variance) / 0.87962566103423978
    return {"low": -bound, "high": bound, "mean": 0.0, "stddev": np.sqrt(variance)}


# class -> list of (arguments, what the values are like). A class without a row fails the walk below.
RANDOM = {
    "RandomNormal": [
        ({}, {"mean": 0.0, "stddev": 0.05}),
        ({"mean": 2.0, "stddev": 0.5}, {"mean": 2.0, "stddev": 0.5}),
    ],
    "TruncatedNormal": [
        ({}, {"low": -0.1, "high": 0.1, "mean": 0.0, "stddev": 0.05 * 0.87962566}),
        ({"mean": 1.0, "stddev": 0.5}, {"low": 0.0, "high": 2.0, "mean": 1.0, "stddev": 0.5 * 0.87962566}),
    ],
    "RandomUniform": [({}, uniform(0.05)), ({"minval": 0.0, "maxval": 2.0}, {"low": 0.0, "high": 2.0, "mean": 1.0})],
    "VarianceScaling": [
        ({}, truncated(1 / FAN_IN)),
        ({"scale": 3.0, "mode": "fan_out", "distribution": "uniform"}, uniform(np.sqrt(9 / FAN_OUT))),
        ({"mode": "fan_avg", "distribution": "untruncated_normal"}, {"mean": 0.0, "stddev": np.sqrt(1 / 250)}),
        ({"distribution": "normal", "input_axes": (1,), "output_axes": (0,)}, truncated(1 / FAN_OUT)),
    ],
    "GlorotUniform": [({}, uniform(np.sqrt(6 / (FAN_IN + FAN_OUT))))],
    "GlorotNormal": [({}, truncated(2 / (FAN_IN + FAN_OUT)))],
    "HeUniform": [({}, uniform(np.sqrt(6 / FAN_IN)))],
    "HeNormal": [({}, truncated(2 / FAN_IN))],
    "LecunUniform": [({}, uniform(np.sqrt(3 / FAN_IN)))],
    "LecunNormal": [({}, truncated(1 / FAN_IN))],
    "Orthogonal": [({}, {"mean": 0.0}), ({"gain": 2.0}, {"mean": 0.0})],
}
FIXED = {
    "Zeros": [({}, np.zeros(SHAPE))],
    "Ones": [({}, np.ones(SHAPE))],
    "Constant": [
        ({"value": 1.5}, np.full(SHAPE, 1.5)),
        ({"value": np.arange(200.0)}, np.broadcast_to(np.arange(200.0), SHAPE)),
    ],
    "Identity": [({"gain": 2.0}, 2 * np.eye(*SHAPE))],
}


def rows(table):
    return [pytest.param(name, *row, id=f"{name}-{i}") for name in table for i, row in enumerate(table[name])]


def test_every_initializer_has_a_row():
    assert {cls.__name__ for cls in initializers.REGISTRY.classes} == {*RANDOM, *FIXED}


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize(("name", "arguments", "like"), rows(RANDOM))
def test_distribution(name, arguments, like, dtype):
    values = getattr(initializers, name)(seed=1, **arguments)(SHAPE, dtype=dtype)
    assert values.shape == SHAPE
    assert values.dtype == dtype
    values = values.numpy().astype("float64")
    n = values.size
    spread = values.std()
    # Five standard errors of the mean and of the standard deviation.
    assert abs(values.mean() - like["mean"]) < 5 * spread / np.sqrt(n) + 1e-12
    if "stddev" in like:
        assert spread == pytest.approx(like["stddev"], rel=5 / np.sqrt(n))
    if "low" in like:
        slack = 1e-6 * (like["high"] - like["low"])
        assert values.min() >= like["low"] - slack
        assert values.max() <= like["high"] + slack
        # Values fill the range: not one of a narrower distribution.
        assert values.min() < like["low"] + 0.02 * (like["high"] - like["low"])
        assert values.max() > like["high"] - 0.02 * (like["high"] - like["low"])


@pytest.mark.parametrize(("name", "arguments", "expected"), rows(FIXED))
def test_fixed_values(name, arguments, expected):
    for dtype in ("float32", "float64", "int32"):
        values = getattr(initializers, name)(**arguments)(SHAPE, dtype=dtype)
        assert values.dtype == dtype
        np.testing.assert_array_equal(values.numpy(), expected.astype(dtype))


@pytest.mark.parametrize("name", RANDOM)
def test_seeds(name):
    cls = getattr(initializers, name)
    shape = (6, 4)

    def values(initializer):
        return initializer(shape).numpy().tolist()

    assert values(cls(seed=3)) == values(cls(seed=3))
    assert values(cls(seed=3)) != values(cls(seed=4))
    # As in Keras: an object without a seed repeats itself, two of them differ.
    unseeded = cls()
    assert values(unseeded) == values(unseeded)
    assert values(cls()) != values(cls())
    fastnn.utils.set_random_seed(5)
    first = values(cls())
    fastnn.utils.set_random_seed(5)
    assert values(cls()) == first
    generator = random.SeedGenerator(3)
    stream = cls(seed=generator)
    assert values(stream) != values(stream)


@pytest.mark.parametrize("name", RANDOM)
@pytest.mark.parametrize("seed", [1.5, "1", True, [1]])
def test_bad_seeds(name, seed):
    with pytest.raises(ValueError, match="seed"):
        getattr(initializers, name)(seed=seed)


@pytest.mark.parametrize("shape", [(5, 5), (7, 3), (3, 7), (2, 3, 4)])
def test_orthogonal(shape):
    matrix = initializers.Orthogonal(gain=2.0, seed=1)(shape, dtype="float64").numpy().reshape(-1, shape[-1]) / 2
    gram = matrix @ matrix.T if matrix.shape[0] < matrix.shape[1] else matrix.T @ matrix
    np.testing.assert_allclose(gram, np.eye(len(gram)), atol=1e-12)


def test_orthogonal_needs_two_axes():
    with pytest.raises(ValueError, match="at least two axes"):
        initializers.Orthogonal()((3,))
    with pytest.raises(ValueError, match="matrices"):
        initializers.Identity()((3,))


@pytest.mark.parametrize(
    ("shape", "axes", "fans"),
    # As keras.src.initializers.random_initializers.compute_fans.
    [
        ((), None, (1, 1)),
        ((5,), None, (5, 5)),
        ((5, 7), None, (5, 7)),
        ((3, 3, 4, 8), None, (36, 72)),
        ((2, 3, 5), ((0, 1), (2,)), (6, 5)),
    ],
)
def test_compute_fans(shape, axes, fans):
    assert compute_fans(shape, *(axes or (None, None))) == fans


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"scale": 0.0}, "scale"),
        ({"mode": "fan-in"}, "Did you mean 'fan_in'"),
        ({"distribution": "unifrom"}, "Did you mean 'uniform'"),
        ({"input_axes": (0,)}, "together"),
    ],
)
def test_variance_scaling_refuses(arguments, match):
    with pytest.raises(ValueError, match=match):
        initializers.VarianceScaling(**arguments)


def test_constant_that_does_not_fit():
    with pytest.raises(ValueError, match="cannot be broadcast"):
        initializers.Constant([1.0, 2.0])((3, 4))


@pytest.mark.parametrize("cls", initializers.REGISTRY.classes, ids=lambda cls: cls.__name__)
def test_stored_form(cls):
    arguments = {**RANDOM, **FIXED}[cls.__name__][-1][0]
    restored = stored_and_restored(initializers, cls(**arguments))
    np.testing.assert_array_equal(restored((3, 200)).shape, (3, 200))


def test_seed_is_kept_in_the_stored_form():
    # keras.initializers.serialize(keras.initializers.HeNormal(seed=3)), Keras 3.15.
    assert initializers.serialize(initializers.HeNormal(seed=3)) == {
        "module": "keras.initializers",
        "class_name": "HeNormal",
        "config": {"seed": 3, "input_axes": None, "output_axes": None},
        "registered_name": None,
    }
    assert initializers.HeNormal().get_config()["seed"] is None
    generator = initializers.RandomNormal(seed=random.SeedGenerator(8))
    restored = initializers.deserialize(initializers.serialize(generator))
    np.testing.assert_array_equal(restored((4,)).numpy(), generator((4,)).numpy())


def test_get():
    assert isinstance(initializers.get("he_normal"), initializers.HeNormal)
    assert isinstance(initializers.get("HeNormal"), initializers.HeNormal)
    assert isinstance(initializers.get("uniform"), initializers.RandomUniform)
    assert initializers.get(None) is None

    def mine(shape, dtype=None):
        return np.ones(shape, dtype)

    assert initializers.get(mine) is mine
    with pytest.raises(ValueError, match="Did you mean 'glorot_uniform'"):
        initializers.get("glorot_unifrom")
    for array in (np.eye(2), Tensor(np.eye(2)), Variable(np.eye(2))):
        initializer = initializers.get(array)
        np.testing.assert_array_equal(initializer((2, 2), dtype="float32").numpy(), np.eye(2))
        with pytest.raises(ValueError, match=r"\(2, 2\), but \(3, 2\)"):
            initializer((3, 2))


def test_aliases_are_all_known_to_get():
    for name in initializers.__all__:
        obj = getattr(initializers, name)
        if isinstance(obj, type) and obj in initializers.REGISTRY.classes:
            assert initializers.REGISTRY.find(name) is obj


def test_makes_variables_of_both_layouts():
    for layout in (None, "kernel"):
        variable = Variable(initializers.GlorotUniform(seed=1), shape=(130, 9), dtype="float32", layout=layout)
        np.testing.assert_array_equal(variable.numpy(), initializers.GlorotUniform(seed=1)((130, 9), "float32").numpy())


def test_a_clone_is_another_of_the_same_configuration():
    first = initializers.RandomNormal(stddev=0.5, seed=3)
    second = first.clone()
    assert second is not first
    assert second.get_config() == first.get_config()
    np.testing.assert_array_equal(second((2, 3)).numpy(), first((2, 3)).numpy())
