"""The dtype of a layer, in the form in which Keras stores it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..dtypes import is_float, standardize_dtype

__all__ = ["policy_config", "policy_dtype"]


def policy_dtype(dtype: Any) -> np.dtype:
    """Return the float dtype that a name, a dtype, a stored DTypePolicy or None (floatx) stands for."""
    name = dtype.get("config", {}).get("name") if isinstance(dtype, dict) else dtype
    try:
        found = standardize_dtype(name)
    except TypeError:
        found = None
    if found is None or not is_float(found):
        raise ValueError(
            f"Argument `dtype` must be 'float32' or 'float64' (no other policy is supported). Received: dtype={dtype!r}"
        )
    return found


def policy_config(dtype: np.dtype) -> dict[str, Any]:
    """Return Keras' stored form of the policy that computes and stores in one dtype."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": str(dtype)},
        "registered_name": None,
    }
