"""Threads: settings, threadpoolctl, fork, company."""

import os
import threading
import time
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import threadpoolctl
from company_tools import python, train

import fastnn
from fastnn import ops

BIG = np.random.default_rng(0).standard_normal((400, 400)).astype("float32")


def test_set_and_get():
    fastnn.set_num_threads(3)
    assert fastnn.get_num_threads() == 3


@pytest.mark.parametrize(
    ("n", "error"), [(0, ValueError), (-1, ValueError), (-(2**40), ValueError), (1.5, TypeError), (True, TypeError)]
)
def test_bad_numbers(n, error):
    with pytest.raises(error):
        fastnn.set_num_threads(n)


def test_more_threads_than_any_pool_holds():
    with fastnn.threads.limited(2**40):
        fastnn.set_num_threads(2**40)
    most = fastnn.get_num_threads()
    fastnn.set_num_threads(1)
    with threadpoolctl.threadpool_limits(2**40, user_api="fastnn"):
        assert fastnn.get_num_threads() == most > 1
    with pytest.raises(ValueError, match="n must not be negative, got -1"), fastnn.threads.limited(-1):
        pass


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


def test_environment_variables():
    code = "import fastnn; print(fastnn.get_num_threads())"
    assert python(code, FASTNN_NUM_THREADS="5")[0] == "5"
    for bad in ("many", "0", "2x", " 2", "99999999999"):
        out, err = python(code, FASTNN_NUM_THREADS=bad)
        assert int(out) >= 1
        assert f"UserWarning: FASTNN_NUM_THREADS must be a positive integer, got {bad!r}: it is ignored" in err
    assert python(code, FASTNN_NUM_THREADS="")[1] == ""
    assert python(code, OMP_NUM_THREADS="1")[0] == "1"
    assert python(code, FASTNN_NUM_THREADS="3", OMP_NUM_THREADS="1")[0] == "3"
    assert python("import fastnn; fastnn.show_config()", FASTNN_ISA="baseline")[0].count("baseline") >= 1
    assert "abacus" in python("import fastnn", FASTNN_ISA="abacus")[1]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_after_a_threaded_fit_does_not_hang():
    code = """
import os, signal, warnings
import fastnn
from company_tools import train
warnings.simplefilter("ignore")  # of forks beside threads
fastnn.set_num_threads(2)
expected = train(0)
for _ in range(5):
    pid = os.fork()
    if pid == 0:
        signal.alarm(60)
        os._exit(0 if train(0) == expected else 1)
    assert train(0) == expected
    assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
print("done")
"""
    out, err = python(code)
    assert out == "done", err


def codes_of_forks(setup, used, child, seconds):
    """Fork again and again while another thread calls ``used``; return the largest and the least exit code of children.

    Each runs ``child``, statements that end with os._exit, and has so many seconds for it.
    """
    code = f"""
import os, signal, threading, warnings
warnings.simplefilter("ignore")  # of forks beside threads, and of short trainings
{setup}
going_on = True
def go_on():
    while going_on:
        {used}
thread = threading.Thread(target=go_on)
thread.start()
codes = []
for _ in range(40):
    pid = os.fork()
    if pid == 0:
        signal.alarm({seconds})
        {child}
    codes.append(os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]))
    if codes[-1]:
        break
going_on = False
thread.join()
print(max(codes), min(codes))
"""
    return python(code)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_while_another_thread_draws_does_not_hang():
    draw = "random.uniform((2,))"
    out, err = codes_of_forks("from fastnn import random", draw, f"{draw}; os._exit(0)", seconds=10)
    assert out == "0 0", err


FORKED = {
    "predict": "model.predict(x, verbose=0)",
    "an estimator's predict": "estimator.predict(x)",
    "a function": "function(x)",
    "a layer": "model(x)",
    "fit": "other.fit(x, y, epochs=1, verbose=0)",
    "names": "keras.layers.Dense(3)",
}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
@pytest.mark.parametrize("what", FORKED)
def test_fork_while_another_thread_runs_does_not_hang(what):
    """Nor does the child get other results: it uses the object that the other thread was in the middle of using."""
    setup = f"""
import numpy as np
import fastnn as keras
keras.utils.set_random_seed(0)
x, y = np.random.default_rng(0).random((300, 50)).astype("float32"), np.zeros((300, 1))
model, other = (keras.Sequential([keras.Input((50,)), keras.layers.Dense(200, "tanh"), keras.layers.Dense(1)])
                for _ in range(2))
other.compile("sgd", "mse")
estimator = keras.MLPRegressor(max_iter=2, random_state=0).fit(x, y[:, 0])
function = keras.function(lambda t: keras.ops.tanh(t @ np.ones((50, 90), "float32")))
def used():
    return {FORKED[what]}
def numbers():
    return np.asarray(used()).tobytes() if {what!r} not in ("fit", "names") else used() and b""
expected = numbers()
"""
    child = "os._exit(0 if numbers() == expected and numbers() == expected else 3)"
    out, err = codes_of_forks(setup, "used()", child, seconds=20)
    assert out == "0 0", err


def test_an_idle_pool_uses_no_cpu():
    """The least of three looks: something else in this process may wake up once."""
    fastnn.set_num_threads(2)
    used = []
    for _ in range(3):
        train(0)
        time.sleep(0.05)  # workers fall asleep
        before = time.process_time()
        time.sleep(0.5)
        used.append(time.process_time() - before)
    assert min(used) < 0.01


@pytest.mark.parametrize("threads", [1, 2, 3])
def test_fits_at_once_give_the_bits_of_each_alone(threads):
    fastnn.set_num_threads(1)
    alone = [train(seed) for seed in range(3)]
    fastnn.set_num_threads(threads)
    with ThreadPoolExecutor(3) as executor:
        for _ in range(3):
            assert list(executor.map(train, range(3))) == alone


def test_joblib_workers_share_the_machine():
    """Every backend gives the bits of each fit alone; loky's workers, told by joblib, divide the processors."""
    code = """
import joblib
from joblib import Parallel, delayed
import fastnn
from company_tools import train

if __name__ == "__main__":
    alone = [train(seed) for seed in range(4)]
    for backend in ("threading", "multiprocessing", "loky"):
        assert Parallel(n_jobs=2, backend=backend)(delayed(train)(seed) for seed in range(4)) == alone, backend
    counts = Parallel(n_jobs=2, backend="loky")(delayed(fastnn.get_num_threads)() for _ in range(4))
    assert max(counts) <= max(1, joblib.cpu_count() // 2), counts
    print("done")
"""
    out, err = python(code)
    assert out == "done", err


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


@pytest.mark.parametrize("threads", [1, 2])
def test_python_steps_see_denormals_and_kernels_do_not(threads):
    seen = []

    def looks(x):
        seen.append(bool(np.float64(5e-324) * 1 == 0))
        seen.append(bool(np.float32(1e-40) * np.float32(0.5) == 0))
        return x

    @fastnn.function
    def flushed(x):
        return x * 1e-300, ops.py_op(looks)(ops.matmul(x, x)) * 1e-300

    fastnn.set_num_threads(threads)
    for denormal in flushed(np.full((300, 300), 1e-9)):
        assert not denormal.numpy().any()
    assert seen == [False, False]
