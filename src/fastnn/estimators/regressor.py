"""MLPRegressor."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from numbers import Real
from typing import Any, ClassVar, Self

import numpy as np
from scipy import sparse
from sklearn.base import RegressorMixin
from sklearn.metrics import r2_score
from sklearn.utils import assert_all_finite, column_or_1d
from sklearn.utils._param_validation import Interval, StrOptions

from ..losses import Loss
from ..optimizers import Optimizer
from ..optimizers.schedules import LearningRateSchedule
from .base import MultilayerPerceptron
from .call import Given
from .docs import documented
from .objectives import REGRESSION, regression
from .parameters import CONSTRAINTS, LOSSES, keep_parameters, validated
from .targets import Encoded, Targets

__all__ = ["MLPRegressor"]


@documented
class MLPRegressor(RegressorMixin, MultilayerPerceptron):
    """Multi-layer perceptron regressor, with scikit-learn's parameters and results.

    Minimizes half the squared error, or another loss, by stochastic gradient descent or L-BFGS.

    Parameters
    ----------
    loss : str, Loss or callable, default='squared_error'
        What is minimized.

        - 'squared_error': half the squared error;
        - 'absolute_error': its median is what is predicted;
        - 'huber': half the squared error up to ``delta``, beyond it ``delta`` times the error minus ``delta² / 2``;
        - 'quantile': the pinball loss, by which a ``quantile`` is predicted;
        - 'poisson': half the Poisson deviance, with the exponential function as output activation (a logarithmic link);
          needs ``y >= 0``;
        - any other of `fastnn.losses` by name, such an object with its parameters, or a function
          ``loss(y_true, y_pred)`` of tensors of shape (n_samples, n_outputs) that returns one loss a sample. One with
          ``from_logits=True`` is given what goes into the output activation.

        With several outputs errors are summed over them; all but 'poisson' are reported (``loss_``) as the mean over
        outputs, as scikit-learn does. Losses of `fastnn.losses` have their own rule.
    [parameters]
    output_activation : str or callable, default=None
        Of the output layer, by scikit-learn's name or any of `fastnn.activations`, or a function of a tensor. None is
        'exp' for loss='poisson', else 'identity'.
    quantile : float, default=0.5
        What loss='quantile' predicts, between 0 and 1.
    delta : float, default=1.0
        Where loss='huber' becomes linear.
    [extensions]

    Attributes
    ----------
    [attributes]

    See Also
    --------
    MLPClassifier : Multi-layer perceptron classifier.

    Notes
    -----
    From the same ``random_state`` the first weights, the order of samples and the validation set are those of
    `sklearn.neural_network.MLPRegressor`, so that the results agree up to rounding.

    References
    ----------
    Glorot and Bengio, "Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.

    Kingma and Ba, "Adam: A method for stochastic optimization", ICLR 2015.

    Examples
    --------
    >>> from fastnn import MLPRegressor
    >>> from sklearn.datasets import make_regression
    >>> from sklearn.model_selection import train_test_split
    >>> X, y = make_regression(n_samples=200, n_features=20, random_state=1)
    >>> X_train, X_test, y_train, y_test = train_test_split(X, y, random_state=1)
    >>> regr = MLPRegressor(random_state=1, max_iter=2000, tol=0.1).fit(X_train, y_train)
    >>> regr.score(X_test, y_test)
    0.98...
    """

    _y_numeric: ClassVar[bool] = True
    _parameter_constraints: ClassVar[dict[str, list[Any]]] = {
        **CONSTRAINTS,
        "loss": [StrOptions({*REGRESSION, *LOSSES[0]}), *LOSSES[1]],
        "quantile": [Interval(Real, 0, 1, closed="neither")],
        "delta": [Interval(Real, 0, None, closed="neither")],
    }

    def __init__(
        self,
        loss: str | Loss | Callable[..., Any] = "squared_error",
        hidden_layer_sizes: int | Sequence[int] = (100,),
        activation: str | Callable[..., Any] | Sequence[Any] = "relu",
        *,
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
        output_activation: str | Callable[..., Any] | None = None,
        quantile: float = 0.5,
        delta: float = 1.0,
        dropout: float | Sequence[float] = 0.0,
        normalization: str | Sequence[str | None] | None = None,
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

    @validated
    def partial_fit(self, X: Any, y: Any, sample_weight: Any = None, *, validation_data: Any = None) -> Self:
        """Train for one epoch, going on from the present weights and the optimizer's state.

        With solver='lbfgs', which has no epochs, for ``max_iter`` iterations, as in scikit-learn.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.
        y : array-like of shape (n_samples,) or (n_samples, n_outputs)
            The numbers.
        sample_weight : array-like of shape (n_samples,), default=None
            Weights of the samples, not negative.
        validation_data : tuple (X, y) or (X, y, sample_weight), default=None
            Samples whose score and loss are noted after the epoch. Needed with ``early_stopping``: in the call in which
            the score has not got better for more than ``n_iter_no_change`` calls, ``converged_`` becomes True and the
            weights with the best score are put back.

        Returns
        -------
        self : object
            The trained estimator.

        Raises
        ------
        ValueError
            If parameters or data are bad, or training diverges.
        """
        return self._train(Given(X, y, sample_weight, validation_data, incremental=True))

    def predict(self, X: Any) -> np.ndarray:
        """Return the predicted numbers.

        Parameters
        ----------
        X : array-like or sparse matrix of shape (n_samples, n_features)
            The features.

        Returns
        -------
        y : ndarray of shape (n_samples,) or (n_samples, n_outputs)
            In the dtype that the estimator was trained in.
        """
        outputs = self._outputs(X)
        return outputs.ravel() if outputs.shape[1] == 1 else outputs

    def _targets(self, y: np.ndarray, dtype: np.dtype, first: bool, given: Given) -> Targets:
        outputs = 1 if y.ndim == 1 else y.shape[1]

        def encode(y: Any) -> Encoded:
            y = y.toarray() if sparse.issparse(y) else y
            if y.ndim == 2 and y.shape[1] == 1:
                y = column_or_1d(y, warn=True)
            if self.loss == "poisson" and (y < 0).any():
                raise ValueError(f"loss='poisson' needs y >= 0, but {int((y < 0).sum())} values of y are negative")
            with np.errstate(over="ignore", invalid="ignore"):  # the error says it
                values = np.ascontiguousarray(y, dtype=dtype).reshape(len(y), -1)
                assert_all_finite(values, input_name="y")
            if values.shape[1] != outputs:
                raise ValueError(f"y has {values.shape[1]} columns, but that of the training data has {outputs}")
            return Encoded(y, values)

        objective = regression(self.loss, self.output_activation, self.quantile, self.delta)
        return Targets(encode(y), encode, outputs, objective)

    def _score_outputs(self, outputs: np.ndarray, y: np.ndarray, sample_weight: np.ndarray | None) -> float:
        """Return R²; NaN where predictions are not finite."""
        if not np.isfinite(outputs).all():
            return np.nan
        with np.errstate(over="ignore"):  # of a network that is about to diverge
            return float(r2_score(y, outputs, sample_weight=sample_weight))

    def __sklearn_tags__(self) -> Any:
        tags = super().__sklearn_tags__()
        tags.target_tags.multi_output = True
        return tags
