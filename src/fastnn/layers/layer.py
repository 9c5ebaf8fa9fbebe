"""The base class of layers: building, calling, shapes, configuration. What a layer owns is in `state`."""

from __future__ import annotations

import functools
import inspect
from collections.abc import Callable
from typing import Any, Self

import numpy as np

from .. import graph, regularizers
from ..dtypes import is_float
from ..structures import flatten
from ..tensor import Tensor, Variable, convert_to_tensor, init_scope
from ..utils import checks
from ..utils.arguments import unknown_arguments
from ..utils.configurable import Configurable
from ..utils.naming import check_name
from . import context
from .arguments import INPUT_ARGUMENTS, Arguments, take_input_shape
from .custom_objects import restored
from .input_spec import check_input
from .keras_tensor import KerasTensor, described_outputs
from .policy import policy_config, policy_dtype
from .state import LayerState

__all__ = ["Layer"]


_STATE = (Variable, LayerState)
_NOT_COMPUTED_WITH = ("built", "trainable")  # models keep programs for each choice of what is trained


class _unless_set:
    """A property in whose place an object may have an attribute: layers of users have parts called ``output``."""

    def __init__(self, found: Callable[[Any], Any]) -> None:
        self.found = found
        functools.update_wrapper(self, found)

    def __get__(self, owner: Any, kind: type | None = None) -> Any:
        return self if owner is None else self.found(owner)


