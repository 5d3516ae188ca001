"""Fine-tuning learns what can be learned, gives each word its states, and survives saving."""

from __future__ import annotations

import numpy as np
import pytest

from tests.tiny import write_bert, write_llama
from vernacular.config.schema import Lora
from vernacular.corpus.words import words
from vernacular.models import load_model, load_tokenizer
from vernacular.tasks.finetune import encode, fine_tune, load, probabilities, save
from vernacular.tasks.items import Item
from vernacular.tasks.scoring import score

SETTINGS = Lora(rank=4, alpha=8, epochs=30, learning_rate=1e-2, max_length=32, batch_size=8)


@pytest.mark.parametrize(("kind", "write"), [("masked", write_bert), ("causal", write_llama)])
def test_it_learns_and_survives_saving(kind, write, tmp_path):
    write(tmp_path / "base")
    tokenizer = load_tokenizer(tmp_path / "base")
    items = [Item("the red fox jumps", (0,), "d"), Item("a green river market", (1,), "d")] * 8
    classifier = fine_tune(load_model(tmp_path / "base", kind), tokenizer, items, False, 2, SETTINGS, 1)
    before = probabilities(classifier, tokenizer, [item.text for item in items], False, 32)
    assert score(items, [table.argmax(-1).tolist() for table in before], False) == 1.0
    save(classifier, tmp_path / "adapter")
    again = load(load_model(tmp_path / "base", kind), tmp_path / "adapter")
    after = probabilities(again, tokenizer, [item.text for item in items], False, 32)
    assert np.allclose(np.stack(before), np.stack(after), atol=1e-2)


def test_words_are_learned_one_by_one(tmp_path):
    write_bert(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    items = [Item("the fox looks", (0, 1, 0), "d"), Item("a dog flies", (0, 1, 0), "d")] * 8
    classifier = fine_tune(load_model(tmp_path, "masked"), tokenizer, items, True, 2, SETTINGS, 1)
    tables = probabilities(classifier, tokenizer, ["the dog looks", "a fox"], True, 32)
    assert [len(table) for table in tables] == [3, 2]
    learned = probabilities(classifier, tokenizer, [item.text for item in items[:2]], True, 32)
    assert score(items[:2], [table.argmax(-1).tolist() for table in learned], True) == 1.0


@pytest.mark.parametrize("write", [write_bert, write_llama])
def test_each_token_belongs_to_its_word(write, tmp_path):
    write(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    text = "the ng'ombe, looks (over) zzz"
    encoded = encode([text], tokenizer, True, 64)[0]
    for index, word in enumerate(words(text)):
        pieces = [token for token, unit in zip(encoded.tokens, encoded.units, strict=True) if unit == index]
        spelled = tokenizer.decode(pieces).replace(" ", "").replace("##", "")
        assert spelled == word


def test_a_word_behind_the_cut_still_gets_an_answer(tmp_path):
    write_bert(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    items = [Item("the fox looks", (0, 1, 0), "d")] * 8
    classifier = fine_tune(load_model(tmp_path, "masked"), tokenizer, items, True, 2, SETTINGS, 1)
    assert len(probabilities(classifier, tokenizer, ["the fox " * 40], True, 16)[0]) == 80


def test_a_long_text_is_cut_as_transformers_cuts_it(tmp_path):
    write_bert(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    text = "the fox looks over " * 10
    wanted = tokenizer(text, truncation=True, max_length=16)["input_ids"]
    tokenizer.backend_tokenizer.no_truncation()
    assert encode([text], tokenizer, False, 16)[0].tokens == wanted
