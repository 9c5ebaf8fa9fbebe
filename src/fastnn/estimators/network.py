"""The network behind an estimator: dense layers whose weights are the estimator's ``coefs_`` and ``intercepts_``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence

import numpy as np

from .. import activations, layers, plan
from ..tensor import Tensor, Variable

__all__ = ["ACTIVATIONS", "Network"]

#: Scikit-learn's names of activations, and ours.
ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "identity": activations.linear,
    "logistic": activations.sigmoid,
    "tanh": activations.tanh,
    "relu": activations.relu,
    "softmax": activations.softmax,
    "exp": activations.exponential,
}
_WIDEST = 256  # rows of the largest prediction program


class Network:
    """Dense layers, and the forward pass as programs.

    Parameters
    ----------
    coefs : sequence of ndarray of shape (inputs, outputs)
        The first weights of each layer; copied. Their dtype is that of all computations.
    intercepts : sequence of ndarray of shape (outputs,)
    activation : str
        Of the hidden layers, by scikit-learn's name.
    out_activation : str
        Of the last layer.

    Attributes
    ----------
    coefs, intercepts : list of ndarray
        The memory of the weights: what is written there is what the next prediction uses.
    dtype : numpy.dtype
    variables : list of Variable
        Kernels, then biases: the order in which scikit-learn keeps its parameters.
    """

    def __init__(
        self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], activation: str, out_activation: str
    ) -> None:
        self.dtype = coefs[0].dtype
        self._out_activation = ACTIVATIONS[out_activation]
        last = len(coefs) - 1
        self._layers = [
            layers.Dense(
                coef.shape[1],
                activation=ACTIVATIONS[activation] if i < last else None,
                kernel_initializer=coef,
                bias_initializer=intercept,
                dtype=self.dtype,
                name=f"layer_{i}",
            )
            for i, (coef, intercept) in enumerate(zip(coefs, intercepts, strict=True))
        ]
        for layer, coef in zip(self._layers, coefs, strict=True):
            layer.build((None, coef.shape[0]))
        self.kernels: list[Variable] = [layer.kernel for layer in self._layers]
        self.biases: list[Variable] = [layer.bias for layer in self._layers]
        self.variables = [*self.kernels, *self.biases]
        self.coefs = [variable.array for variable in self.kernels]
        self.intercepts = [variable.array for variable in self.biases]
        self._programs: dict[int, plan.Program] = {}
        self._lock = threading.Lock()

    def logits(self, x: Tensor) -> Tensor:
        """Return what goes into the output activation, shape (rows, outputs)."""
        for layer in self._layers:
            x = layer(x)
        return x

    def outputs(self, x: Tensor) -> Tensor:
        """Return the outputs, shape (rows, outputs)."""
        return self._out_activation(self.logits(x))

    def load(self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray]) -> None:
        """Write weights into the layers; what is this network's own memory already stays as it is.

        Raises
        ------
        ValueError
            If the arrays do not have the shapes of the weights. Nothing has been written then.
        """
        values = [*coefs, *intercepts]
        if len(coefs) != len(self.kernels) or [np.shape(v) for v in values] != [v.shape for v in self.variables]:
            raise ValueError(
                f"coefs_ and intercepts_ must have the shapes {[v.shape for v in self.variables]}, "
                f"got {[np.shape(v) for v in values]}"
            )
        for variable, value in zip(self.variables, values, strict=True):
            if value is not variable.array:
                variable.load(value)

    def predict(self, x: np.ndarray) -> np.ndarray:
        """Return the outputs for rows of features; threads may call it at once.

        Parameters
        ----------
        x : ndarray of shape (rows, features)
            Of any numeric dtype; converted to the network's.

        Returns
        -------
        ndarray of shape (rows, outputs)
        """
        out = np.empty((len(x), self.kernels[-1].shape[1]), self.dtype)
        with self._lock:
            for begin in range(0, len(x), _WIDEST):
                rows = min(_WIDEST, len(x) - begin)
                program = self._program(rows)
                program.inputs[0][:rows] = x[begin : begin + rows]
                program.run()
                out[begin : begin + rows] = program.outputs[0][:rows]
        return out

    def _program(self, rows: int) -> plan.Program:
        """Return the program of the next power of two of rows: few programs serve all numbers of rows."""
        size = 1 << (rows - 1).bit_length()
        if size not in self._programs:
            self._programs[size] = plan.compile(self.outputs, [((size, self.kernels[0].shape[0]), self.dtype)])
        return self._programs[size]
