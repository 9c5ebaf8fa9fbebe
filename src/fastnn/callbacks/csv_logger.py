"""A CSV file with a line for each epoch."""

from __future__ import annotations

import csv
import os
from collections.abc import Iterable
from typing import Any, TextIO

from ..utils import checks
from .callback import Callback, Logs

__all__ = ["CSVLogger"]


class CSVLogger(Callback):
    """Writes the logs of every epoch to a CSV file (Keras' `CSVLogger`).

    Parameters
    ----------
    filename : str or PathLike
    separator : str, default ","
    append : bool, default False
        True: add to an existing file, with a header only if it is empty. False: overwrite it.

    Notes
    -----
    As in Keras, columns for validation metrics are written even when the first epoch had no
    validation; a value that an epoch does not have is written as "NA".
    """

    def __init__(self, filename: str | os.PathLike[str], separator: str = ",", append: bool = False) -> None:
        super().__init__()
        self.filename = os.fspath(filename)
        if not isinstance(separator, str) or len(separator) != 1 or separator in '"\r\n':
            raise ValueError(
                f"Argument `separator` must be one character, such as ','. Received: separator={separator!r}"
            )
        self.separator = separator
        self.append = checks.boolean("append", append)
        self._file: TextIO | None = None
        self._keys: list[str] | None = None
        self._header = True

    def on_train_begin(self, logs: Logs = None) -> None:
        self._close()
        self._keys = None
        self._header = not (self.append and os.path.exists(self.filename) and os.path.getsize(self.filename))
        self._file = open(  # noqa: SIM115 - held open until training ends
            self.filename, "a" if self.append else "w", newline="", encoding="utf-8"
        )

    def on_epoch_end(self, epoch: int, logs: Logs = None) -> None:
        logs = logs or {}
        writer = csv.writer(self._file, delimiter=self.separator)
        if self._keys is None:
            self._keys = sorted(logs)
            if not any(key.startswith("val_") for key in self._keys):
                self._keys += [f"val_{key}" for key in self._keys]
            if self._header:
                writer.writerow(["epoch", *self._keys])
        writer.writerow([epoch, *(_as_text(logs.get(key, "NA")) for key in self._keys)])
        self._file.flush()

    def on_train_end(self, logs: Logs = None) -> None:
        self._close()

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None


def _as_text(value: Any) -> Any:
    if isinstance(value, str) or not isinstance(value, Iterable) or getattr(value, "ndim", 1) == 0:
        return value
    return f'"[{", ".join(map(str, value))}]"'
