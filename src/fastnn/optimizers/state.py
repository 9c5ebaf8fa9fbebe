"""The variables of an optimizer."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np

from .. import initializers
from ..tensor import Variable, init_scope

__all__ = ["OptimizerState"]


class OptimizerState:
    """What an optimizer owns: single variables, and slots that belong to a model's variables."""

    name: str
    built: bool

    def _init_state(self) -> None:
        self._variables: list[Variable] = []

    @property
    def variables(self) -> list[Variable]:
        """All state: iteration, learning rate, then the slots."""
        return list(self._variables)

    def add_variable(
        self, shape: tuple[int, ...], initializer: Any = "zeros", dtype: Any = None, name: str | None = None
    ) -> Variable:
        """Return a new variable that belongs to the optimizer's state (dtype: floatx by default)."""
        initializer = initializers.get(initializer)
        variable = Variable(initializer, shape=tuple(shape), dtype=dtype, trainable=False, name=name)
        return self._track(variable)

    def add_variable_from_reference(
        self, reference_variable: Variable, name: str | None = None, initializer: Any = "zeros"
    ) -> Variable:
        """Return a new variable of the shape, dtype and memory layout of a model's variable: a slot."""
        name = f"{reference_variable.path.replace('/', '_')}_{name or 'var'}"
        slot = Variable.zeros_like(reference_variable, name=name)
        initializer = initializers.get(initializer)
        if not isinstance(initializer, initializers.Zeros):
            with init_scope():
                slot.load(np.asarray(initializer(slot.shape, dtype=slot.dtype)))
        return self._track(slot)

    def add_optimizer_variables(
        self, trainable_variables: Sequence[Variable], name: str | Sequence[str], initializer: Any = "zeros"
    ) -> Any:
        """Return a list of slots, one for each variable; for several names a tuple of such lists."""
        names = [name] if isinstance(name, str) else list(name)
        slots = [
            [self.add_variable_from_reference(variable, each, initializer) for each in names]
            for variable in trainable_variables
        ]
        lists = tuple([row[i] for row in slots] for i in range(len(names)))
        return lists[0] if isinstance(name, str) else lists

    def set_weights(self, weights: Sequence[Any]) -> None:
        """Write all state, in the order of `variables`; nothing is written if one value does not fit.

        Raises
        ------
        ValueError
            If the optimizer is not built yet, or if number or shapes differ.
        """
        if not self.built:
            raise ValueError("Call `optimizer.build(trainable_variables)` before `set_weights()`: it makes the state.")
        shapes = [tuple(np.shape(weight)) for weight in weights]
        wanted = [variable.shape for variable in self._variables]
        if shapes != wanted:
            raise ValueError(f"`weights` must have the shapes of `optimizer.variables`, {wanted}. Received: {shapes}")
        for variable, weight in zip(self._variables, weights, strict=True):
            variable.assign(weight)

    def assign(self, variable: Variable, value: Any) -> None:
        """Write a variable, a model's or the optimizer's."""
        variable.assign(value)

    def assign_add(self, variable: Variable, value: Any) -> None:
        """Add to a variable."""
        variable.assign_add(value)

    def assign_sub(self, variable: Variable, value: Any) -> None:
        """Subtract from a variable."""
        variable.assign_sub(value)

    def _track(self, variable: Variable) -> Variable:
        variable.path = f"{self.name}/{variable.name}"
        self._variables.append(variable)
        return variable
