"""What happens between a call of ``fit`` and its first step: checks, building, programs.

Data are checked against the model before anything of the model is changed; then what does not exist
yet is built: weights, metrics, the optimizer's slots.
"""

from __future__ import annotations

import functools
import warnings
from collections.abc import Mapping
from typing import Any

import numpy as np

from .. import graph, ops, plan
from ..callbacks import CallbackList
from ..ops.sparse import taking_rows
from ..tensor import Tensor, TracingError
from ..utils import unpack_x_y_sample_weight
from .data import ArrayData, StreamData, is_stream, make_data
from .logs import metrics_or_own
from .runners import Spec, make_runner, pack
from .sparse_rows import SparseRows
from .steps import Steps
from .targets import check_shapes, check_values

__all__ = ["Preparation"]

Rows = np.ndarray | SparseRows

_LARGE = 4 << 20  # bytes: what the caches hold is checked in no time
_STEPS = ("train_step", "test_step", "compute_loss", "compute_metrics")


class Preparation(Steps):
    """The private half of `Trainer`."""

    # ---- checks: nothing of the model changes -------------------------------------------------------

    def _require_compiled(self, method: str) -> None:
        if not self.compiled:
            raise ValueError(f"You must call `compile()` before calling `{method}()`.")

    def _make_data(self, x: Any, y: Any, sample_weight: Any, **settings: Any) -> Any:
        x = self._one_input(x)
        given = _one_of(y, x), _one_of(sample_weight, x)
        return make_data(x, *given, x_dtype=self._input_dtype, dtype=self._float_dtype, **settings)

    def _one_input(self, x: Any) -> Any:
        """Return the array of all rows that a list or tuple of one input holds, as in Keras; a list of rows stays."""
        if not isinstance(x, (list, tuple)) or len(x) != 1 or not hasattr(x[0], "shape"):
            return x
        expected = self._expected_input()
        rank = 2 if expected is None else len(expected[1])
        return x[0] if len(x[0].shape) >= rank else x

    def _check(self, data: ArrayData | StreamData, like: ArrayData | None = None) -> ArrayData:
        """Check arrays, or the first batch of a stream, against the model and return them.

        A model that is not built will be built for data ``like`` these, if given.
        """
        if isinstance(data, StreamData):
            data = data.peek()
        self._check_batch(data, like)
        data.check_values()
        return data

    def _can_watch(self, data: ArrayData | StreamData) -> bool:
        """Whether values of x that are not finite may be left for the first epoch's programs to find.

        Where x is large, that saves one pass over memory, a twentieth of an epoch. The epoch that meets them is undone,
        as any that diverges; a model that was new would have drawn its weights, which is not.
        """
        if isinstance(data, StreamData) or not self.built or self._runtime.eager:
            return False
        x = data.sources[0]
        return isinstance(x, np.ndarray) and x.nbytes >= _LARGE and x.dtype.kind == "f" and data.x_dtype.kind == "f"

    def _check_batch(self, data: ArrayData, like: ArrayData | None = None) -> None:
        """Raise where features or targets do not fit the model."""
        expected = self._expected_input(None if like is None else like.sources[0].shape)
        data.reshape_x(self._fitting_x(data.sources[0], data.names[0], expected))
        y, loss, metrics = data.sources[1], self._runtime.loss, self._runtime.metrics
        if not _takes_plain_steps(type(self)):
            return  # what the loss and the metrics get is the user's business
        if y is None:
            self._require_no_targets()
        if y is None or (loss is None and metrics is None):
            return
        predicted = self._predicted_shape(data)
        if loss is not None:
            loss = loss.resolve(y.shape, predicted)
        shapes = (y.shape[1:], y.dtype, predicted, data.batch_size)
        if shapes not in self._runtime.fitting:
            plain, weighted = ([], []) if metrics is None else metrics.resolve(y.shape, predicted)
            check_shapes(data, loss, [*plain, *weighted], predicted, self._runtime.eager)
            self._runtime.fitting.add(shapes)
        if loss is not None:
            check_values(data, loss, predicted)

    def _require_no_targets(self) -> None:
        if self._runtime.metrics is not None and not self._runtime.metrics.built:
            raise ValueError("the metrics need targets: pass y")
        if self._runtime.loss is not None:
            raise ValueError("the loss needs targets: pass y")

    def _fitting_x(self, x: Rows, name: str, expected: tuple[Any, tuple[int | None, ...]] | None = None) -> Rows:
        """Return x, with a last axis of size 1 added or taken away as the model wants it (Keras' rule).

        ``expected`` is what `_expected_input` tells, asked for if it is not given. Raises ValueError, naming the layer
        and both shapes, where x does not fit.
        """
        expected = expected or self._expected_input()
        if expected is None:
            return x
        layer, shape = expected
        if isinstance(x, SparseRows) and len(shape) != x.ndim:
            x = x.astype(x.dtype)
        if x.ndim == len(shape) - 1 and shape[-1] == 1:
            x = x[..., None]
        elif x.ndim == len(shape) + 1 and x.shape[-1] == 1:
            x = x[..., 0]
        fits = x.ndim == len(shape) and all(
            want is None or have == want for have, want in zip(x.shape[1:], shape[1:], strict=True)
        )
        if not fits:
            hint = "; for a single row pass x[None]" if x.shape == _row(shape) else ""
            raise ValueError(
                f"{name} of shape {x.shape} does not fit layer {layer.name!r} ({type(layer).__name__}) of "
                f"model {self.name!r}: it takes rows of shape {_row(shape)}, got {_row(x.shape)}{hint}"
            )
        return x

    def _predicted_shape(self, data: ArrayData) -> tuple[int, ...]:
        """Return the shape of the predictions for the rows of ``data``."""
        shape = self._output_shape_for(data)
        if shape is None:
            raise ValueError(f"model {self.name!r} has several outputs: it can predict, but not be trained")
        return shape

    def _output_shape_for(self, data: ArrayData, build: bool = False) -> tuple[int, ...] | None:
        """Return the shape of the model's output, None for several.

        A model that is built is called for it once; another only to ``build`` it, or where it cannot tell otherwise.
        """
        key, known = data.sources[0].shape[1:], self._runtime.shapes
        if self.built and key in known:
            return known[key]
        if not self.built and not build:
            try:
                return tuple(self.compute_output_shape((None, *key)))
            except NotImplementedError:
                pass  # a model that cannot tell has to be called
        predicted = self._call_on_spec(data)
        shape = tuple(predicted.shape) if isinstance(predicted, Tensor) else None
        if self.built:
            known[key] = shape
        return shape

    def _call_on_spec(self, data: ArrayData) -> Any:
        """Call the model on the shape of a batch, or on the batch itself where it cannot be traced.

        That builds it; a call that fails leaves it unbuilt.
        """
        built = self.built
        try:
            return self._traced_call(data)
        except BaseException:
            self.built = built
            raise
        finally:
            self.clear_losses()  # those of a trace have no values

    def _traced_call(self, data: ArrayData) -> Any:
        spec = data.specs(data.batch_size)[0]
        try:
            return graph.outputs_of(lambda x: self(x, training=False), [spec])
        except TracingError as error:
            self._fall_back_to_eager(error)
        return self._try_on(Tensor(data.sources[0][: data.batch_size].astype(spec[1])))

    def _try_on(self, x: Tensor) -> Any:
        """Call the model and put back what that counts, so that training op by op draws what programs draw."""
        before = [(variable, variable.value) for variable in self.non_trainable_variables]
        try:
            return self(x, training=False)
        finally:
            for variable, value in before:
                variable.assign(value)

    # ---- building -----------------------------------------------------------------------------------

    def _prepare(self, data: ArrayData, training: bool = True) -> None:
        """Build what checked data need: weights, the loss, metrics and the optimizer's slots."""
        y, predicted = data.sources[1], self._shape_for_step(data, "train" if training else "test")
        if y is not None and predicted is not None:
            for part in (self._runtime.loss, self._runtime.metrics):
                if part is not None:
                    part.build(y.shape, predicted)
        if training and not self.optimizer.built and (self.built or all(layer.built for layer in self.layers_below)):
            self.optimizer.build(self.trainable_variables)

    def _shape_for_step(self, data: ArrayData, mode: str) -> tuple[int, ...] | None:
        """Build a model that is not, and return the shape of its predictions, None if there is not one.

        A step of the user's may do without a call of the model, or call it otherwise: then that step builds the layers.
        """
        try:
            return self._output_shape_for(data, build=True)
        except Exception:
            if not self._has_own_step(mode):
                raise
            return None

    def _ensure_built(self, x: Rows, name: str = "x") -> None:
        """Build a model that has not seen data yet from the first it predicts."""
        if not self.built:
            self._call_on_spec(
                ArrayData(
                    x,
                    batch_size=min(len(x), 32),
                    x_dtype=self._input_dtype,
                    dtype=self._float_dtype,
                    names=(name, "y", "sample_weight"),
                )
            )

    # ---- programs -----------------------------------------------------------------------------------

    def _step_program(self, mode: str, specs: list[Spec | None], room: int | None = None) -> Any:
        """Return the program of a training or test step for batches of these shapes.

        With ``room`` it takes x as a `Csr` of so many elements.
        """
        version = getattr(self.optimizer, "version", 0)
        key = (mode, tuple(specs), room, self._runtime.trainable(), self.optimizer, version)

        def compiled() -> Any:
            self._runtime.watch_layers()
            function, x = taking_rows(self._step_function(mode, specs), *specs[0], room)
            return plan.compile(function, [*x, *(spec for spec in specs[1:] if spec is not None)])

        return self._runtime.programs.get(key, compiled)

    def _step_function(self, mode: str, specs: list[Spec | None]) -> Any:
        step = self.train_step if mode == "train" else self.test_step
        own_logs = self._own_logs(mode)

        def function(*tensors: Tensor) -> Any:
            rest = iter(tensors)
            with self._runtime.quietly(not own_logs):
                logs = step(pack(*(None if spec is None else next(rest) for spec in specs)))
            self.clear_losses()
            if not own_logs:
                return []  # the metrics are read when somebody asks for them
            if mode == "train" and "loss" in logs:
                ops.guard(ops.convert_to_tensor(logs["loss"]))
            return dict(logs)

        return function

    def _own_logs(self, mode: str) -> bool:
        """Whether the model's class overrides what a step returns."""
        return self._has_own_step(mode) or type(self).compute_metrics is not Steps.compute_metrics

    def _has_own_step(self, mode: str) -> bool:
        """Whether the model's class overrides a step."""
        step = f"{mode}_step"
        return getattr(type(self), step) is not getattr(Steps, step)

    def _tracks_loss(self) -> bool:
        """Whether the mean of the loss, where it is among the metrics, has been updated."""
        tracker = self._runtime.loss_tracker
        return float(tracker.count) > 0 or all(metric is not tracker for metric in self.metrics)

    def _fall_back_to_eager(self, error: TracingError) -> None:
        """Run op by op from now on, with one warning; raise if a compiled program was asked for."""
        if self.jit_compile is True:
            raise error
        if not self._runtime.eager:
            warnings.warn(f"model {self.name!r} runs op by op, which is slow: {error}", UserWarning, stacklevel=2)
        self._runtime.eager = True

    # ---- the parts of calls -------------------------------------------------------------------------

    def _validation_data(
        self,
        data: ArrayData | StreamData,
        like: ArrayData,
        validation_data: Any,
        validation_split: float,
        batch_size: int | None,
        steps: int | None,
        once: bool,
    ) -> ArrayData | StreamData | None:
        """Return the data to validate on, checked, or None.

        Training data are ``like`` these; ``once`` is whether one epoch will be validated.
        """
        if validation_data is None:
            if not validation_split:
                return None
            if isinstance(data, StreamData):
                raise ValueError("validation_split needs arrays: x yields batches")
            rest = data.split(validation_split)
            rest.resize(batch_size or 32)
            if data.watched:  # of x only what is trained on is
                rest.check_values()
            return rest
        x, y, weight = (
            (validation_data, None, None) if is_stream(validation_data) else unpack_x_y_sample_weight(validation_data)
        )
        streamed = is_stream(x)
        names = tuple(
            "validation_data" if streamed else f"{part} of validation_data" for part in ("x", "y", "sample_weight")
        )
        if y is None and not streamed and isinstance(data, ArrayData) and data.sources[1] is not None:
            raise ValueError("validation_data must be (x, y) or (x, y, sample_weight): there are no targets in it")
        validation = self._make_data(
            x, y, weight, batch_size=None if streamed else batch_size, steps=steps, names=names
        )
        if streamed and steps is None and not once and not validation.restarts:
            raise ValueError(
                "validation_data is an iterator, which ends with the first validation: pass an iterable, or a "
                "function that returns a new iterator, or validation_steps"
            )
        self._check(validation, like)
        return validation

    @staticmethod
    def _callback_list(callbacks: Any, verbose: int | str, history: bool = False) -> CallbackList:
        """Return callbacks as one, which know nothing of the model until `_introduce`."""
        if isinstance(callbacks, CallbackList):
            return callbacks
        return CallbackList(callbacks, history, verbose != 0)

    def _introduce(self, callbacks: CallbackList, **params: int | str | None) -> None:
        """Tell callbacks of the model and of the call, unless they are a list of the user's that knows its model."""
        if callbacks.model is None:
            callbacks.set_model(self)
            callbacks.set_params(params)

    def _one_batch(
        self,
        method: str,
        x: Any,
        y: Any,
        sample_weight: Any,
        class_weight: Mapping[int, float] | None,
    ) -> ArrayData:
        self._require_compiled(method)
        if is_stream(x):
            raise TypeError(f"{method} takes one batch of arrays, got {type(x).__name__}")
        data = self._make_data(x, y, sample_weight, batch_size=None, steps=1, class_weight=class_weight)
        data.resize(data.rows)
        return data

    def _run_one(self, mode: str, data: ArrayData, return_dict: bool) -> Any:
        reader = self._runtime.reader()
        reader.reset()
        runner = make_runner(self, mode, data)
        runner.run_once()
        logs = reader.read()
        if self._own_logs(mode):
            logs = metrics_or_own(logs, runner.logs(), self._tracks_loss())
        return logs if return_dict else self._in_order(logs)

    def _in_order(self, logs: dict[str, Any]) -> Any:
        """Return the values in the order of the metrics, others after them; one value by itself."""
        order = [name for name in self._runtime.reader().order if name in logs]
        order += [name for name in logs if name not in order]
        values = [logs[name] for name in order]
        return values[0] if len(values) == 1 else values


def _row(shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
    return tuple(shape[1:])


@functools.lru_cache(maxsize=256)
def _takes_plain_steps(kind: type) -> bool:
    """Whether loss and metrics of a class are given y and the predictions: no step of the user's decides about that."""
    return all(getattr(kind, name) is getattr(Steps, name) for name in _STEPS)


def _one_of(given: Any, x: Any) -> Any:
    """Return the array for all rows of x that a list or tuple of one output holds, as in Keras; others as they are."""
    if not isinstance(given, (list, tuple)) or len(given) != 1 or not getattr(given[0], "shape", ()):
        return given
    return given[0] if len(given[0]) == len(x) else given
