"""Layers that normalize: by moments of a batch or of a sample, or by a sample's size."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from .. import constraints, initializers, ops, regularizers
from ..ops.normalization import normalized
from ..shapes import normalize_axes
from ..tensor import Tensor, Variable
from ..utils import checks
from .arguments import one_or_more_axes
from .input_spec import InputSpec
from .layer import Layer

__all__ = ["BatchNormalization", "LayerNormalization", "RMSNormalization", "UnitNormalization"]


class _Normalization(Layer):
    """A layer with an offset ``beta`` and a scale ``gamma``, each of them optional."""

    def __init__(
        self,
        epsilon: float,
        center: bool,
        scale: bool,
        beta_initializer: Any,
        gamma_initializer: Any,
        beta_regularizer: Any,
        gamma_regularizer: Any,
        beta_constraint: Any,
        gamma_constraint: Any,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)
        self.center, self.scale = checks.boolean("center", center), checks.boolean("scale", scale)
        self.beta_initializer = initializers.get(beta_initializer)
        self.gamma_initializer = initializers.get(gamma_initializer)
        self.beta_regularizer = regularizers.get(beta_regularizer)
        self.gamma_regularizer = regularizers.get(gamma_regularizer)
        self.beta_constraint = constraints.get(beta_constraint)
        self.gamma_constraint = constraints.get(gamma_constraint)
        self.gamma: Variable | None = None
        self.beta: Variable | None = None

    def _add_gamma_and_beta(self, shape: tuple[int, ...]) -> None:
        for name, wanted in (("gamma", self.scale), ("beta", self.center)):
            if wanted:
                initializer, regularizer, constraint = (
                    getattr(self, f"{name}_{what}") for what in ("initializer", "regularizer", "constraint")
                )
                weight = self.add_weight(shape, initializer, regularizer=regularizer, constraint=constraint, name=name)
                setattr(self, name, weight)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        _axes_of_samples(self, self.axis, input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "axis": self.axis,
            "epsilon": self.epsilon,
            "center": self.center,
            "scale": self.scale,
            "beta_initializer": initializers.serialize(self.beta_initializer),
            "gamma_initializer": initializers.serialize(self.gamma_initializer),
            "beta_regularizer": regularizers.serialize(self.beta_regularizer),
            "gamma_regularizer": regularizers.serialize(self.gamma_regularizer),
            "beta_constraint": constraints.serialize(self.beta_constraint),
            "gamma_constraint": constraints.serialize(self.gamma_constraint),
        }


class BatchNormalization(_Normalization):
    """Bring each feature to mean 0 and variance 1, then multiply by ``gamma`` and add ``beta``.

    In training the moments are those of the batch, and averages of them are kept; otherwise they are these averages. A
    layer whose ``trainable`` is False uses the averages in training, too, and leaves them as they are (Ioffe and
    Szegedy, 2015; the averages are Keras').

    Parameters
    ----------
    axis : int
        Of the features; the moments are taken over all others.
    momentum : float
        Of the averages: ``average = average * momentum + present * (1 - momentum)``.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there are ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str, object or callable
    moving_mean_initializer, moving_variance_initializer : str, object or callable
    beta_regularizer, gamma_regularizer : str, object or callable, optional
        Penalties added to the loss.
    beta_constraint, gamma_constraint : str, object or callable, optional
        Applied after each update.
    **kwargs
        See `Layer`. Keras' ``synchronized``, ``renorm``, ``renorm_clipping`` and ``renorm_momentum`` are refused unless
        they are what they are by default.

    Attributes
    ----------
    gamma, beta : Variable, shape (features,), or None
    moving_mean, moving_variance : Variable, shape (features,)
        Optimizers do not change them.

    Examples
    --------
    >>> import numpy as np
    >>> layer = BatchNormalization()
    >>> float(layer(np.array([[1.0], [3.0]], "float32"), training=True).numpy().round(2)[1, 0])
    1.0
    """

    def __init__(
        self,
        axis: int = -1,
        momentum: float = 0.99,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        moving_mean_initializer: Any = "zeros",
        moving_variance_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        for argument, default in (
            ("synchronized", False), ("renorm", False), ("renorm_clipping", None), ("renorm_momentum", 0.99),
        ):  # fmt: skip
            if kwargs.pop(argument, default) != default:
                raise ValueError(f"Argument `{argument}` of BatchNormalization is not supported.")
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.axis = checks.integer("axis", axis)
        self.momentum = checks.real("momentum", momentum, minimum=0.0, maximum=1.0)
        self.moving_mean_initializer = initializers.get(moving_mean_initializer)
        self.moving_variance_initializer = initializers.get(moving_variance_initializer)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        (axis,) = _axes_of_samples(self, self.axis, input_shape)
        shape = (input_shape[axis],)
        self._add_gamma_and_beta(shape)
        self.moving_mean = self.add_weight(shape, self.moving_mean_initializer, trainable=False, name="moving_mean")
        self.moving_variance = self.add_weight(
            shape, self.moving_variance_initializer, trainable=False, name="moving_variance"
        )
        self.input_spec = InputSpec(ndim=len(input_shape), axes={self.axis: input_shape[axis]})

    def call(self, inputs: Tensor, training: bool = False, mask: Any = None) -> Tensor:
        if mask is not None:
            raise ValueError("Argument `mask` of BatchNormalization is not supported.")
        inputs = ops.cast(inputs, self.compute_dtype)
        if not (training and self.trainable):
            return ops.batch_normalization(
                inputs, self.moving_mean, self.moving_variance, self.axis, self.beta, self.gamma, self.epsilon
            )
        axis = self.axis % len(inputs.shape)
        others = [each for each in range(len(inputs.shape)) if each != axis]
        outputs, mean, variance = normalized(inputs, others, (axis,), self.beta, self.gamma, self.epsilon)
        for average, present in ((self.moving_mean, mean), (self.moving_variance, variance)):
            average.assign(average * self.momentum + ops.reshape(present, average.shape) * (1.0 - self.momentum))
        return outputs

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "momentum": self.momentum,
            "moving_mean_initializer": initializers.serialize(self.moving_mean_initializer),
            "moving_variance_initializer": initializers.serialize(self.moving_variance_initializer),
        }


class LayerNormalization(_Normalization):
    """Bring each sample to mean 0 and variance 1, then multiply by ``gamma`` and add ``beta`` (Ba et al., 2016).

    Parameters
    ----------
    axis : int or list of int
        The axes over which the moments of a sample are taken, along which ``gamma`` and ``beta`` are.
    epsilon : float
        Added to the variance.
    center, scale : bool
        Whether there are ``beta`` and ``gamma``.
    beta_initializer, gamma_initializer : str, object or callable
    beta_regularizer, gamma_regularizer : str, object or callable, optional
        Penalties added to the loss.
    beta_constraint, gamma_constraint : str, object or callable, optional
        Applied after each update.
    **kwargs
        See `Layer`. Keras' ``rms_scaling`` is refused unless False.

    Attributes
    ----------
    gamma, beta : Variable or None

    Examples
    --------
    >>> import numpy as np
    >>> LayerNormalization()(np.array([[1.0, 3.0]], "float32")).numpy().round(2).tolist()
    [[-1.0, 1.0]]
    """

    def __init__(
        self,
        axis: int | Sequence[int] = -1,
        epsilon: float = 1e-3,
        center: bool = True,
        scale: bool = True,
        beta_initializer: Any = "zeros",
        gamma_initializer: Any = "ones",
        beta_regularizer: Any = None,
        gamma_regularizer: Any = None,
        beta_constraint: Any = None,
        gamma_constraint: Any = None,
        **kwargs: Any,
    ) -> None:
        if kwargs.pop("rms_scaling", False):
            raise ValueError("Argument `rms_scaling` of LayerNormalization is not supported.")
        super().__init__(
            epsilon, center, scale, beta_initializer, gamma_initializer, beta_regularizer, gamma_regularizer,
            beta_constraint, gamma_constraint, **kwargs,
        )  # fmt: skip
        self.axis = one_or_more_axes(axis)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        axes = _axes_of_samples(self, self.axis, input_shape)
        self._add_gamma_and_beta(tuple(input_shape[axis] for axis in axes))

    def call(self, inputs: Tensor) -> Tensor:
        inputs = ops.cast(inputs, self.compute_dtype)
        return ops.layer_normalization(inputs, self.gamma, self.beta, self.axis, self.epsilon)


class RMSNormalization(Layer):
    """Divide each sample by its root mean square, then multiply by ``scale`` (Zhang and Sennrich, 2019).

    Parameters
    ----------
    axis : int or list of int
        Along which the mean is taken, and ``scale`` is.
    epsilon : float
        Added to the mean square.
    **kwargs
        See `Layer`.

    Attributes
    ----------
    scale : Variable, shape (features,)
    """

    def __init__(self, axis: int | Sequence[int] = -1, epsilon: float = 1e-6, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(axis)
        self.epsilon = checks.real("epsilon", epsilon, minimum=0.0)

    def build(self, input_shape: tuple[int | None, ...]) -> None:
        axes = _axes_of_samples(self, self.axis, input_shape)
        self.scale = self.add_weight(tuple(input_shape[axis] for axis in axes), "ones", name="scale")

    def call(self, inputs: Tensor) -> Tensor:
        inputs = ops.cast(inputs, self.compute_dtype)
        return ops.rms_normalization(inputs, self.scale, self.axis, self.epsilon)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        _axes_of_samples(self, self.axis, input_shape)
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis, "epsilon": self.epsilon}


class UnitNormalization(Layer):
    """Divide by the Euclidean norm along an axis (or several), so that it is 1.

    Parameters
    ----------
    axis : int or list of int
    **kwargs
        See `Layer`.
    """

    def __init__(self, axis: int | Sequence[int] = -1, **kwargs: Any) -> None:
        super().__init__(**kwargs)
        self.axis = one_or_more_axes(axis)
        self._needs_no_build()

    def call(self, inputs: Tensor) -> Tensor:
        axes = tuple(self.axis) if isinstance(self.axis, list) else self.axis
        return ops.normalize(ops.cast(inputs, self.compute_dtype), axis=axes, order=2, epsilon=1e-12)

    def compute_output_shape(self, input_shape: tuple[int | None, ...]) -> tuple[int | None, ...]:
        return tuple(input_shape)

    def get_config(self) -> dict[str, Any]:
        return {**super().get_config(), "axis": self.axis}


def _axes_of_samples(layer: Layer, axis: int | Sequence[int], input_shape: Sequence[int | None]) -> tuple[int, ...]:
    """Return axes, counted from the front and in order; check that their sizes are known."""
    axes = normalize_axes(axis, len(input_shape))
    if 0 in axes or any(input_shape[each] is None for each in axes):
        raise ValueError(
            f'Layer "{layer.name}" can normalize along axes of a known size other than that of the batch. Received: '
            f"axis={axis} for input shape {tuple(input_shape)}"
        )
    return axes
