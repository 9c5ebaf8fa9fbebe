"""The ops of fastnn, with Keras' names; each primitive is a row of `catalogue.CATALOGUE`."""

from ..tensor import convert_to_tensor, is_tensor
from . import elementwise, linalg, nn, operators, reduce, sampling, shaping, update
from .catalogue import CATALOGUE, Op
from .elementwise import *  # noqa: F403
from .linalg import *  # noqa: F403
from .nn import *  # noqa: F403
from .reduce import *  # noqa: F403
from .shaping import *  # noqa: F403
from .update import *  # noqa: F403
from .py_op import py_op

operators.install()

__all__ = [
    "CATALOGUE", "Op", "convert_to_tensor", "is_tensor", "py_op",
    *elementwise.__all__, *linalg.__all__, *nn.__all__, *reduce.__all__, *shaping.__all__, *update.__all__,
]  # fmt: skip
