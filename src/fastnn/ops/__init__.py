"""The ops of fastnn, with Keras' names; each primitive is a row of `catalogue.CATALOGUE`."""

from ..tensor import convert_to_tensor, is_tensor
from . import (
    activation,
    composites,
    control,
    convert,
    counting,
    creation,
    cumulative,
    elementwise,
    indexing,
    joining,
    linalg,
    nan_reduce,
    nn,
    normalization,
    operators,
    reduce,
    sampling,
    scattering,
    shaping,
    sorting,
    update,
)  # fmt: skip
from .activation import *  # noqa: F403
from .catalogue import CATALOGUE, Op
from .composites import *  # noqa: F403
from .control import *  # noqa: F403
from .convert import *  # noqa: F403
from .counting import *  # noqa: F403
from .creation import *  # noqa: F403
from .cumulative import *  # noqa: F403
from .einsum import einsum
from .elementwise import *  # noqa: F403
from .indexing import *  # noqa: F403
from .joining import *  # noqa: F403
from .linalg import *  # noqa: F403
from .nan_reduce import *  # noqa: F403
from .nn import *  # noqa: F403
from .normalization import *  # noqa: F403
from .py_op import py_op
from .reduce import *  # noqa: F403
from .scattering import *  # noqa: F403
from .shaping import *  # noqa: F403
from .sorting import *  # noqa: F403
from .sparsemax import sparsemax
from .update import *  # noqa: F403

operators.install()

__all__ = [
    "CATALOGUE", "Op", "convert_to_tensor", "einsum", "is_tensor", "py_op", "sampling",
    "sparsemax",
    *activation.__all__, *composites.__all__, *control.__all__, *convert.__all__, *counting.__all__,
    *creation.__all__, *cumulative.__all__, *elementwise.__all__, *indexing.__all__, *joining.__all__, *linalg.__all__,
    *nan_reduce.__all__, *nn.__all__, *normalization.__all__, *reduce.__all__, *scattering.__all__, *shaping.__all__,
    *sorting.__all__, *update.__all__,
]  # fmt: skip
