"""The progress line of Keras 3, character for character."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable

import numpy as np

__all__ = ["Progbar", "print_message"]

_BOLD, _GREEN, _WHITE, _END = "\x1b[1m", "\x1b[32m", "\x1b[37m", "\x1b[0m"


def print_message(message: str) -> None:
    """Write to stdout as it is now and flush; what its encoding lacks becomes '='."""
    try:
        sys.stdout.write(message)
    except UnicodeEncodeError:
        encoding = sys.stdout.encoding or "utf-8"
        plain = message.replace("━", "=").encode(encoding, errors="ignore").decode(encoding)
        sys.stdout.write(plain)
    sys.stdout.flush()


_WIDTH = 20  # characters of the bar
_INTERVAL = 0.05  # seconds between two updates on the screen


class Progbar:
    """Displays the progress of an epoch as Keras does.

    Parameters
    ----------
    target : int or None
        Steps expected; None if unknown.
    verbose : {0, 1, 2}
        0 silent, 1 a bar, 2 one line at the end.
    """

    def __init__(self, target: int | None, verbose: int = 1) -> None:
        self.target = target
        self.verbose = verbose
        self._metrics: dict[str, float | np.ndarray] = {}  # in the order of arrival
        self._start = time.time()
        self._after_first: float | None = None
        self._last_update = 0.0
        self._last_width = 0

    def update(self, current: int, metrics: Iterable[tuple[str, float | np.ndarray]], finalize: bool) -> None:
        """Show that ``current`` steps are done, and metrics as they are now; ``finalize`` ends the line."""
        self._metrics.update(metrics)
        now = time.time()
        step_time = self._step_duration(current, now)
        if self.verbose == 1:
            if now - self._last_update < _INTERVAL and not finalize:
                return
            self._draw(current, now, step_time, finalize)
        elif self.verbose == 2 and finalize and self.target:
            digits = len(str(self.target))
            line = f"{current:{digits}d}/{self.target} - {now - self._start:.0f}s"
            line += f" -{_duration(step_time)}{self._metrics_text(signed=False)}\n"
            print_message(line)
        self._last_update = now

    def _step_duration(self, current: int, now: float) -> float:
        """Return seconds a step; the first, which is not representative, counts only while alone."""
        if not current:
            return 0.0
        if self._after_first is not None and current > 1:
            duration = (now - self._after_first) / (current - 1)
        else:
            duration = (now - self._start) / current
        if current == 1:
            self._after_first = now
        return duration

    def _draw(self, current: int, now: float, step_time: float, finalize: bool) -> None:
        head = "\b" * self._last_width + "\r" if _rewrites_lines() else "\n"
        bar, visible = self._bar(current)
        clock = f"{now - self._start:.0f}s"
        if self.target and not finalize:
            clock = _eta(step_time * (self.target - current))
        tail = _duration(step_time) + self._metrics_text()
        visible += 1 + len(clock) + len(tail)
        line = f"{head}{bar} {_BOLD}{clock}{_END}{tail}"
        if self._last_width > visible:
            line += " " * (self._last_width - visible)
        print_message(line + "\n" if finalize else line)
        self._last_width = visible

    def _bar(self, current: int) -> tuple[str, int]:
        """Return the counter and the bar, and how many characters of them can be seen."""
        if self.target is None or self.target <= 0:
            text = f"{current:7d}/Unknown"
            return text, len(text)
        digits = len(str(self.target))
        count = f"{current:{digits}d}/{self.target}"
        done = int(_WIDTH * (current / self.target))
        bar = f"{_BOLD}{count}{_END} "
        if done > 0:
            bar += f"{_GREEN}{'━' * done}{_END}"
        bar += f"{_WHITE}{'━' * (_WIDTH - done)}{_END}"
        return bar, len(count) + 1 + max(done, 0) + max(_WIDTH - done, 0)

    def _metrics_text(self, signed: bool = True) -> str:
        """Return the metrics, of several values their mean.

        Without ``signed`` negative ones are in scientific notation, as Keras' lines have them.
        """
        text = ""
        for name, value in self._metrics.items():
            if isinstance(value, np.ndarray):
                value = float(np.mean(value))
            plain = (abs(value) if signed else value) > 1e-3
            text += f" - {name}: {value:.4f}" if plain else f" - {name}: {value:.4e}"
        return text


def _rewrites_lines() -> bool:
    """Whether the line may be rewritten in place: Keras does so wherever POSIX is, also in a file."""
    return os.name == "posix" or sys.stdout.isatty() or "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ


def _duration(seconds: float) -> str:
    if seconds >= 1 or seconds == 0:
        return f" {seconds:.0f}s/step"
    if seconds >= 1e-3:
        return f" {seconds * 1e3:.0f}ms/step"
    return f" {seconds * 1e6:.0f}us/step"


def _eta(seconds: float) -> str:
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    if seconds > 3600:
        return f"{hours}:{minutes:02d}:{int(seconds % 60):02d}"
    if seconds > 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds)}s"
