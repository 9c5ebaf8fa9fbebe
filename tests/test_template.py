"""Templates: a program bound to other variables does what a compiled one does, and shares no memory with another."""

import gc
import weakref

import numpy as np
import pytest
from program_tools import X, make_step

from fastnn import Variable, ops, plan, template
from fastnn._kernels import core
from fastnn.ops.py_op import py_op

SPECS = [(X.shape, X.dtype)]


def make_template():
    """Return a template of a step of training, and what it was made of."""
    step, variables = make_step()
    program = plan.compile(step, SPECS)
    return template.Template(program, program.uses.variables), program, variables


def others():
    """Return new variables in the places of the template's, with the values of a step that nobody has trained."""
    return plan.compile(make_step()[0], SPECS).uses.variables


def trained(program, steps=5, x=X):
    """Return the losses of some steps, and the variables after them."""
    losses = []
    for _ in range(steps):
        program.inputs[0][...] = x
        losses.append(float(program.run()[0]))
    return losses, [variable.numpy() for variable in program.uses.variables]


def test_a_bound_program_has_as_much_memory_as_the_first():
    made, program, _ = make_template()
    assert made.bind(others()).nbytes == pytest.approx(program.nbytes, rel=0.05)


def assert_alike(ours, theirs):
    assert ours[0] == theirs[0]
    for a, b in zip(ours[1], theirs[1], strict=True):
        np.testing.assert_array_equal(a, b)


def test_a_bound_program_trains_as_a_compiled_one():
    made, program, _ = make_template()
    bound = made.bind(others())
    assert bound.plan.describe() == program.plan.describe()
    assert bound.plan.phases() == program.plan.phases()
    assert [x.shape for x in bound.inputs] == [x.shape for x in program.inputs]
    ours = trained(bound)
    assert_alike(ours, trained(program))
    assert ours[0][0] > ours[0][-1]
    np.testing.assert_array_equal(bound.result(), program.result())


def test_programs_of_one_template_share_nothing():
    made, program, _ = make_template()
    alone = trained(make_template()[1])
    bound = [made.bind(others()) for _ in range(3)]
    for step in range(5):  # in turn, each with an input of its own
        for i, each in enumerate(bound):
            each.inputs[0][...] = X * (i + 1)
        for each in bound:
            each.run()
        if step == 0:
            assert float(bound[0].outputs[0]) == alone[0][0]
    assert len({float(each.outputs[0]) for each in bound}) == 3
    assert_alike(trained(program), alone)


def test_batches_are_bound_to_rows_of_their_own():
    made, program, _ = make_template()
    bound = made.bind(others())
    with pytest.raises(RuntimeError, match="needs bind first"):
        bound.run_batches(0, 1)
    rows = np.concatenate([X, 2 * X])
    for each in (program, bound):
        each.bind([rows])
        assert each.run_batches(0, 2) == 2
    np.testing.assert_array_equal(program.outputs[0], bound.outputs[0])


def test_a_guard_stops_its_own_program():
    def fn(x):
        ops.guard(x)
        return x * 1.0

    program = plan.compile(fn, [((2, 3), "float64")])
    bound = template.Template(program, []).bind([])
    for each, bad in ((program, 3), (bound, 1)):
        rows = np.ones((10, 3))
        rows[2 * bad, 0] = np.nan
        each.bind([rows])
        assert each.run_batches(0, 5) == bad + 1
    assert (program.stopped_at, bound.stopped_at) == (3, 1)


def test_constants_are_shared_and_stay_alive():
    program = plan.compile(lambda x: x * np.arange(5000.0), [((5000,), "float64")])
    made = template.Template(program, [])
    del program
    gc.collect()
    bound = made.bind([])
    bound.inputs[0][...] = 2.0
    np.testing.assert_array_equal(bound.run()[0], 2 * np.arange(5000.0))


def test_scratch_memory_of_steps_is_their_own():
    w = Variable(np.ones((600, 64)), layout="kernel")  # a long sum goes through planes
    program = plan.compile(lambda x: ops.dense(x, w), [((40, 600), "float64")])
    assert any(name == "matmul_parts" for name, _, _ in program.plan.describe())
    other = Variable(np.full((600, 64), 2.0), layout="kernel")
    bound = template.Template(program, [w]).bind([other])
    before = [block.copy() for block in program.plan.scratch]
    bound.inputs[0][...] = 1.0
    np.testing.assert_array_equal(bound.run()[0], np.full((40, 64), 1200.0))
    for block, copy in zip(program.plan.scratch, before, strict=True):
        np.testing.assert_array_equal(block, copy)


def test_a_template_keeps_no_memory_of_its_program():
    made, program, variables = make_template()
    gone = [weakref.ref(each) for each in (program, *variables)]
    del program, variables
    gc.collect()
    assert [each() for each in gone] == [None] * len(gone)
    assert trained(made.bind(others()))[0] == trained(make_template()[1])[0]


def test_a_bound_program_keeps_its_variables_alive():
    made, program, _ = make_template()
    bound = made.bind(others())
    gc.collect()
    assert_alike(trained(bound), trained(program))


def test_tensors_read_before_a_run_keep_their_values():
    made, *_ = make_template()
    bound = made.bind(others())
    read = bound.written[0].value
    before = read.numpy()
    trained(bound, 1)
    np.testing.assert_array_equal(read.numpy(), before)
    assert (bound.written[0].numpy() != before).any()


