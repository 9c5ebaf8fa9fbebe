"""Reads the metrics of a model as Python floats, through one small program where that can be."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import ops, plan
from ..tensor import SymbolicTensor, Tensor, TracingError, Variable

__all__ = ["EpochLog", "MetricReader", "metrics_or_own"]


class MetricReader:
    """Reads and resets a model's metrics; made once for each ``compile``, when the metrics exist.

    ``read`` returns them in alphabetical order, as Keras' logs are.

    Attributes
    ----------
    read_program, reset_program : Program or None
        None where the metrics are not written in ops.
    """

    def __init__(self, model: Any) -> None:
        self.model = model
        self.names: list[str] = []  # in alphabetical order
        self.order: list[str] = []  # in that of the metrics
        self.read_program = _program(self.results)
        if self.read_program is not None and not _all_traced(self.read_program.structure):
            self.read_program = None  # a number of Python's, which may be another the next time
        self.reset_program = _program(model.reset_metrics)

    def results(self) -> list[Any]:
        """Return the metrics' values, tensors, in the order of `names`."""
        results = _flat(self.model.get_metrics_result())
        self.order = list(results)
        self.names = sorted(results)
        values = (results[name] for name in self.names)
        return [ops.convert_to_tensor(value) if isinstance(value, Variable) else value for value in values]

    def read(self) -> dict[str, Any]:
        """Return the metrics' values so far."""
        if self.read_program is None or self.model._runtime.eager:
            values = self.results()
            return dict(zip(self.names, map(_as_float, values), strict=True))
        return dict(zip(self.names, map(_as_float, self.read_program.run()), strict=True))

    def reset(self) -> None:
        """Set the metrics back to their beginning."""
        if self.reset_program is None or self.model._runtime.eager:
            self.model.reset_metrics()
        else:
            self.reset_program.run()


class EpochLog:
    """The metrics at the end of each of many epochs, written by a program.

    Parameters
    ----------
    reader : MetricReader

    Raises
    ------
    TracingError
        For metrics that are not written in ops, or are no scalars.
    """

    room = 1 << 13  # epochs

    def __init__(self, reader: MetricReader) -> None:
        self._reader = reader
        self._columns: dict[str, Variable] = {}
        self._positions: dict[str, Variable] = {}
        self.program = plan.compile(self._write, [])

    def _write(self) -> list[Any]:
        values = self._reader.results()
        if not _all_traced(values):
            raise TracingError("a metric is a number of Python's")
        for name, value in zip(self._reader.names, values, strict=True):
            if value.shape:
                raise TracingError(f"metric {name!r} of shape {value.shape} is no scalar")
            self._columns[name] = Variable(np.zeros(self.room, "float64"), trainable=False)
            self._positions[name] = Variable(np.zeros((), "int64"), trainable=False)
            ops.record(self._columns[name], self._positions[name], value)
        return []

    def begin(self) -> None:
        """Begin with the first row."""
        for position in self._positions.values():
            position.load(0)

    def columns(self, epochs: int) -> dict[str, list[float]]:
        """Return the first rows: a list for each metric."""
        return {name: column.array[:epochs].tolist() for name, column in self._columns.items()}


def _program(function: Callable[[], Any]) -> Any:
    """Return a program for the function; None where it is not written in ops and must stay Python."""
    try:
        return plan.compile(function, [])
    except TracingError:
        return None


def _all_traced(values: list[Any]) -> bool:
    return all(isinstance(value, SymbolicTensor) for value in values)


def metrics_or_own(metrics: dict[str, Any], own: dict[str, Any], tracked: bool) -> dict[str, Any]:
    """Return the metrics, or, as Keras does, what an overridden step returned if it is not those, read like them.

    The loss that a step returned counts, too, where its mean is not ``tracked``, of which Keras would show the zero.
    """
    own = _flat(own)
    if own.keys() != metrics.keys():
        return {name: _as_float(own[name]) for name in sorted(own)}
    return metrics if tracked else {**metrics, "loss": _as_float(own["loss"])}


def _flat(logs: dict[str, Any]) -> dict[str, Any]:
    """Return logs with the entries of dicts among them in place of these."""
    flat: dict[str, Any] = {}
    for name, value in logs.items():
        flat.update(_flat(value) if isinstance(value, dict) else {name: value})
    return flat


def _as_float(value: Any) -> Any:
    if type(value) is not np.ndarray:
        value = value.numpy() if isinstance(value, Tensor) else np.asarray(value)
    return float(value.item()) if value.size == 1 else value.copy()
