"""In which order epochs see their rows: scikit-learn's."""

from __future__ import annotations

from typing import Any

import numpy as np

__all__ = ["Orders"]


class Orders:
    """Draws the order of each epoch: that of the epoch before, shuffled as `sklearn.utils.shuffle` would.

    Parameters
    ----------
    rows : ndarray of int64, shape (rows,)
        Before the first epoch.
    random_state : numpy.random.RandomState
        Is drawn from.
    """

    def __init__(self, rows: np.ndarray, random_state: np.random.RandomState) -> None:
        self._order, self._random_state = rows, random_state

    def next(self) -> np.ndarray:
        """Return the order of the next epoch."""
        positions = np.arange(len(self._order))
        self._random_state.shuffle(positions)
        self._order = self._order[positions]
        return self._order

    def mark(self) -> tuple[np.ndarray, Any]:
        """Return what `rewind` needs to draw the next orders again."""
        return self._order, self._random_state.get_state(legacy=False)

    def rewind(self, mark: tuple[np.ndarray, Any], drawn: int = 0) -> None:
        """Go back to a mark, and on as if only so many orders had been drawn since."""
        self._order, state = mark
        self._random_state.set_state(state)
        for _ in range(drawn):
            self.next()
