"""Installs Python's operators on tensors and variables."""

from __future__ import annotations

from .. import tensor
from ..tensor import Tensor, Variable
from . import elementwise as e
from .convert import cast
from .linalg import matmul
from .reduce import max as reduce_max
from .reduce import mean
from .reduce import min as reduce_min
from .reduce import sum as reduce_sum
from .shaping import get_item, reshape, transpose
from .update import assign, spread


def _both(op):
    return (lambda self, other: op(self, other)), (lambda self, other: op(other, self))


def _compared(op):
    """Make a comparison that leaves it to Python what None is: not equal."""
    return lambda self, other: NotImplemented if other is None else op(self, other)


def _assign_add(self, value):
    """Add a value in place."""
    return assign(self, e.add(self, spread(value, self)))


def _assign_sub(self, value):
    """Subtract a value in place."""
    return assign(self, e.subtract(self, spread(value, self)))


def _reshape(self, *shape):
    return reshape(self, shape[0] if len(shape) == 1 and isinstance(shape[0], (tuple, list)) else shape)


def _reduction(reduce):
    """Make a method that `numpy.sum` and the like find, too: they pass a dtype and an out."""

    def method(self, axis=None, keepdims=False, *, dtype=None, out=None):
        if out is not None:
            raise ValueError(f"{reduce.__name__}: out must be None (no tensor is written), got {type(out).__name__}")
        if dtype is None:
            return reduce(self, axis, keepdims)
        return cast(reduce(cast(self, dtype), axis, keepdims), dtype)

    method.__name__ = method.__qualname__ = reduce.__name__
    method.__doc__ = reduce.__doc__
    return method


def install():
    """Give Tensor and Variable their operators."""
    pairs = {"add": e.add, "sub": e.subtract, "mul": e.multiply, "truediv": e.divide, "floordiv": e.floor_divide,
             "mod": e.mod, "pow": e.power, "matmul": matmul, "and": e.logical_and, "or": e.logical_or,
             "xor": e.logical_xor}  # fmt: skip
    methods = {}
    for name, op in pairs.items():
        methods[f"__{name}__"], methods[f"__r{name}__"] = _both(op)
    compare = {
        "eq": e.equal,
        "ne": e.not_equal,
        "lt": e.less,
        "le": e.less_equal,
        "gt": e.greater,
        "ge": e.greater_equal,
    }
    for name, op in compare.items():
        methods[f"__{name}__"] = _compared(op)
    methods |= {
        "__neg__": e.negative,
        "__pos__": lambda self: tensor.convert_to_tensor(self),
        "__abs__": e.absolute,
        "__invert__": e.logical_not,
        "__round__": lambda self, decimals=None: e.round(self, decimals or 0),
        "__getitem__": get_item,
    }
    for cls in (Tensor, Variable):
        for name, method in methods.items():
            setattr(cls, name, method if callable(method) and not hasattr(method, "lower") else _method(method))
    Tensor.reshape = _reshape
    Tensor.T = property(transpose)
    for reduce in (reduce_sum, mean, reduce_max, reduce_min):
        setattr(Tensor, reduce.__name__, _reduction(reduce))
    Tensor.astype = lambda self, dtype: cast(self, dtype)
    Variable.assign = assign
    Variable.assign_add = _assign_add
    Variable.assign_sub = _assign_sub
    tensor._cast = cast


def _method(op):
    return lambda self: op(self)
