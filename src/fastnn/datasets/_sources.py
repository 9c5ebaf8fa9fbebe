"""Where data sets come from: the search order, the download, and the error that lists the ways."""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from ._idx import read_idx
from ._npz import read_npz

__all__ = ["Arrays", "DatasetNotFoundError", "Source", "cache_home", "load"]

Arrays = tuple[tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray]]

_SHAPES: dict[str, tuple[int, ...]] = {
    "x_train": (60000, 28, 28),
    "y_train": (60000,),
    "x_test": (10000, 28, 28),
    "y_test": (10000,),
}
_STEMS = {
    "x_train": ("train-images", "idx3-ubyte"),
    "y_train": ("train-labels", "idx1-ubyte"),
    "x_test": ("t10k-images", "idx3-ubyte"),
    "y_test": ("t10k-labels", "idx1-ubyte"),
}
_CLASSES = 10
_MIRROR = "https://storage.googleapis.com/tensorflow/tf-keras-datasets/"
# Seconds to connect, and between two pieces of data: a machine without a network is told soon.
_TIMEOUT = (5, 60)


class DatasetNotFoundError(FileNotFoundError):
    """No place has the data set, and it could not be downloaded.

    Attributes
    ----------
    reason : str
        Why there was no download, in a few words; the message itself lists the ways to help.
    """

    def __init__(self, source: Source, reason: str) -> None:
        super().__init__(_ways(source, reason))
        self.reason = reason


@dataclass(frozen=True)
class Source:
    """One data set of 70,000 pictures of 28×28 bytes: its names, and where it may be found.

    Attributes
    ----------
    title : str
        The name that people read.
    folder : str
        The name of its folder (and of its ``.npz`` file) below a data directory.
    downloads : mapping of str to str
        File name on the mirror to its SHA-256.
    system : Path or None
        Where a system package installs it.
    package : str
        The system package's name.
    """

    title: str
    folder: str
    downloads: Mapping[str, str] = field(default_factory=dict)
    system: Path | None = None
    package: str = ""


def load(source: Source, path: str | os.PathLike[str] | None = None) -> tuple[Arrays, Path]:
    """Load a data set from the first place that has it.

    Parameters
    ----------
    source : Source
        The data set.
    path : str, path-like or None
        A directory or file that must hold it; None searches.

    Returns
    -------
    arrays : ((x_train, y_train), (x_test, y_test))
        uint8 arrays.
    place : Path
        The directory or file they were read from.

    Raises
    ------
    DatasetNotFoundError, FileNotFoundError
        It was not found; the message lists the ways to provide it.
    ValueError
        A file was found but is damaged, or is not what it should be.
    """
    if path is not None:
        return _read(_given(source, path))
    return _read(_search(source) or _download(source))


def cache_home() -> Path:
    """Return the directory into which downloads go: the user's cache, by the platform's custom."""
    if sys.platform == "win32":
        base = os.environ.get("LOCALAPPDATA") or Path.home() / "AppData" / "Local"
    elif sys.platform == "darwin":
        base = Path.home() / "Library" / "Caches"
    else:
        base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    return Path(base) / "fastnn"


def _given(source: Source, path: str | os.PathLike[str]) -> dict[str, Path]:
    """Return the files at a place that the user named; another place would not do instead."""
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(f"path must be a directory or an .npz file, or None; got {type(path).__name__}.")
    place = Path(path).expanduser()
    if not place.exists():
        raise FileNotFoundError(f"path: there is no file or directory {str(path)!r}.")
    files = _files_in(place, source)
    if files is None:
        missing = ", ".join(
            f"{stem}-{kind}[.gz]" for name, (stem, kind) in _STEMS.items() if _idx_file(place, name) is None
        )
        raise FileNotFoundError(f"path: {place} has no {missing}, nor {source.folder}.npz.")
    return files


def _search(source: Source) -> dict[str, Path] | None:
    for directory in _directories(source):
        files = _files_in(directory, source)
        if files is not None:
            return files
    return None


