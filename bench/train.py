"""Training: ``model.fit(x, y, verbose=0)`` against the fastest loops of the peers.

    python bench/train.py --workload W2 --threads 1 --rounds 5
    python bench/train.py --workload W1 --peers fastnn jax --optimizer rmsprop

workloads.py says what is trained, peers/ how each trains it. The table's "check" is the loss over all rows after
the first, untimed run: everybody must have learnt as much. "Multiply-adds alone" is no peer, but what all of them take
at the processor's peak. fastnn leaves out those of zeros, of which pictures have many: --no-zeros shows it without.
"""

from __future__ import annotations

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from types import ModuleType

import common
import numpy as np
import peers
import workloads
from report import Result


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    loaded = list(peers.load(options.peers, "trainers"))
    results = []
    for name in options.workload:
        workload = workloads.WORKLOADS[name]
        task = workloads.task(workload.tiny() if options.tiny else workload, options.optimizer, options.dtype, threads)
        case = f"{task.workload.title}, {options.optimizer}, {options.dtype}"
        if options.no_zeros:
            task, case = workloads.without_zeros(task), f"{case}, no zeros in x"
        common.say(f"{case}; {threads}")
        results += common.interleave(options, case, threads, contestants(loaded, task))
    return results, peers.versions(loaded)


def contestants(loaded: list[ModuleType], task: workloads.Task) -> dict[str, common.Contestant]:
    found = {}
    for peer in loaded:
        try:
            trainers = peer.trainers(task)
        except peers.CannotError as error:
            common.say(str(error))
            continue
        for name, (train, weights) in trainers.items():
            found[name] = common.Contestant(train, check=weights and partial(loss, task, weights))
    return found


def loss(task: workloads.Task, weights: Callable[[], Sequence[np.ndarray]]) -> float:
    return workloads.loss(task, weights())


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.add_argument("--workload", nargs="+", choices=workloads.WORKLOADS, default=list(workloads.WORKLOADS))
    parser.add_argument("--optimizer", choices=workloads.OPTIMIZERS, default="adam")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--no-zeros", action="store_true", help="lift every element of x a little above zero")
    parser.add_argument("--peers", nargs="+", choices=peers.PEERS, default=peers.PEERS, help="who takes part")
    common.main(parser.parse_args(), measure)


if __name__ == "__main__":
    main()
