"""Kernels: what each does per second beside the machine's limit, and a roofline picture.

    python bench/kernels.py --threads 1 --json kernels.json

The limits are measured in the same run (limits.c): multiply-adds a second from registers, and bytes read a second
from each level of memory. A kernel's limit is the longer of its arithmetic at the one and its bytes (each operand
once) at the other, of the smallest memory that holds them all. Only reads are counted in the limit, and stores go
beside them: a kernel that writes much can pass 100 %. An element of an elementwise kernel counts as one
operation: "share of the limit" says nothing there where the function itself takes many (exp, arctan, Adam).
Kernels run through compiled programs of one or few steps, on aligned memory, again and again: warm caches.
"""

from __future__ import annotations

import argparse
import inspect
import itertools
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import NamedTuple

import common
import numpy as np
from limits import Limits, NoCompilerError, cache_sizes, level
from report import Result

import fastnn
from fastnn import ops
from fastnn._kernels import core
from fastnn.ops.catalogue import CATALOGUE
from fastnn.plan import Program, compile

ROUND = 0.01  # seconds that a round of one kernel is meant to last
ITEM = 4  # bytes of a float32
PRODUCTS = {  # rows, inputs, units: the layers of the workloads
    "W1": (32, 784, 100),
    "W2": (64, 784, 128),
    "W5": (256, 784, 1024),
    "W5, second": (256, 1024, 1024),
    "W7": (200, 64, 64),
}
ROW_OPS = ("softmax", "log_softmax", "softmax_grad")
ARITHMETIC = "multiply-adds"
RULES = {  # name → number of slots, and the rule
    "sgd": (0, lambda w, slots, g, s: ops.sgd_update(w, g, s)),
    "momentum": (1, lambda w, slots, g, s: ops.momentum_update(w, *slots, g, s, 0.9)),
    "rmsprop": (1, lambda w, slots, g, s: ops.rmsprop_update(w, *slots, None, None, g, s, 0.9, 1e-7)),
    "adagrad": (1, lambda w, slots, g, s: ops.adagrad_update(w, *slots, g, s, 1e-7)),
    "adam": (2, lambda w, slots, g, s: ops.adam_update(w, *slots, None, g, s, 0.9, 0.999, 1e-7)),
}


class Kernel(NamedTuple):
    """A program to time, with the work of one run."""

    case: str
    name: str
    program: Program
    flops: float
    bytes: float  # read and written
    memory: float = 0  # bytes of memory, where some are read and written


def program(function: Callable, *specs: tuple) -> Program:
    """Compile the function and put numbers between 0.1 and 0.9 into its inputs."""
    made = compile(function, [spec if isinstance(spec[-1], str) else (spec, "float32") for spec in specs])
    rng = np.random.default_rng(0)
    for array in made.inputs:
        array[...] = rng.uniform(0.1, 0.9, array.shape)
    return made


def variable(*shape: int) -> fastnn.Variable:
    return fastnn.Variable(np.full(shape, 0.5, "float32"), layout="kernel" if len(shape) == 2 else None)


def updater(name: str, w: fastnn.Variable) -> Callable:
    """Return the function (gradient, scalars) that updates w by a rule."""
    count, rule = RULES[name]
    slots = [fastnn.Variable.zeros_like(w, f"slot{number}") for number in range(count)]
    return lambda g, s: rule(w, slots, g, s)


def products() -> Iterator[Kernel]:
    """The three products of a dense layer: forward, the gradient with Adam, and the gradient of its input."""
    relu_grad = CATALOGUE["relu_grad"]
    for name, (m, k, n) in PRODUCTS.items():
        w, bias = variable(k, n), variable(n)
        update = updater("adam", w)
        flops = 2 * m * k * n
        small, large = ITEM * (m * k + m * n), ITEM * k * n
        case = "matrix products"
        size = f"{name}, {m}×{k}×{n}"
        forward = program(lambda x, w=w, bias=bias: ops.dense(x, w, bias, activation="relu"), (m, k))
        yield Kernel(case, f"{size}, forward", forward, flops, small + large)
        yield Kernel(
            case,
            f"{size}, gradient and Adam",
            program(
                lambda x, dz, s, update=update: update(ops.matmul(ops.transpose(x), dz), s), (m, k), (m, n), SCALARS
            ),
            flops,
            small + 6 * large,
            small + 3 * large,
        )
        backward = program(lambda dz, y, w=w: relu_grad(ops.matmul(dz, ops.transpose(w)), y), (m, n), (m, k))
        yield Kernel(case, f"{size}, input's gradient", backward, flops, small + ITEM * m * k + large)


