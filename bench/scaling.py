"""Scaling: time against width, depth, batch and rows. It should grow like the arithmetic.

    python bench/scaling.py --threads 1 2 --json scaling.json

Each training is one epoch through ``model.fit``. A training step takes 6 operations a weight and row (a multiply
and an add forward, for the weights' gradient and for the inputs' gradient), less the first layer's input gradient;
the optimizer's work is not counted. The exponent is the slope of log(time) against log(size); the arithmetic's
own stands beside it.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Iterable
from itertools import pairwise

import common
import numpy as np
import peers
import workloads
from report import OURS, Result
from workloads import Workload

FEATURES, CLASSES, ROWS = 64, 10, 8192


def blobs(rows: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(0)
    return rng.random((rows, FEATURES)), rng.integers(0, CLASSES, rows)


def network(hidden: Iterable[int], batch: int = 64, rows: int = ROWS) -> Workload:
    return Workload("", (FEATURES, *hidden, CLASSES), "softmax", batch, rows, 1, blobs)


AXES: dict[str, tuple[Callable[[int], Workload], tuple[int, ...]]] = {
    f"width: {FEATURES}-width-width-{CLASSES}, batch 64": (
        lambda n: network((n, n)),
        (16, 32, 64, 128, 256, 512, 1024),
    ),
    "depth: layers of 64, batch 64": (lambda n: network((64,) * n), (1, 2, 4, 8, 16, 32)),
    f"batch: {FEATURES}-128-128-{CLASSES}": (lambda n: network((128, 128), batch=n), (8, 16, 32, 64, 128, 256, 512)),
    f"rows: {FEATURES}-128-128-{CLASSES}, batch 64": (
        lambda n: network((128, 128), rows=n),
        (1024, 2048, 4096, 8192, 16384, 32768),
    ),
}


def flops(workload: Workload) -> int:
    """Return the operations of one epoch."""
    layers = [inputs * units for inputs, units in pairwise(workload.sizes)]
    return workload.rows * (6 * sum(layers) - 2 * layers[0])


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    (ours,) = peers.load([OURS], "trainers")
    results = []
    for case, (make, sizes) in AXES.items():
        common.say(f"{case}; {threads}")
        made = {str(size): make(size) for size in (sizes[:2] if options.tiny else sizes)}
        trainings = {}
        for size, workload in made.items():
            task = workloads.task(workload.tiny() if options.tiny else workload, "adam", "float32", threads)
            trainings[size] = common.Contestant(ours.trainers(task)[OURS].train)
        for result in common.interleave(options, case, threads, trainings):
            result.work.update(size=int(result.name), flops=flops(made[result.name]))
            results.append(result)
    return results, ours.VERSION


def notes(results: list[Result]) -> list[str]:
    """Say how time and arithmetic grow over the upper half of each axis."""
    lines = []
    for case, threads in dict.fromkeys((result.case, result.threads) for result in results):
        points = [result for result in results if (result.case, result.threads) == (case, threads)]
        upper = points[(len(points) - 1) // 2 :]
        size = np.log([point.work["size"] for point in upper])
        time = np.polyfit(size, np.log([point.minimum for point in upper]), 1)[0]
        work = np.polyfit(size, np.log([point.work["flops"] for point in upper]), 1)[0]
        lines.append(
            f"{case.split(':')[0]}, {threads} thread{'s' if threads > 1 else ''}, from {upper[0].name} to "
            f"{upper[-1].name}: time grows with the power {time:.2f}, arithmetic with {work:.2f}."
        )
    return lines


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    common.main(parser.parse_args(), measure, notes, draw="lines")


if __name__ == "__main__":
    main()
