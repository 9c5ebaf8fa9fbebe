"""What ``compile`` was told, made concrete once the shapes of targets and predictions are known.

Names such as "accuracy" mean different metrics for different shapes (Keras' rules), so losses and
metrics are resolved when the first batch's shapes are seen.
"""

from __future__ import annotations

from typing import Any

from .. import losses as losses_module
from .. import metrics as metrics_module
from .. import ops
from ..utils.naming import to_snake_case

__all__ = ["CompileLoss", "CompileMetrics", "total"]

_SEVERAL = "models with several outputs are not supported"


class CompileLoss:
    """The loss of a model with one output, times its weight.

    Parameters
    ----------
    loss : str, Loss or callable; or a list or dict holding one of them
    loss_weights : float, or a list or dict holding one, optional

    Raises
    ------
    ValueError, TypeError
        At once for unknown names and for more than one loss or weight.
    """

    def __init__(self, loss: Any, loss_weights: Any = None) -> None:
        self.identifier = _only(loss, "loss")
        weight = _only(loss_weights, "loss_weights")
        if weight is not None and (isinstance(weight, bool) or not isinstance(weight, (int, float))):
            raise TypeError(f"loss_weights must be a number, got {loss_weights!r}")
        self.weight = weight
        self.loss: Any = None
        if not _is_name(self.identifier, ("crossentropy", "ce")):
            self._resolve(self.identifier)

    def _resolve(self, identifier: Any) -> None:
        loss = losses_module.get(identifier)
        if not callable(loss):
            raise TypeError(f"loss must be a name, a Loss or a function, got {identifier!r}")
        if not isinstance(loss, losses_module.Loss):
            name = identifier if isinstance(identifier, str) else _object_name(loss)
            loss = losses_module.LossFunctionWrapper(loss, name=name)
        self.loss = loss

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Choose among the cross-entropies by shape, if the loss was called "crossentropy"."""
        if self.loss is None:
            binary, sparse = _kind_of_target(y_true, y_pred)
            prefix = "binary_" if binary else "sparse_categorical_" if sparse else "categorical_"
            self._resolve(prefix + "crossentropy")

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        self.build(y_true, y_pred)
        value = self.loss(y_true, y_pred, sample_weight)
        return value if self.weight is None else value * self.weight


class CompileMetrics(metrics_module.Metric):
    """The metrics of ``compile``, those without sample weights first.

    Parameters
    ----------
    metrics, weighted_metrics : str, Metric, callable, or a list or dict of them, optional

    Attributes
    ----------
    built : bool
        Whether the metrics exist: they do from the first batch on.
    """

    def __init__(self, metrics: Any = None, weighted_metrics: Any = None) -> None:
        super().__init__(name="compile_metrics")
        self._given = (_flat(metrics), _flat(weighted_metrics))
        for identifier in self._given[0] + self._given[1]:
            if not _is_name(identifier, tuple(_BY_SHAPE)):
                _make_metric(identifier)  # unknown names are refused by compile, not by fit
        self._plain: list[Any] = []
        self._weighted: list[Any] = []
        self.built = False

    def build(self, y_true: Any, y_pred: Any) -> None:
        """Make the metrics for targets and predictions of these shapes."""
        if self.built:
            return
        self._plain = [_choose_metric(each, y_true, y_pred) for each in self._given[0]]
        self._weighted = [_choose_metric(each, y_true, y_pred) for each in self._given[1]]
        self.built = True

    @property
    def metrics(self) -> list[Any]:
        return self._plain + self._weighted

    @property
    def variables(self) -> list[Any]:
        return [variable for metric in self.metrics for variable in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.build(y_true, y_pred)
        for metric in self._plain:
            metric.update_state(y_true, y_pred)
        for metric in self._weighted:
            metric.update_state(y_true, y_pred, sample_weight=sample_weight)

    def reset_state(self) -> None:
        for metric in self.metrics:
            metric.reset_state()

    def result(self) -> dict[str, Any]:
        """Return each metric's value by its name; a name met again gets a number, as in Keras."""
        results: dict[str, Any] = {}
        for metric in self._plain:
            results[_free_name(metric.name, results)] = metric.result()
        for metric in self._weighted:
            name = metric.name
            if name in results:
                name = _free_name(f"weighted_{name}", results)
            results[name] = metric.result()
        return results


def _free_name(name: str, taken: dict[str, Any]) -> str:
    if name not in taken:
        return name
    number = 1
    while f"{name}_{number}" in taken:
        number += 1
    return f"{name}_{number}"


def _is_name(identifier: Any, names: tuple[str, ...]) -> bool:
    return isinstance(identifier, str) and identifier.lower() in names


def _only(value: Any, argument: str) -> Any:
    """Return the single element that a list or dict for one output holds, or the value itself."""
    if isinstance(value, dict):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise ValueError(f"{argument} must be one for the one output, got {len(value)}: {_SEVERAL}")
        return _only(value[0], argument)
    return value


def _flat(metrics: Any) -> list[Any]:
    if metrics is None:
        return []
    if isinstance(metrics, dict):
        metrics = list(metrics.values())
    if isinstance(metrics, (list, tuple)):
        return [each for entry in metrics for each in _flat(entry)]
    return [metrics]


def _object_name(thing: Any) -> str:
    name = getattr(thing, "name", None) or getattr(thing, "__name__", None)
    return to_snake_case(name or type(thing).__name__)


def _kind_of_target(y_true: Any, y_pred: Any) -> tuple[bool, bool]:
    """Return whether the targets are binary, and whether they are class numbers."""
    binary = y_pred.shape[-1] == 1
    fewer_axes = len(y_true.shape) < len(y_pred.shape)
    return binary, fewer_axes or (y_true.shape[-1] == 1 and y_pred.shape[-1] > 1)


_BY_SHAPE = {
    "accuracy": ("BinaryAccuracy", "SparseCategoricalAccuracy", "CategoricalAccuracy"),
    "acc": ("BinaryAccuracy", "SparseCategoricalAccuracy", "CategoricalAccuracy"),
    "crossentropy": ("BinaryCrossentropy", "SparseCategoricalCrossentropy", "CategoricalCrossentropy"),
    "ce": ("BinaryCrossentropy", "SparseCategoricalCrossentropy", "CategoricalCrossentropy"),
}


def _choose_metric(identifier: Any, y_true: Any, y_pred: Any) -> Any:
    if not _is_name(identifier, tuple(_BY_SHAPE)):
        return _make_metric(identifier)
    binary, sparse = _kind_of_target(y_true, y_pred)
    choice = _BY_SHAPE[identifier.lower()][0 if binary else 1 if sparse else 2]
    metric = _make_metric(choice)
    metric.name = identifier
    return metric


def _make_metric(identifier: Any) -> Any:
    metric = metrics_module.get(identifier)
    if not callable(metric) and not isinstance(metric, metrics_module.Metric):
        raise TypeError(f"metrics must be names, Metrics or functions, got {identifier!r}")
    if not isinstance(metric, metrics_module.Metric):
        metric = metrics_module.MeanMetricWrapper(metric, name=_object_name(metric))
    if isinstance(identifier, str):
        metric.name = identifier
    return metric


def total(losses: list[Any]) -> Any:
    """Return the sum of scalar tensors."""
    result = ops.convert_to_tensor(losses[0])
    for loss in losses[1:]:
        result = result + loss
    return result
