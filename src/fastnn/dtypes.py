"""The six dtypes and how they promote (Keras 3's rules)."""

from __future__ import annotations

import numpy as np

from . import config

__all__ = ["is_float", "is_integer", "result_dtype", "standardize_dtype"]

# In the order of promotion; Python scalars are weak: they never promote within their own kind.
_ORDER = [np.dtype(name) for name in ("bool", "uint8", "int32", "int64", "float32", "float64")]
_RANK = {dtype: rank for rank, dtype in enumerate(_ORDER)}
_ALIASES = {"float": None, float: None, "int": np.dtype("int32"), int: np.dtype("int32"), bool: np.dtype("bool")}


def standardize_dtype(dtype: object = None) -> np.dtype:
    """Return the `numpy.dtype` for a name, a type or None (floatx); raise TypeError for one that no kernel knows."""
    if isinstance(dtype, np.dtype) and dtype in _RANK:
        return dtype
    if dtype is None:
        return np.dtype(config.floatx())
    if isinstance(dtype, (str, type)) and dtype in _ALIASES:
        return _ALIASES[dtype] or np.dtype(config.floatx())
    try:
        found = np.dtype(dtype)
    except TypeError:
        found = None
    if found not in _RANK:
        raise TypeError(f"dtype must be one of {', '.join(map(str, _ORDER))}, got {dtype!r}")
    return found


def is_float(dtype: np.dtype) -> bool:
    """Whether the dtype is float32 or float64."""
    return dtype.kind == "f"


def is_integer(dtype: np.dtype) -> bool:
    """Whether the dtype is an integer (bool is not)."""
    return dtype.kind in "iu"


def result_dtype(*operands: object) -> np.dtype:
    """Return the dtype in which operands (things with a dtype, or Python scalars) meet."""
    strong = [x.dtype for x in operands if hasattr(x, "dtype")]
    best = max(strong, key=_RANK.__getitem__) if strong else None
    for x in operands:
        if hasattr(x, "dtype"):
            continue
        if isinstance(x, bool):
            weak = np.dtype("bool")
        elif isinstance(x, int):
            weak = np.dtype("int32")
        else:
            weak = np.dtype(config.floatx())
        weaker_kind = best is None or "biuf".index(best.kind.replace("u", "i")) < "biuf".index(weak.kind)
        if weaker_kind:
            best = weak
    return best if best is not None else np.dtype(config.floatx())
