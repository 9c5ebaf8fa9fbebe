"""Nested structures."""

from collections import namedtuple

from fastnn.structures import flatten, rebuild, unique

Pair = namedtuple("Pair", "first second")


def test_there_and_back():
    structure = [1, (2, [3]), {"b": 4, "a": Pair(5, (6, None))}]
    assert flatten(structure) == [1, 2, 3, 4, 5, 6, None]
    doubled = rebuild(structure, iter([2, 4, 6, 8, 10, 12, None]))
    assert doubled == [2, (4, [6]), {"b": 8, "a": Pair(10, (12, None))}]
    assert isinstance(doubled[2]["a"], Pair)
    assert flatten("a leaf") == ["a leaf"] and rebuild("a leaf", iter([7])) == 7


def test_each_object_once():
    one, equal = [1], [1]
    found = unique(each for each in (one, equal, one, equal))
    assert len(found) == 2
    assert found[0] is one and found[1] is equal
