"""The base class of metrics: a few variables that batches are added to."""

from __future__ import annotations

from typing import Any

import numpy as np

from .. import initializers
from ..dtypes import standardize_dtype
from ..structures import unique
from ..tensor import Tensor, Variable
from ..utils import checks
from ..utils.configurable import Configurable
from ..utils.naming import auto_name
from ..utils.tracking import owned

__all__ = ["Metric"]


class Metric(Configurable):
    """The base class of metrics: subclasses override `update_state` and `result`, written in ops.

    Parameters
    ----------
    dtype : {"float32", "float64"}, optional
        Of its variables and results. Default: floatx.
    name : str, optional

    Examples
    --------
    >>> import fastnn
    >>> metric = fastnn.metrics.BinaryAccuracy()
    >>> metric.update_state([1, 1, 0], [0.9, 0.2, 0.1])
    >>> float(metric.result())
    0.6666666865348816
    """

    #: "up" where more is better, "down" where less is: what callbacks with mode="auto" ask for.
    _direction: str | None = None

    def __init__(self, dtype: Any = None, name: str | None = None) -> None:
        self.name = name or auto_name(type(self).__name__)
        self._dtype = checks.float_dtype(dtype)
        self._variables: list[Variable] = []

    @property
    def dtype(self) -> np.dtype:
        return self._dtype

    @property
    def variables(self) -> list[Variable]:
        """The metric's variables, and those of metrics among its attributes."""
        self._check_super_called()
        own = owned(self, (Variable, Metric))
        return unique([*self._variables, *(v for x in own for v in (x.variables if isinstance(x, Metric) else [x]))])

    def add_variable(
        self, shape: tuple[int, ...], initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Return a new variable that belongs to the metric's state.

        Parameters
        ----------
        shape : tuple of int
        initializer : str or callable, optional
            Default: zeros.
        dtype : str, optional
            Default: the metric's dtype.
        name : str, optional
        """
        self._check_super_called()
        dtype = self._dtype if dtype is None else standardize_dtype(dtype)
        variable = Variable(
            initializers.get(initializer or "zeros"), shape=tuple(shape), dtype=dtype, trainable=False, name=name
        )
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable

    def add_weight(
        self, shape: tuple[int, ...] = (), initializer: Any = None, dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Do what `add_variable` does, by Keras' older name."""
        return self.add_variable(shape=shape, initializer=initializer, dtype=dtype, name=name)

    def update_state(self, *args: Any, **kwargs: Any) -> None:
        """Add a batch."""
        raise NotImplementedError(f"{type(self).__name__} must override update_state()")

    def result(self) -> Tensor:
        """Return the metric's value over all batches since `reset_state`."""
        raise NotImplementedError(f"{type(self).__name__} must override result()")

    def reset_state(self) -> None:
        """Set all variables to zero."""
        for variable in self.variables:
            variable.assign(np.zeros(variable.shape, variable.dtype))

    def __call__(self, *args: Any, **kwargs: Any) -> Tensor:
        """Add a batch and return the value so far."""
        self.update_state(*args, **kwargs)
        return self.result()

    def get_config(self) -> dict[str, Any]:
        return {"name": self.name, "dtype": str(self._dtype)}

    def _check_super_called(self) -> None:
        if "_variables" not in self.__dict__:
            raise RuntimeError(f"{type(self).__name__}.__init__ must first call super().__init__().")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"
