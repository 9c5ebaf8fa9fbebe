"""Layers that learn from data before training: Normalization."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

import numpy as np

from .. import config, ops
from ..shapes import normalize_axes
from ..tensor import Tensor
from ..utils import checks
from .arguments import one_or_more_axes
from .layer import Layer

__all__ = ["Normalization"]


class Normalization(Layer):
    """Bring features to mean 0 and variance 1, which are those of data that `adapt` has seen, or given.

    Parameters
    ----------
    axis : int or sequence of int, optional
        Of the features, each of which has a mean of its own; None: one for all values.
    mean, variance : float or array_like, optional
        In place of `adapt`; of the sizes of the features, or one for all.
    invert : bool
        Whether to go back: multiply by the standard deviation and add the mean.
    **kwargs
        See `Layer`.

    Attributes
    ----------
    adapt_mean, adapt_variance : Variable
        Of the sizes of the features, before `adapt` 0 and 1. Optimizers do not change them.
    count : Variable
        How many values of a feature `adapt` has seen.

    Examples
    --------
    >>> import numpy as np
    >>> layer = Normalization()
    >>> layer.adapt(np.array([[1.0], [3.0]]))
    >>> layer(np.array([[5.0]], "float32")).numpy()
    array([[3.]], dtype=float32)
    """

    def __init__(
        self,
        axis: int | Sequence[int] | None = -1,
        mean: Any = None,
        variance: Any = None,
        invert: bool = False,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        axes = () if axis is None else one_or_more_axes(axis)
        self.axis = (axes,) if isinstance(axes, int) else tuple(axes)
        if (mean is None) != (variance is None):
            raise ValueError(f"Give both `mean` and `variance`, or none. Received: mean={mean}, variance={variance}")
        self.input_mean = None if mean is None else _numbers("mean", mean)
        self.input_variance = None if variance is None else _numbers("variance", variance)
        if mean is not None and self.input_mean.shape != self.input_variance.shape:
            raise ValueError(
                "Arguments `mean` and `variance` must have the same shape. Received: "
                f"{self.input_mean.shape} and {self.input_variance.shape}"
            )
        if mean is not None and self.input_mean.ndim > len(self.axis):
            raise ValueError(
                f"Argument `mean` must have no more axes than `axis` names. Received: shape {self.input_mean.shape}, "
                f"axis={self.axis}"
            )
        self.invert = checks.boolean("invert", invert)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        sizes = self._sizes(input_shape)
        if self.input_mean is not None:
            np.broadcast_to(self.input_mean, sizes)
            return
        self.adapt_mean = self.add_weight(sizes, "zeros", trainable=False, name="mean")
        self.adapt_variance = self.add_weight(sizes, "ones", trainable=False, name="variance")
        self.count = self.add_weight((), "zeros", dtype="int64", trainable=False, name="count")

    def _sizes(self, input_shape: Sequence[int | None]) -> tuple[int, ...]:
        """Return the sizes of the features, which must be known."""
        sizes = tuple(input_shape[axis] for axis in normalize_axes(self.axis, len(input_shape)))
        if None in sizes:
            raise ValueError(
                f'Layer "{self.name}" needs known sizes along axis={self.axis}. Received: shape {tuple(input_shape)}'
            )
        return sizes

    def adapt(self, data: Any) -> None:
        """Take mean and variance of data, in place of what was taken before.

        Parameters
        ----------
        data : array_like, or iterable of batches
            What the layer will be called on. Of batches that are tuples the first element counts.

        Raises
        ------
        ValueError
            If ``mean`` was given, there are no data, or they are not finite or of another shape than before.
        """
        if self.input_mean is not None:
            raise ValueError(f'Layer "{self.name}" was given `mean` and `variance`: it cannot be adapted.')
        count, mean, total = 0, np.zeros(()), np.zeros(())
        for batch in _batches(data):
            if not self.built:
                self.build((None, *batch.shape[1:]))
            n, here, spread = self._moments(batch)
            apart, count = here - mean, count + n  # two parts become one (Chan, Golub and LeVeque, 1979)
            mean = mean + apart * (n / count)
            total = total + spread + apart**2 * (n * (count - n) / count)
        if not count:
            raise ValueError("adapt() needs data. Received: none")
        self.adapt_mean.assign(mean)
        self.adapt_variance.assign(total / count)
        self.count.assign(count)

    def _moments(self, batch: np.ndarray) -> tuple[int, np.ndarray, np.ndarray]:
        """Return how many values each feature has, their mean, and the sum of their squares around it."""
        if batch.shape[1:] and self._sizes(batch.shape) != self.adapt_mean.shape:
            raise ValueError(
                f'Layer "{self.name}" is built for features {self.adapt_mean.shape}. Received: data of shape '
                f"{batch.shape}"
            )
        kept = normalize_axes(self.axis, batch.ndim)
        others = tuple(axis for axis in range(batch.ndim) if axis not in kept)
        values = batch.astype(np.float64)
        mean = values.mean(axis=others, keepdims=True)
        if not np.isfinite(mean).all():
            raise ValueError("adapt() needs finite data. Received: NaN or infinity among them")
        spread = np.square(values - mean).sum(axis=others)
        return values.size // max(spread.size, 1), mean.reshape(spread.shape), spread

    def call(self, inputs: Tensor) -> Tensor:
        inputs = ops.cast(inputs, self.compute_dtype)
        mean, variance = (self._beside(moment, inputs.shape) for moment in self._present())
        deviation = ops.maximum(ops.sqrt(variance), config.epsilon())
        return inputs * deviation + mean if self.invert else (inputs - mean) / deviation

    def _present(self) -> tuple[Any, Any]:
        if self.input_mean is None:
            return self.adapt_mean, self.adapt_variance
        return self.input_mean, self.input_variance

    def _beside(self, moment: Any, shape: tuple[int, ...]) -> Tensor:
        """Return a moment of the features in a shape that broadcasts to inputs."""
        kept = normalize_axes(self.axis, len(shape))
        moment = ops.broadcast_to(ops.convert_to_tensor(moment, self.compute_dtype), self._sizes(shape))
        return ops.reshape(moment, tuple(size if axis in kept else 1 for axis, size in enumerate(shape)))

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "invert": self.invert,
            "mean": None if self.input_mean is None else self.input_mean.tolist(),
            "variance": None if self.input_variance is None else self.input_variance.tolist(),
        }


def _numbers(name: str, value: Any) -> np.ndarray:
    array = np.asarray(value)
    if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
        raise ValueError(f"Argument `{name}` must hold finite numbers. Received: {name}={value!r}")
    return array.astype(np.float64)


def _batches(data: Any) -> Iterator[np.ndarray]:
    """Return data as arrays: themselves, or the batches that they yield."""
    whole = hasattr(data, "__array__") or not isinstance(data, Iterable)
    for batch in [data] if whole else data:
        array = np.asarray(batch[0] if isinstance(batch, tuple) else batch)
        if array.dtype.kind not in "biuf" or not array.ndim:
            raise TypeError(
                f"adapt() takes an array of numbers, or batches of them. Received: {type(batch).__name__} of dtype "
                f"{array.dtype}, shape {array.shape}"
            )
        if array.size:
            yield array
