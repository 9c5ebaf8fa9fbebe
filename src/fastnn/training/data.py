"""Where the batches of ``fit``, ``evaluate`` and ``predict`` come from: arrays, or streams of batches."""

from __future__ import annotations

import math
from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np

from ..sparse import CsrSource, is_sparse, stays_sparse
from ..utils import unpack_x_y_sample_weight
from . import arrays
from .sparse_rows import SparseRows

__all__ = ["ArrayData", "StreamData", "as_features", "check_finite", "is_stream", "make_data"]


def as_features(value: Any, name: str) -> np.ndarray | SparseRows:
    """Return features as an array (see `arrays.as_array`), or as rows that are sparse if they are."""
    if isinstance(value, np.ndarray) or not (is_sparse(value) or isinstance(value, SparseRows)):
        return arrays.as_array(value, name)
    return value if isinstance(value, SparseRows) else SparseRows(value, name)


def check_finite(source: np.ndarray | SparseRows, name: str, dtype: np.dtype) -> None:
    """Raise ValueError where a value is NaN, infinite or too large for a dtype: see `arrays.check_finite`."""
    if isinstance(source, SparseRows):
        source.check_finite(name, dtype)
    else:
        arrays.check_finite(source, name, dtype)


class ArrayData:
    """Arrays of equally many rows, cut into batches.

    Parameters
    ----------
    x, y, sample_weight : array_like
        Targets and weights may be None. They are checked: see `fastnn.training.arrays`.
    batch_size : int, optional
        By default as many as there are rows.
    x_dtype : numpy.dtype
        The dtype in which the model takes x.
    dtype : numpy.dtype
        The dtype of its targets and weights, where they are not class numbers.
    class_weight : dict of int to float, optional
    names : tuple of str
        What to call x, y and the weights in errors.

    Attributes
    ----------
    sources : tuple of ndarray or None
        x, y and the weights as given; x is a `SparseRows` if it stays sparse.
    rows, batches : int
    watched : bool
        Whether programs look at the values of x as they gather them, so that nobody has to before.
    """

    watched = False
    _classes_weigh = False

    def __init__(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        *,
        batch_size: int | None = None,
        x_dtype: np.dtype,
        dtype: np.dtype,
        class_weight: Mapping[int, float] | None = None,
        names: tuple[str, str, str] = ("x", "y", "sample_weight"),
    ) -> None:
        x = as_features(x, names[0])
        if isinstance(x, SparseRows) and not (x_dtype.kind == "f" and stays_sparse(x.matrix)):
            x = arrays.as_array(x.astype(x.dtype), names[0])
        y = None if y is None else arrays.as_array(y, names[1])
        weight = None if sample_weight is None else arrays.as_array(sample_weight, names[2])
        given = dict(zip(names, (x, y, weight), strict=True))
        self.rows = arrays.check_lengths(**given)
        if class_weight is not None:
            self._classes_weigh = True
            weight = class_weights(y, class_weight, weight, names[1], dtype)
        if weight is not None:
            check_weight_shape(weight, y, names[2])
        self.sources = (x, y, weight)
        self.names = names
        self.x_dtype, self.dtype = x_dtype, dtype
        self.resize(batch_size or self.rows)

    def resize(self, batch_size: int) -> None:
        """Cut the rows into batches of another size."""
        self.batch_size = min(batch_size, self.rows)
        self.batches = math.ceil(self.rows / batch_size)

    def check_values(self) -> None:
        """Raise ValueError where a value is NaN, infinite or too large for the model's dtype; not for a watched x."""
        dtypes = (self.x_dtype, self.dtype, self.dtype)
        for name, source, dtype in list(zip(self.names, self.sources, dtypes, strict=True))[self.watched :]:
            if source is not None:
                check_finite(source, name, dtype)

    def check_watched(self) -> None:
        """Raise what `check_values` left aside: a program has stopped, perhaps because of a value of x."""
        if self.watched:
            arrays.check_finite(self.sources[0], self.names[0], self.x_dtype)

    def reshape_x(self, x: np.ndarray) -> None:
        """Put another view of x in its place."""
        self.sources = (x, *self.sources[1:])

    def split(self, fraction: float) -> ArrayData:
        """Cut off the last rows, the given fraction of all, and return them, without what their classes weigh."""
        at = math.floor(self.rows * (1.0 - fraction))
        if at in (0, self.rows):
            raise ValueError(
                f"x has {self.rows} rows, which cannot be split by validation_split={fraction}: "
                "give more data or another fraction"
            )
        rest = object.__new__(ArrayData)
        rest.names, rest.x_dtype, rest.dtype = self.names, self.x_dtype, self.dtype
        x, y, weight = self.sources
        own = (x, y, None if self._classes_weigh else weight)
        rest.sources = tuple(None if s is None else s[at:] for s in own)
        self.sources = tuple(None if s is None else s[:at] for s in self.sources)
        rest.rows, self.rows = self.rows - at, at
        rest.resize(self.batch_size)
        self.resize(self.batch_size)
        return rest

    def specs(self, rows: int) -> list[tuple[tuple[int, ...], np.dtype] | None]:
        """Return shape and dtype of a batch of so many rows: x, y and the weights (None: absent)."""
        return specs(self.sources, self.x_dtype, self.dtype, rows)

    def gathered(self) -> list[np.ndarray | CsrSource]:
        """Return what programs gather their batches from."""
        x, *others = self.sources
        x = x.source(self.x_dtype) if isinstance(x, SparseRows) else x
        return [x, *[each for each in others if each is not None]]


