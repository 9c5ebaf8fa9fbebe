"""Elementary functions: how accurate they are, where they are exact, and what they make of denormals."""

import numpy as np
import pytest

from fastnn import ops
from fastnn._kernels import core

FLOATS = ("float32", "float64")
UNARY = "sin cos tan arcsin arccos arctan sinh cosh arcsinh arccosh arctanh".split()
FMA = [isa for isa in core.available_isas() if isa != "baseline"]
TURNS = {"float32": 2**15, "float64": 2**27}  # larger angles are libm's


def numbers(dtype):
    """Of every size, near the multiples of pi/2, and as a network has them."""
    rng, limits = np.random.default_rng(0), np.finfo(dtype)
    sizes = np.exp2(rng.uniform(limits.minexp, limits.maxexp, 3000)) * rng.choice([-1, 1], 3000)
    quarters = rng.integers(-TURNS[dtype], TURNS[dtype], 3000) // 2 * (np.pi / 2)
    usual = [rng.uniform(-scale, scale, 3000) for scale in (1, 1, 3, 30, 100, 720)]
    return np.concatenate([sizes, quarters, *usual]).astype(dtype)


def flushed(x):
    """Denormals as zeros of their sign."""
    return np.where(np.abs(x) < np.finfo(x.dtype).tiny, np.copysign(0, x), x).astype(x.dtype)


def reference(name, *xs):
    """NumPy's value in the longest type, of which denormals are zero, rounded to that of xs and not."""
    with np.errstate(all="ignore"):
        exact = getattr(np, name)(*(flushed(x).astype(np.longdouble) for x in xs))
        return flushed(exact.astype(xs[0].dtype)), exact


def assert_within(ulps, name, *xs):
    y, (rounded, exact) = getattr(ops, name)(*xs).numpy(), reference(name, *xs)
    ends = ~np.isfinite(rounded) | (rounded == 0) | ~np.isfinite(y) | (y == 0)
    with np.errstate(all="ignore"):
        away = np.abs(y - exact) / np.spacing(np.abs(rounded))
    worst = np.argmax(np.where(ends, 0, away))
    assert ends[worst] or away[worst] <= ulps, (name, [x[worst] for x in xs], y[worst], away[worst])
    tiny, largest = np.finfo(y.dtype).tiny, np.finfo(y.dtype).max
    close = (np.abs(exact) < tiny * 1.00001) | (np.abs(exact) > largest * np.longdouble(0.99999))
    np.testing.assert_array_equal(y[ends & ~close], rounded[ends & ~close], name)


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_errors_are_a_few_units_in_the_last_place(name, dtype, isa):
    core.set_isa(isa)
    x = numbers(dtype)
    assert_within(4 if name == "tan" else 3, name, x[np.abs(x) <= TURNS[dtype]])


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", FLOATS)
def test_errors_of_arctan2_are_a_few_units_in_the_last_place(dtype, isa):
    core.set_isa(isa)
    y, tiny = numbers(dtype), np.finfo(dtype).tiny
    for x in (np.roll(y, 1), np.random.default_rng(1).permutation(y), y * np.asarray(0.6, dtype)):
        assert_within(3, "arctan2", y, x)
    y = np.linspace(tiny, 8 * tiny, 500, dtype=dtype)
    assert_within(3, "arctan2", y, y[::-1].copy())


@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["sin", "cos", "tan"])
def test_angles_of_many_turns_change_no_others(name, dtype):
    """A far angle is libm's; its neighbours, and what is not a number, get the bits that they get without it."""
    x = numbers(dtype)[:1000]
    x[::50] = np.inf, np.nan, TURNS[dtype] * 1.5, -np.finfo(dtype).max, *np.full(16, 1e30)
    y = getattr(ops, name)(x).numpy()
    assert_within(4, name, x)
    alone = [getattr(ops, name)(x[i : i + 1]).numpy()[0] for i in range(len(x))]
    np.testing.assert_array_equal(y, alone)
    wide = np.repeat(x, 2)[::2]
    np.testing.assert_array_equal(getattr(ops, name)(wide).numpy(), y)


@pytest.mark.skipif(len(FMA) < 2, reason="this machine has one FMA instruction set")
@pytest.mark.parametrize("dtype", FLOATS)
def test_fma_instruction_sets_do_not_change_bits(dtype):
    x, results = numbers(dtype), set()
    for isa in FMA:
        core.set_isa(isa)
        outs = [getattr(ops, name)(x).numpy() for name in UNARY] + [ops.arctan2(x, x[::-1].copy()).numpy()]
        results.add(b"".join(np.where(np.isnan(y), 0, y).tobytes() for y in outs))
    assert len(results) == 1


def ends(dtype):
    """Zeros, infinities, denormals, the least and largest numbers, and others, whose powers are denormal."""
    limits = np.finfo(dtype)
    sizes = [0, 1e-30, 0.5, 1, 2, 130, 1030, 1e5, np.inf, np.nan, limits.smallest_subnormal, limits.tiny, limits.max]
    x = np.array(sizes, dtype)
    return np.concatenate([x, -x])


def assert_equal_with_signs(y, expected, where):
    np.testing.assert_allclose(y, expected, rtol=8 * np.finfo(y.dtype).eps, atol=0, err_msg=where)
    known = ~np.isnan(expected)
    np.testing.assert_array_equal(np.signbit(y[known]), np.signbit(expected[known]), where)


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", UNARY)
def test_ends(name, dtype, isa):
    """Zeros keep their signs, infinities have limits, and denormals are zeros."""
    core.set_isa(isa)
    x = ends(dtype)
    assert_equal_with_signs(getattr(ops, name)(x).numpy(), reference(name, x)[0], name)


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", FLOATS)
@pytest.mark.parametrize("name", ["arctan2", "power", "mod"])
def test_ends_of_two_operands(name, dtype, isa):
    """As C has them, of operands and results whose denormals are zeros of their signs."""
    core.set_isa(isa)
    x, y = (np.ascontiguousarray(a.ravel()) for a in np.meshgrid(ends(dtype), ends(dtype)))
    assert_equal_with_signs(getattr(ops, name)(x, y).numpy(), reference(name, x, y)[0], name)


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", FLOATS)
def test_clipped_denormals_are_zeros(dtype, isa):
    """Whether they are elements or bounds, in a vector or in what is left of one."""
    core.set_isa(isa)
    small = np.finfo(dtype).smallest_subnormal
    x = np.repeat(np.array([-1, -small, 0, small, 1], dtype), 11)
    for low, high in ((small, 1), (-1, small), (-small, small), (-1, 1)):
        clipped = ops.clip(x, np.array(low, dtype), np.array(high, dtype)).numpy()
        np.testing.assert_array_equal(clipped, flushed(np.clip(x, low, high)))


@pytest.mark.parametrize("dtype", FLOATS)
def test_hyperbolic_functions_reach_the_largest_number(dtype):
    """Not infinite before sinh and cosh are: e^x alone is, a little before."""
    largest = np.nextafter(np.arcsinh(np.finfo(dtype).max.astype(dtype)), 0, dtype=dtype)
    for name in ("sinh", "cosh"):
        y = getattr(ops, name)(np.array([largest - 1e-4, largest * 1.001], dtype)).numpy()
        np.testing.assert_allclose(y[0] / reference(name, np.array([largest - 1e-4], dtype))[0], 1, rtol=1e-5)
        assert np.isinf(y[1])
