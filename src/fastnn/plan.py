"""Compiling: a traced function as one plan over memory laid out ahead of time."""

from __future__ import annotations

import bisect
import math
import operator
from collections.abc import Callable, Sequence

import numpy as np

from . import fusion, layout, records, schedule
from ._kernels.core import Plan
from .graph import Graph, roots, trace
from .ops.catalogue import scratch
from .program import Program, Uses
from .structures import flatten
from .template import Templates
from .tensor import ALIGNMENT, SymbolicTensor, Tensor, Variable, aligned_empty, laid_out_like

__all__ = ["Program", "Uses", "compile"]

SMALL_CONSTANT = 1 << 12  # elements; broadcast constants up to here are laid out, so that kernels walk along them

_TEMPLATES = Templates(128)  # of programs, by what the records said that they were made of


def compile(fn: Callable, specs: Sequence[tuple]) -> Program:
    """Trace ``fn`` on tensors of the given (shape, dtype) and return the program that does what it did.

    Where another trace has left an equal record, its program is bound to the variables of this one.
    """
    graph = trace(fn, specs)
    key, variables = records.key_of(graph)
    program = _laid_out(graph) if key is None else _TEMPLATES.program(key, variables, lambda: _laid_out(graph))
    graph.unlink()
    program.structure = graph.outputs  # the names in it are no part of the record
    return program


def _laid_out(graph: Graph) -> Program:
    binder = _Binder(graph, Plan())
    binder.plan.hold(binder.outputs)
    return Program(binder.plan, None, binder.inputs, binder.outputs, binder.uses)


_nbytes = operator.attrgetter("nbytes")


