"""Nested parameters: how ``optimizer__learning_rate=0.01`` reaches what it is meant for."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from ..utils.lookup import nearest_names

__all__ = [
    "DESTINATIONS",
    "assemble",
    "check_arguments",
    "check_names",
    "destination",
    "is_nested",
    "kept_name",
    "routed",
]

#: What a nested parameter can be for: the part of its name before the first ``__``.
DESTINATIONS = ("model", "fit", "predict", "optimizer", "loss", "metrics", "callbacks")


def destination(name: str) -> str:
    """Return what a parameter is for; one without ``__`` is for the function that builds the model.

    Raises
    ------
    ValueError
        If no destination has that name.
    """
    prefix, nested, _ = name.partition("__")
    if is_nested(name):
        return prefix
    if not nested:
        return "model"
    near = " or ".join(f"{each}__" for each in nearest_names(prefix, DESTINATIONS))
    hint = f" Did you mean {near}?" if near else ""
    raise ValueError(
        f"{name!r} is for nobody: nested parameters begin with {', '.join(f'{each}__' for each in DESTINATIONS)}.{hint}"
    )


def is_nested(name: str) -> bool:
    """Tell whether a name says by its prefix what it is for: ``"model__units"``."""
    prefix, nested, _ = name.partition("__")
    return bool(nested) and prefix in DESTINATIONS


def kept_name(name: str, parameters: Mapping[str, Any]) -> str:
    """Return the name under which a parameter is kept: "units" for "model__units" if it was given by the short one."""
    short = name.removeprefix("model__")
    return short if "__" not in short and short in parameters else name


def check_names(names: Iterable[str]) -> None:
    """Raise ValueError for names that are for nobody, and for two of the same parameter."""
    names = list(names)
    for name in names:
        destination(name)
        if f"model__{name}" in names and not is_nested(name):
            raise ValueError(f"{name!r} and 'model__{name}' are one parameter: give it by one of its names")


def routed(parameters: Mapping[str, Any]) -> dict[str, dict[str, Any]]:
    """Return the parameters of each destination, without its prefix.

    Examples
    --------
    >>> routed({"units": 8, "model__depth": 2, "optimizer__learning_rate": 0.1})["model"]
    {'units': 8, 'depth': 2}
    """
    found: dict[str, dict[str, Any]] = {each: {} for each in DESTINATIONS}
    for name, value in parameters.items():
        to = destination(name)
        found[to][name.removeprefix(f"{to}__")] = value
    return found


def check_arguments(function: Callable[..., Any], names: Iterable[str], what: str, taken: Iterable[str] = ()) -> None:
    """Raise ValueError for names that are no keyword arguments of a function, or are ``taken``.

    Parameters
    ----------
    function : callable
    names : iterable of str
    what : str
        What to put before a name in the message: ``"model__"``.
    taken : iterable of str
        Arguments that are given otherwise.
    """
    names = list(names)
    if not names:
        return  # a signature takes longer than a prediction
    parameters = inspect.signature(function).parameters.values()
    kinds = (inspect.Parameter.POSITIONAL_OR_KEYWORD, inspect.Parameter.KEYWORD_ONLY)
    known = [p.name for p in parameters if p.kind in kinds and p.name not in {"self", *taken}]
    takes_all = any(p.kind is inspect.Parameter.VAR_KEYWORD for p in parameters)
    for name in names:
        if name in known or (takes_all and name not in taken):
            continue
        near = " or ".join(repr(each) for each in nearest_names(name, known))
        hint = f" Did you mean {near}?" if near else ""
        called = getattr(function, "__name__", repr(function))
        raise ValueError(
            f"{what}{name}: {called} has no parameter {name!r}.{hint} It has: {', '.join(known) or 'none'}."
        )


def assemble(value: Any, parameters: Mapping[str, Any], where: str, find: Callable[[str], type] | None = None) -> Any:
    """Return the object that a description and nested parameters stand for.

    Parameters
    ----------
    value : object
        A class, an instance with ``get_config`` (it is copied, never changed), a name; or a list, tuple or dict of
        them. What is no class stays as it is where there are no parameters for it.
    parameters : mapping of str to object
        Of the constructor. For the elements of a list or dict: ``{"0__rate": 1}`` for one (by position or key),
        ``{"rate": 1}`` for all. A value that is a class gets its own parameters with one more ``__``.
    where : str
        The name of the whole in messages: ``"optimizer"``.
    find : callable, optional
        Returns the class of a name.

    Raises
    ------
    ValueError
        If parameters do not fit what they are for.
    """
    if isinstance(value, (list, tuple)):
        elements = {str(i): each for i, each in enumerate(value)}
        return [assemble(each, own, f"{where}__{i}", find) for i, each, own in _shares(elements, parameters, where)]
    if isinstance(value, dict):
        shares = _shares(value, parameters, where)
        return {key: assemble(each, own, f"{where}__{key}", find) for key, each, own in shares}
    parameters = _nested(parameters, where)
    if isinstance(value, str) and parameters and find is not None:
        value = find(value)
    if inspect.isclass(value):
        check_arguments(value, parameters, f"{where}__")
        return _construct(value, parameters, where)
    if not parameters:
        return value
    if not hasattr(value, "get_config"):
        raise ValueError(
            f"{where}__{next(iter(parameters))} needs {where} to be a class, a name or an object with get_config(), "
            f"got {value!r}"
        )
    config = value.get_config()
    check_arguments(type(value), [name for name in parameters if name not in config], f"{where}__")
    return _construct(type(value).from_config, {**config, **parameters}, where, as_one=True)


def _shares(
    elements: Mapping[str, Any], parameters: Mapping[str, Any], where: str
) -> list[tuple[str, Any, dict[str, Any]]]:
    """Return key, element and parameters of each element: those for all, and over them its own."""
    own: dict[str, dict[str, Any]] = {key: {} for key in elements}
    common = {}
    for name, value in parameters.items():
        key, nested, rest = name.partition("__")
        if nested and key in own:
            own[key][rest] = value
        elif nested and key.isdecimal():
            known = ", ".join(elements) or "none"
            raise ValueError(f"{where}__{name}: {where} has no element {key}. Its elements: {known}.")
        else:
            common[name] = value
    return [(key, element, {**common, **own[key]}) for key, element in elements.items()]


def _nested(parameters: Mapping[str, Any], where: str) -> dict[str, Any]:
    """Return the parameters with those of their values (``learning_rate__decay_steps``) put into these."""
    inner: dict[str, dict[str, Any]] = {}
    for name, value in parameters.items():
        outer, nested, rest = name.partition("__")
        if nested:
            inner.setdefault(outer, {})[rest] = value
    found = {name: value for name, value in parameters.items() if "__" not in name}
    for name, own in inner.items():
        if name not in found:
            raise ValueError(f"{where}__{name}__{next(iter(own))} needs {where}__{name}")
        found[name] = assemble(found[name], own, f"{where}__{name}")
    return found


def _construct(make: Callable[..., Any], parameters: dict[str, Any], where: str, as_one: bool = False) -> Any:
    try:
        return make(parameters) if as_one else make(**parameters)
    except (TypeError, ValueError) as error:
        raise ValueError(f"{where} cannot be made from the parameters {sorted(parameters)}: {error}") from error
