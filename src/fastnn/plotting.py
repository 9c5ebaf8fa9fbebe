"""Pictures of a training: the loss and every metric, epoch by epoch."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

__all__ = ["plot_history"]

_COLUMNS = 3
_PANEL = 4.6, 3.5  # inches
# Blue and vermilion of Okabe and Ito's palette: told apart by all kinds of colour vision.
_TRAINING = {"color": "#0072b2", "label": "training", "marker": "o"}
_VALIDATION = {"color": "#d55e00", "label": "validation", "marker": "s"}
_INK = "#333333"
_MARKED_EPOCHS = 30  # with more points than this, markers would hide the line


def plot_history(history: Any, path: str | os.PathLike[str] | None = None) -> Figure:
    """Draw the curves of a training: one panel for the loss and one for each metric.

    Parameters
    ----------
    history : History or mapping of str to sequence of float
        What `Model.fit` returns, or its ``history``: one value an epoch under each name; validation
        values under the same name with ``val_`` before it. Of a metric with several values the mean is drawn.
    path : str, path-like or None, default None
        The file to write; its ending decides the format (``.png``, ``.pdf``, ``.svg``). None writes
        nothing and makes the figure with pyplot, so that a notebook or ``plt.show()`` shows it.

    Returns
    -------
    matplotlib.figure.Figure
        The figure; its axes can be changed further.

    Raises
    ------
    ImportError
        matplotlib is not installed; the message says how to install it.
    TypeError
        `history` is neither a History nor a mapping.
    ValueError
        There is nothing to draw, a curve's length does not fit the others, or `path` has an ending
        that matplotlib does not know.

    Examples
    --------
    >>> history = model.fit(x, y, epochs=5, validation_split=0.2)  # doctest: +SKIP
    >>> fastnn.plotting.plot_history(history, "loss.png")  # doctest: +SKIP
    """
    curves, epochs = _curves(history)
    names = [name for name in curves if not _is_validation(name, curves)]
    names.sort(key=lambda name: name != "loss")  # the loss first; the sort keeps the others' order
    columns = min(len(names), _COLUMNS)
    rows = -(-len(names) // columns)
    figure = _figure((_PANEL[0] * columns, _PANEL[1] * rows), path)
    figure.set_layout_engine("constrained", w_pad=0.12, h_pad=0.12)
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for name, axis in zip(names, axes, strict=False):
        _draw(axis, name, epochs, curves[name], curves.get(f"val_{name}"))
    for axis in axes[len(names) :]:
        axis.remove()
    if path is not None:
        figure.savefig(path, dpi=150)
    return figure


def _curves(history: Any) -> tuple[dict[str, list[float]], list[int]]:
    """Return the curves by name and the numbers of the epochs, counted from 1."""
    values = getattr(history, "history", history)
    if not isinstance(values, Mapping):
        raise TypeError(
            "history must be the History that fit() returns, or a mapping of names to values; "
            f"got {type(history).__name__}."
        )
    curves = {str(name): [float(np.mean(value)) for value in curve] for name, curve in values.items()}
    length = max((len(curve) for curve in curves.values()), default=0)
    if length == 0:
        raise ValueError("history is empty: there is no epoch to draw.")
    for name, curve in curves.items():
        # Where validation was not done in every epoch, nothing tells in which it was.
        if len(curve) != length:
            raise ValueError(
                f"history: {name!r} has {len(curve)} values for {length} epochs: it is not known "
                "to which epochs they belong."
            )
    epochs = [epoch + 1 for epoch in getattr(history, "epoch", range(length))]
    return curves, epochs if len(epochs) == length else list(range(1, length + 1))


def _is_validation(name: str, curves: Mapping[str, object]) -> bool:
    return name.startswith("val_") and name.removeprefix("val_") in curves


def _figure(size: tuple[float, float], path: str | os.PathLike[str] | None) -> Figure:
    try:
        import matplotlib  # noqa: F401
    except ImportError:
        raise ImportError("plot_history needs matplotlib: python -m pip install matplotlib") from None
    if path is None:
        from matplotlib import pyplot

        return pyplot.figure(figsize=size)
    # Without pyplot: no window system is asked for, and no state of the caller's is touched.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    figure = Figure(figsize=size)
    canvas = FigureCanvasAgg(figure)
    known = canvas.get_supported_filetypes()
    ending = Path(path).suffix.removeprefix(".").lower()
    if ending not in known:
        raise ValueError(f"path: the ending of {Path(path).name!r} is not one of {', '.join(sorted(known))}.")
    return figure


def _draw(
    axis: Axes,
    name: str,
    epochs: Sequence[int],
    training: Sequence[float],
    validation: Sequence[float] | None,
) -> None:
    from matplotlib.ticker import MaxNLocator

    few = len(epochs) <= _MARKED_EPOCHS
    for style, values in ((_TRAINING, training), (_VALIDATION, validation)):
        if values is None:
            continue
        marker = style["marker"] if few else ""
        axis.plot(
            epochs,
            values,
            color=style["color"],
            label=style["label"],
            marker=marker,
            markersize=4.5,
            linewidth=1.8,
        )
    axis.set_title(name.replace("_", " "), loc="left", fontweight="bold", color=_INK)
    axis.set_xlabel("epoch", color=_INK)
    axis.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
    axis.margins(x=0.04, y=0.1)
    axis.grid(axis="y", color="#e3e3e3", linewidth=0.8)
    axis.set_axisbelow(True)
    axis.spines[["top", "right"]].set_visible(False)
    axis.spines[["left", "bottom"]].set_color("#b0b0b0")
    axis.tick_params(colors=_INK, color="#b0b0b0")
    if validation is not None:
        axis.legend(frameon=False, labelcolor=_INK)
