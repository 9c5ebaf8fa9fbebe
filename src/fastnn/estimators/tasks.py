"""Scikit-learn's callback protocol (1.9 and later): each epoch, or iteration, is a task of the fit."""

from __future__ import annotations

from typing import Any

try:
    from sklearn.callback import CallbackSupportMixin
except ImportError:  # scikit-learn before 1.9 has no callbacks

    class CallbackSupportMixin:  # type: ignore[no-redef]
        """Nothing to support."""


from .call import Given

__all__ = ["CallbackSupportMixin", "Tasks"]

#: What a shallow copy of an estimator lacks to be one that is fitted as far as training has come: nothing.
_FITTED: dict[str, Any] = {}


class Tasks:
    """Tells the callbacks of an estimator about a fit and its iterations.

    Parameters
    ----------
    estimator : BaseEstimator
        What trains; where it has an owner, that one's callbacks are told.
    name : str
        Of an iteration.
    iterations : int
        The largest number of them.
    given : Given
        What is trained on, for the callbacks.
    """

    def __init__(self, estimator: Any, name: str, iterations: int, given: Given) -> None:
        X, y = given.X, given.y
        if given.owner is not None:
            estimator, X, y = given.owner.estimator, given.owner.X, None
        self._estimator, self._name, self._iterations = estimator, name, iterations
        metadata = None if given.sample_weight is None else {"sample_weight": given.sample_weight}
        self._told = {"estimator": estimator, "X": X, "y": y, "metadata": metadata}
        self._fit: Any = None
        self._iteration: Any = None

    def __enter__(self) -> Tasks:
        estimator = self._estimator
        if hasattr(estimator, "_skl_callbacks") or hasattr(estimator, "_parent_callback_ctx"):
            self._fit = estimator._init_callback_context(max_subtasks=self._iterations)
            self._fit.call_on_fit_task_begin(**self._told)
        return self

    def __exit__(self, error: object, *_: object) -> None:
        if self._fit is not None and error is None:
            self._fit.call_on_fit_task_end(**self._told, reconstruction_attributes=_FITTED)

    @property
    def watched(self) -> bool:
        """Whether there are callbacks, which want to know of iterations; a search gives its fits a context without."""
        return self._fit is not None and bool(getattr(self._estimator, "_skl_callbacks", ()))

    def begin(self) -> None:
        """An iteration begins."""
        if self._fit is not None:
            self._iteration = self._fit.subcontext(task_name=self._name)
            self._iteration.call_on_fit_task_begin(**self._told, reconstruction_attributes=_FITTED)

    def end(self) -> bool:
        """The iteration has ended; return whether a callback wants training to stop."""
        if self._fit is None:
            return False
        return self._iteration.call_on_fit_task_end(**self._told, reconstruction_attributes=_FITTED)
