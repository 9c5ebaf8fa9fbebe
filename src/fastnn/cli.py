"""The command line: ``python -m fastnn train`` and ``python -m fastnn config``."""

from __future__ import annotations

import argparse
import math
import os
import sys
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import numpy as np

if TYPE_CHECKING:
    from .datasets._sources import Arrays

__all__ = ["main"]

T = TypeVar("T")

_PICTURE = "fastnn-loss.png"
_PICTURE_ENDINGS = (".png", ".pdf", ".svg")
_VALIDATION_SHARE = 0.2


def main(argv: Sequence[str] | None = None) -> int:
    """Run a command of ``python -m fastnn``.

    Parameters
    ----------
    argv : sequence of str or None, default None
        The arguments; None takes those of the process.

    Returns
    -------
    int
        The exit code: 0, or 1 where data are missing or training failed, or 130 after Ctrl-C.
        Arguments that cannot be understood end the process with code 2, as argparse does.
    """
    options = _parser().parse_args(argv)
    try:
        options.run(options)
    except (OSError, ValueError, ArithmeticError) as error:
        print(f"fastnn: error: {error}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("fastnn: interrupted", file=sys.stderr)
        return 130
    return 0


# ---- arguments ---------------------------------------------------------------------------------


def _parser() -> argparse.ArgumentParser:
    from . import __version__

    parser = argparse.ArgumentParser(
        prog="fastnn" if Path(sys.argv[0]).stem == "fastnn" else "python -m fastnn",  # as it was called
        description="Train small neural networks on a CPU at the speed of the hardware.",
    )
    parser.add_argument("--version", action="version", version=f"fastnn {__version__}")
    commands = parser.add_subparsers(title="commands", required=True, metavar="COMMAND")
    _add_train(commands.add_parser("train", help="train a network on pictures and test it"))
    config = commands.add_parser("config", help="print version, instruction set and threads")
    config.set_defaults(run=_config)
    return parser


def _add_train(parser: argparse.ArgumentParser) -> None:
    parser.description = (
        "Train a network of dense layers on pictures, and report its accuracy class by class. The "
        "defaults are Flatten, Dense(100, relu), Dense(10, softmax) and Adam, for five epochs on "
        "Fashion-MNIST."
    )
    parser.formatter_class = argparse.ArgumentDefaultsHelpFormatter
    parser.set_defaults(run=_train)

    def add(flag: str, convert: Callable[[str], Any], default: Any, text: str, **more: Any) -> None:
        parser.add_argument(flag, type=convert, default=default, help=text, **more)

    add(
        "--dataset",
        str,
        "auto",
        "auto takes fashion-mnist where it is found or can be downloaded, else digits",
        choices=["auto", "fashion-mnist", "mnist", "digits"],
    )
    add("--hidden", _widths, "100", "units of the hidden layers, or none", metavar="N,N,...")
    add(
        "--activation",
        _activation,
        "relu",
        "activation of the hidden layers, by its Keras name",
        metavar="NAME",
    )
    add("--dropout", _dropout, 0.0, "rate of dropout after each hidden layer", metavar="RATE")
    add("--optimizer", _optimizer, "adam", "optimizer, by its Keras name", metavar="NAME")
    add(
        "--learning-rate",
        _learning_rate,
        argparse.SUPPRESS,
        "learning rate (default: the optimizer's)",
        metavar="RATE",
    )
    add("--batch-size", _positive, 32, "rows a step", metavar="N")
    add("--epochs", _positive, 5, "passes over the training rows", metavar="N")
    add("--seed", _seed, 42, "of the split, the weights, the shuffling, dropout", metavar="N")
    add(
        "--threads",
        _positive,
        argparse.SUPPRESS,
        "threads (default: what the machine grants)",
        metavar="N",
    )
    add(
        "--out",
        _picture,
        _PICTURE,
        f"picture of the curves of loss and accuracy ({', '.join(_PICTURE_ENDINGS)}), or a directory for it",
        metavar="FILE",
    )


def _number(convert: Callable[[str], T], text: str, accept: Callable[[T], bool], expected: str) -> T:
    try:
        number = convert(text)
    except ValueError:
        number = None
    if number is None or not accept(number):
        raise argparse.ArgumentTypeError(f"{text!r} is not {expected}")
    return number


def _positive(text: str) -> int:
    return _number(int, text, lambda n: n >= 1, "a whole number of at least 1")


def _seed(text: str) -> int:
    return _number(int, text, lambda n: 0 <= n < 2**32, "a whole number from 0 to 4294967295")


def _dropout(text: str) -> float:
    return _number(float, text, lambda r: 0 <= r < 1, "a number from 0 to below 1")


def _learning_rate(text: str) -> float:
    return _number(float, text, lambda r: 0 < r < math.inf, "a positive number")


def _widths(text: str) -> tuple[int, ...]:
    if text == "none":
        return ()
    return tuple(_positive(part) for part in text.split(","))


def _activation(text: str) -> str:
    from . import activations

    return _known(activations.get, text)


def _optimizer(text: str) -> str:
    from . import optimizers

    return _known(optimizers.get, text)


def _known(get: Callable[[str], object], name: str) -> str:
    try:
        get(name)
    except ValueError as error:
        raise argparse.ArgumentTypeError(str(error)) from error
    return name


def _picture(text: str) -> Path:
    """Return the picture's file; one that cannot be written is told before training, not after."""
    path = Path(text).expanduser()
    if path.is_dir():
        path /= _PICTURE
    if path.suffix.lower() not in _PICTURE_ENDINGS:
        raise argparse.ArgumentTypeError(
            f"{text!r} is neither a directory nor a name that ends with " + ", ".join(_PICTURE_ENDINGS)
        )
    if not path.parent.is_dir():
        raise argparse.ArgumentTypeError(f"there is no directory {str(path.parent)!r}")
    if not os.access(path if path.exists() else path.parent, os.W_OK):
        raise argparse.ArgumentTypeError(f"{str(path)!r} cannot be written")
    return path


# ---- commands ----------------------------------------------------------------------------------


def _config(options: argparse.Namespace) -> None:
    from .config import show_config

    show_config()


@dataclass(frozen=True)
class _Data:
    title: str
    class_names: Sequence[str]
    arrays: Arrays
    largest: int  # what the brightest pixel holds: pictures are divided by it
    place: str


def _train(options: argparse.Namespace) -> None:
    from .config import get_num_threads, set_num_threads
    from .utils import set_random_seed

    if "threads" in options:
        set_num_threads(options.threads)
    data = _load(options.dataset)
    (x, y), (x_test, y_test) = data.arrays
    x, x_test = _scaled(x, data.largest), _scaled(x_test, data.largest)
    x_train, x_val, y_train, y_val = _split(x, y, options.seed)
    print(
        f"{data.title} from {data.place}: {len(x_train):,} rows to train, {len(x_val):,} to "
        f"validate, {len(x_test):,} to test."
    )
    set_random_seed(options.seed)
    model = _model(options, x.shape[1:], len(data.class_names))
    model.summary()
    start = time.perf_counter()
    history = model.fit(
        x_train,
        y_train,
        batch_size=options.batch_size,
        epochs=options.epochs,
        validation_data=(x_val, y_val),
    )
    seconds = time.perf_counter() - start
    threads = get_num_threads()
    print(
        f"Trained {options.epochs} epoch{'s' * (options.epochs > 1)} in {seconds:.2f} s on "
        f"{threads} thread{'s' * (threads > 1)}."
    )
    loss, accuracy = model.evaluate(x_test, y_test, verbose=0)
    print(f"Test accuracy {accuracy:.4f}, test loss {loss:.4f}.")
    predicted = np.argmax(model.predict(x_test, verbose=0), axis=1)
    _print_classes(y_test, predicted, data.class_names)
    _draw(history, options.out)


def _load(name: str) -> _Data:
    from . import datasets
    from .datasets._sources import DatasetNotFoundError, load

    if name in ("auto", "fashion-mnist"):
        try:
            arrays, place = load(datasets.fashion_mnist.SOURCE)
        except DatasetNotFoundError as error:
            if name != "auto":
                raise
            print(
                f"Fashion-MNIST was not found and could not be downloaded ({error.reason}): "
                "training on scikit-learn's bundled digits instead."
            )
        else:
            names = datasets.fashion_mnist.class_names
            return _Data("Fashion-MNIST", names, arrays, 255, str(place))
    if name == "mnist":
        arrays, place = load(datasets.mnist.SOURCE)
        return _Data("MNIST", datasets.mnist.class_names, arrays, 255, str(place))
    arrays = datasets.digits.load_data()
    return _Data("Digits", datasets.digits.class_names, arrays, 16, "scikit-learn")


def _scaled(pictures: np.ndarray, largest: int) -> np.ndarray:
    return pictures.astype(np.float32) / np.float32(largest)


def _split(x: np.ndarray, y: np.ndarray, seed: int) -> list[np.ndarray]:
    from sklearn.model_selection import train_test_split

    return train_test_split(x, y, test_size=_VALIDATION_SHARE, random_state=seed)


def _model(options: argparse.Namespace, shape: tuple[int, ...], classes: int) -> Any:
    from . import layers, optimizers
    from .models import Sequential

    model = Sequential([layers.Input(shape), layers.Flatten()])
    for units in options.hidden:
        model.add(layers.Dense(units, activation=options.activation))
        if options.dropout:
            model.add(layers.Dropout(options.dropout))
    model.add(layers.Dense(classes, activation="softmax"))
    optimizer: Any = optimizers.get(options.optimizer)
    if "learning_rate" in options:
        optimizer.learning_rate = options.learning_rate
    model.compile(optimizer=optimizer, loss="sparse_categorical_crossentropy", metrics=["accuracy"])
    return model


def _print_classes(y_true: np.ndarray, y_pred: np.ndarray, names: Sequence[str]) -> None:
    """Print precision, recall, F1 and the number of rows of each class, and their plain means."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from sklearn.metrics import precision_recall_fscore_support

    labels = range(len(names))
    scores = precision_recall_fscore_support(y_true, y_pred, labels=labels, zero_division=0)
    table = Table(title="Test rows, class by class", title_justify="left", box=box.SIMPLE_HEAD)
    table.add_column("class")
    for heading in ("precision", "recall", "f1", "support"):
        table.add_column(heading, justify="right")
    for name, *values, support in zip(names, *scores, strict=True):
        table.add_row(name, *(f"{value:.3f}" for value in values), f"{support:,}")
    table.add_section()
    means = [f"{np.mean(score):.3f}" for score in scores[:3]]
    table.add_row("mean", *means, f"{len(y_true):,}")
    Console().print(table)


def _draw(history: Any, path: Path) -> None:
    from .plotting import plot_history

    try:
        plot_history(history, path)
    except ImportError:
        print("Loss curves: not drawn, matplotlib is missing: python -m pip install matplotlib")
    else:
        print(f"Loss curves: {path.resolve()}")
