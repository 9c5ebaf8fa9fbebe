"""Ops that write variables: assignment, logs, the optimizer rules, the guard against values that are not finite."""

from __future__ import annotations

import numpy as np

from ..tensor import Tensor, Variable, convert_to_tensor, laid_out_like
from .catalogue import REQUIRED, Op, contiguous, scratch
from .convert import cast
from .shaping import broadcast_to

__all__ = [
    "accumulate", "adagrad_update", "adam_update", "assign", "descend", "guard", "momentum_update", "move_average",
    "record", "rmsprop_update", "sgd_update", "step_scalars",
]  # fmt: skip

F64 = np.dtype("float64")


def _assign_reference(variable, value):
    variable[...] = value


_assign = Op(
    "assign",
    inputs=["variable", "value"],
    spec=lambda variable, value: [],
    reference=_assign_reference,
    lower=lambda plan, outs, ins: plan.map("copy", ins[0], ins[1]),
    mutates=(0,),
    in_place=True,
    doc="Write a value into a variable.",
)


def assign(variable, value):
    """Write a value into a variable; it must have the variable's shape and is cast to its dtype."""
    value = convert_to_tensor(value, variable.dtype)
    if value.shape != variable.shape:
        raise ValueError(
            f"cannot assign a value of shape {value.shape} to the variable {variable.path!r} of shape {variable.shape}"
        )
    _assign.apply((variable, value), {})
    return variable


def place_guard(plan, arrays):
    """Append guards over arrays of any dtypes and layouts."""
    for dtype in dict.fromkeys(x.dtype for x in arrays):
        values = [x for x in arrays if x.dtype == dtype]
        try:
            plan.guard(*values)
        except BufferError:  # a layout that the kernel does not walk
            plan.guard(*[contiguous(plan, x) for x in values])


_guard = Op(
    "guard",
    inputs=["value"],
    spec=lambda *values: [],
    reference=lambda *values: None,
    lower=lambda plan, outs, ins: place_guard(plan, ins),
    stateful=True,
    doc="Stop the program's run after the batch in which a value is not finite.",
)


def guard(*values):
    """Inside a program: stop `run_batches` after the batch in which one of these holds NaN or infinity."""
    _guard.apply([convert_to_tensor(value) for value in values], {})


# ---- logs ------------------------------------------------------------------------------------------------------


def _accumulate_reference(total, count, x, weight, number):
    total += total.dtype.type(x.sum() * weight)
    count += count.dtype.type(number)


_accumulate = Op(
    "accumulate",
    inputs=["total", "count", "x"],
    spec=lambda total, count, x, weight, number: [],
    reference=_accumulate_reference,
    lower=lambda plan, outs, ins, weight, number: plan.call(
        "accumulate", ins[:2], [contiguous(plan, ins[2])], (ins[2].size,), (weight, number)
    ),
    mutates=(0, 1),
    attrs={"weight": 1.0, "number": 1.0},
    doc="total += weight · sum(x); count += number: what a mean is made of.",
)


def accumulate(total, count, x, weight=1.0):
    """Add weight · sum(x) to one scalar variable, and weight times the number of elements to another."""
    x = cast(x, total.dtype)
    _accumulate.apply((total, count, x), {"weight": float(weight), "number": float(weight) * x.size})


def _record_reference(log, position, x):
    if 0 <= position < len(log):
        log[position] = x
    position += 1


_record = Op(
    "record",
    inputs=["log", "position", "x"],
    spec=lambda log, position, x: [],
    reference=_record_reference,
    lower=lambda plan, outs, ins: plan.call("record", ins[:2], ins[2:], (len(ins[0]),)),
    mutates=(0, 1),
    doc="log[position] = x where there is room; position += 1.",
)


def record(log, position, x):
    """Write a scalar at a position of a float64 vector, and move the position (int64) on by one."""
    _record.apply((log, position, x), {})


def _scalars_reference(learning_rate, iterations, beta_1, beta_2):
    t = float(iterations) + 1
    lr = float(learning_rate)
    return np.array([lr, lr * np.sqrt(1 - beta_2**t) / (1 - beta_1**t)])


