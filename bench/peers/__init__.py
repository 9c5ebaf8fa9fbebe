"""Who is compared: one file a peer, each with the same face.

A peer's file may offer ``trainers(task)`` (see ``workloads.Task``), a dictionary from a label to a
function of no arguments that trains once over the whole workload. What a peer cannot do raises
``CannotError`` with the reason.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator
from types import ModuleType

PEERS = ("fastnn", "torch", "jax")


class CannotError(Exception):
    """The peer has no way to express what is asked."""


def load(names: tuple[str, ...], face: str) -> Iterator[ModuleType]:
    """Import the peers that have this face and are installed; name the others."""
    for name in names:
        try:
            peer = importlib.import_module(f"peers.{name}_peer")
        except ImportError as error:
            print(f"{name} is not installed: skipped ({error})")
            continue
        if hasattr(peer, face):
            yield peer
