"""The user's data as arrays that the kernels can read, and what is wrong with them.

Nothing here changes or copies what is given, except where its dtype or layout is one that kernels do
not read.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .._kernels.core import Plan
from ..dtypes import WIDER
from ..ops.update import place_guard
from ..sparse import is_sparse
from ..tensor import Tensor, Variable

__all__ = ["as_array", "check_finite", "check_labels", "check_lengths", "check_probabilities"]

_READ_AS = {**WIDER, np.dtype("uint64"): np.dtype("int64")}  # integers beyond int64 are looked for
_LARGEST = {np.dtype(name): float(np.finfo(name).max) for name in ("float16", "float32", "float64")}
_TEXT_HINT = ": encode text as numbers, labels for example by np.unique(labels, return_inverse=True)[1]"
_BLOCK = 1 << 16  # elements looked at together, so that the second look finds them in the cache
_FEW = 1 << 12  # elements: of fewer, NumPy tells sooner whether they are finite than a plan that is made for it


def as_array(value: Any, name: str) -> np.ndarray:
    """Return ``value`` as an array of numbers with at least one axis.

    Parameters
    ----------
    value : array_like
        NumPy array, Tensor, Variable, pandas or polars object, torch tensor or (nested) list.
    name : str
        The argument's name, for errors.

    Returns
    -------
    ndarray
        Of dtype float32, float64, int32, int64, uint8 or bool. Rows are contiguous.

    Raises
    ------
    TypeError
        For anything that does not hold real numbers: objects, text, dates, complex, sparse matrices.
    ValueError
        For a scalar, for nested lists of unequal lengths, for integers beyond int64.
    """
    array = _numpy(value, name)
    if array.dtype.kind == "O":
        raise TypeError(_object_message(value, array, name))
    if array.dtype.kind not in "biuf":
        hint = _TEXT_HINT if array.dtype.kind in "US" else ""
        raise TypeError(f"{name} must hold real numbers, got an array of dtype {array.dtype}{hint}")
    if array.ndim == 0:
        raise ValueError(f"{name} must have one row for each sample, got the scalar {array[()]!r}")
    return _readable(array, name)


def _numpy(value: Any, name: str) -> np.ndarray:
    if type(value) is np.ndarray:
        return value
    if isinstance(value, Tensor):
        return value.array
    if isinstance(value, Variable):
        return value.numpy()
    if isinstance(value, dict):
        raise TypeError(
            f"{name} is a dict (keys {', '.join(map(repr, value))}): models with several named inputs or "
            "outputs are not supported, pass one array"
        )
    if is_sparse(value):
        raise TypeError(f"{name} is a sparse matrix, which only features may be: pass {name}.toarray()")
    if hasattr(value, "to_numpy"):
        return _from_frame(value)
    if value is None or isinstance(value, (str, bytes)):
        raise TypeError(f"{name} must be an array of numbers, got {value!r}")
    try:
        return np.asarray(value)
    except ValueError as error:
        shapes = [each.shape for each in value if hasattr(each, "shape")]
        if shapes and len(shapes) == len(value):
            listed = ", ".join(map(str, shapes))
            raise ValueError(
                f"{name} is a {type(value).__name__} of {len(value)} arrays, of the shapes {listed}: models with "
                "several inputs or outputs are not supported, and x and y are two arguments"
            ) from None
        raise ValueError(
            f"{name} cannot be made one array ({error}); models with several inputs or outputs are not supported"
        ) from None


def _from_frame(value: Any) -> np.ndarray:
    """Read a data frame or a series; nullable numbers become floats with NaN."""
    array = np.asarray(value.to_numpy())
    if array.dtype.kind == "O" and not _columns_without_numbers(value):
        array = value.to_numpy(dtype="float64", na_value=np.nan)
    return array


def _columns_without_numbers(value: Any) -> list[str]:
    """Names of a pandas frame's columns that hold something else than numbers."""
    if not hasattr(value, "columns"):
        kind = getattr(getattr(value, "dtype", None), "kind", "O")
        return [] if kind in "biuf" else [str(getattr(value, "name", None) or "the series")]
    return [
        str(name)
        for name, dtype in zip(value.columns, value.dtypes, strict=True)
        if getattr(dtype, "kind", "O") not in "biuf"
    ]


def _object_message(value: Any, array: np.ndarray, name: str) -> str:
    message = f"{name} holds Python objects (dtype object), not numbers"
    if hasattr(value, "columns"):
        columns = _columns_without_numbers(value)
        return f"{message}, in the columns {', '.join(map(repr, columns))}: encode or drop them"
    example = next((each for each in array.flat if not isinstance(each, (int, float))), None)
    shown = "" if example is None else f", for example {example!r}"
    if isinstance(example, (str, bytes)):
        return f"{message}{shown}{_TEXT_HINT}"
    return f"{message}{shown}; if they are numbers, use {name}.astype('float32')"


def _readable(array: np.ndarray, name: str) -> np.ndarray:
    wanted = _READ_AS.get(array.dtype if array.dtype.isnative else array.dtype.newbyteorder("="))
    if wanted is None and array.dtype.itemsize > 8:
        wanted = np.dtype("float64")  # of a long double
    if array.dtype.kind == "u" and array.dtype.itemsize == 8 and array.size and array.max() > np.iinfo(np.int64).max:
        raise ValueError(f"{name} holds integers beyond int64, the largest {array.max()}")
    if wanted is not None:
        return array.astype(wanted)
    if not array.dtype.isnative or not array.flags.aligned:
        return np.ascontiguousarray(array.astype(array.dtype.newbyteorder("=")))
    return array if _rows_contiguous(array) else np.ascontiguousarray(array)


