"""The loss of a step that a GPU may still be computing.

Reading a number from a GPU waits for everything that was started before. If the loss of the last
step is read after the next one was started, the processor prepares a step while the GPU computes.
"""

from __future__ import annotations

import math
from collections import deque

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem


class PendingLoss:
    """The loss of ``step``, and the norm of its gradient."""

    def __init__(self, loss: torch.Tensor, length: torch.Tensor, step: int) -> None:
        length = length.detach().to(loss.device)  # without a gradient it is on the processor
        self._values = torch.stack((loss.detach().float(), length.float())).to("cpu", non_blocking=loss.is_cuda)
        self._step, self._copied = step, None
        if loss.is_cuda:
            self._copied = torch.cuda.Event()  # type: ignore[no-untyped-call]
            self._copied.record(torch.cuda.current_stream(loss.device))

    def read(self) -> float:
        """Wait for the loss; return it.

        Raises:
            Problem: it or the gradient is not finite.
        """
        if self._copied is not None:
            self._copied.synchronize()
        loss, length = self._values.tolist()
        if not math.isfinite(loss) or not math.isfinite(length):
            raise Problem(f"the {'gradient' if math.isfinite(loss) else 'loss'} is not a number at step {self._step}",
                          where="pretraining", fix="Lower pretraining.learning_rate; the last checkpoint is kept",
                          code=Code.TRAINING_DIVERGED)
        return float(loss)


def read_all_but(last: int, pending: deque[PendingLoss]) -> list[float]:
    """Return the losses of all but the ``last`` steps, and remove them from ``pending``."""
    return [pending.popleft().read() for _ in range(len(pending) - last)]
