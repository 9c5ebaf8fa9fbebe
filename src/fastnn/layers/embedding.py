"""Embedding: a vector for each of some numbers."""

from __future__ import annotations

import math
from typing import Any

import numpy as np

from .. import constraints, initializers, ops, regularizers
from ..dtypes import is_integer
from ..tensor import Tensor
from ..utils import checks
from .layer import Layer

__all__ = ["Embedding"]


class Embedding(Layer):
    """Replace each number, of a category or a word, by a vector that is learnt.

    A number outside of ``0 … input_dim - 1`` gives NaN (as in Keras on JAX, but for negative ones), so that nothing is
    learnt from it: `fit` ends with an error.

    Parameters
    ----------
    input_dim : int
        How many numbers there are.
    output_dim : int
        Size of the vectors.
    embeddings_initializer : str, object or callable
    embeddings_regularizer : str, object or callable, optional
        Penalty added to the loss.
    embeddings_constraint : str, object or callable, optional
        Applied after each update.
    mask_zero : bool
        Refused unless False: there are no masks here.
    weights : array_like, shape (input_dim, output_dim), optional
        The vectors to begin with.
    **kwargs
        See `Layer`.

    Attributes
    ----------
    embeddings : Variable, shape (input_dim, output_dim)
    """

    def __init__(
        self,
        input_dim: int,
        output_dim: int,
        embeddings_initializer: Any = "uniform",
        embeddings_regularizer: Any = None,
        embeddings_constraint: Any = None,
        mask_zero: bool = False,
        weights: Any = None,
        **kwargs: Any,
    ) -> None:
        if mask_zero:
            raise ValueError("Argument `mask_zero` of Embedding is not supported.")
        super().__init__(**kwargs)
        self.input_dim = checks.integer("input_dim", input_dim, minimum=1)
        self.output_dim = checks.integer("output_dim", output_dim, minimum=1)
        self.embeddings_initializer = initializers.get(embeddings_initializer)
        self.embeddings_regularizer = regularizers.get(embeddings_regularizer)
        self.embeddings_constraint = constraints.get(embeddings_constraint)
        self._given = None if weights is None else _of_shape(weights, (self.input_dim, self.output_dim))

    def build(self, input_shape: tuple[int | None, ...] | None = None) -> None:
        self.embeddings = self.add_weight(
            (self.input_dim, self.output_dim),
            self.embeddings_initializer,
            regularizer=self.embeddings_regularizer,
            constraint=self.embeddings_constraint,
            name="embeddings",
        )
        if self._given is not None:
            self.embeddings.assign(self._given)

    def call(self, inputs: Tensor) -> Tensor:
        numbers = inputs if is_integer(inputs.dtype) else ops.cast(inputs, "int32")
        there = ops.logical_and(numbers >= 0, numbers < self.input_dim)
        vectors = ops.take(self.embeddings, ops.where(there, numbers, 0), axis=0)
        return ops.where(ops.expand_dims(there, -1), vectors, math.nan)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return (*input_shape, self.output_dim)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "input_dim": self.input_dim,
            "output_dim": self.output_dim,
            "embeddings_initializer": initializers.serialize(self.embeddings_initializer),
            "embeddings_regularizer": regularizers.serialize(self.embeddings_regularizer),
            "embeddings_constraint": constraints.serialize(self.embeddings_constraint),
            "mask_zero": False,
        }


def _of_shape(weights: Any, shape: tuple[int, int]) -> np.ndarray:
    (array,) = weights if isinstance(weights, (list, tuple)) and len(weights) == 1 else (weights,)
    array = np.asarray(array)
    if array.shape != shape or array.dtype.kind not in "biuf":
        raise ValueError(
            f"Argument `weights` must hold numbers, in shape {shape}. Received: shape {array.shape}, {array.dtype}"
        )
    return array
