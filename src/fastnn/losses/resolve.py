"""From what the user gave `compile` to a `Loss`, as Keras resolves it."""

from __future__ import annotations

from typing import Any

from . import functions
from .base import Loss, LossFunctionWrapper

__all__ = ["CROSSENTROPY_NAMES", "kind_of_targets", "resolve_loss"]

CROSSENTROPY_NAMES = ("crossentropy", "ce")


def kind_of_targets(y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> str:
    """Return how Keras reads targets beside predictions of these shapes (batch axis included).

    Returns
    -------
    {"binary", "sparse", "categorical"}
        ``"binary"``: one prediction a sample. ``"sparse"``: class numbers. ``"categorical"``: one-hot rows.
    """
    if y_pred_shape and y_pred_shape[-1] == 1:
        return "binary"
    column = bool(y_true_shape) and y_true_shape[-1] == 1 and y_pred_shape[-1] > 1
    return "sparse" if len(y_true_shape) < len(y_pred_shape) or column else "categorical"


def resolve_loss(identifier: Any, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> Loss | None:
    """Return the loss for a name, a function or a `Loss`; None gives None.

    ``"crossentropy"`` (or ``"ce"``) becomes binary, sparse or categorical by the shapes of targets and predictions.
    """
    from . import get

    if identifier is None:
        return None
    if isinstance(identifier, str) and identifier.lower() in CROSSENTROPY_NAMES:
        found = {
            "binary": functions.binary_crossentropy,
            "sparse": functions.sparse_categorical_crossentropy,
            "categorical": functions.categorical_crossentropy,
        }[kind_of_targets(y_true_shape, y_pred_shape)]
    else:
        found = get(identifier)
    if isinstance(found, Loss):
        return found
    name = identifier if isinstance(identifier, str) else getattr(found, "__name__", type(found).__name__)
    return LossFunctionWrapper(found, name=name)
