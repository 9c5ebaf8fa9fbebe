"""The tool that counts instructions: its reading of callgrind's files and its judgement, without valgrind."""

import importlib.util
import json
import sys
from pathlib import Path

import pytest

from fastnn._kernels import core

TOOLS = Path(__file__).resolve().parents[1] / "tools"

# Two calls of the executor; the second writes its name by number. 100 in all, 30 + 40 below the executor.
PROFILE = """\
# callgrind format
part: 2
positions: line
events: Ir
summary: 100

fn=(1) fit
5 20
cfn=(2) fnn_run
calls=1 7
+2 30
cfn=(3) malloc
calls=4 1
* 6
cfn=(2)
calls=1 7
* 40

fn=(2)
0 70
""".splitlines(keepends=True)


def load(name):
    spec = importlib.util.spec_from_file_location(name, TOOLS / f"{name}.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


tool = load("count_instructions")
workloads = load("instruction_workloads")

ABOUT = {
    "hang on": {"kernels": "avx2, gcc 12", "python": "CPython 3.11.7"},
    "numpy": "2.4.6",
    "steps": 12,
    "workloads": ["train", "predict"],
}
COUNTS = {"kernels": {"train": 1000, "predict": 100}, "python": {"train": 2000, "predict": 200}}


@pytest.fixture
def budgets(tmp_path, monkeypatch):
    """Return a file of budgets that stands in for ours: those of COUNTS."""
    path = tmp_path / "budgets.json"
    path.write_text('{"kernels": {"neon, clang 17": {"train": 1}}, "python": {}}')
    monkeypatch.setattr(tool, "BUDGETS", path)
    tool.write(ABOUT, COUNTS)
    return path


def doctor(path, part, name, change):
    budgets = json.loads(path.read_text())
    changed = budgets[part][ABOUT["hang on"][part]]
    changed[name] = round(changed[name] * change)
    path.write_text(json.dumps(budgets))


def test_profile_is_read():
    assert tool.parse(PROFILE) == (100, 70)
    assert tool.parse(line for line in PROFILE if "fnn_run" not in line) == (100, 0)


def test_counts_within_their_budgets_pass(budgets, capsys):
    assert tool.check(ABOUT, COUNTS) == 0
    doctor(budgets, "kernels", "train", 1 / 1.04)
    doctor(budgets, "python", "predict", 1 / 0.96)
    assert tool.check(ABOUT, COUNTS) == 0
    assert capsys.readouterr().out.count("or below") == 4


@pytest.mark.parametrize("part", ["kernels", "python"])
def test_a_doctored_budget_fails(budgets, capsys, part):
    doctor(budgets, part, "predict", 1 / 1.06)
    assert tool.check(ABOUT, COUNTS) == 1
    assert f"OVER BUDGET  {part}, predict" in capsys.readouterr().out


def test_a_count_far_below_its_budget_is_named_and_passes(budgets, capsys):
    doctor(budgets, "kernels", "train", 1 / 0.9)
    assert tool.check(ABOUT, COUNTS) == 0
    assert "--write lowers" in capsys.readouterr().out


def test_a_workload_without_budget_and_a_budget_without_workload_fail(budgets):
    assert tool.check(ABOUT, COUNTS | {"kernels": {**COUNTS["kernels"], "new": 5}}) == 1
    assert tool.check(ABOUT, COUNTS | {"python": {"train": 2000}}) == 1


def test_what_has_no_budgets_is_skipped_by_name_and_the_rest_checked(budgets, capsys):
    elsewhere = ABOUT | {"hang on": {"kernels": "avx2, gcc 12", "python": "CPython 3.99.0"}}
    assert tool.check(elsewhere, COUNTS) == 0
    assert "SKIPPED" in (out := capsys.readouterr().out) and "CPython 3.99.0" in out
    doctor(budgets, "kernels", "train", 0.5)
    assert tool.check(elsewhere, COUNTS) == 1


def test_write_keeps_the_budgets_of_others(budgets):
    assert set(json.loads(budgets.read_text())["kernels"]) == {"neon, clang 17", "avx2, gcc 12"}


def test_without_valgrind_it_says_so(monkeypatch, capsys):
    monkeypatch.setattr(tool.shutil, "which", lambda name: None)
    monkeypatch.setattr(sys, "argv", ["count_instructions.py", "--check"])
    assert tool.main() == 0
    assert "SKIPPED: valgrind" in capsys.readouterr().out


def test_committed_budgets_are_those_of_the_workloads():
    budgets = tool.read_budgets()
    assert set(budgets) == {"kernels", "python"}
    for part in budgets.values():
        assert part
        for counts in part.values():
            assert set(counts) == set(workloads.WORKLOADS) and all(n > 0 for n in counts.values())


def test_marks_enclose_a_dozen_steps_of_each_workload(monkeypatch):
    """The tool takes every second part of the profile: a mark before and one after each workload."""
    marks, calls = [], []

    def action():
        calls.append(len(marks))

    monkeypatch.setattr(workloads, "mark", lambda: marks.append(len(calls)))
    monkeypatch.setattr(workloads, "WORKLOADS", {"one": lambda: action, "two": lambda: action})
    monkeypatch.setattr(workloads.pace, "_STRETCH", workloads.pace._STRETCH)  # put back afterwards
    workloads.run(["one", "two"])
    a_workload = workloads.WARM + 1
    assert marks == [a_workload - 1, a_workload, 2 * a_workload - 1, 2 * a_workload]


@pytest.mark.parametrize("name", [name for name in workloads.WORKLOADS if name.startswith("train")])
def test_training_takes_a_dozen_steps(name):
    history = workloads.WORKLOADS[name]()()
    steps = history.params["steps"] * history.params["epochs"]
    assert steps == workloads.STEPS


def test_what_the_counts_hang_on():
    kernels = workloads.hang_on()["kernels"]
    isa, compiler = kernels.split(", ")
    assert isa == core.get_isa()
    assert compiler.split()[0] in ("gcc", "clang") and compiler.split()[1].isdigit()


def test_compiler_is_read_from_the_library(tmp_path):
    library = tmp_path / "core.so"
    for comment, said in [
        (b"\0GCC: (Debian 12.2.0-14) 12.2.0\0", "gcc 12"),
        (b"\0GCC: (GNU) 8.5.0\0clang version 17.0.6\0", "clang 17"),
        (b"nothing", "unknown compiler"),
    ]:
        library.write_bytes(b"\x7fELF" + comment)
        assert workloads.compiler(library) == said
