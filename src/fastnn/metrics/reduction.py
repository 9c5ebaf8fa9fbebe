"""Metrics that sum or average one value a sample."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .. import ops
from ..losses import REGISTRY as LOSSES
from ..losses import Loss
from ..losses.base import check_weights, squeeze_or_expand_to_same_rank
from ..tensor import Tensor
from .base import Metric

__all__ = ["Mean", "MeanMetricWrapper", "Sum"]


class Sum(Metric):
    """The weighted sum of values.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    """

    def __init__(self, name: str | None = "sum", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), name="total")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values; ``sample_weight`` broadcasts to them."""
        values, _ = _one_a_sample(values, sample_weight, ops.sum, self.dtype)
        self.total.assign_add(_total(values))

    def result(self) -> Tensor:
        return self.total.value


class Mean(Metric):
    """The weighted mean of values.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    """

    def __init__(self, name: str | None = "mean", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)
        self.total = self.add_variable((), name="total")
        self.count = self.add_variable((), name="count")

    def update_state(self, values: Any, sample_weight: Any = None) -> None:
        """Add values; ``sample_weight`` broadcasts to them. Values of one sample count as their mean."""
        weight = 1.0
        values = ops.convert_to_tensor(values)
        if isinstance(sample_weight, (int, float)) and not values.shape:
            weight, sample_weight = float(sample_weight), None
        values, weights = _one_a_sample(values, sample_weight, ops.mean, self.dtype)
        if weights is None:
            ops.accumulate(self.total, self.count, values, weight)
        else:
            self.total.assign_add(_total(values))
            self.count.assign_add(_total(weights))

    def result(self) -> Tensor:
        """Return the mean, 0 before the first value."""
        return ops.divide_no_nan(self.total.value, self.count.value)


class MeanMetricWrapper(Mean):
    """The weighted mean of a function of ``(y_true, y_pred, **kwargs)``.

    Parameters
    ----------
    fn : callable
        Returns one value a sample.
    name : str, optional
    dtype : str, optional
        Default: floatx.
    **kwargs
        Passed on to the function.
    """

    def __init__(self, fn: Callable[..., Tensor], name: str | None = None, dtype: Any = None, **kwargs: Any) -> None:
        of_function = getattr(fn, "__name__", "").strip("<>")  # <lambda> is called lambda, as in Keras
        super().__init__(name=name or of_function or None, dtype=dtype)
        self._fn = fn
        self._fn_kwargs = kwargs
        if self._direction is None and fn in LOSSES.functions:
            self._direction = "down"

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        values = self._fn(y_true, y_pred, **self._fn_kwargs)
        # what a Loss gives is a mean of those that count already
        which_count = None if isinstance(self._fn, Loss) else getattr(self._fn, "which_count", None)
        counts = which_count and which_count(y_true, **self._fn_kwargs)
        if counts is not None:
            sample_weight = _of_those_that_count(counts, values.shape, sample_weight, self.dtype)
        super().update_state(values, sample_weight)

    def get_config(self) -> dict[str, Any]:
        from ..losses import serialize

        return {**super().get_config(), "fn": serialize(self._fn), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> MeanMetricWrapper:
        from . import find_function

        if "fn" in config:
            config = {**config, "fn": find_function(config["fn"])}
        return cls(**config)


def _total(values: Tensor) -> Tensor:
    return ops.sum(values) if values.shape else values


def _of_those_that_count(counts: Tensor, shape: tuple[int, ...], sample_weight: Any, dtype: Any) -> Tensor:
    """Return one weight a value: 0 for those that do not count."""
    counts = ops.reshape(ops.cast(counts, dtype), shape)
    if sample_weight is None:
        return counts
    counts, weights = squeeze_or_expand_to_same_rank(counts, ops.convert_to_tensor(sample_weight, dtype))
    weights = ops.reshape(weights, (*weights.shape, *(1,) * (len(counts.shape) - len(weights.shape))))
    check_weights(counts, weights)
    return counts * weights


def _one_a_sample(
    values: Any, sample_weight: Any, reduce: Callable[..., Tensor], dtype: Any
) -> tuple[Tensor, Tensor | None]:
    """Return values and weights, reduced to one each a sample, by Keras' rules."""
    values = ops.convert_to_tensor(values, dtype)
    weights = None
    if sample_weight is not None:
        weights = ops.convert_to_tensor(sample_weight, dtype)
        values, weights = squeeze_or_expand_to_same_rank(values, weights)
        rank = len(weights.shape)
        if len(values.shape) > rank:
            values = reduce(values, axis=tuple(range(rank, len(values.shape))))
        check_weights(values, weights)
        weights = ops.broadcast_to(weights, values.shape)
        values = values * weights
        if rank > 1:
            weights = reduce(weights, axis=tuple(range(1, rank)))
    if len(values.shape) > 1:
        values = reduce(values, axis=tuple(range(1, len(values.shape))))
    return values, weights
