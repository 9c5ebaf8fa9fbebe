"""Programs of estimators: a search compiles each once, and binds it to one network after the other."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Sequence
from typing import Any

from .. import config, plan
from ..template import Templates
from ..tensor import Variable

__all__ = ["compiled", "joined"]

_TEMPLATES = Templates(64)


def joined(*makes: Hashable | None) -> Hashable | None:
    """Return what several parts are made of; None where one of them cannot tell.

    What is made alike is traced alike. An activation, a loss or an optimizer of the user's can change between two
    calls, so that nothing made of it tells what it is.
    """
    return None if any(make is None for make in makes) else makes


def compiled(
    make: Hashable | None, fn: Callable[..., Any], specs: Sequence[tuple], variables: Sequence[Variable]
) -> plan.Program:
    """Return a function's program.

    Parameters
    ----------
    make : hashable or None
        What it is made of, from `joined`.
    fn, specs
        See `plan.compile`.
    variables : sequence of Variable
        All that it reads or writes.
    """
    if make is None:
        return plan.compile(fn, specs)
    key = config.floatx(), config.epsilon(), (fn.__qualname__, make), tuple(specs)
    return _TEMPLATES.program(key, variables, lambda: plan.compile(fn, specs))