class Layer(LayerState, Configurable):
    """A function of tensors with weights.

    Subclasses override `call`, written in ops; `build`, where weights depend on the shape of the input; and
    `get_config`, where their arguments are not plain numbers, strings and the like.

    Parameters
    ----------
    activity_regularizer : str, object or callable, optional
        Penalty of the output, divided by the batch size and added to the loss.
    trainable : bool
        Whether optimizers change the weights.
    dtype : {"float32", "float64"}, optional
        Of weights and of what is computed. Default: floatx.
    autocast : bool
        Whether float inputs are cast to that dtype.
    name : str, optional
        Default: the class's name in snake case, with a number.
    input_shape : tuple of int, optional
        Shape of one sample: lets a model that begins with this layer be built at once.
    input_dim : int, optional
        Short for ``input_shape=(input_dim,)``.

    Examples
    --------
    >>> class Scale(Layer):
    ...     def build(self, input_shape):
    ...         self.factor = self.add_weight((input_shape[-1],), "ones", name="factor")
    ...
    ...     def call(self, inputs):
    ...         return inputs * self.factor
    """

    #: What inputs the layer accepts: an InputSpec, a list of them, or None.
    input_spec: Any = None

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        layer = super().__new__(cls, *args, **kwargs)
        layer._init_arguments = Arguments(args, kwargs)
        return layer

    def __setattr__(self, name: str, value: Any) -> None:
        """Set an attribute, but no state of a layer that is built."""
        if isinstance(value, _STATE) or isinstance(self.__dict__.get(name), Variable):
            self._check_state(name, value)
        object.__setattr__(self, name, value)
        self._changed(name)

    def _check_state(self, name: str, value: Any) -> None:
        """Refuse state that comes after the layer is built, which programs would not know, and the loss of weights."""
        before = vars(self).get(name)
        if before is value or not self._is_complete():
            return
        if isinstance(value, _STATE):
            raise ValueError(
                f"{name}= cannot be set: you cannot add new elements of state (variables or sub-layers) to layer "
                f"{vars(self).get('name')!r}, which is already built. All state must be created in `__init__()` or "
                "`build()`."
            )
        raise ValueError(
            f"{name}= of layer {vars(self).get('name')!r}, which is already built, is a weight and cannot be set to "
            f"{type(value).__name__}: `{name}.assign(value)` writes its value."
        )

    def _is_complete(self) -> bool:
        """Whether the layer has all of its state: an override of `build` may go on after that of its base."""
        return vars(self).get("built", False) and not vars(self).get("_building", False)

    def __delattr__(self, name: str) -> None:
        object.__delattr__(self, name)
        self._changed(name)

    def _changed(self, name: str) -> None:
        """Let models forget their programs of the layer, where it is not the layer that changes itself in a call."""
        if self._is_computed_with(name) and context.outermost() and "_dependents" in vars(self):
            self._dependents.forget_programs()

    def _is_computed_with(self, name: str) -> bool:
        """Whether what the layer computes may hang on an attribute."""
        return name not in _NOT_COMPUTED_WITH and not name.startswith("_")

    def __init_subclass__(cls, **kwargs: Any) -> None:
        super().__init_subclass__(**kwargs)
        if "build" in cls.__dict__:
            cls.build = _complete_build(cls.build)

    def __init__(
        self,
        *,
        activity_regularizer: Any = None,
        trainable: bool = True,
        dtype: Any = None,
        autocast: bool = True,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        self._declared_input_shape = take_input_shape(kwargs)
        if kwargs:
            raise ValueError(unknown_arguments(type(self), kwargs, INPUT_ARGUMENTS))
        self._init_state(trainable)
        self.name = check_name(name, type(self).__name__)
        self._dtype = policy_dtype(dtype)
        self.autocast = checks.boolean("autocast", autocast)
        self.activity_regularizer = regularizers.get(activity_regularizer)
        self.built = False
        self._building = False
        self._build_arguments: dict[str, Any] | None = None

    # ---- properties --------------------------------------------------------------------------------------

    @property
    def dtype(self) -> np.dtype:
        """The dtype of the weights."""
        return self._dtype

    @property
    def variable_dtype(self) -> np.dtype:
        """The dtype of the weights."""
        return self._dtype

    @property
    def compute_dtype(self) -> np.dtype:
        """The dtype of what is computed."""
        return self._dtype

    @property
    def input_dtype(self) -> np.dtype:
        """The dtype of inputs of floats."""
        return self._dtype

    @property
    def declared_input_shape(self) -> tuple[int | None, ...] | None:
        """The shape of one sample, where ``input_shape`` or ``input_dim`` was given, else None."""
        return self._declared_input_shape

    @property
    def path(self) -> str:
        """The names of the layers around this one, where it is being built or called, and its own."""
        return context.path_of(self, "")[:-1]

    @_unless_set
    def output(self) -> KerasTensor:
        """The description of what the layer puts out, where it was called on one description, in a model or for one."""
        return self._described_call("output")

    @_unless_set
    def input(self) -> Any:
        """The description of what the layer was called on, or a list of several."""
        inputs = self._described_call("input").inputs
        return inputs[0] if len(inputs) == 1 else inputs

    def _described_call(self, what: str) -> KerasTensor:
        found = described_outputs(self)
        if len(found) != 1:
            problem = "has not been called on what Input() returns" if not found else "has been called several times"
            raise AttributeError(f"Layer {self.name!r} {problem}: there is no one {what}.")
        return found[0]

    # ---- building ----------------------------------------------------------------------------------------

    def build(self, input_shape: Any) -> None:
        """Make the weights for inputs of a shape (with the batch axis, which may be None).

        Called by the first call of the layer. Overrides that name several arguments ``a_shape, b_shape`` get the
        shapes of the arguments ``a, b`` of `call`.
        """
        self.built = True

    def _needs_no_build(self) -> None:
        """Count as built from the start, where no subclass has something to build."""
        self.built = type(self).build is Layer.build

    def _build_for(self, args: tuple, kwargs: dict[str, Any]) -> None:
        """Build with the shapes of the arguments of a call."""
        names = list(_signature(type(self).build).parameters)[1:]
        if len(names) == 1:
            self.build(_shapes(args[0] if args else next(iter(kwargs.values()))))
            return
        given = inspect.signature(self.call).bind(*args, **kwargs).arguments
        known = {f"{name}_shape": value for name, value in given.items()}
        missing = [name for name in names if name not in known]
        if missing:
            raise ValueError(
                f"build() of layer {self.name!r} takes {names}, which must be the arguments of call() with `_shape` "
                f"after them; {missing} are not among {sorted(known)}."
            )
        self.build(**{name: _shapes(known[name]) for name in names})

    def get_build_config(self) -> dict[str, Any] | None:
        """Return the shapes that `build` was called with, for `build_from_config`."""
        if self._build_arguments is None:
            return None
        shapes = dict(self._build_arguments)
        return {"input_shape": next(iter(shapes.values()))} if len(shapes) == 1 else {"shapes_dict": shapes}

    def build_from_config(self, config: dict[str, Any] | None) -> None:
        """Build with what `get_build_config` returned."""
        if config and "shapes_dict" in config:
            self.build(**config["shapes_dict"])
        elif config:
            self.build(config["input_shape"])

    # ---- calling -----------------------------------------------------------------------------------------

    def call(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs. Written in ops; may take ``training``."""
        raise NotImplementedError(f"Layer {type(self).__name__} must override call().")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Apply the layer to tensors, arrays or the result of `Input`; build it first if need be.

        Parameters
        ----------
        *args
            Tensors or arrays, as `call` takes them.
        training : bool, optional
            Default: that of the layer around this one; else the default of `call`.
        **kwargs
            Further arguments of `call`.
        """
        self._check_super_called()
        if args and args[0] is None:
            raise ValueError(f"Layer {self.name!r} takes tensors and arrays. Received: None")
        args, kwargs = self._converted(args), self._converted(kwargs)
        leaves = flatten(args)
        for leaf in leaves:
            if not isinstance(leaf, (Tensor, KerasTensor)) and leaf is not None:
                raise ValueError(
                    f"Only tensors and arrays may be passed to layer {self.name!r} as positional arguments; others as "
                    f"keyword arguments. Received: {leaf!r} (of type {type(leaf).__name__})"
                )
        first = args[0] if args else next(iter(kwargs.values()), None)
        if first is not None:
            check_input(self.input_spec, first, self.name)
        if any(isinstance(leaf, KerasTensor) for leaf in (*leaves, *flatten(kwargs))):
            return self._describe(args, kwargs)
        training = kwargs.pop("training", None)
        if training is None:
            training = context.current_training()
        if context.outermost():
            self.clear_losses()
        with context.entered(self, training):
            if not self.built:
                self._build_for(args, kwargs)
            if training is not None and "training" in _signature(type(self).call).parameters:
                kwargs["training"] = training
            outputs = self.call(*args, **kwargs)
            self.built = True
            if self.activity_regularizer is not None:
                self._penalize(outputs)
        return outputs

    def _converted(self, structure: Any) -> Any:
        """Return arguments with arrays and variables as tensors, floats in the layer's dtype."""
        if isinstance(structure, tuple):
            return tuple(self._converted(each) for each in structure)
        if isinstance(structure, list):
            return [self._converted(each) for each in structure]
        if isinstance(structure, dict):
            return {name: self._converted(each) for name, each in structure.items()}
        if isinstance(structure, (Tensor, Variable)) or hasattr(structure, "__array__"):
            if isinstance(structure, KerasTensor):
                return structure
            x = convert_to_tensor(structure)
            return convert_to_tensor(x, self.compute_dtype) if self.autocast and is_float(x.dtype) else x
        return structure

    def _penalize(self, outputs: Any) -> None:
        for output in flatten(outputs):
            penalty = self.activity_regularizer(output)
            self.add_loss(penalty * (1.0 / max(output.shape[0], 1)) if output.shape else penalty)

    def _describe(self, args: tuple, kwargs: dict[str, Any]) -> KerasTensor:
        """Return the description of the output for described inputs; build the layer."""
        inputs = args[0] if len(args) == 1 else args
        with context.entered(self, kwargs.get("training")):
            if not self.built:
                self._build_for(args, kwargs)
        shape = self.compute_output_shape(_shapes(inputs))
        if not isinstance(shape, (tuple, list)) or any(isinstance(size, (tuple, list, str)) for size in shape):
            raise NotImplementedError(
                f"Layer {self.name!r} puts out several tensors, of shapes {shape}: not supported."
            )
        return KerasTensor(shape, self.compute_dtype, self, args, kwargs)

    # ---- shapes ------------------------------------------------------------------------------------------

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the output for an input of a shape, both with the batch axis, which may be None.

        Layers that do not override it are traced to find out; they have to be built.

        Raises
        ------
        NotImplementedError
            If `call` cannot be traced.
        """
        sizes = [_sizes_in_trace(self, input_shape, unknown) for unknown in (2, 3)]
        if len({len(shape) for shape in sizes}) != 1:
            raise NotImplementedError(f"The rank of the output of layer {self.name!r} depends on the input's sizes.")
        known = None not in input_shape
        return tuple(a if known or a == b else None for a, b in zip(*sizes, strict=True))

    # ---- configuration -----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes the same layer, without its weights.

        A subclass that does not override it gets its own arguments too, as long as they are plain (numbers, strings,
        booleans, None, and lists, tuples and dicts of them).
        """
        self._check_super_called()
        config: dict[str, Any] = {
            "name": self.name,
            "trainable": self._trainable,
            "dtype": policy_config(self._dtype),
        }
        if self.activity_regularizer is not None:
            config["activity_regularizer"] = regularizers.serialize(self.activity_regularizer)
        if type(self).get_config is Layer.get_config:
            config = {**self._init_arguments.plain(type(self)), **config}
        return config

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> Self:
        """Make a layer from what `get_config` returned."""
        return cls(**{name: restored(value) for name, value in config.items()})

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}, built={self.built}>"


def _complete_build(build: Callable[..., None]) -> Callable[..., None]:
    """Return ``build`` with what surrounds it: weights get their paths, the layer is built, or nothing happened."""

    @functools.wraps(build)
    def complete(self: Layer, *args: Any, **kwargs: Any) -> None:
        self._check_super_called()
        if self._building:
            # super().build(...) in an override.
            build(self, *args, **kwargs)
            return
        arguments = dict(_signature(build).bind(self, *args, **kwargs).arguments)
        del arguments[next(iter(arguments))]
        if self.built and self._build_arguments is not None:
            if self._build_arguments != arguments:
                raise ValueError(
                    f"Layer {self.name!r} is built already, for {self._build_arguments}; it cannot be "
                    f"built again for {arguments}."
                )
            return
        before = dict(self.__dict__), len(self._weights)
        self._building = True
        try:
            with init_scope(), context.entered(self, context.current_training()):
                build(self, *args, **kwargs)
        except BaseException:
            self.__dict__.clear()
            self.__dict__.update(before[0])
            del self._weights[before[1] :]
            raise
        self._building = False
        self.built = True
        self._build_arguments = arguments

    return complete


@functools.lru_cache(maxsize=1024)
def _signature(function: Callable[..., Any]) -> inspect.Signature:
    return inspect.signature(function)


def _shapes(structure: Any) -> Any:
    """Return the shapes of (a structure of) tensors."""
    if isinstance(structure, (list, tuple)):
        return [_shapes(each) for each in structure]
    if isinstance(structure, dict):
        return {name: _shapes(each) for name, each in structure.items()}
    return tuple(structure.shape) if hasattr(structure, "shape") else None


def _sizes_in_trace(layer: Layer, input_shape: Any, unknown: int) -> tuple[int, ...]:
    """Return the output's shape for an input of this shape, None standing for ``unknown``."""
    shape = tuple(unknown if size is None else size for size in input_shape)
    try:
        with context.entered(layer):
            outputs = graph.outputs_of(layer.call, [(shape, layer.compute_dtype)])
        layer.clear_losses()
    except Exception as error:
        raise NotImplementedError(
            f"The output shape of layer {layer.name!r} ({type(layer).__name__}) for an input of shape {input_shape} "
            f"could not be found out: {error}. Override compute_output_shape()."
        ) from error
    return tuple(outputs.shape)
