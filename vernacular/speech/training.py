"""The training of speech models: pretraining and transcription share it.

The loop itself is ``vernacular.modeling.resumable_training``. All randomness is a function of seed and
step, so that a killed training resumes to the same weights.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import torch

from vernacular.modeling.checkpoint import Progressed
from vernacular.modeling.device import device_of
from vernacular.modeling.optimizer import Rows, adamw, further, set_rates, take_clipped_step
from vernacular.modeling.pending_loss import PendingLoss
from vernacular.modeling.resumable_training import Course, follow, seconds_of_step
from vernacular.modeling.schedules import rates

_MOST_SECONDS = 60.0  # for measuring the speed


@dataclass(frozen=True)
class SpeechPlan:
    """Everything the loop needs besides the network."""

    steps: int  # optimizer steps
    # the loss of a step in parts, whose gradients are added up one after the other
    losses: Callable[[int], Iterable[torch.Tensor]]
    evaluate: Callable[[], float]  # returns what falls as the network gets better
    body: Callable[[], Iterable[torch.nn.Parameter]]  # weights of the base, which have a rate of their own
    learning_rate: float  # highest one of everything but ``body``
    seed: int
    body_rate: float = 1.0  # highest learning rate of ``body``, relative to the other
    warmup: float = 0.1  # share of the steps
    head_first: float = 0.0  # share of the steps in which ``body`` stays as it is
    weight_decay: float = 0.01
    patience: int = 3  # evaluations without a better one; 0 never stops early
    evaluations: int = 10  # points on the curve after the first
    unit: str = "nats per masked frame"  # of ``evaluate``
    checkpoint_minutes: float = 1.0
    new_rows: list[Rows] = field(default_factory=list)  # of new tokens
    further: float = 1.0  # rate factor of the new rows


def start_speech_step(network: Any, optimizer: torch.optim.AdamW, plan: SpeechPlan, step: int) -> PendingLoss:
    """Take one optimizer step; it changes nothing if its loss or gradient is not finite."""
    head, body = rates(step, plan.steps, plan.learning_rate, plan.warmup, plan.head_first)
    set_rates(optimizer, head, body * plan.body_rate, frozen=body == 0)
    torch.manual_seed(plan.seed * 1_000_003 + step)
    np.random.seed((plan.seed * 1_000_003 + step) % 2**32)  # transformers draws SpecAugment from it
    total = torch.zeros((), device=device_of(network))
    for loss in plan.losses(step):
        torch.autograd.backward(loss)
        total += loss.detach().float()
    with further(plan.new_rows, plan.further):
        return take_clipped_step(optimizer, total, step)


def evaluated_speech(network: Any, plan: SpeechPlan) -> float:
    """Return ``plan.evaluate()`` without gradients; leave the network in training mode."""
    network.eval()
    with torch.inference_mode():
        value = plan.evaluate()
    network.train()
    return value


def train_speech(network: Any, plan: SpeechPlan, checkpoint: Path, say: Callable[[str], None]) -> Progressed:
    """Train ``network`` in place to the end of ``plan``; see ``follow``."""
    optimizer = adamw(network, plan.body(), plan.weight_decay)
    return follow(Course(
        plan.steps, lambda step: start_speech_step(network, optimizer, plan, step),
        lambda: evaluated_speech(network, plan), plan.evaluations, plan.patience, plan.unit, plan.checkpoint_minutes),
        network, optimizer, checkpoint, say)


def seconds_of_speech_step(network: Any, plan: SpeechPlan) -> float:
    """Return the median seconds of a step of ``plan`` with everything trained; the weights are restored."""
    optimizer = adamw(network, plan.body(), plan.weight_decay)
    return seconds_of_step(network, lambda step: start_speech_step(network, optimizer, plan, step).read(),
                           int(plan.head_first * plan.steps) + 1, _MOST_SECONDS)[0]