@pytest.mark.parametrize(
    "other",
    [
        Variable(np.zeros((3, 4)), dtype="float32"),
        Variable(np.zeros((4, 3))),
        Variable(np.zeros((3, 5))),
        Variable(np.zeros((3, 4)), layout="kernel"),
    ],
    ids=["dtype", "shape", "size", "layout"],
)
def test_variables_laid_out_differently_are_refused(other):
    w = Variable(np.ones((3, 4)))
    made = template.Template(plan.compile(lambda: w * 2.0, []), [w])
    with pytest.raises(ValueError, match="array 0 is not laid out as that of the template"):
        made.bind([other])
    np.testing.assert_array_equal(made.bind([Variable(np.full((3, 4), 3.0))]).run()[0], np.full((3, 4), 6.0))


def test_what_makes_no_template_is_refused():
    w = Variable(np.ones((3, 4)))
    with pytest.raises(ValueError, match="an output of the program is not its own memory"):
        template.Template(plan.compile(lambda: w.value, []), [w])
    with pytest.raises(ValueError, match="memory that is not the template's"):
        template.Template(plan.compile(py_op(np.sin), [((3,), "float64")]), [])
    with pytest.raises(ValueError, match="uses a variable that is not among those given"):
        template.Template(plan.compile(lambda: w * 2.0, []), [])


def test_the_kernel_layer_checks_memory():
    source, out = np.ones(4), np.empty(4)
    made = core.Plan()
    made.map("exp", out, source)
    with pytest.raises(ValueError, match="memory that is not the template's"):
        core.Template(made, [out])
    for bad in (np.broadcast_to(1.0, (4,)), np.frombuffer(bytes(32))):
        with pytest.raises((ValueError, BufferError)):
            core.Template(made, [out, source]).bind([out, bad])
    with pytest.raises(ValueError, match="1 arrays for a template of 2"):
        core.Template(made, [out, source]).bind([out])
    elsewhere = np.empty(5)[1:]
    if core.address(elsewhere) % 64 != core.address(out) % 64:
        with pytest.raises(ValueError, match="array 0 is not laid out"):
            core.Template(made, [out], [source]).bind([elsewhere])


def test_arrays_that_share_memory_make_no_template():
    """Which of them a step means could not be told."""
    memory = np.ones(8)
    made = core.Plan()
    made.map("exp", memory[4:], memory[:4])
    for arrays in ([memory, memory[4:]], [memory[:5], memory[4:]]):
        with pytest.raises(ValueError, match="two arrays of a template share memory"):
            core.Template(made, arrays)
    core.Template(made, [memory[:4], memory[4:]])


def test_each_pointer_finds_its_array_among_many():
    """Arrays in any order of addresses, empty ones between them, and pointers inside of them."""
    memory, other = np.zeros((2, 64, 8))
    order = np.random.default_rng(0).permutation(64)
    made = core.Plan()
    for row in range(1, 64):
        made.map("add", memory[row, 4:], memory[row - 1, 4:], memory[row, :4])
    arrays, others = ([rows[row] for row in order] for rows in (memory, other))
    bound = core.Template(made, [*arrays, np.empty(0)]).bind([*others, np.empty(0)])
    start = np.random.default_rng(1).standard_normal((64, 8))
    memory[...] = other[...] = start
    bound.run()
    np.testing.assert_array_equal(memory, start)
    made.run()
    np.testing.assert_array_equal(other, memory)


class TestTemplates:
    @pytest.fixture
    def compiled(self):
        """Keep what is compiled."""
        return []

    @staticmethod
    def program(templates, compiled, key="key", shape=(3,), value=1.0, fn=None):
        w = Variable(np.full(shape, value))

        def compile():
            compiled.append(key)
            return plan.compile(fn or (lambda x: x + w), [(shape, np.dtype("float64"))])

        return templates.program((key, shape), [w], compile)

    def test_what_was_compiled_is_bound(self, compiled):
        templates = template.Templates(4)
        for value in (1.0, 2.0, 3.0):
            np.testing.assert_array_equal(self.program(templates, compiled, value=value).run()[0], np.full(3, value))
        assert len(compiled) == 1

    def test_keys_and_instruction_sets_tell_programs_apart(self, compiled):
        templates, isa = template.Templates(9), core.get_isa()
        self.program(templates, compiled)
        self.program(templates, compiled, key="other")
        self.program(templates, compiled, shape=(4,))
        try:
            core.set_isa("baseline")
            self.program(templates, compiled)
        finally:
            core.set_isa(isa)
        assert len(compiled) == 4 - (isa == "baseline")
        self.program(templates, compiled)
        assert len(compiled) == 4 - (isa == "baseline")

    def test_the_oldest_are_let_go_of(self, compiled):
        templates = template.Templates(2)
        for key in "abcbca":
            self.program(templates, compiled, key=key)
        assert len(compiled) == 4

    def test_they_have_a_number_of_steps_together(self, compiled):
        steps = len(self.program(template.Templates(1), [], value=0.0).plan)
        templates = template.Templates(9, steps=2 * steps)
        for key in "abcbca":
            self.program(templates, compiled, key=key)
        assert len(compiled) == 4
        templates = template.Templates(9, steps=steps - 1)
        for key in "aa":
            self.program(templates, compiled, key=key)
        assert len(compiled) == 6

    def test_what_makes_no_template_is_compiled_each_time(self, compiled):
        templates = template.Templates(4)
        for _ in range(2):
            program = self.program(templates, compiled, fn=py_op(np.sin))
            program.inputs[0][...] = 1.0
            np.testing.assert_array_equal(program.run()[0], np.full(3, np.sin(1.0)))
        assert len(compiled) == 2
