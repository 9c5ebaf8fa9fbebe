"""One way to find, store and restore the named classes and functions of a family: `get`, `serialize`, `deserialize`.

The stored form is Keras 3's: ``{"module": "keras.losses", "class_name": "Huber", "config": {...},
"registered_name": None}``, so that files can be exchanged with Keras.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from typing import Any

from .. import ops
from .lookup import unknown_name
from .naming import to_snake_case

__all__ = ["Registry"]

_OPS = "keras.ops"  # where Keras, too, finds an op by its name


class Registry:
    """The classes and functions of one family, by all their names.

    Parameters
    ----------
    kind : str
        The family's name in error messages, e.g. ``"loss"``.
    module : str
        Where Keras keeps the family, e.g. ``"keras.losses"``: written into stored configurations.
    classes : iterable of type
        Known by their own name and, with ``snake_case``, by that name in snake case too.
    functions : iterable of callable
        Known by their own name.
    aliases : mapping of str to object
        Further names.
    snake_case : bool
        Whether class names in snake case are known.
    ignore_case : bool
        Whether names are looked up without regard to upper and lower case.
    """

    def __init__(
        self,
        kind: str,
        module: str,
        *,
        classes: Iterable[type] = (),
        functions: Iterable[Callable[..., Any]] = (),
        aliases: Mapping[str, Any] | None = None,
        snake_case: bool = True,
        ignore_case: bool = False,
    ) -> None:
        self.kind = kind
        self.module = module
        self.classes = tuple(classes)
        self.functions = tuple(functions)
        self.ignore_case = ignore_case
        self.by_name: dict[str, Any] = {}
        for cls in self.classes:
            self.by_name[cls.__name__] = cls
            if snake_case:
                self.by_name[to_snake_case(cls.__name__)] = cls
        self.by_name.update({function.__name__: function for function in self.functions})
        self.by_name.update(aliases or {})

    def find(self, name: str, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the class or function called ``name``; raise ValueError with the nearest names if there is none."""
        if custom_objects and name in custom_objects:
            return custom_objects[name]
        if name in self.by_name:
            return self.by_name[name]
        if self.ignore_case:
            for known, found in self.by_name.items():
                if known.lower() == name.lower():
                    return found
        raise unknown_name(self.kind, name, [*self.by_name, *(custom_objects or ())])

    def get(self, identifier: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object that a name, a class, a stored configuration or the object itself stands for.

        Classes are instantiated with their defaults; None stays None.
        """
        if identifier is None:
            return None
        if isinstance(identifier, dict):
            return self.deserialize(identifier, custom_objects)
        found = self.find(identifier, custom_objects) if isinstance(identifier, str) else identifier
        if inspect.isclass(found):
            return found()
        if callable(found):
            return found
        raise ValueError(
            f"Could not interpret {self.kind} identifier: {identifier!r} (of type {type(identifier).__name__})"
        )

    def serialize(self, obj: Any) -> Any:
        """Return Keras' stored form of an object or a function; None stays None."""
        if obj is None:
            return None
        if inspect.isfunction(obj) or inspect.isbuiltin(obj) or isinstance(obj, ops.Op):
            if obj.__name__ == "<lambda>":
                raise ValueError(f"A lambda cannot be stored as a {self.kind}: give it a name with `def`.")
            return {
                "module": _OPS if getattr(ops, obj.__name__, None) is obj else "builtins",
                "class_name": "function",
                "config": obj.__name__,
                "registered_name": "function",
            }
        cls = type(obj)
        if not hasattr(obj, "get_config"):
            raise ValueError(f"Cannot store {obj!r} as a {self.kind}: {cls.__name__} has no get_config().")
        known = cls in self.classes
        return {
            "module": self.module if known else cls.__module__,
            "class_name": cls.__name__,
            "config": obj.get_config(),
            "registered_name": None if known else cls.__name__,
        }

    def deserialize(self, config: Any, custom_objects: Mapping[str, Any] | None = None) -> Any:
        """Return the object for a stored form (or a mere name), the reverse of `serialize`.

        Parameters
        ----------
        config : dict or str
            What `serialize` returned.
        custom_objects : mapping of str to class or function, optional
            The user's own classes and functions, by name.
        """
        if config is None:
            return None
        if isinstance(config, str):
            return self.get(config, custom_objects)
        if not isinstance(config, Mapping) or not isinstance(config.get("class_name"), str):
            raise ValueError(f"A stored {self.kind} must be a dict with 'class_name' and 'config', got {config!r}")
        inner, is_function = config.get("config"), config["class_name"] == "function"
        if not isinstance(inner, str if is_function else (Mapping, type(None))):
            expected = "the name of a function" if is_function else "a dict"
            raise ValueError(f"The 'config' of a stored {self.kind} must be {expected}, got {inner!r}")
        if is_function:
            op = getattr(ops, inner, None) if config.get("module") == _OPS and inner in ops.__all__ else None
            return op or self.find(inner, custom_objects)
        cls = self.find(config["class_name"], custom_objects)
        if not inspect.isclass(cls):
            return cls
        return cls.from_config(dict(inner or {}))
