"""A network of layers, described by calling them on an `Input`."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from .. import layers, ops
from ..dtypes import is_float, standardize_dtype
from ..layers import InputLayer, KerasTensor, Layer
from ..structures import flatten, rebuild
from ..tensor import Tensor
from .model import Model, batch_shape, compatible
from .row_wise import computes_as, treats_each_row_by_itself
from .stored_network import restored_network, stored_network
from .topology import in_order, layers_of, places_of

__all__ = ["Functional"]


class Functional(Model):
    """What ``Model(inputs, outputs)`` makes: the layers between a description of inputs and one of outputs.

    Parameters
    ----------
    inputs : KerasTensor
        What `Input` returned, or a list of just that.
    outputs : KerasTensor, or structure of them
        What layers returned that were called on it, or on what came of that. `fit` and `evaluate` take models of
        one output; `predict` and calls return the structure, of a list of one that one.
    trainable : bool, default True
    name : str, optional

    Raises
    ------
    ValueError
        If outputs are not made of the inputs, or two layers have the same name.
    NotImplementedError
        For several inputs.

    Examples
    --------
    >>> inputs = fastnn.Input((8,))
    >>> hidden = fastnn.layers.Dense(8, activation="relu")(inputs)
    >>> outputs = fastnn.layers.Dense(1)(fastnn.layers.add([inputs, hidden]))
    >>> fastnn.Model(inputs, outputs).output_shape
    (None, 1)
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        return Layer.__new__(cls)  # which keeps no arguments, here a long chain

    def __init__(self, inputs: Any, outputs: Any, trainable: bool = True, name: str | None = None) -> None:
        # Each layer casts for itself: a network of float64 layers computes in float64 throughout.
        super().__init__(name=name, autocast=False)
        source = _one_input(inputs)
        leaves = _described(outputs)
        self._tensors = in_order(leaves)  # before what points into it, so that pickling goes along it
        _check_sources(source, self._tensors)
        self._layers = layers_of(self._tensors)
        _check_names(self._layers)
        self._source, self._described_outputs = source, outputs
        self._made = leaves[0] if len(leaves) == 1 and not isinstance(outputs, dict) else outputs
        self.built = True
        if not trainable:
            self.trainable = False

    @property
    def layers(self) -> list[Layer]:
        """The layers, the Input among them, in the order in which they are computed."""
        return list(self._layers)

    # ---- building and calling -----------------------------------------------------------------------

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Check that inputs may have this shape, with the batch axis: the weights are there."""
        if input_shape is not None:
            self.compute_output_shape(batch_shape(input_shape))

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return what the layers make of the inputs, in the structure of the outputs.

        As in Keras ``training``, where it is given, counts for all layers, whatever they were described with.
        """
        if isinstance(inputs, Tensor):
            inputs = ops.cast(self._fitting_x(inputs, "x"), self._input_dtype)
        given = {} if training is None else {"training": training}
        return self._computed(inputs, lambda layer, *args, **kwargs: layer(*args, **{**kwargs, **given}))

    def _computed(self, inputs: Any, call: Callable[..., Any]) -> Any:
        """Return the outputs for inputs, computed by calls of the layers."""
        values = {id(self._source): inputs}
        for tensor in self._tensors:
            if tensor is not self._source:
                values[id(tensor)] = call(tensor.layer, *_filled(tensor.args, values), **_filled(tensor.kwargs, values))
        return _filled(self._made, values)

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> Any:
        """Return the shape of the outputs, in their structure, for inputs of this shape."""
        shape, known = tuple(input_shape), self.input_shape
        if not compatible(known[1:], shape[1:]) or not shape:
            raise ValueError(f"model {self.name!r} takes inputs of shape {known}. Received: input_shape={shape}")
        described = self._computed(
            KerasTensor(shape, self._input_dtype, self._source.layer),
            lambda layer, *args, **kwargs: layer(*args, **kwargs),
        )
        return _shapes_of(described)

    # ---- what it is made of -------------------------------------------------------------------------

    @property
    def inputs(self) -> list[KerasTensor]:
        """The description of the inputs, in a list."""
        return [self._source]

    @property
    def outputs(self) -> list[KerasTensor]:
        """The descriptions of all outputs, in a list."""
        return flatten(self._made)

    @property
    def input(self) -> KerasTensor:
        """The description of the inputs."""
        return self._source

    @property
    def output(self) -> Any:
        """The descriptions of the outputs, in the structure that was given."""
        return self._described_outputs

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of the inputs, None for the batch axis."""
        return self._source.shape

    @property
    def output_shape(self) -> Any:
        """The shape of the output, or of several in their structure."""
        shapes = _shapes_of(self._made)
        return next(iter(shapes.values())) if len(self.outputs) == 1 and isinstance(shapes, dict) else shapes

    # ---- configuration ------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return Keras' stored form of the network, from which `from_config` makes the same, without its weights."""
        return {"name": self.name, "trainable": self._trainable, **stored_network(self._layers, self._tensors, self)}

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a network from what `get_config` returned; ``custom_objects`` are the user's own parts by name."""
        inputs, outputs = restored_network(config, custom_objects)
        return cls(inputs, outputs, trainable=config.get("trainable", True), name=config.get("name"))

    # ---- what training and the summary ask ----------------------------------------------------------

    @property
    def _input_dtype(self) -> np.dtype:
        return standardize_dtype(self._source.dtype)

    @property
    def _float_dtype(self) -> np.dtype:
        dtypes = [tensor.dtype for tensor in self._tensors if tensor is not self._source and is_float(tensor.dtype)]
        return dtypes[0] if dtypes else standardize_dtype()

    def _expected_input(self, like: tuple[int, ...] | None = None) -> tuple[Layer, tuple[int | None, ...]] | None:
        return self._source.layer, self._source.shape

    @property
    def _output_name(self) -> str | None:
        return self._made.name if isinstance(self._made, KerasTensor) else None

    def _rows_are_independent(self) -> bool:
        plain = all(tensor.kwargs in ({}, {"training": None}, {"training": False}) for tensor in self._tensors)
        return plain and computes_as(self, Functional) and all(map(treats_each_row_by_itself, self._layers))

    def _connections(self) -> dict[Layer, list[tuple[str, int, int]]] | None:
        used = Counter(id(source) for tensor in self._tensors for source in tensor.inputs)
        each_once = len(self._layers) == len(self._tensors) == len(used) + 1
        if each_once and max(used.values(), default=0) <= 1:
            return None
        places, found = places_of(self._tensors), {layer: [] for layer in self._layers}
        for tensor in self._tensors:
            found[tensor.layer] += [places[id(source)] for source in tensor.inputs]
        return found

    def _output_shape_of(self, layer: Layer) -> tuple[int | None, ...] | None:
        return next((tensor.shape for tensor in reversed(self._tensors) if tensor.layer is layer), None)


