"""Start: what it costs to begin: importing, memory, disk, and the first training of a network.

    python bench/start.py --rounds 5

Every figure comes from a fresh process. "import" and "memory" are what one import adds to a process that has
NumPy already. "first training" is the first training of W1's network on three batches (building, tracing and
compiling it) less the second, with torch.compile's cache on disk switched off. "peak memory" is that of a process
that trains W1 for one epoch; its data alone take 150 MB.
"""

from __future__ import annotations

import argparse
import importlib.metadata
import json
import os
import re
import subprocess
import sys
import time
import tomllib
from collections.abc import Callable, Iterable
from importlib.util import find_spec
from pathlib import Path

import common
from report import HERE, Result

# name of the module → what a user imports, and the distribution that it comes in
IMPORTS = {
    "fastnn": ("fastnn", "fastnn-cpu"),
    "torch": ("torch", "torch"),
    "jax": ("jax, jax.numpy", "jax"),
    "keras": ("keras", "keras"),
    "sklearn": ("sklearn.neural_network", "scikit-learn"),
    "onnxruntime": ("onnxruntime", "onnxruntime"),
}
TRAINERS = ("fastnn", "torch", "jax", "keras", "sklearn")
IMPORT = """
import numpy, os, time, resource
def resident():
    try:
        with open("/proc/self/statm") as file:
            return int(file.read().split()[1]) * resource.getpagesize()
    except FileNotFoundError:  # macOS: the peak
        return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
before, start = resident(), time.perf_counter()
import {}
print(time.perf_counter() - start, resident() - before)
"""


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    found = [name for name in options.peers if find_spec(name)]
    for name in set(options.peers) - set(found):
        common.say(f"{name} takes no part: it is not installed")
    importing, memory, first, peak = {}, {}, {}, {}
    for number in range(options.rounds):
        for name in found[:: -1 if number % 2 else 1]:
            seconds, resident = imported(name)
            importing.setdefault(name, []).append(seconds)
            memory.setdefault(name, []).append(resident)
            for label, seconds in trained(name, "first").items() if name in TRAINERS else ():
                first.setdefault(label, []).append(seconds)
            for label, resident in (
                trained(name, "tiny" if options.tiny else "peak").items() if name in TRAINERS else ()
            ):
                peak.setdefault(label, []).append(resident)
    distributions = {name: IMPORTS[name][1] for name in found}
    alone = {name: [size([distribution])] for name, distribution in distributions.items()}
    whole = {name: [size(needed(distribution, set()))] for name, distribution in distributions.items()}
    cases = {
        "import": (importing, "s"),
        "memory": (memory, "B"),
        "first training": (first, "s"),
        "peak memory": (peak, "B"),
        "installed size, its own files": (alone, "B"),
        "installed size, with all that it needs beyond NumPy": (whole, "B"),
    }
    results = [
        Result(case, name, threads, times=values, unit=unit)
        for case, (measured, unit) in cases.items()
        for name, values in measured.items()
    ]
    return results, {name: version(name) for name in found}


def fresh(*arguments: str) -> str:
    """Return the last line that a fresh Python prints."""
    environment = os.environ | {"TORCHINDUCTOR_FORCE_DISABLE_CACHES": "1"}
    done = subprocess.run([sys.executable, *arguments], env=environment, capture_output=True, text=True)
    if done.returncode:
        sys.exit(done.stderr)
    return done.stdout.splitlines()[-1]


def imported(name: str) -> tuple[float, int]:
    """Return the seconds and the resident bytes that the import adds."""
    seconds, resident = fresh("-c", IMPORT.format(IMPORTS[name][0])).split()
    return float(seconds), int(resident)


def trained(name: str, question: str) -> dict[str, float]:
    return json.loads(fresh(__file__, "--train", name, question))


def train(name: str, question: str) -> dict[str, float]:
    """In a fresh process: the first training's seconds, or the peak of its memory."""
    import resource

    import peers
    import workloads

    (peer,) = peers.load([name], "trainers")
    workload = workloads.WORKLOADS["W1"]
    task = workloads.task(workload if question == "peak" else workload.tiny(), "adam", "float32", 1)
    trainers = peer.trainers(task)
    if question != "first":
        label, trainer = next(iter(trainers.items()))
        trainer.train()
        unit = 1 if sys.platform == "darwin" else 1024
        return {label: resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit}
    return {label: first_of(lambda label=label: peer.trainers(task)[label].train) for label in trainers}


def first_of(build: Callable[[], Callable[[], object]]) -> float:
    start = time.perf_counter()
    run = build()
    run()
    middle = time.perf_counter()
    run()
    return middle - start - (time.perf_counter() - middle)


def requirements(distribution: str) -> list[str]:
    """Return what a distribution needs, as far as it is installed, without NumPy; of fastnn also from source."""
    try:
        lines = importlib.metadata.requires(distribution) or ()
    except importlib.metadata.PackageNotFoundError:
        lines = tomllib.loads((HERE.parent / "pyproject.toml").read_text())["project"]["dependencies"]
    names = {re.match(r"[\w.-]+", line)[0].lower() for line in lines if "extra ==" not in line}
    return sorted(name for name in names - {"numpy"} if files(name))


def needed(distribution: str, seen: set[str]) -> set[str]:
    """Return the distribution and all it needs beyond NumPy."""
    seen.add(distribution)
    for name in requirements(distribution):
        if name not in seen:
            needed(name, seen)
    return seen


def files(distribution: str) -> list[Path]:
    """Return the installed files; of fastnn, which may be installed in place, those of the package."""
    if distribution == "fastnn-cpu":
        folder = Path(find_spec("fastnn").origin).parent
        return [path for path in folder.rglob("*.*") if path.suffix in (".py", ".pyi", ".so", ".typed")]
    try:
        found = importlib.metadata.files(distribution) or ()
    except importlib.metadata.PackageNotFoundError:
        return []
    return [path for file in found if (path := Path(file.locate())).is_file()]


def size(distributions: Iterable[str]) -> int:
    return sum(path.stat().st_size for name in distributions for path in files(name))


def version(name: str) -> str:
    try:
        return importlib.metadata.version(IMPORTS[name][1])
    except importlib.metadata.PackageNotFoundError:
        return "from source"


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.set_defaults(rounds=5, threads=[1])
    parser.add_argument("--peers", nargs="+", choices=tuple(IMPORTS), default=tuple(IMPORTS), help="who takes part")
    parser.add_argument("--train", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.train:
        print(json.dumps(train(*options.train)))
    else:
        common.main(options, measure)


if __name__ == "__main__":
    main()
