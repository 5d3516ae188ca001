"""Teaches a body from pairs: the mean state of a sentence is to be the one that the base gives its translation.

The rows of pieces stay as they are, so a tokenizer that was extended for the base fits what comes out of it.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from safetensors.torch import load_file, save_file

from vernacular.alignment.pairs import Pairs
from vernacular.config.schema import Alignment
from vernacular.errors import Problem
from vernacular.models import longest_input
from vernacular.pretraining.checkpoint import Progressed, load_checkpoint, save_checkpoint, write
from vernacular.pretraining.loop import interrupts
from vernacular.pretraining.states import Teacher, mean_states

BODY = "body.safetensors"
_LENGTH = 128  # tokens of a sentence, and of its translation, that are read; the rest of a longer one is not
_ALIKE = 40  # characters: sentences of a batch are about as long as one another, so that little is filled up
_AT_ONCE = 32  # sentences whose states are asked for
_WARMUP, _CLIP = 0.1, 1.0  # share of the steps with a rising rate; longest gradient
_EVALUATIONS = 2  # of held-out pairs, in a pass
_KEPT = 60  # seconds between checkpoints


@dataclass(frozen=True)
class Aligned:
    """What came of it.

    Attributes:
        done: steps, losses and the curve: (step, mean distance of held-out pairs).
        before: the share of held-out sentences whose own translation is the nearest, before training.
        after: the same after it.
        cut: pairs of which a side is longer than what is read of it.
    """

    done: Progressed
    before: float
    after: float
    cut: int


def align(model: Any, tokenizer: Any, teacher: Teacher, pairs: Pairs, asked: Alignment, passes: int, seed: int,
          checkpoint: Path, say: Callable[[str], None]) -> Aligned:
    """Train the body of ``model`` in place, going on from ``checkpoint`` where there is one; the best point is kept.

    Args:
        model: a masked model, the base or one that was pretrained from it.
        tokenizer: its own.
        teacher: the base as it was, on the device of ``model``.
        pairs: to learn from, and to choose the best point by.
        asked: rate and size of a step.
        passes: over the pairs.
        seed: of the order.
        checkpoint: the file to go on from.
        say: takes a line of progress.

    Raises:
        Problem: the translations show no differences, or the loss is not a number any more.
        KeyboardInterrupt: asked for by a signal; a checkpoint was written.
    """
    wanted, held = (_in_parts([translation for _, translation in some], lambda texts: teacher.states(texts, _LENGTH))
                    for some in (pairs.train, pairs.held))
    texts, held_texts = ([text for text, _ in some] for some in (pairs.train, pairs.held))
    spread = float(wanted.var(0).mean())
    if not spread > 0:
        raise Problem("all translations are one and the same", where=pairs.where, fix="Correct the files")
    before = found(states_of(model, tokenizer, held_texts), held)
    learning = [parameter for _, parameter in _learning(model)]
    model.requires_grad_(False)
    for parameter in learning:
        parameter.requires_grad_(True)
    optimizer = torch.optim.AdamW(learning, lr=asked.learning_rate, weight_decay=0.0, fused=True)
    done = load_checkpoint(checkpoint, model, optimizer)
    best = checkpoint.with_name(f"best-{checkpoint.name}")
    batches = [batch for number in range(passes) for batch in _batches(texts, asked.batch_size, (seed, number))]
    points = {round(len(batches) * point / (_EVALUATIONS * passes)) for point in range(_EVALUATIONS * passes + 1)}
    told = saved = time.monotonic()
    if done.step:
        say(f"alignment resumed at step {done.step} of {len(batches)}")
    with interrupts() as stopped:
        while True:
            if done.step in points and (not done.curve or done.curve[-1][0] != done.step):
                done.curve.append((done.step, float(_distance(states_of(model, tokenizer, held_texts), held, spread))))
                if done.best[0] == done.step:
                    write(best, {name: one.detach() for name, one in _learning(model)})
            if done.step == len(batches):
                break
            began, batch = time.monotonic(), batches[done.step]
            done.losses.append(_step(model, tokenizer, optimizer, [texts[at] for at in batch], wanted[batch], spread,
                                     asked.learning_rate * _rate(done.step, len(batches)), pairs.where))
            done.step += 1
            now = time.monotonic()
            done.seconds += now - began
            if now - told > 10 or done.step == len(batches):
                told = now
                say(f"alignment: step {done.step}/{len(batches)}, distance {np.mean(done.losses[-20:]):.3f}, held-out "
                    f"{done.curve[-1][1]:.3f}, {done.seconds / done.step * (len(batches) - done.step):.0f} s left")
            if stopped or now - saved > _KEPT:
                saved = now
                save_checkpoint(checkpoint, model, optimizer, done)
            if stopped:
                raise KeyboardInterrupt
    _put(model, torch.load(best, weights_only=True, map_location=teacher.device))
    sizes = [[len(one.ids) for one in tokenizer.backend_tokenizer.encode_batch([pair[side] for pair in pairs.train])]
             for side in (0, 1)]
    cut = sum(max(pair) > _LENGTH for pair in zip(*sizes, strict=True))
    return Aligned(done, before, found(states_of(model, tokenizer, held_texts), held), cut)


def save_body(model: Any, folder: Path) -> None:
    """Write the weights that ``align`` trains."""
    save_file({name: parameter.detach().cpu().contiguous() for name, parameter in _learning(model)}, folder / BODY)


def put_body(model: Any, folder: Path) -> None:
    """Put what ``save_body`` wrote into the base that it was made from.

    Raises:
        Problem: it is not there, or does not hold just these weights.
    """
    if not (folder / BODY).is_file():
        raise Problem("there are no weights", where=str(folder / BODY), fix="Delete that folder and run again")
    kept = load_file(folder / BODY)
    if {name: one.shape for name, one in kept.items()} != {name: one.shape for name, one in _learning(model)}:
        raise Problem("its weights are not those of the base", where=str(folder / BODY),
                      fix="Delete that folder and run again")
    _put(model, kept)


def _put(model: Any, weights: Mapping[str, torch.Tensor]) -> None:
    with torch.no_grad():
        for name, one in _learning(model):
            one.copy_(weights[name])


def found(states: torch.Tensor, translations: torch.Tensor) -> float:
    """The share of sentences whose own translation is the nearest by cosine; both (sentences, width)."""
    near = torch.nn.functional.normalize(states) @ torch.nn.functional.normalize(translations).T
    own = near.diagonal()[:, None]
    return float(((near >= own).sum(1) == 1).float().mean())  # a tie is none


def states_of(model: Any, tokenizer: Any, texts: Sequence[str]) -> torch.Tensor:
    """Mean states of ``texts`` as the model is: (texts, width)."""
    with torch.no_grad():
        return _in_parts(texts, lambda some: _states(model, tokenizer, some))


def _in_parts(texts: Sequence[str], states: Callable[[Sequence[str]], torch.Tensor]) -> torch.Tensor:
    """States of all ``texts`` in their order, asked for by length."""
    order = sorted(range(len(texts)), key=lambda at: len(texts[at]))
    parts = [states([texts[at] for at in order[first:first + _AT_ONCE]]) for first in range(0, len(order), _AT_ONCE)]
    return torch.cat(parts)[torch.from_numpy(np.argsort(order)).to(parts[0].device)]


def _states(model: Any, tokenizer: Any, texts: Sequence[str]) -> torch.Tensor:
    return mean_states(model.base_model, tokenizer, texts, min(_LENGTH, longest_input(model, _LENGTH)))


def _distance(states: torch.Tensor, wanted: torch.Tensor, spread: float) -> torch.Tensor:
    """Mean squared distance, in variances between translations: 1 is that of the base's states from their mean."""
    return (states - wanted).square().mean() / spread