def _directories(source: Source) -> list[Path]:
    """List the places to look at, in order."""
    found = []
    home = _data_home()
    if home is not None:
        found += [home / source.folder, home / f"{source.folder}.npz"]
        # The two MNISTs use the same file names: the folder's name tells which of them it is.
        if home.name == source.folder:
            found.append(home)
    found.append(cache_home() / source.folder)
    if source.system is not None:
        found.append(source.system)
    return found


def _data_home() -> Path | None:
    value = os.environ.get("FASTNN_DATA_HOME")
    return Path(value).expanduser() if value else None


def _files_in(place: Path, source: Source) -> dict[str, Path] | None:
    """Return the data set's files at a place (a directory, or an ``.npz`` file), or None."""
    if place.is_file():
        return {"npz": place}
    files = {name: _idx_file(place, name) for name in _STEMS}
    if all(files.values()):
        return {name: file for name, file in files.items() if file is not None}
    npz = place / f"{source.folder}.npz"
    return {"npz": npz} if npz.is_file() else None


def _idx_file(directory: Path, name: str) -> Path | None:
    stem, kind = _STEMS[name]
    # Some archives write train-images.idx3-ubyte, as the files were called before compression.
    for file_name in (f"{stem}-{kind}", f"{stem}.{kind}"):
        for suffix in ("", ".gz"):
            file = directory / (file_name + suffix)
            if file.is_file():
                return file
    return None


def _download(source: Source) -> dict[str, Path]:
    """Fetch the files into the cache, checked by their SHA-256."""
    directory = cache_home() / source.folder
    try:
        import pooch
    except ImportError:
        raise DatasetNotFoundError(source, "pooch is not installed: python -m pip install pooch") from None
    downloader = pooch.HTTPDownloader(progressbar=False, timeout=_TIMEOUT)
    try:
        for name, sha256 in source.downloads.items():
            pooch.retrieve(_MIRROR + name, f"sha256:{sha256}", name, directory, downloader=downloader)
    except (OSError, ValueError) as error:  # no network, no place to write; the wrong SHA-256
        raise DatasetNotFoundError(source, _reason(error)) from None
    files = _files_in(directory, source)
    if files is None:
        raise DatasetNotFoundError(source, f"{directory} does not hold what was fetched")
    return files


def _reason(error: Exception) -> str:
    """Say in one line why a download failed; what requests says of a missing network takes ten."""
    import requests

    if isinstance(error, (requests.ConnectionError, requests.Timeout)):
        return "there is no connection to the server"
    return (str(error).splitlines() or [type(error).__name__])[0]


def _ways(source: Source, reason: str) -> str:
    """Write the message of a data set that was not found: what to do, one line a way."""
    home = _data_home()
    system = (
        f"install the Debian or Ubuntu package {source.package} (it was not found in {source.system})"
        if source.system is not None
        else f"put the files into the user cache, {cache_home() / source.folder}"
    )
    state = f"now it is {home}, and holds none" if home is not None else "now it is not set"
    return "\n".join(
        [
            f"{source.title} was not found. Any of these four ways provides it:",
            "  1. load_data(path=...): a directory with train-images-idx3-ubyte, "
            "train-labels-idx1-ubyte, t10k-images-idx3-ubyte and t10k-labels-idx1-ubyte, each "
            "with or without .gz, or an .npz file with x_train, y_train, x_test, y_test;",
            f"  2. FASTNN_DATA_HOME: a directory that holds them in {source.folder}/ ({state});",
            f"  3. {system};",
            f"  4. the download, from {_MIRROR} ({reason}).",
        ]
    )


def _read(files: dict[str, Path]) -> tuple[Arrays, Path]:
    if "npz" in files:
        place = files["npz"]
        arrays = read_npz(place, _SHAPES)
    else:
        place = files["x_train"].parent
        arrays = {name: read_idx(files[name], _SHAPES[name]) for name in _SHAPES}
    for name in ("y_train", "y_test"):
        largest = int(arrays[name].max())
        if largest >= _CLASSES:
            raise ValueError(f"{files.get(name, place)}: a label is {largest}, expected 0 to {_CLASSES - 1}.")
    pairs = (arrays["x_train"], arrays["y_train"]), (arrays["x_test"], arrays["y_test"])
    return pairs, place
