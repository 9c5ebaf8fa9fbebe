"""Which models and layers treat each row of a batch by itself, so that batches may be cut at will."""

from __future__ import annotations

from typing import Any

from .. import activations, layers
from ..layers import Layer
from ..structures import flatten

__all__ = ["computes_as", "treats_each_row_by_itself"]

_MAKES_PREDICTIONS = ("__call__", "call", "predict_step")  # what a subclass, or a model, may have of its own
_LOOK_ALONG = (layers.Concatenate, layers.Softmax, layers.UnitNormalization)  # any axis; others refuse the batch's
_PACKAGE = __name__.partition(".")[0]


def computes_as(model: Any, kind: type) -> bool:
    """Whether a model makes predictions as its kind does, with nothing of its own."""
    return not any(
        name in vars(model) or getattr(type(model), name) is not getattr(kind, name) for name in _MAKES_PREDICTIONS
    )


def treats_each_row_by_itself(layer: Layer) -> bool:
    """Whether a layer is all ours, its activation too, and does not look along what may be the axis of the batch."""
    asked = getattr(layer, "_rows_are_independent", None)  # of a model
    if asked is not None:
        return asked()
    if type(layer).__module__.partition(".")[0] != _PACKAGE or "call" in vars(layer):
        return False
    if layer.activity_regularizer is not None:
        return False
    if (getattr(layer, "activation", None) or activations.linear) not in activations.REGISTRY.functions:
        return False
    axes = flatten(layer.axis) if isinstance(layer, _LOOK_ALONG) else []
    return all(axis == -1 or axis > 0 for axis in axes)
