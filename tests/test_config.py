"""Settings."""

import numpy as np
import pytest

import fastnn
from fastnn import config


def test_floatx_is_the_default_of_everything():
    config.set_floatx("float64")
    assert fastnn.ops.ones(2).dtype == "float64"
    assert fastnn.random.normal((2,)).dtype == "float64"
    assert (fastnn.ops.ones(2, "int32") * 0.5).dtype == "float64"
    with pytest.raises(ValueError, match="float16"):
        config.set_floatx("float16")


def test_epsilon():
    config.set_epsilon(1e-3)
    assert config.epsilon() == 1e-3
    for value in (0, -1.0, np.inf, np.nan, "1e-7", None, True):
        with pytest.raises(ValueError, match=f"epsilon must be a positive number, and finite, got {value!r}"):
            config.set_epsilon(value)
    assert config.epsilon() == 1e-3


def test_show_config(capsys):
    fastnn.show_config()
    out = capsys.readouterr().out
    for word in ("fastnn", "instruction set", "threads", "floatx"):
        assert word in out


def test_unknown_names_of_the_package():
    with pytest.raises(AttributeError, match="did you mean 'Sequential'"):
        fastnn.Sequentail  # noqa: B018
