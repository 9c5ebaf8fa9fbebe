"""What is trained on: rows of features, targets and weights, as programs take them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from scipy import sparse

from ..ops.sparse import taking_rows
from ..sparse import CsrSource, stays_sparse

__all__ = ["TrainingData"]


@dataclass
class TrainingData:
    """What is trained on.

    Attributes
    ----------
    X : ndarray (C-contiguous) or sparse CSR matrix, shape (samples, features)
    targets : ndarray of shape (samples,) or (samples, outputs)
        As the objective wants them.
    sample_weight : ndarray of shape (samples,) or None
    rows : ndarray of int64 or None
        The rows to train on, in their order before shuffling; None: all.
    thin : bool
        Whether programs take features as a `Csr`.
    """

    X: Any
    targets: np.ndarray
    sample_weight: np.ndarray | None = None
    rows: np.ndarray | None = None
    thin: bool = field(init=False)
    _features: dict[np.dtype, Any] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        self.thin = stays_sparse(self.X)

    @property
    def samples(self) -> int:
        """How many rows are trained on."""
        return self.X.shape[0] if self.rows is None else len(self.rows)

    def sources(self, dtype: np.dtype) -> list[Any]:
        """Return what programs of this dtype are bound to: features, targets, and weights if there are any."""
        if dtype not in self._features:
            self._features[dtype] = self._source(dtype)
        return [each for each in (self._features[dtype], self.targets, self.sample_weight) if each is not None]

    def _source(self, dtype: np.dtype) -> Any:
        if self.thin:
            return CsrSource(self.X, dtype)
        return self.X.toarray() if sparse.issparse(self.X) else self.X

    def traced(
        self, function: Callable[..., Any], rows: int, dtype: np.dtype, class_numbers: bool
    ) -> tuple[Callable[..., Any], list[tuple]]:
        """Return a function of features, targets and weights as it is to be traced for batches of so many rows.

        And shape and dtype of each input, as `sources` gives them.
        """
        room = self.sources(dtype)[0].room(rows) if self.thin else None
        function, first = taking_rows(function, (rows, *self.X.shape[1:]), dtype, room)
        others = [(self.targets, np.dtype("int64") if class_numbers else dtype)]
        if self.sample_weight is not None:
            others.append((self.sample_weight, dtype))
        return function, [*first, *(((rows, *each.shape[1:]), t) for each, t in others)]
