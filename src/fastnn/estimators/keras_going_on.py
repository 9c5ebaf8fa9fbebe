"""Going on with a model: which parameters have changed since it was made, and whether they may have."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np

from ..optimizers import Optimizer
from .keras_compiling import Routed

__all__ = ["changed", "noted", "refuse_another_model"]


def noted(model: Any, compile_with: Mapping[str, Any], routed: Routed) -> dict[str, dict[str, Any]]:
    """Return the parameters that a model is made with, as they are now, by what they are for.

    Parameters
    ----------
    model : object
        The parameter of that name.
    compile_with : mapping
        ``optimizer``, ``loss`` and ``metrics``.
    routed : mapping
        Nested parameters by destination: see `routing.routed`.
    """
    found = {name: {name: _noted(value), **routed[name]} for name, value in compile_with.items()}
    return {"model": {"model": model, **routed["model"]}, **found}


def _noted(value: Any) -> Any:
    """Return a parameter as it is now: an optimizer may be changed in place later."""
    return (value, value.get_config()) if isinstance(value, Optimizer) else value


def changed(before: Mapping[str, Mapping[str, Any]], now: Mapping[str, Mapping[str, Any]]) -> list[str]:
    """Return what has other parameters than before, among what `noted` names."""
    return [name for name in now if _differing(before[name], now[name])]


def refuse_another_model(before: Mapping[str, Any], now: Mapping[str, Any], how: str) -> None:
    """Raise ValueError, by name, for parameters of the model itself that are not as they were when it was made.

    Parameters
    ----------
    before, now : mapping
        Of the model, as `noted` returns them.
    how : str
        What goes on with the model, for the message.
    """
    for name in _differing(before, now):
        was, given = (f"{values[name]!r}" if name in values else "not given" for values in (before, now))
        raise ValueError(
            f"{how} can only be used with the model of the previous call to fit: for that {name!r} was {was}, now it "
            f"is {given}"
        )


def _differing(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    names = dict.fromkeys([*before, *now])
    return [name for name in names if (name in before) != (name in now) or not _same(before[name], now[name])]


def _same(a: Any, b: Any) -> bool:
    arrays = isinstance(a, np.ndarray) or isinstance(b, np.ndarray)
    return a is b or (np.array_equal(a, b) if arrays else bool(a == b))
