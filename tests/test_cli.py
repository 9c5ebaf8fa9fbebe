"""The command line: what it accepts, what it refuses with code 2, a training end to end."""

import re
import subprocess
import sys

import pytest

import fastnn
from fastnn import cli
from fastnn.datasets import _sources

FAST = ["train", "--dataset", "digits", "--epochs", "2"]


@pytest.fixture
def here(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    return tmp_path


def run(capsys, *argv):
    """Run a command; return its exit code and what it wrote to both streams."""
    try:
        code = cli.main(argv)
    except SystemExit as exit:
        code = exit.code
    return code, *capsys.readouterr()


def test_train_from_end_to_end(here, capsys):
    code, out, err = run(capsys, "train", "--dataset", "digits", "--epochs", "20")
    assert (code, err) == (0, "")
    assert "Digits from scikit-learn: 1,149 rows to train, 288 to validate, 360 to test." in out
    assert "Total params" in out
    assert "Epoch 20/20" in out
    assert "val_accuracy" in out
    assert re.search(r"Trained 20 epochs in [\d.]+ s on \d+ thread", out)
    accuracy = float(re.search(r"Test accuracy ([\d.]+), test loss [\d.]+\.", out)[1])
    assert accuracy > 0.9
    table = [line.split() for line in out.splitlines() if re.match(r"\s+\d\s+[01]\.", line)]
    assert [row[0] for row in table] == list("0123456789")
    assert sum(int(row[4]) for row in table) == 360
    recall = sum(float(row[2]) * int(row[4]) for row in table) / 360
    assert recall == pytest.approx(accuracy, abs=1e-3)
    assert f"Loss curves: {here / 'fastnn-loss.png'}" in out
    assert (here / "fastnn-loss.png").read_bytes().startswith(b"\x89PNG")


def test_options_reach_the_network(here, capsys):
    options = "--hidden 24,12 --activation tanh --dropout 0.1 --optimizer sgd --batch-size 100"
    code, out, _ = run(capsys, *FAST, *options.split(), "--learning-rate", "0.01", "--out", "curves.svg")
    assert code == 0
    assert "12/12" in out  # 1,149 rows in batches of 100
    assert out.count("(Dropout)") == 2
    assert "(None, 24)" in out
    assert "(None, 12)" in out
    assert (here / "curves.svg").exists()


def options_of(*argv):
    return cli._parser().parse_args(["train", *argv])


def test_the_network_is_the_one_asked_for():
    argv = "--hidden 5 --activation tanh --optimizer sgd --learning-rate 0.25"
    model = cli._model(options_of(*argv.split()), (8, 8), 10)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "Dense", "Dense"]
    assert model.layers[1].get_config()["activation"] == "tanh"
    assert type(model.optimizer).__name__ == "SGD"
    assert float(model.optimizer.learning_rate) == 0.25


def test_defaults_are_the_courses():
    options = options_of()
    assert (options.epochs, options.batch_size, options.dropout) == (5, 32, 0)
    model = cli._model(options, (28, 28), 10)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "Dense", "Dense"]
    assert model.count_params() == 79_510
    assert type(model.optimizer).__name__ == "Adam"
    assert float(model.optimizer.learning_rate) == pytest.approx(0.001)


def test_no_hidden_layer():
    model = cli._model(options_of("--hidden", "none"), (8, 8), 10)
    assert [type(layer).__name__ for layer in model.layers] == ["Flatten", "Dense"]


def weights_line(out):
    return [line for line in out.splitlines() if line.startswith("Test accuracy")]


def test_same_seed_same_result_on_any_number_of_threads(here, capsys):
    first = run(capsys, *FAST, "--seed", "3", "--threads", "1")[1]
    again = run(capsys, *FAST, "--seed", "3", "--threads", "2")[1]
    other = run(capsys, *FAST, "--seed", "4", "--threads", "1")[1]
    assert weights_line(first) == weights_line(again) != weights_line(other)


def test_threads(here, capsys):
    assert "on 1 thread." in run(capsys, *FAST, "--threads", "1")[1]
    assert "on 2 threads." in run(capsys, *FAST, "--threads", "2")[1]


