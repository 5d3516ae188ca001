"""Labels are derived as the settings say; scores and intervals agree with what can be counted by hand."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.schema import Capitalised, Groups, Task
from vernacular.corpus.words import words
from vernacular.errors import Problem
from vernacular.tasks.floors import majority_floor, tfidf_floor
from vernacular.tasks.items import IGNORED, Item, capital_labels, derive, known_names, lower, unseen_only
from vernacular.tasks.scoring import difference, score

NAMES = Task(kind="token_classification", labels=Capitalised(kind="capitalised"))
GROUPS = Task(kind="sequence_classification", labels=Groups(kind="document_group", groups={
    "fish": ["s/fish/*"], "bird": ["s/bird/*"]}))


def document(path: str, text: str) -> dict[str, str]:
    return {"id": path, "source": "s", "path": path, "text": text}


def test_capitals_inside_a_clause_are_names():
    line = "Ndipo Davide anati kwa Yowabu, Tiyeni ku Yerusalemu"
    assert capital_labels(line) == (IGNORED, 1, 0, 0, 1, IGNORED, 0, 1)


@given(st.text(max_size=80))
def test_lowering_keeps_every_word_in_its_place(line):
    assert len(lower(line)) == len(line)
    assert len(capital_labels(line)) == len(words(line))


def test_names_seen_in_training_are_not_scored():
    train = [Item("a davide b", (IGNORED, 1, 0), "d1")]
    test = [Item("c davide marko", (IGNORED, 1, 1), "d2")]
    assert known_names(train) == {"davide"}
    assert unseen_only(test, known_names(train))[0].labels == (IGNORED, IGNORED, 1)


def test_groups_follow_the_document():
    rows = [document("fish/1", "one two three\nfour five six"), document("bird/2", "seven eight nine"),
            document("other/3", "no label here")]
    items = derive(GROUPS, rows, 10, 1)
    assert {(item.document, item.labels) for item in items} == {("fish/1", (1,)), ("bird/2", (0,))}
    assert derive(GROUPS, rows, 2, 1) == items[:2]


def test_nothing_to_derive_is_said():
    with pytest.raises(Problem, match="no labelled item"):
        derive(GROUPS, [document("other/1", "a b c")], 5, 1)


def test_scores():
    items = [Item("a b c", (IGNORED, 1, 0), "d"), Item("d e f", (1, 0, 1), "d")]
    assert score(items, [[0, 1, 0], [1, 0, 1]], by_word=True) == 1.0
    assert score(items, [[1, 1, 1], [0, 0, 1]], by_word=True) == pytest.approx(2 / 3)
    assert score([Item("a", (0,), "d"), Item("b", (1,), "d")], [[0], [0]], by_word=False) == pytest.approx(1 / 3)


def test_an_interval_excludes_zero_only_where_there_is_a_difference():
    items = [Item("a", (index % 2,), "d") for index in range(200)]
    right = [[index % 2] for index in range(200)]
    half = [[index % 2 if index % 3 else 0] for index in range(200)]
    low, mean, high = difference(items, [right, right], [half, half], False, 1)
    assert 0 < low < mean < high
    assert difference(items, [half], [half], False, 1) == (0.0, 0.0, 0.0)


def test_floors():
    train = [Item(f"alpha beta {index}", (0,), "d") for index in range(20)]
    train += [Item(f"gamma delta {index}", (1,), "d") for index in range(10)]
    test = [Item("alpha beta", (0,), "d"), Item("gamma delta", (1,), "d")]
    assert majority_floor(train, test, False) == pytest.approx(1 / 3)
    assert tfidf_floor(train, test, False, 1) == 1.0
    words_train = [Item("xa kuta yb", (IGNORED, 1, 0), "d"), Item("xa kura zz", (IGNORED, 1, 0), "d")] * 5
    assert tfidf_floor(words_train, [Item("xa kuma yb", (IGNORED, 1, 0), "d")], True, 1) == 1.0
