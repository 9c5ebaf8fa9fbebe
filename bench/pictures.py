"""Pictures of results, one a question: bars of ratios, lines of growth, kernels below the limits."""

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


def bars(path: Path, results: list[Result]) -> None:
    """Draw each table as bars: the smallest value of each, as a multiple of ours where we took part."""
    groups = tables(results)
    heights = [len(group) + 2 for group in groups.values()]
    figure, axes = plt.subplots(
        len(groups), 1, figsize=(8, 0.24 * sum(heights)), squeeze=False, gridspec_kw={"height_ratios": heights}
    )
    for axis, ((case, threads), group) in zip(axes[:, 0], groups.items(), strict=True):
        bars_of(axis, title(case, threads), group)
    figure.tight_layout()
    write(figure, path)


def bars_of(axis, heading: str, group: list[Result]) -> None:
    ours = next((result.minimum for result in group if result.name == OURS), None)
    values = [result.minimum / ours if ours else result.minimum for result in group]
    labels = [f"{value:.2f}" if ours else amount(value, group[0].unit) for value in values]
    colors = [OWN if is_ours(result) else PEER for result in group]
    left = min(values) / 1.5  # bars on a logarithmic axis start somewhere
    drawn = axis.barh([result.name for result in group], np.subtract(values, left), left=left, color=colors)
    axis.bar_label(drawn, labels, padding=3, color=INK)
    axis.set_xscale("log")
    axis.set_xlim(left, max(values) * 2)
    axis.xaxis.set_visible(False)
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
