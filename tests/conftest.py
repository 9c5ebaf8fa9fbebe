"""Settings shared by all tests: hypothesis' profile, the global state put back after every test."""

import signal

import matplotlib
import pytest
from hypothesis import HealthCheck, settings

import fastnn
from fastnn._kernels import core

matplotlib.use("Agg")
# Some tests press Ctrl-C, which a process in the background would ignore.
signal.signal(signal.SIGINT, signal.default_int_handler)
settings.register_profile(
    "fastnn",
    deadline=None,
    max_examples=25,
    derandomize=True,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.function_scoped_fixture],
)
settings.load_profile("fastnn")


@pytest.fixture(autouse=True)
def global_state():
    """Fix the seed, and put floatx, epsilon, threads and instruction set back."""
    threads, isa = core.get_num_threads(), core.get_isa()
    floatx, epsilon = fastnn.config.floatx(), fastnn.config.epsilon()
    fastnn.utils.set_random_seed(0)
    yield
    core.set_num_threads(threads)
    core.set_isa(isa)
    fastnn.config.set_floatx(floatx)
    fastnn.config.set_epsilon(epsilon)
