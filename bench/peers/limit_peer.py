"""The processor's limit: the multiply-adds of a training's matrix products, from registers, and nothing else.

What that takes of fastnn's time is the share of the peak that its training reaches. Nobody can be faster who multiplies
everything; fastnn leaves out zeros, so that of a training on pictures its share may be above one.
"""

from __future__ import annotations

import tempfile
from pathlib import Path

from limits import Limits, NoCompilerError
from report import LIMIT
from workloads import Task

from fastnn._kernels import core
from peers import CannotError, Trainer

VERSION: dict[str, str] = {}


def trainers(task: Task) -> dict[str, Trainer]:
    with tempfile.TemporaryDirectory() as folder:
        try:
            limits = Limits(core.get_isa(), task.threads, Path(folder))
        except NoCompilerError as missing:
            raise CannotError(str(missing)) from None
    flops = task.workload.flops * (2 if task.dtype == "float64" else 1)  # half as many lanes
    repeats = max(1, round(flops / task.threads / limits.library.multiply_adds(1)))
    return {LIMIT: Trainer(limits.multiply_adds(repeats), None)}
