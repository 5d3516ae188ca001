"""What every training loop shares: evaluation points, early stopping, best weights, checkpoints, interrupts, speed.

How a step is taken, and on what, is the caller's. All randomness of a step must be a function of seed and
step, so checkpoints need no generator states.
"""

from __future__ import annotations

import statistics
import time
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import psutil
import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.checkpoint import (
    Progressed,
    load_checkpoint,
    restore_weights,
    save_checkpoint,
    trained_weights,
    write,
)
from vernacular.modeling.device import device_of
from vernacular.modeling.distributed import share, together
from vernacular.modeling.interrupts import interrupts
from vernacular.modeling.pending_loss import PendingLoss, read_all_but
from vernacular.modeling.sharding import is_sharded, local

UNTIMED_STEPS, TIMED_STEPS = 3, 9
_MOST_OTHERS = 0.25  # cores used by other processes above which a measurement counts as loaded


@dataclass(frozen=True)
class Course:
    """The steps of a training, and what happens between them."""

    steps: int  # optimizer steps
    take: Callable[[int], PendingLoss]  # takes the step of a number
    evaluate: Callable[[], float]  # returns what falls as the model gets better
    evaluations: int  # points on the curve after the first
    patience: int  # evaluations without a better one; 0 never stops early
    unit: str  # of ``evaluate``
    checkpoint_minutes: float
    stop_after_minutes: float | None = None


def follow(course: Course, model: Any, optimizer: torch.optim.Optimizer, checkpoint: Path,
           say: Callable[[str], None]) -> Progressed:
    """Train ``model`` in place to the end of ``course``, resuming from ``checkpoint`` if it exists.

    It ends with the weights of the curve's best point, in evaluation mode.

    Raises:
        Problem: the loss is not finite, the disk is full, another process died, or time is up.
        KeyboardInterrupt: a signal was received; a checkpoint was written.
    """
    first, sharded = together()[0] == 0, is_sharded(model)
    done = load_checkpoint(checkpoint, model, optimizer)
    if float(share(torch.tensor(float(done.step), device=device_of(model)))) != done.step:
        raise Problem("the processes of this training have different checkpoints", where="pretraining",
                      fix="Put the artifact root on a folder shared by all machines", code=Code.TRAINING_PROCESSES)
    best = checkpoint.with_name(f"best-{checkpoint.name}")
    if done.step:
        say(f"resumed at step {done.step} of {course.steps}")
    model.train()
    points = {round(index * course.steps / course.evaluations) for index in range(course.evaluations + 1)}
    began = saved = reported = time.monotonic()
    pending = deque[PendingLoss]()
    ahead = 1 if device_of(model).type == "cuda" else 0  # steps for which it need not wait
    with interrupts() as asked:
        while not done.stopped:
            if done.step in points and (not done.curve or done.curve[-1][0] != done.step):
                done.curve.append((done.step, course.evaluate()))
                if done.best[0] == done.step and (first or sharded) and done.step not in (0, course.steps):
                    weights = trained_weights(model, optimizer)
                    if first:
                        write(best, {"model": weights, "step": done.step})
                waited = sum(step > done.best[0] for step, _ in done.curve)
                done.stopped = bool(course.patience) and waited >= course.patience
            if done.step >= course.steps or done.stopped:
                break
            started = time.monotonic()
            pending.append(course.take(done.step))
            done.step += 1
            done.losses += read_all_but(0 if done.step in points else ahead, pending)
            now = time.monotonic()
            done.seconds += now - started
            if now - reported > 10 or done.step == course.steps:
                reported = now
                done.losses += read_all_but(0, pending)
                left = done.seconds / done.step * (course.steps - done.step)
                point = f", held-out {done.curve[-1][1]:.3f} {course.unit}" if done.curve else ""
                say(f"step {done.step}/{course.steps}, loss {np.mean(done.losses[-20:]):.3f}{point}, {left:.0f} s left")
            late = course.stop_after_minutes is not None and now - began > course.stop_after_minutes * 60
            due = bool(asked) or late or now - saved > course.checkpoint_minutes * 60
            if sharded:  # every process takes part
                due = bool(share(torch.tensor(float(due), device=device_of(model))))
            if due:
                done.losses += read_all_but(0, pending)
            if due and (first or sharded):
                save_checkpoint(checkpoint, model, optimizer, done)
                saved = now
            if asked:
                raise KeyboardInterrupt
            if late and done.step < course.steps:
                raise Problem(f"the {course.stop_after_minutes:g} minutes ended at step {done.step} of "
                              f"{course.steps}", where="pretraining",
                              fix="Run again: it resumes from there (pretraining.stop_after_minutes)",
                              code=Code.STAGE_STOPPED)
    if (first or sharded) and done.best[0] not in (0, done.step):
        say(f"step {done.best[0]} was best on held-out data: using those weights")
        restore_weights(model, torch.load(best, weights_only=True, map_location="cpu")["model"])
    model.eval()
    return done


def seconds_of_step(model: Any, take: Callable[[int], object], first: int, most_seconds: float) -> tuple[float, bool]:
    """Return the median seconds of a step, and whether other programs slowed it down.

    The weights are restored afterwards from CPU memory: a second copy may not fit a GPU.

    Args:
        model: what is trained.
        take: takes the step of a number, and waits for the device.
        first: number of a step from which on everything is trained.
        most_seconds: time limit for starting steps; at least two are measured.
    """
    begun = time.monotonic()
    training, learning = model.training, [parameter for parameter in model.parameters() if parameter.requires_grad]
    kept = [local(parameter.detach()).to("cpu", copy=True) for parameter in learning]
    model.train()
    for step in range(UNTIMED_STEPS):
        take(first + step)
    seconds: list[float] = []
    before, timed = _busy_elsewhere(), time.monotonic()
    for step in range(TIMED_STEPS):
        started = time.monotonic()
        if len(seconds) > 1 and started - begun > most_seconds:
            break
        take(first + UNTIMED_STEPS + step)
        seconds.append(time.monotonic() - started)
    others = (_busy_elsewhere() - before) / (time.monotonic() - timed)
    if together()[1] > 1:
        others = 0.0  # other processes of this training also use the CPU
    for parameter, before_it in zip(learning, kept, strict=True):
        local(parameter.detach()).copy_(before_it)
        parameter.requires_grad_(True)
        parameter.grad = None
    model.train(training)
    return statistics.median(seconds), others > _MOST_OTHERS


def _busy_elsewhere() -> float:
    """Return the CPU seconds used by other processes of this machine, over all cores."""
    every, own = psutil.cpu_times(), psutil.Process().cpu_times()
    return float(every.user + every.system + getattr(every, "nice", 0.0) - own.user - own.system)
