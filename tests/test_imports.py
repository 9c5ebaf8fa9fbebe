"""The floors: imports go downward only."""

import ast
from pathlib import Path

import pytest

import fastnn

ROOT = Path(fastnn.__file__).parent
# From the cellar up; a module may import from its own floor and those before it.
FLOORS = [
    {"_kernels"},
    {"config", "dtypes", "shapes", "locks", "threads", "structures", "tensor", "autograd"},
    {"ops", "random"},
    {
        "graph",
        "fusion",
        "schedule",
        "layout",
        "plan",
        "sparse",
        "program",
        "template",
        "records",
        "sequence",
        "function",
    },
    {
        "utils",
        "initializers",
        "regularizers",
        "constraints",
        "activations",
        "losses",
        "metrics",
        "optimizers",
        "layers",
    },
    {"models", "training", "callbacks"},
    {"estimators", "datasets", "plotting", "cli", "__main__"},
]


def floor_of(name):
    return next((i for i, floor in enumerate(FLOORS) if name in floor), None)


def imported_rooms(path):
    """Names of the top-level modules of fastnn that a file imports when it is loaded or run."""
    package = path.relative_to(ROOT).parts
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.level:
            base = package[: len(package) - node.level]
            names = [node.module] if node.module else [alias.name for alias in node.names]
            for name in names:
                parts = (*base, *name.split("."))
                if parts:
                    yield parts[0]
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("fastnn."):
            yield node.module.split(".")[1]


FILES = sorted(p for p in ROOT.rglob("*.py") if p.name != "__init__.py" or p.parent != ROOT)


@pytest.mark.parametrize("path", FILES, ids=lambda p: str(p.relative_to(ROOT)))
def test_imports_go_down(path):
    own = path.relative_to(ROOT).parts[0].removesuffix(".py")
    assert floor_of(own) is not None, f"{own} has no floor: add it to FLOORS and to docs/architecture.md"
    for room in imported_rooms(path):
        if floor_of(room) is not None:
            assert floor_of(room) <= floor_of(own), f"{own} imports {room}, which is above it"


def test_import_needs_only_numpy_and_threadpoolctl():
    import subprocess
    import sys

    code = "import sys; before = set(sys.modules); import fastnn; print(*set(sys.modules) - before)"
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    packages = {name.split(".")[0] for name in out.stdout.split() if "cython" not in name}  # its runtime has no file
    assert packages - sys.stdlib_module_names == {"fastnn", "numpy", "threadpoolctl"}
