"""The parts of the docstrings of KerasClassifier and KerasRegressor that both have."""

from __future__ import annotations

__all__ = ["ATTRIBUTES", "NESTED", "PARAMETERS"]

PARAMETERS = """\
model : Model, or callable that returns one
    The model is copied for every fit, weights and all, and never changed itself. A function gets ``meta``, a dict of
    the attributes below that describe the data (``n_features_in_``, ``n_outputs_``, ``target_type_``, …),
    ``compile_kwargs`` (a dict of optimizer, loss and metrics) and ``params`` (all parameters), each if it has an
    argument of that name, and the hyperparameters: ``model__units=8``, or ``units=8`` for short. What it returns need
    not be compiled.
optimizer : str, class or Optimizer, default=None
    None: the one that the model is compiled with, else "rmsprop". What is given goes before what the model is compiled
    with, here and for loss and metrics. Nested parameters are those of the class: ``optimizer__learning_rate=0.01``.
loss : str, class, Loss or callable, default=None
    Nested parameters: ``loss__label_smoothing=0.1``.
metrics : str, class, Metric, callable, or list or dict of them, default=None
    Nested parameters are for all of a list, or for one by its place: ``metrics__0__threshold=0.3``.
epochs : int, default=1
    How often `fit` goes through the data.
batch_size : int, default=None
    Samples of an update. None: 32.
validation_split : float, default=0.0
    The share of samples, the last ones, kept for validation.
callbacks : class, Callback, or list or dict of them, default=None
    Instances are used as they are; classes are instantiated for every fit, with nested parameters such as
    ``callbacks__patience=3``.
shuffle : bool, default=True
    Whether each epoch sees the samples in a new order.
verbose : {'auto', 0, 1, 2}, default=1
    0 silent, 1 a progress bar, 2 a line for each epoch. Predictions are silent unless ``predict__verbose`` says else.
random_state : int, RandomState instance or None, default=None
    Determines what is drawn at random in a fit: the weights of a model that a function builds, the order of samples,
    dropout. The same integer gives the same bits, whatever other threads do meanwhile. None draws from NumPy's
    generator. Dropout of a model that was given goes by the seeds that the model has.
warm_start : bool, default=False
    Whether `fit` goes on with the model and the optimizer of the previous call; ``history_`` and ``current_epoch``
    begin anew. Here and in `partial_fit` parameters may have changed in between: with another ``optimizer``, ``loss``
    or ``metrics``, nested parameters included, the model is compiled anew and keeps its weights (and its optimizer
    with the state, unless that has changed); those of a fit count from then on; others of the model itself (``model``,
    ``model__units`` or ``units``) are refused.
"""

NESTED = """\
**parameters : dict
    Nested parameters: ``model__``, ``optimizer__``, ``loss__``, ``metrics__``, ``callbacks__``, and ``fit__`` and
    ``predict__`` for any other argument of `Model.fit` and `Model.predict`. They can be set and searched like the
    others. Without ``__`` they are for the function that builds the model; a parameter is given by one of its names.
"""

ATTRIBUTES = """\
model_ : Model
    The trained model.
history_ : dict of str to list of float
    The loss and the metrics of each epoch; `partial_fit` adds to it.
n_features_in_ : int
    How many features `fit` saw: the second axis of X.
feature_names_in_ : ndarray of shape (n_features_in_,)
    Their names, if all are strings.
X_shape_ : tuple of int
    The shape of X.
X_dtype_ : dtype
    The dtype of X.
y_dtype_ : dtype
    The dtype of y.
y_ndim_ : int
    How many axes y has.
target_type_ : str
    What y is, in scikit-learn's words.
n_outputs_ : int
    How many columns y has.
n_outputs_expected_ : int
    How many outputs the model is to have: 1, an array with a row for each sample.
"""
