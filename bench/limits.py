"""What the machine can do at best, measured in the same run: limits.c, compiled by the C compiler that is there."""

from __future__ import annotations

import ctypes
import os
import shlex
import subprocess
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np

FLAGS = {  # of the instruction set, as in setup.py, and the bytes of its vectors
    "avx512": (["-march=x86-64-v4", "-mprefer-vector-width=512"], 64),
    "avx2": (["-march=x86-64-v3"], 32),
    "neon": ([], 16),
    "baseline": ([], 16),
}
CHAINS = 12  # as in limits.c
TYPICAL = {"L1": 32 << 10, "L2": 512 << 10, "L3": 16 << 20}
LARGEST = 256 << 20  # bytes to read from memory


def cache_sizes() -> dict[str, int]:
    """Return the bytes of the data caches, as Linux tells them; elsewhere typical ones."""
    sizes = {}
    for folder in Path("/sys/devices/system/cpu/cpu0/cache").glob("index*"):
        level, kind, size = ((folder / name).read_text().strip() for name in ("level", "type", "size"))
        if kind != "Instruction":
            sizes[f"L{level}"] = int(size.removesuffix("K")) << 10
    return TYPICAL | sizes


def level(nbytes: float) -> str:
    """Return the smallest memory that holds so many bytes."""
    return next((name for name, size in sorted(cache_sizes().items()) if nbytes <= size), "DRAM")


class NoCompilerError(Exception):
    """limits.c cannot be compiled."""


class Limits:
    """The machine's limits for code of one instruction set, on a number of threads.

    Parameters
    ----------
    isa : str
        Of `fastnn._kernels.core.get_isa`.
    threads : int
    folder : Path
        Where the compiled library goes.

    Raises
    ------
    NoCompilerError
    """

    def __init__(self, isa: str, threads: int, folder: Path):
        flags, self.vector = FLAGS[isa]
        library = folder / "limits.so"
        compiler = shlex.split(os.environ.get("CC", "cc"))
        source = Path(__file__).with_name("limits.c")
        options = ["-O3", f"-DVECTOR={self.vector}", "-shared", "-fPIC", "-o", library, source]
        try:
            subprocess.run([*compiler, *flags, *options], check=True)
        except (OSError, subprocess.CalledProcessError) as error:
            why = "The machine's limits are not measured, for want of a C compiler"
            raise NoCompilerError(f"{why}: {error}") from error
        self.library = ctypes.CDLL(str(library))
        self.library.multiply_adds.argtypes = [ctypes.c_long]
        self.library.reads.argtypes = [ctypes.c_void_p, ctypes.c_size_t, ctypes.c_long]
        self.library.multiply_adds.restype = self.library.reads.restype = ctypes.c_double
        self.threads = threads
        self.pool = ThreadPoolExecutor(threads)

    def together(self, call: Callable[[int], float]) -> Callable[[], float]:
        """Return the function that calls ``call(number)`` on all threads (ctypes lets go of the GIL)."""
        if self.threads == 1:
            return lambda: call(0)
        return lambda: sum(self.pool.map(call, range(self.threads)))

    def multiply_adds(self, repeats: int) -> Callable[[], float]:
        return self.together(lambda number: self.library.multiply_adds(repeats))

    def reads(self, memory: str, total: int) -> Callable[[], float]:
        """Return the function that reads about ``total`` bytes from one level of memory, on each thread."""
        sizes = cache_sizes()
        spans = {"L1": sizes["L1"] // 2, "L2": sizes["L2"] // 2, "L3": 2 * sizes["L2"], "DRAM": 4 * sizes["L3"]}
        span = min(spans[memory], LARGEST)
        block = CHAINS * self.vector
        span = max(1, span // block) * block
        buffers = [np.ones(span + 64, np.uint8) for _ in range(self.threads)]
        addresses = [-(-buffer.ctypes.data // 64) * 64 for buffer in buffers]

        def read(number: int) -> float:
            return self.library.reads(addresses[number], span, max(1, total // span))

        read.buffers = buffers  # alive as long as the function
        return self.together(read)
