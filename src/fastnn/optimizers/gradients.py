"""What happens to gradients before a rule sees them: checks, and clipping by Keras' formulas."""

from __future__ import annotations

import warnings
from collections.abc import Sequence

from .. import ops
from ..tensor import Tensor, Variable

__all__ = ["clip_by_global_norm", "clip_by_norm", "clip_by_value", "existing"]


def existing(grads: Sequence[Tensor | None], variables: Sequence[Variable]) -> tuple[list[Tensor], list[Variable]]:
    """Return the gradients that exist, checked, and their variables; warn about the others."""
    missing = [variable.path for gradient, variable in zip(grads, variables, strict=True) if gradient is None]
    pairs = [(g, v) for g, v in zip(grads, variables, strict=True) if g is not None]
    if not pairs:
        raise ValueError(f"No gradients provided for any variable. Variables: {missing}")
    for gradient, variable in pairs:
        if tuple(gradient.shape) != tuple(variable.shape):
            raise ValueError(
                f"The gradient of {variable.path!r} has shape {tuple(gradient.shape)}, but the variable has shape "
                f"{tuple(variable.shape)}."
            )
    if missing:
        warnings.warn(
            f"Gradients do not exist for variables {missing}: the loss does not depend on them.", stacklevel=4
        )
    found = [ops.convert_to_tensor(gradient, variable.dtype) for gradient, variable in pairs]
    return found, [variable for _, variable in pairs]


def clip_by_value(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Limit each element to ±``limit``."""
    return [ops.clip(gradient, -limit, limit) for gradient in gradients]


def clip_by_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Scale each gradient whose Euclidean norm exceeds ``limit`` down to it."""
    return [_scaled(gradient, _norm([gradient]), limit) for gradient in gradients]


def clip_by_global_norm(gradients: Sequence[Tensor], limit: float) -> list[Tensor]:
    """Scale all gradients by one factor, such that the norm of all together is at most ``limit``.

    Where that norm is not finite, NaN comes out, so that training notices.
    """
    norm = _norm(gradients)
    # norm - norm is 0 for a finite norm, else NaN.
    norm = norm + (norm - norm)
    return [_scaled(gradient, norm, limit) for gradient in gradients]


def _norm(gradients: Sequence[Tensor]) -> Tensor:
    total = ops.sum_of_squares(gradients[0])
    for gradient in gradients[1:]:
        total = total + ops.sum_of_squares(gradient)
    return ops.sqrt(total)


def _scaled(gradient: Tensor, norm: Tensor, limit: float) -> Tensor:
    return gradient * ops.cast(limit / ops.maximum(norm, limit), gradient.dtype)
