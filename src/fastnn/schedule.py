"""The order of nodes: small ones that would keep threads waiting go where nobody waits for them."""

from __future__ import annotations

import math
from collections.abc import Iterable

from .graph import Node, roots
from .tensor import SymbolicTensor

__all__ = ["arrange", "before_parts"]

SMALL = 16  # elements
HELD = 16_384  # elements that a node may keep in memory until the end,
TOGETHER = 1 << 20  # and those that all which have been put off may
BY_PARTS = {"matmul_parts", "sum_parts"}  # of a batch


def arrange(nodes: list[Node], inputs: Iterable[SymbolicTensor]) -> list[Node]:
    """Return the nodes in an order that gives the same results, and interrupts a batch's way through them less often.

    A node with small results comes first if it hangs on variables alone (a step size, the key of a generator), and last
    if only such nodes hang on it (the sum of the losses, a guard) and what it uses may stay so long. Sums in parts of a
    batch, which threads share otherwise than its rows, come together before the first use of one, as many of them as
    what they use may stay for. Two nodes keep their order where one makes or writes what the other uses, and a node
    that may raise stays where it is: before the writes that follow it.

    Parameters
    ----------
    nodes : list of Node
    inputs : iterable of SymbolicTensor
        Of the program: nothing that uses them comes first.
    """
    viewed = roots(nodes)
    links = [_Links(node, viewed) for node in nodes]
    first, rest = _parted(links, made=inputs)
    last, rest = _parted(rest[::-1], most=HELD)
    return [each.node for each in (*first, *_together(rest[::-1]), *last[::-1])]


def before_parts(nodes: list[Node]) -> list[bool]:
    """Return of each node whether the one behind it, views aside, is a sum in parts.

    Threads do not wait for each other among these: what one of them still reads must not become memory of another's.
    """
    answers, is_by_parts = [], False
    for node in reversed(nodes):
        answers.append(is_by_parts)
        if node.op.view is None:
            is_by_parts = node.op.name in BY_PARTS
    return answers[::-1]


class _Links:
    """What ties a node to others: what it makes, and the values and variables that it uses and writes.

    ``holds``: the elements of values made by others that stay in memory until the node is done, if it may be put off.
    """

    __slots__ = ("by_parts", "holds", "makes", "may_raise", "node", "small", "uses", "writes")

    def __init__(self, node: Node, viewed: dict[SymbolicTensor, SymbolicTensor]):
        op = node.op
        self.node, self.by_parts, self.may_raise = node, op.name in BY_PARTS, op.may_raise
        self.makes, self.uses = node.outputs, []
        self.writes = [node.inputs[i] for i in op.mutates if node.inputs[i] is not None] if op.mutates else ()
        made = []
        for x in node.inputs:
            if isinstance(x, SymbolicTensor):
                self.uses.append(x)
                x = viewed.get(x, x)
                if x.variable is not None:
                    self.uses.append(x.variable)
                elif x.node is not None:
                    made.append(x)
        self.small = not self.by_parts and not self.may_raise and _is_small(node)
        self.holds = sum([x.size for x in made]) if self.small or self.by_parts else 0


def _is_small(node):
    """Whether what a node makes and writes are few elements."""
    elements = 0
    for x in node.outputs:
        elements += x.size
    for i in node.op.mutates:
        elements += 0 if node.inputs[i] is None else node.inputs[i].size
    return elements <= SMALL


def _together(links: list[_Links]) -> list[_Links]:
    """Return the nodes with those of a batch's parts moved to before the first that uses what one of them makes."""
    order, waiting, made, used, held = [], [], set(), set(), 0  # made, used and held by those that wait
    for each in links:
        waits = each.by_parts or (each.node.op.view is not None and not made.isdisjoint(each.uses))
        is_next = not waits and not (made.isdisjoint(each.uses) and used.isdisjoint(each.writes))
        if is_next or (waits and held + each.holds > TOGETHER):
            order += waiting
            waiting, made, used, held = [], set(), set(), 0
        if waits:
            waiting.append(each)
            made.update(each.makes)
            used.update(each.uses)
            held += each.holds
        else:
            order.append(each)
    return order + waiting


def _parted(
    links: list[_Links], made: Iterable[SymbolicTensor] = (), most: float = math.inf
) -> tuple[list[_Links], list[_Links]]:
    """Return the small nodes that may change places with all the others before them in the list, and the others.

    ``made``: values that others have made before the first node; ``most``: nodes that hold more stay.
    """
    moved, others, held = [], [], 0
    made, used, written = set(made), set(), set()  # by the others so far
    raises = False  # whether one of them may
    for each in links:
        if (
            each.small
            and each.holds <= min(most, TOGETHER - held)
            and not (raises and each.writes)
            and made.isdisjoint(each.uses)
            and used.isdisjoint(each.makes)
            and written.isdisjoint(each.uses)
            and written.isdisjoint(each.writes)
            and used.isdisjoint(each.writes)
        ):
            moved.append(each)
            held += each.holds
        else:
            others.append(each)
            raises = raises or each.may_raise
            made.update(each.makes)
            used.update(each.uses)
            written.update(each.writes)
    return moved, others
