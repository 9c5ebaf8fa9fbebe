"""The parts of docstrings that estimators share, each written once."""

from __future__ import annotations

import inspect

__all__ = ["documented"]

PARAMETERS = """\
hidden_layer_sizes : int or array-like of int, default=(100,)
    The number of units of each hidden layer.
activation : {'identity', 'logistic', 'tanh', 'relu'}, default='relu'
    Activation of the hidden layers.
solver : {'lbfgs', 'sgd', 'adam'}, default='adam'
    'sgd': stochastic gradient descent with momentum; 'adam': Kingma and Ba's method; 'lbfgs': SciPy's L-BFGS-B on all
    samples at once, always in float64: good for small data sets.
alpha : float, default=0.0001
    Strength of the L2 penalty: ``alpha / 2`` times the sum of squares of ``coefs_``, divided by the size of the batch
    (the sum of its sample weights), is added to the loss.
batch_size : int or 'auto', default='auto'
    Samples of an update. 'auto' is ``min(200, n_samples)``. Not for solver='lbfgs'.
learning_rate : {'constant', 'invscaling', 'adaptive'}, default='constant'
    How the learning rate changes; only with solver='sgd'.

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
    Whether `fit` starts from the weights of the previous call. The solver starts anew.
momentum : float, default=0.9
    Momentum of solver='sgd', between 0 and 1.
nesterovs_momentum : bool, default=True
    Whether solver='sgd' uses Nesterov's momentum.
early_stopping : bool, default=False
    Whether to hold out ``validation_fraction`` of the samples and to stop when the score on them (accuracy or R²) stops
    getting better. The weights with the best score are kept. Held out samples are stratified for two classes.
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

ATTRIBUTES = """\
loss_ : float
    The loss of the last epoch: the mean over samples of their batch's loss before the batch's update, penalty
    included.
best_loss_ : float or None
    The smallest loss of an epoch; None with early stopping.
loss_curve_ : list of float
    The loss of each epoch.
validation_scores_ : list of float or None
    The score on the held out samples after each epoch; None without early stopping.
best_validation_score_ : float or None
    The largest of them.
t_ : int
    How many samples were seen, counted in each epoch.
coefs_ : list of ndarray of shape (n_inputs, n_outputs)
    The kernel of each layer: the memory from which predictions are made.
intercepts_ : list of ndarray of shape (n_outputs,)
    The bias of each layer.
n_features_in_ : int
    How many features `fit` saw.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Their names, if all are strings.
n_iter_ : int
    How many epochs the last `fit` took.
n_layers_ : int
    How many layers there are, inputs and outputs included.
n_outputs_ : int
    How many outputs the network has.
out_activation_ : str
    Name of the output activation.
"""


def documented(cls: type) -> type:
    """Put the shared parts in the place of ``[parameters]`` and ``[attributes]`` in a class's docstring."""
    if cls.__doc__ is not None:  # None under python -OO
        doc = inspect.cleandoc(cls.__doc__)
        cls.__doc__ = doc.replace("[parameters]\n", PARAMETERS).replace("[attributes]\n", ATTRIBUTES)
    return cls
