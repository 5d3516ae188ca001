"""The training loop: one optimizer, a schedule, checkpoints from which a killed run goes on to the same result.

Everything random is a function of the seed and the step (data order, masks, dropout), so a checkpoint needs no
generator states. Knows nothing of languages, stages or tokenizers.
"""

from __future__ import annotations

import math
import os
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vernacular.config.schema import Pretraining
from vernacular.errors import Problem
from vernacular.pretraining.objectives import Objective
from vernacular.pretraining.packing import Blocks


@dataclass
class Progressed:
    """How far a training has come, as a checkpoint keeps it.

    Attributes:
        step: optimizer steps done.
        losses: training loss in nats per predicted token, a value a step.
        curve: (step, held-out nats per character) points.
        seconds: time spent in steps, over all processes that worked on it.
    """

    step: int = 0
    losses: list[float] = field(default_factory=list)
    curve: list[tuple[int, float]] = field(default_factory=list)
    seconds: float = 0.0


@dataclass(frozen=True)
class Plan:
    """What to train: everything that the loop needs beside the model.

    Attributes:
        blocks: the training text.
        objective: the loss.
        settings: rates and sizes.
        steps: optimizer steps in all.
        old_rows: rows of the embedding below this stood in the base.
        seed: of data order, masks and dropout.
        evaluate: held-out nats per character of the model as it is.
        evaluations: points on the curve beside the first.
    """

    blocks: Blocks
    objective: Objective
    settings: Pretraining
    steps: int
    old_rows: int
    seed: int
    evaluate: Callable[[Any], float]
    evaluations: int = 10


def has_bf16() -> bool:
    """Whether the GPU or processor multiplies bfloat16 natively; emulation would be slower than float32."""
    if torch.cuda.is_available():
        return bool(torch.cuda.is_bf16_supported())
    try:
        flags = Path("/proc/cpuinfo").read_text(encoding="utf-8")
    except OSError:
        return False
    return "avx512_bf16" in flags or "amx_bf16" in flags


def autocast(device: torch.device) -> Any:
    """The mixed precision to compute in on this machine."""
    return torch.autocast(device.type, dtype=torch.bfloat16, enabled=has_bf16())


def rates(step: int, plan: Plan) -> tuple[float, float]:
    """The learning rates of this step: (head and new rows, body and old rows).

    Both rise linearly and fall linearly to zero at the end; the body waits until ``head_first`` has passed, so that a
    head that starts from nothing does not pull the body apart.
    """
    settings, total = plan.settings, plan.steps
    warm = max(1, math.ceil(settings.warmup * total))
    wait = math.floor(settings.head_first * total)
    fall = min(1.0, (total - step) / max(1, total - warm))
    head = settings.learning_rate * min(1.0, (step + 1) / warm) * fall
    body = settings.learning_rate * min(1.0, (step + 1 - wait) / warm) * fall if step >= wait else 0.0
    return head, body


def batch_rows(step: int, plan: Plan) -> np.ndarray[Any, Any]:
    """The blocks of a step: each epoch is a permutation drawn from the seed, batches run on across epochs."""
    count, size = len(plan.blocks), plan.settings.batch_size
    picked = []
    for position in range(step * size, (step + 1) * size):
        epoch, index = divmod(position, count)
        picked.append(_permutation(count, plan.seed, epoch)[index])
    return np.array(picked)


_kept: dict[tuple[int, int, int], np.ndarray[Any, Any]] = {}


def _permutation(count: int, seed: int, epoch: int) -> np.ndarray[Any, Any]:
    key = (count, seed, epoch)
    if key not in _kept:
        while len(_kept) > 4:
            _kept.pop(next(iter(_kept)))
        _kept[key] = np.random.default_rng((seed, epoch)).permutation(count)
    return _kept[key]


def optimizer_for(model: Any, settings: Pretraining) -> torch.optim.AdamW:
    """AdamW over two groups of rates, each with and without weight decay (none on vectors and embeddings)."""
    embedding = model.get_input_embeddings().weight
    body = {id(parameter) for parameter in model.base_model.parameters()}
    groups: dict[tuple[str, bool], list[torch.nn.Parameter]] = {}
    for parameter in model.parameters():
        part = "rows" if parameter is embedding else "body" if id(parameter) in body else "head"
        groups.setdefault((part, parameter.ndim > 1 and part != "rows"), []).append(parameter)
    return torch.optim.AdamW(
        [{"params": parameters, "part": part, "weight_decay": settings.weight_decay if decays else 0.0}
         for (part, decays), parameters in groups.items()],
        lr=settings.learning_rate, betas=(0.9, 0.98), eps=1e-6, fused=True)


