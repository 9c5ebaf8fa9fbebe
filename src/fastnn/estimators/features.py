"""Features: what scikit-learn notes about them once nothing is refused any more, and what its checks let pass."""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import sparse
from sklearn.utils import check_array
from sklearn.utils.validation import validate_data

from ..dtypes import native

__all__ = [
    "aligned",
    "are_plain",
    "are_plain_samples",
    "as_numbers",
    "checked_rows",
    "features_of",
    "note_features",
    "refuse_dates",
    "twin",
]

_NAMES = ("n_features_in_", "feature_names_in_")
_ROWS = (np.ndarray, sparse.csr_array, sparse.csr_matrix)
_FLOATS = (np.dtype("float64"), np.dtype("float32"))  # native


def twin(estimator: Any) -> Any:
    """Return a stand-in that holds all that an estimator holds: what it is told, the estimator is not."""
    found = object.__new__(type(estimator))
    vars(found).update(vars(estimator))
    return found


def features_of(estimator: Any) -> dict[str, Any]:
    """Return the attributes that `sklearn.utils.validation.validate_data` has set."""
    return {name: vars(estimator)[name] for name in _NAMES if name in vars(estimator)}


def note_features(estimator: Any, attributes: dict[str, Any]) -> None:
    """Set attributes, in place of what was noted of features before."""
    for name in _NAMES:
        vars(estimator).pop(name, None)
    vars(estimator).update(attributes)


def refuse_dates(name: str, given: Any) -> None:
    """Raise TypeError for dates and times, in arrays or columns of frames, which NumPy would take for numbers."""
    found = getattr(given, "dtypes", None)  # of a frame, whose dtype may be a column of that name
    for dtype in found if np.iterable(found) else (getattr(given, "dtype", None),):
        if getattr(dtype, "kind", "") in ("m", "M") or getattr(dtype, "is_temporal", bool)():  # polars asks the latter
            raise TypeError(f"{name} must hold numbers, got {dtype}")


def checked_rows(estimator: Any, X: Any, accept_sparse: bool = False) -> Any:
    """Return features to predict from, checked against those that a fitted estimator knows; sparse ones as CSR.

    Scikit-learn's checks take ten times as long as a small network for a row; in plain rows they find nothing.
    """
    if are_plain(X, estimator) and (accept_sparse or type(X) is np.ndarray):
        return X
    refuse_dates("X", X)
    return as_numbers(validate_data(estimator, X, accept_sparse="csr" if accept_sparse else False, reset=False))


def are_plain(X: Any, estimator: Any) -> bool:
    """Whether X holds finite floats alone, as many in a row as there were in `fit`, where they had no names.

    It then is what `sklearn.utils.validation.validate_data` makes of it.
    """
    if type(X) not in _ROWS or X.ndim != 2 or X.dtype not in _FLOATS or not X.shape[0]:
        return False
    told = vars(estimator)
    if "feature_names_in_" in told or told.get("n_features_in_") != X.shape[1]:
        return False
    return _all_finite(X if type(X) is np.ndarray else X.data)


def are_plain_samples(X: Any, y: Any, estimator: Any, dtype: Any) -> bool:
    """Whether X is plain rows of a dtype, one after the other, and y one number or string for each, all finite.

    They too are what `sklearn.utils.validation.validate_data` makes of them, in the time of a few small batches.
    """
    if type(X) is not np.ndarray or type(y) is not np.ndarray or y.shape != X.shape[:1] or X.dtype != dtype:
        return False
    if not (X.flags.c_contiguous and X.flags.aligned and y.flags.aligned and are_plain(X, estimator)):
        return False
    return y.dtype.kind in "biuU" or (y.dtype in _FLOATS and _all_finite(y))


def _all_finite(values: np.ndarray) -> bool:
    with np.errstate(over="ignore", invalid="ignore"):
        return bool(np.isfinite(values.sum()))


def as_numbers(x: Any) -> Any:
    """Return x as `validate_data` has left it, but `native`, and what were objects in lists as numbers."""
    return check_array(x, dtype=np.float64, input_name="X") if x.dtype == object else native(x)


def aligned(x: Any) -> Any:
    """Return x, or a copy where an array of a file or a buffer begins in the middle of a number."""
    return x.copy() if isinstance(x, np.ndarray) and not x.flags.aligned else x
