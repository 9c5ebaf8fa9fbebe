"""Nested tuples, lists and dicts: their leaves, and the way back; objects, each once."""

from __future__ import annotations

__all__ = ["flatten", "rebuild", "unique"]


def flatten(structure) -> list:
    """Return the leaves of nested tuples, lists and dicts, in order."""
    if isinstance(structure, (tuple, list)):
        return [leaf for each in structure for leaf in flatten(each)]
    if isinstance(structure, dict):
        return [leaf for each in structure.values() for leaf in flatten(each)]
    return [structure]


def rebuild(structure, leaves):
    """Return the structure with its leaves taken from an iterator."""
    if isinstance(structure, tuple) and hasattr(structure, "_fields"):
        return type(structure)(*(rebuild(each, leaves) for each in structure))
    if isinstance(structure, (tuple, list)):
        return type(structure)(rebuild(each, leaves) for each in structure)
    if isinstance(structure, dict):
        return {name: rebuild(each, leaves) for name, each in structure.items()}
    return next(leaves)


def unique(objects) -> list:
    """Return each object once, in the order in which they first come; equal ones are not the same."""
    return list({id(each): each for each in objects}.values())
