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
            speeds = [point.work["flops"] / point.minimum / 1e9 for point in points]
            axis.loglog(sizes, speeds, "o-", markersize=3, label=f"{threads} thread{'s' if threads > 1 else ''}")
        axis.set_xlabel(case.split(":")[0])
        axis.grid(alpha=0.3)
    axes[0, 0].set_ylabel("GFLOP/s")
    axes[0, 0].legend(frameon=False)
    figure.tight_layout()
    write(figure, path)


def roofline(path: Path, results: list[Result]) -> None:
    """Draw kernels (operations a byte, GFLOP/s) below the limits: lines of bandwidth, and the multiply-add peak."""
    figure, axis = plt.subplots(figsize=(9, 6))
    peak = max(result.work["flops"] / result.minimum for result in results if "flops" in result.work) / 1e9
    intensities = np.geomspace(0.02, 500, 200)
    for result in results:
        if "flops" in result.work and "bytes" not in result.work:
            peak = result.work["flops"] / result.minimum / 1e9
    for result in results:
        rate = result.work.get("bytes", 0) / result.minimum / 1e9
        if "flops" not in result.work:  # a limit: bytes only
            axis.loglog(intensities, np.minimum(peak, rate * intensities), color=PEER, linewidth=1)
            axis.annotate(f"{result.name}, {rate:.0f} GB/s", (0.021, rate * 0.023), color=INK, fontsize=7)
        elif rate:
            flops = result.work["flops"]
            axis.plot(flops / result.work["bytes"], flops / result.minimum / 1e9, "o", markersize=3, color=OWN)
            axis.annotate(
                result.name,
                (flops / result.work["bytes"], flops / result.minimum / 1e9),
                xytext=(3, -2),
                textcoords="offset points",
                fontsize=5,
            )
    axis.axhline(peak, color=INK, linewidth=1)
    axis.annotate(f"multiply-adds, {peak:.0f} GFLOP/s", (0.021, peak * 1.05), color=INK, fontsize=7)
    axis.set_xlabel("floating-point operations a byte")
    axis.set_ylabel("GFLOP/s")
    write(figure, path)