SCALARS = ((2,), "float64")


def elementwise(case: str, n: int, names: tuple[str, ...] | None = None) -> Iterator[Kernel]:
    """All elementwise kernels of the catalogue on vectors of n."""
    known = {name for name, dtype in core.kernel_names() if dtype == "float32"}
    for name, op in CATALOGUE.items():
        if name not in (names or known) or "softmax" in name or op.lower is None or op.mutates:
            continue
        x = fastnn.ops.convert_to_tensor(np.zeros(n, "float32"))
        try:
            ((shape, dtype),) = op.spec(*[x] * op.n_inputs, **op.attr_defaults)
        except (IndexError, TypeError, ValueError):  # it takes no vectors
            continue
        if shape == (n,) and inspect.Parameter.empty not in op.attr_defaults.values():
            nbytes = n * (ITEM * op.n_inputs + np.dtype(dtype).itemsize)
            yield Kernel(case, name, program(op, *[(n,)] * op.n_inputs), n, nbytes)


def rows(m: int = 64, n: int = 100) -> Iterator[Kernel]:
    """Reductions, softmax and losses on a batch."""
    case, size = f"rows and reductions, {m}×{n}", m * n
    for name in ("sum", "max", "min", "argmax"):
        for axis in (0, 1):
            made = program(lambda x, name=name, axis=axis: getattr(ops, name)(x, axis=axis), (m, n))
            yield Kernel(case, f"{name}, axis {axis}", made, size, ITEM * size)
    for name in ROW_OPS:
        op = CATALOGUE[name]
        made = program(op, *[(m, n)] * op.n_inputs)
        yield Kernel(case, name, made, size, ITEM * size * (op.n_inputs + 1))
    for name in ("softmax_crossentropy", "sparse_softmax_crossentropy"):
        label = (m, n) if name == "softmax_crossentropy" else ((m,), "int64")
        made = program(lambda x, t, name=name: CATALOGUE[name](x, t), (m, n), label)
        yield Kernel(case, name, made, size, ITEM * size * (3 if label == (m, n) else 2))


