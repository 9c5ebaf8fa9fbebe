"""A callback made of functions."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from .callback import Callback

__all__ = ["LambdaCallback"]

_HOOKS = sorted(name for name in vars(Callback) if name.startswith("on_"))


class LambdaCallback(Callback):
    """Calls the functions given in place of hooks (Keras' `LambdaCallback`).

    Parameters
    ----------
    on_epoch_begin, on_epoch_end, on_train_batch_begin, on_train_batch_end : callable, optional
        Functions of ``(epoch or batch, logs)``.
    on_train_begin, on_train_end : callable, optional
        Functions of ``(logs)``.
    **kwargs
        Other hooks by name, or attributes to set on the callback.

    Raises
    ------
    TypeError
        If a hook is not callable, or the name of a hook is unknown.
    """

    def __init__(
        self,
        on_epoch_begin: Callable[..., Any] | None = None,
        on_epoch_end: Callable[..., Any] | None = None,
        on_train_begin: Callable[..., Any] | None = None,
        on_train_end: Callable[..., Any] | None = None,
        on_train_batch_begin: Callable[..., Any] | None = None,
        on_train_batch_end: Callable[..., Any] | None = None,
        **kwargs: Any,
    ) -> None:
        super().__init__()
        given = {
            "on_epoch_begin": on_epoch_begin,
            "on_epoch_end": on_epoch_end,
            "on_train_begin": on_train_begin,
            "on_train_end": on_train_end,
            "on_train_batch_begin": on_train_batch_begin,
            "on_train_batch_end": on_train_batch_end,
            **kwargs,
        }
        for name, value in given.items():
            if name.startswith("on_"):
                _check_hook(name, value)
            if value is not None:
                setattr(self, name, value)


def _check_hook(name: str, value: Any) -> None:
    if name not in _HOOKS:
        raise TypeError(f"unknown hook {name!r}; the hooks are {', '.join(_HOOKS)}")
    if value is not None and not callable(value):
        raise TypeError(f"{name} must be a function, got {value!r}")
