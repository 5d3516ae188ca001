"""Fine-tune a network on a task from one seed: order, schedule, and selection of the best step.

The head is initialized by ``Kind.start`` (LP-FT, Kumar et al. 2022): with few labels and steps a
random head would learn little. With dev items some points of the training, including the start, are
scored, and the last one that is not clearly worse than the best is kept.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from contextlib import nullcontext
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vernacular.config.training import Lora
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.device import autocast
from vernacular.modeling.family_faults import NO_TASKS, family_faults
from vernacular.modeling.schedules import rise_and_fall
from vernacular.tasks.adapter_model import Network, pieces, trainable
from vernacular.tasks.base import Answer, Head, Kind
from vernacular.tasks.scoring import difference

_NEAR = 8  # batches within which similar lengths are grouped
_DRAW = 1  # seed of the significance resamples
_FEWEST = 5  # dev items needed for a choice: resamples of fewer show no variance


@dataclass(frozen=True)
class Tuned:
    """A trained network with its history."""

    network: Network  # in evaluation mode, as of ``chosen``
    steps: int  # optimizer steps taken
    chosen: int  # the selected step
    looks: list[tuple[int, float]]  # (step, score of the dev items), if there are any


def steps_of(settings: Lora, items: int) -> int:
    """Return the optimizer steps: ``epochs`` over the items, but at least ``least_steps``."""
    return max(settings.least_steps, math.ceil(items / settings.batch_size * settings.epochs))


def head_start(kind: Kind, model: Any, tokenizer: Any, items: Sequence[Item], settings: Lora) -> Head | None:
    """Return the initial head from the states of the untrained ``model``, equal for all seeds."""
    network = kind.bare(model, tokenizer.pad_token_id).eval()
    encoded = kind.encode(items, tokenizer, longest_input(model, settings.max_length))
    return kind.start(network, encoded, items, tokenizer.pad_token_id)


def fine_tune(kind: Kind, model: Any, tokenizer: Any, items: Sequence[Item], dev: Sequence[Item], settings: Lora,
              seed: int, head: Head | None = None) -> Tuned:
    """Train on ``items``; with LoRA the model's own weights do not change.

    ``model``: a language model; its body is trained. ``dev``: for selection; may be empty.
    ``head``: from ``head_start``.
    """
    network = trainable(kind.bare(model, tokenizer.pad_token_id), settings, seed)
    if head is not None:
        network.head.load_state_dict(dict(head))
    longest, padding = longest_input(model, settings.max_length), tokenizer.pad_token_id
    encoded = kind.encode(items, tokenizer, longest)
    optimizer, steps = _optimizer(network, settings), steps_of(settings, len(items))
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(optimizer, lambda step: rise_and_fall(1.0, step, steps, warm))
    looked = _Looks(kind, network, tokenizer, dev[:len(items)], longest, settings.looks, steps)
    generator = np.random.default_rng(seed)
    step = 0
    looked.look(0)
    while step < steps:
        for rows in grouped([len(item.tokens) for item in encoded], settings.batch_size, generator):
            if step == steps:
                break
            network.train()
            with nullcontext() if step else family_faults(model, f"fine-tuning ({kind.task.kind})", "tasks", NO_TASKS):
                with autocast(network.head.weight.device):
                    loss = kind.loss(network, [encoded[row] for row in rows], [items[row] for row in rows], padding)
                if loss is not None:
                    torch.autograd.backward(loss)
            if loss is not None:
                torch.nn.utils.clip_grad_norm_(
                    (parameter for parameter in network.parameters() if parameter.requires_grad), 1.0)
                optimizer.step()
                optimizer.zero_grad()
            schedule.step()
            step += 1
            looked.look(step)
    chosen = looked.restore(steps)
    return Tuned(network.eval(), steps, chosen, looked.found)


def grouped(lengths: Sequence[int], size: int, generator: np.random.Generator) -> list[list[int]]:
    """Return the batches of one epoch: random rows grouped by length, to reduce padding."""
    order = generator.permutation(len(lengths))
    near = [sorted(chunk, key=lambda row: lengths[row]) for chunk in pieces(list(order), size * _NEAR)]
    made = [batch for chunk in near for batch in pieces(chunk, size)]
    return [made[index] for index in generator.permutation(len(made))]


def _optimizer(network: Network, settings: Lora) -> torch.optim.Optimizer:
    body = [parameter for parameter in network.body.parameters() if parameter.requires_grad]
    rate = settings.learning_rate if settings.method == "lora" else settings.full_learning_rate
    groups: list[dict[str, Any]] = [{"params": body, "lr": rate},
                                    {"params": network.head.parameters(), "lr": settings.learning_rate}]
    return torch.optim.AdamW(groups, weight_decay=0.01)


class _Looks:
    """Scores dev items during training and keeps weights; does nothing without dev items.

    The last weights are kept, unless earlier ones were significantly better (95%, paired bootstrap
    over the dev items). With few dev items chance decides between points; and the last one, at a
    low learning rate, is rarely bad (docs/experiments/names-and-parts-of-speech.md).
    """

    def __init__(self, kind: Kind, network: Network, tokenizer: Any, dev: Sequence[Item], longest: int,
                 looks: int, steps: int) -> None:
        self._kind, self._network, self._tokenizer, self._dev, self._longest = kind, network, tokenizer, dev, longest
        self._at = {0, *(round(steps * number / looks) for number in range(1, looks + 1))} if looks and dev else set()
        self._best: tuple[float, list[Answer]] | None = None
        self._kept: tuple[int, dict[str, torch.Tensor]] | None = None
        self.found: list[tuple[int, float]] = []

    def look(self, step: int) -> None:
        """Score the dev items if due at this step, and keep the weights unless they became worse."""
        if step not in self._at:
            return
        # only for selection; single precision would dominate the training time
        with autocast(self._network.head.weight.device):
            answers = self._kind.predict(self._network, self._tokenizer, self._dev, self._longest)
        score = self._kind.score(self._dev, answers)
        self.found.append((step, score))
        if self._best is None or score >= self._best[0]:
            self._best = score, answers
        elif len(self._dev) >= _FEWEST and difference(self._kind, self._dev, [answers], [self._best[1]], _DRAW)[2] < 0:
            return
        self._kept = step, {name: parameter.detach().clone() for name, parameter in self._network.named_parameters()
                            if parameter.requires_grad}

    def restore(self, steps: int) -> int:
        """Restore the kept weights; return their step."""
        if self._kept is None:
            return steps
        step, kept = self._kept
        if step != steps:
            with torch.no_grad():
                for name, parameter in self._network.named_parameters():
                    if name in kept:
                        parameter.copy_(kept[name])
        return step
