"""``compile``, ``fit``, ``evaluate``, ``predict`` and their like: Keras' face of training."""

from __future__ import annotations

from collections.abc import Container, Mapping
from typing import Any

import numpy as np

from .. import optimizers
from ..callbacks import History
from ..metrics import Mean, Metric
from ..structures import unique
from ..utils import checks
from . import options
from .compiled import CompileLoss, CompileMetrics, check_loss_weight
from .data import ArrayData, as_features
from .feeds import make_feed
from .loops import EvaluateLoop, FitLoop
from .predict_loop import PredictLoop
from .preparation import Preparation
from .runtime import Runtime

__all__ = ["Trainer"]


class Trainer(Preparation):
    """Training, evaluation and prediction; `Model` is a layer that has them."""

    def _init_trainer(self) -> None:
        self.optimizer: Any = None
        self.loss: Any = None
        self.compiled = False
        self.stop_training = self.stop_evaluating = self.stop_predicting = False
        self.steps_per_execution = 1
        self._runtime = Runtime(self)
        self._run_eagerly, self._jit_compile = False, "auto"

    def __setstate__(self, state: dict[str, Any]) -> None:
        vars(self).update(state)
        kept = self._runtime.__getstate__()
        self._runtime = Runtime(self)  # so that what is stored has no circles
        vars(self._runtime).update(kept)

    # ---- the public face ----------------------------------------------------------------------------

    @property
    def run_eagerly(self) -> bool:
        """Whether steps run op by op, as `compile` says; may be set."""
        return self._run_eagerly

    @run_eagerly.setter
    def run_eagerly(self, value: bool) -> None:
        self._run_by(value, self._jit_compile)

    @property
    def jit_compile(self) -> bool | str:
        """Whether steps run as compiled programs, as `compile` says; may be set."""
        return self._jit_compile

    @jit_compile.setter
    def jit_compile(self, value: bool | str) -> None:
        self._run_by(self._run_eagerly, value)

    def _run_by(self, run_eagerly: bool, jit_compile: bool | str) -> None:
        """Choose how steps run."""
        self._run_eagerly, self._jit_compile = options.check_way(run_eagerly, jit_compile)
        self._runtime.eager = self._run_eagerly or jit_compile is False
        self._runtime.predictor.clear()

    def compile(
        self,
        optimizer: Any = "rmsprop",
        loss: Any = None,
        loss_weights: Any = None,
        metrics: Any = None,
        weighted_metrics: Any = None,
        run_eagerly: bool = False,
        steps_per_execution: int = 1,
        jit_compile: bool | str = "auto",
        auto_scale_loss: bool = True,
    ) -> None:
        """Say how the model is to be trained (Keras' `Model.compile`).

        Parameters
        ----------
        optimizer : str or Optimizer, default "rmsprop"
        loss : str, Loss or callable ``(y_true, y_pred)``, optional
            Or a list of one, or a dict of one by the output's name, which is that of a stack's last layer.
            Without one, the losses of layers (``add_loss``, regularizers) are minimized.
        loss_weights : float, optional
            Factor of the loss; a list or dict may hold it.
        metrics : str, Metric, callable, or a list or dict of them, optional
            "accuracy" becomes the binary, categorical or sparse one by the shapes of y and predictions.
        weighted_metrics : as ``metrics``
            Metrics that take ``sample_weight`` and ``class_weight`` into account.
        run_eagerly : bool, default False
            Run op by op, for debugging: slow.
        steps_per_execution : int, default 1
            Batches between two calls of callbacks that look at batches.
        jit_compile : {"auto", True, False}
            True: steps run as a compiled program, and code that cannot be traced is an error. "auto": such
            code makes the model run op by op, with one warning. False: op by op.
        auto_scale_loss : bool, default True
            As in Keras of effect for float16 alone, which is not supported: here of none.

        Raises
        ------
        ValueError, TypeError
            For unknown names (with the nearest known ones) and wrong types, before anything is changed.
        """
        new_optimizer = optimizers.get(optimizer)
        if new_optimizer is None:
            raise ValueError("optimizer must be a name or an Optimizer, got None")
        weight = check_loss_weight(loss_weights)
        new_loss = None if loss is None else CompileLoss(loss, weight, self._output_name)
        new_metrics = None
        if metrics is not None or weighted_metrics is not None:
            new_metrics = CompileMetrics(metrics, weighted_metrics)
        steps_per_execution = checks.integer("steps_per_execution", steps_per_execution, minimum=1)
        options.check_way(run_eagerly, jit_compile)
        if not isinstance(auto_scale_loss, bool):
            raise TypeError(f"auto_scale_loss must be a bool, got {auto_scale_loss!r}")
        self.optimizer, self.loss = new_optimizer, loss
        self._runtime.loss, self._runtime.metrics = new_loss, new_metrics
        self._runtime.compiled_with = {
            "optimizer": new_optimizer,
            "loss": loss,
            "loss_weights": loss_weights,
            "metrics": metrics,
            "weighted_metrics": weighted_metrics,
            "run_eagerly": run_eagerly,
            "steps_per_execution": steps_per_execution,
            "jit_compile": jit_compile,
        }
        self._runtime.loss_tracker = Mean(name="loss")
        self.steps_per_execution = steps_per_execution
        self._run_by(run_eagerly, jit_compile)
        self.stop_training = False
        self.compiled = True
        self._runtime.forget_programs()

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        epochs: int = 1,
        verbose: int | str = "auto",
        callbacks: Any = None,
        validation_split: float = 0.0,
        validation_data: Any = None,
        shuffle: bool = True,
        class_weight: Mapping[int, float] | None = None,
        sample_weight: Any = None,
        initial_epoch: int = 0,
        steps_per_epoch: int | None = None,
        validation_steps: int | None = None,
        validation_batch_size: int | None = None,
        validation_freq: int | Container[int] = 1,
    ) -> History:
        """Train for a number of epochs (Keras' `Model.fit`).

        Parameters
        ----------
        x : array_like or sparse matrix of shape (rows, ...), or a stream of batches
            NumPy array, tensor, list, data frame; integers are converted batch by batch, not as a whole. SciPy's
            sparse matrices stay sparse if they are wide and mostly zeros. A stream is a generator, an iterable or a
            function that returns one; it yields ``(x, y)`` or ``(x, y, sample_weight)``, and ``y``,
            ``sample_weight`` and ``batch_size`` must not be given.
        y : array_like of shape (rows, ...)
        batch_size : int, default 32
        epochs : int, default 1
            The epoch to stop at; counted from ``initial_epoch``.
        verbose : {"auto", 0, 1, 2}
            0 silent, 1 (auto) a progress bar, 2 one line an epoch.
        callbacks : Callback or list of Callback, optional
        validation_split : float in [0, 1), default 0
            Fraction of the rows, the last ones, kept for validation.
        validation_data : (x, y) or (x, y, sample_weight), or a stream, optional
            Evaluated after each epoch; goes before ``validation_split``.
        shuffle : bool, default True
            New order of the rows in each epoch, drawn from the model's generator. A single batch and a stream
            keep theirs, a stream with a warning.
        class_weight : dict of int to float, optional
            Weight of each class in the loss; 1 where not named. Not together with ``sample_weight``.
        sample_weight : array_like of shape (rows,), optional
        initial_epoch : int, default 0
        steps_per_epoch : int, optional
            Batches an epoch; the next epoch goes on where the last ended.
        validation_steps, validation_batch_size : int, optional
        validation_freq : int or container of int, default 1
            Validate every so many epochs, or after these (counted from 1).

        Returns
        -------
        History
            ``history.history`` holds a list for each metric.

        Raises
        ------
        ValueError, TypeError
            For data or arguments that cannot be used; the model is as it was before.
        DivergenceError
            When the loss or a weight becomes NaN or infinite; weights and optimizer are put back to the end
            of the last finite epoch.
        """
        self._require_compiled("fit")
        verbose = options.check_verbose(verbose)
        batch_size, steps_per_epoch, validation_steps, validation_batch_size = options.check_counts(
            batch_size=batch_size,
            steps_per_epoch=steps_per_epoch,
            validation_steps=validation_steps,
            validation_batch_size=validation_batch_size,
        )
        epochs = checks.integer("epochs", epochs, minimum=0)
        initial_epoch = checks.integer("initial_epoch", initial_epoch, minimum=0)
        validation_split = options.check_fraction(validation_split)
        validation_freq = options.check_frequency(validation_freq)
        if not isinstance(shuffle, (bool, np.bool_)):
            raise ValueError(f"shuffle must be True or False, got {shuffle!r}")
        data = self._make_data(x, y, sample_weight, batch_size=batch_size, steps=None, class_weight=class_weight)
        if not callbacks and steps_per_epoch is None and epochs > initial_epoch and self._can_watch(data):
            data.watched = True
        checked = self._check(data)
        validation = self._validation_data(
            data,
            checked,
            validation_data,
            validation_split,
            validation_batch_size or batch_size,
            validation_steps,
            once=epochs - initial_epoch <= 1,
        )
        if batch_size is None and steps_per_epoch is not None and isinstance(data, ArrayData):
            data.resize(-(-data.rows // steps_per_epoch))
        callback_list = self._callback_list(callbacks, verbose, history=True)
        self._prepare(checked)
        feed = make_feed(self, "train", data, steps_per_epoch, bool(shuffle))
        self._introduce(callback_list, verbose=verbose, epochs=epochs, steps=feed.steps)
        validator = None
        if validation is not None:
            validator = EvaluateLoop(self, make_feed(self, "test", validation, validation_steps), callback_list)
        FitLoop(self, feed, callback_list, validator, validation_freq).run(initial_epoch, epochs)
        return callback_list.history

    def evaluate(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        sample_weight: Any = None,
        steps: int | None = None,
        callbacks: Any = None,
        return_dict: bool = False,
    ) -> Any:
        """Return the loss and the metrics over data (Keras' `Model.evaluate`).

        Parameters
        ----------
        x, y, batch_size, verbose, sample_weight, callbacks
            As for `fit`.
        steps : int, optional
            Stop after so many batches.
        return_dict : bool, default False

        Returns
        -------
        float, list of float, or dict of str to float
            The loss alone if there are no metrics; else the loss and the metrics in the order of
            ``compile``; a dict if asked for.
        """
        self._require_compiled("evaluate")
        verbose = options.check_verbose(verbose)
        batch_size, steps = options.check_counts(batch_size=batch_size, steps=steps)
        data = self._make_data(x, y, sample_weight, batch_size=batch_size, steps=steps)
        checked, callback_list = self._check(data), self._callback_list(callbacks, verbose)
        self._prepare(checked, training=False)
        feed = make_feed(self, "test", data, steps)
        self._introduce(callback_list, verbose=verbose, epochs=1, steps=feed.steps)
        try:
            logs = EvaluateLoop(self, feed, callback_list).run()
        finally:
            feed.let_go()
        return logs if return_dict else self._in_order(logs)

    def predict(
        self,
        x: Any,
        batch_size: int | None = None,
        verbose: int | str = "auto",
        steps: int | None = None,
        callbacks: Any = None,
    ) -> Any:
        """Return the model's output for each row (Keras' `Model.predict`).

        Parameters
        ----------
        x : array_like or sparse matrix of shape (rows, ...), or a stream of batches
        batch_size : int, optional
            Rows of a batch. By default 32, or more for layers that treat each row by itself.
        verbose : {"auto", 0, 1, 2}
        steps : int, optional
            Stop after so many batches.
        callbacks : Callback or list of Callback, optional

        Returns
        -------
        ndarray of shape (rows, ...)
            Or a list or dict of them, as the model's ``call`` returns.
        """
        if verbose == 0 and type(x) is np.ndarray and batch_size is steps is callbacks is None:
            found = self._runtime.predictor.few(x)
            if found is not None:
                return found
        verbose = options.check_verbose(verbose)
        batch_size, steps = options.check_counts(batch_size=batch_size, steps=steps)
        callback_list = self._callback_list(callbacks, verbose)
        self._introduce(callback_list, verbose=verbose, epochs=1, steps=None)
        return PredictLoop(self, x, batch_size, steps, callback_list).run()

    def train_on_batch(
        self,
        x: Any,
        y: Any = None,
        sample_weight: Any = None,
        class_weight: Mapping[int, float] | None = None,
        return_dict: bool = False,
    ) -> Any:
        """Update the weights with one batch; return its loss and metrics as `evaluate` does."""
        data = self._one_batch("train_on_batch", x, y, sample_weight, class_weight)
        self._prepare(self._check(data))
        return self._run_one("train", data, return_dict)

    def test_on_batch(self, x: Any, y: Any = None, sample_weight: Any = None, return_dict: bool = False) -> Any:
        """Return the loss and metrics of one batch as `evaluate` does."""
        data = self._one_batch("test_on_batch", x, y, sample_weight, None)
        self._prepare(self._check(data), training=False)
        return self._run_one("test", data, return_dict)

    def predict_on_batch(self, x: Any) -> Any:
        """Return the model's output for one batch, an ndarray."""
        x = self._fitting_x(as_features(self._one_input(x), "x"), "x")
        self._ensure_built(x)
        return self._runtime.predictor.predict(x)

    @property
    def metrics(self) -> list[Any]:
        """The loss's mean, the metrics of ``compile`` as one, and those of the model and its layers."""
        found = [self._runtime.loss_tracker, self._runtime.metrics]
        found += self._own(Metric)
        for layer in self.layers_inside:
            # What a model inside was compiled with is not part of this one.
            found += super(Trainer, layer).metrics if isinstance(layer, Trainer) else layer.metrics
        return unique(metric for metric in found if metric is not None)

    @property
    def metrics_names(self) -> list[str]:
        """The names of `metrics`."""
        return [metric.name for metric in self.metrics]
