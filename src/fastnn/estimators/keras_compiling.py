"""What parameters say about a model's optimizer, loss and metrics: the first time, and when a model is trained on."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import losses, metrics, optimizers
from ..metrics.resolve import Accuracy as AccuracyByShapes
from ..models import Model
from ..utils.naming import to_snake_case
from . import routing
from .solvers import excluding_alike, without_state

__all__ = ["DEFAULT_OPTIMIZER", "Routed", "compile_anew", "compile_arguments", "compile_model"]

Routed = Mapping[str, Mapping[str, Any]]

DEFAULT_OPTIMIZER = "rmsprop"  # of Model.compile
_NO_LOSS = "the model has no loss to minimize: compile it, or give loss"


def compile_model(model: Model, compile_with: Mapping[str, Any], routed: Routed) -> None:
    """Compile a new model with what parameters ask for.

    Parameters
    ----------
    model : Model
    compile_with : mapping
        ``optimizer``, ``loss`` and ``metrics``; None: as the model was compiled.
    routed : mapping
        Nested parameters by destination: see `routing.routed`.

    Raises
    ------
    ValueError
        If parameters fit nothing, or there is no loss.
    """
    present = model._runtime.compiled_with
    asked = compile_arguments(compile_with, routed, present)
    if not model.compiled and "loss" not in asked:
        raise ValueError(_NO_LOSS)
    if asked:
        model.compile(**{**present, **asked})


def compile_anew(
    model: Model, names: Iterable[str], compile_with: Mapping[str, Any], routed: Routed, own: Mapping[str, Any]
) -> None:
    """Compile a model once more with what parameters now ask for in these names; all else stays, weights too.

    Parameters
    ----------
    model : Model
    names : iterable of {"optimizer", "loss", "metrics"}
        A new optimizer begins without a state, any other is kept with its own.
    compile_with, routed : mapping
        As for `compile_model`.
    own : mapping
        What the model was compiled with before `compile_model`, which is what None means.

    Raises
    ------
    ValueError
        If parameters fit nothing, or there is no loss.
    """
    unasked = {**dict.fromkeys(_FINDERS), "optimizer": DEFAULT_OPTIMIZER, **own}
    asked = {**unasked, **compile_arguments(compile_with, routed, own)}
    changes = {name: asked[name] for name in names}
    if changes.get("loss", asked) is None:
        raise ValueError(_NO_LOSS)
    optimizer = changes.get("optimizer")
    if isinstance(optimizer, optimizers.Optimizer) and optimizer is own.get("optimizer"):  # it may have a state
        changes["optimizer"] = without_state(optimizer)
    model.compile(**{**model._runtime.compiled_with, **changes})


def compile_arguments(
    compile_with: Mapping[str, Any], routed: Routed, present: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return optimizer, loss and metrics as far as parameters ask for them.

    Nested parameters alone change what is ``present``; None: nothing is yet.
    """
    found = {}
    for name, find in _FINDERS.items():
        value, nested = compile_with[name], routed[name]
        if value is None and nested:
            value = (present or {}).get(name, DEFAULT_OPTIMIZER if name == "optimizer" else None)
        if value is not None:
            found[name] = routing.assemble(copy.deepcopy(value), nested, name, find)
            if nested and isinstance(value, optimizers.Optimizer):
                excluding_alike(found[name], value)
        elif nested and present is not None:
            raise ValueError(f"{name}__{next(iter(nested))} needs {name}, which is not given")
    return found


def _loss_class(name: str) -> type:
    """Return the class of a loss, also for the names of functions: ``"mse"`` is MeanSquaredError."""
    found = losses.REGISTRY.find(name)
    if inspect.isclass(found):
        return found
    return next(cls for cls in losses.REGISTRY.classes if to_snake_case(cls.__name__) == found.__name__)


def _metric_class(name: str) -> type:
    """Return the class of a metric; ``"accuracy"`` is not Keras' exact comparison, but the one that shapes tell."""
    if name == "accuracy":
        return AccuracyByShapes
    found = metrics.REGISTRY.find(name)
    if not inspect.isclass(found):
        raise ValueError(f"metric {name!r} has no parameters")
    return found


_FINDERS: dict[str, Callable[[str], type]] = {
    "optimizer": optimizers.REGISTRY.find,
    "loss": _loss_class,
    "metrics": _metric_class,
}
