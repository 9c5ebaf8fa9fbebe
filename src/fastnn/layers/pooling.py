"""Layers that make one vector of a sequence of them."""

from __future__ import annotations

from typing import Any

from .. import ops
from ..tensor import Tensor
from ..utils import checks
from .arguments import place_of_channels
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["GlobalAveragePooling1D", "GlobalMaxPooling1D"]


class _GlobalPooling1D(Layer):
    """The base of layers that pool the steps of samples ``(steps, features)``.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With ``"channels_first"`` samples are ``(features, steps)``. Default: ``"channels_last"``.
    keepdims : bool
        Whether the axis of the steps stays, with size 1.
    **kwargs
        See `Layer`.
    """

    def __init__(self, data_format: str | None = None, keepdims: bool = False, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.data_format = place_of_channels(data_format)
        self.keepdims = checks.boolean("keepdims", keepdims)
        self.input_spec = InputSpec(ndim=3)
        self._needs_no_build()

    @property
    def _steps(self) -> int:
        return 1 if self.data_format == "channels_last" else 2

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        before, behind = input_shape[: self._steps], input_shape[self._steps + 1 :]
        return (*before, *((1,) if self.keepdims else ()), *behind)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "data_format": self.data_format, "keepdims": self.keepdims}


class GlobalAveragePooling1D(_GlobalPooling1D):
    """The mean of each feature over all steps.

    Parameters
    ----------
    data_format : {"channels_last", "channels_first"}, optional
        With ``"channels_first"`` samples are ``(features, steps)``. Default: ``"channels_last"``.
    keepdims : bool
        Whether the axis of the steps stays, with size 1.
    **kwargs
        See `Layer`.
    """

    def call(self, inputs: Tensor) -> Tensor:
        return ops.mean(ops.cast(inputs, self.compute_dtype), axis=self._steps, keepdims=self.keepdims)


class GlobalMaxPooling1D(_GlobalPooling1D):
    """The greatest value of each feature at any step.

    Parameters
    ----------
    data_format, keepdims
        As for `GlobalAveragePooling1D`.
    **kwargs
        See `Layer`.
    """

    def call(self, inputs: Tensor) -> Tensor:
        return ops.max(ops.cast(inputs, self.compute_dtype), axis=self._steps, keepdims=self.keepdims)
