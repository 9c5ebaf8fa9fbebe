"""The six dtypes and how they promote (Keras 3's rules)."""

from __future__ import annotations

import numpy as np

from . import config

__all__ = ["WIDER", "is_float", "is_integer", "native", "result_dtype", "standardize_dtype"]

_DTYPES = {name: np.dtype(name) for name in ("bool", "uint8", "int32", "int64", "float32", "float64")}
# In the order of promotion. Python scalars are weak: each type stands before the dtypes of its kind.
_ORDER = (bool, "bool", int, "uint8", "int32", "int64", float, "float32", "float64")
_RANK = {_DTYPES.get(each, each): rank for rank, each in enumerate(_ORDER)}
# Dtypes that arrays of users have and kernels do not: the narrowest one that holds every value.
WIDER = {
    np.dtype(name): _DTYPES[wider]
    for name, wider in (
        ("float16", "float32"), ("int8", "int32"), ("int16", "int32"), ("uint16", "int32"), ("uint32", "int64"),
    )
}  # fmt: skip
_ALIASES = {"float": None, float: None, "int": np.dtype("int32"), int: np.dtype("int32"), bool: np.dtype("bool")}


def native(x):
    """Return an array or a sparse matrix, or a copy where its bytes are in another order than this machine's."""
    return x if x.dtype.isnative else x.astype(x.dtype.newbyteorder("="))


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
        raise TypeError(f"dtype must be one of {', '.join(_DTYPES)}, got {dtype!r}")
    return found


def is_float(dtype: np.dtype) -> bool:
    """Whether the dtype is float32 or float64."""
    return dtype.kind == "f"


def is_integer(dtype: np.dtype) -> bool:
    """Whether the dtype is an integer (bool is not)."""
    return dtype.kind in "iu"


def result_dtype(*operands: object) -> np.dtype:
    """Return the dtype in which operands (things with a dtype, or Python scalars) meet."""
    best, highest = None, -1
    for x in operands:
        dtype = _own_dtype(x)
        rank = _RANK[dtype]
        if rank > highest:
            best, highest = dtype, rank
    return standardize_dtype(best)


def _own_dtype(x):
    """Return the dtype of an operand, or the type that stands for a Python scalar's kind."""
    if hasattr(x, "dtype"):
        return x.dtype
    return bool if isinstance(x, bool) else int if isinstance(x, int) else float
