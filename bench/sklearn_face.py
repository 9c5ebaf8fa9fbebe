"""Fit times of MLPClassifier and MLPRegressor beside scikit-learn's, at the same hyperparameters.

Three problems: digits (1,797 × 64, ten classes), Fashion-MNIST (48,000 × 784, ten classes; random pictures where it is
not found) and a table (20,000 × 8, regression). Default network (100 relu units), Adam, L2 penalty, the same first
weights and order of samples; batch 32 and 200; float32 and float64. The whole of ``fit`` is measured, checks included.
The scores on held out rows are printed, too: they must be equal up to rounding.

scikit-learn's matrix products run in its BLAS, which gets as many threads as fastnn.

    python bench/sklearn_face.py --json sklearn_face.json
"""

from __future__ import annotations

import itertools
import statistics
import warnings
from collections.abc import Callable
from dataclasses import dataclass

import common
import numpy as np
import sklearn
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


PROBLEMS = {"digits": digits, "fashion_mnist": fashion_mnist, "table": table}


def contestants(problem: Problem, dtype: str, batch: int, scores: dict[str, float]) -> dict[str, Callable[[], object]]:
    """Return both fits; they leave their scores behind."""
    X, X_test, y, y_test = train_test_split(
        problem.X.astype(dtype), problem.y, test_size=1 / 6, random_state=0, shuffle=False
    )

    def fit(name: str, module: object) -> Callable[[], object]:
        def run() -> None:
            estimator = getattr(module, problem.estimator)(batch_size=batch, max_iter=problem.epochs, random_state=0)
            scores[name] = estimator.fit(X, y).score(X_test, y_test)

        return run

    return {common.OURS: fit(common.OURS, fastnn), "scikit-learn": fit("scikit-learn", neural_network)}


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.set_defaults(rounds=3, threads=[1])
    parser.add_argument("--problems", nargs="+", choices=PROBLEMS, default=list(PROBLEMS))
    options = parser.parse_args()
    common.warn_if_busy()
    warnings.simplefilter("ignore", ConvergenceWarning)
    title = f"fit, scikit-learn {sklearn.__version__} beside fastnn"
    print(f"\n{title}\n\n{'':16} dtype    batch  threads     fastnn  scikit-learn  ratio (min, median)  scores")
    results = []
    for make in map(PROBLEMS.get, options.problems):
        problem = make()
        for threads, dtype, batch in itertools.product(options.threads, DTYPES, BATCHES):
            scores: dict[str, float] = {}
            fastnn.set_num_threads(threads)
            with threadpool_limits(threads):
                pair = common.interleave(contestants(problem, dtype, batch, scores), threads, options.rounds)
            print(line(problem.name, dtype, batch, threads, *pair, scores), flush=True)
            for result in pair:
                result.name = f"{result.name}, {problem.name}, {dtype}, batch {batch}"
            results += pair
    common.write_json(options.json, title, results, {"sklearn": sklearn})


def line(name: str, dtype: str, batch: int, threads: int, ours: common.Result, theirs: common.Result, scores) -> str:
    """Return a row of the table."""
    ratios = theirs.minimum / ours.minimum, statistics.median(theirs.times) / statistics.median(ours.times)
    return (
        f"{name:16} {dtype}  {batch:5}  {threads:7}  {ours.minimum:7.3f} s  {theirs.minimum:10.3f} s"
        f"  {ratios[0]:10.1f}, {ratios[1]:.1f}     {scores[common.OURS]:.4f} {scores['scikit-learn']:.4f}"
    )


if __name__ == "__main__":
    main()
