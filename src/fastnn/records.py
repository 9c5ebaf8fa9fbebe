"""What the record of a trace says: programs of equal records do the same, each with variables of its own."""

from __future__ import annotations

import marshal
from typing import Any

import numpy as np

from ._kernels.core import address
from .graph import Graph, Node
from .ops.catalogue import CATALOGUE
from .structures import flatten
from .tensor import ALIGNMENT, SymbolicTensor, Tensor, Variable

__all__ = ["key_of"]

_CONSTANTS = 1 << 12  # elements of all constants that a key holds
_EXACT = frozenset((bool, int, float, str, type(None)))  # marshal tells 1 from 1.0 and True, and 0.0 from -0.0
_WITHOUT_REFERENCES = 2  # the version of marshal whose bytes hang on values alone


def key_of(graph: Graph) -> tuple[bytes | None, list[Variable]]:
    """Return a key of all that a record says, and its variables in the order in which they come.

    Compiling looks at nothing else. So records of equal keys have the same program, bound to the variables of each.

    Returns
    -------
    key : bytes or None
        None where no key can hold the record: it has an op of the user's, large constants, or an unknown attribute.
    variables : list of Variable
    """
    record = _Record()
    try:
        key = marshal.dumps(record.tell(graph), _WITHOUT_REFERENCES)
    except _UnknownError:
        return None, []
    return key, list(record.variables)


class _UnknownError(Exception):
    """A record has something that no key can hold."""


class _Record:
    """Gives all that nodes look at numbers, in the order in which it comes."""

    def __init__(self) -> None:
        self.variables: dict[Variable, int] = {}
        self._said: dict[Any, Any] = {None: None}
        self._room = _CONSTANTS

    def tell(self, graph: Graph) -> tuple:
        said, inputs, reads = self._said, [], []
        for x in graph.inputs:
            said[x] = len(said)
            inputs.append((x.shape, x.dtype.str))
        for x, place in graph.reads.items():
            said[x] = len(said)
            reads.append((self._number(x.variable), place))
        nodes = [self._node(node) for node in graph.nodes]
        outputs = [self._value(x) for x in flatten(graph.outputs) if isinstance(x, Tensor)]
        return inputs, reads, nodes, outputs, [_layout(variable) for variable in self.variables]

    def _number(self, variable: Variable) -> int:
        return self.variables.setdefault(variable, len(self.variables))

    def _node(self, node: Node) -> tuple:
        if CATALOGUE.get(node.op.name) is not node.op:  # the user's calls Python
            raise _UnknownError
        said = self._said
        inputs, outputs = [self._value(x) for x in node.inputs], []
        for x in node.outputs:
            said[x] = len(said)
            outputs.append((x.shape, x.dtype.str))
        return node.op.name, inputs, outputs, _exact(node.attrs)

    def _value(self, x: Tensor | Variable | None) -> Any:
        """Return the number of a value that came before; what comes now says what it is."""
        number = self._said.get(x)
        if number is not None or x is None:
            return number
        if isinstance(x, Variable):
            return "variable", self._number(x)
        self._said[x] = len(self._said)
        return self._constant(x)

    def _constant(self, x: Tensor) -> tuple:
        """Return all that a constant is, to the last bit."""
        self._room -= x.size
        if isinstance(x, SymbolicTensor) or self._room < 0:  # a value of another trace will be refused
            raise _UnknownError
        return x.shape, x.dtype.str, x.array.strides, x.variable is None, x.array.tobytes()


def _layout(variable: Variable) -> tuple:
    array = variable.array
    return array.shape, array.dtype.str, array.strides, address(array) % ALIGNMENT


def _exact(value: Any) -> Any:
    """Return an attribute as marshal tells it apart from all others."""
    kind = type(value)
    if kind in _EXACT:
        return value
    if kind is tuple:
        return tuple([_exact(each) for each in value])
    if kind is dict:
        return [(name, _exact(each)) for name, each in value.items()]
    if isinstance(value, np.dtype):
        return [value.str]
    raise _UnknownError
