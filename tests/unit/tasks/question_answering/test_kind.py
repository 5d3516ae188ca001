"""SQuAD's shape is read and checked; spans are learned, in long contexts too; no answer only where that is allowed."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from tests.tiny import write_bert, write_llama
from vernacular.config.tasks import Task
from vernacular.config.training import Lora
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item, Row
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.tasks.adapter_model import load, save
from vernacular.tasks.base import class_of
from vernacular.tasks.finetune import fine_tune, head_start
from vernacular.tasks.question_answering.kind import QuestionAnswering, best_span
from vernacular.tasks.question_answering.windows import Window

TASK = Task.model_validate({"kind": "question_answering", "data": {"kind": "files", "train": "t.jsonl"}})
EMPTY_TOO = TASK.model_copy(update={"unanswerable": True})
SETTINGS = Lora(rank=4, alpha=8, epochs=15, learning_rate=1e-2, max_length=48, batch_size=8, least_steps=1)
TEXT = "Likulu la Malawi ndi Lilongwe."


def row(answers: object) -> Row:
    return Row("t.jsonl:7", {"context": TEXT, "question": "Likulu?", "answers": answers})


def test_both_spellings_are_read():
    kind = QuestionAnswering(EMPTY_TOO, [])
    lists = {"text": ["Lilongwe", "ndi Lilongwe"], "answer_start": [21, 17]}
    objects = [{"text": "Lilongwe", "answer_start": 21}, {"text": "ndi Lilongwe", "answer_start": 17}]
    wanted = Item(TEXT, document="t.jsonl:7", second="Likulu?", spans=((21, 29), (17, 29)))
    assert kind.item(row(lists)) == kind.item(row(objects)) == wanted
    assert kind.item(row([])).spans == kind.item(row({"text": [], "answer_start": []})).spans == ()


@given(context=st.text(min_size=1, max_size=40).filter(str.strip), data=st.data())
def test_any_part_of_any_text_is_an_answer(context, data):
    start = data.draw(st.integers(0, len(context) - 1))
    stop = data.draw(st.integers(start + 1, len(context)))
    found = QuestionAnswering(TASK, []).item(Row("f", {"context": context, "question": "?", "answers": [
        {"text": context[start:stop], "answer_start": start}]}))
    assert found.spans == ((start, stop),)


@pytest.mark.parametrize(("answers", "match"), [
    ([{"text": "Lilongwe", "answer_start": 20}], "t.jsonl:7: .*'Lilongwe'.* 20 .* 21.*VN-DATA-"),
    ([{"text": "Blantyre", "answer_start": 3}], "Blantyre.*VN-DATA-"),
    ([{"text": "", "answer_start": 0}], "VN-DATA-"), ([{"text": "Lilongwe", "answer_start": -9}], "21.*VN-DATA-"),
    ({"text": ["Lilongwe"], "answer_start": []}, "VN-DATA-"), ("Lilongwe", "VN-DATA-"),
    ([{"text": "Lilongwe", "answer_start": True}], "VN-DATA-"), ([], "VN-DATA-")])
def test_wrong_answers_are_refused(answers, match):
    with pytest.raises(Problem, match=match):
        QuestionAnswering(TASK, []).item(row(answers))


def question(context: str, answer: str) -> Item:
    start = context.index(answer) if answer else 0
    return Item(context, second="what animal?", spans=((start, start + len(answer)),) if answer else ())


ANSWERED = [question(f"the {where} saw a {animal} {verb}", animal) for animal in ("fox", "dog", "bird")
            for where in ("river", "market") for verb in ("jumps", "looks")]
EMPTY = [question("the green river and the market", ""), question("every river over a market", "")] * 3


@pytest.mark.parametrize(("objective", "write"), [("masked", write_bert), ("causal", write_llama)])
def test_it_learns_and_survives_saving(objective, write, tmp_path):
    write(tmp_path / "base")
    tokenizer, kind, items = load_tokenizer(tmp_path / "base"), class_of(EMPTY_TOO)(EMPTY_TOO, []), ANSWERED + EMPTY
    model = load_model(tmp_path / "base", objective)
    head = head_start(kind, model, tokenizer, items, SETTINGS)
    network = fine_tune(kind, model, tokenizer, items, [], SETTINGS, 1, head).network
    found = kind.predict(network, tokenizer, items, 48)
    assert kind.score(items, found) > 0.9 and found[-1] == ""
    save(network, tmp_path / "adapter")
    again = load(kind.bare(load_model(tmp_path / "base", objective), tokenizer.pad_token_id), tmp_path / "adapter")
    assert kind.predict(again, tokenizer, items, 48) == found


def test_the_start_alone_is_better_than_chance(tmp_path):
    write_bert(tmp_path)
    model, tokenizer, kind = load_model(tmp_path, "masked"), load_tokenizer(tmp_path), QuestionAnswering(TASK, [])
    head = head_start(kind, model, tokenizer, ANSWERED, SETTINGS)
    network = kind.bare(model, tokenizer.pad_token_id)
    network.head.load_state_dict(dict(head))
    assert kind.score(ANSWERED, kind.predict(network, tokenizer, ANSWERED, 48)) > 0.9


def test_an_answer_far_inside_a_long_context_is_found(tmp_path):
    write_bert(tmp_path)
    model, tokenizer, kind = load_model(tmp_path, "masked"), load_tokenizer(tmp_path), QuestionAnswering(TASK, [])
    far = [question("the river and the market " * 6 + f"saw a {animal}" + " over the river" * 3, animal)
           for animal in ("fox", "dog", "bird")]
    assert all(len(item.windows) > 2 for item in kind.encode(far, tokenizer, 48))
    head = head_start(kind, model, tokenizer, far * 2 + ANSWERED, SETTINGS)
    network = fine_tune(kind, model, tokenizer, far * 2 + ANSWERED, [], SETTINGS, 1, head).network
    assert kind.predict(network, tokenizer, far, 48) == ["fox", "dog", "bird"]
    # Contexts without an answer get one all the same, unless the task allows none.
    assert all(kind.predict(network, tokenizer, EMPTY, 48))


def test_the_likeliest_span_is_in_order_and_not_too_long():
    window = Window([1, 2, 3, 4], [], 1, [], [(0, 0), (0, 3), (4, 300), (301, 303)], 1, 4)
    table = torch.full((5, 2), -9.0)
    table[4, 0] = table[2, 1] = 0.0  # the likeliest start is behind the likeliest end
    table[2, 0] = table[4, 1] = -1.0
    assert best_span(window, table) == (-1.0, 0, 3)  # tokens 1 to 3 would be 303 characters
    assert best_span(Window([1], [], 1, [], [(0, 0)], 1, 1), table) is None


def test_scores_and_floors():
    kind = QuestionAnswering(TASK, [])
    assert kind.scores(ANSWERED[:2], ["fox", "a fox"]) == {"token_f1": pytest.approx(5 / 6), "exact_match": 0.5}
    train = [question("a fox and a dog", "fox"), question("the fox", "fox"), question("a dog", "dog")]
    asked = Item("The river is long. What animal is a bird?", second="what animal?", spans=((0, 3),))
    assert kind.floors(train, [asked], 1) == {"majority": ["fox"], "nearest_span": ["is"]}