class _Memory:
    """A plan's aligned blocks, reused when the value in them is dead."""

    def __init__(self, plan: Plan):
        self._plan = plan
        self._free = []  # the smallest first

    def take(self, shape, dtype) -> tuple[np.ndarray, np.ndarray]:
        """Return an array and the block it stands in."""
        nbytes = math.prod(shape) * dtype.itemsize
        need = -(-max(nbytes, 1) // ALIGNMENT) * ALIGNMENT
        smallest = bisect.bisect_left(self._free, need, key=_nbytes)
        if smallest < len(self._free) and self._free[smallest].nbytes <= 4 * need:
            block = self._free.pop(smallest)
        else:
            block = scratch(self._plan, (need,), np.uint8)
            block[...] = 0
        return np.ndarray(shape, dtype, block), block

    def give(self, block):
        bisect.insort(self._free, block, key=_nbytes)


class _Binder:
    """Gives every value of a graph its memory and appends the steps of every node to the plan."""

    def __init__(self, graph: Graph, plan: Plan):
        self.plan = plan
        self.memory = _Memory(plan)
        self.arrays = {None: None}  # a value → its array
        self.blocks = {}  # a root value → the blocks its views and itself stand in
        wanted = [x for x in flatten(graph.outputs) if isinstance(x, SymbolicTensor)]
        self.nodes = schedule.arrange(fusion.fuse(graph.nodes, wanted), graph.inputs)
        self.roots = roots(self.nodes)
        self.first_use, self.last_use = self._uses(wanted)
        self.variables, self.constants, self._copies = {}, [], {}  # the first: a set in the order in which they come
        self.padded = layout.padded(self.nodes, wanted)
        self.inputs = [self._allocate(x) for x in graph.inputs]
        self.blocks.clear()  # inputs are never reused
        plan.reserve_gather(len(self.inputs))
        self._late_reads = self._reads_that_need_copies(graph)
        self._bind_all()
        self.outputs = self._arrays([x for x in flatten(graph.outputs) if isinstance(x, Tensor)])
        self.uses = Uses(list(self.variables), _written(self.nodes), self.constants)

    def _root(self, value):
        return self.roots.get(value, value)

    def _uses(self, wanted):
        """Root values → the position of the first node that looks at them, and of that after which nobody does."""
        first, last, find = {}, {}, self.roots.get
        for position, node in enumerate(self.nodes):
            for x in node.inputs:
                root = find(x, x)
                if root not in last:
                    first[root] = position
                last[root] = position
            for x in node.outputs:
                last[find(x, x)] = position
        last.update(dict.fromkeys(map(self._root, wanted), len(self.nodes)))
        return first, last

    def _reads_that_need_copies(self, graph):
        """Reads of variables that are used after the variable is written: node position → reads to copy before it."""
        writes = {}
        for position, node in enumerate(self.nodes):
            for i in node.op.mutates:
                writes.setdefault(node.inputs[i], []).append((node.place, position))
        late = {}
        for value, made in graph.reads.items():
            written = writes.get(value.variable, ())
            next_write = bisect.bisect_left(written, (made,))
            if next_write == len(written):
                continue
            last, (_, position) = self.last_use.get(value, -1), written[next_write]
            if last > position or (last == position and self._reads_while_writing(self.nodes[position], value)):
                late.setdefault(min(position, self.first_use.get(value, position)), []).append(value)
        return late

    def _reads_while_writing(self, node, value):
        """Whether a node that writes the variable read as ``value`` meets there what it has written already."""
        return any(self._root(x) is value and not (x is value and node.op.in_place) for x in node.inputs)

    def _bind_all(self):
        dead_after = {}
        for root, position in self.last_use.items():
            dead_after.setdefault(position, []).append(root)
        dead, parts_next = [], schedule.before_parts(self.nodes)
        for position, node in enumerate(self.nodes):
            for value in self._late_reads.get(position, ()):
                self.plan.map("copy", self._allocate(value), self._array_of_variable(value.variable))
            self._bind(node)
            dead += dead_after.get(position, ())
            if not parts_next[position]:
                self._free(dead)
                dead = []

    def _free(self, roots):
        for root in roots:
            for block in self.blocks.pop(root, ()):
                self.memory.give(block)

    def _bind(self, node):
        op, ins = node.op, self._arrays(node.inputs)
        if op.view is not None:
            array = op.view(ins[0], **node.attrs)
            if array is not None:
                self.arrays[node.outputs[0]] = array
                return
        outs = [self._allocate(out) for out in node.outputs]
        op.lower(self.plan, outs, ins, **node.attrs)

    def _allocate(self, value):
        shape = value.shape
        if value in self.padded:
            shape = *shape[:-1], layout.row_length(shape, value.dtype.itemsize)
        array, block = self.memory.take(shape, value.dtype)
        if value in self.padded:
            array = array[..., : value.shape[-1]]
            self.plan.own_rows(array.reshape(-1, array.shape[-1]))
        self.blocks.setdefault(self._root(value), []).append(block)
        self.arrays[value] = array
        return array

    def _arrays(self, values):
        arrays = self.arrays
        return [arrays[x] if x in arrays else self._array_from_outside(x) for x in values]

    def _array_from_outside(self, x):
        """Return the array of what no node makes."""
        if isinstance(x, Variable):
            array = self._array_of_variable(x)
        elif not isinstance(x, SymbolicTensor):
            array = self._constant(x)
        elif x.variable is not None:
            array = self._array_of_variable(x.variable)
        else:
            raise RuntimeError("a tensor of another trace was used; traced values must not be kept")
        self.arrays[x] = array
        return array

    def _array_of_variable(self, variable):
        self.variables[variable] = None
        return variable.array

    def _constant(self, x):
        """Return a copy of a constant, for the user's array may change; a large one is laid out as that is."""
        memory = x.array.__array_interface__
        key = memory["data"], memory["typestr"], x.shape, x.array.strides  # of several tensors of one array, too
        if key not in self._copies:
            self._copies[key] = self._copy(x)
            self.constants.append(self._copies[key])
        return self._copies[key]

    @staticmethod
    def _copy(x):
        small = x.size <= SMALL_CONSTANT
        once = x.array if small else x.array[tuple(slice(None if step else 1) for step in x.array.strides)]
        memory = aligned_empty((once.size,), once.dtype)
        own = memory.reshape(once.shape) if small else laid_out_like(memory, once)
        own[...] = once
        return own if small else np.broadcast_to(own, x.shape)  # what it repeats stands in memory once


def _written(nodes):
    written = {}
    for node in nodes:
        for i in node.op.mutates:
            if node.inputs[i] is not None:
                written[node.inputs[i]] = None
    return list(written)
