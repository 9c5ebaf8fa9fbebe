"""Who is compared: one file a peer, all with the same face.

A peer's file has ``VERSION``, and of these what the peer can do:

- ``trainers(task)`` → a `Trainer` for each way to train a `workloads.Task`, by name;
- ``predictors(weights, x, threads)`` → for each way to compute the network's softmax outputs of x, a function
  of no arguments from the NumPy array to a NumPy array, by name.

What a peer cannot express raises `CannotError` with the reason.
"""

from __future__ import annotations

import importlib
from collections.abc import Callable, Iterable, Iterator, Sequence
from types import ModuleType
from typing import NamedTuple

import numpy as np

PEERS = ("fastnn", "torch", "jax", "keras", "sklearn", "onnxruntime", "numpy", "limit")


class Trainer(NamedTuple):
    """One way to train a task."""

    train: Callable[[], object]  # over the whole workload, on from where the last call ended
    weights: Callable[[], Sequence[np.ndarray]] | None  # (inputs, units) and (units,) of every layer, if it has any


class CannotError(Exception):
    """The peer has no way to express what is asked."""


def load(names: Iterable[str], face: str) -> Iterator[ModuleType]:
    """Import the peers that have this face; say which cannot be imported, and why."""
    for name in names:
        try:
            peer = importlib.import_module(f"peers.{name}_peer")
        except ImportError as error:
            print(f"{name} takes no part: {error}")
            continue
        if hasattr(peer, face):
            yield peer


def versions(loaded: Iterable[ModuleType]) -> dict[str, str]:
    """Return the versions of all who took part."""
    return {name: version for peer in loaded for name, version in peer.VERSION.items()}
