"""Training state on disk: written whole or not at all, and read back exactly."""

from __future__ import annotations

import errno
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from vernacular.core.errors import TransientProblem


@dataclass
class Progressed:
    """How far a training has come, as a checkpoint keeps it.

    Attributes:
        step: optimizer steps done.
        losses: training loss in nats per predicted token, a value a step.
        curve: (step, held-out nats per character) points.
        seconds: time spent in steps, over all processes that worked on it one after another.
        stopped: whether it ended early, since held-out likelihood no longer improved.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0
    stopped: bool = False

    @property
    def best(self) -> tuple[int, float]:
        """The point of the curve with the best value; the latest of equals."""
        return min(reversed(self.curve), key=lambda point: point[1])


def write(path: Path, state: Any) -> None:
    """Write ``state`` so that a reader finds the old file or the new one, never a part.

    Raises:
        Problem: the disk is full; the old file is kept.
    """
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:  # torch's writer reports a failed write as a RuntimeError
        part.unlink(missing_ok=True)
        if not _full(error):
            raise
        raise TransientProblem("the disk is full", where=str(path.parent),
                               fix="Free some space and run again: it goes on from the last checkpoint") from error
    part.replace(path)


def _full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def save_checkpoint(path: Path, model: Any, optimizer: torch.optim.Optimizer, done: Progressed) -> None:
    """Write model, optimizer and progress; see ``write``."""
    write(path, {"model": model.state_dict(), "optimizer": optimizer.state_dict(), **asdict(done)})


def load_checkpoint(path: Path, model: Any, optimizer: torch.optim.Optimizer) -> Progressed:
    """Put a checkpoint into ``model`` and ``optimizer``; a fresh start where there is none."""
    if not path.exists():
        return Progressed()
    state = torch.load(path, weights_only=True, map_location=next(model.parameters()).device)
    model.load_state_dict(state["model"])
    optimizer.load_state_dict(state["optimizer"])
    return Progressed(state["step"], state["losses"], [tuple(point) for point in state["curve"]], state["seconds"],
                      state["stopped"])
