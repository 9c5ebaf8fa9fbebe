"""Count the instructions of a few workloads with callgrind, and hold them against committed budgets.

    python tools/count_instructions.py            # print the counts
    python tools/count_instructions.py --check    # exit 1 where one exceeds its budget by more than 5 %
    python tools/count_instructions.py --write    # make today's counts the budgets

Unlike times, counts repeat: a dozen steps of each workload of `instruction_workloads.py`, warm, on one thread. They
are counted in two parts: what the executor of plans and its kernels do (*kernels*), and all the rest of the public
call (*python*). The first hang on the instruction set and the compiler, the second on the version of Python, so the
budgets in `instruction_budgets.json` are kept for each of those by itself; where there are none the part is skipped
by name, and so is all of it on a machine without valgrind. (Valgrind 3 knows no AVX-512 and hides it: on x86 the
kernels are then AVX2's.)
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

HERE = Path(__file__).resolve().parent
BUDGETS = HERE / "instruction_budgets.json"
EXECUTOR = ("fnn_run", "fnn_run_sequence")
MARK = "getppid"  # what instruction_workloads.mark calls, and nothing else does
SLACK = 0.05
TIME_LIMIT = 1200  # seconds
SETTINGS = ("FASTNN_", "OMP_", "OPENBLAS_", "MKL_")  # a user's, which would change what runs

Counts = dict[str, dict[str, int]]  # part -> workload -> instructions a step


# ---- counting ----------------------------------------------------------------------------------------


def parse(lines: Iterable[str]) -> tuple[int, int]:
    """Return all instructions of one part of a callgrind profile, and those inside the executor.

    A name stands behind its number where it is met first: ``cfn=(7) fnn_run``, later ``cfn=(7)``. The line after
    ``calls=`` holds the cost of the called function and all below it.
    """
    total = inside = 0
    names: dict[str, str] = {}
    callee, inclusive = "", False
    for line in lines:
        if inclusive:
            inside += int(line.split()[1]) if callee in EXECUTOR else 0
            inclusive = False
        elif line.startswith(("fn=", "cfn=")):
            number, _, name = line.partition("=")[2].strip().partition(" ")
            callee = names.setdefault(number, name)
        elif line.startswith("calls="):
            inclusive = True
        elif line.startswith("summary:"):
            total = int(line.split()[1])
    return total, inside


def environment_of_child() -> dict[str, str]:
    """Return our environment without what changes the counts, on one thread, with hashes that repeat."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(SETTINGS)}
    return {**kept, "FASTNN_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1", "PYTHONHASHSEED": "0"}


def profile(directory: Path) -> tuple[dict, list[Path]]:
    """Run the workloads under callgrind; return what they say of themselves, and a part of the profile for each."""
    out = directory / "out"
    command = ["valgrind", "--tool=callgrind", f"--callgrind-out-file={out}", f"--dump-before={MARK}"]
    command += [sys.executable, str(HERE / "instruction_workloads.py")]
    ran = subprocess.run(command, env=environment_of_child(), capture_output=True, text=True, timeout=TIME_LIMIT)
    if ran.returncode:
        sys.exit(f"{' '.join(command)} failed:\n{ran.stderr}")
    about = json.loads(ran.stdout)
    workloads = len(about["workloads"])
    if (directory / f"out.{2 * workloads + 1}").exists():
        sys.exit(f"something else than the marks calls {MARK}: the parts of the profile cannot be told apart")
    return about, [directory / f"out.{2 * (i + 1)}" for i in range(workloads)]


def count() -> tuple[dict, Counts]:
    """Return what the run says of itself, and the counts of a step of each workload."""
    counts: Counts = {"kernels": {}, "python": {}}
    with tempfile.TemporaryDirectory() as directory:
        about, parts = profile(Path(directory))
        for name, part in zip(about["workloads"], parts, strict=True):
            with part.open() as lines:
                total, inside = parse(lines)
            if not inside:
                sys.exit(f"{name}: no {' or '.join(EXECUTOR)} in the profile; has the extension no symbols?")
            counts["kernels"][name] = inside // about["steps"]
            counts["python"][name] = (total - inside) // about["steps"]
    return about, counts


# ---- budgets -----------------------------------------------------------------------------------------


def compare(counts: Mapping[str, int], budgets: Mapping[str, int]) -> tuple[list[str], list[str]]:
    """Return what exceeds its budget, or has none, and what has become so much less that the budget should, too."""
    over = [f"{name}: a budget, but no such workload" for name in budgets if name not in counts]
    under = []
    for name, n in counts.items():
        if name not in budgets:
            over.append(f"{name}: no budget for {n:,} instructions a step")
            continue
        said = f"{name}: {n:,} instructions a step, budget {budgets[name]:,} ({n / budgets[name] - 1:+.1%})"
        if n > budgets[name] * (1 + SLACK):
            over.append(said)
        elif n < budgets[name] * (1 - SLACK):
            under.append(said)
    return over, under


def read_budgets() -> dict[str, dict[str, dict[str, int]]]:
    """Return part -> what its counts hang on -> workload -> instructions a step."""
    return json.loads(BUDGETS.read_text())


def check_part(part: str, counts: Mapping[str, int], hangs_on: str) -> bool:
    """Print how the counts of a part compare with their budgets; return whether all are kept."""
    budgets = read_budgets()[part].get(hangs_on)
    if budgets is None:
        print(f"SKIPPED: {BUDGETS.name} has no budgets of {part} for {hangs_on}; --write adds them")
        return True
    over, under = compare(counts, budgets)
    for line in over:
        print(f"OVER BUDGET  {part}, {line}")
    for line in under:
        print(f"less than its budget, which --write lowers:  {part}, {line}")
    if not over:
        print(f"{part}: all within {SLACK:.0%} of their budgets for {hangs_on}, or below")
    return not over


def check(about: Mapping, counts: Counts) -> int:
    """Return the exit status: 1 where a budget is exceeded."""
    kept = [check_part(part, counts[part], about["hang on"][part]) for part in counts]
    return 0 if all(kept) else 1


def write(about: Mapping, counts: Counts) -> None:
    """Make the counts the budgets of what they hang on; those of other instruction sets and Pythons stay."""
    budgets = read_budgets()
    for part, hangs_on in about["hang on"].items():
        budgets[part][hangs_on] = counts[part]
    BUDGETS.write_text(json.dumps(budgets, indent=2, sort_keys=True) + "\n")
    print(f"written to {BUDGETS}")


def show(about: Mapping, counts: Counts) -> None:
    kernels, python = about["hang on"].values()
    print(f"Instructions a step, mean of {about['steps']} ({kernels}; {python}, NumPy {about['numpy']})\n")
    print(f"{'':16} {'kernels':>11} {'python':>11}")
    for name in about["workloads"]:
        print(f"{name:16} {counts['kernels'][name]:11,} {counts['python'][name]:11,}")
    print()


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    action = parser.add_mutually_exclusive_group()
    action.add_argument("--check", action="store_true", help="exit 1 where a budget is exceeded by more than 5 %%")
    action.add_argument("--write", action="store_true", help="make the counts the budgets of this environment")
    options = parser.parse_args()
    if shutil.which("valgrind") is None:
        print("SKIPPED: valgrind is not installed, instructions are not counted")
        return 0
    about, counts = count()
    show(about, counts)
    if options.write:
        write(about, counts)
    return check(about, counts) if options.check else 0


if __name__ == "__main__":
    sys.exit(main())
