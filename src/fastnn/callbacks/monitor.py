"""What callbacks that wait for a metric to improve have in common."""

from __future__ import annotations

import numpy as np

from ..utils import checks
from .callback import Callback, Logs

__all__ = ["MonitorCallback"]

# How metrics are named that are better when larger, for those that do not say so themselves.
_LARGER_IS_BETTER = ("accuracy", "acc", "auc", "precision", "recall", "r2_score", "f1_score")


class MonitorCallback(Callback):
    """Base of callbacks that compare a metric from epoch to epoch (Keras' `MonitorCallback`).

    Parameters
    ----------
    monitor : str
        Name of the metric in the logs, such as "val_loss".
    mode : {"auto", "min", "max"}
        Whether less or more is better; "auto" asks the metric itself.
    min_delta : float
        The least change that counts as an improvement.

    Raises
    ------
    ValueError
        For an unknown ``mode``, or an argument of another kind; before training, if "auto" cannot tell the direction.
    """

    def __init__(self, monitor: str, mode: str, min_delta: float) -> None:
        super().__init__()
        if not isinstance(monitor, str):
            raise ValueError(f"Argument `monitor` must be the name of a metric. Received: monitor={monitor!r}")
        if mode not in ("auto", "min", "max"):
            raise ValueError(f"mode must be 'auto', 'min' or 'max', got {mode!r}")
        self.monitor = monitor
        self.mode = mode
        self.min_delta = abs(checks.real("min_delta", min_delta))
        self._sign = 0.0

    def on_train_begin(self, logs: Logs = None) -> None:
        self._sign = self._direction()

    def _improves(self, value: float, reference: float | None) -> bool:
        """Whether ``value`` beats ``reference`` by more than ``min_delta``."""
        if np.ndim(value):
            raise ValueError(
                f"{type(self).__name__} needs one number an epoch, but {self.monitor!r} has {np.size(value)} values: "
                "average them in the metric."
            )
        if reference is None:
            return True
        return self._sign * (value - reference) > self.min_delta

    def _direction(self) -> float:
        """Return +1 where more is better, -1 where less is."""
        if self.mode != "auto":
            return 1.0 if self.mode == "max" else -1.0
        name = self.monitor.removeprefix("val_")
        if name == "loss":
            return -1.0
        for metric in _plain_metrics(self.model):
            if metric.name == name and getattr(metric, "_direction", None):
                return 1.0 if metric._direction == "up" else -1.0
        if name.endswith(_LARGER_IS_BETTER):
            return 1.0
        raise ValueError(
            f"{type(self).__name__}: whether {self.monitor!r} should grow or shrink is not known; "
            "pass mode='max' or mode='min'"
        )


def _plain_metrics(model: object) -> list:
    found = []
    for metric in getattr(model, "metrics", ()):
        found.extend(getattr(metric, "metrics", None) or [metric])
    return found
