"""`@fastnn.function` and the door for Python ops."""

import dataclasses
import gc
import weakref
from collections import namedtuple

import numpy as np
import pytest

import fastnn
from fastnn import GradientTape, Variable, ops, plan


def test_function_traces_once_for_each_signature():
    calls = []

    @fastnn.function
    def fn(x, scale=2.0, flag=True):
        calls.append(x.shape)
        return {"y": x * scale if flag else x}

    np.testing.assert_array_equal(fn(np.ones(3))["y"].numpy(), [2, 2, 2])
    np.testing.assert_array_equal(fn(np.ones(3) * 2)["y"].numpy(), [4, 4, 4])
    np.testing.assert_array_equal(fn(np.ones(2), flag=False)["y"].numpy(), [1, 1])
    assert calls == [(3,), (2,)]


def test_function_is_differentiable_under_a_tape():
    x = Variable(3.0)
    cube = fastnn.function(lambda v: v * v * v)
    with GradientTape() as tape:
        y = cube(x.value)
    assert float(tape.gradient(y, x)) == 27.0


def test_a_function_writes_variables_at_every_call():
    count = Variable(np.int64(0))

    @fastnn.function
    def bump(x):
        count.assign_add(1)
        return x + ops.cast(count, "float32")

    assert [float(bump(np.float32(10))) for _ in range(3)] == [11, 12, 13]


def test_a_variable_as_argument_may_be_written():
    @fastnn.function
    def fill(variable, x):
        variable.assign(x * 2)

    a, b = Variable([0.0, 0.0]), Variable([0.0, 0.0])
    fill(a, np.array([1, 2], "float32"))
    fill(b, np.array([3, 4], "float32"))
    np.testing.assert_array_equal([a.numpy(), b.numpy()], [[2, 4], [6, 8]])


def test_threads_may_call_one_function():
    from concurrent.futures import ThreadPoolExecutor

    @fastnn.function
    def double(x):
        return ops.sum(x * 2)

    with ThreadPoolExecutor(4) as pool:
        found = list(pool.map(lambda i: float(double(np.full(1000, float(i)))), range(200)))
    assert found == [2000.0 * i for i in range(200)]


def test_results_are_of_their_own():
    double = fastnn.function(lambda x: x * 2)
    first = double(np.ones(2))
    double(np.zeros(2))
    np.testing.assert_array_equal(first.numpy(), [2, 2])


def test_function_refuses_what_is_no_function():
    with pytest.raises(TypeError, match="callable"):
        fastnn.function(3)


def test_py_op_runs_in_a_plan_and_raises_there():
    def fn(x):
        if np.isnan(x).any():
            raise ArithmeticError("no NaN here")
        return x**2

    square = ops.py_op(fn, vjp=lambda dy, y, x: 2 * x * dy)
    program = plan.compile(lambda x: square(x) + 1, [((2,), "float64")])
    program.inputs[0][...] = [1.0, 3.0]
    (out,) = program.run()
    np.testing.assert_array_equal(out, [2, 10])
    x = Variable([2.0, 5.0])
    with GradientTape() as tape:
        y = ops.sum(square(x.value))
    np.testing.assert_array_equal(tape.gradient(y, x).numpy(), [4, 10])
    program.inputs[0][0] = np.nan
    with pytest.raises(ArithmeticError, match="no NaN here"):
        program.run()


def test_nothing_is_run_behind_a_py_op_that_raises():
    failing = True
    variable = Variable(np.zeros(3))

    def fails(x):
        if failing:
            raise ArithmeticError("the first")
        return x

    def fails_too(x):
        if failing:
            raise ArithmeticError("the second")
        return x

    @fastnn.function
    def step(x):
        y = ops.py_op(fails)(x)
        variable.assign(y + 1.0)
        return ops.py_op(fails_too)(y)

    with pytest.raises(ArithmeticError, match="the first"):
        step(np.ones(3))
    np.testing.assert_array_equal(variable.numpy(), 0)
    failing = False
    np.testing.assert_array_equal(step(np.ones(3)).numpy(), 1)  # without what has been raised before
    np.testing.assert_array_equal(variable.numpy(), 2)


def test_a_py_op_cannot_run_its_own_program():
    def again(x):
        return outer(x).numpy()

    @fastnn.function
    def outer(x):
        return ops.py_op(again)(x) + 1.0

    for _ in range(2):
        with pytest.raises(RuntimeError, match="cannot run or change it"):
            outer(np.ones(3))


