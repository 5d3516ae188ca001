"""LoRA fine-tuning of a causal model on prompts and their answers: only the answer's tokens are learned.

The adapter is that of the whole language model, so ``PeftModel.from_pretrained`` puts it onto a released one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from torch.nn.functional import cross_entropy

from vernacular.config.schema import Lora
from vernacular.pretraining.loop import device_of
from vernacular.tasks.generation.decoding import ids_of, opening
from vernacular.tasks.generation.prompts import Template
from vernacular.tasks.pairs import Pair
from vernacular.tasks.training import adapted_body, train


def fine_tune(model: Any, tokenizer: Any, template: Template, pairs: Sequence[Pair], settings: Lora, seed: int) -> Any:
    """``model`` with a LoRA adapter that answers prompts of ``template``; its own weights are not changed."""
    adapted = adapted_body(model, settings, seed)
    items = encoded(tokenizer, template, pairs, settings.max_length)

    def loss_of(rows: list[int]) -> torch.Tensor:
        return _loss(adapted, [items[row] for row in rows], tokenizer.pad_token_id)

    train(adapted, [len(prompt) + len(answer) for prompt, answer in items], loss_of, settings, seed)
    return adapted


def encoded(tokenizer: Any, template: Template, pairs: Sequence[Pair],
            longest: int) -> list[tuple[list[int], list[int]]]:
    """The ids of each pair's prompt and answer, the answer closed by a line break.

    They are tokenised apart, as at the time of answering, when only the prompt is there. Where both are longer than
    ``longest``, the end of the answer is cut first, to half, then the beginning of the prompt.
    """
    first = opening(tokenizer)
    prompts = ids_of(tokenizer, [template.prompt(pair.source) for pair in pairs])
    answers = ids_of(tokenizer, [template.answer(pair.target) for pair in pairs])
    out = []
    for prompt, answer in zip(prompts, answers, strict=True):
        kept = answer[:max(longest // 2, longest - len(first) - len(prompt))]
        room = longest - len(first) - len(kept)
        out.append(([*first, *(prompt[-room:] if len(prompt) > room else prompt)], kept))
    return out


def _loss(model: Any, items: Sequence[tuple[list[int], list[int]]], padding: int) -> torch.Tensor:
    """The mean over the answers' tokens of their negative log-likelihood in nats."""
    device = device_of(model)
    width = max(len(prompt) + len(answer) for prompt, answer in items)
    scored = max(len(answer) for _, answer in items)
    tokens = torch.full((len(items), width), padding)
    attend = torch.zeros((len(items), width), dtype=torch.long)
    targets = torch.full((len(items), scored), -100)
    for row, (prompt, answer) in enumerate(items):
        size = len(prompt) + len(answer)
        tokens[row, width - size:] = torch.tensor([*prompt, *answer])  # on the left, so that all answers end alike
        attend[row, width - size:] = 1
        targets[row, scored - len(answer):] = torch.tensor(answer)
    positions = (attend.cumsum(1) - 1).clamp(min=0)
    logits = model(input_ids=tokens.to(device), attention_mask=attend.to(device), position_ids=positions.to(device),
                   use_cache=False, logits_to_keep=scored + 1).logits[:, :-1]
    return cross_entropy(logits.flatten(0, 1).float(), targets.flatten().to(device), ignore_index=-100)


def save(adapted: Any, folder: Path) -> None:
    """Write the adapter into ``folder``."""
    adapted.save_pretrained(folder)


def load(model: Any, folder: Path) -> Any:
    """``model`` with the adapter that ``save`` wrote."""
    from peft import PeftModel
    return PeftModel.from_pretrained(model, folder).eval()
