"""The benchmarks cannot rot: every script parses its options, and tiny runs give results. No time is looked at."""

import dataclasses
import importlib.util
import json
import os
import re
import subprocess
import sys
import time
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

BENCH = Path(__file__).parent.parent / "bench"
SCRIPTS = ("all", "company", "inference", "kernels", "scaling", "search", "sklearn_face", "start", "train")
MODULES = ("common", "limits", "pictures", "report", "workloads")
PEERS = (
    "keras_face",
    *(f"{name}_peer" for name in ("fastnn", "jax", "keras", "limit", "numpy", "onnxruntime", "sklearn", "torch")),
)


@pytest.fixture
def run():
    """Run a script with the fastnn that is under test; return what it prints."""

    def run(script, *options):
        source = str(Path(importlib.util.find_spec("fastnn").origin).parent.parent)
        path = os.pathsep.join([source, *filter(None, [os.environ.get("PYTHONPATH")])])
        done = subprocess.run(
            [sys.executable, BENCH / f"{script}.py", *map(str, options)],
            env=os.environ | {"PYTHONPATH": path},
            capture_output=True,
            text=True,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture
def module(monkeypatch):
    """Import a module of the benchmarks."""
    monkeypatch.syspath_prepend(str(BENCH))

    def load(name):
        return importlib.import_module(name)

    yield load
    for name in [name for name in sys.modules if name.split(".")[0] in ("peers", *MODULES)]:
        del sys.modules[name]


def test_every_file_is_known_here():
    assert {path.stem for path in BENCH.glob("*.py")} == {*SCRIPTS, *MODULES}
    assert {path.stem for path in (BENCH / "peers").glob("*.py")} == {"__init__", *PEERS}


@pytest.mark.parametrize("path", sorted(BENCH.rglob("*.py")), ids=lambda path: path.stem)
def test_every_file_compiles(path):
    compile(path.read_text(encoding="utf-8"), path, "exec")


def common_options():
    """The options that bench/README.md says every script has that measures."""
    said = (BENCH / "README.md").read_text(encoding="utf-8").partition("Those of every script that measures")[2]
    return re.findall(r"`(--\w+)", said.partition("Where there are peers")[0])


@pytest.mark.parametrize("script", [*SCRIPTS, "report"])
def test_help(run, script):
    said = run(script, "--help")
    assert "usage:" in said
    wanted = [] if script in ("all", "report") else common_options()
    assert [option for option in wanted if option not in said] == []


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("--rounds", "0"),
        ("--rounds", "2.5"),
        ("--threads", "-1"),
        ("--seconds", "nan"),
        ("--seconds", "0"),
        ("--isa", "avx3"),
        ("--json", BENCH),
    ],
)
def test_options_that_cannot_be_are_refused_before_anything_is_measured(module, capsys, option, value):
    with pytest.raises(SystemExit):
        module("common").parser("").parse_args([option, str(value)])
    assert f"argument {option}: " in capsys.readouterr().err


def test_results_go_to_folders_that_will_be_made(module, tmp_path):
    path = tmp_path / "new" / "folder" / "results.json"
    assert module("common").parser("").parse_args(["--json", str(path)]).json == path
    assert not path.parent.exists()


def test_the_readme_names_common_options():
    assert {"--json", "--rounds", "--tiny"} < set(common_options())


@pytest.mark.parametrize(
    ("script", "options", "cases"),
    [
        ("train", ("--workload", "W3", "W7", "--peers", "fastnn", "limit"), ["W3", "W7"]),
        ("train", ("--workload", "W1", "--peers", "fastnn", "sklearn", "--dtype", "float64"), ["W1"]),
        ("train", ("--workload", "W3", "--peers", "fastnn", "--optimizer", "adagrad", "--isa", "baseline"), ["W3"]),
        (
            "inference",
            ("--rows", "1", "3", "--peers", "fastnn", "numpy", "sklearn"),
            ["predict 1 row", "predict 3 rows"],
        ),
        ("search", ("--peers", "fastnn"), ["GridSearchCV"]),
        (
            "start",
            ("--peers", "fastnn"),
            ["import", "memory", "first training", "peak memory", "installed size", "installed size"],
        ),
        ("sklearn_face", ("--peers", "fastnn", "--problems", "digits"), ["digits"] * 4),
        ("company", (), None),
        ("scaling", (), ["width", "depth", "batch", "rows"]),
        ("kernels", (), None),
    ],
)
def test_a_tiny_run(run, tmp_path, script, options, cases):
    path = tmp_path / "results.json"
    printed = run(script, "--tiny", "--rounds", 1, "--threads", 1, "--json", path, *options)
    record = json.loads(path.read_text())
    assert all(result["times"] and min(result["times"]) > 0 for result in record["results"])
    assert {"processor", "instruction set", "load before"} <= record["machine"].keys()
    found = list(dict.fromkeys(result["case"] for result in record["results"]))
    assert all(case in printed for case in found)
    if cases is not None:
        assert [re.split("[:;,]", case)[0] for case in found] == cases
    if "baseline" in options:
        assert record["machine"]["instruction set"] == "baseline"


