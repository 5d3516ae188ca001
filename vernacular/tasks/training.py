"""The optimizer steps that every fine-tuning takes: AdamW on adapter and head, a linear warm-up and decay, one seed."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import torch

from vernacular.config.schema import Lora
from vernacular.pretraining.loop import autocast, device_of

Loss = Callable[[list[int]], "torch.Tensor | None"]


def train(network: torch.nn.Module, lengths: Sequence[int], loss_of: Loss, settings: Lora, seed: int) -> None:
    """Train what requires a gradient in ``network``; leave it in evaluation mode.

    Args:
        network: with an adapter, and a head where the task has one.
        lengths: tokens of each item: like lengths share a batch.
        loss_of: the mean loss of a batch of rows, as a scalar; None where nothing in it can be learned.
        settings: budget and learning rate.
        seed: of the order.
    """
    network.train()
    learned = [parameter for parameter in network.parameters() if parameter.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=settings.learning_rate, weight_decay=0.01)
    steps = max(1, math.ceil(len(lengths) / settings.batch_size * settings.epochs))
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm))))
    generator = np.random.default_rng(seed)
    device = device_of(network)
    step = 0
    while step < steps:
        for rows in grouped(lengths, settings.batch_size, generator)[:steps - step]:
            with autocast(device):
                loss = loss_of(rows)
            if loss is not None:
                torch.autograd.backward(loss)
                torch.nn.utils.clip_grad_norm_(learned, 1.0)
                optimizer.step()
                optimizer.zero_grad()
            schedule.step()
            step += 1
    network.eval()


def grouped(lengths: Sequence[int], size: int, generator: np.random.Generator) -> list[list[int]]:
    """The batches of one epoch: rows drawn at random, like lengths together, so that little of a batch is padding."""
    order = generator.permutation(len(lengths))
    near = [sorted(order[start:start + size * 8], key=lambda row: lengths[row])
            for start in range(0, len(order), size * 8)]
    made = [chunk[start:start + size] for chunk in near for start in range(0, len(chunk), size)]
    return [[int(row) for row in made[index]] for index in generator.permutation(len(made))]


def adapted_body(body: Any, settings: Lora, seed: int) -> Any:
    """``body`` with a fresh LoRA adapter on every linear layer, drawn from ``seed``."""
    from peft import LoraConfig, get_peft_model
    torch.manual_seed(seed)
    return get_peft_model(body, LoraConfig(
        r=settings.rank, lora_alpha=settings.alpha, lora_dropout=settings.dropout, target_modules="all-linear"))
