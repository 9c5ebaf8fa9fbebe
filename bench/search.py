"""Search: GridSearchCV over eight small networks on the digits, five folds each, and the final fit.

All that the grid does not name is scikit-learn's default: up to 200 epochs in batches of 200.

    python bench/search.py --jobs 1 2

fastnn trains without the GIL, so its jobs are threads, which share the data; scikit-learn's are processes (loky,
joblib's default). Every fit takes one thread. The table's "check" is the best score: everybody must find as good.
"""

from __future__ import annotations

import argparse
import warnings

import common
import joblib
import numpy as np
import sklearn
from report import OURS, Result
from sklearn.datasets import load_digits
from sklearn.exceptions import ConvergenceWarning
from sklearn.model_selection import GridSearchCV
from sklearn.neural_network import MLPClassifier
from threadpoolctl import threadpool_limits

import fastnn

GRID = {
    "hidden_layer_sizes": [(32,), (64,), (64, 32), (128,)],
    "learning_rate_init": [1e-3, 5e-3],
}


def search(estimator, data, jobs: int, backend: str, grid: dict) -> common.Contestant:
    searcher = GridSearchCV(estimator, grid, n_jobs=jobs)
    inner = {"inner_max_num_threads": 1} if backend == "loky" else {}  # or the BLAS of each process takes them all

    def run() -> None:
        with warnings.catch_warnings(), joblib.parallel_config(backend, **inner):
            warnings.simplefilter("ignore", ConvergenceWarning)
            searcher.fit(*data)

    return common.Contestant(run, check=lambda: float(searcher.best_score_))


def measure(options: argparse.Namespace, threads: int) -> tuple[list[Result], dict]:
    X, y = load_digits(return_X_y=True)
    data = (X / 16).astype(options.dtype), y
    grid = {name: values[:1] for name, values in GRID.items()} if options.tiny else GRID
    settings = {"max_iter": 2 if options.tiny else 200, "random_state": 0}
    ours, theirs = fastnn.MLPClassifier(**settings), MLPClassifier(**settings)
    contestants = {OURS: search(ours, data, threads, "threading", grid)}
    if threads > 1:
        contestants[f"{OURS}, processes"] = search(ours, data, threads, "loky", grid)
    if "sklearn" in options.peers:
        contestants["scikit-learn"] = search(theirs, data, threads, "loky", grid)
    candidates = np.prod([len(values) for values in grid.values()])
    case = f"GridSearchCV; {candidates} candidates, 5 folds, digits, {options.dtype}"
    with threadpool_limits(1):
        results = common.interleave(options, case, threads, contestants)
    return results, {"fastnn": fastnn.__version__, "scikit-learn": sklearn.__version__, "joblib": joblib.__version__}


def notes(results: list[Result]) -> list[str]:
    """Say what more jobs gain."""
    ours = sorted((result for result in results if result.name == OURS), key=lambda result: result.threads)
    return [
        f"fastnn with {more.threads} jobs is {ours[0].minimum / more.minimum:.2f} times as fast as with "
        f"{ours[0].threads} (minimum; median {ours[0].median / more.median:.2f})."
        for more in ours[1:]
    ]


def main() -> None:
    parser = common.parser(__doc__.splitlines()[0])
    parser.add_argument("--jobs", dest="threads", type=common.positive, nargs="+", help="another name of --threads")
    parser.add_argument("--dtype", choices=("float32", "float64"), default="float32")
    parser.add_argument("--peers", nargs="+", choices=(OURS, "sklearn"), default=(OURS, "sklearn"))
    common.main(parser.parse_args(), measure, notes)


if __name__ == "__main__":
    main()
