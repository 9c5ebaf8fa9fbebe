"""Layers that only look at their input in another shape, or order: Flatten, Reshape, Permute, RepeatVector."""

from __future__ import annotations

import math
from collections.abc import Sequence
from typing import Any

from .. import ops
from ..tensor import Tensor
from ..utils import checks
from .arguments import place_of_channels
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["Flatten", "Permute", "RepeatVector", "Reshape"]


class Flatten(Layer):
    """Make one axis of all but the batch axis.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With ``"channels_first"`` the axis after the batch axis becomes the last before flattening. Default:
        ``"channels_last"``.
    **kwargs
        See `Layer`.
    """

    def __init__(self, data_format: str | None = None, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = place_of_channels(data_format)
        self.input_spec = InputSpec(min_ndim=1)
        self._needs_no_build()

    def call(self, inputs: Tensor) -> Tensor:
        rank = len(inputs.shape)
        if self.data_format == "channels_first" and rank > 2:
            inputs = ops.transpose(inputs, (0, *range(2, rank), 1))
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        sizes = input_shape[1:]
        return (input_shape[0], None if None in sizes else math.prod(sizes))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format}


class Reshape(Layer):
    """Give each sample another shape with as many elements.

    Parameters
    ----------
    target_shape : sequence of int
        Without the batch axis; one size may be -1 and is found out.
    **kwargs
        See `Layer`.
    """

    def __init__(self, target_shape: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        sizes = tuple(target_shape) if isinstance(target_shape, (tuple, list)) else (target_shape,)
        if sizes.count(-1) > 1 or not all(checks.is_integer(size, minimum=-1) and size for size in sizes):
            raise ValueError(
                "Argument `target_shape` must hold positive integers, and -1 at most once. Received: "
                f"target_shape={target_shape!r}"
            )
        self.target_shape = tuple(int(size) for size in sizes)
        self._needs_no_build()

    def call(self, inputs: Tensor) -> Tensor:
        return ops.reshape(inputs, self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        batch, *sizes = input_shape
        if None in sizes:
            return (batch, *(None if size == -1 else size for size in self.target_shape))
        total, known = math.prod(sizes), math.prod(size for size in self.target_shape if size != -1)
        fits = total % known == 0 if -1 in self.target_shape else total == known
        if not fits:
            raise ValueError(
                f'Layer "{self.name}" cannot reshape samples of shape {tuple(sizes)} ({total} elements) to '
                f"{self.target_shape}."
            )
        return (batch, *(total // known if size == -1 else size for size in self.target_shape))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "target_shape": self.target_shape}


class Permute(Layer):
    """Bring the axes of each sample into another order.

    Parameters
    ----------
    dims : sequence of int
        The axes, counted from 1: ``(2, 1)`` transposes matrices.
    **kwargs
        See `Layer`.
    """

    def __init__(self, dims: Sequence[int], **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.dims = tuple(dims) if isinstance(dims, (tuple, list)) else (dims,)
        if sorted(map(repr, self.dims)) != sorted(map(repr, range(1, len(self.dims) + 1))):
            raise ValueError(
                "Argument `dims` must be a permutation of the axes of a sample, counted from 1. Received: "
                f"dims={dims!r}"
            )
        self.input_spec = InputSpec(ndim=len(self.dims) + 1)
        self._needs_no_build()

    def call(self, inputs: Tensor) -> Tensor:
        return ops.transpose(inputs, (0, *self.dims))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], *(input_shape[dim] for dim in self.dims))

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "dims": self.dims}


class RepeatVector(Layer):
    """Repeat each sample, a vector, as the rows of a matrix.

    Parameters
    ----------
    n : int
        How often.
    **kwargs
        See `Layer`.
    """

    def __init__(self, n: int, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.n = checks.integer("n", n, minimum=1)
        self.input_spec = InputSpec(ndim=2)
        self._needs_no_build()

    def call(self, inputs: Tensor) -> Tensor:
        return ops.broadcast_to(ops.expand_dims(inputs, 1), self.compute_output_shape(inputs.shape))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (input_shape[0], self.n, input_shape[1])

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "n": self.n}
