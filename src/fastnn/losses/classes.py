"""The losses as classes: a loss function with its parameters, a name and a reduction (Keras' names and defaults)."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from ..utils import checks
from . import functions
from .base import Loss, LossFunctionWrapper, ParametricLoss
from .parameters import crossentropy_parameters

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalGeneralizedCrossEntropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "Huber",
    "KLDivergence",
    "LogCosh",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class _PlainLoss(LossFunctionWrapper):
    """A loss whose function has no parameters.

    Parameters
    ----------
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        See `Loss`.
    name : str, optional
        Default: the name of the loss's function.
    dtype : {"float32", "float64"}, optional
        See `Loss`.
    """

    function: ClassVar[Callable[..., Any]]

    def __init__(
        self, reduction: str | None = "sum_over_batch_size", name: str | None = None, dtype: Any = None
    ) -> None:
        function = type(self).function
        super().__init__(function, reduction=reduction, name=name or function.__name__, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        return Loss.get_config(self)


class MeanSquaredError(_PlainLoss):
    """Mean of ``(y_true - y_pred)²``."""

    function = functions.mean_squared_error


class MeanAbsoluteError(_PlainLoss):
    """Mean of ``|y_true - y_pred|``."""

    function = functions.mean_absolute_error


class MeanAbsolutePercentageError(_PlainLoss):
    """Mean of ``100 * |y_true - y_pred| / |y_true|``."""

    function = functions.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(_PlainLoss):
    """Mean of ``(log(y_true + 1) - log(y_pred + 1))²``."""

    function = functions.mean_squared_logarithmic_error


class LogCosh(_PlainLoss):
    """Mean of ``log(cosh(y_pred - y_true))``."""

    function = functions.log_cosh


class Hinge(_PlainLoss):
    """Mean of ``max(1 - y_true * y_pred, 0)``; targets -1 and 1, or 0 and 1."""

    function = functions.hinge


class SquaredHinge(_PlainLoss):
    """Mean of ``max(1 - y_true * y_pred, 0)²``; targets -1 and 1, or 0 and 1."""

    function = functions.squared_hinge


class CategoricalHinge(_PlainLoss):
    """``max(1 + max((1 - y_true) * y_pred) - sum(y_true * y_pred), 0)``; one-hot targets."""

    function = functions.categorical_hinge


class KLDivergence(_PlainLoss):
    """Kullback-Leibler divergence ``sum(y_true * log(y_true / y_pred))``."""

    function = functions.kl_divergence


class Poisson(_PlainLoss):
    """Mean of ``y_pred - y_true * log(y_pred)``."""

    function = functions.poisson


class Huber(ParametricLoss):
    """Quadratic for errors up to delta, linear beyond (Huber, 1964).

    Parameters
    ----------
    delta : float
        Where the quadratic part ends.
    reduction, name, dtype
        See `Loss`.
    """

    function = functions.huber

    def __init__(
        self,
        delta: float = 1.0,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "huber_loss",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, delta=checks.real("delta", delta, minimum=0.0))


class CosineSimilarity(ParametricLoss):
    """Negative cosine of the angle between targets and predictions.

    Parameters
    ----------
    axis : int
        The axis along which the vectors lie.
    reduction, name, dtype
        See `Loss`.
    """

    function = functions.cosine_similarity

    def __init__(
        self,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "cosine_similarity",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, axis=checks.integer("axis", axis))


class BinaryCrossentropy(ParametricLoss):
    """Cross-entropy of independent yes/no targets.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    label_smoothing : float
        0 … 1: draw targets towards 1/2.
    axis : int
        Axis of the mean.
    reduction, name, dtype
        See `Loss`.
    """

    function = functions.binary_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "binary_crossentropy",
        dtype: Any = None,
    ) -> None:
        parameters = crossentropy_parameters(from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)
        super().__init__(reduction, name, dtype, **parameters)


class CategoricalCrossentropy(ParametricLoss):
    """Cross-entropy of target distributions (one-hot rows, say) over more than two classes.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    label_smoothing : float
        0 … 1: draw targets towards the uniform distribution.
    axis : int
        Axis of the classes.
    reduction, name, dtype
        See `Loss`.
    """

    function = functions.categorical_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        parameters = crossentropy_parameters(from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)
        super().__init__(reduction, name, dtype, **parameters)


class SparseCategoricalCrossentropy(ParametricLoss):
    """Cross-entropy of targets given as class numbers 0 … classes - 1.

    Parameters
    ----------
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    ignore_class : int, optional
        The class, or a number that is none, of samples that do not count: means are of the others.
    reduction : {"sum_over_batch_size", "mean", "sum", "mean_with_sample_weight", "none", None}
        See `Loss`.
    axis : int
        Axis of the classes.
    name, dtype
        See `Loss`.
    """

    function = functions.sparse_categorical_crossentropy

    def __init__(
        self,
        from_logits: bool = False,
        ignore_class: int | None = None,
        reduction: str | None = "sum_over_batch_size",
        axis: int = -1,
        name: str | None = "sparse_categorical_crossentropy",
        dtype: Any = None,
    ) -> None:
        parameters = crossentropy_parameters(from_logits=from_logits, ignore_class=ignore_class, axis=axis)
        super().__init__(reduction, name, dtype, **parameters)


class CategoricalGeneralizedCrossEntropy(ParametricLoss):
    """``(1 - p ** q) / q`` of the class's probability p, made for wrong labels (Zhang and Sabuncu, 2018).

    Parameters
    ----------
    q : float
        Between 0 and 1: near 0 this is cross-entropy, near 1 the absolute error.
    reduction, name, dtype
        See `Loss`.
    """

    function = functions.categorical_generalized_cross_entropy

    def __init__(
        self,
        q: float = 0.5,
        reduction: str | None = "sum_over_batch_size",
        name: str | None = "categorical_generalized_cross_entropy",
        dtype: Any = None,
    ) -> None:
        super().__init__(reduction, name, dtype, **crossentropy_parameters(q=q))
