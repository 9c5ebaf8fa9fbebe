"""fastnn: small and medium neural networks, trained and served on a CPU at the speed of the hardware.

Two faces: Keras 3 (``import fastnn as keras``) and scikit-learn (``fastnn.MLPClassifier().fit(X, y)``).
"""

import importlib as _importlib

__version__ = "0.1.0"

from ._kernels import core as _core

if _core.isa_problem() is not None:
    raise ImportError(_core.isa_problem())

from . import config, ops, random, threads
from . import tensor as _tensor
from .autograd import GradientTape
from .config import get_num_threads, set_num_threads, show_config
from .function import function
from .tensor import SymbolicTensor, Tensor, Variable

# What is loaded when it is first asked for: the models' floor on import of a model, scikit-learn's with an estimator.
_MODULES = (
    "activations", "callbacks", "constraints", "datasets", "estimators", "initializers", "layers", "losses", "metrics",
    "models", "optimizers", "plotting", "regularizers", "training", "utils",
)  # fmt: skip
_NAMES = {
    "AutoencoderTransformer": "estimators",
    "DivergenceError": "training.errors",
    "Initializer": "initializers",
    "Input": "layers",
    "InputSpec": "layers",
    "KerasClassifier": "estimators",
    "KerasRegressor": "estimators",
    "KerasTensor": "layers",
    "Layer": "layers",
    "Loss": "losses",
    "MLPClassifier": "estimators",
    "MLPRegressor": "estimators",
    "Metric": "metrics",
    "Model": "models",
    "Optimizer": "optimizers",
    "Perceptron": "estimators",
    "Regularizer": "regularizers",
    "Sequential": "models",
}

_tensor._named_initializer = lambda name: _importlib.import_module(".initializers", __name__).get(name)

__all__ = [
    "GradientTape", "SymbolicTensor", "Tensor", "Variable", "config", "function", "get_num_threads", "ops", "random",
    "set_num_threads", "show_config", "threads", *_MODULES, *_NAMES,
]  # fmt: skip


def __getattr__(name):
    if name in _MODULES:
        return _importlib.import_module(f".{name}", __name__)
    if name in _NAMES:
        return getattr(_importlib.import_module(f".{_NAMES[name]}", __name__), name)
    from .utils.missing import missing

    raise missing(__name__, name)


def _explain(module):
    """Do for a module below `utils`, which is loaded when it is first needed, what `utils.explain_missing` does."""

    def __getattr__(name):
        from .utils.missing import missing

        raise missing(module.__name__, name)

    vars(module)["__getattr__"] = __getattr__


for _module in (config, ops, random):
    _explain(_module)


def __dir__():
    return sorted({*globals(), *__all__})
