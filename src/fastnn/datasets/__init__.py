"""Data sets by name, with Keras' ``load_data``.

`fashion_mnist` and `mnist` return Keras' four arrays; `digits` is the small set that scikit-learn
brings along, for machines that have neither files nor a network.
"""

from ..utils.missing import explain_missing
from . import digits, fashion_mnist, mnist

__all__ = ["digits", "fashion_mnist", "mnist"]
explain_missing(__name__)