def test_fresh_processes_have_the_threads_and_the_cores_asked_for(module, tmp_path, monkeypatch):
    common = module("common")
    script = tmp_path / "script.py"
    script.write_text(
        "import json, os, sys\n"
        "cores = len(os.sched_getaffinity(0)) if hasattr(os, 'sched_getaffinity') else 1\n"
        "seen = [os.environ[name] for name in ('FASTNN_NUM_THREADS', 'KERAS_BACKEND')]\n"
        "json.dump([cores, *seen, sys.argv[1:-1]], open(sys.argv[-1], 'w'))\n"
    )
    monkeypatch.setattr(sys, "argv", [str(script), "--rounds", "2"])
    before = os.sched_getaffinity(0) if hasattr(os, "sched_getaffinity") else None
    options = common.parser("").parse_args(["--backend", "torch"])
    answer = common.in_fresh_process(1, options)
    assert answer == [1, "1", "torch", ["--rounds", "2", "--threads", "1", "--child"]]
    assert before is None or os.sched_getaffinity(0) == before


def test_rounds_are_interleaved_and_cut_by_the_budget(module, monkeypatch):
    common = module("common")
    monkeypatch.setattr(common, "ROUND", 0)
    order = []

    def contestant(name):
        return common.Contestant(lambda: order.append(name), steps=4, check=lambda: 0.5)

    def broken():
        raise RuntimeError("no")

    options = common.parser("").parse_args(["--rounds", "3"])
    contestants = {"a": contestant("a"), "b": contestant("b"), "broken": common.Contestant(broken)}
    results = common.interleave(options, "case", 1, contestants)
    assert "".join(order) == "ab" + "ab" + "ba" + "ab"
    assert [(result.name, result.steps, result.check, len(result.times)) for result in results] == [
        ("a", 4, 0.5, 3),
        ("b", 4, 0.5, 3),
    ]
    options.seconds = 0
    assert [len(result.times) for result in common.interleave(options, "case", 1, contestants)] == [1, 1]


def test_a_round_of_a_short_contestant_is_many_runs(module, monkeypatch):
    common = module("common")
    runs = []
    monkeypatch.setattr(common, "ROUND", 0.01)
    mean = common.seconds_a_run(lambda: runs.append(1))
    assert len(runs) > 10
    assert 0.01 <= mean * len(runs) < 1
    assert common.seconds_a_run(lambda: time.sleep(0.02)) >= 0.02


def record(report):
    results = [
        report.Result("W", "fastnn", 1, 2, [2.0, 4.0, 8.0]),
        report.Result("W", "fastnn, model(x)", 1, 2, [0.2]),
        report.Result("W", "slow", 1, 1, [9.0, 9.0]),
        report.Result("W", "fast", 1, 1, [3.0, 5.0, 4.0]),
    ]
    machine = {"processor": "abacus", "cpus": 1, "instruction set": "beads", "load before": 0.0, "python": "3"}
    return {
        "command": "python train.py",
        "date": "2000-01-01",
        "machine": machine,
        "versions": {"fastnn": "1"},
        "notes": ["It is so."],
        "results": [dataclasses.asdict(result) for result in results],
    }


def test_ratios_are_those_of_a_unit_of_work_and_the_best_peer_is_not_us(module):
    report = module("report")
    table = report.race(report.load(record(report)))
    assert [row[0] for row in table] == ["", "fastnn", "fastnn, model(x)", "slow", "fast", "best peer"]
    assert [row[-2:] for row in table[1:]] == [
        ["1.00", "1.00"],
        ["0.10", "0.05"],
        ["9.00", "4.50"],
        ["3.00", "2.00"],
        ["3.00", "2.00"],
    ]


def test_the_processors_limit_is_no_peer(module):
    report = module("report")
    results = report.load(record(report))
    table = report.race([*results, report.Result("W", report.LIMIT, 1, 1, [0.5])])
    assert [row[-2:] for row in table[-2:]] == [["0.50", "0.25"], ["3.00", "2.00"]]


