"""Small nodes go first or last where that changes no result."""

import itertools

import numpy as np

from fastnn import Variable, graph, ops, plan, random, schedule
from fastnn.ops.catalogue import CATALOGUE
from fastnn.schedule import HELD, SMALL, TOGETHER, arrange, before_parts


def names(fn, *specs):
    """Return the ops of a function, as recorded and as arranged."""
    record = graph.trace(fn, specs)
    arranged = arrange(record.nodes, record.inputs)
    assert sorted(map(id, arranged)) == sorted(map(id, record.nodes))
    return [node.op.name for node in record.nodes], [node.op.name for node in arranged]


BIG = ((8, SMALL), "float64")


def test_what_hangs_on_variables_alone_comes_first():
    rate, iterations = Variable(np.float64(0.1)), Variable(np.int64(0))
    weights, seeds = Variable(np.zeros(BIG[0])), random.SeedGenerator(1)

    def step(x):
        gradient = ops.exp(x)
        dropped = gradient * random.uniform(x.shape, dtype="float64", seed=seeds)
        ops.sgd_update(weights, dropped, ops.step_scalars(rate, iterations))
        iterations.assign(iterations + 1)

    recorded, arranged = names(step, BIG)
    assert recorded[:2] == ["exp", "next_key"]
    assert arranged[:2] == ["next_key", "step_scalars"]
    assert arranged.index("add") < arranged.index("assign") < arranged.index("exp")
    assert arranged[-1] == "optimizer_update"


def test_what_only_keeps_records_comes_last():
    total, weights = Variable(np.float64(0)), Variable(np.zeros(BIG[0]))

    def step(x):
        y = ops.exp(x)
        loss = ops.sum(y)
        ops.guard(loss)
        total.assign_add(loss)
        weights.assign(ops.tanh(y))

    recorded, arranged = names(step, BIG)
    last = recorded[1 : recorded.index("tanh")]
    assert "sum" in last and "guard" in last
    assert arranged == ["exp", "tanh", "assign", *last]


def test_what_would_keep_large_values_in_memory_stays():
    def step(x):
        return sum(ops.sum(ops.exp(x * float(i))) for i in range(5))

    for size, stays in ((HELD, False), (HELD + 1, True)):
        _, arranged = names(step, ((size,), "float64"))
        behind = [b for a, b in itertools.pairwise(arranged) if a == "exp"]
        assert (behind == ["sum"] * 5) == stays


def test_what_moves_to_the_end_keeps_no_more_in_memory_however_many_it_is():
    def step(x):
        return sum(ops.sum(ops.exp(x * float(i))) for i in range(3 * TOGETHER // HELD))

    program = plan.compile(step, [((HELD,), "float32")])
    assert sum(block.nbytes for block in program.plan.scratch) < 1.1 * 4 * TOGETHER


def test_order_stays_where_one_uses_what_the_other_makes_or_writes():
    weights, small = Variable(np.zeros(BIG[0])), Variable(np.zeros(3))

    def reads_then_writes(x):
        total = ops.sum(weights)  # before it is written
        weights.assign(x * 2.0)
        return total

    def writes_then_reads(x):
        small.assign(ops.sum(x, axis=(0,))[:3])
        weights.assign(x * ops.sum(small))

    for fn in (reads_then_writes, writes_then_reads):
        recorded, arranged = names(fn, BIG)
        assert arranged == recorded


def test_inputs_are_there_before_anything_else():
    recorded, arranged = names(lambda x, y: ops.tanh(x) * ops.sum(y), BIG, ((2,), "float64"))
    assert arranged == recorded


def test_sums_in_parts_of_a_batch_come_together():
    """Each before its first use, and behind what makes the rows that they sum."""
    w, b = Variable(np.zeros((5, 4))), Variable(np.zeros(5))

    def step(x, y):
        planes = CATALOGUE["matmul_parts"](ops.transpose(x), y)
        z = ops.exp(y)
        sums = CATALOGUE["sum_parts"](z)
        ops.tanh(z)
        ops.sgd_update(w, ops.sum(ops.transpose(planes, (0, 2, 1)), axis=0), np.zeros(2))
        ops.sgd_update(b, ops.sum(sums, axis=0), np.zeros(2))

    recorded, arranged = names(step, ((20, 4), "float64"), ((20, 5), "float64"))
    assert recorded.index("matmul_parts") < recorded.index("exp")
    at = arranged.index("matmul_parts")
    assert arranged[at - 2 : at + 4] == ["exp", "tanh", "matmul_parts", "sum_parts", "transpose", "sum"]
    assert arranged.index("sum_parts") < arranged.index("optimizer_update")


def test_as_many_come_together_as_what_they_sum_may_wait_for(monkeypatch):
    monkeypatch.setattr(schedule, "TOGETHER", 2 * 20 * 4)

    def step(y):
        sums = []
        for _ in range(6):
            y = ops.exp(y)
            sums.append(CATALOGUE["sum_parts"](y))
        return ops.tanh(sum(sums))

    _, arranged = names(step, ((20, 4), "float64"))
    groups = [len(list(group)) for name, group in itertools.groupby(arranged) if name == "sum_parts"]
    assert groups == [2, 2, 2]


def test_what_stands_before_a_sum_in_parts_is_known_of_each_node():
    def step(y):
        z = ops.exp(y)
        return CATALOGUE["matmul_parts"](ops.transpose(y), z), CATALOGUE["sum_parts"](z), ops.tanh(z)

    nodes = graph.trace(step, [((20, 4), "float64")]).nodes
    assert [node.op.name for node in nodes] == ["exp", "transpose", "matmul_parts", "sum_parts", "tanh"]
    assert before_parts(nodes) == [True, True, True, False, False]


def test_they_do_not_pass_what_changes_what_they_sum():
    x = Variable(np.zeros((20, 4)))

    def step(y):
        planes = CATALOGUE["matmul_parts"](ops.transpose(x.value), y)
        x.assign(ops.zeros((20, 4), "float64"))
        return planes

    _, arranged = names(step, ((20, 5), "float64"))
    assert arranged.index("matmul_parts") < arranged.index("assign")


def test_no_write_passes_what_may_raise():
    iterations, weights = Variable(np.int64(0)), Variable(np.zeros(BIG[0]))
    check, measure = ops.py_op(lambda x: x, name="check"), ops.py_op(lambda x: x.sum(), shape=lambda _: ())

    def step(x):
        y = check(ops.exp(x))
        total = measure(y)
        iterations.assign(iterations + 1)
        weights.assign(y)
        ops.guard(total)

    recorded, arranged = names(step, BIG)
    assert arranged.index("check") < arranged.index(recorded[2]) < arranged.index("assign")
