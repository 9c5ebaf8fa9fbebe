"""Threads: settings, threadpoolctl, fork, company."""

import os
import subprocess
import sys
import threading

import numpy as np
import pytest
import threadpoolctl

import fastnn
from fastnn import ops

BIG = np.random.default_rng(0).standard_normal((400, 400)).astype("float32")


def test_set_and_get():
    fastnn.set_num_threads(3)
    assert fastnn.get_num_threads() == 3


@pytest.mark.parametrize(("n", "error"), [(0, ValueError), (-1, ValueError), (1.5, TypeError), (True, TypeError)])
def test_bad_numbers(n, error):
    with pytest.raises(error):
        fastnn.set_num_threads(n)


def test_threadpoolctl_governs_the_pool():
    fastnn.set_num_threads(2)
    mine = [lib for lib in threadpoolctl.threadpool_info() if lib["user_api"] == "fastnn"]
    assert len(mine) == 1
    assert mine[0]["num_threads"] == 2
    with threadpoolctl.threadpool_limits(1):
        assert fastnn.get_num_threads() == 1
    assert fastnn.get_num_threads() == 2
    with threadpoolctl.threadpool_limits(1, user_api="fastnn"):
        assert fastnn.get_num_threads() == 1


def python(code, **env):
    out = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, timeout=120, env={**os.environ, **env}
    )
    return out.stdout.strip(), out.stderr


def test_environment_variables():
    code = "import fastnn; print(fastnn.get_num_threads())"
    assert python(code, FASTNN_NUM_THREADS="5")[0] == "5"
    assert int(python(code, FASTNN_NUM_THREADS="many")[0]) >= 1
    assert python(code, OMP_NUM_THREADS="1")[0] == "1"
    assert python(code, FASTNN_NUM_THREADS="3", OMP_NUM_THREADS="1")[0] == "3"
    assert python("import fastnn; fastnn.show_config()", FASTNN_ISA="baseline")[0].count("baseline") >= 1
    assert "abacus" in python("import fastnn", FASTNN_ISA="abacus")[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_after_threaded_work_does_not_hang():
    code = """
import os, numpy as np, fastnn
from fastnn import ops
fastnn.set_num_threads(2)
x = np.ones((400, 400), "float32")
ops.matmul(x, x)
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        ok = float(ops.sum(ops.matmul(x, x))) == 400.0**3
        os._exit(0 if ok else 1)
    ops.matmul(x, x)
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
print("done")
"""
    out, err = python(f"import warnings; warnings.simplefilter('ignore'){code}")
    assert out == "done", err


def test_an_idle_pool_uses_no_cpu():
    fastnn.set_num_threads(2)
    ops.matmul(BIG, BIG)
    wait = threading.Event()
    wait.wait(0.1)  # workers fall asleep
    before = sum(os.times()[:2])
    wait.wait(1.0)
    assert sum(os.times()[:2]) - before < 0.2


def test_python_threads_at_once():
    expected = BIG @ BIG
    errors = []

    def work():
        for _ in range(20):
            errors.append(np.abs(ops.matmul(BIG, BIG).numpy() - expected).max())

    threads = [threading.Thread(target=work) for _ in range(4)]
    for t in threads:
        t.start()
    for t in threads:
        t.join(60)
    assert len(errors) == 80
    assert max(errors) < 1e-3


def test_denormals_of_the_caller_are_kept():
    """Kernels flush denormals; NumPy, outside, must not see that."""
    ops.exp(np.ones(10, "float32"))
    tiny = np.float32(1e-40)
    assert tiny + tiny > 0
