"""The training loop: one optimizer, a schedule, checkpoints from which a killed run goes on to the same result.

Everything random is a function of the seed and the step (data order, masks), so a checkpoint needs no generator states.
Knows nothing of languages, stages or tokenizers.
"""

from __future__ import annotations

import contextlib
import math
import signal
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from types import FrameType
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.config.training import Pretraining
from vernacular.core.errors import Problem
from vernacular.modeling.checkpoint import Progressed, load_checkpoint, save_checkpoint, write
from vernacular.modeling.device import autocast, device_of
from vernacular.modeling.distributed import share, sum_up, together
from vernacular.modeling.objectives import Batch, Objective, nats_at, read
from vernacular.modeling.optimizer import further, new_rows_of, optimizer_for
from vernacular.modeling.packing import Blocks
from vernacular.modeling.schedules import rates
from vernacular.modeling.state_distillation import States

_CLIP = 1.0  # longest gradient
_WORTH_COMPILING = 500  # steps


@dataclass(frozen=True)
class Plan:
    """What to train: everything that the loop needs beside the model.

    Attributes:
        blocks: the training text.
        order: the numbers of the blocks in the order in which they are seen; read again from the start where it ends.
        objective: what is predicted.
        settings: rates and sizes.
        steps: optimizer steps in all.
        new_rows: ids of the pieces that the base does not have; their rows learn from the first step on.
        seed: of masks and dropout.
        evaluate: held-out nats per character of the model as it is.
        evaluations: points on the curve beside the first.
        further: how many times as far as the old rows the new ones go.
        states: what holds the mean states of texts to those of the base; None where nothing does.
        translations: given the model, the step, the number of a part and of parts, that part of the loss on
            translations; None where the folder names none.
    """

    blocks: Blocks
    order: NDArray[np.int64]
    objective: Objective
    settings: Pretraining
    steps: int
    new_rows: NDArray[np.int64]
    seed: int
    evaluate: Callable[[Any], float]
    evaluations: int = 10
    further: float = 1.0
    states: States | None = None
    translations: Callable[[Any, int, int, int], torch.Tensor] | None = None


def compile_body(model: Any, steps: int) -> None:
    """Compile the body, in place, where a run is long enough to win back the minute: on a card.

    On a processor the products take two thirds of a step already, and compiling made it slower (docs/pretraining.md).
    """
    if device_of(model).type == "cuda" and steps >= _WORTH_COMPILING:
        model.base_model.compile(dynamic=False)


def batch_of(step: int, plan: Plan) -> Batch:
    """What is read and predicted in a step, by all processes and parts together."""
    size = plan.settings.batch_size
    rows = plan.order[np.arange(step * size, (step + 1) * size) % len(plan.order)]
    return plan.objective.batch(plan.blocks, rows, (plan.seed, 1, step))


def take_step(model: Any, optimizer: torch.optim.AdamW, plan: Plan, step: int) -> float:
    """One optimizer step; returns the loss in nats per predicted token.

    Raises:
        Problem: the loss or the gradient is not a number; nothing was changed.
    """
    head, body = rates(step, plan.steps, plan.settings)
    for group in optimizer.param_groups:
        group["lr"] = body if group["part"] == "body" else head
        if group["part"] == "body":
            for parameter in group["params"]:
                parameter.requires_grad_(body > 0)
    torch.manual_seed(plan.seed * 1_000_003 + step)
    loss = _gradient(model, plan, step)
    gradients = [parameter.grad for group in optimizer.param_groups for parameter in group["params"]
                 if parameter.grad is not None]
    sum_up([*gradients, loss])
    embedding = model.get_input_embeddings()
    if not body and type(embedding) is torch.nn.Embedding and embedding.weight.grad is not None:
        new = torch.from_numpy(plan.new_rows).to(embedding.weight.device)
        kept = embedding.weight.grad[new]
        embedding.weight.grad.zero_()[new] = kept
    length = torch.nn.utils.get_total_norm(gradients)
    if not math.isfinite(float(loss)) or not math.isfinite(float(length)):
        raise Problem(f"the {'gradient' if math.isfinite(float(loss)) else 'loss'} is not a number at step {step}",
                      where="pretraining", fix="Lower pretraining.learning_rate; the last checkpoint is kept")
    optimizer.grad_scale = (length / _CLIP).clamp(min=1).float()  # type: ignore[attr-defined]  # AdamW divides by it as it goes
    with further(new_rows_of(model, plan.new_rows), plan.further):
        optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss)


