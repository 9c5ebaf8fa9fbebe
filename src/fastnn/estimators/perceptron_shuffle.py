"""The order in which the perceptron looks at rows: scikit-learn's, made without a loop over them."""

from __future__ import annotations

from functools import cache, lru_cache
from typing import Any

import numpy as np

__all__ = ["shuffled_positions"]

_FEW = 5  # 2**5 draws are made one by one, more of them together
_KEPT = 65536  # elements of a shuffle that is kept, half a megabyte


def shuffled_positions(n: int, seed: int) -> np.ndarray:
    """Return where each of n elements comes from in a shuffle: scikit-learn's for its linear models.

    Fisher and Yates' shuffle with Marsaglia's xorshift generator, 32 bits of state. Every pass takes the same seed:
    the order of a pass is that of the pass before, shuffled in the same way. So does every call of `partial_fit` from
    the same ``random_state``: what the last few have used is kept, unless it is large.
    """
    return (_kept_shuffle if n <= _KEPT else _shuffle)(n, seed)


def _shuffle(n: int, seed: int) -> np.ndarray:
    places = np.arange(n)
    others = places.copy()  # with which each place changes contents when its turn comes
    others[:-1] += (_draws(n - 1, seed) & 0x7FFFFFFF) % (n - places[:-1])
    return _exchanged(places, others)


_kept_shuffle = lru_cache(16)(_shuffle)


def _exchanged(places: np.ndarray, others: np.ndarray) -> np.ndarray:
    """Return what stands at each place after each has changed contents with one behind it, or itself, in turn.

    Not by doing so: a place gets what the last that changed with the same other left there, which is what had come to
    that one before its turn; and that has come from the last that changed with it, if any, and so on.
    """
    by_other = np.argsort(others.astype(np.min_scalar_type(len(others))), kind="stable")
    later, earlier = by_other[1:], by_other[:-1]
    same = others[later] == others[earlier]
    before = np.full_like(places, -1)
    before[later[same]] = earlier[same]
    came = places.copy()
    came[others] = places  # the last
    came = np.where((others == places) & (before >= 0), before, came)  # the last before its turn
    while not np.array_equal(came, further := came[came]):
        came = further
    return np.where(before < 0, others, came[before])


def _draws(n: int, seed: int) -> np.ndarray:
    """Return the first n states of the generator, uint32.

    Its step is linear over bits. So the first few states, all leaping as many steps at once, give as many again.
    """
    few = [_stepped(int(seed) or 1)]
    while len(few) < 1 << _FEW:
        few.append(_stepped(few[-1]))
    states, power = np.array(few, np.uint32), _FEW
    while len(states) < n:
        states = np.concatenate([states, _leapt(states, _leap(power))])
        power += 1
    return states[:n]


@cache
def _leap(power: int) -> np.ndarray:
    """Return what 2**power steps make of each value of each byte of a state, shape (4, 256)."""
    if power:
        half = _leap(power - 1)
        return _leapt(half, half)
    bytes_of_states = np.arange(256, dtype=np.uint32) << np.array([[0], [8], [16], [24]], np.uint32)
    return _stepped(bytes_of_states)


def _leapt(states: np.ndarray, leap: np.ndarray) -> np.ndarray:
    """Return what so many steps make of states: the sum of what they make of their bytes."""
    first, second, third, fourth = leap
    return first[states & 255] ^ second[states >> 8 & 255] ^ third[states >> 16 & 255] ^ fourth[states >> 24]


def _stepped(state: Any) -> Any:
    """Return the state, or the states, after a step."""
    state = state ^ (state << 13 & 0xFFFFFFFF)
    state = state ^ state >> 17
    return state ^ (state << 5 & 0xFFFFFFFF)
