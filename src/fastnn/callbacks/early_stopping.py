"""Stop training when a metric no longer improves."""

from __future__ import annotations

import warnings

from ..utils import checks
from .callback import Logs
from .monitor import MonitorCallback
from .progbar import print_message

__all__ = ["EarlyStopping"]


class EarlyStopping(MonitorCallback):
    """Ends training when the monitored metric has stopped improving (Keras' `EarlyStopping`).

    Parameters
    ----------
    monitor : str, default "val_loss"
    min_delta : float, default 0
        The least change that counts as an improvement.
    patience : float, default 0
        Epochs without improvement after which training stops; infinity for never.
    verbose : int, default 0
        1: say so.
    mode : {"auto", "min", "max"}
    baseline : float, optional
        Training stops if the metric does not beat this within ``patience`` epochs.
    restore_best_weights : bool, default False
        Put back the weights of the best epoch when training ends.
    start_from_epoch : int, default 0
        Epochs to let pass before looking.

    Warns
    -----
    UserWarning
        If the logs have no such metric.
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        min_delta: float = 0.0,
        patience: float = 0,
        verbose: int = 0,
        mode: str = "auto",
        baseline: float | None = None,
        restore_best_weights: bool = False,
        start_from_epoch: int = 0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.patience = checks.real("patience", patience, minimum=0.0, finite=False)
        self.verbose = checks.verbosity(verbose)
        self.baseline = checks.optional_real("baseline", baseline, finite=False)
        self.restore_best_weights = checks.boolean("restore_best_weights", restore_best_weights)
        self.start_from_epoch = checks.integer("start_from_epoch", start_from_epoch, minimum=0)
        self._reset()

    def _reset(self) -> None:
        self.wait = 0
        self.stopped_epoch = 0
        self.best = None
        self.best_weights = None
        self.best_epoch = 0

    def on_train_begin(self, logs: Logs = None) -> None:
        super().on_train_begin(logs)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        current = self.get_monitor_value(logs or {})
        if current is None or epoch < self.start_from_epoch:
            return
        if self.restore_best_weights and self.best_weights is None:
            self._remember(epoch)
        self.wait += 1
        if self._improves(current, self.best):
            self.best = current
            self._remember(epoch)
            if self.baseline is None or self._improves(current, self.baseline):
                self.wait = 0
            return
        if self.wait >= self.patience and epoch > 0:
            self.stopped_epoch = epoch
            self.model.stop_training = True

    def _remember(self, epoch: int) -> None:
        self.best_epoch = epoch
        if self.restore_best_weights:
            self.best_weights = self.model.get_weights()

    def get_monitor_value(self, logs: dict[str, float]) -> float | None:
        """Return the metric's value from an epoch's logs; None, with a warning, where they have none."""
        value = logs.get(self.monitor)
        if value is None:
            warnings.warn(
                f"Early stopping conditioned on metric `{self.monitor}` which is not available. "
                f"Available metrics are: {','.join(logs)}",
                stacklevel=2,
            )
        return value

    def on_train_end(self, logs: Logs = None) -> None:
        if self.stopped_epoch > 0 and self.verbose > 0:
            print_message(f"Epoch {self.stopped_epoch + 1}: early stopping\n")
        if self.restore_best_weights and self.best_weights is not None:
            if self.verbose > 0:
                print_message(f"Restoring model weights from the end of the best epoch: {self.best_epoch + 1}.\n")
            self.model.set_weights(self.best_weights)
