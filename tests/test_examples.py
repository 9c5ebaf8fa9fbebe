"""Every example runs, the README's too, and shows what the course says it should."""

import contextlib
import io
import os
import re
import runpy
from pathlib import Path

import numpy as np
import pytest

from fastnn import datasets

EXAMPLES = Path(__file__).parent.parent / "examples"
NAMES = sorted(path.stem for path in EXAMPLES.glob("*.py"))
README = (EXAMPLES.parent / "README.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"```python\n(.*?)```", README, re.DOTALL)
NEEDS_FASHION = {"dropout_128_32", "fashion_mnist"}
COURSE_XOR = [[0.01144685], [0.98853856], [0.98734948], [0.01447403]]


@pytest.fixture(scope="session")
def has_fashion():
    try:
        datasets.fashion_mnist.load_data()
    except FileNotFoundError:
        return False
    return True


@pytest.fixture(scope="session")
def need_fashion(has_fashion):
    def need():
        if has_fashion:
            return
        if os.environ.get("CI") == "true":
            pytest.fail("CI=true, and Fashion-MNIST is missing")
        pytest.skip("Fashion-MNIST is not on this machine")

    return need


@pytest.fixture(scope="session")
def results(need_fashion):
    """What each example's main() returns, and what it prints; each runs once."""
    known = {}

    def result(name):
        if name in NEEDS_FASHION:
            need_fashion()
        if name not in known:
            main = runpy.run_path(str(EXAMPLES / f"{name}.py"))["main"]
            with contextlib.redirect_stdout(io.StringIO()) as printed:
                value = main()
            known[name] = value, printed.getvalue()
        return known[name]

    return result


@pytest.mark.parametrize("name", NAMES)
def test_runs_and_prints(results, name):
    _, printed = results(name)
    assert printed.count("\n") >= 4
    assert "nan" not in printed


def test_linear_regression_finds_the_line(results):
    model, _ = results("linear_regression")
    assert float(model.W.numpy()) == pytest.approx(3, abs=0.05)
    assert float(model.b.numpy()) == pytest.approx(2, abs=0.05)


def test_nonlinear_regression_fits_the_parabola(results):
    losses, _ = results("nonlinear_regression")
    assert len(losses) == 500
    # The noise alone has a mean square of 4; the best straight line leaves about 130.
    assert losses[-1] < 25 < 130 < losses[0]


def test_gates_of_the_course(results):
    (found, weights, xor), _ = results("perceptron_gates")
    assert found["AND"] == [0, 0, 0, 1]
    assert found["OR"] == [0, 1, 1, 1]
    assert found["XOR"] != [0, 1, 1, 0]  # no line separates them
    # The digits that the course goes on with.
    assert (weights["AND"][0].tolist(), weights["AND"][1]) == ([0.2, 0.1], -0.20000000000000004)
    assert (weights["OR"][0].tolist(), weights["OR"][1]) == ([0.1, 0.1], -0.1)
    assert xor == [0, 1, 1, 0]


def test_xor_is_solved(results):
    accuracy, _ = results("xor")
    assert accuracy == 1.0


def test_xor_backprop_reproduces_the_course_to_the_printed_digits(results):
    found, _ = results("xor_backprop")
    for outputs in found.values():
        np.testing.assert_array_equal(np.round(outputs[31_020], 8), COURSE_XOR)


@pytest.mark.parametrize("steps", [10_000, 31_020])
@pytest.mark.parametrize("way", ["by_tape", "by_layers"])
def test_xor_backprop_agrees_with_numpy(results, way, steps):
    found, _ = results("xor_backprop")
    np.testing.assert_allclose(found[way][steps], found["by_hand"][steps], rtol=0, atol=1e-11)


def test_fashion_mnist_reaches_the_course(results):
    accuracies, _ = results("fashion_mnist")
    assert accuracies["sigmoid"] > 0.86
    assert accuracies["rmsprop"] > 0.86
    assert accuracies["adam"] > 0.865


def test_dropout_128_32_reaches_the_course(results):
    accuracy, _ = results("dropout_128_32")
    assert accuracy > 0.87


@pytest.mark.parametrize("snippet", SNIPPETS, ids=range(len(SNIPPETS)))
def test_readme_snippets_run(need_fashion, capsys, snippet):
    if "fashion_mnist" in snippet:
        need_fashion()
    exec(compile(snippet, "README.md", "exec"), {"__name__": "__main__"})
    assert capsys.readouterr().out


def test_readme_has_the_two_commands():
    lines = README.splitlines()
    assert 'python -m pip install ".[plot,data]" && python -m fastnn train' in lines
    assert 'python -m pip install -e ".[test]" && python -m pytest' in lines
    assert "fastnn-cpu" in README
