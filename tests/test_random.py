"""Random numbers: the published generator, distributions, repeatability."""

import copy
import pickle
import sys
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Tensor, Variable, ops, plan, random
from fastnn._kernels import core


def philox(counter, key):
    """Philox4x32-10 of Salmon et al. (2011), in Python integers."""
    c, k = list(counter), list(key)
    for _ in range(10):
        p0, p1 = 0xD2511F53 * c[0], 0xCD9E8D57 * c[2]
        c = [(p1 >> 32) ^ c[1] ^ k[0], p1 & 0xFFFFFFFF, (p0 >> 32) ^ c[3] ^ k[1], p0 & 0xFFFFFFFF]
        k = [(k[0] + 0x9E3779B9) & 0xFFFFFFFF, (k[1] + 0xBB67AE85) & 0xFFFFFFFF]
    return c


def test_the_transcription_gives_the_published_answer():
    assert [f"{w:08x}" for w in philox((0, 0, 0, 0), (0, 0))] == ["6627e8d5", "e169c58d", "bc57ac4c", "9b00dbd8"]


def words(seed, counter, n):
    out = []
    for block in range(-(-n // 4)):
        out += philox((block, 0, counter & 0xFFFFFFFF, counter >> 32), (seed & 0xFFFFFFFF, seed >> 32))
    return np.array(out[:n], np.uint64)


@pytest.mark.parametrize("isa", core.available_isas())
def test_uniform_is_philox(isa):
    core.set_isa(isa)
    key = Tensor(np.array([123456789012, 5], np.int64))
    got = ops.sampling.random_fill(key, "uniform", (37,), np.dtype("float32"), 0, 1).numpy()
    expected = (words(123456789012, 5, 37) >> np.uint64(8)).astype("float64") * 2.0**-24
    np.testing.assert_array_equal(got, expected.astype("float32"))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_distributions_have_their_moments(dtype):
    n = 200_000
    u = random.uniform((n,), -1, 3, dtype, seed=1).numpy().astype("float64")
    assert u.min() >= -1 and u.max() < 3
    assert abs(u.mean() - 1) < 0.02 and abs(u.std() - 4 / np.sqrt(12)) < 0.02
    z = random.normal((n,), 2, 3, dtype, seed=2).numpy().astype("float64")
    assert abs(z.mean() - 2) < 0.03 and abs(z.std() - 3) < 0.03
    assert abs(((z - 2) ** 4).mean() / 81 - 3) < 0.1
    t = random.truncated_normal((n,), 0, 1, dtype, seed=3).numpy().astype("float64")
    assert abs(t).max() <= 2 and abs(t.std() - 0.8796) < 0.01
    i = random.randint((n,), -3, 4, "int64", seed=4).numpy()
    assert set(np.unique(i)) == set(range(-3, 4))
    assert np.abs(np.bincount(i + 3) / n - 1 / 7).max() < 0.005
    assert abs(np.corrcoef(z[:-1], z[1:])[0, 1]) < 0.01


def test_permutation_is_one():
    order = random.permutation(1000, seed=3).numpy()
    np.testing.assert_array_equal(np.sort(order), np.arange(1000))
    first = [int(random.permutation(5, seed=s).numpy()[0]) for s in range(2000)]
    assert np.abs(np.bincount(first) / 2000 - 0.2).max() < 0.04


def test_categorical_follows_the_logits():
    p = np.array([[0.1, 0.6, 0.3]])
    drawn = random.categorical(np.log(p), 50_000, seed=1).numpy()
    assert np.abs(np.bincount(drawn[0]) / 50_000 - p[0]).max() < 0.01


@pytest.mark.parametrize("rate", [0.0, 0.25, 0.9])
def test_dropout_keeps_and_scales(rate):
    x = np.ones((200, 500), "float32")
    y = random.dropout(x, rate, seed=1).numpy()
    assert abs((y == 0).mean() - rate) < 0.01
    np.testing.assert_allclose(y[y != 0], 1 / (1 - rate), rtol=1e-6)


def test_dropout_with_a_noise_shape_shares_fates():
    y = random.dropout(np.ones((50, 40)), 0.5, noise_shape=(50, 1), seed=1).numpy()
    assert ((y == 0).all(1) | (y != 0).all(1)).all()


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda s: random.uniform((3,), 2.0, 1.0, seed=s), ValueError, "minval 2.0 is greater than maxval 1.0"),
        (lambda s: random.uniform((3,), -3e38, 3e38, seed=s), ValueError, "is further than float32 reaches"),
        (lambda s: random.uniform((3,), 0, np.inf, "float64", seed=s), ValueError, "is further than float64 reaches"),
        (lambda s: random.normal((3,), 0.0, -1.0, seed=s), ValueError, "normal: stddev must be at least 0, got -1.0"),
        (lambda s: random.truncated_normal((3,), stddev=np.nan, seed=s), ValueError, "truncated_normal: stddev"),
        (lambda s: random.randint((3,), 0.2, 0.9, seed=s), ValueError, "minval must be a whole number, got 0.2"),
        (lambda s: random.randint((3,), 0, np.inf, seed=s), ValueError, "maxval must be a whole number, got inf"),
        (lambda s: random.dropout([1, 2, 3], 0.5, seed=s), TypeError, "inputs must be floats, got dtype int32"),
        (lambda s: random.dropout(np.ones((2, 3)), 0.5, (3,), s), ValueError, r"noise_shape \(3,\) does not broadcast"),
        (lambda s: random.dropout(np.ones((2, 1)), 0.5, (2, 3), s), ValueError, r"noise_shape \(2, 3\) does not"),
    ],
)
def test_what_cannot_be_drawn_is_refused_before_a_key_is(call, error, message):
    generator = random.SeedGenerator(5)
    with pytest.raises(error, match=message):
        call(generator)
    np.testing.assert_array_equal(generator.state.numpy(), [5, 0])


