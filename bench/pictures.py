"""Pictures of results, one a question: dots of ratios, lines of growth, kernels below the limits."""

from __future__ import annotations

from pathlib import Path

import matplotlib
import numpy as np
from matplotlib import pyplot as plt
from report import OURS, Result, amount, is_ours, tables, title

matplotlib.use("Agg")
plt.rcParams.update({"svg.fonttype": "none", "svg.hashsalt": OURS, "font.size": 9, "axes.titlesize": 9})
INK, OWN, PEER = "#333333", "#c44e52", "#8da0b8"


def write(figure, path: Path) -> None:
    figure.savefig(path, metadata={"Date": None}, bbox_inches="tight")
    plt.close(figure)


def dots(path: Path, results: list[Result]) -> None:
    """Draw each table as dots on a logarithmic axis: the smallest value of each, and a line up to its largest.

    Where fastnn took part, values are multiples of its smallest.
    """
    groups = tables(results)
    heights = [len(group) + 2 for group in groups.values()]
    figure, axes = plt.subplots(
        len(groups), 1, figsize=(8, 0.22 * sum(heights)), squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for axis, ((case, threads), group) in zip(axes[:, 0], groups.items(), strict=True):
        dots_of(axis, title(case, threads), group)
    figure.tight_layout()
    write(figure, path)


def dots_of(axis, heading: str, group: list[Result]) -> None:
    ours = next((result.minimum for result in group if result.name == OURS), None)
    for result in group:
        low, high = (edge / result.steps / (ours or 1) for edge in (min(result.times), max(result.times)))
        color = OWN if is_ours(result) else PEER
        axis.plot([low, high], [result.name] * 2, color=color, linewidth=1)
        axis.plot(low, result.name, "o", color=color)
        label = f"{low:.2f}" if ours else amount(low, result.unit)
        axis.annotate(label, (high, result.name), xytext=(6, -3), textcoords="offset points", color=INK)
    if ours:
        axis.axvline(1, color=OWN, linewidth=0.5)
    axis.set_xscale("log")
    axis.margins(x=0.12, y=0.1)
    axis.tick_params(axis="x", which="both", bottom=False, labelbottom=False)
    axis.invert_yaxis()
    axis.set_title(heading + (": times ours" if ours else ""), loc="left", color=INK)
    axis.spines[["top", "right", "bottom"]].set_visible(False)


def lines(path: Path, results: list[Result]) -> None:
    """Draw the rate of arithmetic against the size: one panel a case, one line a contestant and number of threads."""
    cases = list(dict.fromkeys(result.case for result in results))
    figure, axes = plt.subplots(1, len(cases), figsize=(3 * len(cases), 3), squeeze=False, sharey=True)
    for axis, case in zip(axes[0], cases, strict=True):
        for threads in dict.fromkeys(result.threads for result in results):
            points = [result for result in results if (result.case, result.threads) == (case, threads)]
            sizes = [point.work["size"] for point in points]
            speeds = [rate(point, "flops") for point in points]
            axis.loglog(sizes, speeds, "o-", markersize=3, label=f"{threads} thread{'s' if threads > 1 else ''}")
        axis.set_xlabel(case.split(":")[0])
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("GFLOP/s")
    axes[0, 0].legend(frameon=False)
    figure.tight_layout()
    write(figure, path)


def roofline(path: Path, results: list[Result]) -> None:
    """Draw kernels (operations a byte, GFLOP/s) below the limits: lines of bandwidth, and the multiply-add peak."""
    limits = {result.name: result for result in results if result.case == "limits"}
    peak = rate(limits.pop("multiply-adds"), "flops")
    figure, axis = plt.subplots(figsize=(9, 6))
    intensities = np.geomspace(0.02, 500, 200)
    for name, result in limits.items():
        bandwidth = rate(result, "bytes")
        axis.loglog(intensities, np.minimum(peak, bandwidth * intensities), color=PEER, linewidth=1)
        axis.annotate(f"{name}, {bandwidth:.0f} GB/s", (0.3, bandwidth * 0.31), color=INK, fontsize=7)
    axis.annotate(f"multiply-adds, {peak:.0f} GFLOP/s", (20, peak * 1.05), color=INK, fontsize=7)
    for case in dict.fromkeys(result.case for result in results if result.case != "limits"):
        points = [result for result in results if result.case == case]
        x = [point.work["flops"] / point.work["bytes"] for point in points]
        axis.plot(x, [rate(point, "flops") for point in points], "o", markersize=3.5, alpha=0.7, label=case)
    axis.set_xlabel("operations a byte")
    axis.set_ylabel("GFLOP/s")
    axis.legend(frameon=False, fontsize=7, loc="lower right")
    write(figure, path)


def rate(result: Result, work: str) -> float:
    """Return the most work a second, in units of 1e9."""
    return result.work[work] / result.minimum / 1e9
