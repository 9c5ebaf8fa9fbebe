"""One step of training and of evaluation, written in ops: what programs are made of.

Subclasses of `Model` may override any of these methods, as in Keras.
"""

from __future__ import annotations

import inspect
import warnings
from collections.abc import Callable
from typing import Any

from .. import ops
from ..autograd import GradientTape
from ..utils import unpack_x_y_sample_weight

__all__ = ["Steps"]


class Steps:
    """The overridable steps of a model; `Trainer` runs them."""

    def train_step(self, data: Any) -> dict[str, Any]:
        """Update the weights with one batch.

        Parameters
        ----------
        data : tuple
            ``(x,)``, ``(x, y)`` or ``(x, y, sample_weight)``, tensors.

        Returns
        -------
        dict of str to Tensor
            The values of all metrics so far.
        """
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        variables = self.trainable_variables
        with GradientTape() as tape:
            y_pred = self(x, training=True)
            loss = self._compute_loss(x, y, y_pred, sample_weight, training=True)
            scaled = self.optimizer.scale_loss(loss)
        ops.guard(loss)
        self._runtime.loss_tracker.update_state(loss, sample_weight=x.shape[0])
        if variables:
            self.optimizer.apply(tape.gradient(scaled, variables), variables)
        else:
            warnings.warn("The model does not have any trainable weights.", stacklevel=2)
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def test_step(self, data: Any) -> dict[str, Any]:
        """Evaluate one batch; parameters and result are those of `train_step`."""
        x, y, sample_weight = unpack_x_y_sample_weight(data)
        y_pred = self(x, training=False)
        loss = self._compute_loss(x, y, y_pred, sample_weight, training=False)
        self._runtime.loss_tracker.update_state(loss, sample_weight=x.shape[0])
        return self.compute_metrics(x, y, y_pred, sample_weight)

    def predict_step(self, data: Any) -> Any:
        """Return the predictions for a batch ``(x,)``."""
        return self(unpack_x_y_sample_weight(data)[0], training=False)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> Any:
        """Return the loss of ``compile`` plus those of layers (regularizers, ``add_loss``), a scalar.

        Raises
        ------
        ValueError
            If there is none of either.
        """
        losses = []
        if self._runtime.loss is not None:
            if y is None:
                raise ValueError("the loss needs targets: pass y")
            losses.append(self._runtime.loss(y, y_pred, sample_weight))
        losses += [ops.sum(loss) if loss.shape else loss for loss in self.losses]
        if not losses:
            raise ValueError("No loss to compute. Provide a `loss` argument in `compile()`.")
        total = losses[0]
        for loss in losses[1:]:
            total = total + ops.cast(loss, total.dtype)
        return total

    def _compute_loss(self, *batch: Any, training: bool) -> Any:
        """Call `compute_loss`, without ``training`` where an override does not take it (Keras before 3.3 had none)."""
        function = self.compute_loss
        if getattr(function, "__func__", None) is Steps.compute_loss or _takes_training(function):
            return self.compute_loss(*batch, training=training)
        return self.compute_loss(*batch)

    def compute_metrics(self, x: Any, y: Any, y_pred: Any, sample_weight: Any = None) -> dict[str, Any]:
        """Update the metrics of ``compile`` with a batch and return all metrics' values."""
        if self._runtime.metrics is not None:
            self._runtime.metrics.update_state(y, y_pred, sample_weight)
        return {} if self._runtime.quiet else self.get_metrics_result()

    def get_metrics_result(self) -> dict[str, Any]:
        """Return the values of all metrics by name; metrics that return dicts add their entries."""
        results: dict[str, Any] = {}
        for metric in self.metrics:
            value = metric.result()
            if isinstance(value, dict):
                results.update(value)
            else:
                results[metric.name] = value
        return results

    def reset_metrics(self) -> None:
        """Set all metrics back to their beginning."""
        for metric in self.metrics:
            metric.reset_state()


def _takes_training(function: Callable[..., Any]) -> bool:
    return "training" in inspect.signature(function).parameters
