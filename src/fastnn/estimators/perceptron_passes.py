"""Passes of the perceptron over the data, until they do not help any more: scikit-learn's rules, our kernel."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import Any

import numpy as np
from scipy import sparse

from .._kernels.core import Plan
from .perceptron_shuffle import shuffled_positions

__all__ = ["Line", "Passes"]

_SPARSE_DECAY = 0.01  # of the intercept's steps where rows are sparse: scikit-learn's
_STATE = ("intercept", "loss", "penalty", "u", "squares", "absolutes")  # of the kernel, see c/perceptron.inc


@dataclass
class Line:
    """What separates two classes: ``coef @ x + intercept > 0``.

    Attributes
    ----------
    coef : ndarray of shape (features,)
    intercept : float
    passes : int
        How many it took to find it.
    """

    coef: np.ndarray
    intercept: float
    passes: int = 0

    def score(self, X: Any, signs: np.ndarray, sample_weight: np.ndarray) -> float:
        """Return the accuracy on samples whose classes are -1 and 1."""
        found = np.where(X @ self.coef + self.intercept > 0, 1.0, -1.0)
        return float(np.average(found == signs, weights=sample_weight))


class Passes:
    """One against the others: samples of class 1 against those of class -1.

    Parameters
    ----------
    estimator : Perceptron
        Its parameters are what is obeyed.
    X : ndarray or CSR matrix of shape (samples, features)
    signs : ndarray of shape (samples,)
        -1 and 1, in X's dtype.
    row_weight, class_weight : ndarray of shape (samples,)
        The factors of the steps.
    line : Line
        Where to start; not changed.
    held_out : ndarray of bool, shape (samples,), or None
        The rows of the validation set; None: there is none.
    seed : int
        Of the order of rows.
    """

    def __init__(
        self,
        estimator: Any,
        X: Any,
        signs: np.ndarray,
        row_weight: np.ndarray,
        class_weight: np.ndarray,
        line: Line,
        held_out: np.ndarray | None,
        seed: int,
    ) -> None:
        self._estimator = estimator
        self._seed = seed
        self._coef = np.array(line.coef, X.dtype)
        self._state = np.zeros(len(_STATE))
        self._state[0] = line.intercept
        self._state[4:] = np.dot(self._coef, self._coef), np.abs(self._coef).sum()
        self._train = None if held_out is None else ~held_out
        self._validation = None if held_out is None else (X[held_out], signs[held_out], row_weight[held_out])
        self._rows = np.arange(len(signs))
        self._order = np.array(self._trained_on())
        self._plan = self._bind(X, signs, (estimator.eta0 * signs * class_weight * row_weight).astype(X.dtype))

    def _bind(self, X: Any, signs: np.ndarray, steps: np.ndarray) -> Plan:
        estimator, is_sparse = self._estimator, sparse.issparse(X)
        l1 = {None: 0.0, "l2": 0.0, "l1": 1.0, "elasticnet": estimator.l1_ratio}[estimator.penalty]
        alpha = estimator.alpha if estimator.penalty else 0.0
        paid = estimator.eta0 * alpha  # of the penalty with each row
        decay = (_SPARSE_DECAY if is_sparse else 1.0) if estimator.fit_intercept else 0.0
        hyper = (max(0.0, 1.0 - (1.0 - l1) * paid), l1 * paid, (1.0 - l1) * alpha, l1 * alpha, decay)
        debts = np.zeros_like(self._coef) if l1 else None
        rows = {"columns": X.indices, "starts": X.indptr} if is_sparse else {}
        plan = Plan()
        x = X.data if is_sparse else X
        plan.perceptron(self._coef, self._state, x, signs, steps, self._order, q=debts, hyper=hyper, **rows)
        return plan

    def run(self, limit: int) -> Line:
        """Run passes, at most so many, and return what was found.

        Raises
        ------
        ValueError
            If a weight is not finite any more, with scikit-learn's words.
        """
        estimator = self._estimator
        self._began = time.perf_counter()
        positions = shuffled_positions(len(self._rows), self._seed) if estimator.shuffle else None
        stale, best, done = 0, -np.inf, 0
        tolerance = -np.inf if estimator.tol is None else estimator.tol
        while done < limit and stale < estimator.n_iter_no_change:
            if positions is not None:
                self._rows = self._rows[positions]
                self._order[:] = self._trained_on()
            done += 1
            goodness = self._pass(done)
            stale = stale + 1 if tolerance > -np.inf and goodness < best + tolerance else 0
            best = max(best, goodness)
        if estimator.verbose and stale >= estimator.n_iter_no_change:
            print(f"Convergence after {done} epochs took {time.perf_counter() - self._began:.2f} seconds")
        return self._line(done)

    def _trained_on(self) -> np.ndarray:
        """Return the rows of the training set in the order in which all rows are now."""
        return self._rows if self._train is None else self._rows[self._train[self._rows]]

    def _line(self, done: int) -> Line:
        return Line(self._coef, float(self._state[0]), done)

    def _pass(self, number: int) -> float:
        """Run a pass and return what is to grow: the score on the validation set, or minus the objective."""
        estimator = self._estimator
        if estimator.verbose:
            print(f"-- Epoch {number}")
        self._state[1:3] = 0.0
        self._plan.run()
        if not (np.isfinite(self._state[0]) and np.isfinite(self._coef).all()):
            raise ValueError(
                f"Floating-point under-/overflow occurred at epoch #{number}. Scaling input data with StandardScaler "
                "or MinMaxScaler might help."
            )
        loss, objective = (float(total) / len(self._order) for total in (self._state[1], self._state[1:3].sum()))
        score = None if self._validation is None else self._line(number).score(*self._validation)
        if estimator.verbose:
            self._report(number, loss, objective, score)
        return -objective if score is None else score

    def _report(self, number: int, loss: float, objective: float, score: float | None) -> None:
        coef, intercept = self._coef, self._state[0]
        note = "" if score is None else f", Validation score: {score:f}"
        print(
            f"Norm: {np.linalg.norm(coef):.2f}, NNZs: {np.count_nonzero(coef)}, Bias: {intercept:.6f}, "
            f"T: {number * len(self._order)}, Avg. loss: {loss:f}, Objective: {objective:f}{note}"
        )
        print(f"Total training time: {time.perf_counter() - self._began:.2f} seconds.")
