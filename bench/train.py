"""Training: ``model.fit(x, y, verbose=0)`` against the fastest loops of the peers.

    python bench/train.py --workload W2 --threads 1 --rounds 5
    python bench/train.py --workload W1 --peers fastnn jax --optimizer rmsprop

workloads.py says what is trained, peers/ how each trains it.
"""

from __future__ import annotations

import argparse

import common
import peers
from workloads import OPTIMIZERS, WORKLOADS, task


def measure(options: argparse.Namespace, threads: int) -> tuple[list[common.Result], dict]:
    contenders = list(peers.load(options.peers, "trainers"))
    results = []
    for name in options.workload:
        workload = WORKLOADS[name].tiny() if options.tiny else WORKLOADS[name]
        the_task = task(workload, options.optimizer, options.dtype, threads)
        title = f"{workload.title}, {options.optimizer}, {options.dtype}"
        functions = {}
        for peer in contenders:
            try:
                functions |= peer.trainers(the_task)
            except peers.CannotError as error:
                print(f"{name}: {error}")
        results += common.interleave(title, functions, threads, options.rounds, options.seconds, workload.steps)
    versions = {}
    for peer in contenders:
        versions |= peer.VERSION
    return results, versions


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.add_argument("--workload", nargs="+", choices=WORKLOADS, default=list(WORKLOADS))
    parser.add_argument("--optimizer", choices=OPTIMIZERS, default="adam")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--peers", nargs="+", choices=peers.PEERS, default=peers.PEERS, help="who takes part")
    common.main(parser.parse_args(), measure)


if __name__ == "__main__":
    main()
