"""MNIST: 70,000 pictures of handwritten digits (LeCun, Cortes, Burges, 1998).

The data are under the licence CC BY-SA 3.0.
"""

from __future__ import annotations

import os

from ._sources import Arrays, Source, load

__all__ = ["class_names", "load_data"]

class_names = tuple("0123456789")

_KERAS_DEFAULT = "mnist.npz"  # a file of Keras' cache
SOURCE = Source(
    title="MNIST",
    folder="mnist",
    downloads={
        "mnist.npz": "731c5ac602752760c8e48fbffcf8c3b850d9dc2a2aedcf2cc48468fc17b673d1",
    },
)


def load_data(path: str | os.PathLike[str] | None = None) -> Arrays:
    """Load MNIST as Keras does.

    The files are looked for in `path`, where it is given, and nowhere else; otherwise below
    ``FASTNN_DATA_HOME`` (in ``mnist/`` or as ``mnist.npz``), in the user's cache, and last on the
    mirror that Keras uses: a download into the cache, checked by SHA-256 (it needs the extra
    ``[data]``).

    Parameters
    ----------
    path : str, path-like or None, default None
        A directory with the four idx files (with or without ``.gz``), or an ``.npz`` file with the
        arrays ``x_train, y_train, x_test, y_test``. Where there is no file ``"mnist.npz"``, that
        name, which is Keras' default, stands for None.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 arrays of shapes (60000, 28, 28), (60000,), (10000, 28, 28), (10000,). Pixels are 0 to
        255, labels 0 to 9.

    Raises
    ------
    FileNotFoundError
        The data set was not found; the message lists the four ways to provide it.
    ValueError
        A file is cut off, too long, or not the array it should be; the message names it.
    """
    if path == _KERAS_DEFAULT and not os.path.exists(path):
        path = None
    return load(SOURCE, path)[0]
