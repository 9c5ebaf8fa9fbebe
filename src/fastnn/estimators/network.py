"""The network behind an estimator: dense layers whose weights are the estimator's ``coefs_`` and ``intercepts_``."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from itertools import pairwise
from operator import is_
from typing import Any

import numpy as np
from sklearn.utils import assert_all_finite

from .. import activations, layers, plan, random
from ..locks import ReentrantLock
from ..ops.sparse import taking_rows
from ..sparse import CsrSource, is_wide, write_rows
from ..tensor import Tensor, TracingError, Variable
from .normalization import NAMES, Values, arrays_of, kinds_of, make_layer
from .programs import compiled, joined

__all__ = ["ACTIVATIONS", "Network", "Noise", "activation_function", "check_layers", "is_ours"]

#: Activations of estimators by their names: scikit-learn's, where ours are others, and ours.
ACTIVATIONS: dict[str, Callable[..., Tensor]] = {
    "identity": activations.linear,
    "logistic": activations.sigmoid,
    "exp": activations.exponential,
    # but for one that gives fewer outputs than it gets, and one that needs arguments
    **{
        name: function
        for name, function in activations.REGISTRY.by_name.items()
        if function not in (activations.glu, activations.threshold)
    },
}
_WIDEST = 256  # rows of the largest prediction program,
_ROOM = 1 << 18  # which has room for so many elements of sparse rows, or for one row


def activation_function(identifier: Any) -> Callable[..., Tensor]:
    """Return the function that one of scikit-learn's names or one of ours stands for; one of the user's is checked."""
    if isinstance(identifier, str):
        return ACTIVATIONS.get(identifier) or activations.get(identifier)
    return identifier if is_ours(identifier) else _checked(identifier)


def is_ours(activation: Any) -> bool:
    """Whether an activation is one that has a name."""
    return isinstance(activation, str) or any(activation is each for each in ACTIVATIONS.values())


def _checked(function: Callable[[Tensor], Tensor]) -> Callable[[Tensor], Tensor]:
    """Return the function, or a layer's in any dtype, with a look at what it returns: as many elements as it gets."""
    name = getattr(function, "__name__", type(function).__name__)
    call = function.call if isinstance(function, layers.Layer) else function

    def activation(x: Tensor) -> Tensor:
        try:
            y = call(x)
        except TracingError as error:
            raise TypeError(f"the activation {name} must be written in fastnn.ops: it asks for values") from error
        if not isinstance(y, Tensor) or y.shape != x.shape or y.dtype != x.dtype:
            what = f"{y.dtype} of shape {y.shape}" if isinstance(y, Tensor) else repr(y)
            raise ValueError(f"the activation {name} must return {x.dtype} of shape {x.shape} for such, got {what}")
        return y

    return activation


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


Arrays = Sequence[np.ndarray]


def _arrays(coefs: Arrays, intercepts: Arrays, normalization: Sequence[Values]) -> list[tuple[Any, np.ndarray]]:
    """Return all arrays of a network, each with what tells its place."""
    norms = [
        ((i, name), values[name])
        for i, values in enumerate(normalization)
        if values
        for name in NAMES
        if name in values
    ]
    return [*(("coefs", coef) for coef in coefs), *(("intercepts", intercept) for intercept in intercepts), *norms]


