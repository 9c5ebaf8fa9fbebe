"""Programs: memory, fusion, variables, batches, the guard."""

import gc
import weakref

import numpy as np
import pytest
from program_tools import make_step

from fastnn import Sequential, Variable, layers, ops, plan


def compile_and_run(fn, *arrays):
    program = plan.compile(fn, [(x.shape, x.dtype) for x in arrays])
    for memory, x in zip(program.inputs, arrays, strict=True):
        memory[...] = x
    return program, program.run()


def test_dead_nodes_are_left_out():
    def fn(x):
        ops.exp(x)
        return x + 1

    program, (out,) = compile_and_run(fn, np.ones(3))
    assert [step[0] for step in program.plan.describe()][1:] == ["add"]
    np.testing.assert_array_equal(out, [2, 2, 2])


def test_inputs_survive_a_run():
    program, _ = compile_and_run(lambda x: ops.exp(ops.exp(x * 0.5)) + 1, np.ones(100))
    np.testing.assert_array_equal(program.inputs[0], np.ones(100))


def test_memory_is_reused():
    def deep(x):
        for _ in range(50):
            x = ops.tanh(x)
        return x

    _, (out,) = compile_and_run(deep, np.ones(1000))
    expected = np.ones(1000)
    for _ in range(50):
        expected = np.tanh(expected)
    np.testing.assert_allclose(out, expected, rtol=1e-12)


def test_a_program_knows_how_much_memory_it_has():
    def fn(x):
        return ops.matmul(ops.tanh(x), np.ones((1000, 500), "float32"))

    small, large = (plan.compile(fn, [((rows, 1000), "float32")]).nbytes for rows in (1, 1001))
    assert small >= 1000 * 500 * 4  # the constant
    assert large - small == pytest.approx(1000 * (1000 + 1000 + 500) * 4, rel=0.01)
    nothing = plan.compile(lambda x: x, [((1,), "float32")]).nbytes
    assert 1 << 10 < nothing < 1 << 14


def test_a_read_before_a_write_keeps_its_value():
    variable = Variable([1.0, 2.0])

    def fn(x):
        before = variable.value
        turned = ops.reshape(before, (2, 1))
        variable.assign(before + x)
        return before * 1.0, turned * 1.0, variable.value * 1.0

    _, (before, turned, after) = compile_and_run(fn, np.array([10.0, 20.0], "float32"))
    np.testing.assert_array_equal(before, [1, 2])
    np.testing.assert_array_equal(turned, [[1], [2]])
    np.testing.assert_array_equal(after, [11, 22])
    np.testing.assert_array_equal(variable.numpy(), [11, 22])


@pytest.mark.parametrize("size", [2, 100])  # small nodes may change places
def test_a_read_that_is_used_only_after_a_write_keeps_its_value(size):
    first, second = (Variable(np.full(size, value)) for value in (1.0, 2.0))

    def fn(x):
        one, two = first.value, second.value
        first.assign(x)
        second.assign(first.value + two)
        return one, one + two, first.value * 1.0

    _, outputs = compile_and_run(fn, np.full(size, 10.0))
    assert [out[0] for out in outputs] == [1, 3, 10]
    assert (first.numpy()[0], second.numpy()[0]) == (10, 12)


def test_a_variable_read_outside_keeps_its_value_when_a_program_writes():
    variable = Variable([1.0])
    outside = variable.value

    def fn(x):
        variable.assign(x)

    compile_and_run(fn, np.array([7.0], "float32"))
    assert float(outside[0]) == 1.0
    assert float(variable.value[0]) == 7.0


def test_batches_are_gathered_in_the_order_of_the_permutation():
    total = Variable(np.float32(0))
    seen = Variable(np.zeros((8, 3), "float32"))
    step_count = Variable(np.int64(0))

    def fn(x, label):
        seen.assign(x)
        total.assign_add(ops.sum(ops.cast(label, "float32")))
        step_count.assign_add(1)

    images = np.arange(24 * 3, dtype=np.uint8).reshape(24, 3)
    labels = np.arange(24, dtype=np.int64)
    program = plan.compile(fn, [((8, 3), "float32"), ((8,), "int64")])
    permutation = np.random.default_rng(0).permutation(24)
    program.bind([images, labels], permutation)
    assert program.run_batches(0, 3) == 3
    np.testing.assert_array_equal(seen.numpy(), images[permutation[16:]])
    assert float(total.value) == labels.sum()
    assert program.run_batches(8, 1) == 1
    np.testing.assert_array_equal(seen.numpy(), images[permutation[8:16]])
    with pytest.raises(ValueError, match="exceed the 24 rows"):
        program.run_batches(8, 3)


def test_the_guard_stops_at_the_first_bad_batch():
    count = Variable(np.int64(0))

    def fn(x):
        count.assign_add(1)
        ops.guard(ops.sum(x))

    rows = np.ones((10, 2))
    rows[5, 1] = np.nan
    program = plan.compile(fn, [((1, 2), "float64")])
    program.bind([rows])
    assert program.run_batches(0, 10) == 6
    assert program.stopped_at == 5
    assert int(count.value) == 6