def take_step(model: Any, optimizer: torch.optim.AdamW, plan: Plan, step: int) -> float:
    """One optimizer step; returns the loss in nats per predicted token."""
    head, body = rates(step, plan)
    for group in optimizer.param_groups:
        group["lr"] = body if group["part"] == "body" else head
        if group["part"] == "body":
            for parameter in group["params"]:
                parameter.requires_grad_(body > 0)
    torch.manual_seed(plan.seed * 1_000_003 + step)
    embedding = model.get_input_embeddings().weight
    with autocast(embedding.device):
        total, targets = plan.objective.loss(model, plan.blocks, batch_rows(step, plan), (plan.seed, 1, step))
    loss = total / max(1, targets.numel())
    torch.autograd.backward(loss)
    if not body and embedding.grad is not None:
        embedding.grad[:plan.old_rows] = 0
    torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())


def train(model: Any, plan: Plan, checkpoint: Path, say: Callable[[str], None]) -> Progressed:
    """Train ``model`` in place to the end of ``plan``, going on from ``checkpoint`` where there is one.

    Raises:
        Problem: the loss is not a number any more.
    """
    optimizer = optimizer_for(model, plan.settings)
    done = load_checkpoint(checkpoint, model, optimizer)
    if done.step:
        say(f"resumed at step {done.step} of {plan.steps}")
    model.train()
    points = {round(index * plan.steps / plan.evaluations) for index in range(plan.evaluations + 1)}
    saved = told = time.monotonic()
    while done.step < plan.steps:
        if done.step in points and (not done.curve or done.curve[-1][0] != done.step):
            done.curve.append((done.step, _evaluate(model, plan)))
        started = time.monotonic()
        loss = take_step(model, optimizer, plan, done.step)
        if not math.isfinite(loss):
            raise Problem(f"the loss is not a number at step {done.step}", where="pretraining",
                          fix="Lower pretraining.learning_rate; the last checkpoint is kept")
        done.losses.append(loss)
        done.step += 1
        done.seconds += time.monotonic() - started
        if time.monotonic() - told > 10 or done.step == plan.steps:
            told = time.monotonic()
            left = done.seconds / done.step * (plan.steps - done.step)
            point = f", held-out {done.curve[-1][1]:.3f} nats/character" if done.curve else ""
            say(f"step {done.step}/{plan.steps}, loss {np.mean(done.losses[-20:]):.3f}{point}, {left:.0f} s left")
        if time.monotonic() - saved > plan.settings.checkpoint_minutes * 60:
            save_checkpoint(checkpoint, model, optimizer, done)
            saved = time.monotonic()
    if not done.curve or done.curve[-1][0] != plan.steps:
        done.curve.append((plan.steps, _evaluate(model, plan)))
    model.eval()
    return done


def _evaluate(model: Any, plan: Plan) -> float:
    model.eval()
    with torch.inference_mode(), autocast(model.get_input_embeddings().weight.device):
        value = plan.evaluate(model)
    model.train()
    return value


def save_checkpoint(path: Path, model: Any, optimizer: torch.optim.Optimizer, done: Progressed) -> None:
    """Write model, optimizer and progress so that a reader finds the old checkpoint or the new one, never a part."""
    part = path.with_suffix(".part")
    with part.open("wb") as stream:
        torch.save({"model": model.state_dict(), "optimizer": optimizer.state_dict(), "step": done.step,
                    "losses": done.losses, "curve": done.curve, "seconds": done.seconds}, stream)
        stream.flush()
        os.fsync(stream.fileno())
    part.replace(path)


def load_checkpoint(path: Path, model: Any, optimizer: torch.optim.Optimizer) -> Progressed:
    """Put a checkpoint into ``model`` and ``optimizer``; a fresh start where there is none."""
    if not path.exists():
        return Progressed()
    state = torch.load(path, weights_only=True, map_location=model.get_input_embeddings().weight.device)
    model.load_state_dict(state["model"])
    model.tie_weights()
    optimizer.load_state_dict(state["optimizer"])
    return Progressed(state["step"], state["losses"], [tuple(point) for point in state["curve"]], state["seconds"])
