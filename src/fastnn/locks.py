"""Locks between threads of Python, and forks: a child never waits for a thread that it does not have."""

from __future__ import annotations

import os
import threading
import weakref
from collections.abc import Callable

__all__ = ["ReentrantLock", "brief_lock"]

_locks: weakref.WeakSet[ReentrantLock] = weakref.WeakSet()


class ReentrantLock:
    """A lock for what may take long, so that no fork waits for it.

    Parameters
    ----------
    abandoned : callable, optional
        Called in a forked process if another thread held the lock: what that thread was doing will not be done.

    Attributes
    ----------
    held : threading.RLock
        To be taken: ``with lock.held:``. In a forked process it is a new one if another thread held it.
    """

    __slots__ = ("__weakref__", "_abandoned", "held")

    def __init__(self, abandoned: Callable[[], None] | None = None) -> None:
        self._abandoned = abandoned
        self.held = threading.RLock()
        _locks.add(self)

    def renew(self) -> None:
        """After a fork: take another lock in the place of one that nobody will release."""
        if self.held.acquire(blocking=False):
            self.held.release()
            return
        self.held = threading.RLock()
        if self._abandoned is not None:
            self._abandoned()


def brief_lock() -> threading.Lock:
    """Return a lock for what takes microseconds: a fork waits for whoever holds it."""
    lock = threading.Lock()
    if hasattr(os, "register_at_fork"):
        os.register_at_fork(before=lock.acquire, after_in_parent=lock.release, after_in_child=lock.release)
    return lock


def _renew_all() -> None:
    for lock in list(_locks):
        lock.renew()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_renew_all)
