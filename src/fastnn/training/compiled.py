"""What ``compile`` was told, made concrete once the shapes of targets and predictions are known.

Names such as "accuracy" mean different metrics for different shapes (Keras' rules), so losses and
metrics are resolved when the first batch's shapes are seen; unknown names are refused before that.
"""

from __future__ import annotations

import inspect
from typing import Any

import numpy as np

from .. import losses as losses_module
from .. import metrics as metrics_module
from ..losses.resolve import kind_of_targets
from ..tensor import Tensor
from ..utils import checks

__all__ = ["CompileLoss", "CompileMetrics", "check_loss_weight", "in_ops"]

# Shapes with which any name can be resolved, to see whether it is known.
_ANY_TARGET, _ANY_PREDICTION = (1,), (1, 2)


class CompileLoss:
    """The loss of a model with one output, times its weight.

    Parameters
    ----------
    loss : str, Loss or callable; or a list holding one of them, or a dict by the output's name
    weight : float, optional
    output : str, optional
        The name of the output, if it has one.

    Attributes
    ----------
    loss : Loss or None
        Known from `build` on.

    Raises
    ------
    ValueError, TypeError
        At once for unknown names, for more than one loss and for that of an output which is not there.
    """

    def __init__(self, loss: Any, weight: float | None = None, output: str | None = None) -> None:
        self.identifier = _only(loss, "loss")
        if self.identifier is None:
            raise ValueError(f"loss must be a name, a function or a Loss, got {loss!r}")
        if _by_name(loss) and [*loss] != [output]:
            known = "has no name: pass the loss itself" if output is None else f"is named {output!r}, after its layer"
            raise ValueError(f"loss is given for the output {next(iter(loss))!r}, but the model's one output {known}")
        self.weight = weight
        self._resolved: dict[str, Any] = {}
        self.resolve(_ANY_TARGET, _ANY_PREDICTION)
        self.loss: Any = None

    def resolve(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> Any:
        """Return the `Loss` for targets and predictions of these shapes."""
        kind = kind_of_targets(y_true_shape, y_pred_shape)
        if kind not in self._resolved:
            self._resolved[kind] = losses_module.resolve_loss(self.identifier, y_true_shape, y_pred_shape)
        return self._resolved[kind]

    def build(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
        """Make the loss for targets and predictions of these shapes."""
        if self.loss is None:
            self.loss = self.resolve(y_true_shape, y_pred_shape)

    def __call__(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> Any:
        self.build(y_true.shape, y_pred.shape)
        value = in_ops(self.loss)(y_true, y_pred, sample_weight)
        return value if self.weight is None else value * self.weight


class _InOps(losses_module.Loss):
    """A loss that makes sure that its values, one a sample, are tensors: what NumPy computes has no derivative."""

    def __init__(self, loss: losses_module.Loss) -> None:
        super().__init__(loss.name, loss.reduction, loss.dtype)
        self.loss, self.takes_class_numbers = loss, loss.takes_class_numbers

    def call(self, y_true: Any, y_pred: Any) -> Any:
        values = self.loss.call(y_true, y_pred)
        if not isinstance(values, Tensor):
            raise TypeError(
                f"loss {self.name!r} must return a tensor that fastnn.ops make of y_true and y_pred, got "
                f"{type(values).__name__}: write it in fastnn.ops, not in NumPy"
            )
        return values

    def which_count(self, y_true: Any) -> Any:
        return self.loss.which_count(y_true)


def in_ops(loss: losses_module.Loss) -> losses_module.Loss:
    """Return the loss as one that refuses values which are no tensors; not one whose ``__call__`` is the user's own."""
    return _InOps(loss) if type(loss).__call__ is losses_module.Loss.__call__ else loss


def _check_takes_predictions(metric: metrics_module.Metric) -> None:
    """Refuse a metric of values, such as `Mean`: predictions would be the weights of the targets."""
    if [*inspect.signature(metric.update_state).parameters][1:2] == ["sample_weight"]:
        raise TypeError(
            f"metric {metric.name!r} is a {type(metric).__name__} of values, not of targets and predictions: update it "
            "in a train_step of your own, or pass a function of y_true and y_pred"
        )


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
            if not isinstance(identifier, metrics_module.Metric):
                metrics_module.resolve_metric(identifier, _ANY_TARGET, _ANY_PREDICTION)
        self._plain: list[Any] = []
        self._weighted: list[Any] = []
        self.built = False

    def build(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> None:
        """Make the metrics for targets and predictions of these shapes."""
        self._plain, self._weighted = self.resolve(y_true_shape, y_pred_shape)
        self.built = True

    def resolve(self, y_true_shape: tuple[int, ...], y_pred_shape: tuple[int, ...]) -> list[list[Any]]:
        """Return the metrics, plain and weighted, that exist, or else would be made for these shapes."""
        if self.built:
            return [self._plain, self._weighted]
        for each in self._given[0] + self._given[1]:
            if isinstance(each, metrics_module.Metric):
                _check_takes_predictions(each)
        return [
            [metrics_module.resolve_metric(each, y_true_shape, y_pred_shape) for each in given] for given in self._given
        ]

    @property
    def metrics(self) -> list[Any]:
        return self._plain + self._weighted

    @property
    def variables(self) -> list[Any]:
        return [variable for metric in self.metrics for variable in metric.variables]

    def update_state(self, y_true: Any, y_pred: Any, sample_weight: Any = None) -> None:
        self.build(y_true.shape, y_pred.shape)
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


def check_loss_weight(loss_weights: Any) -> float | None:
    """Return the factor of the loss if it is a number, or a list or dict that holds one; None if there is none."""
    weight = _only(loss_weights, "loss_weights")
    if isinstance(weight, bool) or not isinstance(weight, (int, float, np.number, type(None))):
        raise TypeError(f"loss_weights must be a number, got {loss_weights!r}")
    return checks.optional_real("loss_weights", weight)


def _by_name(value: Any) -> bool:
    """Whether a dict holds something for outputs by their names; another kind is the stored form of an object."""
    return isinstance(value, dict) and "class_name" not in value


def _only(value: Any, argument: str) -> Any:
    """Return the single element that a list or dict for one output holds, or the value itself."""
    if _by_name(value):
        value = list(value.values())
    if isinstance(value, (list, tuple)):
        if len(value) != 1:
            raise ValueError(
                f"{argument} must be one for the one output, got {len(value)}: training models with several "
                "outputs is not supported"
            )
        return _only(value[0], argument)
    return value


def _flat(metrics: Any, nested: bool = False) -> list[Any]:
    """Return the metrics in lists and dicts one after another; a None among them is left, to be refused."""
    if metrics is None and not nested:
        return []
    if _by_name(metrics):
        metrics = list(metrics.values())
    if isinstance(metrics, (list, tuple)):
        return [each for entry in metrics for each in _flat(entry, nested=True)]
    return [metrics]
