"""Einstein's summation, written in matrix products."""

from __future__ import annotations

import math
from collections import Counter

from ..dtypes import result_dtype
from ..tensor import Tensor, convert_to_tensor
from .convert import BOOL, cast
from .elementwise import multiply
from .indexing import diagonal
from .linalg import matmul
from .reduce import sum as reduce_sum
from .shaping import reshape, transpose

__all__ = ["einsum"]


def einsum(subscripts, *operands):
    """Sum products of elements over the axes that the output does not name, as `numpy.einsum`.

    Parameters
    ----------
    subscripts : str
        A letter for each axis of each operand, as in ``"bi,ij->bj"``; ``...`` stands for axes without
        one. Where there is no arrow, the output has the letters that come once, in the order of the alphabet.
    operands : tensors
        Are multiplied from left to right, two at a time.

    Raises
    ------
    ValueError
        For subscripts that do not fit the operands.
    """
    tensors = [convert_to_tensor(x) for x in operands]
    terms, output = _parsed(subscripts, tensors)
    sizes = _sizes(subscripts, terms, tensors)
    dtype = result_dtype(*tensors)
    dtype = "int32" if dtype == BOOL else dtype
    pairs = [_distinct(cast(x, dtype), term, sizes) for x, term in zip(tensors, terms, strict=True)]
    x, labels = pairs[0]
    for place, pair in enumerate(pairs[1:], 2):
        kept = {*output, *(label for _, others in pairs[place:] for label in others)}
        x, labels = _contracted((x, labels), pair, kept)
    x, labels = _summed(x, labels, set(output))
    return cast(transpose(x, [labels.index(label) for label in output]), dtype)


# ---- subscripts: a label is a letter, or a number (0: the last) for an axis that an ellipsis stands for -------


def _parsed(subscripts, tensors):
    """Return the labels of each operand's axes, and those of the output."""
    left, arrow, right = subscripts.replace(" ", "").partition("->")
    terms = left.split(",")
    if len(terms) != len(tensors):
        raise ValueError(f"einsum: {subscripts!r} is for {len(terms)} operands, got {len(tensors)}")
    terms = [_labels(subscripts, term, len(x.shape)) for term, x in zip(terms, tensors, strict=True)]
    spread = max(sum(isinstance(label, int) for label in term) for term in terms)
    counts = Counter(label for term in terms for label in term if isinstance(label, str))
    if arrow:
        letters = len(right.replace("...", ""))
        output = _labels(subscripts, right, letters + spread if "..." in right else letters)
    else:
        output = [*range(spread)[::-1], *sorted(label for label, n in counts.items() if n == 1)]
    if len(set(output)) != len(output) or not {x for x in output if isinstance(x, str)} <= set(counts):
        raise ValueError(f"einsum: the output of {subscripts!r} must name axes of the operands, each once")
    return terms, output


def _labels(subscripts, term, rank):
    before, ellipsis, after = term.partition("...")
    spread = rank - len(before) - len(after)
    letters = before + after
    if spread < 0 or (spread and not ellipsis) or (letters and not (letters.isalpha() and letters.isascii())):
        raise ValueError(f"einsum: {term!r} in {subscripts!r} does not name {rank} axes by letters")
    return [*before, *range(spread)[::-1], *after]


def _sizes(subscripts, terms, tensors):
    """Return the size of each label's axes; one of size 1 is repeated."""
    sizes = {}
    for term, x in zip(terms, tensors, strict=True):
        for label, size in zip(term, x.shape, strict=True):
            known = sizes.setdefault(label, size)
            if known == 1:
                sizes[label] = size
            elif size not in (1, known):
                raise ValueError(f"einsum: axes {label!r} of {subscripts!r} have sizes {known} and {size}")
    return sizes


# ---- tensors and their labels --------------------------------------------------------------------------------


def _distinct(x: Tensor, labels, sizes):
    """Return x with each label once, and none whose axis is repeated: without it the product is the same."""
    labels = list(labels)
    for label in [label for label, n in Counter(labels).items() if n > 1]:
        while labels.count(label) > 1:
            first = labels.index(label)
            second = labels.index(label, first + 1)
            if x.shape[first] != x.shape[second]:
                raise ValueError(
                    f"einsum: axes {label!r} of one operand have sizes {x.shape[first]} and {x.shape[second]}"
                )
            x = diagonal(x, 0, first, second)
            labels = [each for at, each in enumerate(labels) if at not in (first, second)] + [label]
    kept = [label for label, size in zip(labels, x.shape, strict=True) if size == sizes[label]]
    return reshape(x, tuple(sizes[label] for label in kept)), kept


def _summed(x, labels, kept):
    """Sum over the axes whose labels are not kept."""
    axes = tuple(at for at, label in enumerate(labels) if label not in kept)
    return (reduce_sum(x, axes) if axes else x), [label for label in labels if label in kept]


def _arranged(x, labels, *groups):
    """Return x with the axes of each group of labels as one."""
    order = [labels.index(label) for group in groups for label in group]
    shape = [math.prod(x.shape[labels.index(label)] for label in group) for group in groups]
    return reshape(transpose(x, order), tuple(shape))


def _contracted(first, second, kept):
    """Return the product of two, summed over the labels of both that are not kept, and its labels."""
    a, of_a = _summed(*first, kept | set(second[1]))
    b, of_b = _summed(*second, kept | set(of_a))
    both = [label for label in of_a if label in of_b]
    batch, summed = ([label for label in both if (label in kept) is wanted] for wanted in (True, False))
    rows, columns = ([label for label in each if label not in both] for each in (of_a, of_b))
    sizes = dict(zip([*of_a, *of_b], [*a.shape, *b.shape], strict=True))
    product = matmul if summed else multiply  # of a column and a row
    lead = [batch] if batch else []
    y = product(_arranged(a, of_a, *lead, rows, summed), _arranged(b, of_b, *lead, summed, columns))
    labels = [*batch, *rows, *columns]
    return reshape(y, tuple(sizes[label] for label in labels)), labels
