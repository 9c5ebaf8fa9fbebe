"""The order in which a network of layers is computed, found from what its outputs are made of."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable

from ..layers import KerasTensor, Layer
from ..structures import unique

__all__ = ["in_order", "layers_of", "places_of"]


def in_order(outputs: Iterable[KerasTensor]) -> list[KerasTensor]:
    """Return the descriptions of all tensors that outputs are made of, each behind those that it is made of itself.

    Farthest from the outputs come first, and of those equally far the ones that a walk from the outputs finishes first:
    Keras' order.
    """
    finished = _finished(outputs)
    depth: dict[int, int] = {}
    of_layer: dict[int, int] = {}  # the calls of a layer come together, as early as its earliest
    for tensor in reversed(finished):
        far = max(depth.get(id(tensor), 0), of_layer.get(id(tensor.layer), 0))
        depth[id(tensor)] = of_layer[id(tensor.layer)] = far
        for source in tensor.inputs:
            depth[id(source)] = max(depth.get(id(source), 0), far + 1)
    return sorted(finished, key=lambda tensor: -depth[id(tensor)])


def _finished(outputs: Iterable[KerasTensor]) -> list[KerasTensor]:
    """Return outputs and all they are made of as a walk in depth finishes them, without recursion."""
    finished: list[KerasTensor] = []
    seen: set[int] = set()
    stack = [(tensor, False) for tensor in reversed(list(outputs))]
    while stack:
        tensor, done = stack.pop()
        if done:
            finished.append(tensor)
        elif id(tensor) not in seen:
            seen.add(id(tensor))
            stack.append((tensor, True))
            stack += [(source, False) for source in reversed(tensor.inputs)]
    return finished


def layers_of(tensors: Iterable[KerasTensor]) -> list[Layer]:
    """Return the layers of tensors, each once."""
    return unique(tensor.layer for tensor in tensors)


def places_of(tensors: Iterable[KerasTensor]) -> dict[int, tuple[str, int, int]]:
    """Return, by id, what Keras calls tensors by: name of the layer, number of its call, number of its output."""
    calls: Counter[int] = Counter()
    places = {}
    for tensor in tensors:
        places[id(tensor)] = tensor.name, calls[id(tensor.layer)], 0
        calls[id(tensor.layer)] += 1
    return places
