"""Checks of the arguments of ``compile``, ``fit`` and their like, before anything is changed."""

from __future__ import annotations

from collections.abc import Container
from typing import Any

import numpy as np

from ..utils import checks

__all__ = ["check_counts", "check_fraction", "check_frequency", "check_verbose", "check_way"]


def check_verbose(verbose: Any) -> int | str:
    """Return 0, 1, 2 or "auto", which callbacks are told of as it is."""
    if isinstance(verbose, (bool, np.bool_)):
        return bool(verbose)
    if isinstance(verbose, str) and verbose == "auto":
        return verbose
    if not isinstance(verbose, str) and verbose in (0, 1, 2):
        return int(verbose)
    raise ValueError(f"verbose must be 0, 1, 2 or 'auto', got {verbose!r}")


def check_counts(minimum: int = 1, **values: Any) -> list[Any]:
    """Return each argument as an int, or None; raise ValueError unless it is an integer of at least ``minimum``."""
    return [checks.optional_integer(name, value, minimum=minimum) for name, value in values.items()]


def check_fraction(validation_split: Any) -> float:
    """Return the fraction as a float in [0, 1)."""
    return checks.real("validation_split", validation_split, minimum=0.0, below=1.0)


def check_frequency(validation_freq: Any) -> int | Container[int]:
    """Return the frequency if it is a positive integer or a container of epochs, which are integers."""
    if not isinstance(validation_freq, (int, str)) and isinstance(validation_freq, Container):
        for epoch in validation_freq if isinstance(validation_freq, (list, tuple, set, frozenset)) else ():
            checks.integer("validation_freq", epoch)
        return validation_freq
    return checks.integer("validation_freq", validation_freq, minimum=1)


def check_way(run_eagerly: Any, jit_compile: Any) -> tuple[bool, bool | str]:
    """Return whether steps run op by op, and whether as compiled programs: True, False or "auto"."""
    run_eagerly = run_eagerly is not None and checks.boolean("run_eagerly", run_eagerly)
    if not isinstance(jit_compile, bool) and not (isinstance(jit_compile, str) and jit_compile == "auto"):
        raise ValueError(f"jit_compile must be True, False or 'auto', got {jit_compile!r}")
    if run_eagerly and jit_compile is True:
        raise ValueError("run_eagerly=True and jit_compile=True contradict each other")
    return run_eagerly, jit_compile
