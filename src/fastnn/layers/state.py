"""The variables, sublayers and losses of a layer."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import constraints, initializers, ops, regularizers
from ..dtypes import is_float, standardize_dtype
from ..metrics import Metric
from ..random import SeedGenerator
from ..structures import unique
from ..tensor import Tensor, Variable
from ..utils import checks
from ..utils.tracking import owned
from . import context
from .dependents import Dependents

__all__ = ["LayerState"]


class LayerState:
    """What a layer owns: its own variables, those of the layers among its attributes, and their losses.

    Attributes (also in lists, tuples and dicts) are looked through whenever they are asked for, so nothing has to be
    registered: assigning a variable or a layer to an attribute is enough.
    """

    name: str
    built: bool
    variable_dtype: np.dtype

    def _init_state(self, trainable: bool) -> None:
        if not isinstance(trainable, bool):
            raise ValueError(f"Argument `trainable` must be a boolean. Received: trainable={trainable!r}")
        self._weights: list[Variable] = []
        self._frozen: list[Variable] = []
        self._losses: list[Tensor] = []
        self._trainable = trainable
        self._dependents = Dependents()

    def _check_super_called(self) -> None:
        if "_weights" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}.__init__ must first call super().__init__().")

    # ---- variables ---------------------------------------------------------------------------------------

    def add_weight(
        self,
        shape: Sequence[int] | None = None,
        initializer: Any = None,
        dtype: Any = None,
        trainable: bool = True,
        regularizer: Any = None,
        constraint: Any = None,
        name: str | None = None,
        layout: str | None = None,
    ) -> Variable:
        """Return a new weight of the layer.

        Parameters
        ----------
        shape : sequence of int, optional
            Default: a scalar.
        initializer : str or callable, optional
            Default: glorot_uniform for floats, zeros for others.
        dtype : str, optional
            Default: the layer's.
        trainable : bool
        regularizer, constraint : str, object or callable, optional
            Penalty added to the loss; what the optimizer does to the weight after each update.
        name : str, optional
        layout : {None, "kernel"}
            ``"kernel"``: an (inputs, outputs) matrix stored the way the matrix products like it best.
        """
        self._check_super_called()
        shape = self._check_shape(() if shape is None else shape, name)
        dtype = standardize_dtype(self.variable_dtype if dtype is None else dtype)
        if initializer is None:
            initializer = "glorot_uniform" if is_float(dtype) else "zeros"
        regularizer, constraint = regularizers.get(regularizer), constraints.get(constraint)
        variable = Variable(
            initializers.get(initializer), shape=shape, dtype=dtype, trainable=trainable, name=name, layout=layout
        )
        variable.regularizer, variable.constraint = regularizer, constraint
        variable.path = context.path_of(self, variable.name)
        self._weights.append(variable)
        if trainable and not self._trainable:
            self._freeze(variable)
        return variable

    def add_variable(self, shape: Sequence[int], initializer: Any, **settings: Any) -> Variable:
        """Return a new weight, as `add_weight` does."""
        return self.add_weight(shape, initializer, **settings)

    def _check_shape(self, shape: Sequence[int], name: str | None) -> tuple[int, ...]:
        shape = tuple(shape)
        if not all(checks.is_integer(size, minimum=0) for size in shape):
            raise ValueError(
                f"The shape of weight {name!r} of layer {self.name!r} must hold integers from 0 on. Received: {shape}"
            )
        return tuple(int(size) for size in shape)

    def _own(self, kinds: Any) -> list[Any]:
        self._check_super_called()
        return owned(self, kinds)

    def _own_of_each(self, *kinds: type) -> list[list[Any]]:
        """Return the objects of each of some classes that have none in common."""
        found = self._own(kinds)
        return [[each for each in found if isinstance(each, kind)] for kind in kinds]

    def _trainable_first(self, variables: list[Variable]) -> list[Variable]:
        """Return own variables, those that optimizers change (or would, were they not frozen) first."""
        frozen = {id(variable) for variable in self._frozen}
        by_nature = [variable.trainable or id(variable) in frozen for variable in variables]
        return [v for v, t in zip(variables, by_nature, strict=True) if t] + [
            v for v, t in zip(variables, by_nature, strict=True) if not t
        ]

    @property
    def layers_inside(self) -> list[Any]:
        """The layers among the attributes (not those inside them)."""
        return self._own(LayerState)

    @property
    def layers_below(self) -> list[Any]:
        """The layers inside, and those inside them."""
        return [each for layer in self.layers_inside for each in (layer, *layer.layers_below)]

    @property
    def weights(self) -> list[Variable]:
        """Own weights, trainable ones first, then those of the layers inside."""
        variables, layers = self._own_of_each(Variable, LayerState)
        return unique([*self._trainable_first(variables), *(v for layer in layers for v in layer.weights)])

    @property
    def variables(self) -> list[Variable]:
        """`weights` and the states of random generators."""
        variables, generators, layers = self._own_of_each(Variable, SeedGenerator, LayerState)
        states = [generator.state for generator in generators]
        return unique([*self._trainable_first(variables), *states, *(v for layer in layers for v in layer.variables)])

    @property
    def trainable_weights(self) -> list[Variable]:
        """The weights that optimizers change."""
        return [v for v in self.weights if v.trainable] if self._trainable else []

    @property
    def non_trainable_weights(self) -> list[Variable]:
        """The weights that optimizers do not change."""
        return [v for v in self.weights if not v.trainable] if self._trainable else self.weights

    @property
    def trainable_variables(self) -> list[Variable]:
        """The variables that optimizers change."""
        return self.trainable_weights

    @property
    def non_trainable_variables(self) -> list[Variable]:
        """The variables that optimizers do not change."""
        return [v for v in self.variables if not v.trainable] if self._trainable else self.variables

    @property
    def trainable(self) -> bool:
        """Whether optimizers change the weights, those of the layers inside included."""
        return self._trainable

    @trainable.setter
    def trainable(self, value: bool) -> None:
        self._trainable = checks.boolean("trainable", value)
        if self._trainable:
            for variable in self._frozen:
                variable.trainable = True
            self._frozen = []
        else:
            for variable in self._own(Variable):
                if variable.trainable:
                    self._freeze(variable)
        for layer in self.layers_inside:
            layer.trainable = self._trainable

    def _freeze(self, variable: Variable) -> None:
        variable.trainable = False
        self._frozen.append(variable)

    @property
    def metrics(self) -> list[Metric]:
        """The metrics among the attributes, and those of the layers inside."""
        metrics, layers = self._own_of_each(Metric, LayerState)
        return [*metrics, *(metric for layer in layers for metric in layer.metrics)]

    # ---- values of weights -------------------------------------------------------------------------------

    def get_weights(self) -> list[np.ndarray]:
        """Return copies of the values of `weights`."""
        return [variable.numpy() for variable in self.weights]

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write the values of all `weights`; nothing is written if one of them does not fit."""
        variables = self.weights
        if len(weights) != len(variables):
            state = "" if self.built else " (it is not built yet)"
            raise ValueError(
                f"You called `set_weights(weights)` on layer {self.name!r} with a weight list of length "
                f"{len(weights)}, but the layer has {len(variables)} weights{state}."
            )
        values = [np.asarray(weight) for weight in weights]
        for variable, value in zip(variables, values, strict=True):
            if tuple(variable.shape) != value.shape:
                raise ValueError(
                    f"Layer {self.name!r}: weight {variable.path!r} has shape {tuple(variable.shape)}, which is not "
                    f"compatible with the given shape {value.shape}."
                )
            if value.dtype.kind not in "biuf":
                raise ValueError(f"Layer {self.name!r}: a value for {variable.path!r} has dtype {value.dtype}.")
        for variable, value in zip(variables, values, strict=True):
            variable.assign(value.astype(variable.dtype))

    def count_params(self) -> int:
        """Return how many numbers all weights hold."""
        if not self.built:
            raise ValueError(
                f"You tried to call `count_params` on layer {self.name!r}, but the layer isn't built. Build it with "
                "`layer.build(input_shape)`, or call it on data."
            )
        return sum(math.prod(variable.shape) for variable in self.weights)

    # ---- losses ------------------------------------------------------------------------------------------

    def add_loss(self, loss: Any) -> None:
        """Add a scalar (or a list of them), computed in `call`, to what training makes small.

        It counts until the next call of the outermost layer.
        """
        self._check_super_called()
        for each in loss if isinstance(loss, (list, tuple)) else [loss]:
            if not isinstance(each, Tensor):
                raise ValueError(f"`add_loss()` takes tensors made in `call()`. Received: {each!r}")
            self._losses.append(each)

    @property
    def losses(self) -> list[Tensor]:
        """What `add_loss` and activity regularizers left at the last call, then the penalties of weights."""
        penalties = [
            ops.convert_to_tensor(variable.regularizer(variable))
            for variable in self.trainable_weights
            if variable.regularizer is not None
        ]
        return [*self._call_losses(), *penalties]

    def _call_losses(self) -> list[Tensor]:
        return [*self._losses, *(loss for layer in self.layers_inside for loss in layer._call_losses())]

    def clear_losses(self) -> None:
        """Forget what `add_loss` left, here and in the layers inside."""
        self._losses = []
        for layer in self.layers_inside:
            layer.clear_losses()
