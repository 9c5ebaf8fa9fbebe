"""Templates: compiled programs to be used for other variables, without tracing and binding them again."""

from __future__ import annotations

import bisect
import math
from collections.abc import Callable, Hashable, Sequence

import numpy as np

from ._kernels import core
from .program import Program, Uses
from .tensor import ALIGNMENT, Variable, aligned_empty

__all__ = ["Template", "Templates"]


class Template:
    """What a program is without its memory.

    Parameters
    ----------
    program : Program
        Just compiled; it stays as it is.
    variables : sequence of Variable
        At least all that the program reads or writes.

    Attributes
    ----------
    steps : int
        How many it has.

    Raises
    ------
    ValueError
        If the program uses another variable, if it calls Python, or if an output is memory of a variable.
    """

    def __init__(self, program: Program, variables: Sequence[Variable]) -> None:
        places = {id(variable): place for place, variable in enumerate(variables)}
        uses = program.uses
        for variable in uses.variables:
            if id(variable) not in places:
                raise ValueError(f"the program uses a variable that is not among those given: {variable.path}")
        self._used = [places[id(variable)] for variable in uses.variables]
        self._written = [places[id(variable)] for variable in uses.written]
        blocks = program.plan.scratch
        memory = [*(variables[place].array for place in self._used), *blocks]
        self._core = core.Template(program.plan, memory, uses.constants)
        self._constants, self._structure, self.steps = uses.constants, program.structure, len(program.plan)
        self._blocks, self._size = [], 0
        places = [(0, 0, 0)]  # where a block begins, its bytes, and where it begins in a bound program's memory
        for block in blocks:
            self._blocks.append((block.shape, block.dtype, self._size, block.strides))
            places.append((core.address(block), block.nbytes, self._size))
            self._size += -(-block.nbytes // ALIGNMENT) * ALIGNMENT
        places.sort()
        self._inputs = [_seen(array, places) for array in program.inputs]
        self._outputs = [_seen(array, places) for array in program.outputs]

    def bind(self, variables: Sequence[Variable]) -> Program:
        """Return the program that does with these variables what the template's did with those in their places.

        Raises
        ------
        ValueError
            If they are not laid out like those.
        """
        arena = aligned_empty((self._size,), np.uint8)
        arena[...] = 0
        blocks, inputs, outputs = (
            [np.ndarray(shape, dtype, arena, first, strides) for shape, dtype, first, strides in each]
            for each in (self._blocks, self._inputs, self._outputs)
        )
        used, written = ([variables[place] for place in each] for each in (self._used, self._written))
        plan = self._core.bind([*(variable.array for variable in used), *blocks])
        plan.scratch.append(arena)
        return Program(plan, self._structure, inputs, outputs, Uses(used, written, self._constants))


def _seen(array: np.ndarray, places: list[tuple[int, int, int]]) -> tuple:
    """Return how to see an array of a program in the memory of another: in the last place that begins before it."""
    address = core.address(array)
    begin, nbytes, first = places[bisect.bisect_right(places, (address, math.inf)) - 1]
    if address >= begin + nbytes:
        raise ValueError("an output of the program is not its own memory")
    return array.shape, array.dtype, first + address - begin, array.strides


class Templates:
    """The templates of the programs compiled last, by keys.

    Parameters
    ----------
    limit : int
        How many are kept.
    steps : int
        How many steps they may have together: one takes about two thousand bytes.
    """

    def __init__(self, limit: int, steps: int = 10_000) -> None:
        self._limit, self._steps = limit, steps
        self._kept: dict[Hashable, Template] = {}

    def program(self, key: Hashable, variables: Sequence[Variable], compile: Callable[[], Program]) -> Program:
        """Return a program: bound from a template where one was compiled with an equal key before.

        Parameters
        ----------
        key : hashable
            Says all that the program hangs on beside the instruction set, layouts of variables included.
        variables : sequence of Variable
            All that it reads or writes, in an order that equal keys have in common.
        compile : callable
            Makes the program; one that is no template is made each time.
        """
        key = core.get_isa(), key
        # One step each, so that neither threads nor forks meet anything half done.
        template = self._kept.get(key)
        if template is not None:
            return template.bind(variables)
        program = compile()
        try:
            self._kept[key] = Template(program, variables)
        except ValueError:
            return program
        self._make_room()
        return program

    def _make_room(self) -> None:
        steps = 0
        for place, (key, template) in enumerate(reversed(list(self._kept.items()))):
            steps += template.steps
            if place >= self._limit or steps > self._steps:
                self._kept.pop(key, None)