def _gradient(model: Any, plan: Plan, step: int) -> torch.Tensor:
    """Add this process's share of the gradient to the parameters; its share of the loss, in nats per token of all.

    What held states and translations add to the gradient is no part of that loss.
    """
    batch, parts = batch_of(step, plan), plan.settings.accumulate
    count = max(1, len(batch.predicted))
    held = plan.states.weight / max(1, plan.states.count(batch.rows)) if plan.states is not None else 0.0
    number, processes = together()
    embedding = model.get_input_embeddings()
    device = device_of(model)
    loss = torch.zeros((), device=device)
    for index in range(number * parts, (number + 1) * parts):
        if plan.translations is not None:
            translated = plan.translations(model, step, index, processes * parts)
            if translated.requires_grad:
                torch.autograd.backward(translated)
        part = batch.part(index, processes * parts)
        if not len(part.predicted):
            continue
        # On a processor autograd would write a second gradient as large as the table, for the few rows that were read.
        rows = None
        if type(embedding) is torch.nn.Embedding and embedding.weight.requires_grad and device.type == "cpu":
            ids = torch.from_numpy(part.inputs.astype(np.int64))
            rows = embedding(ids).detach().requires_grad_()
        with autocast(device):
            states = read(model, part, rows)
            value = nats_at(model, states, part) / count
            moved = plan.states.distance(states, part.rows) * held if plan.states is not None else 0.0
        torch.autograd.backward(value + moved)
        if rows is not None and rows.grad is not None:
            if embedding.weight.grad is None:
                embedding.weight.grad = torch.zeros_like(embedding.weight)
            if embedding.padding_idx is not None:  # a mask may put it in; as in an embedding, it learns nothing
                rows.grad[ids == embedding.padding_idx] = 0
            embedding.weight.grad.index_add_(0, ids.flatten(), rows.grad.flatten(0, 1))
        loss += value.detach()
    return loss


def train(model: Any, plan: Plan, checkpoint: Path, say: Callable[[str], None]) -> Progressed:
    """Train ``model`` in place to the end of ``plan``, going on from ``checkpoint`` where there is one.

    The model ends with the weights of the best point on the curve; ``patience`` points without a better one end it.

    Raises:
        Problem: the loss is not a number any more, the disk is full, another process died, or time is up.
        KeyboardInterrupt: asked for by a signal; a checkpoint was written.
    """
    settings, first = plan.settings, together()[0] == 0
    optimizer = optimizer_for(model, settings)
    done = load_checkpoint(checkpoint, model, optimizer)
    if float(share(torch.tensor(float(done.step), device=device_of(model)))) != done.step:
        raise Problem("the processes of this training found different checkpoints", where="pretraining",
                      fix="Put the root of the artifacts on a folder that all of the machines share")
    best = checkpoint.with_name(f"best-{checkpoint.name}")
    if done.step:
        say(f"resumed at step {done.step} of {plan.steps}")
    model.train()
    points = {round(index * plan.steps / plan.evaluations) for index in range(plan.evaluations + 1)}
    began = saved = told = time.monotonic()
    with interrupts() as asked:
        while not done.stopped:
            if done.step in points and (not done.curve or done.curve[-1][0] != done.step):
                done.curve.append((done.step, _evaluate(model, plan)))
                if done.best[0] == done.step and first and done.step not in (0, plan.steps):
                    write(best, {"model": model.state_dict(), "step": done.step})
                done.stopped = bool(settings.patience) and _waited(done) >= settings.patience
            if done.step >= plan.steps or done.stopped:
                break
            started = time.monotonic()
            done.losses.append(take_step(model, optimizer, plan, done.step))
            done.step += 1
            now = time.monotonic()
            done.seconds += now - started
            if now - told > 10 or done.step == plan.steps:
                told = now
                left = done.seconds / done.step * (plan.steps - done.step)
                point = f", held-out {done.curve[-1][1]:.3f} nats/character" if done.curve else ""
                say(f"step {done.step}/{plan.steps}, loss {np.mean(done.losses[-20:]):.3f}{point}, {left:.0f} s left")
            late = settings.stop_after_minutes is not None and now - began > settings.stop_after_minutes * 60
            if first and (asked or late or now - saved > settings.checkpoint_minutes * 60):
                save_checkpoint(checkpoint, model, optimizer, done)
                saved = now
            if asked:
                raise KeyboardInterrupt
            if late and done.step < plan.steps:
                raise Problem(f"the {settings.stop_after_minutes:g} minutes are over at step {done.step} of "
                              f"{plan.steps}", where="pretraining",
                              fix="Run again: it goes on from there (pretraining.stop_after_minutes)")
    if first and done.best[0] not in (0, done.step):
        say(f"held-out likelihood was best at step {done.best[0]}: those weights are kept")
        model.load_state_dict(torch.load(best, weights_only=True, map_location="cpu")["model"])
    model.eval()
    return done


def _waited(done: Progressed) -> int:
    """Points on the curve since the best one."""
    return sum(step > done.best[0] for step, _ in done.curve)


@contextlib.contextmanager
def interrupts() -> Iterator[list[int]]:
    """A list that an interrupt or a request to end (from Slurm, Kubernetes) is added to, instead of stopping a step."""
    asked: list[int] = []
    if threading.current_thread() is not threading.main_thread():
        yield asked
        return

    def note(number: int, frame: FrameType | None) -> None:
        asked.append(number)

    before = {number: signal.signal(number, note) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        yield asked
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _evaluate(model: Any, plan: Plan) -> float:
    """The first process's value, for all of them."""
    value = torch.zeros((), dtype=torch.float64, device=device_of(model))
    if together()[0] == 0:
        value += evaluated(model, plan.evaluate)
    return float(share(value))


def evaluated(model: Any, evaluate: Callable[[Any], float]) -> float:
    """``evaluate(model)`` without gradients, in this machine's precision; the model is left in training mode."""
    model.eval()
    with torch.inference_mode(), autocast(device_of(model)):
        value = evaluate(model)
    model.train()
    return value