layers.REGISTRY.add(Functional, "keras.src.models.functional")


def _one_input(inputs: Any) -> KerasTensor:
    leaves = _described(inputs)
    if len(leaves) != 1 or isinstance(inputs, dict):
        raise NotImplementedError(
            f"a model of several inputs is not supported: it takes one Input. Received: {inputs!r}"
        )
    if not isinstance(leaves[0].layer, InputLayer):
        raise ValueError(f"inputs must be what Input() returned. Received: {leaves[0]!r}, which a layer has made")
    return leaves[0]


def _described(structure: Any) -> list[KerasTensor]:
    """Return the leaves of inputs or outputs; raise ValueError for anything that no layer was called on or returned."""
    leaves = flatten(structure)
    for leaf in leaves:
        if not isinstance(leaf, KerasTensor):
            raise ValueError(
                "inputs and outputs of a Model must be what Input(), or layers called on that, returned. "
                f"Received: {leaf!r} (of type {type(leaf).__name__})"
            )
    if not leaves:
        raise ValueError(f"a Model needs an input and an output. Received: {structure!r}")
    return leaves


def _check_sources(source: KerasTensor, tensors: list[KerasTensor]) -> None:
    others = [tensor for tensor in tensors if not tensor.inputs and tensor is not source]
    if others or source not in tensors:
        problem = f"they hang on {others[0]!r}" if others else "nothing of them hangs on the inputs"
        raise ValueError(f"outputs of a Model must be made of its inputs, {source!r}, alone: {problem}")


def _check_names(found: list[Layer]) -> None:
    for name, times in Counter(layer.name for layer in found).items():
        if times > 1:
            raise ValueError(
                f"The name {name!r} is used {times} times in the model. All layers must have names of their own: give "
                "one of them another name="
            )


def _filled(structure: Any, values: dict[int, Any]) -> Any:
    """Return a structure with values in place of the descriptions in it."""
    leaves = (values[id(leaf)] if isinstance(leaf, KerasTensor) else leaf for leaf in flatten(structure))
    return rebuild(structure, leaves)


def _shapes_of(structure: Any) -> Any:
    return rebuild(structure, iter([leaf.shape for leaf in flatten(structure)]))
