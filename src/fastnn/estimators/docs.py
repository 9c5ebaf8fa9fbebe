"""The parts of docstrings that estimators share, each written once."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Iterable
from functools import partial

__all__ = ["ATTRIBUTES", "EXTENSIONS", "PARAMETERS", "documented", "only"]

PARAMETERS = """\
hidden_layer_sizes : int or array-like of int, default=(100,)
    The number of units of each hidden layer.
activation : str, callable or sequence of those, default='relu'
    Activation of the hidden layers, or a list with one for each: 'identity', 'logistic', 'tanh', 'relu', any of
    `fastnn.activations` by name, or a function of a tensor.
solver : {'lbfgs', 'sgd', 'adam'}, default='adam'
    'sgd': stochastic gradient descent with momentum; 'adam': Kingma and Ba's method; 'lbfgs': SciPy's L-BFGS-B on all
    samples at once, always in float64: good for small data sets.
alpha : float, default=0.0001
    Strength of the L2 penalty: ``alpha / 2`` times the sum of squares of ``coefs_``, divided by the size of the batch
    (the sum of its sample weights), is added to the loss.
batch_size : int or 'auto', default='auto'
    Samples of an update. 'auto' is ``min(200, n_samples)``. Not for solver='lbfgs'.
learning_rate : {'constant', 'invscaling', 'adaptive'} or LearningRateSchedule, default='constant'
    How the learning rate changes. The names are for solver='sgd' and for ``optimizer``; an object of
    `fastnn.optimizers.schedules` is a function of the number of the update and takes the place of
    ``learning_rate_init``.

    - 'constant': it stays ``learning_rate_init``.
    - 'invscaling': after each epoch it is ``learning_rate_init / (t_ + 1) ** power_t``.
    - 'adaptive': where training would stop, it is divided by 5 instead, until it is below 1e-6.
learning_rate_init : float, default=0.001
    The first learning rate.
power_t : float, default=0.5
    Exponent of learning_rate='invscaling'.
max_iter : int, default=200
    The largest number of epochs, or of iterations of solver='lbfgs'. A `ConvergenceWarning` tells that it was reached.
shuffle : bool, default=True
    Whether each epoch sees the samples in a new order.
random_state : int, RandomState instance or None, default=None
    Determines the first weights, the validation set of early stopping and the order of samples.
tol : float, default=1e-4
    Training stops when the loss (or, with early stopping, the validation score) has not got better by at least
    ``tol`` for more than ``n_iter_no_change`` epochs in a row. For solver='lbfgs' the largest gradient at the end.
verbose : bool or int, default=False
    Whether to print the loss of each epoch.
warm_start : bool, default=False
    Whether `fit` starts from the weights of the previous call. The solver starts anew, unless ``warm_start_optimizer``.
momentum : float, default=0.9
    Momentum of solver='sgd', between 0 and 1.
nesterovs_momentum : bool, default=True
    Whether solver='sgd' uses Nesterov's momentum.
early_stopping : bool, default=False
    Whether to stop when the score of the samples in ``validation_data``, or of ``validation_fraction`` of the samples,
    which is then held out, stops getting better. The weights with the best score are kept. Held out samples are
    stratified for two classes. Not for solver='lbfgs'.
validation_fraction : float, default=0.1
    The share of samples that is held out for early stopping.
beta_1 : float, default=0.9
    Decay rate of the mean gradient of solver='adam', in [0, 1).
beta_2 : float, default=0.999
    Decay rate of the mean square of solver='adam', in [0, 1).
epsilon : float, default=1e-8
    Keeps the divisor of solver='adam' away from zero.
n_iter_no_change : int, default=10
    How many epochs in a row may pass without getting better; infinity: any number.
max_fun : int, default=15000
    The largest number of evaluations of loss and gradient with solver='lbfgs'.
"""

EXTENSIONS = """\
dropout : float or sequence of float, default=0.0
    The share of each hidden layer's outputs that is set to zero in training (a list: one share a layer); the others are
    divided by ``1 - dropout``. Not for solver='lbfgs'.
normalization : {'batch', 'layer'} or sequence of those or None, default=None
    What brings the units of each hidden layer to mean 0 and variance 1 before its activation (a list: one entry a
    layer, None for a layer without): `fastnn.layers.BatchNormalization` or `LayerNormalization`. Not for
    solver='lbfgs'.
