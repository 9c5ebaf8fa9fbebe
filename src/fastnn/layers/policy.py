"""The dtype of a layer, in the form in which Keras stores it."""

from __future__ import annotations

from typing import Any

import numpy as np

from ..utils import checks

__all__ = ["policy_config", "policy_dtype"]


def policy_dtype(dtype: Any) -> np.dtype:
    """Return the float dtype that a name, a dtype, a stored DTypePolicy or None (floatx) stands for."""
    config = dtype.get("config") if isinstance(dtype, dict) else None
    return checks.float_dtype(config.get("name") if isinstance(config, dict) else dtype)


def policy_config(dtype: np.dtype) -> dict[str, Any]:
    """Return Keras' stored form of the policy that computes and stores in one dtype."""
    return {
        "module": "keras",
        "class_name": "DTypePolicy",
        "config": {"name": str(dtype)},
        "registered_name": None,
    }
