"""Small helpers: one-hot labels, normalisation, seeds, names."""

from __future__ import annotations

from .missing import explain_missing
from .naming import auto_name, reset_names
from .numerical import normalize, to_categorical
from .seeds import set_random_seed

__all__ = ["auto_name", "normalize", "reset_names", "set_random_seed", "to_categorical"]
explain_missing(__name__)
