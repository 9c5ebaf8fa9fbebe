"""What every benchmark shares: its options, fresh pinned processes, and interleaved rounds."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict
from importlib.util import find_spec
from pathlib import Path
from typing import NamedTuple

import report
from report import Result

from fastnn._kernels import core

BACKENDS = ("jax", "tensorflow", "torch")  # of Keras, the fastest on a CPU first
PAUSE = 0.1  # seconds: threads of the one before may still be spinning
ROUND = 0.05  # seconds: what takes less runs again and again, because a processor that has paused starts slowly


class Contestant(NamedTuple):
    """What is timed, and what one run of it is worth."""

    run: Callable[[], object]
    steps: int = 1  # units of work of one run
    check: Callable[[], float] | None = None  # what came out, as a number that must be alike for all


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=positive, default=7, help="timed rounds (default: 7)")
    parser.add_argument("--threads", type=positive, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--isa", choices=core.available_isas(), help="force fastnn's instruction set, such as avx2")
    parser.add_argument("--backend", choices=BACKENDS, help="Keras' (default: KERAS_BACKEND, or the first installed)")
    parser.add_argument(
        "--seconds", type=duration, default=30, help="who has used so much sits out the later rounds (default: 30)"
    )
    parser.add_argument("--json", type=writable, help="write all times to this file, and a picture beside it")
    parser.add_argument("--tiny", action="store_true", help="a few rows: to see that it runs, not how fast")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


def positive(text: str) -> int:
    """Return an option's number; argparse tells whoever gave none that can be."""
    if not text.isdecimal() or not int(text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a whole number of at least 1")
    return int(text)


def duration(text: str) -> float:
    """Return seconds above 0, as `positive` does."""
    try:
        if float(text) > 0:
            return float(text)
    except ValueError:
        pass
    raise argparse.ArgumentTypeError(f"{text!r} is not a number above 0")


def writable(text: str) -> Path:
    """Return the path of a file that can be written; what cannot is told before all is measured, not after."""
    path = Path(text)
    folder = next(parent for parent in path.absolute().parents if parent.exists())
    if path.is_dir() or not os.access(path if path.exists() else folder, os.W_OK):
        raise argparse.ArgumentTypeError(f"{text!r} cannot be written")
    return path


def interleave(
    options: argparse.Namespace, case: str, threads: int, contestants: Mapping[str, Contestant]
) -> list[Result]:
    """Time the contestants in turn, round after round, so that a busy machine is busy for all.

    Everyone runs once untimed, and is checked. The order alternates between rounds: what one leaves behind
    (caches, clock, heat) is not always the same one's gain.
    """
    results = {}
    for name, contestant in contestants.items():
        try:
            contestant.run()
        except Exception as error:
            say(f"{name} failed and is left out: {type(error).__name__}: {error}")
            continue
        check = contestant.check() if contestant.check else None
        results[name] = Result(case, name, threads, contestant.steps, check=check)
    for number in range(options.rounds):
        for name in list(results)[:: -1 if number % 2 else 1]:
            times = results[name].times
            if times and sum(times) + min(times) > options.seconds:
                continue
            time.sleep(PAUSE)
            times.append(seconds_a_run(contestants[name].run))
    for result in results.values():
        if len(result.times) < options.rounds:
            say(f"{result.name}: {len(result.times)} of {options.rounds} rounds, more take over {options.seconds:g} s")
    return list(results.values())


def seconds_a_run(run: Callable[[], object]) -> float:
    """Return the time of one run: the mean over as many as take ``ROUND`` seconds, mostly one."""
    runs, spent, start = 0, 0.0, time.perf_counter()
    while not runs or spent < ROUND:
        run()
        runs, spent = runs + 1, time.perf_counter() - start
    return spent / runs


def say(text: str) -> None:
    print(text, file=sys.stderr, flush=True)


def main(
    options: argparse.Namespace,
    measure: Callable[[argparse.Namespace, int], tuple[list[Result], dict]],
    notes: Callable[[list[Result]], list[str]] = lambda results: [],
    draw: str = "dots",
) -> None:
    """Run ``measure(options, threads)`` in a fresh process for every number of threads, then report.

    ``measure`` returns its results and the versions of those who took part. The process starts anew because most
    read their number of threads once. ``notes`` says in words what follows from the results; ``draw`` names the
    function of pictures.py that shows them.
    """
    if options.child:
        results, versions = measure(options, options.threads[0])
        answer = {"results": [asdict(result) for result in results], "versions": versions, "machine": report.machine()}
        options.child.write_text(json.dumps(answer))
        return
    load = os.getloadavg()[0]
    if load > 0.5:
        say(f"The machine is busy (load average {load:.1f}): measure again when it is quiet.")
    results, answer = [], {}
    for threads in options.threads:
        answer = in_fresh_process(threads, options)
        results += [Result(**result) for result in answer["results"]]
    record = {
        "command": " ".join(["python", *sys.argv]).replace(f"{report.HERE.parent}/", ""),
        "date": time.strftime("%Y-%m-%d"),
        "machine": answer["machine"] | {"load before": round(load, 2)},
        "versions": answer["versions"],
        "notes": notes(results),
        "results": [asdict(result) for result in results],
    }
    print(report.text(record))
    if options.json:
        save(options.json, record, draw)


def save(path: Path, record: dict, draw: str) -> None:
    """Write the record, and a picture beside it where matplotlib is installed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    try:
        import pictures
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    getattr(pictures, draw)(path.with_suffix(".svg"), report.load(record))
    print(f"\nwritten to {path} and {path.with_suffix('.svg')}")


def in_fresh_process(threads: int, options: argparse.Namespace) -> dict:
    """Run this script again, with the same options, limited to ``threads`` cores and threads."""
    with tempfile.TemporaryDirectory() as folder, pinned(threads):
        answer = Path(folder) / "answer.json"
        command = [sys.executable, *sys.argv, "--threads", str(threads), "--child", str(answer)]
        if subprocess.run(command, env=environment(threads, options.isa, options.backend)).returncode:
            sys.exit("the measurement failed")
        return json.loads(answer.read_text())


def environment(threads: int, isa: str | None, backend: str | None = None) -> dict[str, str]:
    """Return the variables that limit everybody's threads, most of which are read once, at import.

    Keras runs on JAX, the fastest on a CPU, unless another is asked for, by KERAS_BACKEND too, or JAX is missing.
    """
    names = "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS FASTNN_NUM_THREADS TF_NUM_INTRAOP_THREADS"
    limits = dict.fromkeys(names.split(), str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    backends = [backend] if backend else [name for name in BACKENDS if find_spec(name)]
    if backends and (backend or "KERAS_BACKEND" not in os.environ):
        limits["KERAS_BACKEND"] = backends[0]
    if threads == 1:
        limits["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return os.environ | limits | ({"FASTNN_ISA": isa} if isa else {})


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Let children use ``threads`` processors only, of different cores where that is known."""
    if not hasattr(os, "sched_setaffinity"):  # macOS
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, processors(before)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def processors(allowed: set[int]) -> list[int]:
    """Return the processors, those first that share no core with an earlier one."""
    seen, first, second = set(), [], []
    for cpu in sorted(allowed):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text() if siblings.exists() else str(cpu)
        (second if core in seen else first).append(cpu)
        seen.add(core)
    return first + second
