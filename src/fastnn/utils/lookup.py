"""Finding things by name, with the nearest known names where there is none."""

from __future__ import annotations

import difflib
from collections.abc import Iterable

__all__ = ["nearest_names", "unknown_name"]


def nearest_names(name: str, known: Iterable[str], limit: int = 3, cutoff: float = 0.5) -> list[str]:
    """Return up to ``limit`` known names that resemble ``name`` by ``cutoff`` (0 … 1) or more, the most similar first.

    Of spellings that differ only in case and underscores, the one most like ``name`` stands for all.
    """
    spellings: dict[str, list[str]] = {}
    for candidate in sorted(known):
        spellings.setdefault(_bare(candidate), []).append(candidate)
    found = difflib.get_close_matches(_bare(name), list(spellings), n=limit, cutoff=cutoff)
    return [max(spellings[bare], key=lambda each: _likeness(name, each)) for bare in found]


def _bare(name: str) -> str:
    return name.lower().replace("_", "")


def _likeness(name: str, other: str) -> float:
    return difflib.SequenceMatcher(None, name, other).ratio()


def unknown_name(kind: str, name: str, known: Iterable[str]) -> ValueError:
    """Return the error for a name that no `get` knows: it proposes the nearest names and lists all of them.

    Examples
    --------
    >>> print(unknown_name("loss", "msee", ["mse", "mae"]))
    Unknown loss 'msee'. Did you mean 'mse' or 'mae'? Known names: mae, mse.
    """
    known = sorted(set(known), key=lambda candidate: (candidate.lower(), candidate))
    near = " or ".join(repr(candidate) for candidate in nearest_names(name, known))
    hint = f" Did you mean {near}?" if near else ""
    return ValueError(f"Unknown {kind} {name!r}.{hint} Known names: {', '.join(known)}.")