def test_the_work_of_a_training_is_that_of_its_products(module):
    workloads = module("workloads")
    network = workloads.Workload("W", (2, 3, 4, 5), "linear", 10, 20, 7, workloads.table)
    forward, gradients, backward = 2 * 3 + 3 * 4 + 4 * 5, 2 * 3 + 3 * 4 + 4 * 5, 3 * 4 + 4 * 5
    assert network.flops == 2 * 7 * 20 * (forward + gradients + backward)


def test_the_page_is_rendered_from_the_results(module, tmp_path):
    report = module("report")
    (tmp_path / "train.json").write_text(json.dumps(record(report)))
    page = "before\n<!-- train.json -->\nold\n<!-- end -->\nbetween\n<!-- gone.json -->\nkept\n<!-- end -->\nafter\n"
    rendered = report.render(page, tmp_path)
    assert "old" not in rendered
    assert "| fast | 3.00 s | 4.00 s | 3 | 3.00 | 2.00 |" in rendered
    assert "`python train.py`" in rendered and "abacus" in rendered and "It is so." in rendered
    assert "kept" in rendered and rendered.startswith("before\n") and rendered.endswith("after\n")
    assert report.render(rendered, tmp_path) == rendered


def test_the_summary_has_the_best_way_of_each_peer(module, tmp_path):
    report = module("report")
    one, two = record(report), record(report)
    one["results"][2]["name"], one["results"][3]["name"] = "Keras on jax", "Keras on jax, 32 steps at once"
    two["results"].append(dataclasses.asdict(report.Result("V", report.LIMIT, 1, 1, [0.5])))
    for result in two["results"]:
        result["case"] = "V; with more words"
    (tmp_path / "a.json").write_text(json.dumps(one))
    (tmp_path / "b.json").write_text(json.dumps(two))
    rendered = report.render("<!-- summary a.json b.json -->\n<!-- end -->", tmp_path).splitlines()
    assert rendered[2:6] == [
        "|  | threads | fastnn | Keras | slow | fast | share of peak |",
        "|---|---:|---:|---:|---:|---:|---:|",
        "| W | 1 | 1.00 s | 3.0 |  |  |  |",
        "| V | 1 | 1.00 s |  | 9.0 | 3.0 | 50% |",
    ]


@pytest.fixture
def everything(module):
    """bench/all.py as a module, under another name than that of a function."""
    module("report")
    runs = importlib.util.spec_from_file_location("bench_all", BENCH / "all.py")
    found = importlib.util.module_from_spec(runs)
    runs.loader.exec_module(found)
    return found


def test_the_page_shows_every_benchmark(module, everything):
    report = module("report")
    page = report.PAGES[0].read_text(encoding="utf-8")
    shown = re.findall(r"^<!-- ([\w-]+\.json) -->$", page, re.MULTILINE)
    assert sorted(shown) == sorted(f"{name}.json" for name in everything.RUNS)
    for script, *_ in everything.RUNS.values():
        assert (BENCH / script).exists()


def test_every_op_that_takes_vectors_is_measured(module):
    kernels = module("kernels")
    assert {"add", "exp", "relu", "tanh"} <= {kernel.name for kernel in kernels.elementwise("all", 4)}


def test_all_takes_the_options_of_its_scripts(everything, monkeypatch, tmp_path):
    commands = []
    monkeypatch.setattr(sys, "argv", ["all.py", "start", "--seconds", "10", "--tiny", "--folder", str(tmp_path)])
    monkeypatch.setattr(
        everything.subprocess, "run", lambda command: commands.append(command) or SimpleNamespace(returncode=0)
    )
    everything.main()
    assert commands[0][2:] == ["--tiny", "--seconds", "10", "--json", tmp_path / "start.json"]


@pytest.mark.parametrize("output", ["softmax", "sigmoid", "linear"])
def test_the_reference_network_is_that_of_fastnn(module, output):
    import fastnn

    workloads = module("workloads")
    face = module("peers.keras_face")
    weights = workloads.glorot((5, 7, 6, 3), "float64")
    x = np.random.default_rng(0).normal(size=(4, 5))
    fastnn.config.set_floatx("float64")
    try:
        network = face.model(fastnn, (5, 7, 6, 3), output)
        network.set_weights(weights)
        np.testing.assert_allclose(network.predict(x, verbose=0), workloads.forward(weights, output, x), rtol=1e-12)
    finally:
        fastnn.config.set_floatx("float32")


def test_everybody_is_told_the_same(module):
    workloads = module("workloads")
    for name, workload in workloads.WORKLOADS.items():
        tiny = workload.tiny()
        task = workloads.task(tiny, "adam", "float32", 1)
        assert len(task.x) == len(task.y) == tiny.rows
        assert task.x.shape[1] == workload.sizes[0]
        assert task.x.dtype == "float32"
        assert name in workload.title
    assert workloads.WORKLOADS["W4"].steps == 2000
