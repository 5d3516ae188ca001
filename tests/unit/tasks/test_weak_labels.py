"""Labels are derived as the settings say."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.tasks import Capitalised, Groups, Task
from vernacular.core.errors import Problem
from vernacular.datasets.items import Item
from vernacular.tasks.base import IGNORED
from vernacular.tasks.weak_labels import capital_labels, derive, known_names, lower, unseen_only
from vernacular.text.words import words

NAMES = Task(kind="token_classification", labels=Capitalised(kind="capitalised"))
GROUPS = Task(kind="sequence_classification", labels=Groups(kind="document_group", groups={
    "fish": ["s/fish/*"], "bird": ["s/bird/*"]}))


def document(path: str, text: str) -> dict[str, str]:
    return {"id": path, "source": "s", "path": path, "text": text}


def test_capitals_inside_a_clause_are_names() -> None:
    line = "Ndipo Davide anati kwa Yowabu, Tiyeni ku Yerusalemu"
    assert capital_labels(line) == (IGNORED, 1, 0, 0, 1, IGNORED, 0, 1)


@pytest.mark.parametrize("line", ["ΟΔΟΣ ΜΟΥ", "İSTANBUL Ş", "ŴANTHU ẞ", "ABC abc"])
def test_lowering_goes_letter_by_letter(line: str) -> None:
    assert lower(line) == "".join(letter.lower() if len(letter.lower()) == 1 else letter for letter in line)


@given(st.text(max_size=80))
def test_lowering_keeps_every_word_in_its_place(line: str) -> None:
    assert len(lower(line)) == len(line)
    assert len(capital_labels(line)) == len(words(line))


def test_names_seen_in_training_are_not_scored() -> None:
    train = [Item("a davide b", (IGNORED, 1, 0), "d1")]
    test = [Item("c davide marko", (IGNORED, 1, 1), "d2")]
    assert known_names(train) == {"davide"}
    assert unseen_only(test, known_names(train))[0].labels == (IGNORED, IGNORED, 1)


def test_groups_follow_the_document() -> None:
    rows = [document("fish/1", "one two three\nfour five six"), document("bird/2", "seven eight nine"),
            document("other/3", "no label here")]
    items = derive(GROUPS, rows, 10, 1)
    assert {(item.document, item.labels) for item in items} == {("fish/1", (1,)), ("bird/2", (0,))}
    assert derive(GROUPS, rows, 2, 1) == items[:2]


def test_nothing_to_derive_is_reported() -> None:
    with pytest.raises(Problem, match="VN-DATA-LABEL"):
        derive(GROUPS, [document("other/1", "a b c")], 5, 1)


def test_a_group_without_a_document_is_named_where_it_is_to_be_learned() -> None:
    rows = [document("fish/1", "one two three"), document("birds/2", "seven eight nine")]
    assert len(derive(GROUPS, rows, 5, 1)) == 1  # of a part that is scored
    with pytest.raises(Problem, match=r"bird.*VN-DATA-LABEL"):
        derive(GROUPS, rows, 5, 1, whole=True)


def test_so_is_a_text_without_capitals() -> None:
    rows = [document("a", "one two three four"), document("b", "One two three Four")]
    assert derive(NAMES, rows, 5, 1, whole=True)
    with pytest.raises(Problem, match=r"NAME.*VN-DATA-LABEL"):
        derive(NAMES, rows[:1], 5, 1, whole=True)
