"""From what a user gave as ``model``, and nested parameters, to a model of a fit's own."""

from __future__ import annotations

import copy
import inspect
from collections.abc import Callable, Mapping
from typing import Any

from ..models import Model
from . import routing
from .keras_compiling import DEFAULT_OPTIMIZER, Routed, compile_arguments

__all__ = ["build_model", "make_callbacks"]

_OFFERS = ("meta", "compile_kwargs", "params")  # what a function that builds a model gets if it asks for it


def build_model(
    given: Model | Callable[..., Model],
    compile_with: Mapping[str, Any],
    routed: Routed,
    meta: dict[str, Any],
    params: dict[str, Any],
) -> Model:
    """Return a model as it is made: a copy of the one that is given, or what the function returns.

    Parameters
    ----------
    given : Model, or callable that returns one
    compile_with : mapping
        ``optimizer``, ``loss`` and ``metrics``, for the function.
    routed : mapping
        Nested parameters by destination: see `routing.routed`.
    meta, params : dict
        What the data and the estimator are, for the function.

    Raises
    ------
    ValueError
        If parameters fit nothing.
    TypeError
        If the function returns no model.
    """
    if isinstance(given, Model):
        return _copy(given, routed["model"])
    return _call(given, compile_with, routed, meta, params)


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
        "compile_kwargs": lambda: {"optimizer": DEFAULT_OPTIMIZER, **compile_arguments(compile_with, routed, None)},
        "params": lambda: params,
    }
    asked = inspect.signature(function).parameters
    model = function(**{name: offers[name]() for name in _OFFERS if name in asked}, **routed["model"])
    if not isinstance(model, Model):
        raise TypeError(f"model must be a fastnn.Model, or a function that returns one; it returned {model!r}")
    return model


def make_callbacks(callbacks: Any, nested: Mapping[str, Any]) -> list[Any]:
    """Return callbacks for a fit: classes are instantiated, instances used as they are."""
    made = routing.assemble(callbacks, nested, "callbacks")
    if isinstance(made, dict):
        return list(made.values())
    return made if isinstance(made, list) else [made] if made is not None else []
