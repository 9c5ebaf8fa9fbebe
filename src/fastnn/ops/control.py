"""Branches, loops and derivatives that Python functions say.

What is chosen by a value that is known is chosen by Python. In a program both branches are computed and one is taken,
and loops are as long as they were when they were traced.
"""

from __future__ import annotations

import functools
import operator
from collections.abc import Callable

from ..autograd import record
from ..shapes import as_integer, as_size
from ..structures import flatten, rebuild
from ..tensor import SymbolicTensor, Tensor, TracingError, Variable, convert_to_tensor, current_graph
from .creation import zeros_like
from .elementwise import clip, equal, logical_not, where
from .indexing import _index_tensor
from .joining import stack
from .shaping import get_item, stop_gradient

__all__ = ["cond", "custom_gradient", "fori_loop", "map", "scan", "switch", "vectorized_map", "while_loop"]


# ---- branches ------------------------------------------------------------------------------------------------


def cond(pred, true_fn, false_fn):
    """Return what ``true_fn()`` returns if pred is true, else what ``false_fn()`` does.

    In a program both are computed, and a gradient that is infinite in one is NaN even where that one is not taken.

    Raises
    ------
    ValueError
        Unless pred is a scalar, and if the branches return different structures, shapes or dtypes in a program.
    TracingError
        If a branch of a program writes a variable, or draws random numbers: training then goes on op by op.
    """
    return _choose("cond", convert_to_tensor(pred, "bool"), (true_fn, false_fn), logical_not)


def switch(index, branches, *operands):
    """Return what ``branches[index](*operands)`` does; an index out of range is that of the nearest.

    In a program all of them are computed. Errors are those of `cond`.
    """
    branches = [functools.partial(branch, *operands) for branch in branches]
    if not branches:
        raise ValueError("switch: at least one branch is needed")
    index = clip(_index_tensor(index), 0, len(branches) - 1)
    return _choose("switch", index, branches, lambda index: index)


def _choose(name, chosen, branches, number):
    """Return what the branch of the number that ``number(chosen)`` is returns."""
    if chosen.shape:
        raise ValueError(f"{name}: what chooses must be a scalar, got shape {chosen.shape}")
    if not isinstance(chosen, SymbolicTensor):
        return branches[int(number(chosen))]()
    results = [_traced(name, branch) for branch in branches]
    leaves = [[_leaf(x) for x in flatten(result)] for result in results]
    first, index = leaves[0], number(chosen)
    for at, others in enumerate(leaves[1:], 1):
        if [_kind(x) for x in others] != [_kind(x) for x in leaves[0]]:
            raise ValueError(
                f"{name}: branches return {[_kind(x) for x in leaves[0]]} and {[_kind(x) for x in others]}"
            )
        first = [None if x is None else where(equal(index, at), y, x) for x, y in zip(first, others, strict=True)]
    return rebuild(results[0], iter(first))


def _traced(name, branch):
    """Return a branch's result; it must not do anything else."""
    graph = current_graph()
    before = len(graph.nodes)
    result = branch()
    if any(node.op.stateful for node in graph.nodes[before:]):
        raise TracingError(f"{name}: a branch writes a variable; a program computes all branches: use ops.where")
    return result


def _leaf(x):
    return None if x is None else convert_to_tensor(x)


def _kind(x):
    return None if x is None else (x.shape, x.dtype.name)


# ---- loops ---------------------------------------------------------------------------------------------------


def fori_loop(lower, upper, body_fun, init_val):
    """Return the last ``value = body_fun(i, value)`` for i from lower to upper - 1, beginning with init_val."""
    value = init_val
    for i in range(operator.index(lower), operator.index(upper)):
        value = body_fun(i, value)
    return value


def while_loop(cond, body, loop_vars, maximum_iterations=None):
    """Do ``loop_vars = body(*loop_vars)`` while ``cond(*loop_vars)``, at most ``maximum_iterations`` times.

    Raises
    ------
    TracingError
        In a program, if the condition is not known there.
    """
    several = isinstance(loop_vars, (tuple, list))
    values = tuple(loop_vars) if several else (loop_vars,)
    left = -1 if maximum_iterations is None else as_size("maximum_iterations", maximum_iterations)
    while left and cond(*values):
        found = body(*values)
        values = tuple(found) if several else (found,)
        left -= 1
    return values if several else values[0]


