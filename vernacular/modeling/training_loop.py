"""The training on text: its plan and its steps, which ``resumable_training`` takes.

All randomness is a function of seed and step (data order, masks), so checkpoints need no generator
states. Languages, stages and tokenizers are not known here.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from vernacular.config.training import Pretraining
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.checkpoint import Progressed
from vernacular.modeling.device import autocast, device_of, to_device
from vernacular.modeling.distributed import share, sum_up, together
from vernacular.modeling.objectives import Batch, Objective, nats_at, read
from vernacular.modeling.optimizer import (
    further,
    gradients_of,
    new_rows_of,
    optimizer_for,
    set_rates,
    take_clipped_step,
)
from vernacular.modeling.packed_attention import Packing
from vernacular.modeling.packing import Blocks
from vernacular.modeling.pending_loss import PendingLoss
from vernacular.modeling.precision import stored_in
from vernacular.modeling.resumable_training import Course, follow
from vernacular.modeling.schedules import rates
from vernacular.modeling.sharding import is_sharded, local
from vernacular.modeling.state_distillation import States

_WORTH_COMPILING = 500  # steps


@dataclass(frozen=True)
class Plan:
    """Everything the loop needs besides the model."""

    blocks: Blocks  # the training text
    order: NDArray[np.int64]  # indices of blocks in training order; repeated at its end
    objective: Objective  # what is predicted
    settings: Pretraining  # rates and sizes
    steps: int  # total optimizer steps
    new_rows: NDArray[np.int64]  # ids of new tokens, whose rows are trained from the first step
    seed: int  # of masks and dropout
    evaluate: Callable[[Any], float]  # returns held-out nats per character
    evaluations: int = 10  # points on the curve after the first
    further: float = 1.0  # rate factor of the new rows
    states: States | None = None  # the distillation loss; None without one
    # the translation loss, given model, step, part and number of parts; None without
    # translations
    translations: Callable[[Any, int, int, int], torch.Tensor] | None = None

    @property
    def step_tokens(self) -> int:
        """The tokens of an optimizer step."""
        return self.settings.batch_size * self.settings.sequence_length


def compile_body(model: Any, steps: int) -> None:
    """Compile the body in place if a GPU run is long enough to regain the minute.

    On a CPU matrix products take two thirds of a step, and compiling was slower
    (docs/experiments/training-speed.md). Pieces read alone have too many shapes: each would be
    compiled. Matrices in NF4 are unpacked by code that cannot be.
    """
    packed = (getattr(model, "packing", None) not in (Packing.ALONE, Packing.UNPADDED)
              and stored_in(model) != "nf4" and not is_sharded(model))
    if packed and device_of(model).type == "cuda" and steps >= _WORTH_COMPILING:
        model.base_model.compile(dynamic=False)


def recompute_states(model: Any) -> None:
    """Have the backward pass compute hidden states again, to save memory (Chen et al. 1604.06174).

    Raises:
        Problem: this family of models does not support it.
    """
    try:
        model.gradient_checkpointing_enable(gradient_checkpointing_kwargs={"use_reentrant": False})
    except ValueError as error:  # of transformers, for a family without it
        raise Problem(f"{type(model).__name__} has no gradient checkpointing", where="pretraining.recompute",
                      fix="Remove it; a larger `accumulate` also saves memory", code=Code.MODEL_KIND) from error


def batch_of(step: int, plan: Plan) -> Batch:
    """Return the batch of a step, for all processes and parts together."""
    size = plan.settings.batch_size
    rows = plan.order[np.arange(step * size, (step + 1) * size) % len(plan.order)]
    return plan.objective.batch(plan.blocks, rows, (plan.seed, 1, step))


def take_step(model: Any, optimizer: torch.optim.AdamW, plan: Plan, step: int) -> float:
    """Take one optimizer step; return the loss in nats per predicted token.

    Raises:
        Problem: the loss or the gradient is not finite; nothing was changed.
    """
    return start_step(model, optimizer, plan, step).read()


def start_step(model: Any, optimizer: torch.optim.AdamW, plan: Plan, step: int) -> PendingLoss:
    """Take one optimizer step without waiting for a GPU; it changes nothing if its loss is not finite."""
    settings = plan.settings
    head, body = rates(step, plan.steps, settings.learning_rate, settings.warmup, settings.head_first)
    set_rates(optimizer, head, body, frozen=body == 0 and not is_sharded(model))
    torch.manual_seed(plan.seed * 1_000_003 + step)
    loss = _gradient(model, plan, step)
    if not body and is_sharded(model):  # its layers always have gradients
        for group in optimizer.param_groups:
            for parameter in group["params"] if group["part"] == "body" else ():
                parameter.grad = None
    gradients = gradients_of(optimizer)
    sum_up([*(one for one in gradients if local(one) is one), loss])  # those of distributed layers are sums
    embedding = model.get_input_embeddings()
    if not body and type(embedding) is torch.nn.Embedding and embedding.weight.grad is not None:
        new = to_device(plan.new_rows, embedding.weight.device)
        kept = embedding.weight.grad[new]
        embedding.weight.grad.zero_()[new] = kept
    with further(new_rows_of(model, plan.new_rows), plan.further):
        return take_clipped_step(optimizer, loss, step, is_sharded(model))


def _gradient(model: Any, plan: Plan, step: int) -> torch.Tensor:
    """Add this process's share of the gradient; return its share of the loss, in nats per token of all.

    The returned loss excludes distillation and translations.
    """
    batch, parts = batch_of(step, plan), plan.settings.accumulate
    count = max(1, len(batch.predicted))
    state_weight = plan.states.weight / max(1, plan.states.count(batch.rows)) if plan.states is not None else 0.0
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
        if not len(part.predicted) and not is_sharded(model):  # whose processes must go through their layers together
            continue
        # Autograd on a CPU would allocate a second gradient of the whole table for the few rows
        # read.
        rows = None
        if type(embedding) is torch.nn.Embedding and embedding.weight.requires_grad and device.type == "cpu":
            ids = torch.from_numpy(part.inputs.astype(np.int64))
            rows = embedding(ids).detach().requires_grad_()
        with autocast(device):
            states = read(model, part, None if rows is None else rows.clone())  # CTRL scales its inputs in place
            value = nats_at(model, states, part) / count
            moved = plan.states.distance(states, part.rows) * state_weight if plan.states is not None else 0.0
        torch.autograd.backward(value + moved)
        if rows is not None and rows.grad is not None:
            if embedding.weight.grad is None:
                embedding.weight.grad = torch.zeros_like(embedding.weight)
            if embedding.padding_idx is not None:  # padding may be masked in; its gradient is zero as in an embedding
                rows.grad[ids == embedding.padding_idx] = 0
            embedding.weight.grad.index_add_(0, ids.flatten(), rows.grad.flatten(0, 1))
        loss += value.detach()
    return loss


def train(model: Any, plan: Plan, checkpoint: Path, say: Callable[[str], None]) -> Progressed:
    """Train ``model`` in place to the end of ``plan``, resuming from ``checkpoint`` if it exists; see ``follow``."""
    settings, optimizer = plan.settings, optimizer_for(model, plan.settings)
    done = follow(Course(
        plan.steps, lambda step: start_step(model, optimizer, plan, step), lambda: _evaluate(model, plan),
        plan.evaluations, settings.patience, "nats/character", settings.checkpoint_minutes,
        settings.stop_after_minutes), model, optimizer, checkpoint, say)
    model.base_model._compiled_call_impl = None  # whatever reads other shapes now would compile each
    return done


def _evaluate(model: Any, plan: Plan) -> float:
    """Return the first process's value in all processes."""
    value = torch.zeros((), dtype=torch.float64, device=device_of(model))
    if together()[0] == 0 or is_sharded(model):
        value += evaluated(model, plan.evaluate)
    return float(share(value))


def evaluated(model: Any, evaluate: Callable[[Any], float]) -> float:
    """Return ``evaluate(model)`` without gradients, in mixed precision; leave the model in training mode."""
    model.eval()
    body = model.base_model
    compiled, body._compiled_call_impl = body._compiled_call_impl, None  # it would be compiled for each shape
    # Layers that are put together in inference mode could not be trained afterwards.
    with torch.no_grad() if is_sharded(model) else torch.inference_mode(), autocast(device_of(model)):
        value = evaluate(model)
    body._compiled_call_impl = compiled
    model.train()
    return value
