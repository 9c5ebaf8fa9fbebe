"""The base class of callbacks: every hook, doing nothing."""

from __future__ import annotations

from typing import Any

from ..utils.arguments import NamedArguments

__all__ = ["Callback"]

Logs = dict[str, Any] | None


class Callback(NamedArguments):
    """Base class of callbacks; override the hooks you need (Keras' `Callback`).

    ``logs`` is a dict of Python floats such as ``{"accuracy": 0.9, "loss": 0.3}``, in alphabetical
    order as in Keras. A callback that overrides a hook for single batches makes ``fit`` run batch by
    batch (``steps_per_execution`` batches at a time); otherwise whole stretches of an epoch run
    without returning to Python.

    Attributes
    ----------
    params : dict
        ``verbose``, ``epochs`` and ``steps`` of the call.
    model : Model
        The model being trained, evaluated or used to predict. Setting ``model.stop_training = True``
        ends training after the current batch or epoch.

    Examples
    --------
    >>> class Stop(Callback):
    ...     def on_epoch_end(self, epoch, logs=None):
    ...         if logs["loss"] < 0.1:
    ...             self.model.stop_training = True
    """

    def __init__(self) -> None:
        self.params: dict[str, Any] | None = None
        self._model: Any = None

    @property
    def model(self) -> Any:
        return self._model

    def set_params(self, params: dict[str, Any]) -> None:
        """Receive ``{"verbose": ..., "epochs": ..., "steps": ...}``."""
        self.params = params

    def set_model(self, model: Any) -> None:
        """Receive the model."""
        self._model = model

    def __getstate__(self) -> dict[str, Any]:
        """Leave the model out: a copy of a callback is no copy of what it was used for."""
        return {**vars(self), "_model": None}

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_begin`, which calls it."""

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        """Older name of `on_train_batch_end`, which calls it."""

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        """Before an epoch of ``fit``; ``epoch`` counts from 0."""

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        """After an epoch of ``fit`` and its validation, whose logs carry the prefix ``val_``."""

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of ``fit``; ``batch`` counts from 0 in each epoch."""
        self.on_batch_begin(batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of ``fit``; ``logs`` are the metrics since the epoch began."""
        self.on_batch_end(batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of ``evaluate`` or of validation."""

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of ``evaluate`` or of validation."""

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        """Before a batch of ``predict``."""

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        """After a batch of ``predict``; ``logs["outputs"]`` holds its predictions."""

    def on_train_begin(self, logs: Logs = None) -> None:
        """Before the first epoch of ``fit``."""

    def on_train_end(self, logs: Logs = None) -> None:
        """After the last epoch of ``fit``; ``logs`` are those of the last epoch."""

    def on_test_begin(self, logs: Logs = None) -> None:
        """Before ``evaluate`` or validation."""

    def on_test_end(self, logs: Logs = None) -> None:
        """After ``evaluate`` or validation, with their results."""

    def on_predict_begin(self, logs: Logs = None) -> None:
        """Before ``predict``."""

    def on_predict_end(self, logs: Logs = None) -> None:
        """After ``predict``."""
