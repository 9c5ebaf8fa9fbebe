"""Fusions: ops that one kernel does at once. Each keeps the plain composition it replaces.

- <activation>(dense(x, kernel, bias)): the product applies it;
- optimizer_update(matmul(a, b)): the update happens tile by tile, the gradient never reaches memory; the same for a
  sparse a;
- optimizer_update(g + c · variable), an L2 penalty's gradient: the rule adds it;
- <activation>_grad(matmul(a, b), y): the product is multiplied in the tile;
- relu_grad(dropout(dy, key), y) behind dropout(y, key): both derivatives are in what that has put out, as one
  relu_dropout_grad, which is one of the above;
- optimizer_update(sum over the first axis), a bias or a gradient made in parts of a batch: the rule sums;
- assign(variable, f(...)) for an elementwise f: it writes the variable itself.
"""

from __future__ import annotations

import functools

import numpy as np

from .graph import Node, live
from .ops.activation import relu_dropout_grad
from .ops.catalogue import CATALOGUE, Op, scratch
from .ops.linalg import FUSED, GRADS, _dense, place_matmul
from .ops.sparse import _csr_matmul
from .ops.update import _pars, _update_lower
from .tensor import SymbolicTensor, Variable

__all__ = ["fuse"]

_ADD, _MULTIPLY, _MATMUL = CATALOGUE["add"], CATALOGUE["multiply"], CATALOGUE["matmul"]
_DROPOUT, _RELU_GRAD = CATALOGUE["random_dropout"], CATALOGUE["relu_grad"]
_UPDATE, _ASSIGN, _SUM = CATALOGUE["optimizer_update"], CATALOGUE["assign"], CATALOGUE["sum"]


def fuse(nodes: list[Node], wanted: list[SymbolicTensor]) -> list[Node]:
    """Return the nodes that are needed with every fusible pair replaced; ``wanted`` values are kept."""
    nodes, uses = live(_with_dropouts(_with_penalties(nodes)), wanted)
    nodes = _with_activations(nodes, _sole_makers(nodes, uses))
    makers = _sole_makers(nodes, uses)
    replaced, gone = {}, set()
    for node in nodes:
        for find, fused in _PAIRS.get(node.op, ()):
            taken = find(node, makers)
            if taken is not None and taken not in replaced:
                gone.add(taken)
                replaced[node] = fused(node, taken)
                break
    return [replaced.get(node, node) for node in nodes if node not in gone]


def _sole_makers(nodes, uses):
    """Return a value that is used once → the node that makes it."""
    return {x: node for node in nodes for x in node.outputs if uses.get(x) == 1}


# ---- an L2 penalty's gradient -----------------------------------------------------------------------------


def _with_penalties(nodes):
    """Move c · variable out of the gradients of updates into their l2."""
    multiples, writers = _multiples(nodes), {}
    for node in nodes:
        for i in node.op.mutates:
            writers[node.inputs[i]] = writers.get(node.inputs[i], 0) + 1
    return [_with_penalty(n, multiples) if n.op is _UPDATE and writers[n.inputs[0]] == 1 else n for n in nodes]


def _with_penalty(node, multiples):
    variable, gradient, l2 = node.inputs[0], node.inputs[4], node.attrs["l2"]
    while (parts := _without_penalty(gradient, variable, multiples)) is not None:
        gradient, c = parts
        l2 += c
    if gradient is node.inputs[4]:
        return node
    inputs = (*node.inputs[:4], gradient, *node.inputs[5:])
    return Node(node.op, inputs, {**node.attrs, "l2": l2}, node.place)


def _without_penalty(gradient, variable, multiples):
    """Return (g, c) if the gradient is g + c · variable for a g of its shape, else None."""
    if not isinstance(gradient, SymbolicTensor) or gradient.node is None or gradient.node.op is not _ADD:
        return None
    a, b = gradient.node.inputs
    for g, penalty in ((b, a), (a, b)):
        of, c = _multiple(penalty, multiples)
        if of is variable and g.shape == variable.shape:
            return g, c
    return None


def _multiples(nodes):
    """Return a value → (variable, c) where it is c · variable for a constant c.

    Each node is looked at once, in order: a walk back from a gradient would meet what it shares again and again.
    """
    found = {}
    for node in nodes:
        if node.op is _MULTIPLY or node.op is _ADD:
            (out,) = node.outputs
            of, c = _product(*node.inputs, found) if node.op is _MULTIPLY else _total(*node.inputs, found)
            if of is not None and of.shape == out.shape:
                found[out] = of, c
    return found


def _multiple(x, found):
    """Return (variable, c) where x is a multiple found before, or a read of a variable; else (None, 0)."""
    of = x.variable if isinstance(x, SymbolicTensor) else None
    return (of, 1.0) if of is not None else found.get(x, (None, 0.0))


def _product(a, b, found):
    for constant, x in ((a, b), (b, a)):
        of, c = _multiple(x, found)
        number = None if of is None else _uniform(constant)
        if number is not None:
            return of, number * c
    return None, 0.0


