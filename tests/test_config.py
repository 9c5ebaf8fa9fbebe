"""Settings."""

import importlib
import re
import sys
from pathlib import Path

import numpy as np
import pytest

import fastnn
from fastnn import config

FLOORS_BELOW = "config", "ops", "random"  # those that are loaded before `utils`
FAMILIES = (
    "activations callbacks constraints datasets initializers layers losses metrics optimizers optimizers.schedules "
    "regularizers utils"
).split()


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


@pytest.mark.parametrize(
    "name",
    "initializers.Initializer layers.InputSpec layers.KerasTensor layers.Layer losses.Loss metrics.Metric "
    "optimizers.Optimizer regularizers.Regularizer".split(),
)
def test_base_classes_stand_at_the_top_as_in_keras(name):
    module, name = name.split(".")
    assert getattr(fastnn, name) is getattr(getattr(fastnn, module), name)
    assert name in dir(fastnn)


def test_what_the_readme_says_is_missing_is_missing():
    readme = (Path(__file__).parents[1] / "README.md").read_text(encoding="utf-8")
    missing = readme.partition("## What is not there yet")[2]
    listed = re.findall(r"`([^`]+)`", " ".join(re.findall(r"^- (No .*?)(?=^-|^$)", missing, re.MULTILINE | re.DOTALL)))
    names = {name for group in listed for name in re.split(r",\s+", group)}
    assert {"LossScaleOptimizer", "MeanIoU", "clone_model", "save", "set_max_epochs", "solve"} < names
    model = fastnn.Sequential([fastnn.Input((3,)), fastnn.layers.Dense(2)])
    parts = model, model.layers[0], fastnn.optimizers.Adam(), fastnn.metrics.Mean()
    modules = [importlib.import_module(f"fastnn.{name}") for name in (*FAMILIES, *FLOORS_BELOW, "models")]
    homes = [fastnn, *modules, *parts]
    assert [name for name in names if any(hasattr(home, name) for home in homes)] == []


@pytest.mark.parametrize("family", [*FAMILIES, *FLOORS_BELOW])
def test_public_modules_say_where_missing_names_are_listed(family):
    module = importlib.import_module(f"fastnn.{family}")
    with pytest.raises(AttributeError, match=f"module 'fastnn.{family}' has no attribute 'Zq'. The README lists"):
        module.Zq  # noqa: B018
    name = module.__all__[-1]
    with pytest.raises(AttributeError, match=f"'{name}x'; did you mean {name!r}\\? The README lists"):
        getattr(module, f"{name}x")


def test_what_cannot_be_imported_is_explained_too():
    with pytest.raises(ImportError, match="no attribute 'ModelCheckpoint'. The README lists"):
        from fastnn.callbacks import ModelCheckpoint  # noqa: F401
    with pytest.raises(ImportError, match="no attribute 'conv'; did you mean .* The README lists"):
        from fastnn.ops import conv  # noqa: F401
    assert not hasattr(fastnn.layers, "Conv2D")


def test_modules_that_nobody_has_imported_yet_are_not_missing(monkeypatch):
    monkeypatch.delattr(fastnn, "cli", raising=False)
    monkeypatch.delitem(sys.modules, "fastnn.cli", raising=False)
    from fastnn import cli

    assert cli.__name__ == "fastnn.cli"
