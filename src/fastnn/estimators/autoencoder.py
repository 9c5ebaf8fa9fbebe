"""AutoencoderTransformer."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from copy import copy
from numbers import Integral, Real
from typing import Any, ClassVar, Self

import numpy as np
from sklearn.base import BaseEstimator, ClassNamePrefixFeaturesOutMixin, TransformerMixin, _fit_context
from sklearn.utils import check_array
from sklearn.utils._param_validation import Interval, StrOptions
from sklearn.utils.metaestimators import available_if
from sklearn.utils.validation import check_is_fitted, validate_data

from .. import threads
from ..losses import Loss
from ..optimizers import Optimizer
from ..optimizers.schedules import LearningRateSchedule
from .base import has_partial_fit
from .call import Given, Owner, naming
from .docs import ATTRIBUTES, EXTENSIONS, PARAMETERS, documented, only
from .features import checked_rows, features_of, note_features, refuse_dates, twin
from .network import Noise
from .parameters import (
    CONSTRAINTS,
    dropout_rates,
    hidden_activations,
    hidden_units,
    keep_parameters,
    threads_for,
    validated,
)
from .regressor import MLPRegressor
from .tasks import CallbackSupportMixin
from .weights import checked_sample_weight

__all__ = ["AutoencoderTransformer"]

_OWN = ("n_components", "code_activation", "noise", "noise_type")
_MIRRORED = ("hidden_layer_sizes", "activation", "dropout")
#: What training leaves behind.
_FITTED = (
    "coefs_", "intercepts_", "n_layers_", "out_activation_", "n_iter_", "t_", "converged_", "loss_", "loss_curve_",
    "best_loss_", "validation_scores_", "validation_loss_curve_", "best_validation_score_",
)  # fmt: skip


@documented(
    parameters=only(PARAMETERS, without=_MIRRORED),
    extensions=only(EXTENSIONS, without=(*_MIRRORED, "normalization", "scoring")),
    attributes=only(ATTRIBUTES, without=("normalization_", "n_outputs_", "n_features_in_", "feature_names_in_")),
)
class AutoencoderTransformer(CallbackSupportMixin, ClassNamePrefixFeaturesOutMixin, TransformerMixin, BaseEstimator):
    """A network that learns to say again what it is told, through a bottleneck of a few numbers.

    The encoder's hidden layers lead to a layer of ``n_components`` units, whose outputs `transform` returns; the
    decoder's are the same in reverse order, and lead from there to `inverse_transform`. It is an `MLPRegressor` whose
    targets are its features, with all of its ways of training.

    Parameters
    ----------
    n_components : int, default=2
        The number of units of the bottleneck.
    hidden_layer_sizes : int or array-like of int, default=(100,)
        The number of units of each hidden layer of the encoder; the decoder's are the same in reverse order. ``()``:
        none, and with a linear bottleneck the best that can be learnt is what PCA finds.
    activation : str, callable, or list of them, default='relu'
        Of the hidden layers, by scikit-learn's name or any of `fastnn.activations`; a list: one for each layer of the
        encoder, mirrored in the decoder.
    code_activation : str or callable, default='identity'
        Of the bottleneck.
    output_activation : str or callable, default=None
        Of the last layer. None is 'exp' for loss='poisson', else 'identity'.
    loss : str, Loss or callable, default='squared_error'
        What is minimized between inputs and outputs: see `MLPRegressor`.
    quantile : float, default=0.5
        Of each feature, what loss='quantile' finds, between 0 and 1.
    delta : float, default=1.0
        Where loss='huber' becomes linear.
    noise : float, default=0.0
        Inputs are disturbed in training, anew in each step, and what was there before is to be found again (a denoising
        autoencoder). Not for solver='lbfgs'.
    noise_type : {'gaussian', 'masking'}, default='gaussian'
        'gaussian' adds normal numbers of standard deviation ``noise``; 'masking' sets a share ``noise`` of the inputs
        to 0.
    dropout : float or sequence of float, default=0.0
        The share of each hidden layer's outputs that is set to zero in training (a list: one for each layer of the
        encoder, mirrored in the decoder); never of the bottleneck. Not for solver='lbfgs'.
    [parameters]
    [extensions]
    scoring : str or callable, default=None
        What early stopping looks at: a scorer of regressors by scikit-learn's name, a function
        ``scorer(regressor, X, X)`` of the `MLPRegressor` of features on themselves, or 'loss', for minus the validation
        loss. None: R².

    Attributes
    ----------
    n_components_ : int
        The number of units of the bottleneck.
    n_features_in_ : int
        How many features `fit` saw.
    feature_names_in_ : ndarray of shape (n_features_in_,)
        Their names, if all are strings.
    [attributes]

    See Also
    --------
    MLPRegressor : The network that is trained.

    References
    ----------
    Hinton and Salakhutdinov, "Reducing the dimensionality of data with neural networks", Science 313, 2006.

    Vincent, Larochelle, Bengio and Manzagol, "Extracting and composing robust features with denoising autoencoders",
    ICML 2008.

    Examples
    --------
    >>> from fastnn import AutoencoderTransformer
    >>> from sklearn.datasets import load_digits
    >>> X = load_digits().data / 16
    >>> coder = AutoencoderTransformer(8, (64,), learning_rate_init=0.01, max_iter=40, tol=1e-3, random_state=0)
    >>> codes = coder.fit_transform(X)
    >>> codes.shape
    (1797, 8)
    >>> bool(coder.reconstruction_error(X).mean() < 0.5 * X.var(axis=0).mean())
    True
    """

    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **{name: each for name, each in MLPRegressor._parameter_constraints.items() if name != "normalization"},
        "n_components": [Interval(Integral, 1, None, closed="left")],
        "code_activation": [each for each in CONSTRAINTS["activation"] if each != "array-like"],
        "noise": [Interval(Real, 0, None, closed="left")],
        "noise_type": [StrOptions({"gaussian", "masking"})],
    }

    def __init__(
        self,
        n_components: int = 2,
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Callable[..., Any] | Sequence[Any] = "relu",
        *,
        code_activation: str | Callable[..., Any] = "identity",
        output_activation: str | Callable[..., Any] | None = None,
        loss: str | Loss | Callable[..., Any] = "squared_error",
        quantile: float = 0.5,
        delta: float = 1.0,
        noise: float = 0.0,
        noise_type: str = "gaussian",
        dropout: float | Sequence[float] = 0.0,
        solver: str = "adam",
        alpha: float = 0.0001,
        batch_size: int | str = "auto",
        learning_rate: str | LearningRateSchedule = "constant",
        learning_rate_init: float = 0.001,
        power_t: float = 0.5,
        max_iter: int = 200,
        shuffle: bool = True,
        random_state: int | np.random.RandomState | None = None,
        tol: float = 1e-4,
        verbose: bool | int = False,
        warm_start: bool = False,
        momentum: float = 0.9,
        nesterovs_momentum: bool = True,
        early_stopping: bool = False,
        validation_fraction: float = 0.1,
        beta_1: float = 0.9,
        beta_2: float = 0.999,
        epsilon: float = 1e-8,
        n_iter_no_change: int | float = 10,
        max_fun: int = 15000,
        l1: float = 0.0,
        optimizer: str | Optimizer | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        scoring: str | Callable[..., float] | None = None,
        warm_start_optimizer: bool = False,
        dtype: str | type | None = None,
        n_jobs: int | None = None,
    ) -> None:
        keep_parameters(self, locals())

    # ---- training --------------------------------------------------------------------------------------------

    @_fit_context(prefer_skip_nested_validation=True)
    def fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, validation_data: Any = None) -> Self:
        """Train encoder and decoder.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The features. float32 is trained in float32, anything else in float64, unless ``dtype`` says otherwise.
        y : None
            Ignored; there for scikit-learn's pipelines.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        validation_data : array-like of shape (n_samples, n_features), default=None
            Features whose score and loss are noted after each epoch; with ``early_stopping`` they decide, and nothing
            is held out. Not for solver='lbfgs'.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad, or if training diverges; the message says in which epoch.
        """
        going_on = self.warm_start and hasattr(self, "_regressor")
        return self._train(X, sample_weight, validation_data, going_on)

    @available_if(has_partial_fit)
    @validated
    def partial_fit(self, X: Any, y: Any = None, sample_weight: Any = None, *, validation_data: Any = None) -> Self:
        """Train for one epoch, going on from the present weights and the optimizer's state.

        Parameters
        ----------
        X, y, sample_weight
            As for `fit`.
        validation_data : array-like of shape (n_samples, n_features), default=None
            Features whose score and loss are noted after the epoch. Needed with ``early_stopping``: see `MLPRegressor`.

        Returns
        -------
        self : object
            The trained estimator.
        """
        return self._train(X, sample_weight, validation_data, hasattr(self, "_regressor"), incremental=True)

    def _train(
        self, X: Any, sample_weight: Any, validation_data: Any, going_on: bool, incremental: bool = False
    ) -> Self:
        told = twin(self)
        features, targets = told._on_itself(X, reset=not going_on)
        if isinstance(validation_data, tuple):
            raise ValueError(
                "validation_data must be features alone, of shape (n_samples, n_features), got a tuple of "
                f"{len(validation_data)}"
            )
        if validation_data is not None:
            with naming("validation_data"):
                validation_data = told._on_itself(validation_data, reset=False)
        regressor = twin(self._regressor) if going_on else MLPRegressor()
        regressor.set_params(**self._regressor_parameters())
        regressor._noise = self._checked_noise()

        def begun() -> None:
            note_features(self, {**features_of(told), "_regressor": regressor, "n_components_": self.n_components})

        owner = Owner(self, X, begun)
        regressor._train(Given(features, targets, sample_weight, validation_data, incremental, owner=owner))
        return self

    def _on_itself(self, X: Any, reset: bool) -> tuple[np.ndarray, np.ndarray]:
        """Return checked features, and what the regressor is to make of them."""
        refuse_dates("X", X)
        X = validate_data(self, X, dtype=(np.float64, np.float32), order="C", reset=reset)
        return X, X if X.shape[1] > 1 else X.ravel()

    def __getattr__(self, name: str) -> Any:
        """What training leaves behind is the regressor's."""
        if name in _FITTED and "_regressor" in vars(self):
            return getattr(self._regressor, name)
        return super().__getattribute__(name)  # raises what brought us here

    def __setattr__(self, name: str, value: Any) -> None:
        owner = vars(self).get("_regressor") if name in _FITTED else None
        if owner is None:
            super().__setattr__(name, value)
        else:
            setattr(owner, name, value)

    def __getstate__(self) -> dict[str, Any]:
        """Give a shallow copy a regressor of its own: `partial_fit` changes the weights of the one it has."""
        state = super().__getstate__()
        return {**state, "_regressor": copy(state["_regressor"])} if "_regressor" in state else state

    def __dir__(self) -> list[str]:
        return sorted({*super().__dir__(), *(name for name in _FITTED if hasattr(self, name))})

    def _regressor_parameters(self) -> dict[str, Any]:
        """Return the parameters of the regressor of features on themselves."""
        sizes = hidden_units(self.hidden_layer_sizes)
        activations = hidden_activations(self.activation, len(sizes))
        rates = dropout_rates(self.dropout, len(sizes))
        mirrored = {
            "hidden_layer_sizes": [*sizes, self.n_components, *reversed(sizes)],
            "activation": [*activations, self.code_activation, *reversed(activations)],
            "dropout": [*rates, 0.0, *reversed(rates)],
        }
        own = {name: value for name, value in self.get_params(deep=False).items() if name not in _OWN}
        return {**own, **mirrored}

    def _checked_noise(self) -> Noise | None:
        if not self.noise:
            return None
        if self.noise_type == "masking" and self.noise >= 1:
            raise ValueError(f"noise must be less than 1 for noise_type='masking', got {self.noise}")
        if self.solver == "lbfgs":
            raise ValueError(f"solver='lbfgs' minimizes one function, and cannot be used with noise={self.noise}")
        return Noise(self.noise_type, float(self.noise))

    # ---- encoder and decoder ---------------------------------------------------------------------------------

    def transform(self, X: Any) -> np.ndarray:
        """Return what the bottleneck says about samples.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The features.

        Returns
        -------
        codes : ndarray of shape (n_samples, n_components)
            In the dtype that the estimator was trained in.
        """
        return self._through(self._features(X), 0, self._bottleneck)

    def inverse_transform(self, X: Any) -> np.ndarray:
        """Return the features that the decoder makes of codes.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_components)
            Codes, as `transform` returns them.

        Returns
        -------
        X_original : ndarray of shape (n_samples, n_features)
        """
        check_is_fitted(self)
        refuse_dates("X", X)
        X = check_array(X, input_name="X")
        if X.shape[1] != self.n_components_:
            raise ValueError(f"X has {X.shape[1]} components, but {type(self).__name__} has {self.n_components_}")
        return self._through(X, self._bottleneck, None)

    def reconstruction_error(self, X: Any) -> np.ndarray:
        """Return how far samples are from what becomes of them: large for samples unlike those of `fit`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The features.

        Returns
        -------
        errors : ndarray of shape (n_samples,)
            The mean over features of the squared differences.
        """
        X = self._features(X)
        return np.square(X - self._through(X, 0, None)).mean(axis=1)

    def score(self, X: Any, y: Any = None, sample_weight: Any = None) -> float:
        """Return minus the mean of `reconstruction_error`.

        Parameters
        ----------
        X : array-like of shape (n_samples, n_features)
            The features.
        y : None
            Ignored.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples.

        Returns
        -------
        score : float
            At most 0, and the greater the better.
        """
        errors = self.reconstruction_error(X)
        return -float(np.average(errors, weights=checked_sample_weight(sample_weight, errors)))

    @property
    def _bottleneck(self) -> int:
        """How many layers the encoder has."""
        return (self.n_layers_ - 1) // 2

    @property
    def _n_features_out(self) -> int:
        return self.n_components_

    def _features(self, X: Any) -> np.ndarray:
        """Return features to predict from, checked against those of `fit`."""
        check_is_fitted(self)
        return checked_rows(self, X)

    def _through(self, X: np.ndarray, first: int, last: int | None) -> np.ndarray:
        """Return what some of the layers make of rows."""
        with threads.limited(threads_for(self.n_jobs)):
            return self._regressor._fitted_network().predict(X, first, last)

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.transformer_tags.preserves_dtype = ["float64", "float32"]
        return tags
