"""How long programs run without returning to Python."""

from __future__ import annotations

__all__ = ["Pace"]

_STRETCH = 0.05  # seconds without returning to Python: Ctrl-C and the progress bar wait no longer


class Pace:
    """Learns how many batches take about `_STRETCH` seconds."""

    def __init__(self) -> None:
        self._seconds = 0.0

    def batches(self) -> int:
        """Return how many batches to run next."""
        if not self._seconds:
            return 1
        return max(1, min(1 << 20, int(_STRETCH / self._seconds)))

    def note(self, batches: int, seconds: float) -> None:
        """Learn that so many batches took so long."""
        a_batch = max(seconds / batches, 1e-8)
        self._seconds = (self._seconds + a_batch) / 2 if self._seconds else a_batch
