"""Counter-based random primitives. A key is int64[2]: seed and counter; the public face is `fastnn.random`."""

from __future__ import annotations

import numpy as np

from ..tensor import convert_to_tensor
from .catalogue import REQUIRED, Op, contiguous

__all__ = ["next_key", "random_dropout", "random_fill", "random_permutation"]

INT64 = np.dtype("int64")


def next_key_reference(state):
    """Return the key; the state's counter has gone up by one."""
    key = state.copy()
    state[1] += 1
    return key


next_key = Op(
    "next_key",
    inputs=["state"],
    spec=lambda state: [((2,), INT64)],
    reference=next_key_reference,
    lower=lambda plan, outs, ins: plan.call("next_key", [*outs, *ins], []),  # the state is written, too
    mutates=(0,),
    doc="Return the generator state as a key and advance its counter.",
)

_random_fill = Op(
    "random_fill",
    inputs=["key"],
    spec=lambda key, kernel, shape, dtype, a, b: [(shape, dtype)],
    reference=lambda key, kernel, shape, dtype, a, b: None,  # the kernel's own tests know Philox
    lower=lambda plan, outs, ins, kernel, shape, dtype, a, b: plan.call(
        kernel, outs, ins, (outs[0].size,), (a, b), dtype=dtype, by_unit=1
    ),
    attrs=dict.fromkeys(("kernel", "shape", "dtype", "a", "b"), REQUIRED),
    doc="Fill a shape with random numbers: kernel is uniform, normal, truncated_normal or randint.",
)


def random_fill(key, kernel, shape, dtype, a, b):
    """Return random numbers of one distribution with parameters a, b."""
    return _random_fill(key, kernel, tuple(shape), dtype, float(a), float(b))


random_dropout = Op(
    "random_dropout",
    inputs=["x", "key"],
    spec=lambda x, key, rate: [(x.shape, x.dtype)],
    reference=lambda x, key, rate: None,
    vjp=lambda call, dy: (random_dropout(dy, call.inputs[1], call.attrs["rate"]), None),
    lower=lambda plan, outs, ins, rate: plan.call(
        "dropout", outs, [contiguous(plan, ins[0]), ins[1]], (ins[0].size,), (rate,), by_unit=2
    ),
    convert=lambda x, key: [convert_to_tensor(x), convert_to_tensor(key)],
    attrs={"rate": REQUIRED},
    doc="x / (1 - rate) where kept, else 0. Linear in x with the key's mask: so is its derivative.",
)

random_permutation = Op(
    "random_permutation",
    inputs=["key"],
    spec=lambda key, n: [((n,), INT64)],
    reference=lambda key, n: None,
    lower=lambda plan, outs, ins, n: plan.call("permutation", outs, ins, (n,)),
    attrs={"n": REQUIRED},
    doc="A random order of 0 .. n-1.",
)
