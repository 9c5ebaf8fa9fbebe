"""What KerasClassifier and KerasRegressor have in common: parameters, training, state."""

from __future__ import annotations

from abc import ABCMeta, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import partial
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import BaseEstimator, _fit_context
from sklearn.utils import check_random_state
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import random, threads
from ..dtypes import native
from ..models import Model
from ..training.data import as_features, check_finite
from ..training.errors import DivergenceError
from . import routing
from .call import naming
from .features import are_plain, features_of, note_features, refuse_dates, twin
from .keras_building import build_model, make_callbacks
from .keras_compiling import Routed, compile_anew, compile_model
from .keras_going_on import changed, noted, refuse_another_model
from .keras_targets import ClassTargets, NumberTargets, output_units
from .parameters import keep_parameters, threads_for
from .weights import Weigh, checked_sample_weight, joint_weights, refuse_weightless

__all__ = ["KerasEstimator"]

_DATA = ("x", "y", "sample_weight")  # arguments of Model.fit and Model.predict that are no parameters


class KerasEstimator(BaseEstimator, metaclass=ABCMeta):
    """The base class. Subclasses say what targets mean: `_make_targets`, `_weigh`, `_y_numeric`.

    The parameters are those of `KerasRegressor`.
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        "model": [callable],
        "epochs": [Interval(Integral, 0, None, closed="left")],
        "batch_size": [None, Interval(Integral, 1, None, closed="left")],
        "validation_split": [Interval(Real, 0, 1, closed="left")],
        "shuffle": ["boolean"],
        "verbose": ["boolean", StrOptions({"auto"}), Interval(Integral, 0, 2, closed="both")],
        "random_state": ["random_state"],
        "warm_start": ["boolean"],
    }
    _y_numeric: ClassVar[bool]

    def __init__(
        self,
        model: Model | Callable[..., Model],
        *,
        optimizer: Any = None,
        loss: Any = None,
        metrics: Any = None,
        epochs: int = 1,
        batch_size: int | None = None,
        validation_split: float = 0.0,
        callbacks: Any = None,
        shuffle: bool = True,
        verbose: int | str = 1,
        random_state: int | np.random.RandomState | None = None,
        warm_start: bool = False,
        **parameters: Any,
    ) -> None:
        self._keep_parameters(locals())

    def _keep_parameters(self, given: dict[str, Any]) -> None:
        """Set the attributes of the parameters of ``__init__``, from its ``locals()``; nested ones are kept apart."""
        nested = given["parameters"]
        routing.check_names(nested)
        self._nested = nested
        keep_parameters(self, {name: value for name, value in given.items() if name != "parameters"})

    # ---- parameters ------------------------------------------------------------------------------------------

    def __getattr__(self, name: str) -> Any:
        nested = vars(self).get("_nested", {})
        kept = routing.kept_name(name, nested)
        if kept in nested:
            return nested[kept]
        return object.__getattribute__(self, name)  # raises what sent us here, which may say why

    def __setattr__(self, name: str, value: Any) -> None:
        if name in vars(self).get("_nested", {}) or routing.is_nested(name):
            self._nest(**{name: value})
        else:
            super().__setattr__(name, value)

    def _nest(self, **parameters: Any) -> None:
        """Set parameters that are not in the signature. A shallow copy of this estimator keeps its own."""
        kept = {routing.kept_name(name, self._nested): value for name, value in parameters.items()}
        self._nested = {**self._nested, **kept}

    def get_params(self, deep: bool = True) -> dict[str, Any]:
        """Return the parameters, nested ones included.

        Parameters
        ----------
        deep : bool, default=True
            Of no effect: no parameter is an estimator.

        Returns
        -------
        params : dict of str to object
        """
        return {**super().get_params(deep=False), **self._nested}

    def set_params(self, **params: Any) -> Self:
        """Set parameters.

        Parameters
        ----------
        **params : dict
            Parameters of the constructor, those that were given to it, or any nested ones (``model__units``).

        Returns
        -------
        self : object

        Raises
        ------
        ValueError
            For unknown names, and for both names of a parameter; nothing has been set then.
        """
        known = self.get_params()
        for name in params:
            if name not in known and "__" not in name:
                raise ValueError(
                    f"Invalid parameter {name!r} for estimator {type(self).__name__}. Valid parameters are: "
                    f"{list(known)!r}, and nested ones such as 'model__{name}'."
                )
        routing.check_names(name for name in params if name in self._nested or "__" in name)
        for name, value in params.items():
            setattr(self, name, value)
        return self

    def _routed(self) -> dict[str, dict[str, Any]]:
        """Return the nested parameters by destination; those of fit and predict are known to be theirs."""
        routed = routing.routed(self._nested)
        for name in ("fit", "predict"):
            routing.check_arguments(getattr(Model, name), routed[name], f"{name}__", taken=_DATA)
        return routed

    # ---- what subclasses say ---------------------------------------------------------------------------------

    @abstractmethod
    def _make_targets(self, y: Any, classes: Any) -> ClassTargets | NumberTargets:
        """Return what is to be learnt, the first time."""

    def _describe(self, X: np.ndarray, y: Any, targets: ClassTargets | NumberTargets) -> dict[str, Any]:
        """Return the attributes that say what X and y are."""
        return {
            "X_shape_": X.shape,
            "X_dtype_": X.dtype,
            "y_dtype_": y.dtype,
            "y_ndim_": y.ndim,
            "target_type_": targets.kind,
            "n_outputs_": targets.outputs,
            "n_outputs_expected_": 1,
        }

    def _settle(self, X: np.ndarray, y: Any, targets: ClassTargets | NumberTargets, model: Model) -> None:
        """Decide what about new targets the loss of the new model tells."""

    def _weigh(self, y: Any, targets: ClassTargets | NumberTargets) -> Weigh:
        """Return a function that gives rows weights for their numbers; y is what is trained on."""
        return lambda numbers: None

    # ---- training --------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any, sample_weight: Any = None, validation_data: Any = None) -> Self:
        """Build the model and train it.

        Parameters
        ----------
        X : {array-like, sparse matrix} of shape (n_samples, n_features) or (n_samples, ...)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The targets.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        validation_data : tuple (X, y) or (X, y, sample_weight), default=None
            Evaluated after each epoch; goes before ``validation_split``.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError, TypeError
            If parameters or data are bad, or the model does not fit them.
        DivergenceError
            When the loss or a weight becomes NaN or infinite. ``model_`` is as after the last finite epoch then.
        """
        first = not (self.warm_start and hasattr(self, "model_"))
        return self._train(X, y, None, sample_weight, validation_data, first, one_epoch=False)

    def _train(
        self, X: Any, y: Any, classes: Any, sample_weight: Any, validation_data: Any, first: bool, one_epoch: bool
    ) -> Self:
        """Train a new model (``first``) or the present one, for ``epochs`` or for one more epoch."""
        routed = self._routed()
        told = twin(self)
        X, y, sample_weight = told._check_data(X, y, sample_weight, reset=first)
        targets = self._make_targets(y, classes) if first else self._targets
        about = {**features_of(told), **self._describe(X, y, targets)} if first else {}
        seed = check_random_state(self.random_state).randint(np.iinfo(np.int32).max)
        going_on = (
            self._built(about, routed) if first else self._kept(routed, "partial_fit" if one_epoch else "warm_start")
        )
        with random.seeded(seed), threads.limited(threads_for(None)), going_on as (model, made_with):
            if first:
                self._settle(X, y, targets, model)
            rows = partial(self._rows, targets, model, self._weigh(y, targets))
            data = rows(X, y, sample_weight)
            arguments = {**told._fit_arguments(routed, validation_data, rows), **data}
            if one_epoch:
                done = 0 if first else self.current_epoch
                arguments.update(initial_epoch=done, epochs=done + 1)
            history = dict(self.history_) if one_epoch and not first else {}
            fitted = {**features_of(told), **about, "_targets": targets, "history_": history, "_made_with": made_with}
            self._run(model, arguments, fitted)
        return self

    def _check_data(self, X: Any, y: Any, sample_weight: Any, reset: bool) -> tuple[np.ndarray, Any, Any]:
        """Check what is learnt from as scikit-learn does; ``reset``: it says what features there are."""
        refuse_dates("X", X)
        if self._y_numeric:
            refuse_dates("y", y)
        X, y = validate_data(
            self, X, y, accept_sparse="csr", multi_output=True, y_numeric=self._y_numeric, allow_nd=True,
            dtype="numeric", reset=reset,
        )  # fmt: skip
        y = y.toarray() if self._y_numeric and sparse.issparse(y) else y
        return native(X), y, checked_sample_weight(sample_weight, X)

    @property
    def _compile_with(self) -> dict[str, Any]:
        return {"optimizer": self.optimizer, "loss": self.loss, "metrics": self.metrics}

    @contextmanager
    def _built(self, about: dict[str, Any], routed: Routed) -> Iterator[tuple[Model, dict[str, Any]]]:
        """Give a new compiled model for data that are like this, and what it is made with."""
        model = build_model(self.model, self._compile_with, routed, about, self.get_params())
        own = model._runtime.compiled_with
        compile_model(model, self._compile_with, routed)
        yield model, {**noted(self.model, self._compile_with, routed), "own": own}

    @contextmanager
    def _kept(self, routed: Routed, how: str) -> Iterator[tuple[Model, dict[str, Any]]]:
        """Give the present model, compiled anew where parameters are others; as it was again if it is not trained."""
        model, before = self.model_, self._made_with
        now = noted(self.model, self._compile_with, routed)
        refuse_another_model(before["model"], now["model"], how)
        others, compiled_with = changed(before, now), model._runtime.compiled_with
        made_with = {**now, "own": before["own"]}
        if others:
            compile_anew(model, others, self._compile_with, routed, before["own"])
        try:
            yield model, made_with
        except BaseException:
            if others and self._made_with is not made_with:
                model.compile(**compiled_with)
            raise

    @staticmethod
    def _rows(
        targets: Any, model: Model, weigh: Weigh, X: np.ndarray, y: Any, sample_weight: Any, of: str = ""
    ) -> dict[str, Any]:
        """Return checked data as arguments of the model's fit; ``of`` says in errors which data they are."""
        numbers = targets.numbers(y)
        weight = joint_weights(sample_weight, weigh(numbers))
        refuse_weightless(weight, model._float_dtype, of)
        return {"x": X, "y": targets.for_model(numbers, model, output_units(model, X.shape)), "sample_weight": weight}

    def _fit_arguments(
        self, routed: dict[str, dict[str, Any]], validation_data: Any, rows: Callable[..., dict[str, Any]]
    ) -> dict[str, Any]:
        """Return the other arguments of the model's fit; ``rows`` makes such of data."""
        if self.callbacks is not None and routed["fit"].get("callbacks") is not None:
            raise ValueError("'callbacks' and 'fit__callbacks' are one parameter: give it by one of its names")
        arguments = {
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "validation_split": self.validation_split,
            "shuffle": self.shuffle,
            "verbose": self.verbose,
            "callbacks": self.callbacks,
            **routed["fit"],
        }
        arguments["callbacks"] = make_callbacks(arguments["callbacks"], routed["callbacks"])
        given = arguments.get("validation_data") if validation_data is None else validation_data
        if given is not None:
            if not isinstance(given, (tuple, list)) or len(given) not in (2, 3):
                raise ValueError(f"validation_data must be (X, y) or (X, y, sample_weight), got {given!r}")
            with naming("validation_data"):
                data = self._check_data(*given, *(None,) * (3 - len(given)), reset=False)
                arguments["validation_data"] = tuple(rows(*data, of=" of validation_data").values())
        return arguments

    def _run(self, model: Model, arguments: dict[str, Any], fitted: dict[str, Any]) -> None:
        """Train, and set the attributes, also where training diverges or is broken off, by whatever that may be."""
        updates = int(model.optimizer.iterations)
        try:
            model.fit(**arguments)
        except BaseException as error:
            # What is refused before the first update leaves all as it was.
            if isinstance(error, DivergenceError) or int(model.optimizer.iterations) != updates:
                self._keep(model, fitted)
            raise
        self._keep(model, fitted)

    def _keep(self, model: Model, fitted: dict[str, Any]) -> None:
        model.history.set_model(None)  # which goes with the estimator, not with the next collection
        history = fitted["history_"]
        for name, values in model.history.history.items():
            history[name] = history.get(name, []) + values
        note_features(self, {**fitted, "model_": model})

    @property
    def current_epoch(self) -> int:
        """How many epochs were trained since `fit` built the model, or went on with it."""
        return len(getattr(self, "history_", {}).get("loss", ()))

    # ---- predicting ------------------------------------------------------------------------------------------

    def _outputs(self, X: Any) -> np.ndarray:
        """Return the model's outputs, shape (n_samples, units); features that its dtype cannot hold are refused."""
        check_is_fitted(self)
        if not are_plain(X, self):
            refuse_dates("X", X)
            X = validate_data(self, X, accept_sparse="csr", allow_nd=True, dtype="numeric", reset=False)
        if not np.can_cast(X.dtype, self.model_._input_dtype):  # finite as they are, they may be beyond it
            check_finite(as_features(X, "x"), "x", self.model_._input_dtype)
        with threads.limited(threads_for(None)):
            return self.model_.predict(X, **{"verbose": 0, **self._routed()["predict"]})

    def __copy__(self) -> Self:
        """A shallow copy has a model of its own: `partial_fit` changes the weights of the one it has."""
        found = twin(self)
        if hasattr(self, "model_"):
            found.model_ = deepcopy(self.model_)
        return found

    def __sklearn_is_fitted__(self) -> bool:
        return hasattr(self, "model_")

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.input_tags.sparse = True
        return tags
