"""What training raises of its own."""

from __future__ import annotations

__all__ = ["DivergenceError"]


class DivergenceError(FloatingPointError):
    """Training diverged: the loss or a weight is NaN or infinite.

    Before it is raised, the model's weights and the optimizer's state are put back to where they were
    at the end of the last epoch that was finite (or at the start of training).

    Attributes
    ----------
    epoch : int
        The epoch in which it happened, counted from 1 as in the progress lines.
    step : int
        The batch of that epoch, counted from 1.
    """

    def __init__(self, message: str, epoch: int, step: int) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.step = step

    def __reduce__(self):
        return type(self), (self.args[0], self.epoch, self.step)
