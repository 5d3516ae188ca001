"""SQuAD's shape in both spellings; an answer that does not stand where it is said to is refused with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.errors import Problem
from vernacular.tasks.question_answering.questions import Question, from_rows

TEXT = "Likulu la Malawi ndi Lilongwe."


def row(answers: object) -> dict[str, object]:
    return {"id": "1", "context": TEXT, "question": "Likulu?", "answers": answers}


def test_both_spellings_are_read():
    lists = row({"text": ["Lilongwe", "ndi Lilongwe"], "answer_start": [21, 17]})
    objects = row([{"text": "Lilongwe", "answer_start": 21}, {"text": "ndi Lilongwe", "answer_start": 17}])
    assert from_rows([lists], "f") == from_rows([objects], "f") == [Question(TEXT, "Likulu?", ((21, 29), (17, 29)))]
    assert from_rows([objects], "f")[0].wanted == ("Lilongwe", "ndi Lilongwe")
    assert from_rows([row([]), row({"text": [], "answer_start": []})], "f") == [Question(TEXT, "Likulu?", ())] * 2


@given(context=st.text(min_size=1, max_size=40), data=st.data())
def test_any_part_of_any_text_is_an_answer(context, data):
    start = data.draw(st.integers(0, len(context) - 1))
    stop = data.draw(st.integers(start + 1, len(context)))
    found = from_rows([{"context": context, "question": "?", "answers": [
        {"text": context[start:stop], "answer_start": start}]}], "f")[0]
    assert found.wanted == (context[start:stop],)


@pytest.mark.parametrize(("answers", "match"), [
    ([{"text": "Lilongwe", "answer_start": 20}], "row 1: the answer 'Lilongwe' does not start at character 20 .*at 21"),
    ([{"text": "Blantyre", "answer_start": 3}], "the context does not hold it"),
    ([{"text": "", "answer_start": 0}], "does not start"), ([{"text": "Lilongwe", "answer_start": -9}], "at 21"),
    ({"text": ["Lilongwe"], "answer_start": []}, "answers must be"), ("Lilongwe", "answers must be"),
    ([{"text": "Lilongwe", "answer_start": True}], "answers must be")])
def test_wrong_answers_are_refused(answers, match):
    with pytest.raises(Problem, match=match):
        from_rows([row(answers)], "f")


def test_a_missing_key_is_refused():
    with pytest.raises(Problem, match="needs context and question"):
        from_rows([{"context": TEXT, "question": "Likulu?"}], "f")
