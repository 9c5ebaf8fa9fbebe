"""What public modules say of a name that they do not have."""

from __future__ import annotations

import importlib.util
import sys
from typing import Any

from .lookup import nearest_names

__all__ = ["explain_missing", "missing"]


def explain_missing(module: str) -> None:
    """Let a public module say which of its names is near to a wrong one, and where the missing ones are listed.

    Set from outside, so that type checkers, which take a module with ``__getattr__`` to have every name, do not see it.
    """

    def __getattr__(name: str) -> Any:
        raise missing(module, name)

    vars(sys.modules[module])["__getattr__"] = __getattr__


def missing(module: str, name: str) -> Exception:
    """Return the error for a name that a module's ``__getattr__``, which calls this, was asked for in vain."""
    problem = f"module {module!r} has no attribute {name!r}"
    is_name = name.isidentifier() and not name.startswith("_")
    home = sys.modules[module]
    is_package = "__path__" in vars(home)
    if not is_name or (is_package and importlib.util.find_spec(f"{module}.{name}") is not None):  # to be imported next
        return AttributeError(problem)
    near = nearest_names(name, home.__all__, 1, cutoff=0.6)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    # `from module import name` hides the text of an AttributeError, but not that of an ImportError.
    imported = sys._getframe(2).f_code.co_name == "_handle_fromlist"
    error = ImportError if imported else AttributeError
    return error(f"{problem}{hint} The README lists what of Keras is not there yet.")
