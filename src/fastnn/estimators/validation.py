"""What early stopping looks at: rows that are not trained on, and the score of the network on them."""

from __future__ import annotations

from typing import Any

import numpy as np
from sklearn.model_selection import train_test_split

from .data import TrainingData
from .network import Network
from .targets import Targets

__all__ = ["Validation", "split_off"]


class Validation:
    """Held out samples.

    Parameters
    ----------
    estimator : MultilayerPerceptron
        Says what the score of outputs is.
    network : Network
    data : TrainingData
        The held out samples.
    threads : int
        How many threads may be used at most; 0: as many as are set.
    """

    def __init__(self, estimator: Any, network: Network, data: TrainingData, threads: int = 0) -> None:
        self._estimator, self._network, self._data, self._threads = estimator, network, data, threads

    def score(self) -> float:
        """Return the score of the network as it is now."""
        outputs = self._network.predict(self._data.X, self._threads)
        return self._estimator._score_outputs(outputs, self._data.targets, self._data.sample_weight)


def split_off(
    data: TrainingData, targets: Targets, fraction: float, random_state: np.random.RandomState
) -> tuple[TrainingData, TrainingData]:
    """Return what to train on and what to validate on: scikit-learn's split.

    Raises
    ------
    ValueError
        If too little would be held out.
    """
    rows, held_out = train_test_split(
        np.arange(data.samples), random_state=random_state, test_size=fraction, stratify=targets.strata
    )
    if len(held_out) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    X, values, *weight = [each[held_out] for each in data.arrays()]
    return TrainingData(data.X, data.targets, data.sample_weight, rows), TrainingData(X, values, *weight)
