"""Token distillation (Dobler et al. 2505.20133): input rows of new pieces, learned from what the base makes of the old.

The base reads a snippet cut as it knows it, and again with the new pieces; only their input rows learn, so that its
states after each piece come out alike. Unlike the paper a snippet teaches all new pieces in it at once: a twentieth of
the work. For causal models: a masked one also looks at what follows, where the two texts differ.
"""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import torch

from vernacular.errors import Problem
from vernacular.pretraining.loop import autocast
from vernacular.stages import Progress, silent

FEWEST = 20  # snippets that a piece needs; with fewer it keeps the mean (RECIPE 2b)
MOST = 100  # snippets of a piece after which no more are taken for its sake
TOO_FEW = 0.1  # share of pieces that may have fewer than FEWEST
LENGTH = 50  # old tokens of a snippet
DEPTH = 1 / 3  # of the layers, where states are compared
RATE = 0.02  # learning rate, as a share of the old rows' root mean square: models' rows differ tenfold in size
_BATCH = 16  # snippets of a step
_PAGE = 1000  # texts tokenised at once


@dataclass(frozen=True)
class Snippet:
    """A short text under both tokenizers.

    Attributes:
        old: ids under the base's.
        new: ids under the extended one.
        ends: positions in ``old`` and in ``new`` of the tokens that end at one character, from the first new piece on.
        pieces: the new ones in it.
    """

    old: list[int]
    new: list[int]
    ends: list[tuple[int, int]]
    pieces: frozenset[int]


def snippets(base: Any, extended: Any, ids: Sequence[int], texts: Sequence[str]) -> list[Snippet]:
    """The texts cut at common token borders into snippets of at most ``LENGTH`` old tokens, where they hold new pieces.

    Args:
        base: the base tokenizer, a ``tokenizers.Tokenizer``.
        extended: the extended one.
        ids: of the new pieces.
        texts: of the language.
    """
    wanted, found = frozenset(ids), list[Snippet]()
    for first in range(0, len(texts), _PAGE):
        page = list(texts[first:first + _PAGE])
        for old, new in zip(base.encode_batch(page, add_special_tokens=False),
                            extended.encode_batch(page, add_special_tokens=False), strict=True):
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
                   [(one - left, other - right) for one, other in ends if other - right >= first],
                   wanted & frozenset(inside))


def picked(found: Sequence[Snippet], seed: int) -> list[Snippet]:
    """Snippets in an order by chance, each taken only for the sake of a piece that has fewer than ``MOST``."""
    counts: Counter[int] = Counter()
    out = []
    for place in np.random.default_rng(seed).permutation(len(found)):
        snippet = found[place]
        if any(counts[piece] < MOST for piece in snippet.pieces):
            counts.update(snippet.pieces)
            out.append(snippet)
    return out


