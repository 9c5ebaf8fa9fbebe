"""Values: Tensor (an array), SymbolicTensor (a value of a graph being traced), Variable (owned storage)."""

from __future__ import annotations

import math
import operator
import sys
import threading
import weakref
from collections.abc import Callable, Iterable
from contextlib import contextmanager
from typing import NoReturn

import numpy as np

from ._kernels.core import address
from .dtypes import WIDER, standardize_dtype
from .shapes import check_sizes

__all__ = ["SymbolicTensor", "Tensor", "TracingError", "Variable", "before_write", "convert_to_tensor", "is_tensor"]

CPU = 1, 0  # DLPack's kind and number of the device
ALIGNMENT = 64  # bytes: a cache line and an AVX-512 vector
PAGE = 4096  # bytes
LONG_INPUT = 128  # dense kernels with more inputs than this are stored [out][in],
WHOLE_OUTPUT = 16  # unless their outputs are a multiple of this,
WIDE_OUTPUT = 64  # or at least so many, whose last vector wastes little,
NARROW_OUTPUT = 16  # and so are those with fewer outputs than this, and than inputs


class _Context(threading.local):
    """Per thread: the graph being traced (None: compute now)."""

    graph = None


_context = _Context()


def current_graph():
    """Return the graph that this thread is tracing, or None."""
    return _context.graph


@contextmanager
def tracing(graph):
    """Record ops on symbolic tensors and reads of variables into ``graph``; None: compute now."""
    outer, _context.graph = _context.graph, graph
    try:
        yield graph
    finally:
        _context.graph = outer


def init_scope():
    """Leave any tracing for a while, to create variables."""
    return tracing(None)


class Tensor:
    """An immutable n-dimensional value.

    Parameters
    ----------
    array : numpy.ndarray
        The value; it is shared, not copied. dtype one of float32, float64, int32, int64, uint8, bool.
    """

    __slots__ = ("__weakref__", "array", "variable")
    __array_priority__ = 100.0

    def __init__(self, array: np.ndarray):
        self.array = array
        self.variable = None  # the Variable whose memory this shares until the next write

    @property
    def shape(self) -> tuple[int, ...]:
        return self.array.shape

    @property
    def dtype(self) -> np.dtype:
        return self.array.dtype

    @property
    def ndim(self) -> int:
        return len(self.shape)

    @property
    def size(self) -> int:
        return math.prod(self.shape)

    def numpy(self) -> np.ndarray:
        """Return the value as a NumPy array (a copy where the memory belongs to a variable)."""
        return self.array.copy() if self.variable is not None else self.array

    def __array__(self, dtype=None, copy=None):
        return _for_numpy(self.array, dtype, copy, shared=self.variable is not None)

    def __dlpack__(self, **settings):
        """Return the value for other libraries' ``from_dlpack``, as NumPy gives it: memory that may be written."""
        return np.require(self.numpy(), requirements="W").__dlpack__(**settings)

    def __dlpack_device__(self):
        return CPU

    def item(self):
        """Return the only element as a Python number."""
        return self.array.item()

    def __float__(self):
        return float(self.array.item())

    def __int__(self):
        return int(self.array.item())

    def __index__(self):
        return self.array.__index__()

    def __bool__(self):
        return bool(self.array)

    def __len__(self):
        if not self.shape:
            raise TypeError("len() of a tensor without axes")
        return self.shape[0]

    def __iter__(self):
        return (self[i] for i in range(len(self)))

    def __format__(self, spec):
        return format(self.array.item() if not self.shape else self.array, spec)

    def __reduce__(self):
        return Tensor, (self.numpy(),)

    def __repr__(self):
        value = np.array2string(self.array, separator=", ", prefix="Tensor(")
        return f"Tensor({value}, shape={self.shape}, dtype={self.dtype})"

    __hash__ = object.__hash__


def _for_numpy(array: np.ndarray, dtype: object, copy: bool | None, shared: bool) -> np.ndarray:
    """Return a value as NumPy asks for it; ``shared``: its memory is a variable's, which nobody else may write."""
    if not copy and not shared and (dtype is None or array.dtype == dtype):
        return array
    if copy is False:
        why = "the memory is a variable's" if shared else f"it is of dtype {array.dtype}"
        raise ValueError(f"copy=False: there is no array of this value without a copy, for {why}")
    return np.array(array, dtype=dtype, order="C")


