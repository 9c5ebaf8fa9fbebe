"""The base class of optimizers: settings, variables, and what surrounds a rule (clipping, averaging, accumulation).

`Optimizer.apply` is written in ops and is traced with the rest of a training step. A rule that gets a gradient as the
tape made it is fused by the plan into the matrix product that makes the gradient; clipping, loss scaling and
gradient accumulation stand in between and are steps of their own.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any, TypedDict

from .. import initializers, ops
from ..tensor import Tensor, Variable
from ..utils import checks
from ..utils.arguments import unknown_arguments
from ..utils.configurable import Configurable
from ..utils.naming import auto_name
from . import gradients, schedules
from .schedules import LearningRateSchedule
from .state import OptimizerState

__all__ = ["Optimizer", "Settings"]


class Settings(TypedDict, total=False):
    """What every optimizer takes beside its rule's own parameters; see `Optimizer`."""

    weight_decay: float | None
    clipnorm: float | None
    clipvalue: float | None
    global_clipnorm: float | None
    use_ema: bool
    ema_momentum: float
    ema_overwrite_frequency: int | None
    loss_scale_factor: float | None
    gradient_accumulation_steps: int | None
    name: str | None


class Optimizer(OptimizerState, Configurable):
    """The base class of optimizers. Subclasses override `build` and `update_step`, written in ops.

    Parameters
    ----------
    learning_rate : float or schedules.LearningRateSchedule
        A float is kept in a float64 variable and can be changed at any time: ``optimizer.learning_rate = 0.01``.
    weight_decay : float, optional
        Before each update a weight shrinks by ``weight * weight_decay * learning_rate``.
    clipnorm : float, optional
        Largest Euclidean norm of each gradient.
    clipvalue : float, optional
        Largest absolute value of gradients.
    global_clipnorm : float, optional
        Largest Euclidean norm of all gradients together. Only one of the three can be given.
    use_ema : bool
        Whether to keep an exponential moving average of the weights. `finalize_variable_values` (which training calls
        at its end) puts it in their place.
    ema_momentum : float
        What remains of the average at each step.
    ema_overwrite_frequency : int, optional
        Put the averages in the place of the weights every so many steps, too.
    loss_scale_factor : float, optional
        `scale_loss` multiplies the loss by it, `apply` divides gradients by it.
    gradient_accumulation_steps : int, optional
        At least 2: average gradients over so many steps, and update once.
    name : str, optional
    """

    def __init__(
        self,
        learning_rate: float | LearningRateSchedule,
        weight_decay: float | None = None,
        clipnorm: float | None = None,
        clipvalue: float | None = None,
        global_clipnorm: float | None = None,
        use_ema: bool = False,
        ema_momentum: float = 0.99,
        ema_overwrite_frequency: int | None = None,
        loss_scale_factor: float | None = None,
        gradient_accumulation_steps: int | None = None,
        name: str | None = None,
        **kwargs: Any,
    ) -> None:
        if kwargs:
            raise ValueError(unknown_arguments(type(self), kwargs))
        self.name = name or auto_name(type(self).__name__)
        self.weight_decay = checks.optional_real("weight_decay", weight_decay, minimum=0.0)
        self.clipnorm = checks.optional_real("clipnorm", clipnorm, above=0.0)
        self.clipvalue = checks.optional_real("clipvalue", clipvalue, above=0.0)
        self.global_clipnorm = checks.optional_real("global_clipnorm", global_clipnorm, above=0.0)
        if sum(value is not None for value in (clipnorm, clipvalue, global_clipnorm)) > 1:
            raise ValueError(
                "Only one of `clipnorm`, `clipvalue` and `global_clipnorm` can be given. Received: "
                f"clipnorm={clipnorm}, clipvalue={clipvalue}, global_clipnorm={global_clipnorm}"
            )
        self.use_ema = checks.boolean("use_ema", use_ema)
        self.ema_momentum = checks.real("ema_momentum", ema_momentum, minimum=0.0, maximum=1.0)
        self.ema_overwrite_frequency = checks.optional_integer(
            "ema_overwrite_frequency", ema_overwrite_frequency, minimum=1
        )
        self.loss_scale_factor = checks.optional_real("loss_scale_factor", loss_scale_factor, above=0.0)
        self.gradient_accumulation_steps = checks.optional_integer(
            "gradient_accumulation_steps", gradient_accumulation_steps, minimum=2
        )
        #: Goes up when programs traced with this optimizer are out of date (another kind of learning rate).
        self.version = 0
        self.built = False
        self._init_state()
        self._trainable_variables: list[Variable] = []
        self._averages: list[Variable] = []
        self._accumulators: list[Variable] = []
        self._index: dict[int, int] = {}
        self._excluded: tuple[list[Variable], re.Pattern[str] | None] = ([], None)
        self._iterations = self.add_variable((), dtype="int64", name="iteration")
        self._learning_rate = self._make_learning_rate(learning_rate)

    # ---- learning rate ----------------------------------------------------------------------------------

    def _make_learning_rate(self, value: Any) -> Variable | LearningRateSchedule:
        if isinstance(value, dict):
            value = schedules.deserialize(value)
        if isinstance(value, LearningRateSchedule):
            return value
        number = _check_learning_rate(value)
        return self.add_variable((), initializers.Constant(number), dtype="float64", name="learning_rate")

    @property
    def learning_rate(self) -> Variable | Tensor:
        """The learning rate of the next update: the variable, or what the schedule gives for it."""
        if isinstance(self._learning_rate, LearningRateSchedule):
            return self._learning_rate(self._iterations.value)
        return self._learning_rate

    @learning_rate.setter
    def learning_rate(self, value: float | LearningRateSchedule) -> None:
        if isinstance(value, LearningRateSchedule):
            self._variables = [variable for variable in self._variables if variable is not self._learning_rate]
            self._learning_rate = value
            self.version += 1
        elif isinstance(self._learning_rate, LearningRateSchedule):
            raise TypeError(
                "This optimizer was made with a LearningRateSchedule, so its learning rate cannot be set to a number. "
                "Make it with a float `learning_rate` if you want to change that later."
            )
        else:
            self._learning_rate.assign(_check_learning_rate(value))

    @property
    def iterations(self) -> Variable | Tensor:
        """How many updates were made (int64)."""
        if self.gradient_accumulation_steps:
            return ops.floor_divide(self._iterations, self.gradient_accumulation_steps)
        return self._iterations

    # ---- building ---------------------------------------------------------------------------------------

    def build(self, variables: Sequence[Variable]) -> None:
        """Make the state for these variables. Called by the first `apply`; later calls do nothing.

        Overrides call ``super().build(variables)`` first, then make their slots with `add_optimizer_variables`.
        """
        if self.built:
            return
        variables = list(variables)
        if self.use_ema:
            self._averages = self.add_optimizer_variables(variables, "average")
        if self.gradient_accumulation_steps:
            self._accumulators = self.add_optimizer_variables(variables, "gradient_accumulator")
        self._trainable_variables = variables
        self._index = {id(variable): i for i, variable in enumerate(variables)}
        self.built = True

    def exclude_from_weight_decay(
        self, var_list: Iterable[Variable] | None = None, var_names: Iterable[str] | None = None
    ) -> None:
        """Let weight decay leave some variables alone; to be called before the optimizer is built.

        Parameters
        ----------
        var_list : iterable of Variable, optional
        var_names : iterable of str, optional
            Regular expressions: a variable in whose name one is found is excluded, e.g. ``["bias"]``.
        """
        if self.built:
            raise ValueError("`exclude_from_weight_decay()` must be called before the optimizer is built.")
        names = list(var_names or ())
        pattern = re.compile("|".join(names)) if names else None
        self._excluded = (list(var_list or ()), pattern)

    def _decay_of(self, variable: Variable) -> float:
        """Return the weight decay of a variable."""
        return 0.0 if self._is_excluded(variable) else self.weight_decay or 0.0

    def _is_excluded(self, variable: Variable) -> bool:
        """Whether weight decay leaves a variable alone."""
        excluded, pattern = self._excluded
        return any(variable is each for each in excluded) or bool(pattern and pattern.search(variable.name))

    # ---- updates ----------------------------------------------------------------------------------------

    def apply_gradients(self, grads_and_vars: Iterable[tuple[Tensor | None, Variable]]) -> Variable:
        """Update variables; takes (gradient, variable) pairs and returns the number of the iteration."""
        pairs = list(grads_and_vars)
        self.apply([gradient for gradient, _ in pairs], [variable for _, variable in pairs])
        return self._iterations

    def apply(self, grads: Sequence[Tensor | None], trainable_variables: Sequence[Variable] | None = None) -> None:
        """Update variables by their gradients.

        Parameters
        ----------
        grads : sequence of Tensor or None
            One for each variable. Variables whose gradient is None stay as they are, with a warning.
        trainable_variables : sequence of Variable, optional
            Default: those the optimizer was built with.

        Raises
        ------
        ValueError
            If a gradient does not fit its variable, a variable is unknown, or there is no gradient at all. Nothing
            has been changed then.
        """
        grads = list(grads)
        if not grads:
            return
        known = self._known(grads, trainable_variables)
        grads, variables = gradients.existing(grads, known)
        if not self.built:
            self.build(known)
        if self.loss_scale_factor is not None:
            grads = [gradient * (1.0 / self.loss_scale_factor) for gradient in grads]
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._update(grads, variables)
        if self.use_ema:
            self._average()
        for variable in variables:
            if variable.constraint is not None:
                variable.assign(variable.constraint(variable))
        self._iterations.assign(self._iterations + 1)

    def update_step(self, gradient: Tensor, variable: Variable, learning_rate: Tensor) -> None:
        """Update one variable.

        Parameters
        ----------
        gradient : Tensor
            Of the variable's shape; clipped, if that was asked for.
        variable : Variable
            Weight decay has been applied.
        learning_rate : Tensor
            A scalar of the variable's dtype.
        """
        raise NotImplementedError(f"{type(self).__name__} must override update_step()")

    def _get_variable_index(self, variable: Variable) -> int:
        return self._index[id(variable)]

    def _known(self, grads: list, trainable_variables: Sequence[Variable] | None) -> list[Variable]:
        """Return the variables that go with the gradients."""
        if trainable_variables is None:
            if not self.built:
                raise ValueError("Give `trainable_variables`, or call `optimizer.build(trainable_variables)` first.")
            trainable_variables = self._trainable_variables
        variables = list(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(f"There are {len(grads)} gradients for {len(variables)} variables.")
        unknown = [variable.path for variable in variables if self.built and id(variable) not in self._index]
        if unknown:
            raise ValueError(
                f"Unknown variables {unknown}: an optimizer can be used only with the variables that it was built "
                "with. Make a new one for others."
            )
        return variables

    def _update(self, grads: list[Tensor], variables: list[Variable]) -> None:
        """Clip the gradients, decay the weights and make the rule's step."""
        self._make_step(self._clip(grads), variables)

    def _clip(self, grads: list[Tensor]) -> list[Tensor]:
        if self.clipnorm is not None:
            return gradients.clip_by_norm(grads, self.clipnorm)
        if self.global_clipnorm is not None:
            return gradients.clip_by_global_norm(grads, self.global_clipnorm)
        if self.clipvalue is not None:
            return gradients.clip_by_value(grads, self.clipvalue)
        return grads

    def _make_step(self, grads: list[Tensor], variables: list[Variable]) -> None:
        learning_rate = self.learning_rate
        for gradient, variable in zip(grads, variables, strict=True):
            rate = ops.cast(learning_rate, variable.dtype)
            decay = self._decay_of(variable)
            if decay:
                variable.assign_sub(variable * (rate * decay))
            self.update_step(gradient, variable, rate)

    def _accumulate(self, grads: list[Tensor], variables: list[Variable]) -> None:
        """Add to the sums of gradients; at every n-th step update by their mean and start again from zero.

        A plan has no branches: the update is always computed, and undone where it is not due.
        """
        steps = self.gradient_accumulation_steps
        due = ops.equal(ops.mod(self._iterations + 1, steps), 0)
        sums = [self._accumulators[self._index[id(variable)]] for variable in variables]
        totals = [total + gradient for total, gradient in zip(sums, grads, strict=True)]
        touched = [*variables, *self._rule_state()]
        before = [variable.value for variable in touched]
        self._update([total * (1.0 / steps) for total in totals], variables)
        for variable, old in zip(touched, before, strict=True):
            variable.assign(ops.where(due, variable.value, old))
        new = {id(variable): total for variable, total in zip(sums, totals, strict=True)}
        for variable in self._accumulators:  # those that have got no gradient begin again, too, as in Keras
            variable.assign(ops.where(due, 0.0, new.get(id(variable), variable.value)))

    def _rule_state(self) -> list[Variable]:
        """Return the variables that a rule may write beside the weights."""
        others = (self._iterations, self._learning_rate, *self._averages, *self._accumulators)
        return [variable for variable in self._variables if not any(variable is other for other in others)]

    # ---- moving averages and scaling --------------------------------------------------------------------

    def _average(self) -> None:
        """Move the averages towards the weights; at the first step they are the weights."""
        first = ops.equal(self.iterations, 0)
        for variable, average in zip(self._trainable_variables, self._averages, strict=True):
            moved = average * self.ema_momentum + variable * (1.0 - self.ema_momentum)
            average.assign(ops.where(first, variable.value, moved))
        if self.ema_overwrite_frequency:
            due = ops.equal(ops.mod(self.iterations + 1, self.ema_overwrite_frequency), 0)
            for variable, average in zip(self._trainable_variables, self._averages, strict=True):
                variable.assign(ops.where(due, average.value, variable.value))

    def finalize_variable_values(self, var_list: Sequence[Variable]) -> None:
        """Put the moving averages in the place of the weights, with ``use_ema``; to be called after training."""
        if not self.use_ema or not self.built:
            return
        for variable in var_list:
            if id(variable) in self._index:
                variable.assign(self._averages[self._index[id(variable)]].value)

    def scale_loss(self, loss: Tensor) -> Tensor:
        """Return the loss times ``loss_scale_factor``; to be called before gradients are taken."""
        return loss if self.loss_scale_factor is None else loss * self.loss_scale_factor

    # ---- configuration ----------------------------------------------------------------------------------

    def get_config(self) -> dict[str, Any]:
        """Return the arguments from which `from_config` makes the same optimizer, without its state."""
        rate = self._learning_rate
        return {
            "name": self.name,
            "learning_rate": schedules.serialize(rate) if isinstance(rate, LearningRateSchedule) else float(rate.value),
            "weight_decay": self.weight_decay,
            "clipnorm": self.clipnorm,
            "global_clipnorm": self.global_clipnorm,
            "clipvalue": self.clipvalue,
            "use_ema": self.use_ema,
            "ema_momentum": self.ema_momentum,
            "ema_overwrite_frequency": self.ema_overwrite_frequency,
            "loss_scale_factor": self.loss_scale_factor,
            "gradient_accumulation_steps": self.gradient_accumulation_steps,
        }

    def __getstate__(self) -> dict[str, Any]:
        """Leave out what names variables by where they are: a copy has others."""
        return {**self.__dict__, "_index": None}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._index = {id(variable): i for i, variable in enumerate(self._trainable_variables)}

    def __repr__(self) -> str:
        return f"<{type(self).__name__} name={self.name}>"


def _check_learning_rate(value: Any) -> float:
    if callable(value) and not hasattr(value, "dtype"):
        raise ValueError(
            "A function as `learning_rate` is not supported: it would be called only once, when training is traced. "
            "Subclass fastnn.optimizers.schedules.LearningRateSchedule."
        )
    return checks.real("learning_rate", value.item() if hasattr(value, "item") else value, minimum=0.0)