def test_a_py_op_without_inputs_is_told_what_it_returns():
    five = ops.py_op(lambda: np.full(2, 5.0), shape=lambda: (2,), dtype="float64", name="five")
    np.testing.assert_array_equal(five().numpy(), [5, 5])
    with pytest.raises(TypeError, match="five: without inputs, py_op needs to be told shape and dtype"):
        ops.py_op(lambda: np.full(2, 5.0), name="five")()


@pytest.mark.parametrize("shape", [(), (2, 3), (200, 300)])
@pytest.mark.parametrize("see", [lambda a: a, lambda a: a.T, fastnn.Tensor], ids=["as it is", "turned", "a tensor"])
def test_arrays_from_outside_are_those_of_the_trace(shape, see):
    """Whatever their size and layout are."""
    array = np.ones(shape)
    seen = see(array)
    fn = fastnn.function(lambda x: x * seen)
    first = fn(np.float64(2)).numpy()
    array[...] = 7.0
    np.testing.assert_array_equal(first, np.full(seen.shape, 2.0))
    np.testing.assert_array_equal(fn(np.float64(2)).numpy(), first)


def test_a_large_constant_stands_in_memory_once():
    wide = np.broadcast_to(np.arange(5000.0)[:, None], (5000, 1000))
    program = plan.compile(lambda x: x + wide, [((5000, 1), "float64")])
    (constant,) = program.uses.constants
    assert constant.strides == (8, 0)
    program.inputs[0][...] = 1.0
    np.testing.assert_array_equal(program.run()[0], wide + 1)


def test_true_is_not_one():
    f = fastnn.function(lambda x, n: x * 2 if n is True else x * 100)
    x = np.float32(1)
    assert [float(f(x, n)) for n in (1, True, 1, True)] == [100, 2, 100, 2]


@pytest.mark.parametrize("read", [np.asarray, np.exp, lambda v: v.numpy()], ids=["asarray", "exp", "numpy"])
def test_a_program_keeps_no_value_of_a_variable(read):
    variable = Variable([1.0, 2.0])
    with pytest.raises(fastnn.tensor.TracingError, match="test_function.py"):
        plan.compile(lambda x: x + read(variable), [((2,), "float32")])
    assert read(variable).shape == (2,)


def test_python_floats_are_as_wide_as_what_comes_with_them():
    scaled = fastnn.function(lambda x, a: x * a)
    assert float(scaled(np.ones(1), 0.1)[0]) == 0.1
    assert scaled(np.ones(1, "float32"), 0.1).dtype == "float32"


def test_an_argument_that_has_no_hash_is_named():
    with pytest.raises(TypeError, match="cannot be a set"):
        fastnn.function(lambda x, names: x)(np.ones(1), {1, 2})


def test_tuples_of_other_types_are_other_signatures():
    first, second = namedtuple("Pair", "a b"), namedtuple("Pair", "b a")
    a = fastnn.function(lambda pair: pair.a * 1.0)
    assert [float(a(pair(1.0, 2.0))) for pair in (first, second)] == [1, 2]


def test_programs_do_not_keep_objects_alive():
    class Scale:
        def __init__(self, factor):
            self.factor = Variable(factor)

        @fastnn.function
        def __call__(self, x, part=None):
            return x * self.factor

    gone = []
    for factor in (2.0, 3.0, 4.0):
        scale = Scale(factor)
        assert float(scale(1.0)) == float(scale(1.0)) == factor
        assert float(scale(1.0, part=(scale, "all"))) == factor
        gone += [weakref.ref(scale), weakref.ref(scale.factor)]
    del scale
    gc.collect()
    assert [each() is None for each in gone] == [True] * 4 + [True, False]  # until something else is compiled
    Scale(5.0)(1.0)
    gc.collect()
    assert gone[-1]() is None


def test_objects_that_are_equal_are_one_argument():
    calls = []

    @fastnn.function
    def fn(x, settings):
        calls.append(settings)
        return x * settings.factor

    settings = namedtuple("Settings", "factor")
    frozen = dataclasses.make_dataclass("Frozen", ["factor"], frozen=True)
    for make in (settings, frozen):
        assert [float(fn(1.0, make(factor))) for factor in (2, 3, 2)] == [2, 3, 2]
    assert len(calls) == 4
    same = fastnn.function(lambda x, *others: calls.append(others) or x)
    for others in (None, object(), len, np.sum, np, int):  # some of them know no weak references
        assert [float(same(1.0, others)) for _ in range(2)] == [1, 1]
    assert len(calls) == 10
