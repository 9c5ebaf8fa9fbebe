"""The loop of ``predict``: batches in, predictions joined, callbacks in between."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from typing import Any

import numpy as np

from ..callbacks import CallbackList
from ..structures import flatten, rebuild
from .data import as_features, is_stream
from .sparse_rows import SparseRows

__all__ = ["PredictLoop"]


class PredictLoop:
    """Predicts for arrays or a stream.

    Parameters
    ----------
    model : Model
    x, batch_size, steps
        As for `Trainer.predict`; checked here.
    callbacks : CallbackList

    Attributes
    ----------
    total : int or None
        Batches by Keras' count; None where a stream does not tell.
    """

    def __init__(self, model: Any, x: Any, batch_size: int | None, steps: int | None, callbacks: CallbackList) -> None:
        self.model = model
        self.callbacks = callbacks
        self._hooked = callbacks.wants_batches("predict")
        self._shown = 0  # rows of a batch that the progress bar counts; 0: as they come
        if is_stream(x):
            data = model._make_data(x, None, None, batch_size=batch_size, steps=steps)
            data.begin_epoch()
            data.start()
            self.total = steps or data.batches
            self._batches = self._of_stream(data, steps)
        else:
            self._batches = self._of_array(as_features(model._one_input(x), "x"), batch_size, steps)
        callbacks.set_params({**callbacks.params, "steps": self.total})

    def _of_array(self, x: np.ndarray | SparseRows, batch_size: int | None, steps: int | None) -> Iterator[np.ndarray]:
        if x.size == 0:
            raise ValueError(f"x is empty: its shape is {x.shape}")
        x = self.model._fitting_x(x, "x")
        if batch_size is None and steps is not None:
            batch_size = -(-len(x) // steps)
        shown = self._shown = batch_size or 32
        if steps is not None:
            x = x[: steps * shown]
        self.total = -(-len(x) // shown)
        rows = shown
        if batch_size is None and not self._hooked and len(x) > shown:
            most = self.model._runtime.predictor.wide_batch()
            # As even as can be: one program for nearly all. What mixes rows must see Keras' batches.
            rows = max(shown, -(-len(x) // -(-len(x) // most)))
        return (x[begin : begin + rows] for begin in range(0, len(x), rows))

    def _of_stream(self, data: Any, steps: int | None) -> Iterator[np.ndarray]:
        count = 0
        while steps is None or count < steps:
            batch = data.next()
            if batch is None:
                break
            yield self.model._fitting_x(batch.sources[0], data.name)
            count += 1
        data.end_epoch()

    def run(self) -> Any:
        """Return the predictions for all rows, each leaf of their structure joined by itself."""
        model, callbacks = self.model, self.callbacks
        model.stop_predicting = False
        callbacks.on_predict_begin()
        together = model.steps_per_execution if self._hooked else 1
        parts: list[Any] = []
        count = rows = 0
        while batches := list(islice(self._batches, together)):
            begin = count
            if self._hooked:
                callbacks.on_predict_batch_begin(begin)
            parts.append(_joined([self._predict(x) for x in batches]))
            count += len(batches)
            rows += sum(map(len, batches))
            if self._hooked:
                callbacks.on_predict_batch_end(begin + together - 1, {"outputs": parts[-1]})
            elif callbacks.progbar is not None:
                self._show(count - 1, rows)
            if model.stop_predicting:
                break
        if not parts:
            raise ValueError("x yields no batches")
        callbacks.on_predict_end()
        return _joined(parts)

    def _predict(self, x: np.ndarray | SparseRows) -> Any:
        self.model._ensure_built(x)
        return self.model._runtime.predictor.predict(x)

    def _show(self, count: int, rows: int) -> None:
        """Move the bar to Keras' batch; one of ours may hold several of them, and it shows the first one first."""
        done = count + 1 if not self._shown else -(-rows // self._shown)
        self.callbacks.progbar.on_predict_batch_end(0 if count == 0 else done - 1)


def _joined(parts: list[Any]) -> Any:
    """Return the predictions of several batches as one, each leaf of their structure joined by itself."""
    if len(parts) == 1:
        return parts[0]
    leaves = zip(*map(flatten, parts), strict=True)
    return rebuild(parts[0], map(np.concatenate, leaves))