def _total(a, b, found):
    (of, c), (other, d) = _multiple(a, found), _multiple(b, found)
    return (of, c + d) if of is other else (None, 0.0)


def _uniform(x):
    """Return the number that all elements of a constant are, or None."""
    if isinstance(x, (SymbolicTensor, Variable)) or not x.size:
        return None
    first = x.array.flat[0]
    return float(first) if not any(x.array.strides) or np.all(x.array == first) else None


# ---- activations ------------------------------------------------------------------------------------------

_ACTIVATIONS = {op: name for name, op in FUSED.items()}


def _with_activations(nodes, makers):
    """Let products apply the activation behind them where nobody else wants what it is applied to."""
    applied, gone = {}, set()
    for node in nodes:
        product = makers.get(node.inputs[0]) if node.op in _ACTIVATIONS else None
        if product is None or product.op is not _dense or product.attrs["activation"] != "linear":
            continue
        activation, parameter = _ACTIVATIONS[node.op], _parameter(node)
        if activation == "leaky_relu" and parameter <= 0:  # its derivative cannot be had from its output
            continue
        attrs = {"activation": activation, "parameter": parameter}
        applied[product] = Node(_dense, product.inputs, attrs, product.place, node.outputs)
        gone.add(node)
    return [applied.get(node, node) for node in nodes if node not in gone]


def _parameter(node):
    """Return the one attribute of an activation or its derivative, 0 where there is none."""
    return next(iter(node.attrs.values()), 0.0)


# ---- dropout behind relu ----------------------------------------------------------------------------------


def _with_dropouts(nodes):
    """Give relu's derivatives of dropout's derivatives what dropout has put out: no mask is drawn again.

    Whatever y is, dropout(y, key) > 0 just where y > 0 and the key's mask keeps it.
    """
    dropped, kept = {}, []
    for node in nodes:
        if node.op is _DROPOUT:
            dropped[_place_of(node, node.inputs[0])] = node.outputs[0]
        kept.append(_with_dropout(node, dropped) if node.op is _RELU_GRAD else node)
    return kept


def _place_of(dropout, x):
    """Return what tells a dropout of x with the mask of ``dropout`` from others."""
    return x, dropout.inputs[1], dropout.attrs["rate"]


def _with_dropout(node, dropped):
    dy, y = node.inputs
    dropout = dy.node if isinstance(dy, SymbolicTensor) else None
    if dropout is None or dropout.op is not _DROPOUT or dy.shape != y.shape:
        return node
    output = dropped.get(_place_of(dropout, y))
    if output is None:
        return node
    attrs = {"scale": 1 / (1 - dropout.attrs["rate"])}
    return Node(relu_dropout_grad, (dropout.inputs[0], output), attrs, node.place, node.outputs)


# ---- matrix products --------------------------------------------------------------------------------------

_DERIVATIVES = {**GRADS, "relu_dropout": relu_dropout_grad}
_DERIVATIVE_NAMES = {op: name for name, op in _DERIVATIVES.items()}


def _fusible_product(node, makers):
    """Return the matrix product that only this node uses and that its kernel can take in, or None."""
    if node.op is _UPDATE:
        value = node.inputs[4]
    else:
        value = node.inputs[0]
        if node.inputs[1].shape != value.shape:
            return None
    product = makers.get(value)
    if product is None or product.op is not _MATMUL or len(value.shape) != 2:
        return None
    # The product moves down to this node: it must not read a variable that is written in between.
    if any(_reads_variable(x) for x in product.inputs) and node.op is _UPDATE:
        return None
    return product


def _reads_variable(x):
    while isinstance(x, SymbolicTensor) and x.node is not None and x.node.op.view is not None:
        x = x.node.inputs[0]
    return isinstance(x, Variable) or getattr(x, "variable", None) is not None


def _fused_grad(node, product):
    a, b = product.inputs
    attrs = {"activation": _DERIVATIVE_NAMES[node.op], "parameter": _parameter(node)}
    return Node(_MATMUL_GRAD, (a, b, node.inputs[1]), attrs, node.place, node.outputs)


def _grad_reference(a, b, y, activation, parameter):
    op = _DERIVATIVES[activation]
    return op.reference(a @ b, y, **dict.fromkeys(op.attr_defaults, parameter))


def _grad_with_product(plan, outs, ins, activation, parameter):
    a, b, y = ins
    try:
        plan.matmul(outs[0], a, b, y=y, activation=activation, parameter=parameter)
    except BufferError:
        product = scratch(plan, outs[0].shape, outs[0].dtype)
        place_matmul(plan, product, a, b)
        plan.map(f"{activation}_grad", outs[0], product, y, a=parameter)


_MATMUL_GRAD = Op(
    "matmul_grad",
    inputs=["x1", "x2", "y"],
    spec=lambda a, b, y, **attrs: [(y.shape, y.dtype)],
    reference=_grad_reference,
    lower=_grad_with_product,
    spaced=(0, 1, 2),
    alike=2,
    register=False,
    doc="An activation's derivative times x1 @ x2.",
)


