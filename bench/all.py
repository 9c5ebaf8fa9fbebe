"""All benchmarks, one after the other, and docs/benchmarks.md anew.

    python bench/all.py                        # about half an hour on a quiet machine
    python bench/all.py train inference        # only these
    python bench/all.py --rounds 3 --seconds 10

Results go to bench/results/: NAME.json with every single time, and NAME.svg.
"""

from __future__ import annotations

import argparse
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path

import report

from fastnn._kernels import core

W1 = ("train.py", "--workload", "W1", "--threads", "1")
RUNS = {
    "train": ("train.py",),
    "train-without-avx512": ("train.py",),
    "train-no-zeros": ("train.py", "--workload", "W1", "W2", "--no-zeros"),
    "train-rmsprop": (*W1, "--optimizer", "rmsprop"),
    "train-sgd": (*W1, "--optimizer", "sgd"),
    "train-adagrad": (*W1, "--optimizer", "adagrad"),
    "train-adamw": (*W1, "--optimizer", "adamw"),
    "train-float64": (*W1, "--dtype", "float64"),
    "train-avx2": (*W1, "--isa", "avx2"),
    "train-tensorflow": tuple("train.py --workload W1 W2 W7 --peers fastnn keras --backend tensorflow".split()),
    "inference": ("inference.py",),
    "search": ("search.py",),
    "sklearn_face": ("sklearn_face.py", "--rounds", "3"),
    "start": ("start.py",),
    "scaling": ("scaling.py",),
    "kernels": ("kernels.py",),
}


def measurable() -> list[str]:
    """Return what this machine can measure: one of the first two, AVX2 and TensorFlow where they are there."""
    isas = core.available_isas()
    others = {"train-without-avx512" if "avx512" in isas else "train"}
    if "avx2" not in isas:
        others.add("train-avx2")
    if not find_spec("tensorflow"):
        others.add("train-tensorflow")
    return [name for name in RUNS if name not in others]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"of {', '.join(RUNS)} (default: all for this machine)"
    )
    parser.add_argument("--folder", type=Path, default=report.RESULTS, help="where the results go")
    parser.add_argument("--rounds", help="for every script")
    parser.add_argument("--seconds", help="for every script")
    options, others = parser.parse_known_args()
    given = {"--rounds": options.rounds, "--seconds": options.seconds}
    others += [word for name, value in given.items() if value is not None for word in (name, value)]
    unknown = set(options.names) - set(RUNS)
    if unknown:
        parser.error(f"no benchmark {', '.join(sorted(unknown))}; there are {', '.join(RUNS)}")
    failed = []
    for name in options.names or measurable():
        script, *arguments = RUNS[name]
        print(f"\n==== {name}", flush=True)
        path = options.folder / f"{name}.json"
        command = [sys.executable, report.HERE / script, *arguments, *others, "--json", path]
        if subprocess.run(command).returncode:
            failed.append(name)
    if options.folder == report.RESULTS:
        report.render_pages()
    if failed:
        sys.exit(f"failed: {', '.join(failed)}")


if __name__ == "__main__":
    main()