@pytest.mark.parametrize(("dtype", "given"), [("float32", "float32"), ("float64", "float64"), ("float32", "float64")])
@pytest.mark.parametrize("columns", [3, 8, 300])
def test_watched_rows_stop_like_a_guard(dtype, given, columns):
    """Rows of every length; 1e39 is finite until it becomes float32. The rows ahead are within the order."""
    seen = Variable(np.zeros((4, columns), dtype))

    def fn(x):
        seen.assign(x)

    rows = np.ones((24, columns), given)
    rows[13, columns - 1] = 1e39 if given != dtype else -np.inf
    order = np.roll(np.arange(24), 3)[:22]  # row 13 stands at 16
    program = plan.compile(fn, [((4, columns), dtype)])
    program.bind([rows], order)
    assert program.run_batches(0, 5) == 5 and program.stopped_at is None
    program.bind([rows], order, watch=True)
    assert program.run_batches(0, 5) == 5 and program.stopped_at == 4
    with np.errstate(over="ignore"):
        np.testing.assert_array_equal(seen.numpy(), rows[order[16:20]].astype(dtype))
    assert program.run_batches(0, 4) == 4 and program.stopped_at is None


def test_python_values_are_not_known_while_tracing():
    def fn(x):
        return x if x > 0 else -x

    with pytest.raises(TypeError, match=r"truth value.*test_plan\.py"):
        plan.compile(fn, [((), "float32")])


def test_steady_state_allocates_nothing():
    """A program's runs leave the count of Python objects and of traced memory where they were."""
    import tracemalloc

    step, _ = make_step("relu", "adam")
    program = plan.compile(step, [((6, 150), "float64")])
    program.bind([np.ones((60, 150))])
    program.run_batches(0, 10)
    tracemalloc.start()
    before = tracemalloc.get_traced_memory()[0]
    for _ in range(50):
        program.run_batches(0, 10)
    after, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert after - before < 512
    assert peak - before < 4096


def phases_of(*widths, batch):
    """(kernel, phase) of a training step of a network of these widths, with the gathers of its rows."""
    model = Sequential([layers.Input((widths[0],)), *(layers.Dense(units, "relu") for units in widths[1:])])
    model.compile("adam", "mse")
    x, y = (np.ones((batch, width), "float32") for width in (widths[0], widths[-1]))
    model.fit(x, y, batch_size=batch, verbose=0)
    (program,) = model._runtime.programs._programs.values()
    program.bind([x, y])  # as while it trains
    return [(name, phase) for name, phase, _ in program.plan.phases()]


def test_rows_go_through_a_narrow_network_without_a_barrier():
    phases = phases_of(8, 64, 64, 1, batch=200)
    forward = [phase for name, phase in phases[: [name for name, _ in phases].index("squared_error") + 1]]
    assert len(set(forward)) == 1 and forward[0]
    backward = [phase for name, phase in phases if name in ("squared_error_grad", "relu_grad", "matmul_dot")][-3:]
    assert len(set(backward)) == 1 and backward[0]
    updates = [phase for name, phase in phases[-6:]]
    assert len(set(updates)) == 1 and updates[0] > backward[0]


def test_small_networks_stay_on_the_caller():
    assert {phase for _, phase in phases_of(2, 16, 1, batch=4)} == {0}


def test_threads_run_programs_of_their_own():
    """Two Python threads at once: each gets its own right answer."""
    from concurrent.futures import ThreadPoolExecutor

    def work(seed):
        x = np.random.default_rng(seed).standard_normal((64, 64))
        program, (out,) = compile_and_run(lambda a: ops.matmul(a, a), x)
        for _ in range(50):
            program.run()
        return np.abs(out - x @ x).max()

    with ThreadPoolExecutor(4) as pool:
        assert max(pool.map(work, range(8))) < 1e-10


def test_what_a_program_used_goes_with_it():
    def compiled():
        variable = Variable([1.0, 2.0])
        return plan.compile(lambda x: ops.exp(x * variable), [((2,), "float32")]), weakref.ref(variable)

    gc.disable()
    try:
        program, used = compiled()
        assert used() is not None
        del program
        assert used() is None
    finally:
        gc.enable()


def test_a_program_keeps_nothing_of_the_record_that_it_was_made_of():
    values = []

    def step(x):
        y = ops.exp(x)
        values.append(weakref.ref(y))
        return ops.tanh(y)

    program = plan.compile(step, [((2,), "float32")])
    gc.collect()
    assert values[0]() is None
    np.testing.assert_allclose(program.run()[0], np.tanh(1.0), rtol=1e-6)


def test_an_array_that_is_used_often_is_copied_once():
    array = np.ones(20_000)
    program = plan.compile(lambda x: [ops.sum(array * (x + i)) for i in range(5)], [((), "float64")])
    assert [constant.size for constant in program.uses.constants].count(array.size) == 1
    program.inputs[0][...] = 1.0
    np.testing.assert_allclose(program.run(), [20_000.0 * (i + 1) for i in range(5)])
