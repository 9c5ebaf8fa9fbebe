"""Registers our thread pool with threadpoolctl, so that ``threadpool_limits`` and joblib's workers govern it."""

from __future__ import annotations

import threadpoolctl

from ._kernels import core

__all__ = ["PoolController"]


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
