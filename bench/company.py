"""Company: what a training takes beside a busy process, two trainings at once, and what a pool without work uses.

    python bench/company.py --threads 2

All of it happens on as many processors as threads. A busy process wants one of them for itself, so two threads
cannot be faster than one on two processors: they must not be slower. "two at once" are two `fit`s in two Python
threads, each of the whole workload; at best they take the time of one on one thread. "idle" is the processor time
that a process uses in a second of sleep after a training.
"""

from __future__ import annotations

import argparse
import contextlib
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import replace

import common
import workloads
from peers import fastnn_peer
from report import OURS, Result

import fastnn

ROWS = 48_000
ALONE = f"{OURS}, one thread"
AT_ONCE = f"{OURS}, two at once"


@contextlib.contextmanager
def busy_process() -> Iterator[None]:
    process = subprocess.Popen([sys.executable, "-c", "while True: pass"])
    time.sleep(0.2)  # it has to start
    try:
        yield
    finally:
        process.kill()
        process.wait()


def at_once(trainings: list[Callable[[], object]]) -> None:
    workers = [threading.Thread(target=training) for training in trainings]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()


def timed(run: Callable[[], object], threads: int) -> float:
    fastnn.set_num_threads(threads)
    start = time.perf_counter()
    run()
    return time.perf_counter() - start


def idle_seconds() -> float:
    """Return the processor time of a second of sleep."""
    time.sleep(0.05)  # threads may still look for work
    before = time.process_time()
    time.sleep(1)
    return time.process_time() - before


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    workload = replace(workloads.WORKLOADS[options.workload], rows=ROWS)
    task = workloads.task(workload.tiny() if options.tiny else workload, "adam", "float32", threads)
    first, second = (fastnn_peer.trainers(task)[OURS].train for _ in range(2))
    runs = {OURS: (first, threads), ALONE: (first, 1), AT_ONCE: (lambda: at_once([first, second]), threads)}
    situations = {
        task.workload.title: (contextlib.nullcontext, (OURS, ALONE, AT_ONCE)),
        "the same beside a busy process": (busy_process, (OURS, ALONE)),
    }
    results = {(case, name): Result(case, name, threads) for case, (_, names) in situations.items() for name in names}
    idle = Result("idle, processor time in one second", OURS, threads)
    first(), second()
    for number in range(options.rounds):
        for case, (situation, names) in situations.items():
            with situation():
                for name in names[:: -1 if number % 2 else 1]:
                    results[case, name].times.append(timed(*runs[name]))
        timed(first, threads)
        idle.times.append(idle_seconds())
    return [*results.values(), idle], fastnn_peer.VERSION


def notes(results: list[Result]) -> list[str]:
    """Say what company costs."""
    medians = {(result.case, result.name): result.median for result in results}
    quiet, loaded, _ = dict.fromkeys(result.case for result in results)
    return [
        f"Two at once take {medians[quiet, AT_ONCE] / medians[quiet, ALONE]:.2f} times as long as one alone on one "
        f"thread. Beside a busy process {results[0].threads} threads take "
        f"{medians[loaded, OURS] / medians[loaded, ALONE]:.2f} times as long as one. (Medians.)"
    ]


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.set_defaults(threads=[2])
    parser.add_argument("--workload", choices=("W1", "W2", "W5", "W7"), default="W1")
    common.main(parser.parse_args(), measure, notes)


if __name__ == "__main__":
    main()