def _rows_contiguous(array: np.ndarray) -> bool:
    if array.flags.c_contiguous:
        return True
    step = array.itemsize
    for size, stride in zip(array.shape[:0:-1], array.strides[:0:-1], strict=True):
        if size > 1 and stride != step:
            return False
        step *= size
    return array.strides[0] % array.itemsize == 0


def check_lengths(**arrays: np.ndarray | None) -> int:
    """Return the number of rows that all the arrays have; raise ValueError if they differ or are none.

    The arguments' names are used in the error.
    """
    lengths = {name: len(array) for name, array in arrays.items() if array is not None}
    if len(set(lengths.values())) > 1:
        listed = ", ".join(f"{name} has {rows}" for name, rows in lengths.items())
        raise ValueError(f"all arrays must have the same number of rows: {listed}")
    for name, array in arrays.items():
        if array is not None and array.size == 0:
            raise ValueError(f"{name} is empty: its shape is {array.shape}")
    return next(iter(lengths.values()))


def check_finite(
    array: np.ndarray,
    name: str,
    dtype: np.dtype | None = None,
    place: Callable[[int], tuple[int, ...]] | None = None,
) -> None:
    """Raise ValueError if the array holds NaN or infinity, or more than ``dtype`` can hold.

    Parameters
    ----------
    array : ndarray
    name : str
        The argument's name, for the error, which says how many such values there are and where the
        first one is.
    dtype : numpy.dtype, optional
        The float dtype into which the values will be converted.
    place : callable, optional
        Returns the row, column and so on of an element of a vector that stands for something else.
    """
    if array.dtype.kind != "f" or array.size == 0:
        return
    largest = limit = _LARGEST[array.dtype]
    if dtype is not None and dtype.kind == "f":
        limit = min(limit, _LARGEST[dtype])
    if limit == largest and _all_finite(array):
        return
    for begin, block in _blocks(array):
        # NaN passes through min and max, and compares false.
        if not (-limit <= block.min() and block.max() <= limit):
            _refuse_not_finite(array, begin, limit, name, place)


def _all_finite(array: np.ndarray) -> bool:
    """Whether all values are finite. Many are looked at by a kernel, in half the time."""
    if array.size < _FEW:
        return b"\0" not in np.isfinite(array).tobytes()  # in half the time of `all`
    look = Plan()
    place_guard(look, [array])
    look.run()
    return look.stopped_at is None


def _blocks(array: np.ndarray):
    """Yield (first row, a few rows) of an array, small enough for the cache."""
    rows = max(1, _BLOCK // max(1, array[0].size))
    for begin in range(0, len(array), rows):
        yield begin, array[begin : begin + rows]


def _refuse_not_finite(array: np.ndarray, begin: int, limit: float, name: str, place: Callable | None) -> None:
    first, count = None, 0
    for offset, block in _blocks(array[begin:]):
        bad = ~(np.abs(block) <= limit)
        count += int(np.count_nonzero(bad))
        if first is None and bad.any():
            where = np.unravel_index(int(np.argmax(bad)), bad.shape)
            first = (begin + offset + int(where[0]), *(int(i) for i in where[1:]))
    value = array[first]
    what = "NaN or infinite values" if not np.isfinite(value) else f"values beyond +-{limit:.3g}"
    where = first if place is None else place(*first)
    raise ValueError(f"{name} holds {what}: {count} of them, the first ({value}) at {_position(where)}")


def _position(index: tuple[int, ...]) -> str:
    if len(index) == 1:
        return f"row {index[0]}"
    if len(index) == 2:
        return f"row {index[0]}, column {index[1]}"
    return f"row {index[0]}, position {index[1:]}"


def check_labels(y: np.ndarray, classes: int, name: str, ignored: int | None = None) -> None:
    """Raise ValueError unless every label is one of ``0 … classes - 1``, or the one that is ignored.

    The error says which labels lie outside and how many there are.
    """
    low, high = y.min(), y.max()
    if y.dtype.kind != "f" and low >= 0 and high < classes:
        return
    bad = (y < 0) | (y >= classes)
    if y.dtype.kind == "f":
        bad |= y != np.floor(y)
    if ignored is not None:
        bad &= y != ignored
    if not bad.any():
        return
    first = tuple(int(i) for i in np.unravel_index(int(np.argmax(bad)), bad.shape))
    values = np.unique(y[bad])
    shown = ", ".join(map(str, values[:5])) + (", …" if len(values) > 5 else "")
    raise ValueError(
        f"{name} must hold class numbers 0 to {classes - 1}, for the model has {classes} outputs; "
        f"{int(np.count_nonzero(bad))} labels lie outside ({shown}), the first at {_position(first)}"
    )


def check_probabilities(y: np.ndarray, name: str, loss: str) -> None:
    """Raise ValueError unless all targets lie between 0 and 1, as a cross-entropy needs them."""
    low, high = y.min(), y.max()
    if low < 0 or high > 1:
        raise ValueError(f"{name} must lie between 0 and 1 for {loss}; it goes from {low} to {high}")
