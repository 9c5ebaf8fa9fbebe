"""The Cython layer refuses what C must never see."""

import re
from pathlib import Path

import numpy as np
import pytest
from numpy.lib.stride_tricks import as_strided

from fastnn._kernels import core
from fastnn._kernels.core import Plan


@pytest.mark.parametrize(
    ("build", "error", "message"),
    [
        (lambda p: p.map("exp", np.zeros(3), np.zeros(4)), ValueError, "does not broadcast"),
        (lambda p: p.map("exp", np.zeros(3, "f"), np.zeros(3)), TypeError, "must be float64"),
        (lambda p: p.map("add", np.zeros(3), np.zeros(3), np.zeros(3, "f")), TypeError, "inputs of dtypes"),
        (lambda p: p.map("nothing", np.zeros(3), np.zeros(3)), TypeError, "no kernel 'nothing'"),
        (lambda p: p.map("exp", np.zeros(3, "i4"), np.zeros(3, "i4")), TypeError, "no kernel 'exp' for dtype int32"),
        (
            lambda p: p.map("exp", np.broadcast_to(0.0, (3,)), np.zeros(3)),
            (ValueError, BufferError),
            "read-only|WRITABLE|writable",
        ),
        (
            lambda p: p.map("copy", np.zeros(4)[1:], (z := np.zeros(5))[:3]) or p.map("copy", z[1:], z[:4]),
            ValueError,
            "overlaps",
        ),
        (lambda p: p.matmul(np.zeros((2, 2)), np.zeros((2, 3)), np.zeros((2, 2))), ValueError, "matmul: shapes"),
        (
            lambda p: p.matmul(*(np.zeros((2, 2)) for _ in range(3)), rule="sgd", scalars=np.zeros(2), hyper=[0] * 9),
            ValueError,
            "9 scalar parameters",
        ),
        (
            lambda p: p.update("sgd", np.zeros(3), np.zeros(3), np.zeros(2), slots=[np.zeros(3)] * 4),
            ValueError,
            "4 slots",
        ),
        (lambda p: p.update("sgd", np.zeros(3), np.zeros(3), np.zeros(2), hyper=[0] * 9), ValueError, "9 scalar"),
        (lambda p: p.sum_planes((z := np.zeros((3, 4, 5)))[1], z), ValueError, "the planes"),
        (lambda p: p.sum_planes(z := np.zeros((3, 4)), np.zeros((2, 3, 4)), bias=z[0]), ValueError, "the bias"),
        (lambda p: p.call("softmax", [(z := np.zeros(9))[1:]], [z[:8]], [2, 4]), ValueError, "0 and 1 overlap"),
        (lambda p: p.call("softmax", [np.zeros(8)], [np.zeros(8)], [2, 4], [0] * 9), ValueError, "9 scalar"),
        (lambda p: p.matmul((z := np.zeros((2, 2))), z, np.zeros((2, 2))), ValueError, "overlaps"),
        (
            lambda p: p.matmul_parts(np.zeros((2, 3, 4)), np.zeros((3, 5)), np.zeros((6, 4))),
            ValueError,
            "parts: shapes",
        ),
        (lambda p: p.matmul_parts(np.zeros((2, 3, 4)), np.zeros((3, 5)), np.zeros((5, 4), "f")), TypeError, "dtypes"),
        (lambda p: p.matmul_parts(np.zeros((2, 3, 4)), np.zeros((3, 5)), np.zeros((4, 5)).T), BufferError, "adjacent"),
        (
            lambda p: p.matmul_parts((z := np.zeros((2, 3, 4))), np.zeros((3, 5)), z.reshape(6, 4)[:5]),
            ValueError,
            "overlap",
        ),
        (
            lambda p: p.matmul_parts(
                as_strided(np.zeros(13), (2, 3, 4), (8, 32, 8)), np.zeros((3, 5)), np.zeros((5, 4))
            ),
            ValueError,
            "overlap",
        ),
        (lambda p: p.matmul_batch(*(np.zeros((n, 2, 2)) for n in (2, 2, 3))), ValueError, "as many matrices"),
        (lambda p: p.matmul_batch(*(np.zeros((2, n, 2)) for n in (2, 2, 3))), ValueError, "matmul: shapes"),
        (lambda p: p.matmul_batch(*(np.zeros((2, 2, 2), d) for d in "ddf")), TypeError, "dtypes"),
        (lambda p: p.matmul_batch((z := np.zeros((2, 2, 2))), z, np.zeros((2, 2, 2))), ValueError, "overlap"),
        (
            lambda p: p.matmul_batch(as_strided(np.zeros(6), (2, 2, 2), (16, 16, 8)), *np.zeros((2, 2, 2, 2))),
            ValueError,
            "overlap",
        ),
        (lambda p: p.sum_planes(np.zeros((3, 4)), np.zeros((2, 4, 3))), ValueError, "sum_planes"),
        (lambda p: p.sum_parts(np.zeros((2, 4)), np.zeros((5, 3))), ValueError, "sum_parts"),
        (lambda p: p.sum_parts((z := np.zeros((5, 3)))[:2], z), ValueError, "sum_parts"),
        (lambda p: p.sum_parts(as_strided(np.zeros(4), (2, 3), (8, 8)), np.zeros((5, 3))), ValueError, "sum_parts"),
        (lambda p: p.sum_parts(np.zeros((2, 3)), np.zeros((3, 5)).T), BufferError, "adjacent"),
        (lambda p: p.sum_planes(np.zeros((3, 4)), np.zeros((2, 3, 4)), bias=np.zeros(3)), ValueError, "bias of shape"),
        (lambda p: p.map("exp", np.zeros(3, complex), np.zeros(3)), TypeError, "no kernel takes"),
        (
            lambda p: p.call(
                "softmax_grad", [np.zeros((2, 3), "f")], [np.zeros((2, 3)), np.zeros((2, 3), "f")], (2, 3, 0)
            ),
            TypeError,
            "softmax_grad: inputs of dtypes float64 and float32",
        ),
        (lambda p: p.set_gather(0, np.zeros(3), np.zeros(3)), IndexError, "gather step 0"),
        (lambda p: p.guard(np.zeros(3), np.zeros(3, "f")), TypeError, "arrays of float64 and float32"),
        (lambda p: p.guard(np.zeros((4, 4))[:, ::2]), BufferError, "rows of adjacent elements"),
        (
            lambda p: p.update("sgd", np.zeros(3), np.zeros((0, 3)), np.zeros(2), summed=True),
            ValueError,
            "over no rows",
        ),
        (lambda p: p.update("sgd", np.zeros(3), np.zeros((5, 2)), np.zeros(2), summed=True), ValueError, "of shape"),
        (lambda p: p.update("sgd", np.zeros(()), np.zeros(()), np.zeros(2), summed=True), ValueError, "of shape"),
        (
            lambda p: p.update("sgd", np.zeros((3, 4)), np.zeros((2, 4, 3)), np.zeros(2), summed=True),
            ValueError,
            "of shape",
        ),
        (
            lambda p: p.update("sgd", np.zeros((4, 3)).T, np.zeros((2, 3, 4)), np.zeros(2), summed=True),
            BufferError,
            "layout",
        ),
    ],
)
def test_the_binding_refuses_bad_operands(build, error, message):
    with pytest.raises(error, match=message):
        build(Plan())


