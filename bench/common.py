"""What every benchmark shares: interleaved rounds, the table, the machine, the JSON file."""

from __future__ import annotations

import argparse
import importlib
import json
import os
import platform
import statistics
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np

OURS = "fastnn"


@dataclass
class Result:
    """The times of one contestant at one number of threads, in seconds."""

    name: str
    threads: int
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
    parser.add_argument("--json", type=Path, help="write all times to this file")
    return parser


def installed(*peers: str) -> dict[str, object]:
    """Import the peers that are installed; name the others."""
    found = {}
    for peer in peers:
        try:
            found[peer] = importlib.import_module(peer)
        except ImportError:
            print(f"{peer} is not installed: skipped")
    return found


def interleave(
    contestants: Mapping[str, Callable[[], object]], threads: int, rounds: int, warm: int = 1
) -> list[Result]:
    """Time the contestants in turn, round after round, so that a busy machine is busy for all.

    The order alternates between rounds: what one leaves behind (caches, clock, heat) is not always
    the same one's gain.
    """
    results = {name: Result(name, threads) for name in contestants}
    for function in contestants.values():
        for _ in range(warm):
            function()
    for number in range(rounds):
        order = list(contestants)[:: -1 if number % 2 else 1]
        for name in order:
            start = time.perf_counter()
            contestants[name]()
            results[name].times.append(time.perf_counter() - start)
    return list(results.values())


def warn_if_busy() -> None:
    """Say so where other programs keep the processor busy: ratios then wander."""
    load = os.getloadavg()[0]
    if load > 0.5:
        print(f"The machine is busy (load average {load:.1f}): measure again when it is quiet.")


def print_table(title: str, results: list[Result], steps: int) -> None:
    """Print one line a result, with the ratios to ours at the same number of threads."""
    width = max(len(result.name) for result in results)
    ours = {result.threads: result for result in results if result.name == OURS}
    print(f"\n{title}\n")
    print(f"{'':{width}}  threads   minimum    median  µs a step  ratio (minimum, median)")
    for result in results:
        base = ours[result.threads]
        print(
            f"{result.name:{width}}  {result.threads:7}  {result.minimum:6.3f} s"
            f"  {result.median:6.3f} s  {result.minimum / steps * 1e6:9.1f}"
            f"  {result.minimum / base.minimum:.2f}, {result.median / base.median:.2f}"
        )


def write_json(path: Path | None, title: str, results: list[Result], peers: Mapping[str, object]) -> None:
    """Write all times, with what is needed to judge them."""
    if path is None:
        return
    import fastnn

    modules = {"fastnn": fastnn, "numpy": np, **peers}
    report = {
        "title": title,
        "date": time.strftime("%Y-%m-%d"),
        "machine": machine(),
        "versions": {name: str(module.__version__) for name, module in modules.items()},
        "results": [asdict(result) | {"minimum": result.minimum, "median": result.median} for result in results],
    }
    path.write_text(json.dumps(report, indent=1) + "\n")
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
