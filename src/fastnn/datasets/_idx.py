"""Reading idx files, the format in which MNIST and Fashion-MNIST are published.

The files may come from strangers. What is read is decided by the caller, never by the file: the
header must announce exactly the expected array, and no more bytes than that are ever unpacked.

Layout: two zero bytes, the type code (8 is uint8), the number of dimensions, one big-endian uint32
a dimension, then the values in C order (http://yann.lecun.com/exdb/mnist/).
"""

from __future__ import annotations

import gzip
import math
import os
import struct
import zlib
from pathlib import Path
from typing import IO

import numpy as np

__all__ = ["read_idx"]

_GZIP_MAGIC = b"\x1f\x8b"
_TYPES = {
    0x08: "uint8",
    0x09: "int8",
    0x0B: "int16",
    0x0C: "int32",
    0x0D: "float32",
    0x0E: "float64",
}


def read_idx(path: str | os.PathLike[str], shape: tuple[int, ...]) -> np.ndarray:
    """Read an idx file of bytes, plain or gzip-compressed.

    Parameters
    ----------
    path : str or path-like
        The file. Whether it is compressed is told by its first bytes, not by its name.
    shape : tuple of int
        The shape that the file must have.

    Returns
    -------
    numpy.ndarray
        uint8, of the given shape.

    Raises
    ------
    ValueError
        The file is not an idx file of unsigned bytes, has another shape, or holds fewer or more
        bytes than its header announces. The message names the file.
    OSError
        The file cannot be opened.
    """
    path = Path(path)
    with open(path, "rb") as file:
        compressed = file.read(2) == _GZIP_MAGIC
        file.seek(0)
        if not compressed:
            return _read(file, path, shape)
        try:
            with gzip.GzipFile(fileobj=file) as stream:
                return _read(stream, path, shape)
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise ValueError(f"{path}: the gzip data is damaged or cut off ({error}).") from error


def _read(stream: IO[bytes], path: Path, shape: tuple[int, ...]) -> np.ndarray:
    _check_header(stream, path, shape)
    size = math.prod(shape)
    # One byte more than the header announces: enough to see that there is too much.
    values = stream.read(size + 1)
    if len(values) < size:
        raise ValueError(f"{path}: the file is cut off: {size - len(values)} of {size} bytes of values are missing.")
    if len(values) > size:
        raise ValueError(f"{path}: the file is too long: more follows the {size} bytes of its header.")
    return np.array(np.frombuffer(values, np.uint8).reshape(shape))


def _check_header(stream: IO[bytes], path: Path, shape: tuple[int, ...]) -> None:
    magic = stream.read(4)
    if len(magic) < 4 or magic[:2] != b"\0\0" or magic[2] not in _TYPES:
        raise ValueError(
            f"{path}: not an idx file: it begins with {magic.hex(' ') or 'nothing'}, expected "
            f"00 00 08 {len(shape):02x}."
        )
    if magic[2] != 0x08:
        raise ValueError(f"{path}: the values are {_TYPES[magic[2]]}, expected uint8.")
    if magic[3] != len(shape):
        raise ValueError(f"{path}: the array has {magic[3]} dimensions, expected {len(shape)}: {shape}.")
    sizes = stream.read(4 * len(shape))
    if len(sizes) < 4 * len(shape):
        raise ValueError(f"{path}: the file is cut off within its header.")
    found = struct.unpack(f">{len(shape)}I", sizes)
    if found != shape:
        raise ValueError(f"{path}: the array has shape {found}, expected {shape}.")