l1 : float, default=0.0
    Strength of the L1 penalty: ``l1`` times the sum of the absolute values of ``coefs_``, divided as that of ``alpha``.
optimizer : str or Optimizer, default=None
    Any of `fastnn.optimizers` in the place of ``solver``: by name, with ``learning_rate_init`` and its own defaults; or
    an object, which is not changed, with its own learning rate and clipping.
clipnorm : float, default=None
    The largest Euclidean norm of the gradient of each kernel and bias: longer ones are scaled down. Not for
    solver='lbfgs', as the next two; only one of the three can be given.
clipvalue : float, default=None
    The largest absolute value of an element of a gradient.
global_clipnorm : float, default=None
    The largest Euclidean norm of all gradients together.
scoring : str or callable, default=None
    What early stopping looks at: a scorer by scikit-learn's name, a function ``scorer(estimator, X, y)``, or 'loss',
    for minus the validation loss. None: accuracy or R². With ``sample_weight`` a scorer is given
    ``sample_weight=``, too; one that takes none scores without, and a warning says so. Not for solver='lbfgs'.
warm_start_optimizer : bool, default=False
    Whether a warm start also goes on with the optimizer's state: its learning rate, number of updates and moments. Not
    for solver='lbfgs'.
dtype : {'float32', 'float64'} or such a type or dtype of NumPy's, default=None
    What is computed in. None: float32 for float32 features, float64 for all others.
n_jobs : int, default=None
    The largest number of threads for `fit` and predictions, and never more than `fastnn.set_num_threads` allows; -1:
    one for each processor. None: all that are set, and one in joblib's workers. Results do not depend on it.
"""

ATTRIBUTES = """\
loss_ : float
    The loss of the last epoch: the mean over samples of their batch's loss before the batch's update, penalty
    included.
best_loss_ : float or None
    The smallest loss of an epoch; None with early stopping. Not there with solver='lbfgs', as the next four.
loss_curve_ : list of float
    The loss of each epoch.
validation_scores_ : list of float or None
    The score of the validation samples after each epoch; None where there are none.
validation_loss_curve_ : list of float or None
    Their mean loss after each epoch, without penalties.
best_validation_score_ : float or None
    The largest score. With early stopping that of the best weights on the samples that the last call looked at: the
    weights that a warm start or a further `partial_fit` on other validation samples begins with have one, too.
converged_ : bool
    Whether training ended because it had converged by ``tol``, not because ``max_iter`` was reached.
t_ : int
    How many samples were seen, counted in each epoch.
coefs_ : list of ndarray of shape (n_inputs, n_outputs)
    The kernel of each layer: the memory from which predictions are made.
intercepts_ : list of ndarray of shape (n_outputs,)
    The bias of each layer.
normalization_ : list of (dict of str to ndarray of shape (n_outputs,), or None), or None
    What each hidden layer is normalized by: 'gamma', 'beta' and, of batches, 'moving_mean' and 'moving_variance'. None
    where no layer is.
n_features_in_ : int
    How many features `fit` saw.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Their names, if all are strings.
n_iter_ : int
    How many epochs (or iterations of solver='lbfgs') the last `fit` took.
n_layers_ : int
    How many layers there are, inputs and outputs included.
n_outputs_ : int
    How many outputs the network has.
out_activation_ : str
    Name of the output activation.
"""


def only(text: str, without: Iterable[str]) -> str:
    """Return a list of parameters or attributes without some of them."""
    entries = re.split(r"^(?=\w)", text, flags=re.MULTILINE)
    return "".join(entry for entry in entries if entry.partition(" : ")[0] not in without)


_PARTS = {"parameters": PARAMETERS, "extensions": EXTENSIONS, "attributes": ATTRIBUTES}


def documented(cls: type | None = None, **parts: str) -> type | Callable[[type], type]:
    """Put the shared parts in the place of ``[parameters]``, ``[extensions]`` and ``[attributes]`` in a docstring.

    ``parts`` are other texts, by the names that stand in brackets.
    """
    if cls is None:
        return partial(documented, **parts)
    if cls.__doc__ is not None:  # None under python -OO
        doc = inspect.cleandoc(cls.__doc__)
        for name, text in (parts or _PARTS).items():
            doc = doc.replace(f"[{name}]\n", text)
        cls.__doc__ = doc
    return cls
