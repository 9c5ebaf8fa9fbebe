"""Fit times of MLPClassifier and MLPRegressor beside scikit-learn's, at the same hyperparameters.

Four problems: digits (1,797 × 64, ten classes), Fashion-MNIST (48,000 × 784, ten classes; random pictures where it is
not found), a table (20,000 × 8, regression) and, sparse, what a text is to a network (4,000 × 20,000, two classes, 80
words a row, of which few are frequent). Default network (100 relu units), Adam, L2 penalty, the same first weights and
order of samples; batch 32 and 200; float32 and float64. The whole of ``fit`` is measured, checks included. The scores
on held out rows are printed, too: they must be equal up to rounding.

scikit-learn's matrix products run in its BLAS, which gets as many threads as fastnn.

    python bench/sklearn_face.py --json sklearn_face.json
"""

from __future__ import annotations

import argparse
import itertools
import warnings
from dataclasses import dataclass

import common
import numpy as np
import sklearn
from report import OURS, Result
from scipy import sparse
from sklearn import neural_network
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import train_test_split
from threadpoolctl import threadpool_limits

import fastnn

DTYPES, BATCHES = ("float32", "float64"), (32, 200)


@dataclass
class Problem:
    """Data and how long to train on them."""

    name: str
    estimator: str
    X: np.ndarray
    y: np.ndarray
    epochs: int


def digits() -> Problem:
    X, y = load_digits(return_X_y=True)
    return Problem("digits", "MLPClassifier", X / 16, y, 40)


def fashion_mnist() -> Problem:
    try:
        (x, y), _ = fastnn.datasets.fashion_mnist.load_data()
        name = "Fashion-MNIST"
    except FileNotFoundError:
        rng = np.random.default_rng(0)
        x, y = rng.integers(0, 256, (60_000, 28, 28), np.uint8), rng.integers(0, 10, 60_000)
        name = "random pictures"
    # A sixth of the rows is held out below: 48,000 are trained on.
    return Problem(name, "MLPClassifier", x[:57_600].reshape(-1, 784) / 255, y[:57_600], 2)


def table() -> Problem:
    rng = np.random.default_rng(0)
    X = rng.normal(size=(24_000, 8))
    y = X[:, 0] * X[:, 1] + np.sin(2 * X[:, 2]) + 0.5 * X[:, 3] + 0.1 * rng.normal(size=24_000)
    return Problem("table", "MLPRegressor", X, y, 10)


def text() -> Problem:
    rng = np.random.default_rng(0)
    rows, words, vocabulary = 4_800, 80, 20_000
    columns = (vocabulary * rng.random((rows, words)) ** 3).astype(np.int32)
    X = sparse.csr_array((rng.random(rows * words), columns.ravel(), np.arange(rows + 1) * words), (rows, vocabulary))
    X.sum_duplicates()
    told = X @ rng.normal(size=vocabulary)
    return Problem("text", "MLPClassifier", X, told > np.median(told), 3)


PROBLEMS = {"digits": digits, "fashion_mnist": fashion_mnist, "table": table, "text": text}


def fit(estimator, problem: Problem, dtype: str) -> common.Contestant:
    """Return the fit of an estimator, checked by its score on the rows held out."""
    X, X_test, y, y_test = train_test_split(
        problem.X.astype(dtype), problem.y, test_size=1 / 6, random_state=0, shuffle=False
    )

    def run() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(X, y)

    return common.Contestant(run, check=lambda: float(estimator.score(X_test, y_test)))


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    results = []
    for name in options.problems:
        problem = PROBLEMS[name]()
        if options.tiny:
            problem.X, problem.y, problem.epochs = problem.X[:600], problem.y[:600], 1
        for dtype, batch in itertools.product(DTYPES, BATCHES):
            settings = {"batch_size": batch, "max_iter": problem.epochs, "random_state": 0}
            contestants = {OURS: fit(getattr(fastnn, problem.estimator)(**settings), problem, dtype)}
            if "sklearn" in options.peers:
                theirs = getattr(neural_network, problem.estimator)(**settings)
                contestants["scikit-learn"] = fit(theirs, problem, dtype)
            case = f"{problem.name}, {problem.epochs} epochs, {dtype}, batch {batch}"
            with threadpool_limits(threads):
                results += common.interleave(options, case, threads, contestants)
    return results, {"fastnn": fastnn.__version__, "scikit-learn": sklearn.__version__}


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.set_defaults(threads=[1])
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    parser.add_argument("--peers", nargs="+", choices=(OURS, "sklearn"), default=(OURS, "sklearn"))
    common.main(parser.parse_args(), measure)


if __name__ == "__main__":
    main()