def moves() -> Iterator[Kernel]:
    """Gathering rows, and random numbers."""
    m, n, source = 32, 784, 48_000
    x = np.ones((source, n), "float32")
    order = np.random.default_rng(0).permutation(source)
    gather = core.Plan()
    batch = np.empty((m, n), "float32")
    gather.reserve_gather(1)
    gather.set_gather(0, batch, x, order)
    yield Kernel(
        "gather and random", f"gather {m}×{n} of {source:,}", Gather(gather, m, source // m), m * n, 2 * ITEM * m * n
    )
    key = ((2,), "int64")
    shape = (64, 128)
    size = shape[0] * shape[1]
    for name in ("uniform", "normal", "truncated_normal"):
        made = program(
            lambda key, name=name: CATALOGUE["random_fill"](
                key, kernel=name, shape=shape, dtype=np.dtype("float32"), a=0.0, b=1.0
            ),
            key,
        )
        yield Kernel("gather and random", f"{name} 64×128", made, size, ITEM * size)
    made = program(lambda x, key: CATALOGUE["random_dropout"](x, key, rate=0.2), shape, key)
    yield Kernel("gather and random", "dropout 64×128", made, size, 2 * ITEM * size)


class Gather(NamedTuple):
    """A plan that gathers, run over its source's batches."""

    plan: core.Plan
    batch: int
    batches: int


def updates(k: int = 256, n: int = 100) -> Iterator[Kernel]:
    """The optimizers' rules by themselves."""
    for rule, (slots, _) in RULES.items():
        update = updater(rule, variable(k, n))  # the gradient laid out like it
        made = program(lambda g, s, update=update: update(ops.transpose(g), s), (n, k), SCALARS)
        yield Kernel(
            f"optimizer rules, {k}×{n}", rule, made, k * n, ITEM * k * n * (3 + 2 * slots), ITEM * k * n * (2 + slots)
        )


def kernels(tiny: bool) -> Iterator[Kernel]:
    yield from products()
    if tiny:
        return
    yield from updates()
    yield from rows()
    yield from moves()
    yield from elementwise("elementwise, 2,048 elements", 2048)
    large = min(2 * cache_sizes()["L3"], 256 << 20) // ITEM
    yield from elementwise(f"elementwise, {large:,} elements", large, ("copy", "add", "relu", "exp"))


def contestant(kernel: Kernel, tiny: bool) -> common.Contestant:
    """Return a contestant that runs the program often enough to be timed well."""
    plan = kernel.program.plan
    if isinstance(kernel.program, Gather):
        repeats, batch = kernel.program.batches, kernel.program.batch
        return common.Contestant(lambda: plan.run(repeats, batch), repeats)
    plan.run(gather=False)
    start = time.perf_counter()
    plan.run(gather=False)
    repeats = 1 if tiny else max(1, int(ROUND / (time.perf_counter() - start)))
    return common.Contestant(lambda: plan.run(repeats, gather=False), repeats)


def limit_contestants(threads: int, folder: Path, tiny: bool) -> dict[str, common.Contestant]:
    """Return what measures each limit; its steps are the operations or bytes of a run."""
    try:
        limits = Limits(core.get_isa(), threads, folder)
    except NoCompilerError as missing:
        common.say(str(missing))
        return {}
    amount = 20_000 if tiny else 2_000_000
    calls = {ARITHMETIC: limits.multiply_adds(amount)}
    for memory in ("L1", "L2", "L3", "DRAM"):
        calls[f"reads from {memory}"] = limits.reads(memory, amount * limits.vector)
    return {name: common.Contestant(call, int(call())) for name, call in calls.items()}


def measure_kernels(options: argparse.Namespace, threads: int) -> Iterator[tuple[Result, str]]:
    """Yield each kernel's result, and the name of the limit of the memory that it lives in."""
    for case, group in itertools.groupby(kernels(options.tiny), lambda kernel: kernel.case):
        common.say(f"{case}; {threads}")
        group = {kernel.name: kernel for kernel in group}
        runs = {name: contestant(kernel, options.tiny) for name, kernel in group.items()}
        for result in common.interleave(options, case, threads, runs):
            kernel = group[result.name]
            memory = level(kernel.memory or kernel.bytes)
            result.work.update(flops=kernel.flops, bytes=kernel.bytes)
            yield result, f"reads from {memory}"


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    with tempfile.TemporaryDirectory() as folder:
        found = limit_contestants(threads, Path(folder), options.tiny)
        limits = common.interleave(options, "limits", threads, found)
        measured = list(measure_kernels(options, threads))
        for limit, again in zip(limits, common.interleave(options, "limits", threads, found), strict=True):
            limit.times += again.times  # other programs come and go
    shortest = {limit.name: limit.minimum for limit in limits}  # seconds an operation, or a byte
    for result, memory in measured if limits else ():
        result.work["limit"] = max(result.work["flops"] * shortest[ARITHMETIC], result.work["bytes"] * shortest[memory])
    for limit in limits:
        limit.work["flops" if limit.name == ARITHMETIC else "bytes"] = limit.steps
        limit.steps = 1
    return [*limits, *(result for result, _ in measured)], {"fastnn": fastnn.__version__, "numpy": np.__version__}


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.set_defaults(threads=[1])
    common.main(parser.parse_args(), measure, draw="roofline")


if __name__ == "__main__":
    main()
