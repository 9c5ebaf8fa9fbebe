"""Losses as metrics: the mean over samples of what the loss functions return."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .. import ops
from ..losses import functions
from ..losses.base import squeeze_or_expand_to_same_rank
from ..losses.parameters import crossentropy_parameters
from ..tensor import Tensor
from ..utils import checks
from .base import Metric
from .plain import PlainMetric
from .reduction import Mean, MeanMetricWrapper

__all__ = [
    "BinaryCrossentropy",
    "CategoricalCrossentropy",
    "CategoricalHinge",
    "CosineSimilarity",
    "Hinge",
    "KLDivergence",
    "LogCoshError",
    "MeanAbsoluteError",
    "MeanAbsolutePercentageError",
    "MeanSquaredError",
    "MeanSquaredLogarithmicError",
    "Poisson",
    "RootMeanSquaredError",
    "SparseCategoricalCrossentropy",
    "SquaredHinge",
]


class _Error(PlainMetric):
    """A plain metric that is better when smaller."""

    _direction = "down"


class MeanSquaredError(_Error):
    """Mean of ``(y_true - y_pred)²``."""

    function = functions.mean_squared_error


class MeanAbsoluteError(_Error):
    """Mean of ``|y_true - y_pred|``."""

    function = functions.mean_absolute_error


class MeanAbsolutePercentageError(_Error):
    """Mean of ``100 * |y_true - y_pred| / |y_true|``."""

    function = functions.mean_absolute_percentage_error


class MeanSquaredLogarithmicError(_Error):
    """Mean of ``(log(y_true + 1) - log(y_pred + 1))²``."""

    function = functions.mean_squared_logarithmic_error


class Hinge(_Error):
    """Mean of ``max(1 - y_true * y_pred, 0)``; targets -1 and 1, or 0 and 1.

    Targets of shape (n,) go with predictions (n, 1) one by one, as in the loss; Keras' metric takes each with all.
    """

    function = functions.hinge


class SquaredHinge(_Error):
    """Mean of ``max(1 - y_true * y_pred, 0)²``; targets -1 and 1, or 0 and 1.

    Targets of shape (n,) go with predictions (n, 1) one by one, as in the loss; Keras' metric takes each with all.
    """

    function = functions.squared_hinge


class CategoricalHinge(_Error):
    """Mean of ``max(1 + max((1 - y_true) * y_pred) - sum(y_true * y_pred), 0)``; one-hot targets."""

    function = functions.categorical_hinge


class KLDivergence(_Error):
    """Kullback-Leibler divergence ``sum(y_true * log(y_true / y_pred))``."""

    function = functions.kl_divergence


class Poisson(_Error):
    """Mean of ``y_pred - y_true * log(y_pred)``."""

    function = functions.poisson


class LogCoshError(_Error):
    """Mean of ``log(cosh(y_pred - y_true))``; its default name is ``"logcosh"``."""

    function = functions.log_cosh

    def __init__(self, name: str | None = "logcosh", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)


class CosineSimilarity(MeanMetricWrapper):
    """Mean cosine of the angle between targets and predictions.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    axis : int
        The axis along which the vectors lie.
    """

    _direction = "up"

    def __init__(self, name: str = "cosine_similarity", dtype: Any = None, axis: int = -1) -> None:
        self.axis = checks.integer("axis", axis)
        super().__init__(_cosine, name=name, dtype=dtype, axis=self.axis)

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), "axis": self.axis}


class RootMeanSquaredError(Mean):
    """Square root of the mean over all batches of ``(y_true - y_pred)²``.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    """

    _direction = "down"

    def __init__(self, name: str = "root_mean_squared_error", dtype: Any = None) -> None:
        super().__init__(name=name, dtype=dtype)

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        """Add a batch of targets and predictions."""
        y_true, y_pred = (ops.convert_to_tensor(y, self.dtype) for y in (y_true, y_pred))
        y_true, y_pred = squeeze_or_expand_to_same_rank(y_true, y_pred)
        super().update_state(ops.square(y_pred - y_true), sample_weight)

    def result(self) -> Tensor:
        return ops.sqrt(super().result())


class _Crossentropy(MeanMetricWrapper):
    """The mean of the class attribute ``function``, whose parameters are attributes of the metric, too."""

    _direction = "down"
    function: ClassVar[Callable[..., Any]]

    def __init__(self, name: str, dtype: Any, **parameters: Any) -> None:
        parameters = crossentropy_parameters(**parameters)
        super().__init__(type(self).function, name=name, dtype=dtype, **parameters)
        vars(self).update(parameters)

    def get_config(self) -> dict[str, Any]:
        return {**Metric.get_config(self), **self._fn_kwargs}


class BinaryCrossentropy(_Crossentropy):
    """Mean cross-entropy of independent yes/no targets.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    label_smoothing : float
        0 … 1: draw targets towards 1/2.
    """

    function = functions.binary_crossentropy

    def __init__(
        self,
        name: str = "binary_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing)


class CategoricalCrossentropy(_Crossentropy):
    """Mean cross-entropy of target distributions (one-hot rows, say).

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    label_smoothing : float
        0 … 1: draw targets towards the uniform distribution.
    axis : int
        Axis of the classes.
    """

    function = functions.categorical_crossentropy

    def __init__(
        self,
        name: str = "categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        label_smoothing: float = 0.0,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, label_smoothing=label_smoothing, axis=axis)


class SparseCategoricalCrossentropy(_Crossentropy):
    """Mean cross-entropy of targets given as class numbers.

    Parameters
    ----------
    name : str
    dtype : str, optional
        Default: floatx.
    from_logits : bool
        Whether predictions are logits; else they are probabilities.
    ignore_class : int, optional
        The class, or a number that is none, of samples that do not count. (In Keras 3.15 they count as samples without
        loss, unless there are weights.)
    axis : int
        Axis of the classes.
    """

    function = functions.sparse_categorical_crossentropy

    def __init__(
        self,
        name: str = "sparse_categorical_crossentropy",
        dtype: Any = None,
        from_logits: bool = False,
        ignore_class: int | None = None,
        axis: int = -1,
    ) -> None:
        super().__init__(name, dtype, from_logits=from_logits, ignore_class=ignore_class, axis=axis)


def _cosine(y_true: Any, y_pred: Any, axis: int) -> Tensor:
    return -functions.cosine_similarity(y_true, y_pred, axis=axis)