_step_scalars = Op(
    "step_scalars",
    inputs=["learning_rate", "iterations"],
    spec=lambda learning_rate, iterations, beta_1, beta_2: [((2,), F64)],
    reference=_scalars_reference,
    lower=lambda plan, outs, ins, beta_1, beta_2: plan.call("adam_scalars", outs, ins, (), (beta_1, beta_2)),
    attrs={"beta_1": 0.0, "beta_2": 0.0},
)


def step_scalars(learning_rate, iterations, beta_1=0.0, beta_2=0.0):
    """Return float64[2]: the learning rate lr, and Adam's step size.

    The step size is lr sqrt(1 - beta_2^t) / (1 - beta_1^t), t = iterations + 1 (Kingma & Ba, 2014).
    """
    learning_rate = convert_to_tensor(learning_rate, None)
    learning_rate = learning_rate if learning_rate.dtype.kind == "f" else cast(learning_rate, "float64")
    return _step_scalars(learning_rate, cast(iterations, "int64"), float(beta_1), float(beta_2))


# ---- optimizer rules -------------------------------------------------------------------------------------------
# rule: a name in the kernel table; hyper: its par[0..4]; par[5] is the weight decay, par[6] an L2 penalty's factor.
# The reference transcribes the published formula.


def _in_layout_of(plan, w, g):
    """Return g in memory laid out as w's, copied by the plan."""
    memory = laid_out_like(scratch(plan, (w.size,), g.dtype), w)
    plan.map("copy", memory, g)
    return memory


def _update_lower(plan, outs, ins, rule, hyper, option, weight_decay, l2):
    w, s0, s1, s2, g, scalars = ins
    settings = {"slots": (s0, s1, s2), "hyper": _pars(hyper, weight_decay, l2), "option": option}
    try:
        plan.update(rule, w, g, scalars, **settings)
    except BufferError:
        plan.update(rule, w, _in_layout_of(plan, w, g), scalars, **settings)


def _pars(hyper, weight_decay, l2):
    return (*hyper, *(0.0,) * (5 - len(hyper)), weight_decay, l2)


def _rule_sgd(w, s, g, lr, step, hyper, option):
    w -= lr * g


def _rule_momentum(w, s, g, lr, step, hyper, option, nesterov=False):
    s[0][...] = hyper[0] * s[0] - lr * g
    w += hyper[0] * s[0] - lr * g if nesterov else s[0]


def _rule_nesterov(w, s, g, lr, step, hyper, option):
    _rule_momentum(w, s, g, lr, step, hyper, option, nesterov=True)


def _rule_rmsprop(w, s, g, lr, step, hyper, option):
    rho, eps, momentum = hyper
    s[0][...] = rho * s[0] + (1 - rho) * g * g
    denominator = s[0] + eps
    if option:
        s[2][...] = rho * s[2] + (1 - rho) * g
        denominator = s[0] - s[2] ** 2 + eps
    increment = lr * g / np.sqrt(denominator)
    if momentum > 0:
        s[1][...] = momentum * s[1] + increment
        increment = s[1]
    w -= increment


def _rule_adagrad(w, s, g, lr, step, hyper, option):
    s[0][...] = s[0] + g * g
    w -= lr * g / np.sqrt(s[0] + hyper[1])


def _rule_adam(w, s, g, lr, step, hyper, option):
    beta_1, beta_2, eps = hyper
    m, v = s[0] if beta_1 else 0.0, s[1] if beta_2 else 0.0  # of what is not kept nothing may stay, by rounding
    s[0][...] = m + (g - m) * (1 - beta_1)
    s[1][...] = v + (g * g - v) * (1 - beta_2)
    v = s[1]
    if option:
        s[2][...] = np.maximum(s[2], v)
        v = s[2]
    w -= step * s[0] / (np.sqrt(v) + eps)


REFERENCE_RULES = {
    "sgd": _rule_sgd,
    "momentum": _rule_momentum,
    "nesterov": _rule_nesterov,
    "rmsprop": _rule_rmsprop,
    "adagrad": _rule_adagrad,
    "adam": _rule_adam,
}


def _update_reference(w, s0, s1, s2, g, scalars, rule, hyper, option, weight_decay, l2=0.0):
    g = g + l2 * w
    w -= w * weight_decay * scalars[0]
    REFERENCE_RULES[rule](w, (s0, s1, s2), g, scalars[0], scalars[1], hyper, option)