class TracingError(TypeError):
    """A function asked for a tensor's value while it was traced: it can only run op by op."""


def _refuse_value(what: str) -> NoReturn:
    """Raise TracingError, naming the line outside of this package that asks for a value."""
    frame = sys._getframe(2)
    package = __name__.rpartition(".")[0]
    while frame.f_back and frame.f_globals.get("__name__", "").split(".")[0] == package:
        frame = frame.f_back
    raise TracingError(
        f"{what} of a tensor is not known while a function is traced "
        f"(at {frame.f_code.co_filename}:{frame.f_lineno}); use ops.where, or run eagerly "
        "(compile(..., run_eagerly=True))"
    )


class SymbolicTensor(Tensor):
    """A value of a graph being traced: shape and dtype, no numbers yet."""

    __slots__ = ("dtype", "node", "shape")

    def __init__(self, shape, dtype, node=None):
        self.shape = tuple(map(operator.index, shape))
        self.dtype = dtype
        self.node = node  # the graph node that computes it; None for an input or a variable read
        self.variable = None

    @property
    def array(self):
        _refuse_value("the value")

    def numpy(self):
        _refuse_value("the value")

    def __array__(self, dtype=None, copy=None):
        _refuse_value("the value")

    def item(self):
        _refuse_value("the value")

    def __bool__(self):
        _refuse_value("the truth value")

    def __float__(self):
        _refuse_value("the value")

    def __int__(self):
        _refuse_value("the value")

    def __index__(self):
        _refuse_value("the value")

    def __format__(self, spec):
        return repr(self)

    def __repr__(self):
        return f"SymbolicTensor(shape={self.shape}, dtype={self.dtype})"

    __hash__ = object.__hash__


def aligned_empty(shape, dtype) -> np.ndarray:
    """Return an uninitialized C-contiguous array that starts on a cache line."""
    check_sizes(shape)  # NumPy would take a size of -1 for what the memory holds
    dtype = np.dtype(dtype)
    nbytes = math.prod(shape) * dtype.itemsize
    if nbytes > sys.maxsize - ALIGNMENT:
        raise MemoryError(f"no memory holds a tensor of shape {shape} and dtype {dtype}")
    memory = np.empty(nbytes + ALIGNMENT, np.uint8)
    return np.ndarray(shape, dtype, memory, -address(memory) % ALIGNMENT)


def laid_out_like(memory: np.ndarray, like: np.ndarray) -> np.ndarray:
    """See flat memory of ``like.size`` elements as an array of its shape and order of axes, without padding."""
    order = sorted(range(like.ndim), key=lambda axis: -abs(like.strides[axis]))
    array = memory.reshape([like.shape[axis] for axis in order])
    return array.transpose(np.argsort(order))


def stored_by_output(n_in: int, n_out: int) -> bool:
    """Whether a dense kernel stands in memory as [out][in].

    [in][out] lets outputs stand along the vector, which is the fastest product where they fill it. Otherwise long
    inputs are stored [out][in], so that the forward product is a dot product along adjacent elements. One input
    alone is one row.
    """
    return (n_in > LONG_INPUT and n_out % WHOLE_OUTPUT and n_out < WIDE_OUTPUT) or n_out < min(NARROW_OUTPUT, n_in)


