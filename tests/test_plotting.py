"""plot_history: what it draws, what it writes, what it refuses."""

import sys
from types import SimpleNamespace

import numpy as np
import pytest

from fastnn.plotting import plot_history

matplotlib = pytest.importorskip("matplotlib")

CURVES = {
    "accuracy": [0.8, 0.85, 0.9],
    "loss": [0.6, 0.4, 0.3],
    "val_accuracy": [0.79, 0.84, 0.86],
    "val_loss": [0.7, 0.5, 0.45],
}


def panels(figure):
    return {axis.get_title("left"): axis for axis in figure.axes}


def lines(axis):
    return {line.get_label(): list(line.get_ydata()) for line in axis.get_lines()}


def test_a_panel_for_the_loss_and_one_a_metric(tmp_path):
    figure = plot_history(CURVES, tmp_path / "loss.png")
    found = panels(figure)
    assert list(found) == ["loss", "accuracy"]
    assert lines(found["loss"]) == {"training": CURVES["loss"], "validation": CURVES["val_loss"]}
    assert lines(found["accuracy"])["validation"] == CURVES["val_accuracy"]
    axis = found["loss"]
    assert list(axis.get_lines()[0].get_xdata()) == [1, 2, 3]
    assert axis.get_xlabel() == "epoch"
    assert [text.get_text() for text in axis.get_legend().get_texts()] == ["training", "validation"]


def test_the_mean_of_metrics_with_several_values():
    figure = plot_history({"f1_score": [np.array([0.25, 0.5]), np.array([0.5, 1.0])]})
    (axis,) = figure.axes
    assert lines(axis)["training"] == [0.375, 0.75]


def test_epochs_are_those_of_the_history(tmp_path):
    history = SimpleNamespace(history={"loss": [0.3, 0.2]}, epoch=[7, 8])
    axis = panels(plot_history(history, tmp_path / "a.png"))["loss"]
    assert list(axis.get_lines()[0].get_xdata()) == [8, 9]
    assert axis.get_legend() is None


@pytest.mark.parametrize("ending", ["png", "pdf", "svg"])
def test_writes_the_format_of_the_ending(tmp_path, ending):
    file = tmp_path / f"loss.{ending}"
    plot_history(CURVES, str(file))
    magic = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[ending]
    assert file.read_bytes().startswith(magic)


def test_the_picture_is_not_blank(tmp_path):
    file = tmp_path / "loss.png"
    plot_history(CURVES, file)
    from matplotlib.image import imread

    picture = imread(file)[..., :3]
    assert picture.shape[0] >= 500
    assert picture.shape[1] >= 1300
    blue = np.array([0x00, 0x72, 0xB2]) / 255
    assert (np.abs(picture - blue).max(axis=2) < 0.02).sum() > 500


@pytest.mark.parametrize("count", [1, 2, 3, 4, 7])
def test_any_number_of_metrics(tmp_path, count):
    curves = {f"metric_{number}": [0.5] for number in range(count)}
    figure = plot_history(curves, tmp_path / "a.png")
    assert len(figure.axes) == count


def test_a_metric_of_the_users_that_begins_with_val_is_no_validation(tmp_path):
    figure = plot_history({"loss": [1.0], "val_ue": [2.0]}, tmp_path / "a.png")
    assert list(panels(figure)) == ["loss", "val ue"]


def test_without_path_pyplot_knows_the_figure(monkeypatch):
    monkeypatch.setenv("MPLBACKEND", "agg")
    matplotlib.use("agg")
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    figure = plot_history(CURVES)
    assert pyplot.get_fignums() != before
    pyplot.close(figure)


def test_with_path_pyplot_is_left_alone(tmp_path):
    from matplotlib import pyplot

    before = pyplot.get_fignums()
    plot_history(CURVES, tmp_path / "a.png")
    assert pyplot.get_fignums() == before


@pytest.mark.parametrize(
    ("history", "error", "message"),
    [
        ({}, ValueError, "empty"),
        ({"loss": []}, ValueError, "empty"),
        ({"loss": [1.0, 2.0], "val_loss": [1.0]}, ValueError, "'val_loss' has 1 values for 2"),
        ([1.0, 2.0], TypeError, "history must be"),
        (None, TypeError, "got NoneType"),
    ],
)
def test_refuses(tmp_path, history, error, message):
    file = tmp_path / "a.png"
    with pytest.raises(error, match=message):
        plot_history(history, file)
    assert not file.exists()


def test_refuses_an_unknown_ending(tmp_path):
    with pytest.raises(ValueError, match=r"'loss.doc' is not one of .*png"):
        plot_history(CURVES, tmp_path / "loss.doc")


def test_without_matplotlib_it_says_how_to_install_it(tmp_path, monkeypatch):
    monkeypatch.setitem(sys.modules, "matplotlib", None)
    with pytest.raises(ImportError, match="python -m pip install matplotlib"):
        plot_history(CURVES, tmp_path / "a.png")


def test_a_training_can_be_drawn(tmp_path):
    import fastnn as keras

    x = np.linspace(-1, 1, 40, dtype="float32").reshape(-1, 1)
    model = keras.Sequential([keras.Input((1,)), keras.layers.Dense(1)])
    model.compile(loss="mse", metrics=["mae"])
    history = model.fit(x, 2 * x, epochs=3, validation_split=0.25, verbose=0)
    figure = plot_history(history, tmp_path / "a.png")
    assert list(panels(figure)) == ["loss", "mae"]
    assert len(lines(panels(figure)["loss"])["validation"]) == 3
