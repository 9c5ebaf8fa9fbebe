"""The loops of ``fit`` and ``evaluate``: epochs, callbacks, progress, divergence."""

from __future__ import annotations

import time
from collections.abc import Container
from typing import Any

from ..callbacks import CallbackList, TerminateOnNaN
from .errors import DivergenceError
from .feeds import ArrayFeed, StreamFeed, warn_out_of_data
from .logs import metrics_or_own
from .many_epochs import ManyEpochs, make_many_epochs
from .pace import Pace

__all__ = ["EvaluateLoop", "FitLoop"]


class _Loop:
    """What training and evaluation have in common: running through a feed once.

    Parameters
    ----------
    model : Model
    mode : {"train", "test"}
    feed : ArrayFeed or StreamFeed
    callbacks : CallbackList
    """

    def __init__(self, model: Any, mode: str, feed: ArrayFeed | StreamFeed, callbacks: CallbackList) -> None:
        self.model = model
        self.feed = feed
        self.callbacks = callbacks
        self._begin_hook = getattr(callbacks, f"on_{mode}_batch_begin")
        self._end_hook = getattr(callbacks, f"on_{mode}_batch_end")
        self._hooked = callbacks.wants_batches(mode)
        self._bar_hook = self._progress_hook(mode)
        self._by_batch = self._hooked or feed.one_at_a_time
        self._pace = Pace()
        self._warned = False
        self._own_logs = model._own_logs(mode)
        self._reader = model._runtime.reader()

    def _progress_hook(self, mode: str) -> Any:
        bar = self.callbacks.progbar
        # A bar that shows one line an epoch must yet count the batches of a stream.
        looks = bar is not None and (bar.verbose == 1 or self.feed.one_at_a_time)
        shown = looks and (mode == "train" or not bar._in_fit)
        return getattr(bar, f"on_{mode}_batch_end") if shown else None

    def _stopped(self) -> bool:
        raise NotImplementedError

    def _batches(self, done: int) -> int:
        """Return how many batches to run next."""
        if self._by_batch or self._stopped():
            count = self.model.steps_per_execution
        elif self._bar_hook is not None and not done:
            count = 1  # Keras shows the bar after the first batch
        else:
            count = self._pace.batches()
        steps = self.feed.steps
        return count if steps is None else min(count, steps - done)

    def _pass(self) -> tuple[int, bool]:
        """Run through the feed; return the batches completed and whether all were finite."""
        feed, done = self.feed, 0
        self._reader.reset()
        feed.begin_epoch()
        while feed.steps is None or done < feed.steps:
            if not feed.more():
                if feed.steps is not None:
                    self._warn_out_of_data()
                break
            begin, asked = done, self._batches(done)
            if self._hooked:
                self._begin_hook(begin)
            start = time.perf_counter()
            ran, finite = feed.run(asked)
            if ran:
                self._pace.note(ran, time.perf_counter() - start)
            done += ran
            self._report(begin, done - 1 if finite else done)
            if not finite:
                return done, False
            if self._stopped():
                break
        feed.end_epoch()
        return done, True

    def _warn_out_of_data(self) -> None:
        """Warn once, however many epochs are too short."""
        if not self._warned:
            self._warned = True
            warn_out_of_data()

    def _report(self, begin: int, batch: int) -> None:
        """Tell that batches ``begin … batch`` have run; callbacks hear of the last one that might have, as in Keras."""
        if self._hooked:
            self._end_hook(begin + self.model.steps_per_execution - 1, self._logs())
        elif self._bar_hook is not None:
            self._bar_hook(batch, self._logs())

    def _logs(self) -> dict[str, Any]:
        """Return the metrics so far, or what an overridden step returned."""
        metrics = self._reader.read()
        if not self._own_logs:
            return metrics
        return metrics_or_own(metrics, self.feed.logs(), self.model._tracks_loss())


class EvaluateLoop(_Loop):
    """Evaluates a model; the parameters are those of `_Loop` without the mode."""

    def __init__(self, model: Any, feed: ArrayFeed | StreamFeed, callbacks: CallbackList) -> None:
        super().__init__(model, "test", feed, callbacks)

    def _stopped(self) -> bool:
        return self.model.stop_evaluating

    def run(self) -> dict[str, float]:
        """Return the metrics over the feed, begun anew."""
        self.model.stop_evaluating = False
        self.callbacks.on_test_begin()
        self.feed.rewind()
        if not self._pass()[0]:
            raise ValueError("there is nothing left to evaluate on: the iterator has ended")
        logs = self._logs()
        self.callbacks.on_test_end(logs)
        return logs


