"""Ops that write variables: assignment, keys, and the optimizer rules against their published formulas."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from fastnn import Tensor, Variable, ops, plan
from fastnn._kernels import core
from fastnn.ops.sampling import next_key

# rule: hyperparameters, slots used, options
RULES = {
    "sgd": ((), 0, (0,)),
    "momentum": ((0.9,), 1, (0,)),
    "nesterov": ((0.9,), 1, (0,)),
    "rmsprop": ((0.9, 1e-7, 0.5), 3, (0, 1)),
    "adagrad": ((0.0, 1e-7), 1, (0,)),
    "adam": ((0.9, 0.999, 1e-7), 3, (0, 1)),
}
TOLERANCE = {"float32": 3e-6, "float64": 1e-14}


def test_every_rule_has_a_row():
    assert set(RULES) == set(core.RULES) == set(ops.update.REFERENCE_RULES)


def run_rule(rule, option, shape, dtype, layout, decay, steps=3, transposed=False, threads=1, l2=0.0):
    """Return (got, expected): variable and slots after some steps, by the kernel and by the transcription."""
    rng = np.random.default_rng(0)
    hyper, n_slots, _ = RULES[rule]
    w = Variable(rng.standard_normal(shape).astype(dtype), layout=layout)
    slots = [Variable.zeros_like(w) for _ in range(n_slots)] + [None] * (3 - n_slots)
    expected = [None if v is None else v.numpy().astype("float64") for v in (w, *slots)]
    attrs = {"rule": rule, "hyper": hyper, "option": option, "weight_decay": decay, "l2": l2}
    core.set_num_threads(threads)
    for t in range(steps):
        g = rng.standard_normal(shape).astype(dtype)
        scalars = ops.update._scalars_reference(0.01, t, 0.9, 0.999)
        gradient = np.asfortranarray(g) if transposed else g
        ops.update.optimizer_update.apply((w, *slots, Tensor(gradient), Tensor(scalars)), attrs)
        ops.update._update_reference(*expected, g.astype("float64"), scalars, **attrs)
    return [v for v in (w, *slots) if v is not None], [e for e in expected if e is not None]


@pytest.mark.parametrize("isa", core.available_isas())
@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("rule", sorted(RULES))
@given(
    shape=st.sampled_from([(), (1,), (7,), (3, 5), (200, 7), (130, 33), (40, 1), (2, 3, 4), (0, 3)]),
    kernel_layout=st.booleans(),
    decay=st.sampled_from([0.0, 0.1]),
    transposed=st.booleans(),
    l2=st.sampled_from([0.0, 0.3]),
)
def test_rule_equals_its_formula(rule, dtype, isa, shape, kernel_layout, decay, transposed, l2):
    core.set_isa(isa)
    layout = "kernel" if kernel_layout and len(shape) == 2 and 0 not in shape else None
    transposed = transposed and len(shape) == 2
    for option in RULES[rule][2]:
        got, expected = run_rule(rule, option, shape, dtype, layout, decay, transposed=transposed, l2=l2)
        for a, b in zip(got, expected, strict=True):
            np.testing.assert_allclose(a.numpy(), b, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])


@pytest.mark.parametrize("betas", [(0.9, 0.0), (0.0, 0.999), (0.0, 0.0)])
@pytest.mark.parametrize("amsgrad", [False, True])
def test_what_adam_does_not_keep_leaves_nothing_behind(betas, amsgrad):
    """Gradients of 100 and then of 1e-4: taken from v and added again, 1e-8 would be lost in a v of 1e4."""
    w, m, v, vhat = (Variable(np.zeros(9, "float32")) for _ in range(4))
    for t, g in enumerate((100.0, 1e-4)):
        scalars = ops.step_scalars(np.float32(0.01), t, *betas)
        gradient = np.full(9, g, "float32")
        ops.adam_update(w, m, v, vhat if amsgrad else None, gradient, scalars, *betas, 1e-7, amsgrad=amsgrad)
    if betas[0] == 0:
        np.testing.assert_array_equal(m.numpy(), gradient)
    if betas[1] == 0:
        np.testing.assert_array_equal(v.numpy(), gradient * gradient)


@pytest.mark.parametrize("rule", sorted(RULES))
def test_threads_do_not_change_bits(rule):
    one, _ = run_rule(rule, 0, (300, 170), "float32", "kernel", 0.01)
    two, _ = run_rule(rule, 0, (300, 170), "float32", "kernel", 0.01, threads=2)
    for a, b in zip(one, two, strict=True):
        np.testing.assert_array_equal(a.numpy(), b.numpy())


def test_padding_stays_zero():
    got, _ = run_rule("adam", 0, (200, 7), "float32", "kernel", 0.1)
    for variable in got:
        rows = variable.array.T
        assert rows.strides[0] == 208 * rows.itemsize
        assert not np.lib.stride_tricks.as_strided(rows, (7, 208))[:, 200:].any()


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("factor", [0.9, Tensor(np.float64(0.9))], ids=["number", "tensor"])
def test_descent_and_averages_follow_their_formulas(dtype, factor):
    """Eagerly and in a program, of a product that only they use, too."""
    rng = np.random.default_rng(1)
    x, w, a = (rng.standard_normal(shape).astype(dtype) for shape in ((5, 4), (5, 4), (5, 4)))
    y = rng.standard_normal((4, 4)).astype(dtype)
    eager, traced = ([Variable(value, layout="kernel") for value in (w, a)] for _ in range(2))

    def move(variables, x, y):
        ops.descend(variables[0], x, factor)
        ops.move_average(variables[1], x @ y, factor)

    move(eager, Tensor(x), Tensor(y))
    program = plan.compile(lambda x, y: move(traced, x, y), [(x.shape, dtype), (y.shape, dtype)])
    for memory, value in zip(program.inputs, (x, y), strict=True):
        memory[...] = value
    program.run()
    expected = [w - 0.9 * x, 0.9 * a + (1 - 0.9) * (x @ y)]
    for one, other, e in zip(eager, traced, expected, strict=True):
        np.testing.assert_array_equal(one.numpy(), other.numpy())
        np.testing.assert_allclose(one.numpy(), e, rtol=TOLERANCE[dtype], atol=TOLERANCE[dtype])
    with pytest.raises(ValueError, match=r"shape \(4, 4\) does not fit the variable"):
        ops.move_average(eager[1], Tensor(y), factor)


def test_next_key_advances():
    state = Variable(np.array([5, 0], np.int64))
    assert next_key(state).numpy().tolist() == [5, 0]
    assert next_key(state).numpy().tolist() == [5, 1]
    program = plan.compile(lambda: next_key(state), [])
    assert program.run()[0].tolist() == [5, 2]
    assert state.numpy().tolist() == [5, 3]


def test_a_wrong_gradient_changes_nothing():
    w = Variable(np.ones((2, 3)), name="w")
    with pytest.raises(ValueError, match=r"shape \(3, 2\) does not fit the variable 'w' of shape \(2, 3\)"):
        ops.sgd_update(w, np.ones((3, 2)), ops.step_scalars(0.1, 0))
    np.testing.assert_array_equal(w.numpy(), np.ones((2, 3)))


@pytest.mark.parametrize("iterations", [0, 1, 2, 9, 999, 31_019, 10**7])
@pytest.mark.parametrize("betas", [(0.9, 0.999), (0.0, 0.0), (0.5, 0.9999)])
def test_step_scalars_are_those_of_the_formula(iterations, betas):
    found = ops.step_scalars(np.float64(0.01), np.int64(iterations), *betas).numpy()
    np.testing.assert_allclose(found, ops.update._scalars_reference(0.01, iterations, *betas), rtol=1e-11)


@pytest.mark.parametrize("dtype", ["float32", "float64"])
@pytest.mark.parametrize("shape", [(), (1,), (7,), (3000,), (40, 50)])
def test_accumulate_adds_a_weighted_sum_and_a_number(shape, dtype):
    x = np.asarray(np.random.default_rng(0).random(shape)).astype(dtype)
    total, count = Variable(np.asarray(2.0, dtype)), Variable(np.asarray(3.0, dtype))
    ops.accumulate(total, count, x, 0.5)
    np.testing.assert_allclose(total.numpy(), 2 + 0.5 * x.sum(dtype="float64"), rtol=1e-6)
    assert float(count) == 3 + 0.5 * x.size
    given, counted = np.asarray(2.0, dtype), np.asarray(3.0, dtype)
    ops.CATALOGUE["accumulate"].reference(given, counted, x, 0.5, 0.5 * x.size)
    np.testing.assert_allclose(total.numpy(), given, rtol=1e-6)


def test_record_writes_where_there_is_room():
    log, position = Variable(np.zeros(3)), Variable(np.int64(1))
    for value in (0.1, 0.2, 0.3):
        ops.record(log, position, ops.convert_to_tensor(np.float32(value)))
    np.testing.assert_array_equal(log.numpy(), [0, np.float32(0.1), np.float32(0.2)])
    assert int(position) == 4
    position.load(np.int64(-1))
    ops.record(log, position, np.float64(9))
    np.testing.assert_array_equal(log.numpy(), [0, np.float32(0.1), np.float32(0.2)])
