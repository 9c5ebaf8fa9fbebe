"""A copy of weights and optimizer state, to go back to when training diverges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._kernels.core import Plan
from ..ops.update import place_guard
from ..structures import unique
from ..tensor import Variable

__all__ = ["Snapshot"]


class Snapshot:
    """The last finite state of variables; it may serve one training after the other.

    Parameters
    ----------
    weights : sequence of Variable
        These must be finite for a copy to be made.
    others : sequence of Variable
        Copied along.
    """

    def __init__(self, weights: Sequence[Variable], others: Sequence[Variable]) -> None:
        self.variables = unique((*weights, *others))
        self._storage = [variable.array for variable in self.variables]
        self._made_of = list(map(id, (*weights, *others)))
        self._copies: list[np.ndarray] = []
        self._look = Plan()
        place_guard(self._look, [variable.array for variable in weights])

    def is_of(self, weights: Sequence[Variable], others: Sequence[Variable]) -> bool:
        """Tell whether it was made of these variables."""
        return self._made_of == list(map(id, (*weights, *others)))

    def finite(self) -> bool:
        """Tell whether all weights are finite now."""
        self._look.run()
        return self._look.stopped_at is None

    def take(self) -> bool:
        """Copy the variables as they are now; return False, and keep the copy before, if weights are not finite."""
        if not self.finite():
            return False
        if not self._copies:
            self._copies = [array.copy("K") for array in self._storage]
        else:
            for copy, array in zip(self._copies, self._storage, strict=True):
                copy[...] = array
        return True

    def restore(self) -> None:
        """Put the variables back to the last finite copy."""
        for variable, array in zip(self.variables, self._copies, strict=True):
            variable.load(array)

    def forget(self) -> None:
        """Let go of the copies."""
        self._copies = []
