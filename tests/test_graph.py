"""Tracing: what is recorded, what a variable's reads are, what is needed."""

import numpy as np
import pytest

from fastnn import GradientTape, Tensor, Variable, graph, ops
from fastnn.tensor import SymbolicTensor, TracingError, current_graph


def names(nodes):
    return [node.op.name for node in nodes]


def test_ops_on_symbolic_tensors_are_recorded_and_others_computed():
    def fn(x):
        constant = ops.exp(np.zeros(3))
        assert type(constant) is Tensor
        return {"y": x * constant}

    record = graph.trace(fn, [((2, 3), "float64")])
    assert names(record.nodes) == ["multiply"]
    y = record.outputs["y"]
    assert (y.shape, y.dtype, y.node) == ((2, 3), "float64", record.nodes[0])
    assert record.nodes[0].inputs[0] is record.inputs[0]
    assert repr(record.nodes[0]) == "multiply((2, 3), (3,))"


def test_a_read_is_one_value_until_the_variable_is_written():
    variable = Variable(1.0)

    def fn():
        first, again = variable.value, variable.value
        variable.assign(first + 1.0)
        return first, again, variable.value

    record = graph.trace(fn, [])
    first, again, after = record.outputs
    assert first is again and first is not after
    assert record.reads == {first: 0, after: len(record.nodes)}
    assert float(variable.value) == 1.0


def test_what_needs_a_value_raises_and_ends_the_trace():
    with pytest.raises(TracingError, match=r"the value of a tensor is not known .*test_graph\.py"):
        graph.trace(lambda x: float(x), [((), "float32")])
    assert current_graph() is None


def test_a_tape_around_a_trace_sees_nothing_of_it():
    with GradientTape() as tape:
        x = Variable(2.0)
        graph.trace(lambda y: y * x, [((), "float32")])
        z = x * x
    assert tape.gradient(z, x).item() == 4.0


def test_needed_are_the_wanted_values_and_all_that_is_written():
    variable = Variable(0.0)

    def fn(x):
        y = ops.exp(x)
        ops.log(x)  # for nobody
        variable.assign(ops.sin(x))
        return y + y

    record = graph.trace(fn, [((), "float32")])
    kept, uses = graph.live(record.nodes, [record.outputs])
    assert names(kept) == ["exp", "sin", "assign", "add"]
    by_name = {node.op.name: node for node in kept}
    assert uses[by_name["exp"].outputs[0]] == 2
    assert uses[by_name["sin"].outputs[0]] == uses[record.outputs] == 1


def test_unlinked_values_forget_their_nodes():
    record = graph.trace(ops.exp, [((2,), "float32")])
    assert isinstance(record.outputs, SymbolicTensor)
    record.unlink()
    assert record.outputs.node is None
