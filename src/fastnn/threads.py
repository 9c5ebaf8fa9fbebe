"""Who governs our thread pool: threadpoolctl, and through it joblib's workers, and each Python thread for itself."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import threadpoolctl

from ._kernels import core

__all__ = ["PoolController", "limited"]


@contextmanager
def limited(n: int) -> Iterator[None]:
    """Let what the calling Python thread runs use at most ``n`` threads, for the length of a ``with``; 0: no limit.

    Other threads of Python are not concerned. A limit is never more than the one around it, nor than `set_num_threads`
    allows.
    """
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
        core.set_num_threads(num_threads)

    def get_version(self) -> str:
        """Return the version of the package."""
        from . import __version__

        return __version__

    def set_additional_attributes(self) -> None:
        """Show the instruction set in ``threadpool_info``."""
        self.architecture = core.get_isa()


threadpoolctl.register(PoolController)