def test_bounds_may_meet():
    np.testing.assert_array_equal(random.uniform((3,), 2.0, 2.0, seed=1).numpy(), 2)
    np.testing.assert_array_equal(random.normal((3,), 2.0, 0.0, seed=1).numpy(), 2)
    assert random.randint((3,), 1.0, 2.0, seed=1).numpy().tolist() == [1, 1, 1]


def test_the_derivative_of_dropout_has_the_same_mask():
    x = Variable(np.ones((20, 30)))
    generator = random.SeedGenerator(3)
    with GradientTape() as tape:
        y = random.dropout(x, 0.5, seed=generator)
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), y.numpy())


def test_seeds_repeat():
    for seed in (0, 5, -1, 2**40):
        np.testing.assert_array_equal(random.normal((9,), seed=seed).numpy(), random.normal((9,), seed=seed).numpy())
    fastnn.utils.set_random_seed(7)
    a = [random.normal((9,)).numpy(), random.normal((9,)).numpy()]
    fastnn.utils.set_random_seed(7)
    b = [random.normal((9,)).numpy(), random.normal((9,)).numpy()]
    np.testing.assert_array_equal(a, b)
    assert not np.array_equal(a[0], a[1])


def test_a_program_draws_what_eager_draws():
    one, two = random.SeedGenerator(3), random.SeedGenerator(3)
    program = plan.compile(lambda: random.uniform((5,), seed=one), [])
    for _ in range(3):
        np.testing.assert_array_equal(program.run()[0], random.uniform((5,), seed=two).numpy())


@pytest.mark.parametrize("seed", [1.5, "a", True])
def test_a_seed_is_an_integer(seed):
    with pytest.raises(ValueError, match="seed must be an integer"):
        random.SeedGenerator(seed)


def test_bad_parameters():
    with pytest.raises(ValueError, match="rate must be"):
        random.dropout(np.ones(3), 1.0)
    with pytest.raises(ValueError, match="minval 3 is not less"):
        random.randint((2,), 3, 3)
    with pytest.raises(ValueError, match="negative"):
        random.normal((-1,))
    with pytest.raises(TypeError, match="categorical: logits must be floats, got dtype int64"):
        random.categorical(np.array([[1, 2]]), 3)


def test_seeded_draws_apart_from_the_global_generator():
    fastnn.utils.set_random_seed(5)
    expected = [random.uniform((3,)).numpy() for _ in range(2)]
    fastnn.utils.set_random_seed(5)
    first = random.uniform((3,)).numpy()
    with random.seeded(1):
        own = random.uniform((3,)).numpy()
        with random.seeded(2):
            other = random.uniform((3,)).numpy()
        following = random.uniform((3,)).numpy()
    np.testing.assert_array_equal([first, random.uniform((3,)).numpy()], expected)
    assert np.abs(own - other).max() > 0
    with random.seeded(1):
        np.testing.assert_array_equal([random.uniform((3,)).numpy(), random.uniform((3,)).numpy()], [own, following])
    with pytest.raises(ValueError, match="seed must be an integer"), random.seeded("1"):
        pass


@pytest.mark.parametrize(
    ("minval", "maxval", "dtype"), [(0, 2**40, "int32"), (-1, 5, "uint8"), (0, 257, "uint8"), (0, 2**60, "int64")]
)
def test_integers_beyond_their_dtype_are_not_drawn(minval, maxval, dtype):
    with pytest.raises(ValueError, match=f"randint: {dtype} numbers from {minval} to {maxval}"):
        random.randint((4,), minval, maxval, dtype, seed=1)


def test_integers_are_drawn_up_to_the_ends_of_their_dtype():
    for low, high, dtype in ((0, 256, "uint8"), (-(2**31), 2**31, "int32")):
        drawn = random.randint((4000,), low, high, dtype, seed=1).numpy().astype(float)
        assert low <= drawn.min() < low + (high - low) / 50
        assert high - (high - low) / 50 < drawn.max() < high


@pytest.mark.parametrize("draw", [lambda: int(random.global_generator().next().array[1]), random.draw_seed])
def test_threads_draw_different_numbers(draw):
    """However often they take turns."""

    def many(_):
        return [draw() for _ in range(1000)]

    interval = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        with ThreadPoolExecutor(4) as executor:
            drawn = [each for part in executor.map(many, range(4)) for each in part]
    finally:
        sys.setswitchinterval(interval)
    assert len(set(drawn)) == len(drawn)


def test_generators_are_copied_with_their_state():
    generator = random.SeedGenerator(3)
    generator.next()
    copies = [copy.deepcopy(generator), pickle.loads(pickle.dumps(generator))]
    assert [each.next().array.tolist() for each in (generator, *copies)] == [[3, 1]] * 3


def test_a_generator_is_made_again_from_its_configuration():
    first = random.SeedGenerator(5, name="mine")
    second = random.SeedGenerator.from_config(first.get_config())
    assert (second.seed, second.name) == (5, "mine")
