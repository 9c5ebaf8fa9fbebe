"""The table that ``model.summary()`` prints: Keras 3's, drawn by rich."""

from __future__ import annotations

import math
import re
import shutil
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

from ..structures import unique

if TYPE_CHECKING:
    import rich.console
    import rich.table

__all__ = ["print_summary"]

_WIDTH = 88
_BRANCHED_WIDTH = 108
_TRAINABLE_WIDTH = 12
_HEADER = [("Layer (type)", "left"), ("Output Shape", "left"), ("Param #", "right")]
_CONNECTED = ("Connected to", "left")
_POSITIONS = (0.45, 0.80, 1.0)
_BRANCHED_POSITIONS = (0.3, 0.56, 0.74, 1.0)


def print_summary(
    model: Any,
    line_length: int | None = None,
    positions: Sequence[float] | None = None,
    print_fn: Callable[[str], Any] | None = None,
    expand_nested: bool = False,
    show_trainable: bool = False,
    layer_range: Sequence[str] | None = None,
) -> None:
    """Print the table of a model's layers; the arguments are those of `Model.summary`."""
    import rich.console

    connections = model._connections()
    table = _table(line_length, positions, show_trainable, connections is not None)
    first, last = _range(model.layers, layer_range)
    for layer in model.layers[first:last]:
        for row in _rows(model, layer, connections, 0, expand_nested, show_trainable):
            table.add_row(*row)
    if print_fn is None:
        _print(model, table, rich.console.Console(highlight=False))
        return
    console = rich.console.Console(highlight=False, force_terminal=False, color_system=None)
    with console.capture() as capture:
        _print(model, table, console)
    print_fn(capture.get())


def _print(model: Any, table: rich.table.Table, console: rich.console.Console) -> None:
    from rich.markup import escape

    console.print(f'[bold]Model: "{escape(model.name)}"[/]')
    console.print(table)
    for title, count, size in _totals(model):
        console.print(f"[bold] {title}: [/]{_number(f'{count:,}')} ({_bytes(size)})")


def _table(
    line_length: int | None, positions: Sequence[float] | None, show_trainable: bool, branched: bool
) -> rich.table.Table:
    import rich.table

    header = [*_HEADER, _CONNECTED] if branched else list(_HEADER)
    ends = list(positions or (_BRANCHED_POSITIONS if branched else _POSITIONS))
    width = _BRANCHED_WIDTH if branched else _WIDTH
    if show_trainable:
        header.append(("Trainable", "center"))
        ends = [end * 0.9 for end in ends] + [1.0]
        width += _TRAINABLE_WIDTH
    if len(ends) != len(header):
        raise ValueError(f"positions must hold {len(header) - show_trainable} numbers, got {positions!r}")
    width = line_length or min(width, shutil.get_terminal_size().columns - 4)
    columns, begin = [], 0
    for (title, justify), end in zip(header, ends, strict=True):
        column = int(end * width) - begin
        if column < 4:
            raise ValueError("Insufficient console width to print summary.")
        columns.append(rich.table.Column(title, justify=justify, width=column))
        begin += column
    return rich.table.Table(*columns, width=width, show_lines=True)


def _rows(
    model: Any, layer: Any, connections: dict | None, level: int, expand_nested: bool, show_trainable: bool
) -> list[list[str]]:
    """Return the fields of a layer and, if it is a model to be expanded, of its layers."""
    from rich.markup import escape

    prefix = "   " * level + "└ " if level else ""
    name = f"{escape(prefix + layer.name)} ([color(33)]{escape(type(layer).__name__)}[/])"
    row = [name, _shape_text(model, layer), _params_text(layer)]
    if connections is not None:
        row.append(_connections_text(connections.get(layer, [])))
    if show_trainable:
        row.append(_trainable_text(layer))
    rows = [row]
    if expand_nested:
        for inner in getattr(layer, "layers", None) or []:
            rows += _rows(layer, inner, connections, level + 1, expand_nested, show_trainable)
    return rows


def _shape_text(model: Any, layer: Any) -> str:
    shape = model._output_shape_of(layer)
    if shape is None:
        return "?"
    return f"({', '.join(_number(size) for size in shape)})"


def _connections_text(found: list[tuple[str, int, int]]) -> str:
    from rich.markup import escape

    return ", ".join(f"{escape(name)}[{_number(call)}][{_number(output)}]" for name, call, output in found) or "-"


def _params_text(layer: Any) -> str:
    if not layer.built:
        return f"{_number(0)} (unbuilt)"
    return _number(f"{layer.count_params():,}")


def _trainable_text(layer: Any) -> str:
    if not layer.weights:
        return "[bold]-[/]"
    return "[bold][color(34)]Y[/][/]" if layer.trainable else "[bold][color(9)]N[/][/]"


def _number(x: Any) -> str:
    return f"[color({45 if x is None else 34})]{x}[/]"


def _totals(model: Any) -> list[tuple[str, int, int]]:
    """Return (title, number, bytes) of all parameters, then of each kind."""
    kinds = [
        ("Trainable params", model.trainable_weights),
        ("Non-trainable params", model.non_trainable_weights),
    ]
    if model.compiled and model.optimizer is not None and model.optimizer.built:
        kinds.append(("Optimizer params", model.optimizer.variables))
    lines = [(title, *_size(variables)) for title, variables in kinds]
    total = ("Total params", sum(line[1] for line in lines), sum(line[2] for line in lines))
    return [total, *lines]


def _size(variables: Sequence[Any]) -> tuple[int, int]:
    counts = [(math.prod(variable.shape), variable.dtype.itemsize) for variable in unique(variables)]
    return sum(n for n, _ in counts), sum(n * size for n, size in counts)


def _bytes(size: float) -> str:
    units = ["B", "KB", "MB", "GB", "TB", "PB"]
    while size >= 1024 and len(units) > 1:
        size /= 1024
        del units[0]
    return f"{size:.2f} {units[0]}"


def _range(layers: Sequence[Any], layer_range: Sequence[str] | None) -> tuple[int, int]:
    """Return the first and one past the last layer that the two names or patterns enclose."""
    if layer_range is None:
        return 0, len(layers)
    if (
        not isinstance(layer_range, (list, tuple))
        or len(layer_range) != 2
        or not all(isinstance(name, str) for name in layer_range)
    ):
        raise ValueError(f"layer_range must hold two layer names or patterns, got {layer_range!r}")
    begins, ends = ([i for i, layer in enumerate(layers) if re.match(pattern, layer.name)] for pattern in layer_range)
    if not begins or not ends:
        names = ", ".join(repr(layer.name) for layer in layers)
        raise ValueError(f"layer_range={layer_range!r} matches none of the layers {names}")
    if min(begins) > max(ends):
        return min(ends), max(begins) + 1
    return min(begins), max(ends) + 1