def scan(f, init, xs=None, length=None, reverse=False, unroll=1):
    """Return the last of ``carry, y = f(carry, x)`` over the rows x of xs, beginning with init, and all y as rows.

    Parameters
    ----------
    f : callable
    init : tensors
        The first carry: a tensor, or a structure of such.
    xs : tensors, optional
        One tensor, or a structure of such with as many rows each. None: x is None.
    length : int, optional
        The number of rows; needed without xs.
    reverse : bool
        Go from the last row to the first.
    unroll : int or bool
        Has no effect.

    Raises
    ------
    ValueError
        Unless there is one number of rows, and for an ``unroll`` below 1.
    """
    if not callable(f):
        raise TypeError(f"scan: f must be callable, got {type(f).__name__}")
    if not isinstance(unroll, bool) and as_integer("unroll", unroll) < 1:
        raise ValueError(f"scan: unroll must be a bool or an integer of at least 1, got {unroll}")
    n = _rows("scan", xs, length)
    carry, ys = init, [None] * n
    for at in reversed(range(n)) if reverse else range(n):
        carry, ys[at] = f(carry, _row(xs, at))
    return carry, _stacked(ys)


def map(f, xs):
    """Return f of each row of xs (a tensor, or a structure of such), as rows."""
    if not callable(f):
        raise TypeError(f"map: f must be callable, got {type(f).__name__}")
    return _stacked([f(_row(xs, at)) for at in range(_rows("map", xs))])


def vectorized_map(function, elements):
    """Return what `map` does, row by row."""
    return map(function, elements)


def _rows(name, xs, length=None):
    found = {convert_to_tensor(x).shape[:1] for x in flatten(xs) if x is not None}
    found |= set() if length is None else {(operator.index(length),)}
    if len(found) != 1 or found == {()}:
        raise ValueError(f"{name}: tensors with as many rows each are needed, got {sorted(found)}")
    return found.pop()[0]


def _row(xs, at):
    return rebuild(xs, (None if x is None else get_item(x, at) for x in flatten(xs)))


def _stacked(ys):
    if not ys:
        raise ValueError("map and scan of no rows: what f would return is not known")
    columns = zip(*(flatten(y) for y in ys), strict=True)
    return rebuild(ys[0], (None if column[0] is None else stack(column) for column in columns))


# ---- derivatives ---------------------------------------------------------------------------------------------


class _Gradient:
    """What a tape asks for the derivative of a call of `custom_gradient`."""

    def __init__(self, name: str, grad: Callable):
        self.name = name
        self.grad = grad

    def vjp(self, call, *douts):
        douts = [zeros_like(y) if dy is None else dy for dy, y in zip(douts, call.outputs, strict=True)]
        grads = flatten(self.grad(*douts))
        if len(grads) != len(call.inputs):
            raise ValueError(f"{self.name}: {len(grads)} gradients were returned for {len(call.inputs)} arguments")
        return tuple(self._checked(x, dx) for x, dx in zip(call.inputs, grads, strict=True))

    def _checked(self, x, dx):
        if dx is None or not isinstance(x, Tensor):
            return None
        dx = convert_to_tensor(dx, x.dtype)
        if dx.shape != x.shape:
            raise ValueError(
                f"{self.name}: a gradient of shape {dx.shape} was returned for an argument of shape {x.shape}"
            )
        return dx


def custom_gradient(f):
    """Let a function say its own gradient.

    Parameters
    ----------
    f : callable
        ``f(*args)`` → ``(outputs, grad)``; ``grad(*doutputs)``, called with the gradient of each output, returns that
        of each argument (None: none). Variables that f reads without being given them get none.

    Returns
    -------
    callable
        A function of the same arguments that returns ``outputs``.

    Examples
    --------
    >>> @ops.custom_gradient
    ... def reversed_gradient(x):
    ...     return x, lambda dy: -dy
    """
    if not callable(f):
        raise TypeError(f"custom_gradient takes a callable, got {type(f).__name__}")
    name = getattr(f, "__name__", "custom_gradient")

    @functools.wraps(f)
    def call(*args, **kwargs):
        args = [_value(x) for x in args]
        result, grad = f(*args, **kwargs)
        # Tapes see f's ops, too, for derivatives of grad; but nothing leads from there to these outputs.
        outputs = tuple(stop_gradient(y) for y in flatten(result))
        record(_Gradient(name, grad), tuple(flatten(args)), outputs, {})
        return rebuild(result, iter(outputs))

    return call


def _value(x):
    return rebuild(x, (convert_to_tensor(each) if isinstance(each, Variable) else each for each in flatten(x)))
