"""Build of the compiled floor; everything else is in pyproject.toml.

The kernels are one C translation unit, compiled once per instruction set, so the objects are made
here, in parallel and only when a source, a header or a flag has changed, and then linked with the
Cython module into `fastnn._kernels.core`.
"""

import os
import platform
import shlex
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from Cython.Build import cythonize
from setuptools import Extension, setup
from setuptools.command.build_ext import build_ext as _build_ext

KERNELS = Path("src/fastnn/_kernels")
C = KERNELS / "c"
ONCE = ("flag", "cpus", "crew", "pool", "phases", "worth", "exec", "orders", "isa")

# Summation order is part of the contract (same seed, same bits): nothing here may reorder or contract.
# Integers wrap around as NumPy's do.
C_FLAGS = "-O3 -g0 -std=gnu11 -fPIC -fwrapv -fno-math-errno -fno-trapping-math".split()
C_FLAGS += "-ffp-contract=off -fvisibility=hidden -Wall -Wextra".split()
CYTHON_FLAGS = "-O2 -g0 -std=gnu11 -fPIC -fvisibility=hidden".split()

# Instruction set -> flags, by machine; isa.c has the same names. The slowest to compile comes first.
VARIANTS = {
    "x86_64": {
        "avx512": ["-march=x86-64-v4", "-mprefer-vector-width=512"],
        "avx2": ["-march=x86-64-v3"],
        "baseline": ["-march=x86-64"],
    },
    "aarch64": {"neon": ["-fno-schedule-insns"]},  # or GCC moves loads up until sums no longer fit the registers
}
SAME_MACHINE = {"amd64": "x86_64", "arm64": "aarch64"}


def variants():
    machine = platform.machine().lower()
    return VARIANTS.get(SAME_MACHINE.get(machine, machine), {"baseline": []})


def usable_cpus():
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else 2


def newer_than(target, depfile):
    """Whether anything that the compiler read for `target` has changed since."""
    made = target.stat().st_mtime
    names = depfile.read_text().replace("\\\n", " ").split(":", 1)[1]
    sources = [Path(name) for name in shlex.split(names)]
    return any(not s.exists() or s.stat().st_mtime > made for s in sources)


def compile_object(compiler, source, target, flags):
    """Compile one object unless it is up to date with its sources and its command."""
    depfile, log = target.with_suffix(".d"), target.with_suffix(".cmd")
    command = [*compiler, *flags, "-MMD", "-MF", str(depfile), "-c", str(source), "-o", str(target)]
    line = shlex.join(command)
    known = log.exists() and target.exists() and depfile.exists() and log.read_text() == line
    if known and not newer_than(target, depfile):
        return
    print(line, flush=True)
    log.unlink(missing_ok=True)  # an interrupted build leaves nothing that looks finished
    subprocess.run(command, check=True)
    log.write_text(line)


class build_ext(_build_ext):
    """Makes the objects itself and leaves the linking to setuptools."""

    def units(self, ext):
        """What to compile: (source, object name, flags), the slowest first."""
        include = [f"-I{C}"]
        for isa, flags in variants().items():
            names = [f"-DFNN_ISA={isa}", f"-DFNN_TABLE=fnn_table_{isa}"]
            yield C / "kernels.c", f"kernels-{isa}.o", C_FLAGS + flags + include + names
        python = [f"-I{d}" for d in self.include_dirs] + [f"-D{n}={v}" for n, v in ext.define_macros]
        for source in ext.sources:
            yield Path(source), f"{Path(source).stem}-py.o", CYTHON_FLAGS + include + python
        for name in ONCE:
            yield C / f"{name}.c", f"{name}.o", C_FLAGS + include

    def build_extension(self, ext):
        # Not build_temp: an editable install throws that away, and the kernels take a while.
        where = Path("build") / f"objects-{self.plat_name}-{sys.implementation.cache_tag}{sys.abiflags}"
        where.mkdir(parents=True, exist_ok=True)
        compiler = list(self.compiler.compiler_so)
        units = [(source, where / name, flags) for source, name, flags in self.units(ext)]
        with ThreadPoolExecutor(self.parallel or usable_cpus()) as pool:
            for done in [pool.submit(compile_object, compiler, *unit) for unit in units]:
                done.result()
        ext.extra_objects = [str(target) for _, target, _ in units]
        ext.depends = ext.extra_objects
        ext.sources = []
        super().build_extension(ext)


if sys.platform == "win32":
    sys.exit("fastnn's compiled floor needs POSIX threads and gcc or clang: use WSL on Windows.")
if sys.platform == "darwin":
    os.environ.setdefault("ARCHFLAGS", f"-arch {platform.machine()}")  # flags are for one machine

core = Extension("fastnn._kernels.core", [str(KERNELS / "core.pyx")], libraries=["m", "pthread"])
setup(
    cmdclass={"build_ext": build_ext},
    ext_modules=cythonize(
        [core],
        build_dir="build/cython",
        include_path=[str(KERNELS)],
        compiler_directives={"language_level": 3, "freethreading_compatible": True},
    ),
)
