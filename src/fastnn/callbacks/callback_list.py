"""Several callbacks, called as one."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .callback import Callback, Logs
from .history import History
from .progbar_logger import ProgbarLogger

__all__ = ["CallbackList"]

_BATCH_HOOKS = {
    "train": (
        "on_train_batch_begin",
        "on_train_batch_end",
        "on_batch_begin",
        "on_batch_end",
    ),
    "test": ("on_test_batch_begin", "on_test_batch_end"),
    "predict": ("on_predict_batch_begin", "on_predict_batch_end"),
}


class CallbackList(Callback):
    """Calls each hook of every callback in turn (Keras' `CallbackList`).

    Parameters
    ----------
    callbacks : Callback, or (nested) list of them, optional
    add_history, add_progbar : bool
        Whether to append a `History` and a `ProgbarLogger` where the list has none.
    model : Model, optional
        Passed to ``set_model`` of every callback.
    **params
        Passed to ``set_params`` of every callback.

    Raises
    ------
    TypeError
        For an element that has no ``set_model``, such as a class in place of its instance.
    """

    def __init__(
        self,
        callbacks: Any = None,
        add_history: bool = False,
        add_progbar: bool = False,
        model: Any = None,
        **params: Any,
    ) -> None:
        super().__init__()
        self.callbacks = list(_flatten(callbacks))
        self.history = self._find(History)
        self.progbar = self._find(ProgbarLogger)
        if add_history and self.history is None:
            self.history = History()
            self.callbacks.append(self.history)
        if add_progbar and self.progbar is None:
            self.progbar = ProgbarLogger()
            self.callbacks.append(self.progbar)
        if model is not None:
            self.set_model(model)
        self.set_params(params)

    def _find(self, kind: type) -> Any:
        found = [callback for callback in self.callbacks if isinstance(callback, kind)]
        return found[-1] if found else None

    def append(self, callback: Callback) -> None:
        """Add one callback at the end."""
        self.callbacks.extend(_flatten(callback))

    def wants_batches(self, mode: str) -> bool:
        """Whether a callback other than the progress bar looks at single batches.

        ``mode`` is "train", "test" or "predict".
        """
        return any(
            _overrides(callback, hook)
            for callback in self.callbacks
            if type(callback) not in (ProgbarLogger, History)
            for hook in _BATCH_HOOKS[mode]
        )

    def wants_epochs(self) -> bool:
        """Whether somebody other than the history has something to do between epochs."""
        return type(self) is not CallbackList or any(
            _overrides(callback, hook)
            for callback in self.callbacks
            if type(callback) is not History
            for hook in ("on_epoch_begin", "on_epoch_end")
        )

    def record_epochs(self, first: int, columns: dict[str, list[float]]) -> None:
        """Tell the history of many epochs at once; only for callbacks that do not want them one by one."""
        for callback in self.callbacks:
            if type(callback) is History:
                callback.record_epochs(first, columns)

    def set_params(self, params: dict[str, Any]) -> None:
        self.params = params
        if params:
            for callback in self.callbacks:
                callback.set_params(params)

    def set_model(self, model: Any) -> None:
        super().set_model(model)
        if self.history is not None:
            model.history = self.history
        for callback in self.callbacks:
            callback.set_model(model)

    def _call(self, hook: str, *position: int, logs: Logs) -> None:
        """Call one hook of every callback; all see the same logs, never None."""
        logs = {} if logs is None else logs
        for callback in self.callbacks:
            getattr(callback, hook)(*position, logs)

    def on_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._call("on_batch_begin", batch, logs=logs)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._call("on_batch_end", batch, logs=logs)

    def on_epoch_begin(self, epoch: int, logs: Logs = None) -> None:
        self._call("on_epoch_begin", epoch, logs=logs)

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        self._call("on_epoch_end", epoch, logs=logs)

    def on_train_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._call("on_train_batch_begin", batch, logs=logs)

    def on_train_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._call("on_train_batch_end", batch, logs=logs)

    def on_test_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._call("on_test_batch_begin", batch, logs=logs)

    def on_test_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._call("on_test_batch_end", batch, logs=logs)

    def on_predict_batch_begin(self, batch: int, logs: Logs = None) -> None:
        self._call("on_predict_batch_begin", batch, logs=logs)

    def on_predict_batch_end(self, batch: int, logs: Logs = None) -> None:
        self._call("on_predict_batch_end", batch, logs=logs)

    def on_train_begin(self, logs: Logs = None) -> None:
        self._call("on_train_begin", logs=logs)

    def on_train_end(self, logs: Logs = None) -> None:
        self._call("on_train_end", logs=logs)

    def on_test_begin(self, logs: Logs = None) -> None:
        self._call("on_test_begin", logs=logs)

    def on_test_end(self, logs: Logs = None) -> None:
        self._call("on_test_end", logs=logs)

    def on_predict_begin(self, logs: Logs = None) -> None:
        self._call("on_predict_begin", logs=logs)

    def on_predict_end(self, logs: Logs = None) -> None:
        self._call("on_predict_end", logs=logs)


def _flatten(callbacks: Any) -> Iterable[Any]:
    if callbacks is None:
        return
    if isinstance(callbacks, (list, tuple)):
        for item in callbacks:
            yield from _flatten(item)
        return
    if isinstance(callbacks, type) or not hasattr(callbacks, "set_model"):
        hint = ": pass an instance, not the class" if isinstance(callbacks, type) else ""
        raise TypeError(f"callbacks must hold Callback instances, got {callbacks!r}{hint}")
    yield callbacks


def _overrides(callback: Any, hook: str) -> bool:
    """Whether the callback's class, or the instance as LambdaCallback does, brings its own hook."""
    own = getattr(callback, hook, None)
    return own is not None and getattr(own, "__func__", own) is not getattr(Callback, hook)
