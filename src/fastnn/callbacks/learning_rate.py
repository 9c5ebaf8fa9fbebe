"""Callbacks that change the optimizer's learning rate."""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from ..utils import checks
from .callback import Callback, Logs
from .monitor import MonitorCallback
from .progbar import print_message

__all__ = ["LearningRateScheduler", "ReduceLROnPlateau"]


def _takes(function: Callable[..., Any], *arguments: Any) -> bool:
    """Whether a function can be called with these arguments, as far as its signature tells."""
    try:
        inspect.signature(function).bind(*arguments)
    except TypeError:
        return False
    except ValueError:  # it has none
        pass
    return True


def _learning_rate(model: Any) -> float:
    return float(np.asarray(model.optimizer.learning_rate))


class LearningRateScheduler(Callback):
    """Sets the learning rate before each epoch (Keras' `LearningRateScheduler`).

    Parameters
    ----------
    schedule : callable
        ``schedule(epoch, learning_rate)``, or ``schedule(epoch)``, returns the new learning rate, a float.
    verbose : int, default 0
        1: say so.

    Raises
    ------
    TypeError
        If ``schedule`` is not callable.
    ValueError
        If what it returns is not a finite float.
    """

    def __init__(self, schedule: Callable[[int, float], float], verbose: int = 0) -> None:
        super().__init__()
        if not callable(schedule):
            raise TypeError(f"schedule must be a function of (epoch, learning_rate), got {schedule!r}")
        self.schedule = schedule
        self.verbose = checks.verbosity(verbose)
        self._given_rate = _takes(schedule, 0, 0.0)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        value = self.schedule(epoch, _learning_rate(self.model)) if self._given_rate else self.schedule(epoch)
        value = value.numpy().item() if hasattr(value, "numpy") else value
        if not isinstance(value, (float, np.floating)) or not np.isfinite(value):
            raise ValueError(f"schedule must return a finite float, got {value!r} for epoch {epoch}")
        self.model.optimizer.learning_rate = float(value)
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: LearningRateScheduler setting learning rate to {value}.\n")

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        if logs is not None:
            logs["learning_rate"] = _learning_rate(self.model)


class ReduceLROnPlateau(MonitorCallback):
    """Lowers the learning rate when a metric has stopped improving (Keras' `ReduceLROnPlateau`).

    Parameters
    ----------
    monitor : str, default "val_loss"
    factor : float, default 0.1
        The new rate is the old one times this; below 1.
    patience : float, default 10
        Epochs without improvement after which the rate is lowered.
    verbose : int, default 0
        1: say so.
    mode : {"auto", "min", "max"}
    min_delta : float, default 1e-4
    cooldown : int, default 0
        Epochs to wait after lowering before looking again.
    min_lr : float, default 0
    """

    def __init__(
        self,
        monitor: str = "val_loss",
        factor: float = 0.1,
        patience: float = 10,
        verbose: int = 0,
        mode: str = "auto",
        min_delta: float = 1e-4,
        cooldown: int = 0,
        min_lr: float = 0.0,
    ) -> None:
        super().__init__(monitor, mode, min_delta)
        self.factor = checks.real("factor", factor, above=0.0, below=1.0)
        self.patience = checks.real("patience", patience, minimum=0.0, finite=False)
        self.verbose = checks.verbosity(verbose)
        self.cooldown = checks.integer("cooldown", cooldown, minimum=0)
        self.min_lr = checks.real("min_lr", min_lr)
        self._reset()

    def _reset(self) -> None:
        self.best = None
        self.cooldown_counter = 0
        self.wait = 0

    def in_cooldown(self) -> bool:
        """Whether epochs of cooldown are left."""
        return self.cooldown_counter > 0

    def on_train_begin(self, logs: Logs = None) -> None:
        super().on_train_begin(logs)
        self._reset()

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = {} if logs is None else logs
        logs["learning_rate"] = _learning_rate(self.model)
        current = logs.get(self.monitor)
        if current is None:
            warnings.warn(
                f"Learning rate reduction is conditioned on metric `{self.monitor}` which is not "
                f"available. Available metrics are: {','.join(logs)}.",
                stacklevel=2,
            )
            return
        if self.in_cooldown():
            self.cooldown_counter -= 1
            self.wait = 0
        if self._improves(current, self.best):
            self.best = current
            self.wait = 0
        elif not self.in_cooldown():
            self.wait += 1
            if self.wait >= self.patience:
                self._reduce(epoch)

    def _reduce(self, epoch: int) -> None:
        old = _learning_rate(self.model)
        if old <= np.float32(self.min_lr):  # the rate may be kept in float32
            return
        new = max(old * self.factor, self.min_lr)
        self.model.optimizer.learning_rate = new
        self.cooldown_counter = self.cooldown
        self.wait = 0
        if self.verbose > 0:
            print_message(f"\nEpoch {epoch + 1}: ReduceLROnPlateau reducing learning rate to {new}.\n")
