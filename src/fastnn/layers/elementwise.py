"""Layers that apply a function to each element (Softmax: along an axis), and Rescaling."""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Any

import numpy as np

from .. import activations, constraints, initializers, ops, regularizers
from ..activations.functions import output_shape
from ..tensor import Tensor
from ..utils import checks
from .arguments import one_or_more_axes
from .layer import Layer

__all__ = ["ELU", "Activation", "Identity", "LeakyReLU", "PReLU", "ReLU", "Rescaling", "Softmax"]

MASKED = -1e9  # Keras' number for what softmax is not to see


class _SameShape(Layer):
    """A layer without weights whose output has the shape of its input."""

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self._needs_no_build()

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)


class Activation(_SameShape):
    """Apply an activation function.

    Parameters
    ----------
    activation : str or callable
    **kwargs
        See `Layer`.
    """

    def __init__(self, activation: str | Callable[..., Any], **kwargs: Any) -> None:
        self.activation = activations.get(activation)  # which may be a layer: before this one is built
        super().__init__(**kwargs)

    def call(self, inputs: Tensor) -> Tensor:
        return self.activation(inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return output_shape(self.activation, tuple(input_shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "activation": activations.serialize(self.activation)}


class Identity(_SameShape):
    """Return the input as it is.

    Parameters
    ----------
    **kwargs
        See `Layer`.
    """

    def call(self, inputs: Any) -> Any:
        return inputs


class ReLU(_SameShape):
    """``max(x, 0)``, with the variations of `activations.relu`.

    Parameters
    ----------
    max_value : float, optional
        Upper limit.
    negative_slope : float
        Slope below the threshold.
    threshold : float
        Where the two parts meet.
    **kwargs
        See `Layer`.
    """

    def __init__(
        self,
        max_value: float | None = None,
        negative_slope: float = 0.0,
        threshold: float = 0.0,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.max_value = checks.optional_real("max_value", max_value, minimum=0.0)
        self.negative_slope = checks.real("negative_slope", negative_slope, minimum=0.0)
        self.threshold = checks.real("threshold", threshold, minimum=0.0)

    def call(self, inputs: Tensor) -> Tensor:
        return activations.relu(inputs, self.negative_slope, self.max_value, self.threshold)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "max_value": self.max_value,
            "negative_slope": self.negative_slope,
            "threshold": self.threshold,
        }


class LeakyReLU(_SameShape):
    """x where it is positive, ``negative_slope * x`` elsewhere.

    Parameters
    ----------
    negative_slope : float
        Note Keras' default 0.3, where the function `activations.leaky_relu` has 0.2.
    **kwargs
        See `Layer`. ``alpha``, the name that Keras had before, is taken with a warning.
    """

    def __init__(self, negative_slope: float = 0.3, **kwargs: Any) -> None:
        if "alpha" in kwargs:
            negative_slope = kwargs.pop("alpha")
            warnings.warn("LeakyReLU's `alpha` is called `negative_slope` now", FutureWarning, stacklevel=2)
        super().__init__(**kwargs)
        self.negative_slope = checks.real("negative_slope", negative_slope, minimum=0.0)

    def call(self, inputs: Tensor) -> Tensor:
        return activations.leaky_relu(inputs, self.negative_slope)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "negative_slope": self.negative_slope}


class PReLU(Layer):
    """x where it is positive, ``alpha * x`` elsewhere, with slopes that are learnt (He et al., 2015).

    Parameters
    ----------
    alpha_initializer : str, object or callable
    alpha_regularizer : str, object or callable, optional
        Penalty added to the loss.
    alpha_constraint : str, object or callable, optional
        Applied after each update.
    shared_axes : int or sequence of int, optional
        Axes of the inputs, counted from 1, along which there is one slope for all.
    **kwargs
        See `Layer`.

    Attributes
    ----------
    alpha : Variable
        Of the shape of a sample, with size 1 along shared axes.
    """

    def __init__(
        self,
        alpha_initializer: Any = "Zeros",
        alpha_regularizer: Any = None,
        alpha_constraint: Any = None,
        shared_axes: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.alpha_initializer = initializers.get(alpha_initializer)
        self.alpha_regularizer = regularizers.get(alpha_regularizer)
        self.alpha_constraint = constraints.get(alpha_constraint)
        axes = shared_axes if shared_axes is None or isinstance(shared_axes, (list, tuple)) else [shared_axes]
        self.shared_axes = None if axes is None else [checks.integer("shared_axes", axis, minimum=1) for axis in axes]

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        shared = self.shared_axes or []
        shape = tuple(1 if axis in shared else size for axis, size in enumerate(input_shape))[1:]
        if None in shape or any(axis >= len(input_shape) for axis in shared):
            raise ValueError(
                f'Layer "{self.name}" needs samples of known sizes but along `shared_axes`. Received: input of shape '
                f"{tuple(input_shape)}, shared_axes={self.shared_axes}"
            )
        self.alpha = self.add_weight(
            shape,
            self.alpha_initializer,
            regularizer=self.alpha_regularizer,
            constraint=self.alpha_constraint,
            name="alpha",
        )

    def call(self, inputs: Tensor) -> Tensor:
        inputs = ops.cast(inputs, self.compute_dtype)
        return ops.relu(inputs) - self.alpha * ops.relu(-inputs)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "alpha_initializer": initializers.serialize(self.alpha_initializer),
            "alpha_regularizer": regularizers.serialize(self.alpha_regularizer),
            "alpha_constraint": constraints.serialize(self.alpha_constraint),
            "shared_axes": self.shared_axes,
        }


class ELU(_SameShape):
    """x where it is positive, ``alpha * (exp(x) - 1)`` elsewhere.

    Parameters
    ----------
    alpha : float
    **kwargs
        See `Layer`.
    """

    def __init__(self, alpha: float = 1.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.alpha = checks.real("alpha", alpha, minimum=0.0)

    def call(self, inputs: Tensor) -> Tensor:
        return activations.elu(inputs, self.alpha)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "alpha": self.alpha}


class Softmax(_SameShape):
    """Probabilities that sum to one along an axis (or several).

    A call takes ``mask=``, what broadcasts to the inputs: where it is False, or 0.5 and less, the probability is 0.

    Parameters
    ----------
    axis : int or sequence of int
    **kwargs
        See `Layer`.
    """

    def __init__(self, axis: int | list[int] | tuple[int, ...] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(axis)

    def call(self, inputs: Tensor, mask: Any = None) -> Tensor:
        axis = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        if mask is None:
            return activations.softmax(inputs, axis=axis)
        kept = _kept(mask, inputs)
        outputs = activations.softmax(ops.where(kept, inputs, MASKED), axis=axis)
        return ops.where(kept, outputs, 0.0)  # where all are masked, they have all that there is

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _kept(mask: Any, inputs: Tensor) -> Tensor:
    """Return a mask of softmax' inputs as booleans, if it broadcasts to them."""
    mask = ops.convert_to_tensor(mask)
    lead = len(inputs.shape) - len(mask.shape)
    if lead < 0 or any(n not in (1, inputs.shape[lead + axis]) for axis, n in enumerate(mask.shape)):
        raise ValueError(
            f"Argument `mask` must broadcast to the inputs, of shape {inputs.shape}. Received: mask.shape={mask.shape}"
        )
    return mask if mask.dtype == "bool" else mask > 0.5


class Rescaling(_SameShape):
    """``inputs * scale + offset``, in training and otherwise.

    ``Rescaling(1 / 255)`` brings pictures of uint8 to 0 … 1.

    Parameters
    ----------
    scale, offset : float or array_like
        What broadcasts to the input.
    **kwargs
        See `Layer`.
    """

    def __init__(self, scale: Any, offset: Any = 0.0, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.scale = _number_or_array("scale", scale)
        self.offset = _number_or_array("offset", offset)

    def call(self, inputs: Tensor) -> Tensor:
        dtype = self.compute_dtype
        scaled = ops.cast(inputs, dtype) * ops.convert_to_tensor(self.scale, dtype)
        return scaled + ops.convert_to_tensor(self.offset, dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        factors = np.broadcast_shapes(np.shape(self.scale), np.shape(self.offset))
        rank = max(len(factors), len(input_shape))
        padded = [(1,) * (rank - len(shape)) + tuple(shape) for shape in (input_shape, factors)]
        return tuple(size if other == 1 else other for size, other in zip(*padded, strict=True))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "scale": _plain(self.scale), "offset": _plain(self.offset)}


def _number_or_array(name: str, value: Any) -> float | np.ndarray:
    if np.ndim(value) == 0:
        return checks.real(name, value)
    array = np.asarray(value)
    if array.dtype.kind not in "biuf":
        raise ValueError(f"Argument `{name}` must be a number or an array of numbers. Received: {name}={value!r}")
    return array.astype(np.float64)


def _plain(value: float | np.ndarray) -> Any:
    return value.tolist() if isinstance(value, np.ndarray) else value
