"""Casts, and the conversions of an op's inputs to the dtypes that its kernels want."""

from __future__ import annotations

import numpy as np

from .. import config
from ..dtypes import is_float, result_dtype, standardize_dtype
from ..tensor import Tensor, convert_to_tensor
from .catalogue import REQUIRED, Op

__all__ = ["cast"]

BOOL, UINT8 = np.dtype("bool"), np.dtype("uint8")
SHORT = {"float32": "f32", "float64": "f64", "int32": "i32", "int64": "i64", "uint8": "u8", "bool": "bool"}
KERNELS = {np.dtype(name): f"cast_{short}" for name, short in SHORT.items()}


def _cast_vjp(call, dy):
    return cast(dy, call.inputs[0].dtype) if is_float(call.inputs[0].dtype) and is_float(dy.dtype) else None


def _cast_reference(x, dtype):
    if x.dtype.kind == "f" and np.dtype(dtype).kind in "iu":
        info = np.iinfo(dtype)
        whole = np.trunc(np.nan_to_num(x.astype(np.float64), nan=0.0, posinf=np.inf, neginf=-np.inf))
        low, high = float(info.min), float(info.max)
        inside = np.where((whole >= low) & (whole < high), whole, 0).astype(dtype)
        return np.where(whole >= high, info.max, np.where(whole < low, info.min, inside)).astype(dtype)
    return x.astype(dtype)


_cast = Op(
    "cast",
    inputs=["x"],
    spec=lambda x, dtype: [(x.shape, dtype)],
    reference=_cast_reference,
    vjp=_cast_vjp,
    lower=lambda plan, outs, ins, dtype: plan.map(KERNELS[dtype], outs[0], ins[0]),
    attrs={"dtype": REQUIRED},
)


def cast(x, dtype):
    """Return x in another dtype; x itself if it has it.

    Floats become integers by truncation, saturating at the ends, NaN giving 0. Anything but zero becomes True.
    """
    return _convert(convert_to_tensor(x), standardize_dtype(dtype))


def to_tensor(*inputs):
    """Each input as a tensor, dtypes as they are."""
    return [convert_to_tensor(x) for x in inputs]


def to_float(*inputs):
    """All inputs in one float dtype: their common one, or floatx if that is none."""
    shared = _shared_dtype(inputs)
    if shared is not None and is_float(shared):
        return inputs
    inputs = [_tensor_or_scalar(x) for x in inputs]
    dtype = result_dtype(*inputs)
    dtype = dtype if is_float(dtype) else np.dtype(config.floatx())
    return [_convert(x, dtype) for x in inputs]


def to_common(*inputs):
    """All inputs in the dtype in which they meet."""
    if _shared_dtype(inputs) is not None:
        return inputs
    inputs = [_tensor_or_scalar(x) for x in inputs]
    dtype = result_dtype(*inputs)
    return [_convert(x, dtype) for x in inputs]


def to_number(*inputs):
    """As `to_common`, but bool becomes int32, as Keras' arithmetic has it."""
    inputs = to_common(*inputs)
    return [cast(x, "int32") for x in inputs] if inputs[0].dtype == BOOL else inputs


def to_bool(*inputs):
    """Each input as bool: is it different from zero?"""
    return [cast(x, "bool") for x in inputs]


def _shared_dtype(inputs):
    """Return the dtype that all inputs have, if they are tensors of one dtype: nothing is to be done then."""
    dtype = None
    for x in inputs:
        if not isinstance(x, Tensor) or (dtype is not None and x.dtype != dtype):
            return None
        dtype = x.dtype
    return dtype


def _tensor_or_scalar(x):
    """Return x as a tensor; a Python scalar stays as it is, for it is weak."""
    return x if isinstance(x, (int, float)) and not isinstance(x, np.generic) else convert_to_tensor(x)


def _convert(x, dtype):
    if not isinstance(x, Tensor):
        return Tensor(np.asarray(x, dtype))
    return x if x.dtype == dtype else _cast(x, dtype)
