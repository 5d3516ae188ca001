"""Spans are learned, in long contexts too; no answer where training had such; the same after loading."""

from __future__ import annotations

import pytest

from tests.tiny import write_bert, write_llama
from vernacular.config.schema import Lora
from vernacular.models import load_model, load_tokenizer
from vernacular.tasks.question_answering.network import answers, fine_tune, load, save
from vernacular.tasks.question_answering.questions import Question
from vernacular.tasks.question_answering.scores import statistics

SETTINGS = Lora(rank=4, alpha=8, epochs=20, learning_rate=1e-2, max_length=48, batch_size=8)


def question(context: str, answer: str) -> Question:
    start = context.index(answer) if answer else 0
    return Question(context, "what animal?", ((start, start + len(answer)),) if answer else ())


ANSWERED = [question(f"the {where} saw a {animal} {verb}", animal) for animal in ("fox", "dog", "bird")
            for where in ("river", "market") for verb in ("jumps", "looks")]
EMPTY = [question("the green river and the market", ""), question("every river over a market", "")] * 3


@pytest.mark.parametrize(("kind", "write"), [("masked", write_bert), ("causal", write_llama)])
def test_it_learns_and_survives_saving(kind, write, tmp_path):
    write(tmp_path / "base")
    tokenizer = load_tokenizer(tmp_path / "base")
    network = fine_tune(load_model(tmp_path / "base", kind), tokenizer, ANSWERED + EMPTY, SETTINGS, 1)
    found = answers(network, tokenizer, ANSWERED + EMPTY, 48)
    assert statistics(ANSWERED + EMPTY, found).mean() > 0.9
    assert found[-1] == ""
    save(network, tmp_path / "adapter")
    again = load(load_model(tmp_path / "base", kind), tmp_path / "adapter")
    assert answers(again, tokenizer, ANSWERED + EMPTY, 48) == found


def test_an_answer_far_inside_a_long_context_is_found(tmp_path):
    write_bert(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    far = [question("the river and the market " * 6 + f"saw a {animal}" + " over the river" * 3, animal)
           for animal in ("fox", "dog", "bird")]
    network = fine_tune(load_model(tmp_path, "masked"), tokenizer, far * 2 + ANSWERED, SETTINGS, 1)
    assert answers(network, tokenizer, far, 48) == ["fox", "dog", "bird"]


def test_a_network_that_always_saw_answers_always_gives_one(tmp_path):
    write_bert(tmp_path)
    tokenizer = load_tokenizer(tmp_path)
    network = fine_tune(load_model(tmp_path, "masked"), tokenizer, ANSWERED,
                        SETTINGS.model_copy(update={"epochs": 1}), 1)
    found = answers(network, tokenizer, EMPTY + [question("", "")], 48)
    assert all(found[:-1]) and found[-1] == ""
    assert max(map(len, found)) <= len("bird") + 1  # a space may stand before it