class StreamData:
    """Batches that a generator, an iterable or a function yields.

    Parameters
    ----------
    stream : iterator, iterable, or callable that returns one
        Yields ``x``, ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``. An iterable or a callable is
        begun anew for every epoch, an iterator goes on where it was. Its ``on_epoch_begin()`` and ``on_epoch_end()``,
        if it has them, are called.
    x_dtype, dtype, class_weight
        As for `ArrayData`.
    name : str
        What to call the stream in errors.
    """

    batches: int | None

    def __init__(
        self,
        stream: Any,
        *,
        x_dtype: np.dtype,
        dtype: np.dtype,
        class_weight: Mapping[int, float] | None = None,
        name: str = "x",
    ) -> None:
        self.stream = stream
        self.x_dtype, self.dtype = x_dtype, dtype
        self.class_weight = class_weight
        self.name = name
        try:
            self.batches = len(stream)
        except TypeError:
            self.batches = None
        self._iterator: Iterator[Any] | None = None
        self._held: ArrayData | None = None
        self._in_epoch = False

    @property
    def restarts(self) -> bool:
        """Whether the stream can be begun anew."""
        return not hasattr(self.stream, "__next__")

    def begin_epoch(self) -> None:
        """Tell the stream that an epoch begins, once: `peek` has begun the first."""
        if not self._in_epoch:
            self._in_epoch = True
            self._tell("on_epoch_begin")

    def end_epoch(self) -> None:
        """Tell the stream, which may put its batches into another order."""
        self._in_epoch = False
        self._tell("on_epoch_end")

    def _tell(self, hook: str) -> None:
        """Call what the stream has of this name, as Keras' data sets do."""
        call = getattr(self.stream, hook, None)
        if callable(call):
            call()

    def start(self) -> None:
        """Begin anew, where the stream can; a stream of which only `peek` has seen anything has just begun."""
        if self._held is None and (self._iterator is None or self.restarts):
            self._iterator = self._begin()

    def peek(self) -> ArrayData:
        """Return the first batch, which `next` will return again."""
        self.begin_epoch()
        self.start()
        if not self.more():
            raise ValueError(f"{self.name} yields no batches")
        return self._held

    def more(self) -> bool:
        """Whether there is another batch, which `next` will return."""
        if self._held is None:
            self._held = self.next()
        return self._held is not None

    def next(self) -> ArrayData | None:
        """Return the next batch, checked; None at the end."""
        if self._held is not None:
            batch, self._held = self._held, None
            return batch
        try:
            item = next(self._iterator)
        except StopIteration:
            return None
        batch = self._batch(item)
        batch.check_values()
        return batch

    def _batch(self, item: Any) -> ArrayData:
        x, y, weight = unpack_x_y_sample_weight(item)
        names = tuple(f"{part} of a batch of {self.name}" for part in ("x", "y", "sample_weight"))
        return ArrayData(
            x,
            y,
            weight,
            x_dtype=self.x_dtype,
            dtype=self.dtype,
            class_weight=self.class_weight,
            names=names,
        )

    def _begin(self) -> Iterator[Any]:
        stream = self.stream() if callable(self.stream) else self.stream
        if not hasattr(stream, "__iter__") and hasattr(stream, "__getitem__"):
            return (stream[i] for i in range(len(stream)))
        try:
            return iter(stream)
        except TypeError:
            raise TypeError(f"{self.name} must return batches when called, got {type(stream).__name__}") from None


