"""Fashion-MNIST: 70,000 pictures of clothes in ten classes (Xiao, Rasul, Vollgraf, 2017).

The copyright is Zalando SE's; the data are under the MIT licence.
"""

from __future__ import annotations

import os
from pathlib import Path

from ._sources import Arrays, Source, load

__all__ = ["class_names", "load_data"]

class_names = (
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
)

SOURCE = Source(
    title="Fashion-MNIST",
    folder="fashion-mnist",
    # Of the four files as published (their MD5 sums stand in the data set's README).
    downloads={
        "train-images-idx3-ubyte.gz": ("3aede38d61863908ad78613f6a32ed271626dd12800ba2636569512369268a84"),
        "train-labels-idx1-ubyte.gz": ("a04f17134ac03560a47e3764e11b92fc97de4d1bfaf8ba1a3aa29af54cc90845"),
        "t10k-images-idx3-ubyte.gz": ("346e55b948d973a97e58d2351dde16a484bd415d4595297633bb08f03db6a073"),
        "t10k-labels-idx1-ubyte.gz": ("67da17c76eaffca5446c3361aaab5c3cd6d1c2608764d35dfb1850b086bf8dd5"),
    },
    system=Path("/usr/share/datasets/fashion-mnist"),
    package="dataset-fashion-mnist",
)


def load_data(path: str | os.PathLike[str] | None = None) -> Arrays:
    """Load Fashion-MNIST as Keras does.

    The files are looked for in `path`, where it is given, and nowhere else; otherwise below
    ``FASTNN_DATA_HOME`` (in ``fashion-mnist/``), in the user's cache, in the directory of Debian's
    package ``dataset-fashion-mnist``, and last on the mirror that Keras uses: a download into the
    cache, checked by SHA-256 (it needs the extra ``[data]``).

    Parameters
    ----------
    path : str, path-like or None, default None
        A directory with the four idx files (with or without ``.gz``), or an ``.npz`` file with the
        arrays ``x_train, y_train, x_test, y_test``.

    Returns
    -------
    (x_train, y_train), (x_test, y_test)
        uint8 arrays of shapes (60000, 28, 28), (60000,), (10000, 28, 28), (10000,). Pixels are 0 to
        255, labels 0 to 9 (`class_names` has their names).

    Raises
    ------
    FileNotFoundError
        The data set was not found; the message lists the four ways to provide it.
    ValueError
        A file is cut off, too long, or not the array it should be; the message names it.

    Examples
    --------
    >>> import fastnn as keras
    >>> (x_train, y_train), (x_test, y_test) = keras.datasets.fashion_mnist.load_data()
    """
    return load(SOURCE, path)[0]
