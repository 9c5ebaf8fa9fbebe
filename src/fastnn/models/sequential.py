"""A stack of layers, each taking what the one before puts out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from .. import graph, layers, ops
from ..dtypes import standardize_dtype
from ..layers import InputLayer, KerasTensor, Layer
from ..tensor import Tensor
from .model import Model, batch_shape, compatible, trial_shape
from .row_wise import computes_as, treats_each_row_by_itself

__all__ = ["Sequential"]


class Sequential(Model):
    """A linear stack of layers (Keras' `Sequential`).

    With an `Input` as its first element, or a first layer that was given ``input_shape`` or
    ``input_dim``, weights are made at once; otherwise from the first data. A layer that stands there
    several times has the same weights in all places.

    Parameters
    ----------
    layers : Layer, or list of Layer, optional
        A bare layer is a stack of one.
    trainable : bool, default True
    name : str, optional
        In any script.

    Examples
    --------
    >>> model = Sequential([Flatten(input_shape=(28, 28)), Dense(10, activation="softmax")])
    >>> model.output_shape
    (None, 10)
    """

    def __init__(self, layers: Any = None, trainable: bool = True, name: str | None = None) -> None:
        # Each layer casts for itself: a stack of float64 layers computes in float64 throughout.
        super().__init__(name=name, trainable=trainable, autocast=False)
        self._layers: list[Layer] = []
        self._tensors: list[KerasTensor] = []  # the input, then each layer's output
        self._built_for: tuple[int | None, ...] | None = None
        if layers is None:
            layers = []
        for layer in layers if isinstance(layers, (list, tuple)) else [layers]:
            self._append(layer)
        self._rebuild()

    # ---- the stack ----------------------------------------------------------------------------------

    def add(self, layer: Layer) -> None:
        """Put a layer on top.

        Raises
        ------
        ValueError
            If it is not a layer, another layer has its name, or the shapes do not fit; the stack is left as it was.
        """
        before = list(self._layers)
        self._append(layer)
        try:
            self._rebuild()
        except Exception:
            self._layers = before
            self._rebuild()
            raise

    def pop(self) -> Layer:
        """Take the last layer off and return it."""
        if not self.layers:
            raise ValueError(f"model {self.name!r} has no layers to pop")
        layer = self._layers.pop()
        self._rebuild()
        return layer

    def _append(self, layer: Any) -> None:
        if isinstance(layer, KerasTensor) and isinstance(layer.layer, InputLayer):
            layer = layer.layer
        if not isinstance(layer, Layer):
            hint = ": pass an instance, not the class" if isinstance(layer, type) else ""
            raise ValueError(
                f"Only instances of Layer can be added to a Sequential model, got {layer!r} "
                f"(of type {type(layer).__name__}){hint}"
            )
        declared = None if isinstance(layer, InputLayer) else layer.declared_input_shape
        if not self._layers and declared is not None:
            self._layers.append(InputLayer(declared, dtype=layer.compute_dtype))
        # one and the same layer may stand there several times: its weights are shared
        if any(layer is not other and layer.name == other.name for other in self._layers):
            raise ValueError(
                f"All layers of a Sequential model must have names of their own, but {layer.name!r} is "
                "there already: give one of them another name="
            )
        if isinstance(layer, InputLayer) and self._layers:
            raise ValueError(f"an Input must be the first of the layers of model {self.name!r}")
        self._layers.append(layer)

    @property
    def layers(self) -> list[Layer]:
        """The layers without the Input."""
        return [layer for layer in self._layers if not isinstance(layer, InputLayer)]

    # ---- building -----------------------------------------------------------------------------------

    def _rebuild(self) -> None:
        """Build the stack where its input is known; else leave that to the first data."""
        self.built = False
        self._tensors = []
        self._runtime.forget_programs()
        self._dependents.forget_programs()  # of the models around it
        first = self._layers[0] if self._layers else None
        if len(self._layers) > 1 and isinstance(first, InputLayer):
            self.build(first.batch_shape)
        elif isinstance(first, Sequential) and first.built:
            self.build(first.input_shape)
        elif self.layers and self._built_for is not None:
            self.build(self._built_for)  # what it was built for before it changed

    def build(self, input_shape: Sequence[int | None] | None = None) -> None:
        """Make the weights for inputs of this shape, with the batch axis first (None: any size, of other axes too).

        Raises
        ------
        ValueError
            If there are no layers, or the shape is not the one of the Input.
        """
        if not self.layers:
            raise ValueError(
                f"Sequential model {self.name!r} cannot be built because it has no layers. Call model.add(layer)."
            )
        shape = self._check_input_shape(input_shape)
        first = self._layers[0]
        source = first if isinstance(first, InputLayer) else InputLayer(batch_shape=shape, dtype=self._input_dtype)
        self._tensors = self._described(source.output) if None in shape[1:] else self._trial(source.output)
        self._built_for = shape
        self.built = True

    def _check_input_shape(self, input_shape: Sequence[int | None] | None) -> tuple[int | None, ...]:
        first = self._layers[0]
        known = tuple(first.batch_shape) if isinstance(first, InputLayer) else None
        if input_shape is None:
            if known is None:
                raise ValueError(f"model {self.name!r} needs the shape of its inputs: build((None, features))")
            return known
        shape = batch_shape(input_shape)
        if known is not None and not compatible(known, shape):
            raise ValueError(
                f"Sequential model {self.name!r} has already been configured to use input shape {known}. "
                f"You cannot build it with input_shape {shape}"
            )
        return known or (None, *shape[1:])

    def _trial(self, source: KerasTensor) -> list[KerasTensor]:
        """Call the layers on a symbolic batch, which builds them; return what describes the input and their outputs."""
        trial, batch = trial_shape(source.shape), source.shape[:1]
        tensors = [source]

        def stack(x: Any) -> list[Any]:
            for layer in self.layers:
                x = layer(x)
                shape = (*batch, *x.shape[1:]) if x.shape[:1] == trial[:1] else tuple(x.shape)
                tensors.append(KerasTensor(shape, x.dtype, layer, (tensors[-1],)))
            return []

        graph.outputs_of(stack, [(trial, self._input_dtype)])
        self.clear_losses()
        return tensors

    def _described(self, source: KerasTensor) -> list[KerasTensor]:
        """Call the layers on a description, for rows whose sizes are not all known; else as `_trial`."""
        tensors = [source]
        for layer in self.layers:
            tensors.append(layer(tensors[-1]))
        return tensors

    def call(self, inputs: Any, training: bool | None = None) -> Any:
        """Return what the last layer makes of the inputs: of the stack's dtype, and its shape, as `fit` takes them."""
        if isinstance(inputs, Tensor):
            inputs = ops.cast(self._fitting_x(inputs, "x"), self._input_dtype)
        for layer in self.layers:
            inputs = layer(inputs, training=training)
        return inputs

    # ---- shapes -------------------------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Sequence[int | None]) -> tuple[int | None, ...]:
        """Return the shape of the outputs for inputs of this shape, without building anything."""
        shape = tuple(input_shape)
        for layer in self.layers:
            shape = tuple(layer.compute_output_shape(shape))
        return shape

    @property
    def input_shape(self) -> tuple[int | None, ...]:
        """The shape of the inputs, None for the batch axis.

        Raises AttributeError before the model is built.
        """
        return self._known("input shape")[0].shape

    @property
    def output_shape(self) -> tuple[int | None, ...]:
        """The shape of the outputs, None for the batch axis."""
        return self._known("output shape")[-1].shape

    @property
    def input(self) -> KerasTensor:
        """The description of the inputs, of which ``Model(inputs, outputs)`` may be made; as ``inputs`` in a list."""
        return self._known("input")[0]

    @property
    def output(self) -> KerasTensor:
        """The description of the outputs; as ``outputs`` in a list."""
        return self._known("output")[-1]

    @property
    def inputs(self) -> list[KerasTensor]:
        return [self.input]

    @property
    def outputs(self) -> list[KerasTensor]:
        return [self.output]

    def _known(self, what: str) -> list[KerasTensor]:
        if not self._tensors:
            raise AttributeError(f"Sequential model {self.name!r} has no defined {what} yet: it is not built.")
        return self._tensors

    # ---- configuration ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments and the layers from which `from_config` makes the same stack, without its weights."""
        config = {**Layer.get_config(self), "layers": [layers.serialize(layer) for layer in self._layers]}
        if self._tensors:
            config["build_input_shape"] = self.input_shape
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a stack from what `get_config` returned; ``custom_objects`` are the user's own parts by name."""
        forms = config.get("layers") if isinstance(config, Mapping) else None
        if not isinstance(forms, (list, tuple)):
            raise ValueError(f"A stored Sequential must be a dict with a list of 'layers', got {config!r}")
        stack = _restored(forms, custom_objects)
        model = cls(stack, trainable=config.get("trainable", True), name=config.get("name"))
        shape = config.get("build_input_shape")
        if shape is not None and stack and not model.built:
            model.build(shape)
        return model

    # ---- what training and the summary ask ----------------------------------------------------------

    @property
    def _input_dtype(self) -> np.dtype:
        first = self._layers[0] if self._layers else None
        if isinstance(first, InputLayer):
            return standardize_dtype(first.dtype)
        return self._float_dtype

    @property
    def _float_dtype(self) -> np.dtype:
        for layer in self.layers:
            dtype = standardize_dtype(layer.compute_dtype)
            if dtype.kind == "f":
                return dtype
        return standardize_dtype()

    def _expected_input(self, like: tuple[int, ...] | None = None) -> tuple[Layer, tuple[int | None, ...]] | None:
        if self._tensors:
            return self.layers[0], self.input_shape
        return None if like is None or not self.layers else (self.layers[0], (None, *like[1:]))

    @property
    def _output_name(self) -> str | None:
        return self._layers[-1].name if self._layers else None

    def _rows_are_independent(self) -> bool:
        return computes_as(self, Sequential) and all(map(treats_each_row_by_itself, self.layers))

    def _output_shape_of(self, layer: Layer) -> tuple[int | None, ...] | None:
        # as in Keras, the last one of a layer that stands there several times
        shapes = (tensor.shape for tensor in reversed(self._tensors) if tensor.layer is layer)
        return next(shapes, None) or super()._output_shape_of(layer)


layers.REGISTRY.add(Sequential, "keras")


def _restored(forms: Sequence[Any], custom_objects: Mapping[str, Any] | None) -> list[Layer]:
    """Return the layers for stored forms: a form that comes again, with its name, is one layer that stands twice."""
    stack: list[Layer] = []
    for form in forms:
        layer = layers.deserialize(form, custom_objects)
        twins = (old for old, other in zip(stack, forms, strict=False) if old.name == layer.name and other == form)
        stack.append(next(twins, layer))
    return stack
