"""Token distillation (Dobler et al. 2505.20133): train new rows to reproduce the base's states.

The base reads a snippet with its own tokens and with the new ones; only new rows are trained. Input
rows must give equal states after each token; output rows must be predicted from the states that
predicted the old tokens. Tied rows learn both at once with equal weight (the paper's automatic
weight): trained only as inputs, they are predicted worse than their mean (docs/experiments/embedding-rows.md).
Unlike in the paper a snippet trains all its new tokens at once. For causal models only: a masked
one also sees later tokens, where the two texts differ.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.modeling.device import autocast
from vernacular.modeling.family_faults import family_faults
from vernacular.modeling.packing import encodings, opening
from vernacular.pipeline.stage import Progress, silent

FEWEST = 20  # snippets that a token needs; with fewer it keeps the mean (RECIPE 2b)
MOST = 25  # snippets chosen per token
TOO_FEW = 0.1  # share of tokens that may have fewer than FEWEST
LENGTH = 50  # old tokens of a snippet
DEPTH = 1 / 3  # of the layers, where states are compared
RATE = 0.02  # learning rate relative to the old rows' root mean square, which differs tenfold between models
_BATCH = 16  # snippets per step
_PROGRESS_STEPS = 20  # steps between progress lines


@dataclass(frozen=True)
class Snippet:
    """A short text under both tokenizers."""

    old: list[int]  # ids under the base's
    new: list[int]  # ids under the extended one
    # positions in ``old`` and ``new`` of tokens that end at the same character
    ends: list[tuple[int, int]]
    first: int  # position in ``new`` of the first new token; both are equal before it
    pieces: frozenset[int]  # its new tokens


def snippets(base: Any, extended: Any, ids: Sequence[int], texts: Sequence[str]) -> list[Snippet]:
    """Split texts at common token borders into snippets of at most ``LENGTH`` old tokens that contain new tokens."""
    wanted, found = frozenset(ids), list[Snippet]()
    for (_, old), (_, new) in zip(encodings(texts, base), encodings(texts, extended), strict=True):
        old_at, new_at = ({end: place for place, (_, end) in enumerate(one.offsets)} for one in (old, new))
        left, right, ends = 0, 0, list[tuple[int, int]]()
        for end in sorted(old_at.keys() & new_at.keys()):
            if ends and old_at[end] - left >= LENGTH:
                found.append(_snippet(old.ids, new.ids, left, right, ends, wanted))
                (left, right), ends = (ends[-1][0] + 1, ends[-1][1] + 1), []
            ends.append((old_at[end], new_at[end]))
        if ends:
            found.append(_snippet(old.ids, new.ids, left, right, ends, wanted))
    return [snippet for snippet in found if snippet.pieces]


def _snippet(old: list[int], new: list[int], left: int, right: int, ends: list[tuple[int, int]],
             wanted: frozenset[int]) -> Snippet:
    inside = new[right:ends[-1][1] + 1]
    first = next((place for place, index in enumerate(inside) if index in wanted), len(inside))
    return Snippet(old[left:ends[-1][0] + 1], inside,
                   [(one - left, other - right) for one, other in ends], first, wanted & frozenset(inside))


def picked(found: Sequence[Snippet], seed: int) -> list[Snippet]:
    """Select snippets in random order, each for a token with fewer than ``MOST``."""
    counts: Counter[int] = Counter()
    out = []
    for place in np.random.default_rng(seed).permutation(len(found)):
        snippet = found[place]
        if any(counts[piece] < MOST for piece in snippet.pieces):
            counts.update(snippet.pieces)
            out.append(snippet)
    return out


def distil(model: Any, tokenizers: tuple[Any, Any], ids: Sequence[int], start: dict[str, torch.Tensor],
           texts: Sequence[str], seed: int, where: str, progress: Progress = silent) -> dict[str, torch.Tensor]:
    """Train rows for the new tokens; those with fewer than ``FEWEST`` snippets keep their initial rows.

    ``model``: the base language model, causal; its weights are not changed. ``tokenizers``: the
    base's and the extended one, as transformers loads them. ``start``: initial rows, from
    ``new_rows``.

    Returns:
        ``start``, with other rows for ``input`` and, if present, ``output``.

    Raises:
        Problem: more than a tenth of the tokens have too few snippets.
    """
    base, extended = tokenizers
    found = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, texts)
    counts = Counter(piece for snippet in found for piece in snippet.pieces)
    rare = [place for place, index in enumerate(ids) if counts[index] < FEWEST]
    if len(rare) > TOO_FEW * len(ids):
        raise Problem(f"{len(rare):,} of {len(ids):,} new tokens are in fewer than {FEWEST} snippets of the "
                      "training text: too few to distil", where=where,
                      fix="Raise vocabulary.min_uses, or use initialise: mean", code=Code.DATA_SPLIT)
    chosen = picked(found, seed)
    if not chosen:
        return start
    first = opening(base)[0]
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    rows: dict[str, torch.nn.Parameter] = {name: torch.nn.Parameter(start[name].to(device, copy=True))
                                           for name in ("input", "output") if name in start}
    sizes = {"input": model.get_input_embeddings().weight, "output": model.get_output_embeddings().weight}
    optimizer = torch.optim.AdamW([{"params": [rows[name]], "size": float(sizes[name].detach().square().mean().sqrt())}
                                   for name in rows], weight_decay=0.0)
    batches = [chosen[at:at + _BATCH] for at in range(0, len(chosen), _BATCH)]
    losses: list[tuple[float, float]] = []
    with _reading(model) as body:
        for step, batch in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = RATE * group["size"] * (1 - step / len(batches))
            with contextlib.nullcontext() if step else family_faults(
                    model, "distillation", where, "Use initialise: mean"):
                apart, nats = _losses(model, body, rows, ids, batch, first)
            losses.append((float(apart.detach()), float(nats.detach())))
            torch.autograd.backward(apart + nats * (losses[-1][0] / max(losses[-1][1], 1e-9)))
            optimizer.step()
            optimizer.zero_grad()
            if step % _PROGRESS_STEPS == _PROGRESS_STEPS - 1 or step + 1 == len(batches):
                before, now = np.mean(losses[:_PROGRESS_STEPS], axis=0), np.mean(losses[-_PROGRESS_STEPS:], axis=0)
                progress(f"distilling {len(ids):,} rows: step {step + 1}/{len(batches)}, states apart {before[0]:.3f} "
                         f"-> {now[0]:.3f}, nats per token {before[1]:.3f} -> {now[1]:.3f}")
    model.to("cpu")
    for name, parameter in rows.items():
        new = parameter.detach().cpu().clone()
        new[rare] = start[name][rare]
        start = {**start, name: new}
    return start


def _losses(model: Any, body: _Body, rows: dict[str, torch.nn.Parameter], ids: Sequence[int], batch: Sequence[Snippet],
            first: int) -> tuple[torch.Tensor, torch.Tensor]:
    """Return squared state distances where tokens end together, and the nats of each following token."""
    table, decoder, read = model.get_input_embeddings(), model.get_output_embeddings(), rows["input"]
    device, predicted = read.device, rows.get("output", read)
    old, new = (torch.nn.utils.rnn.pad_sequence([torch.tensor([first, *one]) for one in side], True, first).to(device)
                for side in ([snippet.old for snippet in batch], [snippet.new for snippet in batch]))
    alike = torch.tensor([(row, one + 1, other + 1) for row, snippet in enumerate(batch)
                          for one, other in snippet.ends if other >= snippet.first], device=device)
    before = torch.tensor([(row, one + 1, snippet.new[other + 1]) for row, snippet in enumerate(batch)
                           for one, other in [(-1, -1), *snippet.ends[:-1]]], device=device)
    slots = torch.full((max(*ids, len(table.weight) - 1) + 1,), -1, device=device)
    slots[list(ids)] = torch.arange(len(ids), device=device)
    slot, wanted = slots[new], slots[before[:, 2]]
    with autocast(device):
        with torch.no_grad():
            low, last = body.whole(table(old))
            target, states = low[alike[:, 0], alike[:, 1]], last[before[:, 0], before[:, 1]]
            known = decoder(states).float()
            total = known.logsumexp(-1)
            known = known.gather(1, before[:, 2:].where(wanted[:, None] < 0, 0))[:, 0]
            embedded = table(new.where(slot < 0, first))
        # Gemma scales its embeddings
        mine = read[slot.clamp(min=0)] * getattr(table, "embed_scale", 1.0)
        embedded = torch.where((slot < 0)[..., None], embedded, mine.to(embedded.dtype))
        difference = body.low(embedded)[alike[:, 0], alike[:, 2]].float() - target.float()
        logits = torch.nn.functional.linear(states, predicted).float()
    picked_logits = torch.where(wanted < 0, known, logits.gather(1, wanted.clamp(min=0)[:, None])[:, 0])
    return difference.square().mean(), (torch.logaddexp(total, logits.logsumexp(-1)) - picked_logits).mean()


class _Body:
    """A model's body applied to embedded text, up to ``DEPTH`` or completely. Padding is never attended to."""

    def __init__(self, model: Any) -> None:
        count = model.config.get_text_config().num_hidden_layers
        self._body = model.base_model
        name, self._layers = next((name, module) for name, module in self._body.named_modules()
                                  if isinstance(module, torch.nn.ModuleList) and len(module) == count)
        place, _, self._name = name.rpartition(".")
        self._parent = self._body.get_submodule(place)
        self._lowest = self._layers[:max(1, round(DEPTH * count))]
        self._kept: list[torch.Tensor] = []
        self._hook = self._lowest[-1].register_forward_hook(self._keep)

    def _keep(self, module: Any, inputs: Any, output: Any) -> None:
        self._kept[:] = [output[0] if isinstance(output, tuple) else output]

    def whole(self, embedded: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        """Return the states at ``DEPTH`` and the last ones: (batch, length, width) each."""
        last = self._body(inputs_embeds=embedded, use_cache=False).last_hidden_state
        return self._kept.pop(), last

    def low(self, embedded: torch.Tensor) -> torch.Tensor:
        """Return the states at ``DEPTH``, skipping the layers above."""
        setattr(self._parent, self._name, self._lowest)
        try:
            self._body(inputs_embeds=embedded, use_cache=False)
        finally:
            setattr(self._parent, self._name, self._layers)
        return self._kept.pop()

    def close(self) -> None:
        """Restore the model."""
        self._hook.remove()


@contextlib.contextmanager
def _reading(model: Any) -> Iterator[_Body]:
    """Yield the body of ``model`` with all weights frozen."""
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    body = _Body(model)
    for parameter in learning:
        parameter.requires_grad_(False)
    try:
        yield body
    finally:
        body.close()
        for parameter in learning:
            parameter.requires_grad_(True)
