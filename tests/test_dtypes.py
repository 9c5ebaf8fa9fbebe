"""Dtypes: their names, how they promote, what becomes of others."""

import itertools

import numpy as np
import pytest

from fastnn import ops
from fastnn.dtypes import WIDER, is_float, is_integer, native, result_dtype, standardize_dtype
from fastnn.training.arrays import as_array

IN_ORDER = ("bool", "uint8", "int32", "int64", "float32", "float64")


@pytest.mark.parametrize("given", ["float32", np.float32, np.dtype("f4"), "float", float, None])
def test_float_names(given):
    assert standardize_dtype(given) == "float32"


@pytest.mark.parametrize("given", ["float16", "complex64", "nothing", object, "int8"])
def test_unknown_dtypes(given):
    with pytest.raises(TypeError, match="dtype must be one of"):
        standardize_dtype(given)


def test_result_dtype():
    x = np.ones(1, "float64")
    assert result_dtype(x, 1.0) == "float64"
    assert result_dtype(np.ones(1, "uint8"), 3) == "uint8"
    assert result_dtype(True, 3) == "int32"
    assert result_dtype(3, 2.0) == "float32"


@pytest.mark.parametrize(("one", "other"), [*itertools.product(IN_ORDER, repeat=2)])
def test_two_dtypes_meet_in_the_later_one(one, other):
    later = max(one, other, key=IN_ORDER.index)
    assert result_dtype(np.ones(1, one), np.ones(1, other)) == later
    assert ops.where(True, np.ones(1, one), np.ones(1, other)).dtype == later


def test_python_scalars_raise_no_dtype_of_their_kind():
    for dtype in IN_ORDER[1:]:
        assert result_dtype(np.ones(1, dtype), True, 3) == dtype
    for dtype in IN_ORDER[4:]:
        assert result_dtype(3.0, np.ones(1, dtype)) == dtype


def test_kinds():
    assert [name for name in IN_ORDER if is_float(np.dtype(name))] == ["float32", "float64"]
    assert [name for name in IN_ORDER if is_integer(np.dtype(name))] == ["uint8", "int32", "int64"]


@pytest.mark.parametrize("given", [*WIDER], ids=str)
def test_what_no_kernel_knows_becomes_the_next_dtype_that_holds_it(given):
    wider, info = WIDER[given], np.finfo(given) if given.kind == "f" else np.iinfo(given)
    ends = np.array([info.min, info.max], given)
    for found in (ops.convert_to_tensor(ends).numpy(), as_array(ends, "x")):
        assert found.dtype == wider
        np.testing.assert_array_equal(found, ends)


def test_bytes_in_the_order_of_this_machine():
    x = np.arange(3.0)
    assert native(x) is x
    swapped = native(x.astype(x.dtype.newbyteorder()))
    assert swapped.dtype.isnative
    np.testing.assert_array_equal(swapped, x)
