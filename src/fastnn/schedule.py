"""The order of nodes: small ones that would keep threads waiting go where nobody waits for them."""

from __future__ import annotations

from collections.abc import Iterable

from .graph import Node
from .tensor import SymbolicTensor

__all__ = ["arrange"]

SMALL = 16  # elements


def arrange(nodes: list[Node], inputs: Iterable[SymbolicTensor]) -> list[Node]:
    """Return the nodes in an order that gives the same results, and interrupts a batch's way through them less often.

    A node with small results comes first if it hangs on variables alone (a step size, the key of a generator), and last
    if only such nodes hang on it (the sum of the losses, a guard). Two nodes keep their order where one makes or
    writes what the other uses.

    Parameters
    ----------
    nodes : list of Node
    inputs : iterable of SymbolicTensor
        Of the program: nothing that uses them comes first.
    """
    first, rest = _parted(nodes, made=map(id, inputs))
    last, rest = _parted(rest[::-1])
    return first + rest[::-1] + last[::-1]


def _parted(nodes: list[Node], made: Iterable[int] = ()) -> tuple[list[Node], list[Node]]:
    """Return the small nodes that may change places with all the others before them in the list, and the others.

    ``made``: ids of values that others have made before the first node.
    """
    moved, others = [], []
    made, used, written = set(made), set(), set()
    for node in nodes:
        makes, uses, writes = _touched(node)
        tied = made & uses or used & makes or written & (uses | writes) or used & writes
        if tied or not _is_small(node):
            others.append(node)
            made |= makes
            used |= uses
            written |= writes
        else:
            moved.append(node)
    return moved, others


def _touched(node: Node) -> tuple[set[int], set[int], set[int]]:
    """Return the ids of the values that a node makes, of the values and variables that it uses, and those it writes."""
    uses = {id(x if x.variable is None else x.variable) for x in node.inputs if isinstance(x, SymbolicTensor)}
    return set(map(id, node.outputs)), uses, {id(node.inputs[i]) for i in node.op.mutates if node.inputs[i] is not None}


def _is_small(node: Node) -> bool:
    written = [node.inputs[i] for i in node.op.mutates if node.inputs[i] is not None]
    return sum(x.size for x in (*node.outputs, *written)) <= SMALL