def _learning(model: Any) -> list[tuple[str, torch.nn.Parameter]]:
    """The weights of the body but for the rows of pieces, by name."""
    table = model.get_input_embeddings().weight
    return [(name, one) for name, one in model.base_model.named_parameters() if one is not table]


def _batches(texts: Sequence[str], size: int, seed: tuple[int, int]) -> list[NDArray[np.int64]]:
    """Numbers of texts, each text once, those of a batch of like length."""
    generator = np.random.default_rng(seed)
    drawn = sorted(generator.permutation(len(texts)).tolist(), key=lambda at: len(texts[at]) // _ALIKE)
    batches = [np.array(drawn[first:first + size]) for first in range(0, len(drawn), size)]
    return [batches[at] for at in generator.permutation(len(batches))]


def _rate(step: int, steps: int) -> float:
    """The share of the peak learning rate: rises linearly, then falls linearly to zero."""
    warm = max(1, round(_WARMUP * steps))
    return min((step + 1) / warm, (steps - step) / max(1, steps - warm), 1.0)


def _step(model: Any, tokenizer: Any, optimizer: torch.optim.AdamW, texts: Sequence[str], wanted: torch.Tensor,
          spread: float, rate: float, where: str) -> float:
    """One optimizer step; returns the distance before it."""
    for group in optimizer.param_groups:
        group["lr"] = rate
    loss = _distance(_states(model, tokenizer, texts), wanted, spread)
    torch.autograd.backward(loss)
    length = torch.nn.utils.clip_grad_norm_(optimizer.param_groups[0]["params"], _CLIP)
    if not torch.isfinite(loss) or not torch.isfinite(length):
        raise Problem("the distance is not a number any more", where=where,
                      fix="Lower alignment.learning_rate; the last checkpoint is kept")
    optimizer.step()
    optimizer.zero_grad(set_to_none=True)
    return float(loss.detach())
