"""Answers are learned and prompts are not; the adapter is the whole model's and gives the same after loading."""

from __future__ import annotations

import pytest
import torch

from tests.tiny import write_llama
from vernacular.config.schema import Lora
from vernacular.models import load_model, load_tokenizer
from vernacular.tasks.generation.decoding import complete
from vernacular.tasks.generation.finetune import _loss, encoded, fine_tune, load, save
from vernacular.tasks.generation.prompts import parse
from vernacular.tasks.pairs import Pair

SETTINGS = Lora(rank=8, alpha=16, epochs=60, learning_rate=1e-2, max_length=48, batch_size=4)
TEMPLATE = parse("English: {source}\nGerman: {target}")
PAIRS = [Pair("the fox", "der Fuchs"), Pair("the dog", "der Hund"), Pair("a river", "ein Fluss"),
         Pair("every bird", "jeder Vogel")]


def test_it_learns_and_survives_saving(tmp_path):
    write_llama(tmp_path / "base")
    tokenizer = load_tokenizer(tmp_path / "base")
    prompts = [TEMPLATE.prompt(pair.source) for pair in PAIRS]
    adapted = fine_tune(load_model(tmp_path / "base", "causal"), tokenizer, TEMPLATE, PAIRS, SETTINGS, 1)
    assert complete(adapted, tokenizer, "", prompts, 30) == [pair.target for pair in PAIRS]
    save(adapted, tmp_path / "adapter")
    again = load(load_model(tmp_path / "base", "causal"), tmp_path / "adapter")
    assert complete(again, tokenizer, "", prompts, 30) == [pair.target for pair in PAIRS]


def test_only_the_answer_counts(tmp_path):
    write_llama(tmp_path)
    model, tokenizer = load_model(tmp_path, "causal"), load_tokenizer(tmp_path)
    items = encoded(tokenizer, TEMPLATE, PAIRS, 48)
    assert [tokenizer.decode(answer) for _, answer in items] == [f" {pair.target}\n" for pair in PAIRS]
    with torch.no_grad():
        together = float(_loss(model, items, tokenizer.pad_token_id))
        alone = [(float(_loss(model, [item], tokenizer.pad_token_id)), len(item[1])) for item in items]
        prompt, answer = items[0]
        scores = model(torch.tensor([[*prompt, *answer]])).logits[0, len(prompt) - 1:-1].log_softmax(-1)
    assert together == pytest.approx(sum(loss * size for loss, size in alone) / sum(size for _, size in alone), rel=1e-3)
    assert alone[0][0] == pytest.approx(-float(scores.gather(1, torch.tensor(answer)[:, None]).mean()), rel=1e-3)


def test_what_is_too_long_is_cut(tmp_path):
    tokenizer = load_tokenizer(write_llama(tmp_path))
    for pair in (Pair("the fox " * 30, "der"), Pair("the", "der Fuchs " * 30), Pair("the fox " * 30, "der Fuchs " * 30)):
        (prompt, answer), = encoded(tokenizer, TEMPLATE, [pair], 48)
        assert len(prompt) + len(answer) <= 48 and len(answer) >= 3 and len(prompt) >= 3
