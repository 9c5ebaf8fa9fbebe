"""The base class of losses, how losses of samples are weighted and reduced, and Keras' rules for ranks."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

import numpy as np

from .. import ops
from ..dtypes import is_float, standardize_dtype
from ..tensor import Tensor
from ..utils import checks
from ..utils.configurable import Configurable
from ..utils.lookup import unknown_name
from ..utils.naming import auto_name

__all__ = [
    "REDUCTIONS",
    "Loss",
    "LossFunctionWrapper",
    "ParametricLoss",
    "check_weights",
    "reduce_weighted_values",
    "squeeze_or_expand_to_same_rank",
]

REDUCTIONS = ("sum_over_batch_size", "sum", "mean", "mean_with_sample_weight", "none")


class Loss(Configurable):
    """The base class of losses: subclasses override `call`.

    Parameters
    ----------
    name : str, optional
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        ``"sum_over_batch_size"`` and ``"mean"`` divide the sum of the weighted losses by their number,
        ``"mean_with_sample_weight"`` by the sum of the weights; ``"none"`` and None keep one loss a sample.
    dtype : {"float32", "float64"}, optional
        What is computed in. Default: the dtype of ``y_pred`` (floatx if that is not a float dtype).
    """

    #: Whether ``y_true`` holds class numbers, which are not turned into floats.
    takes_class_numbers = False

    def __init__(
        self, name: str | None = None, reduction: str | None = "sum_over_batch_size", dtype: Any = None
    ) -> None:
        if reduction is not None and reduction not in REDUCTIONS:
            raise unknown_name("reduction", str(reduction), REDUCTIONS)
        self.name = name or auto_name(type(self).__name__)
        self.reduction = reduction
        self._dtype = None if dtype is None else checks.float_dtype(dtype)

    @property
    def dtype(self) -> np.dtype | None:
        """The dtype that was asked for, or None: that of ``y_pred``."""
        return self._dtype

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Tensor:
        """Return the reduced loss.

        Parameters
        ----------
        y_true, y_pred : array_like
            Targets and predictions of a batch, samples along the first axis.
        sample_weight : array_like, optional
            Weights that broadcast to one loss a sample; shape (batch,) or (batch, 1) as a rule.

        Returns
        -------
        Tensor
            A scalar, or one loss a sample where ``reduction`` is None.
        """
        y_pred = ops.convert_to_tensor(y_pred)
        dtype = self._dtype or (y_pred.dtype if is_float(y_pred.dtype) else standardize_dtype())
        y_pred = ops.convert_to_tensor(y_pred, dtype)
        y_true = ops.convert_to_tensor(y_true, None if self.takes_class_numbers else dtype)
        values = self.call(y_true, y_pred)
        return reduce_weighted_values(values, sample_weight, self.reduction, self.which_count(y_true))

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        """Return one loss a sample."""
        raise NotImplementedError(f"{type(self).__name__} must override call(self, y_true, y_pred)")

    def which_count(self, y_true: Tensor) -> Tensor | None:
        """Return whether each of the losses counts in a sum or a mean; None where all do."""
        return None

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "reduction": self.reduction}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


class LossFunctionWrapper(Loss):
    """A loss made of a function of ``(y_true, y_pred, **kwargs)`` that returns one loss a sample.

    Parameters
    ----------
    fn : callable
    reduction, name, dtype
        As in `Loss`.
    **kwargs
        Passed on to the function.
    """

    def __init__(
        self,
        fn: Callable[..., Tensor],
        reduction: str | None = "sum_over_batch_size",
        name: str | None = None,
        dtype: Any = None,
        **kwargs: Any,
    ) -> None:
        super().__init__(name=name, reduction=reduction, dtype=dtype)
        self.fn = fn
        self._fn_kwargs = kwargs
        self.takes_class_numbers = getattr(fn, "takes_class_numbers", False)

    def call(self, y_true: Tensor, y_pred: Tensor) -> Tensor:
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        return self.fn(y_true, y_pred, **self._fn_kwargs)

    def which_count(self, y_true: Tensor) -> Tensor | None:
        function = getattr(self.fn, "which_count", None)
        return function and function(y_true, **self._fn_kwargs)

    def get_config(self) -> dict[str, Any]:
        from . import serialize

        return {**super().get_config(), "fn": serialize(self.fn), **self._fn_kwargs}

    @classmethod
    def from_config(cls, config: dict[str, Any]) -> LossFunctionWrapper:
        from . import deserialize

        if "fn" in config:
            config = {**config, "fn": deserialize(config["fn"])}
        return cls(**config)


class ParametricLoss(LossFunctionWrapper):
    """A loss made of the class attribute ``function``, whose parameters are attributes of the loss, too."""

    function: ClassVar[Callable[..., Any]]

    def __init__(self, reduction: str | None, name: str | None, dtype: Any, **parameters: Any) -> None:
        super().__init__(type(self).function, reduction=reduction, name=name, dtype=dtype, **parameters)
        vars(self).update(parameters)

    def get_config(self) -> dict[str, Any]:
        return {**Loss.get_config(self), **self._fn_kwargs}


def squeeze_or_expand_to_same_rank(x1: Tensor, x2: Tensor, expand_rank_1: bool = True) -> tuple[Tensor, Tensor]:
    """Bring two tensors whose ranks differ by one, the longer ending in an axis of size 1, to the same rank.

    The shorter one gets a last axis of size 1 if it has rank 1 (and ``expand_rank_1``); else the longer one loses
    its. Other tensors come back as they are.
    """
    rank1, rank2 = len(x1.shape), len(x2.shape)
    if rank2 == rank1 + 1:
        x2, x1 = squeeze_or_expand_to_same_rank(x2, x1, expand_rank_1)
    elif rank1 == rank2 + 1 and x1.shape[-1] == 1:
        if rank2 == 1 and expand_rank_1:
            x2 = ops.expand_dims(x2, axis=-1)
        else:
            x1 = ops.squeeze(x1, axis=-1)
    return x1, x2


def reduce_weighted_values(
    values: Tensor, sample_weight: Any, reduction: str | None, counts: Tensor | None = None
) -> Tensor:
    """Return the losses of samples, weighted and reduced (see `Loss`); ``counts`` tells which of them count."""
    weights = None
    if sample_weight is not None:
        weights = ops.convert_to_tensor(sample_weight, values.dtype)
        values, weights = squeeze_or_expand_to_same_rank(values, weights)
        check_weights(values, weights)
        values = values * weights
    if counts is not None:
        counts = ops.reshape(ops.cast(counts, values.dtype), values.shape)
        values, weights = values * counts, counts if weights is None else weights * counts
    if reduction in (None, "none") or values.shape in ((), (0,)):
        return values
    if reduction == "sum":
        return ops.sum(values)
    if reduction == "mean_with_sample_weight" and weights is not None:
        return ops.divide_no_nan(ops.sum(values), ops.sum(weights))
    return ops.mean(values) if counts is None else ops.divide_no_nan(ops.sum(values), ops.sum(counts))


def check_weights(values: Tensor, weights: Tensor) -> None:
    """Raise ValueError where weights do not broadcast to the losses of samples."""
    try:
        np.broadcast_shapes(values.shape, weights.shape)
    except ValueError as error:
        raise ValueError(
            f"Argument `sample_weight` of shape {tuple(weights.shape)} does not broadcast to one value a sample, of "
            f"shape {tuple(values.shape)}."
        ) from error
