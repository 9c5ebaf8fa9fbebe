"""Whether targets go with a model's predictions: looked at before anything of the model changes."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from .. import graph, losses
from ..losses import Loss
from ..tensor import TracingError
from . import arrays
from .compiled import in_ops
from .data import ArrayData

__all__ = ["check_shapes", "check_values"]

_OF_PROBABILITIES = (
    losses.binary_crossentropy,
    losses.binary_focal_crossentropy,
    losses.categorical_crossentropy,
    losses.categorical_focal_crossentropy,
)


def check_values(data: ArrayData, loss: Loss, predicted: tuple[int, ...]) -> None:
    """Raise ValueError where targets are not the class numbers, or the probabilities, that the loss needs."""
    y, name = data.sources[1], data.names[1]
    if loss.takes_class_numbers:
        parameters = getattr(loss, "_fn_kwargs", {})
        arrays.check_labels(y, predicted[parameters.get("axis", -1)], name, parameters.get("ignore_class"))
    elif _function_of(loss) in _OF_PROBABILITIES:
        arrays.check_probabilities(y, name, loss.name)


def check_shapes(
    data: ArrayData, loss: Loss | None, metrics: list[Any], predicted: tuple[int | None, ...], eager: bool
) -> None:
    """Raise ValueError where the loss or a metric of ``compile`` cannot be computed, by a trace on a batch's shapes.

    What looks at values cannot be traced and is left alone; where steps run op by op, all but losses of ours is.
    """
    if not predicted or None in predicted[1:]:
        return
    specs = [data.specs(data.batch_size)[1], ((data.batch_size, *predicted[1:]), data.dtype)]
    if loss is not None and (not eager or _function_of(loss) in losses.REGISTRY.functions):
        _check_part("loss", loss, in_ops(loss), data, specs)
    for metric in () if eager else metrics:
        _check_part("metric", metric, metric.update_state, data, specs)


def _check_part(kind: str, part: Any, function: Callable[..., Any], data: ArrayData, specs: list[Any]) -> None:
    """Trace what a loss or a metric makes of targets and outputs."""
    try:
        graph.outputs_of(lambda y, output: [function(y, output)], specs)
    except TracingError:
        return
    except ValueError as error:
        y = data.sources[1]
        outputs = (len(y), *specs[1][0][1:])
        hint = _expected(part, y, outputs)
        if hint is None and y.shape == outputs:
            raise
        raise ValueError(
            f"{data.names[1]} of shape {y.shape} does not go with outputs of shape {outputs} in {kind} "
            f"{part.name!r}: {hint or error}"
        ) from error


def _expected(part: Any, y: np.ndarray, outputs: tuple[int, ...]) -> str | None:
    """Return what targets a loss of ours takes, and what probably is to be done; None for other errors."""
    function = _function_of(part)
    if function in (losses.sparse_categorical_crossentropy, losses.categorical_generalized_cross_entropy):
        one_hot = "; one-hot rows go with categorical_crossentropy" if y.shape == outputs else ""
        return f"it takes one class number for each vector of outputs{one_hot}"
    if function in (losses.categorical_crossentropy, losses.categorical_focal_crossentropy) and y[0].size == 1:
        return (
            f"it takes one-hot rows of shape {outputs}; class numbers go with sparse_categorical_crossentropy, or "
            f"utils.to_categorical(y, {outputs[-1]}) makes such rows of them"
        )
    other_shape = y.shape != outputs and function in losses.REGISTRY.functions
    return f"it takes targets of shape {outputs}" if other_shape else None


def _function_of(part: Any) -> Any:
    """Return the function that a loss is made of, or None."""
    return getattr(part, "fn", None) if isinstance(part, Loss) else None