def distil(model: Any, tokenizers: tuple[Any, Any], ids: Sequence[int], start: torch.Tensor, texts: Sequence[str],
           seed: int, where: str, progress: Progress = silent) -> torch.Tensor:
    """Input rows for the new pieces; those with fewer than ``FEWEST`` snippets keep what they start from.

    Args:
        model: the base language model, causal; its weights are not changed.
        tokenizers: the base's and the extended one, as transformers loads them.
        ids: of the new pieces.
        start: (n, hidden) rows to start from.
        texts: of the language, for training.
        seed: of the choice and the order of snippets.
        where: named in an error.
        progress: told how it goes on.

    Returns:
        (n, hidden) rows.

    Raises:
        Problem: more than a tenth of the pieces have too few snippets.
    """
    base, extended = tokenizers
    found = snippets(base.backend_tokenizer, extended.backend_tokenizer, ids, texts)
    counts = Counter(piece for snippet in found for piece in snippet.pieces)
    rare = [place for place, index in enumerate(ids) if counts[index] < FEWEST]
    if len(rare) > TOO_FEW * len(ids):
        raise Problem(f"{len(rare):,} of {len(ids):,} new pieces stand in fewer than {FEWEST} snippets of the training "
                      "text: too few to distil", where=where,
                      fix="Raise vocabulary.min_uses, or use initialise: mean")
    chosen = picked(found, seed)
    if not chosen:
        return start
    first = base.bos_token_id if base.bos_token_id is not None else base.eos_token_id
    device = torch.device("cuda" if torch.cuda.is_available() else "cpu")
    model.to(device)
    rows = torch.nn.Parameter(start.to(device, copy=True))
    spread = float(model.get_input_embeddings().weight.detach().square().mean().sqrt())
    optimizer = torch.optim.AdamW([rows], lr=RATE * spread, weight_decay=0.0)
    batches = [chosen[at:at + _BATCH] for at in range(0, len(chosen), _BATCH)]
    losses: list[float] = []
    with _states(model) as states:
        for step, batch in enumerate(batches):
            for group in optimizer.param_groups:
                group["lr"] = RATE * spread * (1 - step / len(batches))
            loss = _loss(model, states, rows, list(ids), batch, first)
            torch.autograd.backward(loss)
            optimizer.step()
            optimizer.zero_grad()
            losses.append(float(loss.detach()))
            if step % 20 == 19 or step + 1 == len(batches):
                progress(f"distilling {len(ids):,} rows: step {step + 1}/{len(batches)}, states off by "
                         f"{np.mean(losses[-20:]):.4f} (at first {np.mean(losses[:20]):.4f})")
    model.to("cpu")
    new = rows.detach().cpu().clone()
    new[rare] = start[rare]
    return new


def _loss(model: Any, states: Any, rows: torch.nn.Parameter, ids: Sequence[int], batch: Sequence[Snippet],
          first: int) -> torch.Tensor:
    """Mean squared difference of the states where tokens end together."""
    table, device = model.get_input_embeddings(), rows.device
    old, new = (torch.nn.utils.rnn.pad_sequence([torch.tensor([first, *one]) for one in side], True, first).to(device)
                for side in ([snippet.old for snippet in batch], [snippet.new for snippet in batch]))
    where = torch.tensor([(row, one + 1, other + 1) for row, snippet in enumerate(batch)
                          for one, other in snippet.ends], device=device)
    slots = torch.full((max(max(ids), int(new.max()), len(table.weight) - 1) + 1,), -1, device=device)
    slots[list(ids)] = torch.arange(len(ids), device=device)
    slot = slots[new]
    with autocast(device):
        with torch.no_grad():
            target = states(table(old))[where[:, 0], where[:, 1]]
            embedded = table(new.where(slot < 0, first))
        # Gemma's embedding multiplies what it looks up
        mine = rows[slot.clamp(min=0)] * getattr(table, "embed_scale", 1.0)
        embedded = torch.where((slot < 0)[..., None], embedded, mine.to(embedded.dtype))
        read = states(embedded)[where[:, 0], where[:, 2]]
    return (read.float() - target.float()).square().mean()


@contextlib.contextmanager
def _states(model: Any) -> Iterator[Any]:
    """A function from embedded text to the states ``DEPTH`` up; the layers above it are set aside meanwhile."""
    body, count = model.base_model, model.config.get_text_config().num_hidden_layers
    name, layers = next((name, module) for name, module in body.named_modules()
                        if isinstance(module, torch.nn.ModuleList) and len(module) == count)
    parent = body.get_submodule(name.rpartition(".")[0])
    lowest = layers[:max(1, round(DEPTH * count))]
    learning = [parameter for parameter in model.parameters() if parameter.requires_grad]
    kept: list[torch.Tensor] = []

    def keep(module: Any, inputs: Any, output: Any) -> None:
        kept[:] = [output[0] if isinstance(output, tuple) else output]

    def states(embedded: torch.Tensor) -> torch.Tensor:
        # causal, padded on the right: no token sees padding
        body(inputs_embeds=embedded, use_cache=False)
        return kept.pop()

    hook = lowest[-1].register_forward_hook(keep)
    for parameter in learning:
        parameter.requires_grad_(False)
    setattr(parent, name.rpartition(".")[2], lowest)
    try:
        yield states
    finally:
        setattr(parent, name.rpartition(".")[2], layers)
        for parameter in learning:
            parameter.requires_grad_(True)
        hook.remove()
