"""Tracing: a function called on symbolic tensors leaves a record of its ops.

Values, variables and nodes may be keys of dicts: no two have the same hash, which is that of objects, so that `==`,
which would record an op, is never asked for.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from . import autograd
from .dtypes import standardize_dtype
from .tensor import SymbolicTensor, Variable, tracing

__all__ = ["Graph", "Node", "outputs_of", "trace"]


class Node:
    """One recorded call of an op; ``place`` is its number in the record, or that of the node that it replaces."""

    __slots__ = ("attrs", "inputs", "op", "outputs", "place")

    def __init__(self, op, inputs, attrs, place, outputs=()):
        self.op = op
        self.inputs = inputs
        self.attrs = attrs
        self.place = place
        self.outputs = outputs

    def __repr__(self):
        return f"{self.op.name}({', '.join(str(getattr(x, 'shape', x)) for x in self.inputs)})"


class Graph:
    """What a traced function did, in order.

    Attributes
    ----------
    inputs : list of SymbolicTensor
    nodes : list of Node
    outputs : whatever the function returned
    reads : dict
        A symbolic read of a variable → how many nodes came before it.
    """

    def __init__(self):
        self.inputs = []
        self.nodes = []
        self.outputs = None
        self.reads = {}
        self._present = {}  # a variable → the read of its present value

    def read(self, variable: Variable) -> SymbolicTensor:
        """Return the variable's value at this point of the record."""
        value = self._present.get(variable)
        if value is None:
            value = SymbolicTensor(variable.shape, variable.dtype)
            value.variable = variable
            self._present[variable] = value
            self.reads[value] = len(self.nodes)
        return value

    def record(self, op, inputs, attrs) -> tuple[SymbolicTensor, ...]:
        """Append a call and return its symbolic outputs."""
        node = Node(op, inputs, attrs, len(self.nodes))
        node.outputs = tuple([SymbolicTensor(shape, dtype, node) for shape, dtype in op.spec(*inputs, **attrs)])
        self.nodes.append(node)
        for i in op.mutates:
            self._present.pop(inputs[i], None)
        return node.outputs

    def unlink(self) -> None:
        """Let values forget their nodes and variables when nobody will ask for them: all goes when it is dropped."""
        for node in self.nodes:
            for out in node.outputs:
                out.node = None
        for value in self.reads:
            value.variable = None


def trace(fn: Callable, specs: Sequence[tuple]) -> Graph:
    """Call ``fn`` on symbolic tensors and return the record.

    Parameters
    ----------
    fn : callable
        Takes as many tensors as there are specs; returns tensors, or tuples, lists and dicts of them.
    specs : sequence of (shape, dtype)
    """
    graph = Graph()
    graph.inputs = [SymbolicTensor(shape, standardize_dtype(dtype)) for shape, dtype in specs]
    with tracing(graph), autograd.isolated():
        graph.outputs = fn(*graph.inputs)
    return graph


def outputs_of(fn: Callable, specs: Sequence[tuple]) -> Any:
    """Return what ``fn`` makes of symbolic tensors, to be looked at: how it was made is forgotten."""
    graph = trace(fn, specs)
    graph.unlink()
    return graph.outputs


def roots(nodes: list[Node]) -> dict[SymbolicTensor, SymbolicTensor]:
    """Return what an op makes by a view → the value whose memory that may be."""
    found = {}
    for node in nodes:
        if node.op.view is not None and isinstance(node.inputs[0], SymbolicTensor):
            source = node.inputs[0]
            found[node.outputs[0]] = found.get(source, source)
    return found


def live(nodes: list[Node], wanted: Sequence[SymbolicTensor]) -> tuple[list[Node], dict[SymbolicTensor, int]]:
    """Return the nodes that the wanted values or the state need, in order, and how often each value is used."""
    uses = dict.fromkeys(wanted, 1)
    kept = []
    for node in reversed(nodes):
        needed = node.op.stateful
        for out in node.outputs:
            needed = needed or out in uses
        if needed:
            kept.append(node)
            for x in node.inputs:
                uses[x] = uses.get(x, 0) + 1
    return kept[::-1], uses
