"""Programs: a traced function as one plan over memory laid out ahead of time."""

from __future__ import annotations

import bisect
import functools
import math
import operator
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from . import fusion, layout, schedule
from ._kernels.core import Plan
from .graph import Graph, roots, trace
from .locks import ReentrantLock
from .ops.catalogue import scratch
from .ops.sparse import Csr
from .sparse import CsrSource
from .structures import flatten, rebuild
from .tensor import ALIGNMENT, SymbolicTensor, Tensor, Variable, aligned_empty, before_write, laid_out_like

__all__ = ["Program", "Uses", "compile"]

SMALL_CONSTANT = 1 << 12  # elements; broadcast constants up to here are laid out, so that kernels walk along them
_STEP_BYTES = 3 << 10  # about what Python and C know of a step


def compile(fn: Callable, specs: Sequence[tuple]) -> Program:
    """Trace ``fn`` on tensors of the given (shape, dtype) and return the program that does what it did."""
    graph = trace(fn, specs)
    binder = _Binder(graph, Plan())
    graph.unlink()
    binder.plan.hold(binder.outputs)
    return Program(binder.plan, graph.outputs, binder.inputs, binder.outputs, binder.uses)


class Program:
    """A compiled function.

    Attributes
    ----------
    plan : Plan
    structure : object
        What the traced function returned; its leaves stand for `outputs`.
    inputs : list of numpy.ndarray
        The program's input memory: write here before `run`.
    outputs : list of numpy.ndarray
        Where the outputs stand after a run; the next run overwrites them.
    uses : Uses
        What the steps look at that is not the plan's own memory.
    bound : sequence or None
        The sources that `bind` was given last, until `unbind`.
    """

    def __init__(self, plan: Plan, structure: object, inputs: list[np.ndarray], outputs: list[np.ndarray], uses: Uses):
        self.plan, self.structure, self.inputs, self.outputs, self.uses = plan, structure, inputs, outputs, uses
        self.lock = ReentrantLock(plan.abandon)  # what a run of this thread must not meet, the plan refuses
        self._batch = self.inputs[0].shape[0] if self.inputs and self.inputs[0].ndim else 0
        self.bound = self._rows = None

    @functools.cached_property
    def nbytes(self) -> int:
        """About how much memory is free again when the program goes."""
        own = sum(array.nbytes for array in (*self.plan.scratch, *self.uses.constants))
        return own + _STEP_BYTES * len(self.plan)

    @property
    def written(self) -> list[Variable]:
        """The variables that a run writes."""
        return self.uses.written

    def run(self) -> list[np.ndarray]:
        """Run once on what stands in `inputs`; return `outputs`."""
        with self.lock.held:
            before_write(self.uses.written)
            self.plan.run(gather=False)
        return self.outputs

    def bind(self, sources: Sequence[np.ndarray], permutation: np.ndarray | None = None, watch: bool = False) -> None:
        """Say where `run_batches` finds its rows.

        Parameters
        ----------
        sources : sequence of (numpy.ndarray or CsrSource)
            One for each input: (n, ...) arrays with contiguous rows of the input's shape, any dtype; sparse rows for
            the three inputs that are a `Csr`.
        permutation : (m,) int64 array, optional
            Row numbers; batch i takes those at i · batch and on. It is read at every run.
        watch : bool
            Stop, as a guard does, at a batch whose floats are not all finite.
        """
        wanted = sum([len(Csr._fields) if isinstance(source, CsrSource) else 1 for source in sources])
        if wanted != len(self.inputs):
            raise ValueError(f"bind: sources for {wanted} inputs, not for {len(self.inputs)}")
        rows = set(map(len, sources))
        if len(rows) != 1:
            raise ValueError(f"bind: sources of different lengths {sorted(rows)}")
        with self.lock.held:
            self.plan.require_idle()
            self.bound, self._rows = sources, None
            i = 0
            for source in sources:
                if isinstance(source, CsrSource):
                    self.plan.set_gather_csr(i, self.inputs[i : i + 3], source.arrays, source.features, permutation)
                    i += len(Csr._fields)
                else:
                    self.plan.set_gather(i, self.inputs[i], source, permutation, watch=watch)
                    i += 1
            self._rows = rows.pop() if permutation is None else len(permutation)

    def unbind(self, sources: Sequence | None = None) -> None:
        """Let go of the sources that `bind` was given, or only of these: they need not live as long as the program."""
        with self.lock.held:
            if sources is not None and sources is not self.bound:
                return
            self.plan.require_idle()
            self.bound = self._rows = None
            for i in range(len(self.inputs)):
                self.plan.clear_gather(i)

    def gather(self, first_row: int) -> None:
        """Put the batch from this row on into `inputs`, where it stays for every `run`."""
        with self.lock.held:
            self.check_rows(first_row, 1)
            self.plan.gather(first_row)

    def run_batches(self, first_row: int, batches: int) -> int:
        """Run on consecutive batches, without the GIL; return how many were completed.

        Fewer than asked means that a guard met a value that is not finite: the last one completed is the first bad one.
        """
        with self.lock.held:  # another thread may have bound other sources
            self.check_rows(first_row, batches)
            before_write(self.uses.written)
            return self.plan.run(batches, self._batch, first_row)

    def stretch(self, first_row: int, batches: int) -> tuple[Plan, bool, int, int, int]:
        """Return what a `Sequence` runs: so many batches from a row on, or with 0 the program once, without a bind."""
        if not batches:
            return self.plan, False, 1, 0, 0
        self.check_rows(first_row, batches)
        return self.plan, True, batches, self._batch, first_row

    def check_rows(self, first_row: int, batches: int) -> None:
        """Raise an error where what is bound has no such rows."""
        if self._rows is None:
            raise RuntimeError("run_batches needs bind first")
        if first_row < 0 or batches < 0 or first_row + batches * self._batch > self._rows:
            raise ValueError(f"{batches} batches of {self._batch} from row {first_row} exceed the {self._rows} rows")

    @property
    def stopped_at(self) -> int | None:
        """Which batch of the last `run_batches` a guard stopped at, or None."""
        return self.plan.stopped_at

    def result(self):
        """Return the outputs in the structure that the function returned, as tensors of their own."""
        outputs = iter(self.outputs)
        leaves = [Tensor(next(outputs).copy()) if isinstance(x, Tensor) else x for x in flatten(self.structure)]
        return rebuild(self.structure, iter(leaves))


@dataclass(frozen=True)
class Uses:
    """What a program looks at that is not its plan's own memory.

    Parameters
    ----------
    variables : list of Variable
        All that it reads or writes.
    written : list of Variable
        Those of them that it writes.
    constants : list of numpy.ndarray
    """

    variables: list[Variable]
    written: list[Variable]
    constants: list[np.ndarray]


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
