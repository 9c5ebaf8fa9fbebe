"""What an estimator's y becomes: targets, and how training is to look at them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from .objectives import Objective

__all__ = ["Encoded", "Targets"]


@dataclass
class Encoded:
    """The y of some samples.

    Attributes
    ----------
    y : ndarray
        As a scorer takes it.
    values : ndarray of shape (samples,) or (samples, outputs)
        As the objective wants them.
    class_weight : ndarray of shape (samples,) or None
        The weights of the samples' classes.
    """

    y: np.ndarray
    values: np.ndarray
    class_weight: np.ndarray | None = None


@dataclass
class Targets:
    """What is to be learnt.

    Attributes
    ----------
    encoded : Encoded
        The y of the training data.
    encode : callable
        Makes `Encoded` of the y of other samples; raises ValueError where that does not fit.
    n_outputs : int
        Outputs of the network.
    objective : Objective
    stratified : bool
        Whether a validation set is stratified by the last column of ``values``: there are two classes.
    fitted : dict of str to object
        Attributes that the estimator gets when training begins: the classes of a classifier.
    """

    encoded: Encoded
    encode: Callable[[Any], Encoded]
    n_outputs: int
    objective: Objective
    stratified: bool = False
    fitted: dict[str, object] = field(default_factory=dict)
