"""Trains a recurrent head by CTC on the stored states of utterances.

All randomness is a function of seed and step. With ``steps`` a training is deterministic; with ``minutes`` it takes as
many steps as fit.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch.nn.functional import ctc_loss

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.schedules import rise_and_fall
from vernacular.speech.model_code.speech_model import RecurrentHead

Scores = NDArray[np.float32]  # log probabilities, (frames, symbols)
Drawn = tuple[NDArray[np.float16], Sequence[int]]  # states of an example, and its target
_POOL = 8  # batches whose utterances are sorted by length together
_PARTS = 1000  # of a budget, for the schedule


@dataclass(frozen=True)
class Example:
    """An utterance to learn from, or a sound without speech."""

    copies: Sequence[NDArray[np.float16]]  # (layers, frames, size) each, perhaps mapped from files; an epoch reads one
    target: Sequence[int]  # symbols; none for a sound without speech


@dataclass(frozen=True)
class HeadSettings:
    """Sizes and rates of a head and of its training."""

    hidden: int = 192
    depth: int = 2
    stride: int = 2
    dropout: float = 0.3
    batch: int = 2400  # states in a step: 48 seconds
    rate: float = 2e-3
    mixture_rate: float = 10.0  # times ``rate``
    decay: float = 0.01
    warm: float = 0.1  # share of the budget in which the rate rises
    noise: float = 0.05  # sounds without speech for each utterance of an epoch
    looks: int = 6  # evaluations in a training

    def head(self, layers: int, size: int, symbols: int) -> RecurrentHead:
        """A new head that reads so many layers and numbers."""
        return RecurrentHead(layers, size, symbols, **self.arguments())

    def arguments(self) -> dict[str, Any]:
        """Sizes, as the head takes them."""
        return {"hidden": self.hidden, "depth": self.depth, "stride": self.stride, "dropout": self.dropout}


@dataclass(frozen=True)
class Budget:
    """How long a training takes: so many steps, or so many seconds."""

    steps: int | None = None
    seconds: float | None = None

    def spent(self, step: int, seconds: float) -> float:
        """The share of the budget that is used."""
        if self.steps is not None:
            return step / self.steps
        assert self.seconds is not None
        return seconds / self.seconds


@dataclass
class Trained:
    """A trained head."""

    head: RecurrentHead
    steps: int
    seconds: float
    # (step, score of the utterances that choose); lower is better
    looks: list[tuple[int, float]] = field(default_factory=list)
    chosen: int = 0  # the step of the kept weights


@contextmanager
def one_thread() -> Iterator[None]:
    """Within the block torch uses one thread: the small steps of a GRU take 1.5 times as long with two."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@one_thread()
def train_head(examples: Sequence[Example], noises: Sequence[Example], symbols: int, settings: HeadSettings,
               budget: Budget, seed: int, evaluate: Callable[[RecurrentHead], float], say: Callable[[str], None]
               ) -> Trained:
    """Train a head; it has the weights of the best look.

    Args:
        examples: to learn from.
        noises: without speech; every epoch draws some.
        symbols: that the head can write, the blank included.
        settings: sizes and rates.
        budget: steps or seconds.
        seed: of weights, order and dropout.
        evaluate: the score of a head on utterances that choose; lower is better.
        say: receives lines for a person.

    Raises:
        Problem: the loss is not a number.
    """
    torch.manual_seed(seed)
    head = settings.head(examples[0].copies[0].shape[0], examples[0].copies[0].shape[2], symbols)
    optimizer = _optimizer(head, settings)
    done = Trained(head, 0, 0.0)
    best, kept = float("inf"), {name: value.clone() for name, value in head.state_dict().items()}
    epoch, batches = 0, list[list[Drawn]]()
    spent, looked = 0.0, 0
    while spent < 1:
        began = time.monotonic()
        if not batches:
            batches = _batches(examples, noises, settings, seed, epoch)
            epoch += 1
        rate = rise_and_fall(settings.rate, int(spent * _PARTS), _PARTS, max(1, int(settings.warm * _PARTS)))
        for group in optimizer.param_groups:
            group["lr"] = rate * group["factor"]
        loss = _step(head, optimizer, batches.pop(), (seed, done.steps))
        if not np.isfinite(loss):
            raise Problem(f"the loss is not a number at step {done.steps}", where="speech.models",
                          fix="Lower the learning rate, or look for damaged recordings", code=Code.TRAINING_DIVERGED)
        done.steps += 1
        done.seconds += time.monotonic() - began
        spent = budget.spent(done.steps, done.seconds)
        if int(min(spent, 1) * settings.looks) > looked or spent >= 1:
            looked = int(min(spent, 1) * settings.looks)
            head.eval()
            score = evaluate(head)
            head.train()
            done.looks.append((done.steps, score))
            say(f"step {done.steps}, {min(spent, 1):.0%} of the budget, loss {loss:.2f}, "
                f"error rate of the utterances that choose {score:.1%}")
            if score < best:
                best, done.chosen = score, done.steps
                kept = {name: value.clone() for name, value in head.state_dict().items()}
    head.load_state_dict(kept)
    head.eval()
    return done