def _kernel_storage(shape, dtype) -> np.ndarray:
    """Return zeroed storage of a dense kernel, seen as (in, out): rows padded to a cache line."""
    n_in, n_out = shape
    per_line = ALIGNMENT // dtype.itemsize
    by_output = stored_by_output(n_in, n_out)
    rows, cols = (n_out, n_in) if by_output else (n_in, n_out)
    padded = -(-cols // per_line) * per_line
    if padded * dtype.itemsize % PAGE == 0:  # rows a page apart would meet in the same lines of the cache
        padded += per_line
    storage = aligned_empty((rows, padded), dtype)
    storage[...] = 0
    matrix = storage[:, :cols]
    return matrix.T if by_output else matrix


class Variable:
    """A tensor that can be written, with storage of its own.

    Parameters
    ----------
    initializer : array_like, callable or str
        The first value, or a function of ``(shape, dtype=...)`` that makes it, or the name of an initializer.
    shape : tuple of int, optional
        Needed with a callable and a name.
    dtype : str, optional
        Default: that of the value as a tensor (see `convert_to_tensor`); floatx where a function makes it.
    trainable : bool
        Whether optimizers change it.
    name : str, optional
    layout : {None, "kernel"}
        ``"kernel"``: an (in, out) matrix stored the way the matrix products like it best. What is seen
        through this class always has the shape (in, out).
    """

    __array_priority__ = 100.0
    _count = 0

    def __init__(
        self,
        initializer: object,
        shape: tuple | None = None,
        dtype: object = None,
        trainable: bool = True,
        name: str | None = None,
        layout: str | None = None,
    ):
        if name is None:
            name = "variable" if Variable._count == 0 else f"variable_{Variable._count}"
            Variable._count += 1
        self.name = name
        self.path = name
        self.trainable = bool(trainable)
        self.regularizer = None
        self.constraint = None
        self._alias = None
        value = self._initial_value(initializer, shape, dtype)
        self._array = self._allocate(value.shape, value.dtype, layout)
        self._array[...] = value
        self.layout = layout

    @staticmethod
    def _initial_value(initializer, shape, dtype) -> np.ndarray:
        if isinstance(initializer, str):
            initializer = _named_initializer(initializer)
        if callable(initializer):
            if shape is None:
                raise ValueError("shape is needed when the initializer is a function or a name")
            with init_scope():
                initializer = initializer(tuple(shape), dtype=standardize_dtype(dtype))
        value = convert_to_tensor(initializer, dtype).array
        if shape is not None and value.shape != tuple(shape):
            raise ValueError(f"the value has shape {value.shape}, expected {tuple(shape)}")
        return value

    @staticmethod
    def _allocate(shape, dtype, layout) -> np.ndarray:
        if layout == "kernel":
            if len(shape) != 2:
                raise ValueError(f"layout='kernel' is for matrices, got shape {shape}")
            return _kernel_storage(shape, dtype)
        if layout is not None:
            raise ValueError(f"layout must be None or 'kernel', got {layout!r}")
        return aligned_empty(shape, dtype)

    @classmethod
    def zeros_like(cls, variable: Variable, name: str | None = None) -> Variable:
        """Return a variable of zeros with the shape, dtype and layout of another (an optimizer's slot)."""
        zeros = np.zeros(variable.shape, variable.dtype)
        return cls(zeros, trainable=False, name=name, layout=variable.layout)

    @property
    def shape(self) -> tuple[int, ...]:
        return self._array.shape

    @property
    def dtype(self) -> np.dtype:
        return self._array.dtype

    @property
    def ndim(self) -> int:
        return self._array.ndim

    @property
    def size(self) -> int:
        return self._array.size

    @property
    def array(self) -> np.ndarray:
        """The storage itself, for the plan. Call `before_write` before changing it."""
        return self._array

    @property
    def value(self) -> Tensor:
        """The present value; it keeps it when the variable is written later."""
        graph = current_graph()
        if graph is not None:
            return graph.read(self)
        tensor = self._alias() if self._alias is not None else None
        if tensor is None:
            tensor = Tensor(self._array)
            tensor.variable = self
            self._alias = weakref.ref(tensor)
        return tensor

    def before_write(self) -> None:
        """Give the tensor that shares this memory, if any, a copy of its own."""
        tensor = self._alias() if self._alias is not None else None
        if tensor is not None:
            tensor.array = self._array.copy()
        self._alias = None

    def numpy(self) -> np.ndarray:
        """Return a copy of the value, C-contiguous."""
        return self.__array__()

    def __array__(self, dtype=None, copy=None):
        if _context.graph is not None:  # a program would keep this one for ever
            _refuse_value("the value")
        return _for_numpy(self._array, dtype, copy, shared=True)

    def __dlpack__(self, **settings):
        """Return a copy of the value for other libraries' ``from_dlpack``, as NumPy gives it."""
        return self.numpy().__dlpack__(**settings)

    def __dlpack_device__(self):
        return CPU

    def load(self, value: np.ndarray) -> None:
        """Copy an array into the storage, outside of any graph."""
        self.before_write()
        self._array[...] = value

    def item(self):
        """Return the only element as a Python number."""
        return self.value.item()

    def __float__(self):
        return float(self.value)

    def __int__(self):
        return int(self.value)

    def __bool__(self):
        return bool(self.value)

    def __index__(self):
        return self.value.__index__()

    def __len__(self):
        return len(self.value)

    def __format__(self, spec):
        return format(self.value, spec) if spec else repr(self)

    def __getstate__(self) -> dict:
        return {**self.__dict__, "_array": self.numpy(), "_alias": None}

    def __setstate__(self, state: dict) -> None:
        """Give a copy storage of its own, laid out as kernels like it."""
        self.__dict__.update(state)
        value = self._array
        self._array = self._allocate(value.shape, value.dtype, self.layout)
        self._array[...] = value

    # assign, assign_add, assign_sub and the operators are installed by the ops floor.

    def __repr__(self):
        return (
            f"<Variable path={self.path}, shape={self.shape}, dtype={self.dtype}, "
            f"value={np.array2string(self._array, separator=', ', threshold=20)}>"
        )

    __hash__ = object.__hash__


def before_write(variables: Iterable[Variable]) -> None:
    """Do for many what `Variable.before_write` does: hardly any share their memory."""
    for variable in variables:
        if variable._alias is not None:
            variable.before_write()


def is_tensor(x: object) -> bool:
    """Whether x is a Tensor (a Variable is not)."""
    return isinstance(x, Tensor)


def convert_to_tensor(x: object, dtype: object = None) -> Tensor:
    """Return x as a Tensor.

    Parameters
    ----------
    x : Tensor, Variable or array_like
        Python floats become floatx, Python integers int32; arrays keep their dtype.
    dtype : str, optional
        Cast to this dtype, as `ops.cast` does: what an integer dtype does not hold saturates.

    Raises
    ------
    TypeError
        If the array's dtype is none that kernels know (object, complex, string).
    """
    if isinstance(x, Variable):
        x = x.value
    if not isinstance(x, Tensor):
        return Tensor(_to_array(x, dtype))
    if dtype is not None and x.dtype != standardize_dtype(dtype):
        return _cast(x, standardize_dtype(dtype))
    return x


def _to_array(x, dtype) -> np.ndarray:
    if isinstance(x, (list, tuple)) and any(isinstance(e, (Tensor, Variable)) for e in x):
        x = [np.asarray(e) for e in x]
    array = np.asarray(x)
    if array.dtype.kind not in "biuf":
        raise TypeError(f"cannot make a tensor of an array of dtype {array.dtype}")
    if array.dtype.byteorder == ">" or not array.flags.aligned:
        array = array.astype(array.dtype.newbyteorder("="))
    if dtype is None:
        dtype = WIDER.get(array.dtype, array.dtype)
        if not hasattr(x, "dtype") and not isinstance(x, np.ndarray):
            dtype = {"f": "float", "i": "int32"}.get(array.dtype.kind, dtype)
    dtype = standardize_dtype(dtype)
    if array.dtype == dtype:
        return array
    if array.dtype.kind in "iu" and dtype.kind in "iu" and not hasattr(x, "dtype"):
        check_range(array, dtype)
    return converted(array, dtype)


def converted(array: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Return an array in another dtype by the rule of `ops.cast`: NumPy leaves open what NaN is as an integer."""
    if array.dtype.kind != "f" or dtype.kind not in "iu":
        return array.astype(dtype)
    wide = array if array.dtype in ("float32", "float64") else array.astype("float64")
    return _cast(Tensor(wide), dtype).array


def check_range(array: np.ndarray, dtype: np.dtype) -> None:
    """Raise OverflowError unless an integer dtype holds all of what was given as Python's integers."""
    info = np.iinfo(dtype)
    for value in (array.min(), array.max()) if array.size else ():
        if not info.min <= value <= info.max:
            raise OverflowError(f"Python integer {value} out of bounds for {dtype}")


_cast: Callable = None  # installed by the ops floor
_named_initializer: Callable = None  # installed by the package: initializers are made of ops
