"""The arguments of layers: those that any layer takes, and how they are stored."""

from __future__ import annotations

import inspect
from typing import Any

from ..utils import checks

__all__ = ["INPUT_ARGUMENTS", "Arguments", "one_or_more_axes", "place_of_channels", "sizes", "take_input_shape"]

INPUT_ARGUMENTS = ("input_shape", "input_dim")  # what `take_input_shape` takes


class Arguments:
    """The arguments that a layer was made with."""

    def __init__(self, args: tuple, kwargs: dict[str, Any]) -> None:
        self.args, self.kwargs = args, kwargs

    def plain(self, cls: type) -> dict[str, Any]:
        """Return them by name, defaults included; raise NotImplementedError if one of them is not plain."""
        signature = inspect.signature(cls)
        bound = signature.bind(*self.args, **self.kwargs)
        bound.apply_defaults()
        named, nameless = dict(bound.arguments), []
        for parameter in signature.parameters.values():
            if parameter.kind is parameter.VAR_KEYWORD:
                named.update(named.pop(parameter.name))
            elif parameter.kind is parameter.VAR_POSITIONAL and not named[parameter.name]:
                del named[parameter.name]
            elif parameter.kind in (parameter.VAR_POSITIONAL, parameter.POSITIONAL_ONLY):
                nameless.append(parameter.name)
        odd = [name for name, value in named.items() if name in nameless or not _is_plain(value)]
        if odd:
            raise NotImplementedError(
                f"Layer {cls.__name__} was made with arguments that cannot be stored as they are ({', '.join(odd)}): "
                "override get_config()."
            )
        return named


def _is_plain(value: Any) -> bool:
    if isinstance(value, (list, tuple)):
        return all(_is_plain(each) for each in value)
    if isinstance(value, dict):
        return all(isinstance(name, str) and _is_plain(each) for name, each in value.items())
    return value is None or isinstance(value, (str, int, float, bool))


def take_input_shape(kwargs: dict[str, Any]) -> tuple[int | None, ...] | None:
    """Take ``input_shape`` or ``input_dim`` out of keyword arguments, checked."""
    shape, dim = (kwargs.pop(name, None) for name in INPUT_ARGUMENTS)
    if shape is None and dim is None:
        return None
    if shape is not None and dim is not None:
        raise ValueError(f"Give `input_shape` or `input_dim`, not both. Received: {shape!r} and {dim!r}")
    if shape is None:
        shape = (dim,)
    return sizes("input_shape", shape)


def sizes(name: str, shape: Any) -> tuple[int | None, ...]:
    """Return a shape of positive sizes, None where any size will do."""
    if not isinstance(shape, (tuple, list)) or not all(
        size is None or checks.is_integer(size, minimum=1) for size in shape
    ):
        raise ValueError(
            f"Argument `{name}` must be a tuple of positive integers or None, such as (784,). "
            f"Received: {name}={shape!r}"
        )
    return tuple(None if size is None else int(size) for size in shape)


def place_of_channels(data_format: Any) -> str:
    """Return a ``data_format``, by default "channels_last"."""
    if data_format not in (None, "channels_last", "channels_first"):
        raise ValueError(
            f"Argument `data_format` must be 'channels_last' or 'channels_first'. Received: data_format={data_format!r}"
        )
    return data_format or "channels_last"


def one_or_more_axes(axis: Any) -> int | list[int]:
    """Return an axis as an integer, or several as a list of them."""
    several = isinstance(axis, (list, tuple))
    return [checks.integer("axis", each) for each in axis] if several else checks.integer("axis", axis)
