"""Dense: every output sees every input."""

from __future__ import annotations

from collections.abc import Callable, Hashable
from typing import Any

from .. import activations, constraints, initializers, ops, regularizers
from ..activations.functions import output_shape
from ..autograd import is_watched
from ..ops.sparse import csr_matmul, csr_of
from ..tensor import Tensor
from ..utils import checks
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["Dense"]

# The activations that `ops.dense` computes in the same kernel, with their parameter's default. Not sigmoid: a loss
# behind it looks for the logits, and where none does `fusion` makes one kernel of both.
FUSED = {
    function: (function.__name__, (function.__defaults__ or (0.0,))[0])
    for function in (
        activations.linear, activations.relu, activations.leaky_relu, activations.elu, activations.selu,
        activations.tanh,
    )
}  # fmt: skip


class Dense(Layer):
    """``activation(inputs @ kernel + bias)``, along the last axis.

    Parameters
    ----------
    units : int
        Number of outputs.
    activation : str or callable, optional
        Default: none.
    use_bias : bool
    kernel_initializer, bias_initializer : str, object or callable
    kernel_regularizer, bias_regularizer : str, object or callable, optional
        Penalties added to the loss.
    activity_regularizer : str, object or callable, optional
        Penalty of the output.
    kernel_constraint, bias_constraint : str, object or callable, optional
        Applied after each update.
    **kwargs
        See `Layer`. Keras' ``lora_rank``, ``lora_alpha`` and ``quantization_config`` are refused unless None.

    Attributes
    ----------
    kernel : Variable, shape (inputs, units)
    bias : Variable, shape (units,), or None

    Examples
    --------
    >>> import numpy as np
    >>> Dense(10, activation="softmax")(np.zeros((32, 784), "float32")).shape
    (32, 10)
    """

    _kernel_layout: str | None = "kernel"  # None: an input's weights side by side, as sparse inputs want them

    def __init__(
        self,
        units: int,
        activation: str | Callable[..., Any] | None = None,
        use_bias: bool = True,
        kernel_initializer: Any = "glorot_uniform",
        bias_initializer: Any = "zeros",
        kernel_regularizer: Any = None,
        bias_regularizer: Any = None,
        activity_regularizer: Any = None,
        kernel_constraint: Any = None,
        bias_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        for argument in ("lora_rank", "lora_alpha", "quantization_config"):
            if kwargs.pop(argument, None) is not None:
                raise ValueError(f"Argument `{argument}` of Dense is not supported.")
        super().__init__(activity_regularizer=activity_regularizer, **kwargs)
        self.units = checks.integer("units", units, minimum=1)
        self.activation = activations.get(activation)
        self.use_bias = checks.boolean("use_bias", use_bias)
        self.kernel_initializer = initializers.get(kernel_initializer)
        self.bias_initializer = initializers.get(bias_initializer)
        self.kernel_regularizer = regularizers.get(kernel_regularizer)
        self.bias_regularizer = regularizers.get(bias_regularizer)
        self.kernel_constraint = constraints.get(kernel_constraint)
        self.bias_constraint = constraints.get(bias_constraint)
        self.input_spec = InputSpec(min_ndim=2)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        if len(input_shape) < 2 or not input_shape[-1]:
            raise ValueError(
                f'The inputs of layer "{self.name}" must have at least two axes, the last of a known size above 0. '
                f"Received: input_shape={tuple(input_shape)}"
            )
        inputs = input_shape[-1]
        self.kernel = self.add_weight(
            (inputs, self.units),
            self.kernel_initializer,
            regularizer=self.kernel_regularizer,
            constraint=self.kernel_constraint,
            name="kernel",
            layout=self._kernel_layout,
        )
        self.bias = None
        if self.use_bias:
            self.bias = self.add_weight(
                (self.units,),
                self.bias_initializer,
                regularizer=self.bias_regularizer,
                constraint=self.bias_constraint,
                name="bias",
            )
        self.input_spec = InputSpec(min_ndim=2, axes={-1: inputs})

    def call(self, inputs: Tensor) -> Tensor:
        activation = activations.linear if self.activation is None else self.activation  # None may have been set
        csr = csr_of(inputs)
        if csr is not None and not is_watched(inputs):  # no gradient goes to its elements
            product = csr_matmul(csr, self.kernel)
            return activation(product if self.bias is None else product + self.bias)
        fused = FUSED.get(activation) if isinstance(activation, Hashable) else None
        if fused is not None:
            return ops.dense(inputs, self.kernel, self.bias, *fused)
        return activation(ops.dense(inputs, self.kernel, self.bias))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return output_shape(self.activation, (*input_shape[:-1], self.units))

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "units": self.units,
            "activation": activations.serialize(self.activation),
            "use_bias": self.use_bias,
            "kernel_initializer": initializers.serialize(self.kernel_initializer),
            "bias_initializer": initializers.serialize(self.bias_initializer),
            "kernel_regularizer": regularizers.serialize(self.kernel_regularizer),
            "bias_regularizer": regularizers.serialize(self.bias_regularizer),
            "kernel_constraint": constraints.serialize(self.kernel_constraint),
            "bias_constraint": constraints.serialize(self.bias_constraint),
        }
