"""Inference: ``model.predict(x, verbose=0)`` and ``model(x)`` against the peers, NumPy arrays in and out.

    python bench/inference.py --rows 1 --threads 1

The network is 784-100-10 with softmax. The table gives the time of one call; its "check" is the largest
difference to NumPy's outputs.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Callable

import common
import numpy as np
import peers
import workloads
from report import Result

SIZES = (784, 100, 10)
ROUND = 0.05  # seconds that a round of many short calls is meant to last


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    loaded = list(peers.load(options.peers, "predictors"))
    weights = workloads.glorot(SIZES, "float32")
    results = []
    for rows in options.rows:
        x = np.random.default_rng(1).random((rows, SIZES[0]), np.float32)
        calls = {}
        for peer in loaded:
            calls |= peer.predictors(weights, x, threads)
        expected = workloads.forward(weights, "softmax", x)
        case = f"predict {rows:,} row{'s' if rows > 1 else ''}; {'-'.join(map(str, SIZES))}, softmax"
        common.say(f"{case}; {threads}")
        found = {name: contestant(call, expected, options.tiny) for name, call in calls.items()}
        results += common.interleave(options, case, threads, found)
    return results, peers.versions(loaded)


def contestant(call: Callable[[], np.ndarray], expected: np.ndarray, tiny: bool) -> common.Contestant:
    """Return a contestant that calls often enough to be timed well."""
    call()  # compiles, where there is something to compile
    start = time.perf_counter()
    call()
    calls = 1 if tiny else max(1, int(ROUND / (time.perf_counter() - start)))

    def run() -> None:
        for _ in range(calls):
            call()

    return common.Contestant(run, calls, lambda: float(np.abs(call() - expected).max()))


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.add_argument("--rows", type=common.positive, nargs="+", default=[1, 32, 10_000])
    parser.add_argument("--peers", nargs="+", choices=peers.PEERS, default=peers.PEERS, help="who takes part")
    common.main(parser.parse_args(), measure)


if __name__ == "__main__":
    main()
