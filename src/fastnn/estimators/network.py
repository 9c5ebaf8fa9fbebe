"""The network behind an estimator: dense layers whose weights are the estimator's ``coefs_`` and ``intercepts_``."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np

from .. import activations, layers, plan, random
from ..tensor import Tensor, Variable
from .data import dense_rows
from .programs import compiled, joined

__all__ = ["ACTIVATIONS", "Network", "Noise", "activation_function", "check_layers"]

#: Scikit-learn's names of activations, where ours are others.
ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "identity": activations.linear,
    "logistic": activations.sigmoid,
    "exp": activations.exponential,
}
_WIDEST = 256  # rows of the largest prediction program


def activation_function(identifier: Any) -> Callable[..., Tensor]:
    """Return the function that one of scikit-learn's names, one of ours, or the function itself stands for."""
    if isinstance(identifier, str) and identifier in ACTIVATIONS:
        return ACTIVATIONS[identifier]
    return activations.get(identifier)


def check_layers(coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray], features: int, outputs: int) -> None:
    """Raise ValueError unless weights, which may have been put there by hand, lead from features to outputs."""
    shapes, sizes = ([np.shape(array) for array in each] for each in (coefs, intercepts))
    units = [features, *(size[0] if size else 0 for size in sizes)]
    if shapes != list(pairwise(units)) or any(len(size) != 1 for size in sizes) or units[-1] != outputs:
        raise ValueError(
            f"coefs_ and intercepts_ must have the shapes of layers from {features} features to {outputs} outputs, got "
            f"{shapes} and {sizes}"
        )


@dataclass(frozen=True)
class Noise:
    """What inputs suffer in training, so that a network learns to put up with it.

    Parameters
    ----------
    kind : {"gaussian", "masking"}
        Added normal numbers, or elements set to zero.
    strength : float
        The standard deviation of the former, the share of the latter.
    """

    kind: str
    strength: float

    def add(self, x: Tensor, seeds: random.SeedGenerator) -> Tensor:
        """Return inputs with new noise."""
        if self.kind == "gaussian":
            return x + random.normal(x.shape, stddev=self.strength, dtype=x.dtype, seed=seeds)
        return random.dropout(x, self.strength, seed=seeds) * (1.0 - self.strength)


