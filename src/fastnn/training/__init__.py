"""Training, evaluation and prediction: what `Model` adds to a layer."""

from .errors import DivergenceError
from .trainer import Trainer

__all__ = ["DivergenceError", "Trainer"]