def is_stream(x: Any) -> bool:
    """Whether ``x`` yields batches rather than being an array of rows."""
    if x is None or isinstance(x, (np.ndarray, list, tuple, dict, str, bytes)):
        return False
    if hasattr(x, "__array__") or hasattr(x, "to_numpy") or is_sparse(x):
        return False
    return callable(x) or hasattr(x, "__next__") or hasattr(x, "__iter__") or _is_sequence(x)


def _is_sequence(x: Any) -> bool:
    return hasattr(x, "__getitem__") and hasattr(x, "__len__")


def make_data(
    x: Any,
    y: Any,
    sample_weight: Any,
    *,
    batch_size: int | None,
    steps: int | None,
    x_dtype: np.dtype,
    dtype: np.dtype,
    class_weight: Mapping[int, float] | None = None,
    names: tuple[str, str, str] = ("x", "y", "sample_weight"),
) -> ArrayData | StreamData:
    """Return the data of a call, checked as far as can be without running the model.

    ``batch_size`` None means 32, or for arrays with ``steps`` as many rows as make so many batches.
    """
    if not is_stream(x):
        data = ArrayData(
            x,
            y,
            sample_weight,
            batch_size=batch_size or 32,
            x_dtype=x_dtype,
            dtype=dtype,
            class_weight=class_weight,
            names=names,
        )
        if batch_size is None and steps is not None:
            data.resize(math.ceil(data.rows / steps))
        return data
    given = {names[1]: y, names[2]: sample_weight, "batch_size": batch_size}
    for name, value in given.items():
        if value is not None:
            raise ValueError(f"{name} must not be given when {names[0]} yields batches")
    return StreamData(x, x_dtype=x_dtype, dtype=dtype, class_weight=class_weight, name=names[0])


def specs(
    sources: tuple[np.ndarray | None, ...], x_dtype: np.dtype, dtype: np.dtype, rows: int
) -> list[tuple[tuple[int, ...], np.dtype] | None]:
    """Return shape and dtype in which a model takes a batch of x, y and the weights."""
    result = []
    for i, source in enumerate(sources):
        if source is None:
            result.append(None)
            continue
        kind = source.dtype.kind
        wanted = x_dtype if i == 0 else dtype
        if i == 1 and kind in "biu":
            wanted = source.dtype if source.dtype == np.int64 else np.dtype(np.int32)
        result.append(((rows, *source.shape[1:]), wanted))
    return result


def check_weight_shape(weight: np.ndarray, y: np.ndarray | None, name: str) -> None:
    """Raise ValueError unless the weights are one a row, or as many as the targets' leading axes."""
    if weight.ndim == 1 or (weight.ndim == 2 and weight.shape[1] == 1):
        return
    if y is None or weight.shape != y.shape[: weight.ndim]:
        expected = "one number a row" if y is None else f"one number a row, or the shape of y, {y.shape}"
        raise ValueError(f"{name} must have {expected}; got shape {weight.shape}")


def class_weights(
    y: np.ndarray | None, class_weight: Mapping[int, float], weight: np.ndarray | None, name: str, dtype: np.dtype
) -> np.ndarray:
    """Return a weight for each row from its class (1 for classes not named), as Keras does.

    Parameters
    ----------
    y : ndarray
        Class numbers of shape (rows,) or (rows, 1), or one-hot rows.
    class_weight : mapping of int to float
    """
    if weight is not None:
        raise ValueError("class_weight and sample_weight cannot be given at the same time")
    if y is None:
        raise ValueError(f"class_weight needs {name}")
    _check_class_weight(class_weight)
    if y.ndim > 2:
        raise ValueError(f"class_weight needs {name} of one or two axes, got shape {y.shape}")
    if y.ndim == 2:
        y = y[:, 0] if y.shape[1] == 1 else y.argmax(axis=1)
    classes, inverse = np.unique(np.round(y).astype(np.int64), return_inverse=True)
    table = np.array([class_weight.get(int(each), 1.0) for each in classes], dtype)
    return table[inverse.reshape(-1)]


def _check_class_weight(class_weight: Mapping[int, float]) -> None:
    if not isinstance(class_weight, Mapping):
        raise TypeError(f"class_weight must be a dict of class number to weight, got {class_weight!r}")
    for label, value in class_weight.items():
        if isinstance(label, bool) or not isinstance(label, (int, np.integer)):
            raise TypeError(f"class_weight must have class numbers as keys, got {label!r}")
        if isinstance(value, np.ndarray) and value.ndim == 0:
            value = value[()]
        real = isinstance(value, (int, float, np.integer, np.floating)) and not isinstance(value, bool)
        if not real or not math.isfinite(value):
            raise ValueError(f"class_weight[{label}] must be a finite number, got {value!r}")
