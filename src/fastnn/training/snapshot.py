"""A copy of weights and optimizer state, to go back to when training diverges."""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np

from .._kernels.core import Plan
from ..tensor import Variable

__all__ = ["Snapshot"]


class Snapshot:
    """Copies of variables, taken again and again into the same memory.

    Parameters
    ----------
    variables : iterable of Variable
    """

    def __init__(self, variables: Iterable[Variable]) -> None:
        self.variables = list({id(v): v for v in variables}.values())
        self._copies = [np.empty_like(v.array) for v in self.variables]
        self._plan = Plan()
        for variable, copy in zip(self.variables, self._copies, strict=True):
            self._plan.map("copy", copy, variable.array)

    def take(self) -> None:
        """Copy the variables as they are now."""
        self._plan.run()

    def restore(self) -> None:
        """Put the variables back to the copy."""
        for variable, copy in zip(self.variables, self._copies, strict=True):
            variable.load(copy)
