"""Programs in turn: their order, what stops them, what is put back."""

import math
import threading

import numpy as np
import pytest

from fastnn import Variable, ops, plan, sequence


def test_a_sequence_runs_its_programs_in_order():
    seen = Variable(np.zeros(4))
    count = Variable(np.zeros((), "int64"))

    def first(x):
        seen.assign(x)

    def second():
        count.assign_add(1)
        seen.assign(seen * 2.0)
        ops.guard(ops.divide(1.0, 3.0 - ops.cast(count, "float64")))

    one, two = plan.compile(first, [((4,), "float64")]), plan.compile(second, [])
    one.bind([np.arange(12.0)])
    many = sequence.Sequence([(one, 4, 2), (two, 0, 0)])
    before = seen.value
    assert many.run(2) == 2
    np.testing.assert_array_equal(seen.numpy(), [16, 18, 20, 22])
    np.testing.assert_array_equal(before.numpy(), np.zeros(4))
    assert many.run(5) == many.completed == 0  # 1 / 0 in the next round
    assert int(count.value) == 3
    assert many.run(3) == 3
    with pytest.raises(ValueError, match="exceed the 12 rows"):
        sequence.Sequence([(one, 8, 2)])
    one.bind([np.arange(4.0)])  # as another thread may, that trains the same model
    with pytest.raises(ValueError, match="exceed the 4 rows"):
        many.run(1)
    others = [np.arange(4.0)]
    one.bind(others)
    assert one.bound is others
    one.unbind()
    assert one.bound is None
    with pytest.raises(RuntimeError, match="needs bind"):
        many.run(1)


def test_a_sequence_may_bind_its_programs_when_nobody_else_can():
    seen = Variable(np.zeros(4))
    program = plan.compile(seen.assign, [((4,), "float64")])
    program.bind([np.zeros(8)])
    many = sequence.Sequence([(program, 4, 1)])
    program.unbind()
    free = []

    def bind():
        program.bind([np.arange(8.0)])
        thread = threading.Thread(target=lambda: free.append(program.lock.held.acquire(blocking=False)))
        thread.start()
        thread.join()

    assert many.run(1, bind) == 1
    np.testing.assert_array_equal(seen.numpy(), [4, 5, 6, 7])
    assert free == [False]


def test_the_guard_looks_at_arrays_of_any_layout():
    w = Variable(np.ones((200, 3), "float32"), layout="kernel")
    others = [Variable(np.ones((3, 2))), Variable(1.0)]

    def look():
        ops.guard(w, *others)

    program = plan.compile(look, [])
    many = sequence.Sequence([(program, 0, 0)])
    assert many.run(1) == 1
    strided = plan.compile(lambda x: ops.guard(x[:, ::2]), [((3, 4), "float32")])
    strided.inputs[0][...] = [1, np.inf, 2, 3]
    assert sequence.Sequence([(strided, 0, 0)]).run(2) == 2
    strided.inputs[0][:, 2] = np.nan
    assert sequence.Sequence([(strided, 0, 0)]).run(2) == 0
    for variable in (w, *others):
        for value in (math.nan, -math.inf):
            good = variable.numpy()
            bad = good.copy()
            bad[(-1,) * bad.ndim] = value
            variable.load(bad)
            assert many.run(1) == 0
            variable.load(good)
    assert many.run(2) == 2


def test_a_program_that_stands_twice_is_held_once_and_its_state_is_one():
    count = Variable(np.zeros((), "int64"))
    program = plan.compile(lambda: count.assign_add(1), [])
    many = sequence.Sequence([(program, 0, 0), (program, 0, 0)])
    assert many.written == [count]
    state = many.state()
    assert many.run(3) == 3
    assert int(count.value) == 6
    read = count.value
    many.load(state)
    assert (int(count.value), int(read)) == (0, 6)


def test_a_sequence_waits_for_a_program_that_another_thread_runs():
    count = Variable(np.zeros((), "int64"))
    program = plan.compile(lambda: count.assign_add(1), [])
    thread = threading.Thread(target=sequence.Sequence([(program, 0, 0)]).run, args=(1,))
    with program.lock.held:
        thread.start()
        thread.join(0.1)
        assert thread.is_alive()
        assert int(count.value) == 0
    thread.join(60)
    assert int(count.value) == 1
    assert program.lock.held.acquire(blocking=False)  # the other thread has released it
    program.lock.held.release()
