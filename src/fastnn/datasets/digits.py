"""Digits: 1,797 handwritten digits of 8×8 pixels that scikit-learn brings along.

They need neither files nor a network (Alpaydin and Kaynak, 1998; licence CC BY 4.0).
"""

from __future__ import annotations

import numpy as np

from ._sources import Arrays

__all__ = ["class_names", "load_data"]

class_names = tuple("0123456789")

_TRAIN_ROWS = 1437


def load_data() -> Arrays:
    """Load scikit-learn's bundled digits in the form of Keras' data sets.

    The rows are shuffled once, in an order that never changes: the source is sorted by writer, and
    the test rows should come from all of them.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 arrays of shapes (1437, 8, 8), (1437,), (360, 8, 8), (360,). Pixels are 0 to 16,
        labels 0 to 9.
    """
    from sklearn.datasets import load_digits

    bunch = load_digits()
    # RandomState's stream is frozen by NumPy's promise: the same split everywhere.
    order = np.random.RandomState(0).permutation(len(bunch.target))
    images = bunch.images[order].astype(np.uint8)
    labels = bunch.target[order].astype(np.uint8)
    train, test = slice(None, _TRAIN_ROWS), slice(_TRAIN_ROWS, None)
    return (images[train], labels[train]), (images[test], labels[test])
