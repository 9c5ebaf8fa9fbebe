"""Checks of the parameters that cross-entropies have, as losses and as metrics."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from typing import Any

import numpy as np

from ..utils import checks

__all__ = ["crossentropy_parameters"]


def crossentropy_parameters(**given: Any) -> dict[str, Any]:
    """Return parameters of a cross-entropy as plain Python values, checked."""
    return {name: _CHECKS[name](name, value) for name, value in given.items()}


def _weights(name: str, value: float | Sequence[float]) -> float | list[float]:
    """Return one number, or a list of one for each class."""
    if isinstance(value, (list, tuple)) or np.ndim(value) == 1:
        return [checks.real(name, each, minimum=0.0) for each in value]
    return checks.real(name, value, minimum=0.0)


_CHECKS = {
    "alpha": _weights,
    "apply_class_balancing": checks.boolean,
    "axis": checks.integer,
    "from_logits": checks.boolean,
    "gamma": functools.partial(checks.real, minimum=0.0),
    "ignore_class": checks.optional_integer,
    "label_smoothing": functools.partial(checks.real, minimum=0.0, maximum=1.0),
    "q": functools.partial(checks.real, above=0.0, below=1.0),
}
