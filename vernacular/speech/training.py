"""The training loop of speech models: pretraining and transcription share it.

As in ``vernacular.modeling.training_loop``, all randomness is a function of seed and step, so that a
killed training resumes to the same weights.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
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
from vernacular.modeling.interrupts import interrupts
from vernacular.modeling.pending_loss import PendingLoss
from vernacular.modeling.schedules import rise_and_fall

_CLIP = 1.0  # gradient norm
_UNTIMED, _TIMED = 2, 5  # steps from which the speed is measured


@dataclass(frozen=True)
class SpeechPlan:
    """Everything the loop needs besides the network."""

    steps: int  # optimizer steps
    # the loss of a step in parts, whose gradients are added up one after the other
    losses: Callable[[int], Iterable[torch.Tensor]]
    evaluate: Callable[[], float]  # returns what falls as the network gets better
    body: Callable[[], Iterator[torch.nn.Parameter]]  # weights of the base, which have a rate of their own
    learning_rate: float  # highest one of ``body``
    head_learning_rate: float  # highest one of everything else
    seed: int
    warmup: float = 0.1  # share of the steps
    head_first: float = 0.0  # share of the steps in which ``body`` stays as it is
    weight_decay: float = 0.01
    patience: int = 3  # evaluations without a better one; 0 never stops early
    evaluations: int = 10  # points on the curve after the first
    unit: str = "nats per masked frame"  # of ``evaluate``
    checkpoint_minutes: float = 1.0
    stop_after_minutes: float | None = None


def optimizer_of(network: torch.nn.Module, plan: SpeechPlan) -> torch.optim.AdamW:
    """Return AdamW with a group for body and head, each with and without weight decay (none on vectors)."""
    body = {id(parameter) for parameter in plan.body()}
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for parameter in network.parameters():
        if parameter.requires_grad:
            part = "body" if id(parameter) in body else "head"
            groups.setdefault((part, parameter.ndim > 1), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": parameters, "part": part, "weight_decay": plan.weight_decay if decays else 0.0}
         for (part, decays), parameters in groups.items()],
        lr=plan.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)


def take_speech_step(network: Any, optimizer: torch.optim.AdamW, plan: SpeechPlan, step: int) -> float:
    """Take one optimizer step; return its loss.

    Raises:
        Problem: the loss or the gradient is not finite; nothing was changed.
    """
    warm = max(1, math.ceil(plan.warmup * plan.steps))
    wait = math.floor(plan.head_first * plan.steps)
    for group in optimizer.param_groups:
        body = group["part"] == "body"
        first = wait if body else 0
        group["lr"] = 0.0 if step < first else rise_and_fall(
            plan.learning_rate if body else plan.head_learning_rate, step, plan.steps, warm, first)
        for parameter in group["params"]:
            parameter.requires_grad_(step >= first)
    torch.manual_seed(plan.seed * 1_000_003 + step)
    np.random.seed((plan.seed * 1_000_003 + step) % 2**32)  # transformers draws SpecAugment from it
    device = device_of(network)
    total = torch.zeros((), device=device)
    for loss in plan.losses(step):
        torch.autograd.backward(loss)
        total += loss.detach().float()
    parameters = [parameter for group in optimizer.param_groups for parameter in group["params"]]
    length = torch.nn.utils.clip_grad_norm_(parameters, _CLIP)
    value = PendingLoss(total, length, step).read()
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return value


def evaluated_speech(network: Any, plan: SpeechPlan) -> float:
    """Return ``plan.evaluate()`` without gradients; leave the network in training mode."""
    network.eval()
    with torch.inference_mode():
        value = plan.evaluate()
    network.train()
    return value


def train_speech(network: Any, plan: SpeechPlan, checkpoint: Path, say: Callable[[str], None]) -> Progressed:
    """Train ``network`` in place to the end of ``plan``, resuming from ``checkpoint`` if it exists.

    It ends with the weights of the curve's best point, in evaluation mode.

    Raises:
        Problem: the loss is not finite, the disk is full, or time is up.
        KeyboardInterrupt: a signal was received; a checkpoint was written.
    """
    optimizer = optimizer_of(network, plan)
    done = load_checkpoint(checkpoint, network, optimizer)
    best = checkpoint.with_name(f"best-{checkpoint.name}")
    if done.step:
        say(f"resumed at step {done.step} of {plan.steps}")
    network.train()
    points = {round(index * plan.steps / plan.evaluations) for index in range(plan.evaluations + 1)}
    began = saved = reported = time.monotonic()
    with interrupts() as asked:
        while not done.stopped:
            if done.step in points and (not done.curve or done.curve[-1][0] != done.step):
                done.curve.append((done.step, evaluated_speech(network, plan)))
                if done.best[0] == done.step and done.step not in (0, plan.steps):
                    write(best, {"model": trained_weights(network, optimizer), "step": done.step})
                waited = sum(step > done.best[0] for step, _ in done.curve)
                done.stopped = bool(plan.patience) and waited >= plan.patience
            if done.step >= plan.steps or done.stopped:
                break
            started = time.monotonic()
            done.losses.append(take_speech_step(network, optimizer, plan, done.step))
            done.step += 1
            now = time.monotonic()
            done.seconds += now - started
            if now - reported > 10 or done.step == plan.steps:
                reported = now
                left = done.seconds / done.step * (plan.steps - done.step)
                say(f"step {done.step}/{plan.steps}, loss {np.mean(done.losses[-20:]):.3f}, held-out "
                    f"{done.curve[-1][1]:.3f} {plan.unit}, {left:.0f} s left")
            late = plan.stop_after_minutes is not None and now - began > plan.stop_after_minutes * 60
            if asked or late or now - saved > plan.checkpoint_minutes * 60:
                save_checkpoint(checkpoint, network, optimizer, done)
                saved = now
            if asked:
                raise KeyboardInterrupt
            if late and done.step < plan.steps:
                raise Problem(f"the {plan.stop_after_minutes:g} minutes ended at step {done.step} of {plan.steps}",
                              where="speech", fix="Run again: it resumes from there (stop_after_minutes)",
                              code=Code.STAGE_STOPPED)
    if done.best[0] not in (0, done.step):
        say(f"the held-out loss was lowest at step {done.best[0]}: using those weights")
        restore_weights(network, torch.load(best, weights_only=True, map_location="cpu")["model"])
    network.eval()
    return done


def seconds_of_step(network: Any, plan: SpeechPlan) -> float:
    """Return the median seconds of a step of ``plan`` with everything trained; the weights are restored."""
    kept = {name: tensor.detach().to("cpu", copy=True) for name, tensor in network.state_dict().items()}
    network.train()
    optimizer, first, times = optimizer_of(network, plan), math.floor(plan.head_first * plan.steps), list[float]()
    for step in range(first, first + _UNTIMED + _TIMED):
        started = time.monotonic()
        take_speech_step(network, optimizer, plan, step)
        times.append(time.monotonic() - started)
    network.load_state_dict(kept)
    return float(np.median(times[_UNTIMED:]))
