"""Searches with several jobs: the same results by every backend of joblib, one thread a fit, no hanging after fork."""

import os
import threading

import pytest
from company_tools import python, thread_limit

import fastnn
from fastnn import threads

TASKS = "/proc/self/task"
needs_tasks = pytest.mark.skipif(not os.path.isdir(TASKS), reason="threads cannot be counted here")


def test_a_limit_is_for_its_thread_and_its_time():
    fastnn.set_num_threads(3)
    found = []

    def elsewhere():
        found.append(thread_limit())

    with threads.limited(2):
        assert (thread_limit(), fastnn.get_num_threads()) == (2, 3)
        for inner, expected in ((0, 2), (5, 2), (1, 1)):
            with threads.limited(inner):
                assert thread_limit() == expected
        other = threading.Thread(target=elsewhere)
        other.start()
        other.join()
        with pytest.raises(ZeroDivisionError), threads.limited(1):
            1 / 0  # noqa: B018
        assert thread_limit() == 2
    assert found == [0]
    assert thread_limit() == 0


@needs_tasks
def test_a_limit_of_one_wakes_no_thread():
    code = f"""
import os, fastnn
from company_tools import train
fastnn.set_num_threads(2)
count = lambda: len(os.listdir({TASKS!r}))
before = count()
with fastnn.threads.limited(1):
    alone = train(0)
assert count() == before
assert train(0) == alone
print(count() - before)
"""
    out, err = python(code)
    assert out == "1", err


SEARCH = """
import os, warnings
warnings.simplefilter("ignore")
import joblib
import numpy as np
from sklearn.base import clone
from sklearn.model_selection import GridSearchCV
import fastnn
from estimator_samples import SAMPLES, X, Y, quick

GRIDS = {"KerasClassifier": "model__units", "KerasRegressor": "model__units", "Perceptron": "eta0"}

def search(cls, jobs, backend):
    found = GridSearchCV(quick(cls), {GRIDS.get(cls.__name__, "alpha"): [1, 3]}, cv=2, n_jobs=jobs, error_score="raise")
    with joblib.parallel_config(backend=backend):
        return found.fit(X, Y).cv_results_["mean_test_score"].tolist()

if __name__ == "__main__":
    fastnn.set_num_threads(2)
"""


@pytest.mark.parametrize("backend", ["threading", "loky", "multiprocessing"])
def test_every_backend_finds_the_same(backend):
    code = f"""{SEARCH}
    for cls in SAMPLES:
        alone, parallel = search(cls, 1, "loky"), search(cls, 2, {backend!r})
        assert parallel == alone, (cls, parallel, alone)
    print("done")
"""
    out, err = python(code)
    assert out == "done", err


# Steps worth two threads, so that a fit that may use them does.
WIDE = """
import os, warnings
warnings.simplefilter("ignore")
import joblib, numpy as np
from joblib import Parallel, delayed
from sklearn.base import clone
import fastnn
from fastnn import KerasRegressor, MLPRegressor, AutoencoderTransformer
from keras_estimator_tools import build_regressor

rng = np.random.default_rng(0)
X, Y = rng.standard_normal((800, 200)), rng.standard_normal((800, 3))
ESTIMATORS = [
    MLPRegressor(hidden_layer_sizes=(300,), max_iter=2, random_state=0),
    KerasRegressor(build_regressor, units=300, epochs=2, batch_size=200, verbose=0, random_state=0),
    AutoencoderTransformer(20, (300,), max_iter=2, random_state=0),
]

def weights(estimator):
    fitted = clone(estimator).fit(X, Y)
    found = fitted.model_.get_weights() if hasattr(fitted, "model_") else fitted.coefs_
    return b"".join(each.tobytes() for each in found)

if __name__ == "__main__":
    fastnn.set_num_threads(2)
"""


@needs_tasks
def test_a_fit_in_a_thread_of_joblib_takes_one_thread():
    """The pool's thread is made when it is first wanted: by the fit in the main thread, not by those in workers."""
    code = f"""{WIDE}
    import time

    def count(expected):
        for _ in range(100):  # joblib's own threads may take a moment to end
            found = len(os.listdir({TASKS!r}))
            if found <= expected:
                break
            time.sleep(0.05)
        return found

    before = len(os.listdir({TASKS!r}))
    for estimator in ESTIMATORS:
        with joblib.parallel_config(backend="threading"):
            two = Parallel(n_jobs=2)(delayed(weights)(estimator) for _ in range(2))
        assert count(before) == before, estimator
        assert two[0] == two[1]
    weights(ESTIMATORS[0])
    assert count(before) == before + 1
    print("done")
"""
    out, err = python(code)
    assert out == "done", err


@needs_tasks
def test_a_fit_in_a_process_of_multiprocessing_takes_one_thread():
    code = f"""{WIDE}
    def count():
        return len(os.listdir({TASKS!r}))

    def counted(estimator):
        before = count()
        weights(estimator)
        return count() - before

    weights(ESTIMATORS[0])  # now the pool has a thread here
    with joblib.parallel_config(backend="multiprocessing"):
        more = Parallel(n_jobs=2)(delayed(counted)(estimator) for estimator in ESTIMATORS)
    print(more)
"""
    out, err = python(code)
    assert out == "[0, 0, 0]", err


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork here")
def test_fork_after_a_fit_on_two_threads_does_not_hang():
    code = f"""{WIDE}
    import signal
    expected = [weights(estimator) for estimator in ESTIMATORS]
    for _ in range(2):
        pid = os.fork()
        if pid == 0:
            signal.alarm(60)
            os._exit(0 if [weights(estimator) for estimator in ESTIMATORS] == expected else 1)
        assert [weights(estimator) for estimator in ESTIMATORS] == expected
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
    print("done")
"""
    out, err = python(code)
    assert out == "done", err
