"""Input: what data a model will get."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import ops
from ..dtypes import standardize_dtype
from ..tensor import Tensor
from ..utils import checks
from .arguments import sizes
from .input_spec import InputSpec
from .keras_tensor import KerasTensor, described_outputs
from .layer import Layer

__all__ = ["Input", "InputLayer"]


class InputLayer(Layer):
    """The entry of a model: it says what shape data have, and brings them to their dtype.

    Parameters
    ----------
    shape : sequence of (int or None), optional
        Of one sample. Either this or ``batch_shape`` must be given.
    batch_size : int, optional
        With ``shape``: the size of batches, if it is fixed.
    dtype : str, optional
        Of the data. Default: floatx.
    sparse, ragged : bool, optional
        Refused unless they are false: data are dense here.
    batch_shape : sequence of (int or None), optional
        With the batch axis.
    input_tensor : optional
        Refused, as is ``optional``: layers are called on tensors, and every input is needed.
    optional : bool
    name : str, optional
    **kwargs
        See `Layer`. Keras' older names ``input_shape`` and ``batch_input_shape`` come before ``shape`` and
        ``batch_shape``.

    Attributes
    ----------
    batch_shape : tuple of (int or None)
    """

    def __init__(
        self,
        shape: Sequence[int | None] | None = None,
        batch_size: int | None = None,
        dtype: Any = None,
        sparse: bool | None = None,
        ragged: bool | None = None,
        batch_shape: Sequence[int | None] | None = None,
        input_tensor: Any = None,
        optional: bool = False,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        refused = {"sparse": sparse, "ragged": ragged, "input_tensor": input_tensor, "optional": optional}
        for argument, value in refused.items():
            if value is not None and value is not False:
                raise ValueError(f"Argument `{argument}` of Input is not supported.")
        shape, batch_shape = kwargs.pop("input_shape", shape), kwargs.pop("batch_input_shape", batch_shape)
        super().__init__(name=name, **kwargs)
        self.batch_shape = _batch_shape(shape, batch_size, batch_shape)
        self._dtype = standardize_dtype(dtype)
        self.input_spec = InputSpec(shape=self.batch_shape)
        self._needs_no_build()

    @property
    def output(self) -> KerasTensor:
        """What `Input` returns: the layer does not hold it, so that they are no circle."""
        held = (tensor for tensor in described_outputs(self) if not tensor.args and tensor.shape == self.batch_shape)
        return next(held, None) or KerasTensor(self.batch_shape, self._dtype, self)

    @property
    def declared_input_shape(self) -> tuple[int | None, ...]:
        """The shape of one sample."""
        return self.batch_shape[1:]

    def call(self, inputs: Tensor) -> Tensor:
        return ops.cast(inputs, self._dtype)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            "batch_shape": self.batch_shape,
            "dtype": str(self._dtype),
            "sparse": False,
            "ragged": False,
            "name": self.name,
            "optional": False,
        }


def Input(
    shape: Sequence[int | None] | None = None,
    batch_size: int | None = None,
    dtype: Any = None,
    sparse: bool | None = None,
    ragged: bool | None = None,
    batch_shape: Sequence[int | None] | None = None,
    name: str | None = None,
    tensor: Any = None,
    optional: bool = False,
) -> KerasTensor:
    """Describe the data that a model will get.

    Parameters
    ----------
    shape, batch_size, dtype, sparse, ragged, batch_shape, name, tensor, optional
        See `InputLayer`, whose ``input_tensor`` is ``tensor`` here.

    Returns
    -------
    KerasTensor
        To stand at the beginning of a Sequential model, or to call layers on.

    Examples
    --------
    >>> Input(shape=(784,)).shape
    (None, 784)
    """
    if tensor is not None:
        raise ValueError("Argument `tensor` of Input is not supported.")
    return InputLayer(shape, batch_size, dtype, sparse, ragged, batch_shape, None, optional, name).output


def _batch_shape(shape: Any, batch_size: int | None, batch_shape: Any) -> tuple[int | None, ...]:
    if (shape is None) == (batch_shape is None):
        raise ValueError(
            f"Give either `shape` or `batch_shape`. Received: shape={shape!r}, batch_shape={batch_shape!r}"
        )
    if batch_shape is not None and batch_size is not None:
        raise ValueError("Give `batch_size` with `shape`, not with `batch_shape`.")
    if batch_shape is not None:
        return sizes("batch_shape", batch_shape)
    return (checks.optional_integer("batch_size", batch_size, minimum=1), *sizes("shape", shape))
