"""What an estimator's y becomes: targets, and how training is to look at them."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from .objectives import Objective

__all__ = ["Targets"]


@dataclass
class Targets:
    """What is to be learnt.

    Attributes
    ----------
    values : ndarray of shape (samples,) or (samples, outputs)
        As the objective wants them.
    n_outputs : int
        Outputs of the network.
    objective : Objective
    fitted : dict of str to object
        Attributes that the estimator gets when training begins: the classes of a classifier.
    strata : ndarray of shape (samples, 1) or None
        What a validation set is stratified by.
    """

    values: np.ndarray
    n_outputs: int
    objective: Objective
    fitted: dict[str, object]
    strata: np.ndarray | None = None