def test_a_step_is_added_only_when_it_is_whole():
    plan = Plan()
    with pytest.raises(TypeError):
        plan.map("nothing", np.zeros(3), np.zeros(3))
    assert len(plan) == 0
    plan.run()


def test_unknown_instruction_set():
    with pytest.raises(ValueError, match="not usable here; available: "):
        core.set_isa("abacus")


def test_every_variant_has_every_kernel():
    names = []
    for isa in core.available_isas():
        core.set_isa(isa)
        names.append(sorted(core.kernel_names()))
    assert all(each == names[0] for each in names)


def test_times_runs_every_step_in_its_turn():
    plan, counter = core.Plan(), np.zeros(1)
    plan.map("add", counter, counter, np.ones(1))
    plan.map("add", counter, counter, np.ones(1))
    times = plan.times(repeats=3)
    assert len(times) == 2 and min(times) > 0
    assert counter[0] == 6
    assert plan.times(repeats=0) == [0.0, 0.0]


def test_times_passes_exceptions_on():
    plan = core.Plan()
    plan.python(lambda: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        plan.times()


def test_address():
    x = np.zeros((4, 6), "float32")
    assert core.address(x) == x.ctypes.data
    assert core.address(x[1:, 2:]) == x[1:, 2:].ctypes.data
    x.flags.writeable = False
    assert core.address(x) == x.ctypes.data
    with pytest.raises(TypeError, match="no kernel takes the array format"):
        core.address(np.zeros(3, "complex64"))


def test_every_kernel_is_documented():
    page = Path(__file__).parents[1] / "docs" / "kernels.md"
    assert {name for name, _ in core.kernel_names()} - set(re.findall(r"\w+", page.read_text())) == set()
