"""A copy of weights and optimizer state, to go back to when training diverges."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from .._kernels.core import Plan
from ..tensor import Variable, laid_out_like

__all__ = ["Snapshot"]


class Snapshot:
    """The last finite state of variables: copied again and again, in C, into memory made once.

    Parameters
    ----------
    weights : sequence of Variable
        These must be finite for a copy to count.
    others : sequence of Variable
        Copied along.
    """

    def __init__(self, weights: Sequence[Variable], others: Sequence[Variable]) -> None:
        unique = {id(variable): variable for variable in (*weights, *others)}
        self.variables = list(unique.values())
        watched = {id(variable) for variable in weights}
        self._good, self._spare = (_Copy(self.variables, watched) for _ in range(2))

    def take(self) -> bool:
        """Copy the variables as they are now; return False, and keep the copy before, if weights are not finite."""
        if not self._spare.take():
            return False
        self._good, self._spare = self._spare, self._good
        return True

    def restore(self) -> None:
        """Put the variables back to the last finite copy."""
        for variable, array in zip(self.variables, self._good.arrays, strict=True):
            variable.load(array)


class _Copy:
    """One copy. What is watched lies side by side, so that one sum tells whether all of it is finite."""

    def __init__(self, variables: Sequence[Variable], watched: set[int]) -> None:
        self.arrays: list[np.ndarray] = []
        self._plan = Plan()
        self._sums: list[np.ndarray] = []
        dtypes = {v.dtype for v in variables if id(v) in watched}
        room = {t: sum(v.size for v in variables if id(v) in watched and v.dtype == t) for t in dtypes}
        free = {dtype: np.zeros(size, dtype) for dtype, size in room.items()}
        self._flat = list(free.values())
        for variable in variables:
            array = np.empty_like(variable.array)
            if id(variable) in watched:
                memory, free[variable.dtype] = np.split(free[variable.dtype], [variable.size])
                array = laid_out_like(memory, variable.array)
            self.arrays.append(array)
            self._plan.map("copy", array, variable.array)
        for flat in self._flat:
            total = np.zeros((1, 1), flat.dtype)
            self._plan.reduce("sum", total, flat.reshape(1, -1, 1))
            self._sums.append(total)

    def take(self) -> bool:
        self._plan.run()
        return all(
            np.isfinite(total[0, 0]) or bool(np.isfinite(flat).all())
            for total, flat in zip(self._sums, self._flat, strict=True)
        )
