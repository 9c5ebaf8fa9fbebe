"""Normalisation of hidden layers: the arrays that an estimator keeps of it, and the layer that is made of them."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from ..layers import BatchNormalization, Layer, LayerNormalization

__all__ = ["KINDS", "NAMES", "Values", "arrays_of", "check_values", "first_values", "kinds_of", "make_layer"]

#: What the parameter ``normalization`` may say of a layer, beside None.
KINDS = ("batch", "layer")

#: What a layer is normalized by, in the order of its weights; the last two of batches only.
NAMES = ("gamma", "beta", "moving_mean", "moving_variance")

#: Of a hidden layer the arrays by these names; None: it is not normalized.
Values = dict[str, np.ndarray] | None


def first_values(kind: str | None, units: int, dtype: np.dtype) -> Values:
    """Return what training begins with."""
    if kind is None:
        return None
    values = {"gamma": np.ones(units, dtype), "beta": np.zeros(units, dtype)}
    if kind == "batch":
        values |= {"moving_mean": np.zeros(units, dtype), "moving_variance": np.ones(units, dtype)}
    return values


def kinds_of(normalization: Sequence[Values]) -> list[str | None]:
    """Return how hidden layers are normalized, by their arrays."""
    return [None if values is None else "batch" if "moving_mean" in values else "layer" for values in normalization]


def arrays_of(layer: Layer) -> Values:
    """Return the memory of a layer's weights."""
    return {variable.name: variable.array for variable in layer.variables}


def check_values(normalization: Sequence[Values], units: Sequence[int]) -> None:
    """Raise ValueError unless arrays, which may have been put there by hand, fit hidden layers of these sizes."""
    sizes = [None if values is None else {np.shape(value) for value in values.values()} for values in normalization]
    if len(sizes) != len(units) or any(size not in (None, {(n,)}) for size, n in zip(sizes, units, strict=False)):
        raise ValueError(
            f"normalization_ must hold None, or arrays of its size, for each of the hidden layers of {list(units)} "
            f"units, got arrays of the shapes {sizes}"
        )


def make_layer(values: Values, units: int, dtype: np.dtype, name: str) -> Layer | None:
    """Return the built layer whose first weights are these, copied."""
    if values is None:
        return None
    cls = {"batch": BatchNormalization, "layer": LayerNormalization}[kinds_of([values])[0]]
    first = {f"{each}_initializer": np.asarray(value, dtype) for each, value in values.items()}
    layer = cls(**first, dtype=dtype, name=name)
    layer.build((None, units))
    return layer
