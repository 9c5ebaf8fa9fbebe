"""Results, and how they are shown: as text, as JSON, and on pages.

python bench/report.py        # renders the tables of docs/benchmarks.md from bench/results/*.json
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import statistics
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path

OURS = "fastnn"
LIMIT = "multiply-adds alone"  # no peer, but what nobody beats who multiplies everything
SHARE = "share of peak"
HERE = Path(__file__).parent
PAGES = (HERE.parent / "docs" / "benchmarks.md", HERE.parent / "README.md")
RESULTS = HERE / "results"
UNITS = {"s": ((1, "s"), (1e3, "ms"), (1e6, "µs"), (1e9, "ns")), "B": ((1e-6, "MB"), (1e-3, "kB"))}


@dataclass
class Result:
    """What was measured of one contestant in one case at one number of threads."""

    case: str
    name: str
    threads: int
    steps: int = 1  # units of work that one time stands for
    times: list[float] = field(default_factory=list)  # seconds, or bytes
    check: float | None = None  # what came out, as a number
    unit: str = "s"
    work: dict[str, float] = field(default_factory=dict)  # size, flops, bytes, limit of one unit of work

    @property
    def minimum(self) -> float:
        """The shortest time of one unit of work."""
        return min(self.times) / self.steps

    @property
    def median(self) -> float:
        return statistics.median(self.times) / self.steps


def load(record: dict) -> list[Result]:
    return [Result(**each) for each in record["results"]]


def tables(results: Iterable[Result]) -> dict[tuple[str, int], list[Result]]:
    """Group the results by case and number of threads."""
    groups = {}
    for result in results:
        groups.setdefault((result.case, result.threads), []).append(result)
    return groups


def is_ours(result: Result) -> bool:
    return result.name.split(",")[0] == OURS


def is_peer(result: Result) -> bool:
    return not is_ours(result) and result.name != LIMIT


def amount(value: float, unit: str) -> str:
    """Return a number with about three digits, in a unit that suits it."""
    scale = UNITS[unit]
    factor, name = next((pair for pair in scale if value * pair[0] >= 1), scale[-1])
    number = value * factor
    return f"{number:,.{2 if number < 10 else 1 if number < 100 else 0}f} {name}"


# ---- the cells of a table: head first ----------------------------------------------------------------------


def race(group: list[Result]) -> list[list[str]]:
    """Return the table of contestants, with their ratios to ours, and that of the fastest peer."""
    ours = next((result for result in group if result.name == OURS), None)
    checked = any(result.check is not None for result in group)
    table = [["", "minimum", "median", "rounds", *(["check"] if checked else []), "ratio: minimum", "median"]]
    for result in group:
        cells = [result.name, *(amount(value, result.unit) for value in (result.minimum, result.median))]
        cells.append(str(len(result.times)))
        cells += [f"{result.check:.3g}" if result.check is not None else ""] if checked else []
        table.append(cells + (ratios(result.minimum, result.median, ours) if ours else ["", ""]))
    peers = [result for result in group if is_peer(result)]
    if ours and peers:
        fastest = ratios(min(peer.minimum for peer in peers), min(peer.median for peer in peers), ours)
        table.append(["best peer", *[""] * (len(table[0]) - 3), *fastest])
    return table


def ratios(minimum: float, median: float, ours: Result) -> list[str]:
    return [f"{minimum / ours.minimum:.2f}", f"{median / ours.median:.2f}"]


def rates(group: list[Result]) -> list[list[str]]:
    """Return the table of what each did per second, beside what the machine could have done."""
    columns = {
        "GFLOP/s": lambda result: f"{result.work['flops'] / result.minimum / 1e9:.1f}",
        "GB/s": lambda result: f"{result.work['bytes'] / result.minimum / 1e9:.1f}",
        "share of the limit": lambda result: f"{result.work['limit'] / result.minimum:.0%}",
    }
    needs = dict(zip(columns, ("flops", "bytes", "limit"), strict=True))
    shown = [name for name in columns if any(needs[name] in result.work for result in group)]
    table = [["", "minimum", "median", *shown]]
    for result in group:
        cells = [columns[name](result) if needs[name] in result.work else "" for name in shown]
        table.append([result.name, amount(result.minimum, "s"), amount(result.median, "s"), *cells])
    return table


def table_of(group: list[Result]) -> list[list[str]]:
    return (rates if any(result.work for result in group) else race)(group)


# ---- text and pages ----------------------------------------------------------------------------------------


def title(case: str, threads: int) -> str:
    return f"{case}; {threads} thread{'s' if threads > 1 else ''}"


def text(record: dict) -> str:
    """Return all tables of a record, for the terminal."""

    def plain(table: list[list[str]]) -> str:
        widths = [max(map(len, column)) for column in zip(*table, strict=True)]
        places = [f"{{:<{widths[0]}}}", *(f"{{:>{width}}}" for width in widths[1:])]
        return "\n".join("  ".join(places).format(*row).rstrip() for row in table)

    return "\n" + "\n\n".join([*sections(record, plain, "{}"), *record["notes"]])


def marked(table: list[list[str]]) -> str:
    """Return a table in Markdown."""
    head, *body = ("| " + " | ".join(row) + " |" for row in table)
    return "\n".join([head, "|---|" + "---:|" * (len(table[0]) - 1), *body])


def markdown(record: dict) -> str:
    """Return all tables of a record with what is needed to judge them, for a page."""
    machine = record["machine"]
    versions = ", ".join(f"{name} {version}" for name, version in record["versions"].items())
    about = (
        f"{record['date']}, {machine['processor']}, {machine['cpus']} processors, {machine['instruction set']}, "
        f"load before {machine['load before']}, Python {machine['python']}, {versions}."
    )
    return "\n\n".join([f"`{record['command']}`", about, *sections(record, marked, "**{}**"), *record["notes"]])


def sections(record: dict, form: Callable[[list[list[str]]], str], heading: str) -> list[str]:
    return [
        f"{heading.format(title(case, threads))}\n\n{form(table_of(group))}"
        for (case, threads), group in tables(load(record)).items()
    ]


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


def summary(records: Iterable[dict]) -> str:
    """Return one line a case: our shortest time, how many times as long the best way of each peer took, and our share
    of the processor's peak.
    """
    groups = tables(result for record in records for result in load(record))
    lines, columns = [], []
    cases = list(dict.fromkeys(case for case, _ in groups))
    for (case, threads), group in sorted(groups.items(), key=lambda item: (cases.index(item[0][0]), item[0][1])):
        ours = next(result.minimum for result in group if result.name == OURS)
        best = {}
        for result in filter(is_peer, group):
            best.setdefault(peer(result), []).append(result.minimum / ours)
        columns += [name for name in best if name not in columns]
        cells = {name: f"{min(best[name]):.1f}" for name in best}
        limit = next((result.minimum for result in group if result.name == LIMIT), None)
        if limit is not None:
            cells[SHARE] = f"{limit / ours:.0%}"
        lines.append((case.split(";")[0], str(threads), amount(ours, "s"), cells))
    columns += [SHARE] if any(SHARE in cells for *_, cells in lines) else []
    table = [["", "threads", OURS, *columns]]
    table += [[*line, *(cells.get(name, "") for name in columns)] for *line, cells in lines]
    return marked(table)


def peer(result: Result) -> str:
    """Return whose way of doing it this is."""
    return result.name.split(",")[0].split(" on ")[0]


def render(page: str, folder: Path) -> str:
    """Put tables in place of what stands between ``<!-- NAME.json -->`` and ``<!-- end -->``.

    ``<!-- summary NAME.json … -->`` gets one table of all these records. Where a file is missing the old tables stay.
    """

    def content(match: re.Match) -> str:
        words = match[1].split()
        paths = [folder / word for word in words if word.endswith(".json")]
        missing = [path for path in paths if not path.exists()]
        if missing:
            print(f"{', '.join(map(str, missing))} missing: tables stay as they are")
            return match[0]
        records = [json.loads(path.read_text()) for path in paths]
        made = summary(records) if words[0] == "summary" else "\n\n".join(map(markdown, records))
        return f"<!-- {match[1]} -->\n\n{made}\n\n<!-- end -->"

    return re.sub(r"<!-- ((?:summary )?[\w -]+\.json[\w .-]*) -->.*?<!-- end -->", content, page, flags=re.DOTALL)


def render_pages() -> None:
    """Render every page that shows results."""
    for page in PAGES:
        page.write_text(render(page.read_text(encoding="utf-8"), RESULTS), encoding="utf-8")
        print(f"written to {page}")


def main() -> None:
    argparse.ArgumentParser(description=__doc__.splitlines()[0]).parse_args()
    render_pages()


if __name__ == "__main__":
    main()
