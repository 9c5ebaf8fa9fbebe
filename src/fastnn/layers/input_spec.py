"""What inputs a layer accepts, and the error for others."""

from __future__ import annotations

from typing import Any

from ..dtypes import standardize_dtype

__all__ = ["InputSpec", "check_input"]


class InputSpec:
    """Rank, sizes and dtype that a layer expects of an input, as in Keras.

    Parameters
    ----------
    dtype : str, optional
    shape : tuple of (int or None), optional
        With the batch axis; None is any size.
    ndim, max_ndim, min_ndim : int, optional
        The rank: exactly, at most, at least.
    axes : dict of int to (int or None), optional
        Sizes of single axes.
    """

    def __init__(
        self,
        dtype: Any = None,
        shape: tuple[int | None, ...] | None = None,
        ndim: int | None = None,
        max_ndim: int | None = None,
        min_ndim: int | None = None,
        axes: dict[int, int | None] | None = None,
    ) -> None:
        self.dtype = None if dtype is None else standardize_dtype(dtype)
        self.shape = None if shape is None else tuple(shape)
        self.ndim = ndim if shape is None else len(self.shape)
        self.max_ndim = max_ndim
        self.min_ndim = min_ndim
        self.axes = {int(axis): size for axis, size in (axes or {}).items()}

    def __repr__(self) -> str:
        given = {
            name: value
            for name, value in vars(self).items()
            if value not in (None, {}) and not (name == "ndim" and self.shape is not None)
        }
        return f"InputSpec({', '.join(f'{name}={value}' for name, value in given.items())})"

    def problem(self, shape: tuple[int | None, ...], dtype: Any) -> str | None:
        """Return what is wrong with an input of this shape and dtype, or None."""
        ndim = len(shape)
        if self.ndim is not None and ndim != self.ndim:
            return f"expected ndim={self.ndim}, found ndim={ndim}. Full shape received: {shape}"
        if self.max_ndim is not None and ndim > self.max_ndim:
            return f"expected max_ndim={self.max_ndim}, found ndim={ndim}. Full shape received: {shape}"
        if self.min_ndim is not None and ndim < self.min_ndim:
            return f"expected min_ndim={self.min_ndim}, found ndim={ndim}. Full shape received: {shape}"
        if self.dtype is not None and dtype != self.dtype:
            return f"expected dtype={self.dtype}, found dtype={dtype}"
        for axis, size in self.axes.items():
            if size is not None and shape[axis] not in (size, None):
                return (
                    f"expected axis {axis} of input shape to have value {size}, but received input with shape {shape} "
                    f"(expected shape: {self._expected(ndim)})"
                )
        if self.shape is not None:
            pairs = zip(self.shape, shape, strict=True)
            if any(None not in pair and pair[0] != pair[1] for pair in pairs):
                return f"expected shape={self.shape}, found shape={shape}"
        return None

    def _expected(self, ndim: int) -> tuple[int | None, ...]:
        sizes: list[int | None] = [None] * ndim
        for axis, size in self.axes.items():
            sizes[axis] = size
        return tuple(sizes)


def check_input(spec: Any, inputs: Any, layer_name: str) -> None:
    """Raise ValueError where inputs are not what a spec (or a list of specs, one for each input) asks for."""
    if spec is None:
        return
    specs = list(spec) if isinstance(spec, (list, tuple)) else [spec]
    values = list(inputs) if isinstance(inputs, (list, tuple)) else [inputs]
    if len(values) != len(specs):
        raise ValueError(f'Layer "{layer_name}" expects {len(specs)} input(s), but it received {len(values)}.')
    for i, (value, each) in enumerate(zip(values, specs, strict=True)):
        problem = None if each is None else each.problem(tuple(value.shape), value.dtype)
        if problem:
            raise ValueError(f'Input {i} of layer "{layer_name}" is incompatible with the layer: {problem}')
