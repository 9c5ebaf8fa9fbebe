"""The order of nodes: small ones that would keep threads waiting go where nobody waits for them."""

from __future__ import annotations

import itertools
import math
from collections.abc import Iterable

from .graph import Node
from .tensor import SymbolicTensor

__all__ = ["arrange", "before_parts"]

SMALL = 16  # elements
HELD = 16_384  # elements that a node may keep in memory until the end
BY_PARTS = {"matmul_parts", "sum_parts"}  # of a batch


def arrange(nodes: list[Node], inputs: Iterable[SymbolicTensor]) -> list[Node]:
    """Return the nodes in an order that gives the same results, and interrupts a batch's way through them less often.

    A node with small results comes first if it hangs on variables alone (a step size, the key of a generator), and last
    if only such nodes hang on it (the sum of the losses, a guard) and what it uses may stay so long. Sums in parts of a
    batch, which threads share otherwise than its rows, come together before the first use of one. Two nodes keep their
    order where one makes or writes what the other uses, and a node that may raise stays where it is: before the writes
    that follow it.

    Parameters
    ----------
    nodes : list of Node
    inputs : iterable of SymbolicTensor
        Of the program: nothing that uses them comes first.
    """
    links = [_Links(node) for node in nodes]
    first, rest = _parted(links, made=map(id, inputs))
    last, rest = _parted(rest[::-1], most=HELD)
    return [each.node for each in (*first, *_together(rest[::-1]), *last[::-1])]


def _is_by_parts(node):
    return node is not None and node.op.name in BY_PARTS


def before_parts(nodes: list[Node], position: int) -> bool:
    """Whether the node behind this one, views aside, is a sum in parts.

    Threads do not wait for each other among these: what one of them still reads must not become memory of another's.
    """
    behind = (node for node in itertools.islice(nodes, position + 1, None) if node.op.view is None)
    return _is_by_parts(next(behind, None))


class _Links:
    """What ties a node to others: the ids of what it makes, and of the values and variables that it uses and writes.

    ``holds``: the elements of values made by others that stay in memory until the node is done.
    """

    __slots__ = ("by_parts", "holds", "makes", "may_raise", "node", "small", "uses", "writes")

    def __init__(self, node: Node):
        written = [node.inputs[i] for i in node.op.mutates if node.inputs[i] is not None]
        self.node = node
        self.makes = [id(x) for x in node.outputs]
        self.uses = [of for x in node.inputs for of in _seen(x)]
        self.writes = [id(x) for x in written]
        self.holds = sum(map(_made_for, node.inputs))
        self.by_parts = _is_by_parts(node)
        self.may_raise = node.op.may_raise
        self.small = not (self.by_parts or self.may_raise) and sum([x.size for x in (*node.outputs, *written)]) <= SMALL


def _together(links: list[_Links]) -> list[_Links]:
    """Return the nodes with those of a batch's parts moved to before the first that uses what one of them makes."""
    order, waiting, made, used = [], [], set(), set()  # made and used by those that wait
    for each in links:
        looks = each.node.op.view is not None and not made.isdisjoint(each.uses)
        if each.by_parts or looks:
            waiting.append(each)
            made.update(each.makes)
            used.update(each.uses)
            continue
        if not (made.isdisjoint(each.uses) and used.isdisjoint(each.writes)):
            order += waiting
            waiting, made, used = [], set(), set()
        order.append(each)
    return order + waiting


def _seen(value):
    """Return the ids of a value and of what it is a view of; a read of a variable counts as the variable."""
    ids = []
    while isinstance(value, SymbolicTensor):
        ids.append(id(value if value.variable is None else value.variable))
        value = value.node.inputs[0] if value.node is not None and value.node.op.view is not None else None
    return ids


def _made_for(value):
    """Return the elements of what a value is, or is a view of, where a node has made that."""
    while isinstance(value, SymbolicTensor) and value.node is not None:
        if value.node.op.view is None:
            return value.size
        value = value.node.inputs[0]
    return 0


def _parted(links: list[_Links], made: Iterable[int] = (), most: float = math.inf) -> tuple[list[_Links], list[_Links]]:
    """Return the small nodes that may change places with all the others before them in the list, and the others.

    ``made``: ids of values that others have made before the first node; ``most``: nodes that hold more stay.
    """
    moved, others = [], []
    made, used, written = set(made), set(), set()  # by the others so far
    raises = False  # whether one of them may
    for each in links:
        if (
            each.small
            and each.holds <= most
            and not (raises and each.writes)
            and made.isdisjoint(each.uses)
            and used.isdisjoint(each.makes)
            and written.isdisjoint(each.uses)
            and written.isdisjoint(each.writes)
            and used.isdisjoint(each.writes)
        ):
            moved.append(each)
        else:
            others.append(each)
            raises = raises or each.may_raise
            made.update(each.makes)
            used.update(each.uses)
            written.update(each.writes)
    return moved, others