@pytest.mark.parametrize(
    ("argv", "message"),
    [
        ([], "COMMAND"),
        (["fit"], "invalid choice: 'fit'"),
        (["train", "--dataset", "cifar"], "invalid choice: 'cifar'"),
        (["train", "--hidden", "128,,32"], "'' is not a whole number of at least 1"),
        (["train", "--hidden", "0"], "'0' is not a whole number of at least 1"),
        (["train", "--hidden", "a"], "argument --hidden: 'a' is not"),
        (["train", "--activation", "rellu"], "relu"),
        (["train", "--optimizer", "adaam"], "Adam"),
        (["train", "--dropout", "1"], "'1' is not a number from 0 to below 1"),
        (["train", "--dropout", "nan"], "'nan' is not"),
        (["train", "--learning-rate", "0"], "'0' is not a positive number"),
        (["train", "--learning-rate", "inf"], "'inf' is not a positive number"),
        (["train", "--batch-size", "-1"], "argument --batch-size: '-1' is not"),
        (["train", "--epochs", "0"], "argument --epochs: '0' is not"),
        (["train", "--epochs", "2.5"], "argument --epochs: '2.5' is not"),
        (["train", "--seed", "-1"], "argument --seed: '-1' is not"),
        (["train", "--threads", "none"], "argument --threads: 'none' is not"),
        (["train", "--out", "nowhere/a.png"], "there is no directory 'nowhere'"),
        (["train", "--out", "a.doc"], "'a.doc' is neither a directory nor"),
        (["train", "--unknown"], "unrecognized arguments: --unknown"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_bad_arguments_exit_with_2(here, capsys, argv, message):
    code, out, err = run(capsys, *argv)
    assert code == 2
    assert message in err
    assert "Traceback" not in err
    assert out == ""
    assert list(here.iterdir()) == []


def test_out_may_be_a_directory(here):
    assert options_of("--out", str(here)).out == here / "fastnn-loss.png"


def test_out_that_cannot_be_written(here, capsys, monkeypatch):
    monkeypatch.setattr("os.access", lambda path, mode: False)
    code, _, err = run(capsys, "train", "--out", "a.png")
    assert (code, "'a.png' cannot be written" in err) == (2, True)


@pytest.fixture
def lonely(tmp_path, monkeypatch):
    monkeypatch.delenv("FASTNN_DATA_HOME", raising=False)
    monkeypatch.setattr(_sources, "cache_home", lambda: tmp_path / "cache")
    monkeypatch.setattr(_sources, "_directories", lambda source: [])
    monkeypatch.setitem(sys.modules, "pooch", None)


def test_auto_falls_back_to_digits_and_says_so_in_one_line(here, capsys, lonely):
    code, out, _ = run(capsys, "train", "--epochs", "1")
    assert code == 0
    first, second = out.splitlines()[:2]
    assert "Fashion-MNIST was not found" in first
    assert "pooch is not installed" in first
    assert "digits" in first
    assert second.startswith("Digits from scikit-learn")


@pytest.mark.parametrize("name", ["fashion-mnist", "mnist"])
def test_a_data_set_asked_for_by_name_is_not_replaced(here, capsys, lonely, name):
    code, out, err = run(capsys, "train", "--dataset", name)
    assert code == 1
    assert "was not found. Any of these four ways" in err
    assert "FASTNN_DATA_HOME" in err
    assert out == ""


def test_without_matplotlib_it_succeeds_and_says_how_to_install_it(here, capsys, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    code, out, _ = run(capsys, *FAST)
    assert code == 0
    assert "python -m pip install matplotlib" in out
    assert list(here.iterdir()) == []


def test_divergence_is_an_error_of_one_line(here, capsys):
    argv = ["--optimizer", "sgd", "--learning-rate", "1e30", "--activation", "linear"]
    code, _, err = run(capsys, *FAST, *argv)
    assert code == 1
    assert err.startswith("fastnn: error: ")
    assert "Traceback" not in err


def test_ctrl_c(here, capsys, monkeypatch):
    def interrupted(options):
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "_load", interrupted)
    code, _, err = run(capsys, *FAST)
    assert (code, err) == (130, "fastnn: interrupted\n")


@pytest.mark.parametrize("argv", [["--help"], ["train", "--help"], ["config", "--help"]])
def test_help(capsys, argv):
    code, out, err = run(capsys, *argv)
    assert (code, err) == (0, "")
    assert out.startswith("usage: python -m fastnn")


def test_the_console_script_calls_itself_by_its_name(capsys, monkeypatch):
    monkeypatch.setattr(sys, "argv", ["/usr/bin/fastnn", "--help"])
    assert run(capsys, "train", "--help")[1].startswith("usage: fastnn train")


def test_version(capsys):
    assert run(capsys, "--version") == (0, f"fastnn {fastnn.__version__}\n", "")


def test_help_names_every_option(capsys):
    out = run(capsys, "train", "--help")[1]
    issue = "dataset hidden activation dropout optimizer learning-rate batch-size epochs seed"
    for option in [*issue.split(), "threads", "out"]:
        assert f"--{option} " in out


def test_config(capsys):
    code, out, _ = run(capsys, "config")
    assert code == 0
    assert "instruction set" in out


def test_as_a_module(tmp_path):
    done = subprocess.run(
        [sys.executable, "-m", "fastnn", "train", "--epochs", "none"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 2
    assert "python -m fastnn train: error: argument --epochs: 'none' is not" in done.stderr