class Network:
    """Dense layers, and the forward pass as programs.

    Parameters
    ----------
    coefs : sequence of ndarray of shape (inputs, outputs)
        The first weights of each layer; copied. Their dtype is that of all computations.
    intercepts : sequence of ndarray of shape (outputs,)
    hidden : sequence of (str or callable)
        The activation of each hidden layer, by scikit-learn's name or ours.
    out : str or callable
        Activation of the last layer.
    dropout : sequence of float
        The share of each hidden layer's outputs that is dropped in training; empty: nothing is.
    seed : int
        Of dropout and noise.
    noise : Noise, optional
        What inputs suffer in training.

    Attributes
    ----------
    coefs, intercepts : list of ndarray
        The memory of the weights: what is written there is what the next prediction uses.
    dtype : numpy.dtype
    n_outputs : int
    out : str or callable
        As given.
    variables : list of Variable
        Kernels, then biases: the order in which scikit-learn keeps its parameters.
    seeds : random.SeedGenerator or None
        What dropout and noise draw from.
    make : hashable or None
        See `programs.joined`.
    """

    def __init__(
        self,
        coefs: Sequence[np.ndarray],
        intercepts: Sequence[np.ndarray],
        hidden: Sequence[Any],
        out: Any,
        dropout: Sequence[float] = (),
        seed: int = 0,
        noise: Noise | None = None,
    ) -> None:
        self.dtype = coefs[0].dtype
        self.n_outputs = coefs[-1].shape[1]
        self.out, self._out = out, activation_function(out)
        self._dropout, self._noise = tuple(dropout), noise
        self.seeds = random.SeedGenerator(seed) if any(self._dropout) or noise else None
        functions = [*map(activation_function, hidden), None]
        self._layers = [
            layers.Dense(
                coef.shape[1],
                activation=activation,
                kernel_initializer=coef,
                bias_initializer=intercept,
                dtype=self.dtype,
                name=f"layer_{i}",
            )
            for i, (coef, intercept, activation) in enumerate(zip(coefs, intercepts, functions, strict=True))
        ]
        for layer, coef in zip(self._layers, coefs, strict=True):
            layer.build((None, coef.shape[0]))
        self.kernels: list[Variable] = [layer.kernel for layer in self._layers]
        self.biases: list[Variable] = [layer.bias for layer in self._layers]
        self.variables = [*self.kernels, *self.biases]
        shapes = tuple(coef.shape for coef in coefs)
        named = all(isinstance(activation, str) for activation in (*hidden, out))
        self.make = (shapes, self.dtype, *functions, self._out, self._dropout, noise) if named else None
        self.coefs = [variable.array for variable in self.kernels]
        self.intercepts = [variable.array for variable in self.biases]
        self._programs: dict[tuple, plan.Program] = {}
        self._lock = threading.Lock()

    def logits(self, x: Tensor, training: bool = False) -> Tensor:
        """Return what goes into the output activation, shape (rows, outputs)."""
        if training and self._noise:
            x = self._noise.add(x, self.seeds)
        for i, layer in enumerate(self._layers):
            x = layer(x)
            if training and i < len(self._dropout) and self._dropout[i]:
                x = random.dropout(x, self._dropout[i], seed=self.seeds)
        return x

    def activated(self, logits: Tensor) -> Tensor:
        """Return the outputs for what goes into the output activation."""
        return self._out(logits)

    def outputs(self, x: Tensor, first: int = 0, last: int | None = None) -> Tensor:
        """Return what the layers from ``first`` up to, but without, ``last`` make of rows; None: to the outputs."""
        for layer in self._layers[first:last]:
            x = layer(x)
        return self.activated(x) if last is None else x

    def fits(self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray]) -> bool:
        """Tell whether these arrays have the shapes of the weights."""
        shapes = [np.shape(value) for value in (*coefs, *intercepts)]
        return len(coefs) == len(self.kernels) and shapes == [variable.shape for variable in self.variables]

    def load(self, coefs: Sequence[np.ndarray], intercepts: Sequence[np.ndarray]) -> None:
        """Write weights that fit into the layers; what is this network's own memory already stays as it is."""
        for variable, value in zip(self.variables, [*coefs, *intercepts], strict=True):
            if value is not variable.array:
                variable.load(value)

    def weights(self) -> list[np.ndarray]:
        """Return a copy of all weights, in the order of ``variables``."""
        return [variable.numpy() for variable in self.variables]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        """Put back what `weights` returned."""
        for variable, value in zip(self.variables, weights, strict=True):
            variable.load(value)

    def predict(self, x: Any, first: int = 0, last: int | None = None) -> np.ndarray:
        """Return the outputs for rows of features; threads may call it at once.

        Parameters
        ----------
        x : ndarray or sparse CSR matrix, shape (rows, features)
            Of any numeric dtype; converted to the network's.
        first, last : int
            The layers to go through: see `outputs`.

        Returns
        -------
        ndarray of shape (rows, outputs)
        """
        n = x.shape[0]
        out = np.empty((n, self.kernels[-1 if last is None else last - 1].shape[1]), self.dtype)
        with self._lock:
            for begin in range(0, n, _WIDEST):
                rows = min(_WIDEST, n - begin)
                program = self._program(rows, first, last)
                dense_rows(x, slice(begin, begin + rows), program.inputs[0][:rows])
                program.run()
                out[begin : begin + rows] = program.outputs[0][:rows]
        return out

    def _program(self, rows: int, first: int, last: int | None) -> plan.Program:
        """Return the program of the next power of two of rows: few programs serve all numbers of rows."""
        key = (1 << (rows - 1).bit_length(), first, last)
        if key not in self._programs:
            spec = ((key[0], self.kernels[first].shape[0]), self.dtype)
            self._programs[key] = compiled(
                joined(self.make, (first, last)), lambda x: self.outputs(x, first, last), [spec], self.variables
            )
        return self._programs[key]
