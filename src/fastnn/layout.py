"""Room between rows: which values of a program stand in memory as whole vectors of the processor a row.

Rows of 20 elements end within a vector. What makes them would go through parts of vectors, or through copies; what
reads them does not mind where they stand. So a matrix that matrix products make and only they read has rows
that are whole vectors long, and what lies between them is overwritten with whatever comes.
"""

from __future__ import annotations

from ._kernels import core
from .graph import Node
from .tensor import SymbolicTensor

__all__ = ["padded", "row_length"]

_VECTOR = {"avx512": 64, "avx2": 32}  # bytes, by instruction set; 16 elsewhere
_WIDEST = 1024  # bytes: in longer rows an end matters little


def row_length(shape: tuple[int, ...], itemsize: int) -> int:
    """Return how many elements from row to row make each row of a matrix begin where a vector does."""
    lanes = _VECTOR.get(core.get_isa(), 16) // itemsize
    return -(-shape[-1] // lanes) * lanes


def padded(nodes: list[Node], wanted: list[SymbolicTensor]) -> set[SymbolicTensor]:
    """Return the values that get room between their rows; ``wanted`` ones do not.

    An op says by ``spaced`` which of its inputs may be so; its output may be if it has any. What must be laid out
    alike, `Op.alike`, is so together or not at all.
    """
    found = {x for node in nodes if node.op.spaced for x in node.outputs if _ends_within_a_vector(x)}
    roots = {}  # transposed → the value whose memory it sees
    for node in nodes:
        if node.op.name == "transpose" and node.op.view is not None:
            roots[node.outputs[0]] = roots.get(node.inputs[0], node.inputs[0])
            continue
        spaced = node.op.spaced
        for i, x in enumerate(node.inputs):
            if i not in spaced:
                found.discard(roots.get(x, x))
    found.difference_update(roots.get(x, x) for x in wanted)
    pairs = [(node.inputs[node.op.alike], node.outputs[0]) for node in nodes if node.op.alike is not None]
    return found.difference(_tied(pairs, found))


def _tied(pairs: list[tuple], found: set) -> set:
    """Return what is tied by pairs, one to the next, to what is not among the ``found``."""
    partners = {}
    for a, b in pairs:
        partners.setdefault(a, []).append(b)
        partners.setdefault(b, []).append(a)
    tied = {x for x in partners if x not in found}
    new = list(tied)
    while new:
        for x in partners[new.pop()]:
            if x not in tied:
                tied.add(x)
                new.append(x)
    return tied


def _ends_within_a_vector(x: SymbolicTensor) -> bool:
    if len(x.shape) < 2 or x.dtype.kind != "f" or x.shape[-2] < 2 or x.shape[-1] < 2 or not x.size:
        return False
    return x.shape[-1] * x.dtype.itemsize <= _WIDEST and row_length(x.shape, x.dtype.itemsize) != x.shape[-1]
