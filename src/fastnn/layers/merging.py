"""Layers that make one tensor of several."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import reduce
from typing import Any, ClassVar

from .. import ops
from ..tensor import Tensor
from ..utils import checks
from .layer import Layer

__all__ = [
    "Add",
    "Average",
    "Concatenate",
    "Maximum",
    "Minimum",
    "Multiply",
    "Subtract",
    "add",
    "average",
    "concatenate",
    "maximum",
    "minimum",
    "multiply",
    "subtract",
]

Shape = tuple[int | None, ...]


class MergingLayer(Layer):
    """The base of layers that are called on a list of tensors.

    Parameters
    ----------
    **kwargs
        See `Layer`.
    """

    def __init__(self, **kwargs: Any) -> None:
        super().__init__(**kwargs)

    def _list_of_shapes(self, input_shape: Any) -> list[Shape]:
        several = isinstance(input_shape, (list, tuple)) and all(isinstance(s, (list, tuple)) for s in input_shape)
        if not several or not input_shape:
            raise ValueError(
                f"A `{type(self).__name__}` layer is called on a list of tensors. Received: input_shape={input_shape}"
            )
        return [tuple(shape) for shape in input_shape]

    def build(self, input_shape: Any) -> None:
        """Check the shapes of all inputs."""
        self.compute_output_shape(input_shape)


class ElementwiseMerge(MergingLayer):
    """The base of those that take elements of the same place, as NumPy broadcasts them; new axes follow the batch's."""

    two: ClassVar[Callable[[Any, Any], Tensor]]

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = self._list_of_shapes(input_shape)
        rank = max(map(len, shapes))
        return tuple(self._size(sizes, shapes) for sizes in zip(*(_of_rank(s, rank) for s in shapes), strict=True))

    def _size(self, sizes: tuple[int | None, ...], shapes: list[Shape]) -> int | None:
        known = {size for size in sizes if size not in (None, 1)}
        if len(known) > 1:
            raise ValueError(f"Inputs have incompatible shapes for layer {self.name!r}. Received shapes {shapes}")
        return known.pop() if known else None if None in sizes else 1

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        rank = max(len(x.shape) for x in inputs)
        aligned = (x if len(x.shape) == rank else ops.reshape(x, _of_rank(x.shape, rank)) for x in inputs)
        return reduce(type(self).two, aligned)


def _of_rank(shape: Shape, rank: int) -> Shape:
    """Return a shape with axes of size 1 behind the batch's."""
    return (*shape[:1], *(1,) * (rank - len(shape)), *shape[1:])


class Add(ElementwiseMerge):
    """The sum of all inputs.

    Parameters
    ----------
    **kwargs
        See `Layer`.

    Examples
    --------
    >>> import numpy as np
    >>> float(Add()([np.ones(1), np.ones(1), np.ones(1)])[0])
    3.0
    """

    two = staticmethod(ops.add)


class Subtract(ElementwiseMerge):
    """The first of two inputs less the second."""

    two = staticmethod(ops.subtract)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        if len(self._list_of_shapes(input_shape)) != 2:
            raise ValueError(
                f"A `Subtract` layer should be called on exactly 2 inputs. Received: input_shape={input_shape}"
            )
        return super().compute_output_shape(input_shape)


class Multiply(ElementwiseMerge):
    """The product of all inputs."""

    two = staticmethod(ops.multiply)


class Average(ElementwiseMerge):
    """The mean of all inputs."""

    two = staticmethod(ops.add)

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        return super().call(inputs) / len(inputs)


class Maximum(ElementwiseMerge):
    """The greatest of all inputs."""

    two = staticmethod(ops.maximum)


class Minimum(ElementwiseMerge):
    """The least of all inputs."""

    two = staticmethod(ops.minimum)


class Concatenate(MergingLayer):
    """All inputs behind one another.

    Parameters
    ----------
    axis : int
        Along which they may differ in size.
    **kwargs
        See `Layer`.
    """

    def __init__(self, axis: int = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = checks.integer("axis", axis)

    def compute_output_shape(self, input_shape: Any) -> Shape:
        shapes = self._list_of_shapes(input_shape)
        rank = len(shapes[0])
        if not -rank <= self.axis < rank:
            raise ValueError(
                f"Argument `axis` of layer {self.name!r} is {self.axis}, but inputs have the shapes {shapes}"
            )
        axis = self.axis % rank
        others = {len(s) == rank and s[:axis] + s[axis + 1 :] for s in shapes}
        if len(others) > 1 and not _may_be_the_same(list(others)):
            raise ValueError(
                "A `Concatenate` layer requires inputs with matching shapes except for the concatenation axis. "
                f"Received: input_shape={input_shape}"
            )
        along = [shape[axis] for shape in shapes]
        return (*shapes[0][:axis], None if None in along else sum(along), *shapes[0][axis + 1 :])

    def call(self, inputs: Sequence[Tensor]) -> Tensor:
        return ops.concatenate(list(inputs), axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _may_be_the_same(shapes: list[Any]) -> bool:
    """Whether shapes differ in sizes alone that are not known."""
    if False in shapes:
        return False
    return all(len({size for size in sizes if size is not None}) <= 1 for sizes in zip(*shapes, strict=True))


# ---- as functions ----------------------------------------------------------------------------------------------


def add(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return what an `Add` layer with these arguments makes of the inputs."""
    return Add(**kwargs)(inputs)


def subtract(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return what a `Subtract` layer with these arguments makes of the inputs."""
    return Subtract(**kwargs)(inputs)


def multiply(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return what a `Multiply` layer with these arguments makes of the inputs."""
    return Multiply(**kwargs)(inputs)


def average(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return what an `Average` layer with these arguments makes of the inputs."""
    return Average(**kwargs)(inputs)


def maximum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return what a `Maximum` layer with these arguments makes of the inputs."""
    return Maximum(**kwargs)(inputs)


def minimum(inputs: Sequence[Any], **kwargs: Any) -> Any:
    """Return what a `Minimum` layer with these arguments makes of the inputs."""
    return Minimum(**kwargs)(inputs)


def concatenate(inputs: Sequence[Any], axis: int = -1, **kwargs: Any) -> Any:
    """Return what a `Concatenate` layer with these arguments makes of the inputs."""
    return Concatenate(axis=axis, **kwargs)(inputs)
