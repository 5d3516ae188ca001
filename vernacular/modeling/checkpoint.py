"""Training state on disk: written atomically and restored exactly."""

from __future__ import annotations

import errno
import os
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.modeling.distributed import together
from vernacular.modeling.sharding import as_part_of, is_sharded, restore, whole


@dataclass
class Progressed:
    """The progress of a training in a checkpoint."""

    step: int = 0  # optimizer steps taken
    # training loss in nats per predicted token, one value per step
    losses: list[float] = field(default_factory=list)
    # (step, held-out nats per character) points
    curve: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0  # time in steps, summed over resumed processes
    stopped: bool = False  # whether early stopping ended it

    @property
    def best(self) -> tuple[int, float]:
        """The best point of the curve; the latest of equals."""
        return min(reversed(self.curve), key=lambda point: point[1])


def write(path: Path, state: Any) -> None:
    """Write ``state`` atomically.

    Raises:
        Problem: the disk is full; the old file is kept.
    """
    part = path.with_suffix(".part")
    try:
        with part.open("wb") as stream:
            torch.save(state, stream)
            stream.flush()
            os.fsync(stream.fileno())
    except (OSError, RuntimeError) as error:  # torch reports a failed write as a RuntimeError
        part.unlink(missing_ok=True)
        if not _full(error):
            raise
        raise TransientProblem("the disk is full", where=str(path.parent),
                               fix="Free some space and run again; it resumes from the last checkpoint",
                               code=Code.DISK_FULL) from error
    part.replace(path)


def _full(error: BaseException | None) -> bool:
    while error is not None:
        if isinstance(error, OSError) and error.errno in (errno.ENOSPC, errno.EDQUOT):
            return True
        if "No space left" in str(error):
            return True
        error = error.__cause__ or error.__context__
    return False


def trained_weights(model: Any, optimizer: torch.optim.Optimizer) -> dict[str, torch.Tensor]:
    """Return the weights that ``optimizer`` changes, by name: under LoRA a small part of the model."""
    trained = {id(parameter) for group in optimizer.param_groups for parameter in group["params"]}
    if not is_sharded(model) and all(id(parameter) in trained for parameter in model.parameters()):
        found: dict[str, torch.Tensor] = model.state_dict()
        return found
    return {name: whole(parameter.detach()) for name, parameter in model.named_parameters() if id(parameter) in trained}


def restore_weights(model: Any, weights: dict[str, torch.Tensor]) -> None:
    """Put weights of ``trained_weights`` back."""
    unknown = (restore(model, weights) if is_sharded(model) else
               model.load_state_dict(weights, strict=False).unexpected_keys)
    if unknown:
        raise Problem(f"the checkpoint has weights that the model lacks, such as {unknown[0]}", where="pretraining",
                      fix="Delete the checkpoint and run again", code=Code.RESULT_UNREADABLE)


def save_checkpoint(path: Path, model: Any, optimizer: torch.optim.Optimizer, done: Progressed) -> None:
    """Write trained weights, optimizer and progress, all whole; see ``write``. The first process writes."""
    state = optimizer.state_dict()
    state["state"] = {index: {name: whole(value) for name, value in of_one.items()}
                      for index, of_one in state["state"].items()}
    weights = trained_weights(model, optimizer)
    if together()[0] == 0:
        write(path, {"model": weights, "optimizer": state, **asdict(done)})


def load_checkpoint(path: Path, model: Any, optimizer: torch.optim.Optimizer) -> Progressed:
    """Restore a checkpoint into ``model`` and ``optimizer``; return empty progress if there is none."""
    if not path.exists():
        return Progressed()
    state = torch.load(path, weights_only=True, map_location=next(model.parameters()).device)
    restore_weights(model, state["model"])
    for group, own in zip(state["optimizer"]["param_groups"], optimizer.param_groups, strict=True):
        group["fused"] = own["fused"]  # distributed training has another
    optimizer.load_state_dict(state["optimizer"])
    for parameter, of_one in optimizer.state.items():
        for name, value in of_one.items():
            if value.shape == parameter.shape:
                of_one[name] = as_part_of(value, parameter)
    return Progressed(state["step"], state["losses"], [tuple(point) for point in state["curve"]], state["seconds"],
                      state["stopped"])