class _Layer:
    """A dense layer, what normalizes its outputs, and its activation."""

    def __init__(
        self,
        name: str,
        dtype: np.dtype,
        coef: np.ndarray,
        intercept: np.ndarray,
        activation: Callable[..., Tensor] | None,
        values: Values,
        sparse: bool,
    ) -> None:
        inputs, units = coef.shape
        self.normalization = make_layer(values, units, dtype, f"{name}_normalization")
        self._activation = activation
        self.dense = layers.Dense(
            units,
            activation=activation if self.normalization is None else None,
            kernel_initializer=coef,
            bias_initializer=intercept,
            dtype=dtype,
            name=name,
        )
        if sparse:
            self.dense._kernel_layout = None
        self.dense.build((None, inputs))

    def __call__(self, x: Tensor, training: bool = False) -> Tensor:
        x = self.dense(x)
        return x if self.normalization is None else self._activation(self.normalization(x, training=training))


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
    normalization : sequence of (dict of str to ndarray, or None)
        What each hidden layer is normalized by before its activation; copied. Empty: none is.
    sparse : bool
        Whether the first weights stand in memory as sparse features want them.

    Attributes
    ----------
    coefs, intercepts : list of ndarray
        The memory of the weights: what is written there is what the next prediction uses.
    normalization : list of (dict of str to ndarray, or None)
        The same of the normalisations.
    dtype : numpy.dtype
    n_outputs : int
    out : str or callable
    sparse : bool
        As given.
    variables : list of Variable
        What optimizers change: kernels, then biases, the order in which scikit-learn keeps its parameters; then gammas
        and betas.
    averages : list of Variable
        What training changes beside them: the moments of batches.
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
        normalization: Sequence[Values] = (),
        sparse: bool = False,
    ) -> None:
        self.dtype = coefs[0].dtype
        self.n_outputs, self.sparse = coefs[-1].shape[1], sparse
        self.out, self._out = out, activation_function(out)
        self._dropout, self._noise = tuple(dropout), noise
        self.seeds = random.SeedGenerator(seed) if any(self._dropout) or noise else None
        functions = [*map(activation_function, hidden), None]
        values = [*(normalization or [None] * len(hidden)), None]
        self._layers = [
            _Layer(f"layer_{i}", self.dtype, *each, sparse=sparse and i == 0)
            for i, each in enumerate(zip(coefs, intercepts, functions, values, strict=True))
        ]
        self.kernels: list[Variable] = [layer.dense.kernel for layer in self._layers]
        self.biases: list[Variable] = [layer.dense.bias for layer in self._layers]
        norms = [layer.normalization for layer in self._layers[:-1]]
        self.variables = [*self.kernels, *self.biases, *(v for norm in norms if norm for v in norm.trainable_variables)]
        self.averages: list[Variable] = [v for norm in norms if norm for v in norm.non_trainable_variables]
        self._shown = [*self.kernels, *self.biases, *(v for norm in norms if norm for v in norm.variables)]
        shapes, kinds = tuple(coef.shape for coef in coefs), tuple(kinds_of(values))
        ours = all(map(is_ours, (*hidden, out)))
        self.make = (shapes, self.dtype, *functions, self._out, self._dropout, noise, kinds, sparse) if ours else None
        self.coefs = [variable.array for variable in self.kernels]
        self.intercepts = [variable.array for variable in self.biases]
        self.normalization = [None if norm is None else arrays_of(norm) for norm in norms]
        self._programs: dict[tuple, plan.Program] = {}
        self._lock = ReentrantLock()

    @property
    def takes_sparse(self) -> bool:
        """Whether the weights of each feature stand side by side in memory, so that features may stay sparse."""
        kernel = self.kernels[0].array
        return kernel.shape[1] == 1 or kernel.strides[1] == kernel.itemsize

    def logits(self, x: Tensor, training: bool = False) -> Tensor:
        """Return what goes into the output activation, shape (rows, outputs)."""
        if training and self._noise:
            x = self._noise.add(x, self.seeds)
        for i, layer in enumerate(self._layers):
            x = layer(x, training)
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

    def fits(self, coefs: Arrays, intercepts: Arrays, normalization: Sequence[Values]) -> bool:
        """Tell whether these arrays are as many as the weights, and have their shapes."""
        values = _arrays(coefs, intercepts, normalization)
        mine = _arrays(self.coefs, self.intercepts, self.normalization)
        return [(name, np.shape(value)) for name, value in values] == [(name, value.shape) for name, value in mine]

    def holds(self, coefs: Arrays, intercepts: Arrays, normalization: Sequence[Values]) -> bool:
        """Tell at once that these arrays are this network's own memory; False where that takes a longer look."""
        mine, given = (*self.coefs, *self.intercepts), (*coefs, *intercepts)
        normalized = any(normalization) or any(self.normalization)
        return len(given) == len(mine) and all(map(is_, given, mine)) and not normalized

    def load(self, coefs: Arrays, intercepts: Arrays, normalization: Sequence[Values]) -> None:
        """Write weights that fit into the layers; what is this network's own memory already stays as it is."""
        for variable, (_, value) in zip(self._shown, _arrays(coefs, intercepts, normalization), strict=True):
            if value is not variable.array:
                variable.load(value)

    def weights(self) -> list[np.ndarray]:
        """Return a copy of all that predictions are made of, in the order of ``variables`` and ``averages``."""
        return [variable.numpy() for variable in (*self.variables, *self.averages)]

    def restore(self, weights: Sequence[np.ndarray]) -> None:
        """Put back what `weights` returned."""
        for variable, value in zip((*self.variables, *self.averages), weights, strict=True):
            variable.load(value)

    def predict(self, x: Any, first: int = 0, last: int | None = None) -> np.ndarray:
        """Return the outputs for rows of features; threads may call it at once.

        Parameters
        ----------
        x : ndarray or sparse CSR matrix, shape (rows, features)
            Of any numeric dtype; converted to the network's, a batch at a time.
        first, last : int
            The layers to go through: see `outputs`.

        Returns
        -------
        ndarray of shape (rows, outputs)

        Raises
        ------
        ValueError
            If there are more or fewer features than the network takes, or its dtype cannot hold them.
        """
        if x.shape[1] != self.kernels[first].shape[0]:
            raise ValueError(f"X has {x.shape[1]} features, but the network takes {self.kernels[first].shape[0]}")
        n, narrowed = x.shape[0], x.dtype.kind == "f" and x.dtype.itemsize > self.dtype.itemsize
        out = np.empty((n, self.kernels[-1 if last is None else last - 1].shape[1]), self.dtype)
        with self._lock.held, np.errstate(over="ignore"):
            most, room = min(_WIDEST, n), None
            if is_wide(x) and self.takes_sparse:
                x = CsrSource(x, self.dtype)
                while (room := x.room(most)) > _ROOM and most > 1:
                    most //= 2
            for begin in range(0, n, most):
                rows = min(most, n - begin)
                program = self._program(rows, room, first, last)
                program.plan.require_idle()
                written = write_rows(x, begin, rows, program.inputs)
                if narrowed and not np.isfinite(written.sum()):
                    assert_all_finite(written, input_name="X")
                program.run()
                out[begin : begin + rows] = program.outputs[0][:rows]
        return out

    def _program(self, rows: int, room: int | None, first: int, last: int | None) -> plan.Program:
        """Return the program of the next power of two of rows: few programs serve all numbers of rows.

        With ``room`` it takes sparse rows of so many elements together.
        """
        key = (1 << (rows - 1).bit_length(), room, first, last)
        if key not in self._programs:

            def function(x: Tensor) -> Tensor:
                return self.outputs(x, first, last)

            function, specs = taking_rows(function, (key[0], self.kernels[first].shape[0]), self.dtype, room)
            make = joined(self.make, (first, last))
            self._programs[key] = compiled(make, function, specs, [*self.variables, *self.averages])
        return self._programs[key]
