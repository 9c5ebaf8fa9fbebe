"""What every benchmark shares: fresh pinned processes, interleaved rounds, the table, the JSON file."""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import platform
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

OURS = "fastnn"


@dataclass
class Result:
    """The times of one contestant in one case at one number of threads, in seconds."""

    case: str
    name: str
    threads: int
    steps: int = 1  # units of work that one time stands for
    times: list[float] = field(default_factory=list)

    @property
    def minimum(self) -> float:
        return min(self.times)

    @property
    def median(self) -> float:
        return statistics.median(self.times)


def parser(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that every benchmark has."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--rounds", type=int, default=7, help="timed rounds (default: 7)")
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2], help="numbers of threads (default: 1 2)")
    parser.add_argument("--isa", help="force fastnn's instruction set: avx512, avx2, neon, baseline")
    parser.add_argument(
        "--seconds", type=float, default=30, help="a contestant that used this much runs no more rounds (default: 30)"
    )
    parser.add_argument("--json", type=Path, help="write all times to this file")
    parser.add_argument("--tiny", action="store_true", help="a few rows: to see that it runs, not how fast")
    parser.add_argument("--child", type=Path, help=argparse.SUPPRESS)
    return parser


def interleave(
    case: str, contestants: Mapping[str, Callable[[], object]], threads: int, rounds: int, seconds: float, steps: int
) -> list[Result]:
    """Time the contestants in turn, round after round, so that a busy machine is busy for all.

    Everyone runs once untimed. The order alternates between rounds: what one leaves behind (caches,
    clock, heat) is not always the same one's gain. Who used up ``seconds`` sits out the other rounds.
    """
    results = {}
    for name, function in contestants.items():
        try:
            function()
        except Exception as error:
            print(f"{case}: {name} failed and is left out: {type(error).__name__}: {error}")
            continue
        results[name] = Result(case, name, threads, steps)
    for number in range(rounds):
        for name in list(results)[:: -1 if number % 2 else 1]:
            times = results[name].times
            if times and sum(times) + min(times) > seconds:
                continue
            start = time.perf_counter()
            contestants[name]()
            times.append(time.perf_counter() - start)
    for result in results.values():
        if len(result.times) < rounds:
            print(f"{case}: {result.name} had {len(result.times)} of {rounds} rounds: more take over {seconds:g} s")
    return list(results.values())


def main(options: argparse.Namespace, measure: Callable[[argparse.Namespace, int], tuple[list[Result], dict]]) -> None:
    """Run ``measure(options, threads)`` in a fresh process for every number of threads, then report.

    ``measure`` returns its results and the versions of those who took part.
    """
    if options.child:
        results, versions = measure(options, options.threads[0])
        report = {"results": [asdict(result) for result in results], "versions": versions, "machine": machine()}
        options.child.write_text(json.dumps(report))
        return
    warn_if_busy()
    load = os.getloadavg()[0]
    results, report = [], {}
    for threads in options.threads:
        report = in_fresh_process(threads, options.isa)
        results += [Result(**result) for result in report["results"]]
    print_tables(results)
    report["machine"]["load before"] = round(load, 2)
    write_json(options.json, results, report)


def in_fresh_process(threads: int, isa: str | None) -> dict:
    """Run this script again, with the same options, limited to ``threads`` cores and threads."""
    with tempfile.TemporaryDirectory() as folder, pinned(threads):
        answer = Path(folder) / "answer.json"
        command = [sys.executable, *sys.argv, "--threads", str(threads), "--child", str(answer)]
        subprocess.run(command, env=environment(threads, isa), check=True)
        return json.loads(answer.read_text())


