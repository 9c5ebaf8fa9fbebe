"""The base of metrics that average a function without parameters."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, ClassVar

from .base import Metric
from .reduction import MeanMetricWrapper

__all__ = ["PlainMetric"]


class PlainMetric(MeanMetricWrapper):
    """The mean of the class attribute ``function``, a function of ``(y_true, y_pred)``.

    Parameters
    ----------
    name : str, optional
        Default: the function's name.
    dtype : str, optional
        Default: floatx.
    """

    function: ClassVar[Callable[..., Any]]

    def __init__(self, name: str | None = None, dtype: Any = None) -> None:
        super().__init__(type(self).function, name=name, dtype=dtype)

    def get_config(self) -> dict[str, Any]:
        return Metric.get_config(self)
