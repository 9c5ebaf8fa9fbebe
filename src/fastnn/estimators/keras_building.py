"""From what a user gave as ``model``, and nested parameters, to a compiled model of a fit's own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from .. import losses, metrics, optimizers
from ..models import Model
from ..utils.naming import to_snake_case
from . import routing

__all__ = ["build_model", "make_callbacks"]

Routed = Mapping[str, Mapping[str, Any]]

_DEFAULT_OPTIMIZER = "rmsprop"  # of Model.compile
_OFFERS = ("meta", "compile_kwargs", "params")  # what a function that builds a model gets if it asks for it


def build_model(
    given: Model | Callable[..., Model],
    compile_with: Mapping[str, Any],
    routed: Routed,
    meta: dict[str, Any],
    params: dict[str, Any],
) -> Model:
    """Return a compiled model: a copy of the one that is given, or what the function makes.

    Parameters
    ----------
    given : Model, or callable that returns one
    compile_with : mapping
        ``optimizer``, ``loss`` and ``metrics``; None: as the model was compiled.
    routed : mapping
        Nested parameters by destination: see `routing.routed`.
    meta, params : dict
        What the data and the estimator are, for the function.

    Raises
    ------
    ValueError
        If parameters fit nothing, or there is no loss.
    TypeError
        If the function returns no model.
    """
    if isinstance(given, Model):
        model = _copy(given, routed["model"])
    else:
        model = _call(given, compile_with, routed, meta, params)
    present = model._runtime.compiled_with
    asked = _compile_arguments(compile_with, routed, present)
    if not model.compiled and "loss" not in asked:
        raise ValueError("the model has no loss to minimize: compile it, or give loss")
    if asked:
        model.compile(**{**present, **asked})
    return model


def _copy(model: Model, parameters: Mapping[str, Any]) -> Model:
    if parameters:
        raise ValueError(
            f"{next(iter(parameters))} is for a function that builds the model, but model is an instance of "
            f"{type(model).__name__}"
        )
    model = copy.deepcopy(model)
    model._runtime.forget_order()
    return model


def _call(
    function: Callable[..., Model],
    compile_with: Mapping[str, Any],
    routed: Routed,
    meta: dict[str, Any],
    params: dict[str, Any],
) -> Model:
    routing.check_arguments(function, routed["model"], "model__", taken=_OFFERS)
    offers = {
        "meta": lambda: meta,
        "compile_kwargs": lambda: {"optimizer": _DEFAULT_OPTIMIZER, **_compile_arguments(compile_with, routed, None)},
        "params": lambda: params,
    }
    asked = inspect.signature(function).parameters
    model = function(**{name: offers[name]() for name in _OFFERS if name in asked}, **routed["model"])
    if not isinstance(model, Model):
        raise TypeError(f"model must be a fastnn.Model, or a function that returns one; it returned {model!r}")
    return model


def _compile_arguments(
    compile_with: Mapping[str, Any], routed: Routed, present: Mapping[str, Any] | None
) -> dict[str, Any]:
    """Return optimizer, loss and metrics as far as parameters ask for them.

    Nested parameters alone change what is ``present``; None: nothing is yet.
    """
    found = {}
    for name, find in _FINDERS.items():
        value, nested = compile_with[name], routed[name]
        if value is None and nested:
            value = (present or {}).get(name, _DEFAULT_OPTIMIZER if name == "optimizer" else None)
        if value is not None:
            found[name] = routing.assemble(copy.deepcopy(value), nested, name, find)
        elif nested and present is not None:
            raise ValueError(f"{name}__{next(iter(nested))} needs {name}, which is not given")
    return found


def make_callbacks(callbacks: Any, nested: Mapping[str, Any]) -> list[Any]:
    """Return callbacks for a fit: classes are instantiated, instances used as they are."""
    made = routing.assemble(callbacks, nested, "callbacks")
    if isinstance(made, dict):
        return list(made.values())
    return made if isinstance(made, list) else [made] if made is not None else []


def _loss_class(name: str) -> type:
    """Return the class of a loss, also for the names of functions: ``"mse"`` is MeanSquaredError."""
    found = losses.REGISTRY.find(name)
    if inspect.isclass(found):
        return found
    return next(cls for cls in losses.REGISTRY.classes if to_snake_case(cls.__name__) == found.__name__)


def _metric_class(name: str) -> type:
    found = metrics.REGISTRY.find(name)
    if not inspect.isclass(found):
        raise ValueError(f"metric {name!r} has no parameters")
    return found


_FINDERS: dict[str, Callable[[str], type]] = {
    "optimizer": optimizers.REGISTRY.find,
    "loss": _loss_class,
    "metrics": _metric_class,
}
