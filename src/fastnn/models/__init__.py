"""Models: layers that can be trained."""

from ..utils.missing import explain_missing
from .functional import Functional
from .model import Model
from .sequential import Sequential

__all__ = ["Functional", "Model", "Sequential"]
explain_missing(__name__)
