"""The stored form of a network of layers: Keras' configuration of functional models."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from .. import layers
from ..layers import InputLayer, KerasTensor, Layer
from ..structures import flatten, rebuild
from .topology import places_of

__all__ = ["restored_network", "stored_network"]

_TENSOR = "__keras_tensor__"
_CALLS = ("name", "inbound_nodes")  # what the stored form of a layer has beside that of the layer


def stored_network(found: list[Layer], tensors: list[KerasTensor], model: Any) -> dict[str, Any]:
    """Return the layers with all of their calls, and where inputs and outputs are."""
    place = {which: list(where) for which, where in places_of(tensors).items()}

    def stored(structure: Any) -> Any:
        leaves = (_stored_tensor(leaf, place) if isinstance(leaf, KerasTensor) else leaf for leaf in flatten(structure))
        return rebuild(structure, leaves)

    return {
        "layers": [
            {
                **layers.serialize(layer),
                "name": layer.name,
                "inbound_nodes": [
                    {"args": stored(tensor.args), "kwargs": stored(tensor.kwargs)}
                    for tensor in tensors
                    if tensor.layer is layer and not isinstance(layer, InputLayer)
                ],
            }
            for layer in found
        ],
        "input_layers": place[id(model.input)],
        "output_layers": rebuild(model.output, (place[id(tensor)] for tensor in model.outputs)),
    }


def _stored_tensor(tensor: KerasTensor, place: dict[int, list[Any]]) -> dict[str, Any]:
    config = {"shape": tensor.shape, "dtype": str(tensor.dtype), "keras_history": place[id(tensor)]}
    return {"class_name": _TENSOR, "config": config}


def restored_network(config: dict[str, Any], custom_objects: Mapping[str, Any] | None) -> tuple[KerasTensor, Any]:
    """Return the inputs and outputs of the network for a configuration; its layers are made and called anew."""
    made: dict[tuple[str, int], KerasTensor] = {}
    waiting: list[tuple[Layer, int, dict[str, Any]]] = []
    for form in config["layers"]:
        layer = layers.deserialize({name: form[name] for name in form if name not in _CALLS}, custom_objects)
        if isinstance(layer, InputLayer):
            made[layer.name, 0] = layer.output
        waiting += [(layer, n, call) for n, call in enumerate(form["inbound_nodes"])]
    while waiting:
        late = [each for each in waiting if not _called(*each, made)]
        if len(late) == len(waiting):
            raise ValueError(f"the layers of the configuration hang on none that is there: {late[0][2]}")
        waiting = late
    return _at_places(config["input_layers"], made), _at_places(config["output_layers"], made)


def _called(layer: Layer, n: int, call: dict[str, Any], made: dict[tuple[str, int], KerasTensor]) -> bool:
    """Call the layer for the n-th time, if what it is called on has been made."""
    try:
        args, kwargs = _with_tensors(call["args"], made), _with_tensors(call["kwargs"], made)
    except KeyError:
        return False
    if n and (layer.name, n - 1) not in made:
        return False
    if kwargs.get("mask", ()) is None:  # as Keras calls models inside
        del kwargs["mask"]
    made[layer.name, n] = layer(*args, **kwargs)
    return True


def _with_tensors(structure: Any, made: dict[tuple[str, int], KerasTensor]) -> Any:
    if isinstance(structure, dict):
        if structure.get("class_name") == _TENSOR:
            return made[_key(structure["config"]["keras_history"])]
        return {name: _with_tensors(each, made) for name, each in structure.items()}
    if isinstance(structure, (list, tuple)):
        return type(structure)(_with_tensors(each, made) for each in structure)
    return structure


def _at_places(structure: Any, made: dict[tuple[str, int], KerasTensor]) -> Any:
    """Return a structure with the tensors that were made in place of their places."""
    if isinstance(structure, dict):
        return {name: _at_places(each, made) for name, each in structure.items()}
    if len(structure) == 3 and isinstance(structure[0], str):
        return made[_key(structure)]
    return [_at_places(each, made) for each in structure]


def _key(place: Any) -> tuple[str, int]:
    return place[0], place[1]
