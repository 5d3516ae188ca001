"""Fine-tune one network on one task from one seed: the order, the schedule, and when it was best. Knows no kind.

The head starts where ``Kind.start`` says (LP-FT, Kumar et al. 2022): with a hundred labels and a few hundred steps a
random head would learn little. With dev items a few points of the training are looked at, the start among them, and the
last is kept that is not clearly worse than the best.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vernacular.config.training import Lora
from vernacular.datasets.items import Item
from vernacular.modeling.base_models import longest_input
from vernacular.modeling.device import autocast
from vernacular.tasks.adapter_model import Network, pieces, trainable
from vernacular.tasks.base import Answer, Head, Kind
from vernacular.tasks.scoring import difference

_NEAR = 8  # batches among which like lengths are brought together
_DRAW = 1  # seed of the resamples that tell better from chance
_FEWEST = 5  # dev items that may say so: resamples of fewer hold no chance at all, and would let one item decide


@dataclass(frozen=True)
class Tuned:
    """A trained network and how it came about.

    Attributes:
        network: in evaluation mode, as it was at ``chosen``.
        steps: optimizer steps that were taken.
        chosen: after how many of them it is.
        looks: (step, score of the dev items), where there were any.
    """

    network: Network
    steps: int
    chosen: int
    looks: list[tuple[int, float]]


def steps_of(settings: Lora, items: int) -> int:
    """Optimizer steps for so many items: ``epochs`` of them, and no fewer than ``least_steps``."""
    return max(settings.least_steps, math.ceil(items / settings.batch_size * settings.epochs))


def head_start(kind: Kind, model: Any, tokenizer: Any, items: Sequence[Item], settings: Lora) -> Head | None:
    """Where the head starts from, on the states of ``model`` as it is; the same for every seed."""
    network = kind.bare(model, tokenizer.pad_token_id).eval()
    encoded = kind.encode(items, tokenizer, longest_input(model, settings.max_length))
    return kind.start(network, encoded, items, tokenizer.pad_token_id)


def fine_tune(kind: Kind, model: Any, tokenizer: Any, items: Sequence[Item], dev: Sequence[Item], settings: Lora,
              seed: int, head: Head | None = None) -> Tuned:
    """Train on ``items``; with LoRA the model's own weights are not changed.

    Args:
        kind: of the task.
        model: a language model; its body is trained.
        tokenizer: its.
        items: to learn from.
        dev: to choose by; may be empty.
        settings: of the training.
        seed: of the adapter and the order.
        head: of ``head_start``.
    """
    network = trainable(kind.bare(model, tokenizer.pad_token_id), settings, seed)
    if head is not None:
        network.head.load_state_dict(dict(head))
    longest, padding = longest_input(model, settings.max_length), tokenizer.pad_token_id
    encoded = kind.encode(items, tokenizer, longest)
    optimizer, steps = _optimizer(network, settings), steps_of(settings, len(items))
    warm = max(1, steps // 10)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max(0.0, (steps - step) / max(1, steps - warm))))
    looked = _Looks(kind, network, tokenizer, dev[:len(items)], longest, settings.looks, steps)
    generator = np.random.default_rng(seed)
    step = 0
    looked.look(0)
    while step < steps:
        for rows in grouped([len(item.tokens) for item in encoded], settings.batch_size, generator):
            if step == steps:
                break
            network.train()
            with autocast(network.head.weight.device):
                loss = kind.loss(network, [encoded[row] for row in rows], [items[row] for row in rows], padding)
            if loss is not None:
                torch.autograd.backward(loss)
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
    """The batches of one epoch: rows drawn at random, like lengths together, so that little of a batch is padding."""
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
    """Scores of the dev items on the way, and the weights that are kept; does nothing without dev items.

    The last are kept, unless earlier ones were better by more than chance (95%, paired bootstrap over the dev items).
    With as few dev items as people with few labels have, chance says which of several points is best; and the last,
    where the learning rate has come down, is seldom a bad one (docs/tasks.md).
    """

    def __init__(self, kind: Kind, network: Network, tokenizer: Any, dev: Sequence[Item], longest: int,
                 looks: int, steps: int) -> None:
        self._kind, self._network, self._tokenizer, self._dev, self._longest = kind, network, tokenizer, dev, longest
        self._at = {0, *(round(steps * number / looks) for number in range(1, looks + 1))} if looks and dev else set()
        self._best: tuple[float, list[Answer]] | None = None
        self._kept: tuple[int, dict[str, torch.Tensor]] | None = None
        self.found: list[tuple[int, float]] = []

    def look(self, step: int) -> None:
        """Score the dev items if this step is one of those, and keep the weights unless they have become worse."""
        if step not in self._at:
            return
        with autocast(self._network.head.weight.device):  # it only chooses; in single it takes most of a training
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
        """Set the network to the weights that were kept; the step that they are of."""
        if self._kept is None:
            return steps
        step, kept = self._kept
        if step != steps:
            with torch.no_grad():
                for name, parameter in self._network.named_parameters():
                    if name in kept:
                        parameter.copy_(kept[name])
        return step
