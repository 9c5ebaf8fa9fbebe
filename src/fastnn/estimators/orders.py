"""In which order epochs see their rows: scikit-learn's, drawn without the GIL, which other fits may want."""

from __future__ import annotations

from typing import Any

import numpy as np

from .._kernels import core

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
        self._draw(np.empty((1, len(self._order)), np.int64))
        return self._order

    def ahead(self, table: np.ndarray) -> None:
        """Fill the rows of a table, C-contiguous, with the next orders."""
        before = self._order, self._state()
        self._draw(table)
        self._before, self._after = before, self._state()

    def rewind(self, drawn: int = 0) -> None:
        """Go on as if only so many of the orders of the last `ahead` had been drawn.

        Numbers that somebody else has drawn from the same generator meanwhile, another thread from NumPy's global one,
        must not come again: then they all stay drawn.
        """
        if not _alike(self._state(), self._after):
            return
        self._order, state = self._before
        self._random_state.set_state(state)
        if drawn:
            self._draw(np.empty((drawn, len(self._order)), np.int64))

    def _draw(self, table: np.ndarray) -> None:
        core.shuffles(self._random_state._bit_generator, table, self._order)
        self._order = table[-1].copy()

    def _state(self) -> dict[str, Any]:
        return self._random_state.get_state(legacy=False)


def _alike(a: Any, b: Any) -> bool:
    """Whether two states of a generator are the same."""
    if isinstance(a, dict):
        return all(_alike(a[name], b[name]) for name in a)
    return bool(np.array_equal(a, b))
