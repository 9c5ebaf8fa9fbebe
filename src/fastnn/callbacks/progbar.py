"""The progress line of Keras 3, character for character."""

from __future__ import annotations

import os
import sys
import time
from collections.abc import Iterable

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


class Progbar:
    """Displays a progress bar (Keras' `utils.Progbar`).

    Parameters
    ----------
    target : int or None
        Steps expected; None if unknown.
    width : int, default 20
        Characters of the bar.
    verbose : {0, 1, 2}
        0 silent, 1 a bar, 2 one line at the end.
    interval : float, default 0.05
        Seconds between two updates on the screen.
    stateful_metrics : iterable of str, optional
        Metrics shown as they are; others are averaged over the steps.
    stateless_metrics : iterable of str, optional
        Metrics to average; others are shown as they are. Not together with ``stateful_metrics``.
    unit_name : str, default "step"
    """

    def __init__(
        self,
        target: int | None,
        width: int = 20,
        verbose: int = 1,
        interval: float = 0.05,
        stateful_metrics: Iterable[str] | None = None,
        stateless_metrics: Iterable[str] | None = None,
        unit_name: str = "step",
    ) -> None:
        if stateful_metrics is not None and stateless_metrics is not None:
            raise ValueError("pass either stateful_metrics or stateless_metrics, not both")
        self.target = target
        self.width = width
        self.verbose = verbose
        self.interval = interval
        self.unit_name = unit_name
        self._stateful = None if stateful_metrics is None else set(stateful_metrics)
        self._stateless = None if stateless_metrics is None else set(stateless_metrics)
        if self._stateful is None and self._stateless is None:
            self._stateful = set()
        self._sums: dict[str, list[float]] = {}  # name -> [sum, count], in the order of arrival
        self._seen = 0
        self._start = time.time()
        self._after_first: float | None = None
        self._last_update = 0.0
        self._last_width = 0

    def update(
        self,
        current: int,
        values: Iterable[tuple[str, float]] | None = None,
        finalize: bool | None = None,
    ) -> None:
        """Show that ``current`` steps are done, with ``(name, value)`` pairs of metrics.

        ``finalize`` ends the line; by default when ``current`` reaches the target.
        """
        if finalize is None:
            finalize = self.target is not None and current >= self.target
        self._take(current, values or (), finalize)
        self._seen = current
        now = time.time()
        step_time = self._step_duration(current, now)
        if self.verbose == 1:
            if now - self._last_update < self.interval and not finalize:
                return
            self._draw(current, now, step_time, finalize)
        elif self.verbose == 2 and finalize and self.target:
            digits = len(str(self.target))
            line = f"{current:{digits}d}/{self.target} - {now - self._start:.0f}s"
            line += f" -{_duration(step_time, self.unit_name)}{self._metrics(signed=False)}\n"
            print_message(line)
        self._last_update = now

    def add(self, n: int, values: Iterable[tuple[str, float]] | None = None) -> None:
        """Show that ``n`` more steps are done."""
        self.update(self._seen + n, values)

    def _take(self, current: int, values: Iterable[tuple[str, float]], finalize: bool) -> None:
        for name, value in values:
            averaged = name not in self._stateful if self._stateful is not None else name in self._stateless
            if not averaged or finalize:
                self._sums[name] = [value, 1]
            else:
                steps = max(current - self._seen, 1)
                total, count = self._sums.get(name, (0.0, 0))
                self._sums[name] = [total + value * steps, count + steps]

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
        tail = _duration(step_time, self.unit_name) + self._metrics()
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
        done = int(self.width * (current / self.target))
        bar = f"{_BOLD}{count}{_END} "
        if done > 0:
            bar += f"{_GREEN}{'━' * done}{_END}"
        bar += f"{_WHITE}{'━' * (self.width - done)}{_END}"
        return bar, len(count) + 1 + max(done, 0) + max(self.width - done, 0)

    def _metrics(self, signed: bool = True) -> str:
        """Return the averages; without ``signed`` negative ones in scientific notation, as Keras' lines have them."""
        text = ""
        for name, (total, count) in self._sums.items():
            average = total / max(1, count)
            plain = (abs(average) if signed else average) > 1e-3
            text += f" - {name}: {average:.4f}" if plain else f" - {name}: {average:.4e}"
        return text


def _rewrites_lines() -> bool:
    """Whether the line may be rewritten in place: Keras does so wherever POSIX is, also in a file."""
    return os.name == "posix" or sys.stdout.isatty() or "ipykernel" in sys.modules or "PYCHARM_HOSTED" in os.environ


def _duration(seconds: float, unit: str) -> str:
    if seconds >= 1 or seconds == 0:
        return f" {seconds:.0f}s/{unit}"
    if seconds >= 1e-3:
        return f" {seconds * 1e3:.0f}ms/{unit}"
    return f" {seconds * 1e6:.0f}us/{unit}"


def _eta(seconds: float) -> str:
    hours, minutes = int(seconds // 3600), int(seconds % 3600 // 60)
    if seconds > 3600:
        return f"{hours}:{minutes:02d}:{int(seconds % 60):02d}"
    if seconds > 60:
        return f"{int(seconds // 60)}:{int(seconds % 60):02d}"
    return f"{int(seconds)}s"