class FitLoop(_Loop):
    """Trains a model.

    Parameters
    ----------
    model, feed, callbacks
        As for `_Loop`.
    validation : EvaluateLoop, optional
    validation_freq : int or container of int
        Validate after every so many epochs, or after these (counted from 1).
    """

    def __init__(
        self,
        model: Any,
        feed: ArrayFeed | StreamFeed,
        callbacks: CallbackList,
        validation: EvaluateLoop | None,
        validation_freq: int | Container[int],
    ) -> None:
        super().__init__(model, "train", feed, callbacks)
        self.validation = validation
        self.validation_freq = validation_freq
        self._snapshot = model._runtime.borrow_snapshot()
        self._finite_epoch = 0
        self._together: ManyEpochs | None = None
        self._tolerant = any(isinstance(c, TerminateOnNaN) for c in callbacks.callbacks)

    def _stopped(self) -> bool:
        return self.model.stop_training

    def run(self, initial_epoch: int, epochs: int) -> None:
        """Run the epochs ``initial_epoch … epochs - 1``."""
        try:
            self._run(initial_epoch, epochs)
        finally:
            self.feed.let_go()
            if self.validation is not None:
                self.validation.feed.let_go()
            self.model._runtime.return_snapshot(self._snapshot)

    def _run(self, initial_epoch: int, epochs: int) -> None:
        model, callbacks = self.model, self.callbacks
        model.stop_training = False
        logs: dict[str, Any] = {}
        callbacks.on_train_begin()
        self._finite_epoch = initial_epoch
        self._check_start()
        if self.validation is None and epochs - initial_epoch > 2:
            self._together = make_many_epochs(model, self.feed, callbacks, self._snapshot)
        epoch = initial_epoch
        while epoch < epochs:
            count, found = self._many(epoch, epochs) or self._one(epoch)
            epoch += count
            logs = logs if found is None else found
            if model.stop_training:
                break
        if epochs:
            model.optimizer.finalize_variable_values(model._runtime.trained())
        callbacks.on_train_end(logs)

    def _check_start(self) -> None:
        if not self._snapshot.take():
            raise ValueError("the model's weights hold NaN or infinite values before training begins")

    def _many(self, epoch: int, epochs: int) -> tuple[int, dict[str, Any]] | None:
        """Run epochs in C and return how many, and the logs; None where the next one is to be run by itself."""
        if self._together is None or self._stopped():
            return None
        count = self._together.ahead(epoch, epochs)
        if count < 2:
            return None
        logs = self._together.run(epoch, count, self.callbacks, self.feed.bind)
        if logs is None:
            return None
        if epoch + count < epochs:
            self._snapshot.take()
        self._finite_epoch = epoch + count
        return count, logs

    def _one(self, epoch: int) -> tuple[int, dict[str, Any] | None]:
        """Run one epoch with all that may be wanted around it; return 1 and the logs, None if there was no batch."""
        start = time.perf_counter()
        self.callbacks.on_epoch_begin(epoch)
        logs = self._epoch(epoch)
        if logs is not None:
            self.callbacks.on_epoch_end(epoch, logs)
        if self._together is not None:
            self._together.note(time.perf_counter() - start)
        return 1, logs

    def _epoch(self, epoch: int) -> dict[str, Any] | None:
        done, finite = self._pass()
        if not finite:
            self._diverged(epoch, done + 1, "the loss is NaN or infinite")
        elif self._snapshot.take():
            self._finite_epoch = epoch + 1
        else:
            self._diverged(epoch, done, "a weight is NaN or infinite")
        if not done and finite:
            self._warn_out_of_data()
            self.model.stop_training = True
            return None
        logs = self._logs()
        if self.validation is not None and self._validates(epoch + 1):
            logs.update((f"val_{name}", value) for name, value in self.validation.run().items())
            logs = dict(sorted(logs.items()))
        return logs

    def _validates(self, epoch: int) -> bool:
        if isinstance(self.validation_freq, int):
            return epoch % self.validation_freq == 0
        return epoch in self.validation_freq

    def _diverged(self, epoch: int, step: int, what: str) -> None:
        """Go back to the end of the last finite epoch; raise unless a callback sees to it."""
        self._snapshot.restore()
        self.feed.check_watched()
        if self._tolerant:
            self.model.stop_training = True
            return
        self._reader.reset()
        if self._bar_hook is not None:
            print(flush=True)
        kept = f"of the end of epoch {self._finite_epoch}" if self._finite_epoch else "from before training"
        raise DivergenceError(
            f"training diverged in epoch {epoch + 1}, step {step}: {what}. The weights {kept} have been "
            "restored. A smaller learning rate, scaled inputs or clipnorm= often helps.",
            epoch + 1,
            step,
        )
