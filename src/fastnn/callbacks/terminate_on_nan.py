"""Stop where the loss is no number."""

from __future__ import annotations

import math

from ..utils import checks
from .callback import Callback, Logs
from .progbar import print_message

__all__ = ["TerminateOnNaN"]


class TerminateOnNaN(Callback):
    """Ends training at a loss that is NaN or infinite (Keras' `TerminateOnNaN`).

    Parameters
    ----------
    raise_error : bool, default False
        True: raise RuntimeError. False: set ``model.stop_training``, so that ``fit`` returns.

    Notes
    -----
    It looks at every batch, so ``fit`` runs batch by batch. With it ``fit`` raises no `DivergenceError`; the
    weights are put back to the end of the last finite epoch all the same.
    """

    def __init__(self, raise_error: bool = False) -> None:
        super().__init__()
        self.raise_error = checks.boolean("raise_error", raise_error)

    def on_batch_end(self, batch: int, logs: Logs = None) -> None:
        loss = (logs or {}).get("loss")
        if loss is None or math.isfinite(loss):
            return
        if self.raise_error:
            raise RuntimeError(
                f"NaN or Inf loss encountered at batch {batch}. Loss value: {loss}. Terminating training immediately."
            )
        print_message(f"Batch {batch}: Invalid loss, terminating training\n")
        self.model.stop_training = True