def transcribe(head: RecurrentHead, states: NDArray[np.float16]) -> Scores:
    """The log probabilities of one utterance, read by itself."""
    with torch.inference_mode():
        scores: Scores = head(torch.from_numpy(np.array(states))[None], torch.tensor([states.shape[1]]))[0][0].numpy()
    return scores


def _optimizer(head: RecurrentHead, settings: HeadSettings) -> torch.optim.AdamW:
    matrices = [one for one in head.parameters() if one.ndim > 1]
    vectors = [one for one in head.parameters() if one.ndim == 1 and one is not head.mixture]
    return torch.optim.AdamW([
        {"params": matrices, "weight_decay": settings.decay, "factor": 1.0},
        {"params": vectors, "weight_decay": 0.0, "factor": 1.0},
        {"params": [head.mixture], "weight_decay": 0.0, "factor": settings.mixture_rate}], lr=settings.rate)


def _batches(examples: Sequence[Example], noises: Sequence[Example], settings: HeadSettings, seed: int, epoch: int
             ) -> list[list[Drawn]]:
    """Batches of an epoch, each of at most ``settings.batch`` states; each holds sounds of similar length."""
    random = np.random.default_rng((seed, 2, epoch))
    chosen = [*examples, *(noises[row] for row in random.permutation(len(noises))[:round(
        settings.noise * len(examples))])]
    drawn = [(one.copies[random.integers(len(one.copies))], one.target) for one in chosen]
    order, lengths = random.permutation(len(drawn)).tolist(), [states.shape[1] for states, _ in drawn]
    pool = max(1, round(_POOL * settings.batch / max(1.0, float(np.mean(lengths)))))
    batches: list[list[Drawn]] = []
    for start in range(0, len(order), pool):
        used = settings.batch
        for row in sorted(order[start:start + pool], key=lambda row: lengths[row]):
            if used + lengths[row] > settings.batch:
                batches.append([])
                used = 0
            batches[-1].append(drawn[row])
            used += lengths[row]
    return [batches[index] for index in random.permutation(len(batches))]


def _step(head: RecurrentHead, optimizer: torch.optim.AdamW, batch: Sequence[Drawn], seed: tuple[int, int]
          ) -> float:
    torch.manual_seed(seed[0] * 1_000_003 + seed[1])
    lengths = torch.tensor([states.shape[1] for states, _ in batch])
    layers, _, size = batch[0][0].shape
    states = torch.zeros(len(batch), layers, int(lengths.max()), size)
    for row, (one, _) in enumerate(batch):
        states[row, :, :one.shape[1]] = torch.from_numpy(np.array(one))
    scores, frames = head(states, lengths)
    symbols = torch.tensor([len(target) for _, target in batch])
    targets = torch.tensor([symbol for _, target in batch for symbol in target], dtype=torch.long)
    losses = ctc_loss(scores.transpose(0, 1), targets, frames, symbols, reduction="none", zero_infinity=True)
    loss = (losses / torch.where(symbols > 0, symbols, frames)).mean()  # nats per symbol, or per frame of noise
    optimizer.zero_grad(set_to_none=True)
    torch.autograd.backward(loss)
    torch.nn.utils.clip_grad_norm_(head.parameters(), 1.0)
    optimizer.step()
    return loss.item()