optimizer_update = Op(
    "optimizer_update",
    inputs=["variable", "slot0?", "slot1?", "slot2?", "gradient", "scalars"],
    spec=lambda *inputs, **attrs: [],
    reference=_update_reference,
    lower=_update_lower,
    mutates=(0, 1, 2, 3),
    attrs={**dict.fromkeys(("rule", "hyper", "option", "weight_decay"), REQUIRED), "l2": 0.0},
    doc="One step of an optimizer rule on a variable and its slots, in place; the gradient is g + l2 · variable.",
)


def _update(rule, variable, slots, gradient, scalars, hyper=(), option=0, weight_decay=0.0, l2=0.0):
    gradient = convert_to_tensor(gradient, variable.dtype)
    if gradient.shape != variable.shape:
        raise ValueError(
            f"a gradient of shape {gradient.shape} does not fit the variable {variable.path!r} "
            f"of shape {variable.shape}"
        )
    for slot in slots:
        if slot is not None and not (isinstance(slot, Variable) and slot.shape == variable.shape):
            raise ValueError(f"a slot of {variable.path!r} must be a Variable of shape {variable.shape}")
    slots = (*slots, *(None,) * (3 - len(slots)))
    attrs = {
        "rule": rule,
        "hyper": tuple(map(float, hyper)),
        "option": int(option),
        "weight_decay": float(weight_decay),
        "l2": float(l2),
    }
    optimizer_update.apply((variable, *slots, gradient, scalars), attrs)


def sgd_update(variable, gradient, scalars, weight_decay=0.0):
    """w -= lr g."""
    _update("sgd", variable, (), gradient, scalars, weight_decay=weight_decay)


def descend(variable, direction, rate):
    """w -= rate direction: the step of a rule that is written in ops, in one pass over memory."""
    sgd_update(variable, direction, _rate_alone(rate))


def move_average(average, value, keep):
    """a += (value - a)(1 - keep), in one pass over memory: descent on half the squared distance from the value."""
    _update("sgd", average, (), value, _rate_alone(keep - 1.0), l2=-1.0)


def _rate_alone(rate):
    """Return the scalars of a rule with this learning rate and no other step size."""
    return Tensor(np.array([rate, 0.0])) if isinstance(rate, float) else step_scalars(rate, 0)


def momentum_update(variable, velocity, gradient, scalars, momentum, nesterov=False, weight_decay=0.0):
    """v = momentum v - lr g; w += v, or with nesterov w += momentum v - lr g."""
    rule = "nesterov" if nesterov else "momentum"
    _update(rule, variable, (velocity,), gradient, scalars, (momentum,), weight_decay=weight_decay)


def rmsprop_update(
    variable, velocity, momentum_slot, average, gradient, scalars, rho, epsilon, momentum=0.0, centered=False,
    weight_decay=0.0,
):  # fmt: skip
    """v = rho v + (1 - rho) g²; w -= lr g / sqrt(v + epsilon) (Tieleman & Hinton, 2012).

    Momentum and centering are those of Keras.
    """
    if (momentum > 0) != (momentum_slot is not None) or centered != (average is not None):
        raise ValueError("rmsprop: momentum_slot goes with momentum > 0, average with centered=True")
    slots = (velocity, momentum_slot, average)
    _update("rmsprop", variable, slots, gradient, scalars, (rho, epsilon, momentum), centered, weight_decay)


def adagrad_update(variable, accumulator, gradient, scalars, epsilon, weight_decay=0.0):
    """a += g²; w -= lr g / sqrt(a + epsilon) (Duchi et al., 2011)."""
    _update("adagrad", variable, (accumulator,), gradient, scalars, (0.0, epsilon), weight_decay=weight_decay)


def adam_update(variable, m, v, vhat, gradient, scalars, beta_1, beta_2, epsilon, amsgrad=False, weight_decay=0.0):
    """m += (g - m)(1 - beta_1); v += (g² - v)(1 - beta_2); w -= step m / (sqrt(v) + epsilon)."""
    if amsgrad != (vhat is not None):
        raise ValueError("adam: vhat goes with amsgrad=True")
    _update("adam", variable, (m, v, vhat), gradient, scalars, (beta_1, beta_2, epsilon), amsgrad, weight_decay)


def spread(value, variable):
    """Return value broadcast to the variable's shape (for assign_add and its like)."""
    return broadcast_to(convert_to_tensor(value), variable.shape)
