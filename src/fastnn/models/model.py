"""A layer that can be trained, evaluated and asked for predictions."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import numpy as np

from .. import graph
from ..autograd import is_recording
from ..dtypes import is_float, standardize_dtype
from ..layers import Layer
from ..layers.context import outermost
from ..layers.custom_objects import known
from ..structures import flatten, rebuild
from ..tensor import Tensor, TracingError, current_graph
from ..training import Trainer
from ..utils import checks
from .summary import print_summary

__all__ = ["Model", "batch_shape", "compatible", "trial_shape"]

_TRACED = ("call", "predict_step", "train_step", "test_step", "compute_loss", "compute_metrics")
_TRIAL_ROWS = 2  # rows of the symbolic batch on which a model is built


def batch_shape(input_shape: Any) -> tuple[int | None, ...]:
    """Return the shape of one input with its batch axis; raise ValueError for anything else."""
    sizes = input_shape if isinstance(input_shape, (tuple, list)) else ()
    if not sizes or not all(size is None or checks.is_integer(size, minimum=0) for size in sizes):
        raise ValueError(
            "input_shape must be the shape of one input with the batch axis first, such as (None, 4); models that take "
            f"several inputs are built by a call. Received: input_shape={input_shape!r}"
        )
    return tuple(sizes)


def trial_shape(shape: tuple[int | None, ...]) -> tuple[int, ...]:
    """Return the shape of the batch on which a model is built for inputs of a shape."""
    if None in shape[1:]:
        raise ValueError(f"the shape of a row must be known, got input_shape={shape}")
    return (shape[0] or _TRIAL_ROWS, *shape[1:])


def compatible(known: Sequence[int | None], shape: Sequence[int | None]) -> bool:
    """Whether two shapes may be the same: sizes that are not known fit any."""
    return len(known) == len(shape) and all(
        None in pair or pair[0] == pair[1] for pair in zip(known, shape, strict=True)
    )


def _is_functional(args: tuple, kwargs: dict[str, Any]) -> bool:
    return bool(args) or "inputs" in kwargs or "outputs" in kwargs


class Model(Trainer, Layer):
    """A network with training and prediction: ``Model(inputs, outputs)``, a `Functional`, or a subclass.

    Subclasses make their layers in ``__init__`` and override ``call``; they are built from the shapes of
    the first data they see. ``call`` is traced once for each shape and then runs without Python, so it
    must be written in ops; where it looks at a tensor's value it runs op by op, with a warning.

    Parameters
    ----------
    name : str, optional
        In any script; by default the class's name in snake case with a number.
    trainable : bool, default True
    dtype : str, optional

    Raises
    ------
    NotImplementedError
        For a subclass that gives ``inputs`` and ``outputs`` to its base.

    Examples
    --------
    >>> class Net(fastnn.Model):
    ...     def __init__(self):
    ...         super().__init__()
    ...         self.hidden = fastnn.layers.Dense(16, activation="relu")
    ...         self.out = fastnn.layers.Dense(1)
    ...
    ...     def call(self, x):
    ...         return self.out(self.hidden(x))
    """

    def __new__(cls, *args: Any, **kwargs: Any) -> Self:
        if cls is Model and _is_functional(args, kwargs):
            from .functional import Functional  # which is a Model

            return Functional.__new__(Functional)
        return super().__new__(cls, *args, **kwargs)

    def __init__(self, *args: Any, name: str | None = None, **kwargs: Any) -> None:
        if _is_functional(args, kwargs):
            raise NotImplementedError(
                f"{type(self).__name__}, a subclass of Model, gives inputs and outputs to its base, which is not "
                "supported: call layers in call(), or use Model(inputs, outputs) itself"
            )
        super().__init__(name=name, **kwargs)
        self._init_trainer()

    def call(self, *args: Any, **kwargs: Any) -> Any:
        raise NotImplementedError(f"Model {type(self).__name__} does not have a `call()` method implemented.")

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        """Return the outputs for inputs, tensors or arrays; on few rows through a cached program."""
        if len(args) == 1 and not kwargs.get("training") and kwargs.keys() <= {"training"}:
            found = self._quick(args[0])
            if found is not None:
                return found
        return super().__call__(*args, **kwargs)

    def _quick(self, x: Any) -> Any:
        """Return the outputs for a few rows through a program, where nobody records what happens."""
        array = x.array if type(x) is Tensor else x
        if type(array) is not np.ndarray or current_graph() is not None or is_recording() or not outermost():
            return None
        predictor = self._runtime.predictor
        if not predictor.rows_are_independent():  # a call of the user's may have effects
            return None
        found = predictor.few(array)
        if found is not None:
            return Tensor(found)
        if array.ndim == 0 or not 0 < len(array) <= predictor.wide_batch() or not self.built or self._runtime.eager:
            return None
        if array.dtype not in (self._input_dtype, np.float64, np.float32):
            return None
        outputs = predictor.predict(self._fitting_x(array, "x"))
        return rebuild(outputs, map(Tensor, flatten(outputs)))

    def build(self, input_shape: Any) -> None:
        """Make the weights of all layers, by calling the model on a symbolic batch.

        Parameters
        ----------
        input_shape : tuple of (int or None)
            Of one input, with the batch axis. Models that take several inputs, or look at values, are built
            by their first call.

        Raises
        ------
        ValueError
            For what is no shape, and for the shapes of several inputs.
        """
        if type(self).build is not Model.build and isinstance(next(iter(input_shape or ()), None), (tuple, list, str)):
            return  # what an override leaves of several inputs, in a list or a dict, their call will build
        shape = trial_shape(batch_shape(input_shape))
        training = {"training": False} if "training" in inspect.signature(self.call).parameters else {}
        try:
            graph.outputs_of(lambda x: self.call(x, **training), [(shape, self._input_dtype)])
        except TracingError:
            pass
        finally:
            self.clear_losses()

    def _build_for(self, args: tuple, kwargs: dict[str, Any]) -> None:
        """Build with the shape of a call's input; where there are several, the call itself will build all layers."""
        inputs = [*args, *(value for name, value in kwargs.items() if name != "training")]
        if type(self).build is not Model.build or (len(inputs) == 1 and hasattr(inputs[0], "shape")):
            super()._build_for(args, kwargs)

    def compute_output_shape(self, input_shape: Any) -> tuple[int | None, ...]:
        """Return the shape of the outputs for inputs of this shape, both with the batch axis.

        Raises
        ------
        NotImplementedError
            Before the model is built, and where ``call`` cannot be traced.
        """
        if not self.built:
            raise NotImplementedError(f"model {self.name!r} does not know its output shape before it is built")
        return super().compute_output_shape(input_shape)

    @classmethod
    def from_config(cls, config: dict[str, Any], custom_objects: Mapping[str, Any] | None = None) -> Self:
        """Make a model from what `get_config` returned; ``custom_objects`` are the user's own parts by name."""
        if cls is Model and "output_layers" in config:
            from .functional import Functional  # which is a Model

            return Functional.from_config(config, custom_objects)
        with known(custom_objects):
            return super().from_config(config)

    # ---- layers -------------------------------------------------------------------------------------

    @property
    def layers(self) -> list[Layer]:
        """The layers of the model, in the order in which they were assigned."""
        return self.layers_inside

    def get_layer(self, name: str | None = None, index: int | None = None) -> Layer:
        """Return the layer of this name, or the one at this index.

        Raises
        ------
        ValueError
            If neither or both are given, or there is no such layer.
        """
        if (name is None) == (index is None):
            raise ValueError(f"Provide either a layer name or a layer index, got {name=}, {index=}")
        layers = self.layers
        if index is not None:
            if not -len(layers) <= index < len(layers):
                raise ValueError(
                    f"Was asked to retrieve layer at index {index} but model only has {len(layers)} layers."
                )
            return layers[index]
        for layer in layers:
            if layer.name == name:
                return layer
        raise ValueError(f"No such layer: {name}. Existing layers are: {[layer.name for layer in layers]}.")

    def summary(
        self,
        line_length: int | None = None,
        positions: Sequence[float] | None = None,
        print_fn: Callable[[str], Any] | None = None,
        expand_nested: bool = False,
        show_trainable: bool = False,
        layer_range: Sequence[str] | None = None,
    ) -> None:
        """Print the table of layers, output shapes and numbers of parameters.

        Parameters
        ----------
        line_length : int, optional
            Characters of a line; by default 88, or what the terminal has.
        positions : sequence of 3 floats, optional
            Where the columns end, as fractions of the line; default (0.45, 0.8, 1.0).
        print_fn : callable, optional
            Receives the whole text, without colours, instead of stdout.
        expand_nested : bool, default False
            Show the layers of models inside.
        show_trainable : bool, default False
            Add a column that says which layers are trained.
        layer_range : (str, str), optional
            Names, or regular expressions, of the first and the last layer to show.
        """
        print_summary(
            self,
            line_length=line_length,
            positions=positions,
            print_fn=print_fn,
            expand_nested=expand_nested,
            show_trainable=show_trainable,
            layer_range=layer_range,
        )

    # ---- what training and the summary ask ----------------------------------------------------------

    def _is_computed_with(self, name: str) -> bool:
        """Whether programs are traced from an attribute; others, such as `stop_training`, are set all the time."""
        return name in _TRACED

    @property
    def _input_dtype(self) -> np.dtype:
        """The dtype in which the model takes its inputs."""
        return self._float_dtype

    @property
    def _float_dtype(self) -> np.dtype:
        """The dtype in which the model computes."""
        dtype = standardize_dtype(self.compute_dtype)
        return dtype if is_float(dtype) else standardize_dtype()

    def _expected_input(self, like: tuple[int, ...] | None = None) -> tuple[Layer, tuple[int | None, ...]] | None:
        """Return the layer that takes the inputs and their shape, where they are known.

        A model that is not built will be built for data of the shape ``like``, if given.
        """
        return None

    @property
    def _output_name(self) -> str | None:
        """The name of the model's output, if it has one."""
        return None

    def _rows_are_independent(self) -> bool:
        """Whether each row of the output depends on that row of the input alone, and nothing but outputs is made."""
        return False

    def _connections(self) -> dict[Layer, list[tuple[str, int, int]]] | None:
        """Return what each layer is called on, where layers are no chain: a layer's name, its call and its output."""
        return None

    def _output_shape_of(self, layer: Layer) -> tuple[int | None, ...] | None:
        """Return the shape that a layer of the model puts out, or None if it is not known."""
        config = layer.get_build_config() if layer.built else None
        if not config or "input_shape" not in config:
            return None
        try:
            return (None, *layer.compute_output_shape(config["input_shape"])[1:])
        except NotImplementedError:
            return None