# ---- updates with a gradient that one node makes ------------------------------------------------------------


def _fusible_sparse_product(node, makers):
    """Return the product of a sparse matrix that only this update uses, or None."""
    product = makers.get(node.inputs[4])
    if product is None or product.op is not _csr_matmul or any(map(_reads_variable, product.inputs)):
        return None
    return product


def _fusible_sum(node, makers):
    """Return the sum over the first axis, of rows or parts, that only this update uses, or None."""
    total = makers.get(node.inputs[4])
    if total is None or total.op is not _SUM:
        return None
    if total.attrs != _OVER_ROWS or len(total.inputs[0].shape) not in (2, 3):
        return None
    return total if total.inputs[0].shape[0] and not _reads_variable(total.inputs[0]) else None


def _fused_update(node, maker):
    inputs = (*node.inputs[:4], *maker.inputs, node.inputs[5])
    return Node(_UPDATES[maker.op], inputs, node.attrs, node.place)


def _update_with(maker, inputs, kernel, spaced=(), **attrs):
    """Return the op that is optimizer_update with the gradient which ``maker`` makes of these inputs.

    ``kernel(plan, w, *inputs, **rule)`` appends the step that does both.
    """

    def lower(plan, outs, ins, rule, hyper, option, weight_decay, l2):
        w, s0, s1, s2, *operands, scalars = ins
        pars = _pars(hyper, weight_decay, l2)
        try:
            kernel(plan, w, *operands, rule=rule, scalars=scalars, slots=(s0, s1, s2), hyper=pars, option=option)
        except BufferError:  # a layout that the kernel does not walk: one after the other
            gradient = scratch(plan, w.shape, w.dtype)
            maker.lower(plan, [gradient], operands, **attrs)
            _update_lower(plan, outs, [w, s0, s1, s2, gradient, scalars], rule, hyper, option, weight_decay, l2)

    def reference(w, s0, s1, s2, *others, **settings):
        *operands, scalars = others
        return _UPDATE.reference(w, s0, s1, s2, maker.reference(*operands, **attrs), scalars, **settings)

    return Op(
        f"{maker.name}_update",
        inputs=["variable", "slot0?", "slot1?", "slot2?", *inputs, "scalars"],
        spec=lambda *inputs, **attrs: [],
        reference=reference,
        lower=lower,
        mutates=(0, 1, 2, 3),
        spaced=spaced,
        register=False,
        doc=f"optimizer_update with the gradient {maker.name}({', '.join(inputs)}).",
    )


_OVER_ROWS = {"axes": (0,), "scale": 1.0}
_UPDATES = {
    _MATMUL: _update_with(
        _MATMUL, ["x1", "x2"], lambda plan, w, a, b, **how: plan.matmul(w, a, b, **how), spaced=(4, 5)
    ),
    _csr_matmul: _update_with(
        _csr_matmul,
        ["bounds", "values", "columns", "b"],
        lambda plan, w, *csr, **how: plan.csr_update(w=w, csr=csr[:3], b=csr[3], **how),
    ),
    _SUM: _update_with(
        _SUM, ["x"], lambda plan, w, x, **how: plan.update(w=w, g=x, summed=True, **how), spaced=(4,), **_OVER_ROWS
    ),
}


# ---- assignments ------------------------------------------------------------------------------------------


def _fusible_value(node, makers):
    """Return the elementwise node that makes what is assigned, and nobody else uses, or None."""
    producer = makers.get(node.inputs[1])
    return producer if producer is not None and producer.op.in_place else None


def _assigned(node, producer):
    return Node(_assigning(producer.op), (node.inputs[0], *producer.inputs), producer.attrs, node.place)


@functools.cache
def _assigning(op):
    """Return the op that writes what ``op`` computes into the variable that is its first input."""

    def reference(variable, *arrays, **attrs):
        variable[...] = op.reference(*arrays, **attrs)

    return Op(
        f"assign_{op.name}",
        inputs=["variable", *(f"x{i}" for i in range(op.n_inputs))],
        spec=lambda *inputs, **attrs: [],
        reference=reference,
        lower=lambda plan, outs, ins, **attrs: op.lower(plan, ins[:1], ins[1:], **attrs),
        mutates=(0,),
        in_place=True,
        attrs=op.attr_defaults,
        register=False,
        doc=f"variable = {op.name}(...).",
    )


# An op → how to find what it can take in, and how to make the node that does both.
_PAIRS = {
    _UPDATE: [
        (_fusible_product, _fused_update),
        (_fusible_sparse_product, _fused_update),
        (_fusible_sum, _fused_update),
    ],
    **{op: [(_fusible_product, _fused_grad)] for op in _DERIVATIVE_NAMES},
    _ASSIGN: [(_fusible_value, _assigned)],
}
