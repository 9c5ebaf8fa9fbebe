"""scikit-learn's MLPClassifier and MLPRegressor.

``fit`` starts from new weights each time, which it makes in no time. Its regressor has no sigmoid behind it, so
W3 is a linear output here: a little less work.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence

import numpy as np
import sklearn
from sklearn.exceptions import ConvergenceWarning
from sklearn.neural_network import MLPClassifier, MLPRegressor
from workloads import BETA_1, BETA_2, EPSILON, LEARNING_RATE, MOMENTUM, Task

from peers import CannotError, Trainer

VERSION = {"scikit-learn": sklearn.__version__}
SOLVERS = {"adam": "adam", "sgd": "sgd"}


def trainers(task: Task) -> dict[str, Trainer]:
    workload = task.workload
    if workload.dropout:
        raise CannotError("scikit-learn has no dropout")
    if task.optimizer not in SOLVERS:
        raise CannotError(f"scikit-learn has no {task.optimizer}")
    kind = MLPClassifier if workload.output == "softmax" else MLPRegressor
    estimator = kind(
        hidden_layer_sizes=workload.sizes[1:-1],
        solver=SOLVERS[task.optimizer],
        alpha=0,
        batch_size=workload.batch,
        learning_rate_init=LEARNING_RATE,
        max_iter=workload.epochs,
        n_iter_no_change=workload.epochs + 1,  # never stop early
        momentum=MOMENTUM,
        beta_1=BETA_1,
        beta_2=BETA_2,
        epsilon=EPSILON,
    )
    targets = task.y.ravel()

    def train() -> None:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)
            estimator.fit(task.x, targets)

    def weights() -> list[np.ndarray]:
        return [w for layer in zip(estimator.coefs_, estimator.intercepts_, strict=True) for w in layer]

    return {"scikit-learn": Trainer(train, weights)}


def predictors(weights: Sequence[np.ndarray], x: np.ndarray, threads: int) -> dict[str, Callable[[], np.ndarray]]:
    classes = len(weights[-1])
    estimator = MLPClassifier([len(bias) for bias in weights[1:-2:2]])
    estimator.partial_fit(np.zeros((classes, x.shape[1]), x.dtype), np.arange(classes), classes=np.arange(classes))
    estimator.coefs_, estimator.intercepts_ = list(weights[0::2]), list(weights[1::2])
    return {"scikit-learn": lambda: estimator.predict_proba(x)}
