"""Small helpers: batches, one-hot labels, normalisation, seeds, names."""

from __future__ import annotations

from .batches import pack_x_y_sample_weight, unpack_x_y_sample_weight
from .inspection import is_keras_tensor, standardize_dtype
from .missing import explain_missing
from .naming import auto_name, reset_names
from .numerical import normalize, to_categorical
from .seeds import set_random_seed

__all__ = [
    "auto_name",
    "is_keras_tensor",
    "normalize",
    "pack_x_y_sample_weight",
    "reset_names",
    "set_random_seed",
    "standardize_dtype",
    "to_categorical",
    "unpack_x_y_sample_weight",
]
explain_missing(__name__)
