"""Reading ``.npz`` files with Keras' four arrays.

The file may come from a stranger: nothing is unpickled, and each array's header must announce
exactly the expected dtype and shape before its values are unpacked, no more of them than that.
"""

from __future__ import annotations

import math
import os
import struct
import zipfile
import zlib
from collections.abc import Mapping
from typing import IO, Literal

import numpy as np

__all__ = ["read_npz"]

# What zipfile and NumPy raise on damaged bytes (NotImplementedError is a RuntimeError).
_DAMAGE: tuple[type[Exception], ...] = (ValueError, OSError, EOFError, RuntimeError)
_DAMAGE += (struct.error, zipfile.BadZipFile, zlib.error)


def read_npz(path: str | os.PathLike[str], shapes: Mapping[str, tuple[int, ...]]) -> dict[str, np.ndarray]:
    """Read uint8 arrays of known shapes from a ``.npz`` file.

    Parameters
    ----------
    path : str or path-like
        The file, as `numpy.savez` or `numpy.savez_compressed` writes it.
    shapes : mapping of str to tuple of int
        The arrays to read, by name, and the shapes that they must have. Others are ignored.

    Returns
    -------
    dict of str to numpy.ndarray
        The arrays, uint8, C order.

    Raises
    ------
    ValueError
        The file is no ``.npz`` file, an array is missing, damaged, or has another dtype or shape.
        The message names the file.
    OSError
        The file cannot be opened.
    """
    with open(path, "rb") as file:
        try:
            with zipfile.ZipFile(file) as archive:
                return {name: _read(archive, name, shape) for name, shape in shapes.items()}
        except _DAMAGE as error:
            raise ValueError(f"{os.fspath(path)}: not the .npz file expected: {error}") from error


def _read(archive: zipfile.ZipFile, name: str, shape: tuple[int, ...]) -> np.ndarray:
    try:
        member = archive.getinfo(f"{name}.npy")
    except KeyError:
        raise ValueError(f"it has no array {name!r}.") from None
    # The other methods unpack without a bound: a small file could fill the memory.
    if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
        raise ValueError(f"the array {name!r} is packed by a method that NumPy never uses.")
    with archive.open(member) as stream:
        order = _check_header(stream, name, shape)
        size = math.prod(shape)
        # One byte more than the header announces: enough to see that there is too much.
        values = stream.read(size + 1)
    if len(values) != size:
        problem = "is cut off" if len(values) < size else "has bytes beyond its end"
        raise ValueError(f"the array {name!r} {problem}.")
    return np.array(np.frombuffer(values, np.uint8).reshape(shape, order=order), order="C")


def _check_header(stream: IO[bytes], name: str, shape: tuple[int, ...]) -> Literal["C", "F"]:
    """Refuse any array but the expected one; return the order in which it is stored."""
    version = np.lib.format.read_magic(stream)
    # The later versions allow headers of 4 GB; an array of bytes never needs one.
    if version != (1, 0):
        raise ValueError(f"the array {name!r} has format version {version}, expected (1, 0).")
    try:
        found, fortran, dtype = np.lib.format.read_array_header_1_0(stream)
    except Exception as error:  # it is parsed as Python, which may fail in any way, by MemoryError too
        raise ValueError(f"the header of the array {name!r} is damaged: {error}") from error
    if dtype != np.uint8 or found != shape:
        raise ValueError(f"the array {name!r} is {dtype} of shape {found}, expected uint8 of shape {shape}.")
    return "F" if fortran else "C"
