"""fastnn: small neural networks on a CPU, with the faces of Keras 3 and scikit-learn."""


from . import config, ops, random
from .autograd import GradientTape
from .config import show_config
from .function import function
from .tensor import Tensor, Variable

__version__ = "0.1.0"
