"""The batches of an epoch, from arrays or streams, run as many at a time as a loop asks for."""

from __future__ import annotations

import inspect
import warnings
from typing import Any

from .data import ArrayData, StreamData
from .runners import make_runner

__all__ = ["ArrayFeed", "StreamFeed", "make_feed", "warn_out_of_data"]


class ArrayFeed:
    """Batches of arrays.

    Parameters
    ----------
    model : Model
    mode : {"train", "test"}
    data : ArrayData
    steps : int, optional
        Batches an epoch. By default all. With fewer, the next epoch goes on where the last one ended, as
        in Keras.
    shuffle : bool
        Draw a new order of the rows whenever they begin anew; a single batch keeps its own.
    """

    one_at_a_time = False

    def __init__(self, model: Any, mode: str, data: ArrayData, steps: int | None, shuffle: bool) -> None:
        self._data = data
        self._batches = data.batches
        self.steps: int | None = steps or data.batches
        self._first_order = model._runtime.order_state() if shuffle else None
        self._orders = model._runtime.order_program(data.rows) if shuffle and data.batches > 1 else None
        self._model = model
        order = None if self._orders is None else self._orders.outputs[0]
        self._runner = make_runner(model, mode, data, order)
        #: see to it that programs are bound to the arrays; let go of these, which programs must not keep
        self.bind, self.let_go = self._runner.bind, self._runner.let_go
        self._position = data.batches

    def begin_epoch(self) -> None:
        """Begin anew where the last epoch used up all batches."""
        if not self.more():
            self._position = 0
            if self._orders is not None:
                self._orders.run()

    def more(self) -> bool:
        """Whether there is another batch."""
        return self._position < self._batches

    def end_epoch(self) -> None:
        """Do nothing: arrays need not know."""

    def check_watched(self) -> None:
        """Raise ValueError if values of x that nobody has looked at before are why a run stopped: nothing was drawn."""
        try:
            self._data.check_watched()
        except ValueError:
            if self._first_order is not None:
                self._model._runtime.set_order_state(self._first_order)
            raise

    def rewind(self) -> None:
        """Make the next epoch begin with the first batch."""
        self._position = self._batches

    def run(self, count: int) -> tuple[int, bool]:
        """Run up to so many batches; return how many were completed, and whether all were finite."""
        asked = min(count, self._batches - self._position)
        done = self._runner.run(self._position, asked) if asked else 0
        self._position += done
        return done, done == asked

    def epoch_parts(self) -> list[tuple[Any, int, int]] | None:
        """Return an epoch as the parts of a `Sequence`; None where epochs differ or run op by op."""
        parts = self._runner.parts()
        if parts is None or self.steps != self._batches:
            return None
        return parts if self._orders is None else [(self._orders, 0, 0), *parts]

    def logs(self) -> dict[str, Any]:
        """Return what an overridden step returned for the last batch."""
        return self._runner.logs()


class StreamFeed:
    """Batches of a generator, an iterable or a function; the interface is that of `ArrayFeed`."""

    one_at_a_time = True

    def __init__(self, model: Any, mode: str, data: StreamData, steps: int | None) -> None:
        self.model = model
        self.mode = mode
        self.data = data
        self.given_steps = steps
        self.steps = steps if steps is not None else data.batches
        self._runner: Any = None
        self._anew = True

    def begin_epoch(self) -> None:
        """Begin the stream anew where it ended, or where epochs are as long as the stream."""
        self.data.begin_epoch()
        if self._anew or not self.more():
            self.data.start()
        self._anew = self.given_steps is None

    def more(self) -> bool:
        """Whether there is another batch, which is fetched to know that."""
        return self.data.more()

    def end_epoch(self) -> None:
        """Tell the stream."""
        self.data.end_epoch()

    def check_watched(self) -> None:
        """Do nothing: every batch is checked when it comes."""

    def rewind(self) -> None:
        """Make the next epoch begin the stream anew, if it can."""
        self._anew = True

    def run(self, count: int) -> tuple[int, bool]:
        """Run up to so many batches; return how many were completed, and whether all were finite."""
        for done in range(count):
            batch = self.data.next()
            if batch is None:
                return done, True
            self.model._check_batch(batch)
            self._runner = make_runner(self.model, self.mode, batch)
            if not self._runner.run_once():
                return done, False
        return count, True

    def let_go(self) -> None:
        """Do nothing: every batch is let go of when it has run."""

    def epoch_parts(self) -> None:
        """Return None: every batch comes from Python."""
        return None

    def logs(self) -> dict[str, Any]:
        """Return what an overridden step returned for the last batch."""
        return self._runner.logs()


def make_feed(
    model: Any, mode: str, data: ArrayData | StreamData, steps: int | None, shuffle: bool = False
) -> ArrayFeed | StreamFeed:
    """Return the feed for arrays or a stream; streams come in their own order, and ``shuffle`` is warned of."""
    if isinstance(data, StreamData):
        if shuffle:
            _warn_of_shuffle(data)
        return StreamFeed(model, mode, data, steps)
    return ArrayFeed(model, mode, data, steps, shuffle)


def warn_out_of_data() -> None:
    """Warn, in Keras' words, that an epoch has fewer batches than asked for."""
    warnings.warn(
        "Your input ran out of data; interrupting training. Make sure that your dataset or generator can "
        "generate at least `steps_per_epoch * epochs` batches.",
        stacklevel=2,
    )


def _warn_of_shuffle(data: StreamData) -> None:
    """Warn, in Keras' words, that a stream keeps its own order."""
    kind = "generator" if inspect.isgenerator(data.stream) else type(data.stream).__name__
    warnings.warn(
        f"`shuffle=True` was passed, but will be ignored since the data `{data.name}` was provided as a {kind}. The "
        f"{kind} is expected to yield already-shuffled data.",
        stacklevel=2,
    )
