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
    links = [_Links(node) for node in nodes]
    first, rest = _parted(links, made=map(id, inputs))
    last, rest = _parted(rest[::-1])
    return [each.node for each in (*first, *rest[::-1], *last[::-1])]


class _Links:
    """What ties a node to others: the ids of what it makes, and of the values and variables that it uses and writes."""

    __slots__ = ("makes", "node", "small", "uses", "writes")

    def __init__(self, node: Node):
        written = [node.inputs[i] for i in node.op.mutates if node.inputs[i] is not None]
        self.node = node
        self.makes = [id(x) for x in node.outputs]
        self.uses = [id(x if x.variable is None else x.variable) for x in node.inputs if isinstance(x, SymbolicTensor)]
        self.writes = [id(x) for x in written]
        self.small = sum([x.size for x in (*node.outputs, *written)]) <= SMALL


def _parted(links: list[_Links], made: Iterable[int] = ()) -> tuple[list[_Links], list[_Links]]:
    """Return the small nodes that may change places with all the others before them in the list, and the others.

    ``made``: ids of values that others have made before the first node.
    """
    moved, others = [], []
    made, used, written = set(made), set(), set()  # by the others so far
    for each in links:
        if (
            each.small
            and made.isdisjoint(each.uses)
            and used.isdisjoint(each.makes)
            and written.isdisjoint(each.uses)
            and written.isdisjoint(each.writes)
            and used.isdisjoint(each.writes)
        ):
            moved.append(each)
        else:
            others.append(each)
            made.update(each.makes)
            used.update(each.uses)
            written.update(each.writes)
    return moved, others
