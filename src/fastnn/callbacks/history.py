"""The record of an epoch's metrics that `fit` returns."""

from __future__ import annotations

from .callback import Callback, Logs

__all__ = ["History"]


class History(Callback):
    """Records the logs of every epoch; ``fit`` makes one and returns it.

    Attributes
    ----------
    history : dict of str to list of float
        A list for each metric, an element for each epoch.
    epoch : list of int
        The epochs run, counted from 0.
    params : dict
        ``verbose``, ``epochs`` and ``steps`` of the call.
    """

    def __init__(self) -> None:
        super().__init__()
        self.history: dict[str, list[float]] = {}
        self.epoch: list[int] = []

    def on_train_begin(self, logs: Logs = None) -> None:
        self.epoch = []

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self.epoch.append(epoch)
        for name, value in (logs or {}).items():
            self.history.setdefault(name, []).append(value)

    def record_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        """Do what `on_epoch_end` does for many epochs: a list for each metric, which may be kept."""
        for name, values in columns.items():
            if self.history.setdefault(name, values) is not values:
                self.history[name].extend(values)
        self.epoch.extend(range(first, first + len(next(iter(columns.values())))))
