"""What is looked at after each epoch: the score and the loss of samples that are not trained on."""

from __future__ import annotations

import inspect
import warnings
import zlib
from collections.abc import Callable
from numbers import Real
from typing import Any

import numpy as np
from scipy import sparse
from sklearn.metrics import check_scoring
from sklearn.model_selection import train_test_split

from ..sparse import write_rows
from .call import Call, Samples
from .data import TrainingData
from .epochs import TrainingStep
from .features import twin
from .weights import refuse_weightless_part

__all__ = ["Validation", "split_off"]

_ROWS = 256  # of a program


class Validation:
    """Samples that are not trained on.

    Parameters
    ----------
    estimator : MultilayerPerceptron
        Its ``scoring`` says what the score is.
    step : TrainingStep
        What is trained.
    samples : Samples

    Attributes
    ----------
    looks : int
        How many there have been.
    may_raise : bool
        Whether the score is made by the user's code, or scikit-learn's.
    """

    def __init__(self, estimator: Any, step: TrainingStep, samples: Samples) -> None:
        self.looks, self.may_raise = 0, estimator.scoring not in (None, "loss")
        self._data = samples.training_data()
        self._scorer = _scorer(estimator, samples)
        self._rule = tuple(getattr(estimator, name, None) for name in ("scoring", "loss", "quantile", "delta"))
        count = len(self._data.targets)
        refuse_weightless_part(self._data.sample_weight, step.network.dtype, "validation set")
        if self._data.sample_weight is None:
            self._data.sample_weight = np.ones(count, step.network.dtype)
        self._total = float(self._data.sample_weight.sum(dtype=np.float64))
        self._outputs = np.empty((count, step.network.n_outputs), step.network.dtype)
        self._data.thin = self._data.thin and step.network.takes_sparse
        self._features = self._data.sources(step.network.dtype)[0] if self._data.thin else self._data.X
        self._program = step.evaluation(self._data, min(_ROWS, count))

    def key(self) -> tuple:
        """Return what is the same where scores can be compared: they are of the same samples, by the same rule."""
        return *self._rule, _digest(self._data)

    def look(self) -> tuple[float, float]:
        """Return the score and the mean loss (without penalty) of the network as it is now."""
        loss = self._predict() / self._total
        score = self._scorer(self._outputs, loss)
        self.looks += 1
        return score, loss

    def _predict(self) -> float:
        """Fill the array of outputs; return the sum of the losses."""
        program, size, total = self._program, self._program.inputs[0].shape[0], 0.0
        *x, targets, weights = program.inputs
        for begin in range(0, len(self._outputs), size):
            rows = min(size, len(self._outputs) - begin)
            chunk = slice(begin, begin + rows)
            write_rows(self._features, begin, rows, x)
            targets[:rows] = self._data.targets[chunk]
            weights[:rows], weights[rows:] = self._data.sample_weight[chunk], 0.0
            outputs, loss = program.run()
            self._outputs[chunk] = outputs[:rows]
            total += float(loss)
        return total


def _scorer(estimator: Any, samples: Samples) -> Callable[[np.ndarray, float], float]:
    """Return the score as a function of outputs and loss."""
    if estimator.scoring == "loss":
        return lambda outputs, loss: -loss
    if estimator.scoring is None:
        y, weight = samples.encoded.y, samples.sample_weight
        return lambda outputs, loss: estimator._score_outputs(outputs, y, weight)
    scorer = check_scoring(estimator, estimator.scoring)
    weights = {}
    if samples.sample_weight is not None and _takes_weights(scorer):
        weights["sample_weight"] = samples.sample_weight

    def score(outputs: np.ndarray, loss: float) -> float:
        # The samples have been checked, and their names are gone.
        nameless = twin(estimator)
        vars(nameless).pop("feature_names_in_", None)
        return _number(scorer(nameless, samples.X, samples.encoded.y, **weights), scorer)

    return score


def _number(score: Any, scorer: Callable[..., float]) -> float:
    """Return a score as a number; raise ValueError, with scikit-learn's words, if it is none."""
    if hasattr(score, "item") and getattr(score, "size", 1) == 1:
        score = score.item()
    if not isinstance(score, Real):
        raise ValueError(f"scoring must return a number, got {score} ({type(score)}) instead. (scorer={scorer})")
    return float(score)


def _takes_weights(scorer: Callable[..., float]) -> bool:
    """Whether a scorer takes weights of samples; warn, with scikit-learn's words, where it does not."""
    if hasattr(scorer, "_accept_sample_weight"):  # a scorer of scikit-learn's takes what its metric does
        takes = scorer._accept_sample_weight()
    else:
        parameters = inspect.signature(scorer).parameters
        takes = "sample_weight" in parameters or any(each.kind is each.VAR_KEYWORD for each in parameters.values())
    if not takes:
        warnings.warn(
            f"The scoring {scorer} does not support sample_weight, which may lead to statistically incorrect results "
            "when fitting with sample_weight.",
            stacklevel=2,
        )
    return takes


def _digest(data: TrainingData) -> tuple:
    """Return what tells samples from others, in a few bytes that can be stored.

    A checksum: each call of `partial_fit` takes it, and a cryptographic one takes as long as the look at the samples.
    """
    X = (data.X.data, data.X.indices, data.X.indptr) if sparse.issparse(data.X) else (data.X,)
    arrays = [each for each in (*X, data.targets, data.sample_weight) if each is not None]
    return tuple((array.dtype.str, array.shape, zlib.crc32(np.ascontiguousarray(array))) for array in arrays)


def split_off(call: Call, fraction: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the rows to train on and those to validate on: scikit-learn's split.

    Raises
    ------
    ValueError
        If too little would be held out.
    """
    values = call.samples.encoded.values
    # As a column of booleans: scikit-learn's errors name them so.
    strata = values.reshape(len(values), -1)[:, -1:].astype(bool) if call.targets.stratified else None
    rows, held_out = train_test_split(
        np.arange(len(values)), random_state=call.random_state, test_size=fraction, stratify=strata
    )
    if len(held_out) < 2:
        raise ValueError("The validation set is too small. Increase 'validation_fraction' or the size of your dataset.")
    return rows, held_out