def environment(threads: int, isa: str | None) -> dict[str, str]:
    """Return the variables that limit everybody's threads; most are read once, at import."""
    names = "OMP_NUM_THREADS OPENBLAS_NUM_THREADS MKL_NUM_THREADS FASTNN_NUM_THREADS TF_NUM_INTRAOP_THREADS"
    limits = dict.fromkeys(names.split(), str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}
    if threads == 1:
        limits["XLA_FLAGS"] = "--xla_cpu_multi_thread_eigen=false intra_op_parallelism_threads=1"
    return os.environ | limits | ({"FASTNN_ISA": isa} if isa else {})


@contextlib.contextmanager
def pinned(threads: int) -> Iterator[None]:
    """Let children use ``threads`` cores only, different physical ones where that is known."""
    if not hasattr(os, "sched_setaffinity"):
        yield
        return
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, cores(before)[:threads])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def cores(allowed: set[int]) -> list[int]:
    """Return the processors, those first that share no core with an earlier one."""
    seen, first, second = set(), [], []
    for cpu in sorted(allowed):
        siblings = Path(f"/sys/devices/system/cpu/cpu{cpu}/topology/thread_siblings_list")
        core = siblings.read_text() if siblings.exists() else str(cpu)
        (second if core in seen else first).append(cpu)
        seen.add(core)
    return first + second


def warn_if_busy() -> None:
    """Say so where other programs keep the processor busy: ratios then wander."""
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The machine is busy (load average {load:.1f}): measure again when it is quiet.")


def print_tables(results: list[Result]) -> None:
    """Print a table for every case and number of threads, with the ratios to ours."""
    for case, threads in dict.fromkeys((result.case, result.threads) for result in results):
        group = [result for result in results if (result.case, result.threads) == (case, threads)]
        print(f"\n{case}; {threads} thread{'s' if threads > 1 else ''}\n")
        print_table(group)


def print_table(group: list[Result]) -> None:
    width = max(len("fastest peer"), *(len(result.name) for result in group))
    ours = next((result for result in group if result.name == OURS), None)
    print(f"{'':{width}}   minimum    median  µs a step  rounds  ratio (minimum, median)")
    for result in group:
        ratio = f"{result.minimum / ours.minimum:6.2f}, {result.median / ours.median:.2f}" if ours else ""
        print(
            f"{result.name:{width}}  {seconds(result.minimum)}  {seconds(result.median)}"
            f"  {result.minimum / result.steps * 1e6:9.1f}  {len(result.times):6}  {ratio}"
        )
    peers = [result for result in group if result is not ours]
    if ours and peers:
        minimum = min(peer.minimum for peer in peers) / ours.minimum
        median = min(peer.median for peer in peers) / ours.median
        print(f"{'fastest peer':{width}}{'':41}  {minimum:6.2f}, {median:.2f}")


def seconds(value: float) -> str:
    """Return a time with a unit that suits it, eight characters wide."""
    unit, factor = next(
        pair for pair in (("s ", 1), ("ms", 1e3), ("µs", 1e6)) if value * pair[1] >= 0.1 or pair[1] == 1e6
    )
    return f"{value * factor:5.3f}"[:5].rjust(5) + f" {unit}"


def write_json(path: Path | None, results: list[Result], report: Mapping[str, object]) -> None:
    """Write all times, with what is needed to judge them."""
    if path is None:
        return
    content = {
        "command": " ".join(["python", *sys.argv]),
        "date": time.strftime("%Y-%m-%d"),
        "machine": report["machine"],
        "versions": report["versions"],
        "results": [asdict(result) | {"minimum": result.minimum, "median": result.median} for result in results],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(content, indent=1) + "\n")
    print(f"\nwritten to {path}")


def machine() -> dict[str, object]:
    """Describe the processor and how busy it is, as far as the system tells."""
    from fastnn._kernels import core

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        lines = cpuinfo.read_text().splitlines()
        names = [line.split(":", 1)[1].strip() for line in lines if line.startswith("model name")]
        model = names[0] if names else model
    return {
        "processor": model,
        "cpus": os.cpu_count(),
        "instruction set": core.get_isa(),
        "load": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
    }
