"""Results, and how they are shown: as text, as JSON, as a picture, and in docs/benchmarks.md.

python bench/report.py        # renders the tables of docs/benchmarks.md from bench/results/*.json
"""

from __future__ import annotations

import json
import os
import platform
import re
import statistics
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path

OURS = "fastnn"
HERE = Path(__file__).parent
PAGE = HERE.parent / "docs" / "benchmarks.md"
RESULTS = HERE / "results"


@dataclass
class Result:
    """The times of one contestant in one case at one number of threads, in seconds."""

    case: str
    name: str
    threads: int
    steps: int = 1  # units of work that one time stands for
    times: list[float] = field(default_factory=list)
    check: float | None = None

    @property
    def minimum(self) -> float:
        """The shortest time of one unit of work."""
        return min(self.times) / self.steps

    @property
    def median(self) -> float:
        return statistics.median(self.times) / self.steps


def tables(results: Iterable[Result]) -> dict[tuple[str, int], list[Result]]:
    """Group the results by case and number of threads."""
    groups = {}
    for result in results:
        groups.setdefault((result.case, result.threads), []).append(result)
    return groups


def is_ours(result: Result) -> bool:
    return result.name.split(",")[0] == OURS


def rows(group: list[Result]) -> list[list[str]]:
    """Return the cells of a table: head, contestants, the fastest peer."""
    ours = next((result for result in group if result.name == OURS), None)
    checked = any(result.check is not None for result in group)
    table = [["", "minimum", "median", "rounds", *(["check"] if checked else []), "ratio: minimum", "median"]]
    for result in group:
        cells = [result.name, seconds(result.minimum), seconds(result.median), str(len(result.times))]
        cells += [f"{result.check:.3g}" if result.check is not None else ""] if checked else []
        table.append(cells + (ratios(result.minimum, result.median, ours) if ours else ["", ""]))
    peers = [result for result in group if not is_ours(result)]
    if ours and peers:
        fastest = ratios(min(peer.minimum for peer in peers), min(peer.median for peer in peers), ours)
        table.append(["fastest peer", *[""] * (len(table[0]) - 3), *fastest])
    return table


def ratios(minimum: float, median: float, ours: Result) -> list[str]:
    return [f"{minimum / ours.minimum:.2f}", f"{median / ours.median:.2f}"]


def seconds(value: float) -> str:
    """Return a time with three digits, in a unit that suits it."""
    factor, unit = (1, "s") if value >= 1 else (1e3, "ms") if value >= 1e-3 else (1e6, "µs")
    number = value * factor
    return f"{number:.{2 if number < 10 else 1 if number < 100 else 0}f} {unit}"


def text(record: dict) -> str:
    """Return all tables of a record, for the terminal."""
    parts = []
    for (case, threads), group in tables(Result(**each) for each in record["results"]).items():
        table = rows(group)
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        places = [f"{{:<{widths[0]}}}", *(f"{{:>{width}}}" for width in widths[1:])]
        lines = ["  ".join(places).format(*row) for row in table]
        parts.append(f"\n{title(case, threads)}\n\n" + "\n".join(lines))
    return "\n".join(parts)


def title(case: str, threads: int) -> str:
    return f"{case}; {threads} thread{'s' if threads > 1 else ''}"


def markdown(record: dict) -> str:
    """Return all tables of a record with what is needed to judge them, for a page."""
    machine, versions = record["machine"], record["versions"]
    about = ", ".join(f"{name} {version}" for name, version in versions.items())
    parts = [
        f"`{record['command']}`",
        f"{record['date']}, {machine['processor']}, {machine['cpus']} processors, {machine['instruction set']}, "
        f"load before {machine['load before']}; {about}.",
    ]
    for (case, threads), group in tables(Result(**each) for each in record["results"]).items():
        head, *body = ("| " + " | ".join(row) + " |" for row in rows(group))
        rule = "|---|" + "---:|" * (head.count("|") - 2)
        parts.append("\n".join([f"**{title(case, threads)}**\n", head, rule, *body]))
    return "\n\n".join(parts)


def save(path: Path, record: dict) -> None:
    """Write the record, and a picture beside it where matplotlib is installed."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=1) + "\n")
    print(f"\nwritten to {path}")
    try:
        import pictures
    except ImportError:
        print("matplotlib is not installed: no picture")
        return
    pictures.bars(path.with_suffix(".svg"), [Result(**each) for each in record["results"]])
    print(f"written to {path.with_suffix('.svg')}")


def machine() -> dict[str, object]:
    """Describe the processor and what runs on it."""
    from fastnn._kernels import core

    model = platform.processor() or platform.machine()
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        names = re.findall(r"^model name\s*: (.*)$", cpuinfo.read_text(), re.MULTILINE)
        model = names[0] if names else model
    return {
        "processor": model,
        "cpus": os.cpu_count(),
        "instruction set": core.get_isa(),
        "load after": round(os.getloadavg()[0], 2),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.release()}",
    }
