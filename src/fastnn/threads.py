"""Who governs our thread pool: threadpoolctl, and through it joblib's workers, and each Python thread for itself."""

from __future__ import annotations

import os
import warnings
from collections.abc import Iterator
from contextlib import contextmanager

import threadpoolctl

from . import config
from ._kernels import core
from .shapes import as_size

__all__ = ["PoolController", "limited"]


@contextmanager
def limited(n: int) -> Iterator[None]:
    """Let what the calling Python thread runs use at most ``n`` threads, for the length of a ``with``; 0: no limit.

    Other threads of Python are not concerned. A limit is never more than the one around it, nor than `set_num_threads`
    allows.
    """
    n = min(as_size("n", n), config.MOST_THREADS)
    before = core.limit_threads(n)
    if before and not 0 < n < before:
        core.limit_threads(before)
    try:
        yield
    finally:
        core.limit_threads(before)


class PoolController(threadpoolctl.LibController):
    """threadpoolctl's view of our pool: ``user_api="fastnn"``."""

    user_api = "fastnn"
    internal_api = "fastnn"
    filename_prefixes = (core.__file__.rpartition("/")[2].partition(".")[0],)
    check_symbols = ("fnn_threads", "fnn_set_threads")

    def get_num_threads(self) -> int:
        """Return the number of threads in force."""
        return core.get_num_threads()

    def set_num_threads(self, num_threads: int) -> None:
        """Set the number of threads; threadpoolctl never passes less than 1."""
        config.set_num_threads(num_threads)

    def get_version(self) -> str:
        """Return the version of the package."""
        from . import __version__

        return __version__

    def set_additional_attributes(self) -> None:
        """Show the instruction set in ``threadpool_info``."""
        self.architecture = core.get_isa()


def _check_environment() -> None:
    """Warn of a FASTNN_NUM_THREADS that C has ignored: it takes digits alone."""
    given = os.environ.get("FASTNN_NUM_THREADS", "")
    good = given.isascii() and given.isdigit() and len(given) < 20 and 1 <= int(given) <= config.MOST_THREADS
    if given and not good:
        warnings.warn(f"FASTNN_NUM_THREADS must be a positive integer, got {given!r}: it is ignored", stacklevel=4)


_check_environment()
threadpoolctl.register(PoolController)
