"""Scores and intervals agree with seqeval, scikit-learn and what can be counted by hand."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from seqeval.metrics import f1_score
from seqeval.scheme import IOB2
from sklearn.metrics import accuracy_score
from sklearn.metrics import f1_score as label_f1

from tests.unit.tasks.made import items_of, kind_of, names_kind, tagged, task_of, topics
from vernacular.core.confidence import FEWEST_TEXTS
from vernacular.datasets.items import Item
from vernacular.tasks.base import IGNORED, Answer, Kind
from vernacular.tasks.scoring import difference, interval, texts_of

TAGS = ["O", "B-LOC", "I-LOC", "B-PER", "I-PER"]


def ner(*sentences: str):
    rows = tagged(*sentences)
    kind = kind_of(task_of("token_classification"), rows)
    return kind, items_of(kind, rows)


def test_where_no_training_item_has_a_label_the_commonest_answer_is_none() -> None:
    kind = topics("a", "b", multi_label=True)
    test = [Item("red fox", (0,)), Item("a river", ())]
    floors = kind.floors([Item("the red fox", ()), Item("a river", ())], test, 1)
    assert floors["majority"] == [[], []] and kind.score(test, floors["majority"]) == 0


def test_entities_are_scored_whole_and_strictly() -> None:
    """Of four entities one is found; one has a wrong end, one a wrong type, and one begins with I-."""
    kind, items = ner("Moses/B-PER Busher/I-PER ku/O Malawi/B-LOC", "Maria/B-PER ali/O Zomba/B-LOC")
    answers = [[TAGS.index(tag) for tag in row.split()] for row in ("B-PER O O B-LOC", "B-LOC O I-LOC")]
    assert kind.labels == TAGS
    assert kind.scores(items, answers) == pytest.approx({
        "entity_f1": 2 * 1 / (4 + 3), "entity_f1_LOC": 2 * 1 / (2 + 2), "entity_f1_PER": 0.0})


@settings(deadline=None, max_examples=50)
@given(st.lists(st.lists(st.tuples(st.sampled_from(TAGS), st.sampled_from(TAGS)), min_size=1, max_size=9), min_size=1,
                max_size=6))
def test_entity_f1_is_that_of_seqeval(rows) -> None:
    kind, _ = ner("a/B-PER b/I-PER c/B-LOC d/I-LOC e/O")
    items = [Item("x", tuple(TAGS.index(true) for true, _ in row)) for row in rows]
    answers = [[TAGS.index(guess) for _, guess in row] for row in rows]
    wanted = f1_score([[true for true, _ in row] for row in rows], [[guess for _, guess in row] for row in rows],
                      mode="strict", scheme=IOB2, zero_division=0)
    assert kind.score(items, answers) == pytest.approx(wanted)


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.integers(0, 3), st.integers(0, 3)), min_size=1, max_size=30))
def test_macro_f1_and_accuracy_are_those_of_scikit_learn(pairs) -> None:
    kind = topics("a", "b", "c", "d")
    truth, predicted = [true for true, _ in pairs], [guess for _, guess in pairs]
    found = kind.scores([Item("x", (true,)) for true in truth], [[guess] for guess in predicted])
    assert found["macro_f1"] == pytest.approx(
        label_f1(truth, predicted, average="macro", labels=sorted(set(truth)), zero_division=0))
    assert found["accuracy"] == pytest.approx(accuracy_score(truth, predicted))


@settings(deadline=None, max_examples=50)
@given(st.lists(st.tuples(st.sets(st.integers(0, 2)), st.sets(st.integers(0, 2))), min_size=1, max_size=20))
def test_several_labels_are_scored_as_scikit_learn_does(pairs) -> None:
    kind = topics("a", "b", "c", multi_label=True)
    found = kind.scores([Item("x", tuple(sorted(true))) for true, _ in pairs], [sorted(guess) for _, guess in pairs])
    truth, predicted = (np.array([[label in pair[side] for label in range(3)] for pair in pairs]) for side in (0, 1))
    there = [label for label in range(3) if truth[:, label].any()]
    assert found["micro_f1"] == pytest.approx(label_f1(truth, predicted, average="micro", zero_division=0))
    assert found["macro_f1"] == pytest.approx(
        label_f1(truth, predicted, average="macro", labels=there, zero_division=0) if there else 0)


def test_tags_are_scored_word_by_word() -> None:
    rows = tagged("a/NOUN b/VERB", "c/NOUN d/ADP")
    kind = kind_of(task_of("token_classification", tags="plain"), rows)
    adp, noun, verb = range(3)
    assert kind.labels == ["ADP", "NOUN", "VERB"]
    assert kind.scores(items_of(kind, rows), [[noun, verb], [verb, adp]]) == pytest.approx(
        {"accuracy": 3 / 4, "macro_f1": (1 + 2 / 3 + 2 / 3) / 3})


def test_names_are_scored_where_they_are_not_ignored() -> None:
    items = [Item("a b c", (IGNORED, 1, 0)), Item("d e f", (1, 0, 1))]
    assert names_kind().score(items, [[0, 1, 0], [1, 0, 1]]) == 1.0
    assert names_kind().score(items, [[1, 1, 1], [0, 0, 1]]) == pytest.approx(2 / 3)


def test_an_interval_excludes_zero_only_where_there_is_a_difference() -> None:
    kind = topics("a", "b")
    items = [Item("a", (index % 2,)) for index in range(200)]
    right = [[index % 2] for index in range(200)]
    half = [[index % 2 if index % 3 else 0] for index in range(200)]
    low, mean, high = difference(kind, items, [right, right], [half, half], 1)
    assert 0 < low < mean < high
    assert difference(kind, items, [half], [half], 1) == (0.0, 0.0, 0.0)


def test_an_interval_holds_the_chance_of_seeds() -> None:
    kind = topics("a", "b")
    items = [Item("a", (index % 2,)) for index in range(400)]
    right, wrong = [[index % 2] for index in range(400)], [[0] for _ in range(400)]
    low, _, high = difference(kind, items, [right, wrong], [wrong, wrong], 1)
    assert low < 0.05 and high > 0.6


def test_the_interval_of_a_score_is_that_of_its_items_and_seeds() -> None:
    """Of one seed as wide as that of a share of as many items; of two seeds that differ it holds both."""
    kind = topics("a", "b")
    items = [Item("a", (index % 2,)) for index in range(400)]
    right = [[index % 2] for index in range(400)]
    some = [[index % 2 if index % 4 else 1 - index % 2] for index in range(400)]
    low, mean, high = interval(kind, items, [some], 1)
    assert mean == kind.score(items, some) and low < mean < high
    assert high - low == pytest.approx(2 * 1.96 * (0.75 * 0.25 / 400) ** 0.5, rel=0.3)
    assert interval(kind, items, [right], 1) == (1.0, 1.0, 1.0)
    low, mean, high = interval(kind, items, [right, some], 1)
    assert low < kind.score(items, some) < mean < high == 1.0


def test_items_of_one_text_are_resampled_together() -> None:
    """Thirty texts of ten equal items are as much evidence as thirty items; at least 20 texts are resampled."""
    kind, rows = topics("a", "b"), [(f"t{text}", text % 2, text % 3 % 2) for text in range(30)]
    one = [Item("x", (label,), text) for text, label, _ in rows]
    ten = [item for item in one for _ in range(10)]
    answers = [[answer] for *_, answer in rows]
    many = [[answer] for *_, answer in rows for _ in range(10)]
    assert texts_of(kind, ten).tolist() == [number // 10 for number in range(300)]
    assert interval(kind, ten, [many], 1) == interval(kind, one, [answers], 1)
    assert difference(kind, ten, [many], [many[::-1]], 1) == difference(kind, one, [answers], [answers[::-1]], 1)
    alone = [Item("x", item.labels) for item in ten]
    assert _width(kind, alone, many) < 0.5 * _width(kind, ten, many)
    few = FEWEST_TEXTS * 10 - 10
    assert _width(kind, ten[:few], many[:few]) == _width(kind, alone[:few], many[:few])
    questions = kind_of(task_of("question_answering"), [])
    assert texts_of(questions, [Item(text, (), str(row), second=str(row)) for row, text in enumerate("aba")]).tolist() \
        == [0, 1, 0]


def _width(kind: Kind, items: list[Item], answers: list[Answer]) -> float:
    low, _, high = interval(kind, items, [answers], 1)
    return high - low


def test_floors() -> None:
    kind = topics("a", "b")
    train = [Item(f"alpha beta {index}", (0,)) for index in range(20)]
    train += [Item(f"gamma delta {index}", (1,)) for index in range(10)]
    test = [Item("alpha beta", (0,)), Item("gamma delta", (1,))]
    found = {name: kind.score(test, answers) for name, answers in kind.floors(train, test, 1).items()}
    assert found == pytest.approx({"majority": 1 / 3, "tfidf_logistic": 1.0})


@pytest.mark.parametrize("texts", [("ދިވެހި ބަސް", "މާލެ"), ("😀 👍", "!!"), ("a", "b c")])
def test_texts_without_two_letters_in_a_row_have_a_floor(texts: tuple[str, str]) -> None:
    kind, items = topics("a", "b"), [Item(text, (label,)) for label, text in enumerate(texts)] * 4
    assert kind.score(items, kind.floors(items, items, 1)["tfidf_logistic"]) == 1.0


def test_floors_of_words() -> None:
    train = [Item("xa kuta yb", (IGNORED, 1, 0)), Item("xa kura zz", (IGNORED, 1, 0))] * 5
    test = [Item("xa kuma yb", (IGNORED, 1, 0))]
    assert names_kind().score(test, names_kind().floors(train, test, 1)["tfidf_logistic"]) == 1.0
    kind, items = ner(*["lero/O Zomba/B-LOC Town/I-LOC", "ku/O Lilongwe/B-LOC", "ndi/O ana/O"] * 5)
    floors = kind.floors(items, items, 1)
    assert kind.score(items, floors["tfidf_logistic"]) == 1.0 and kind.score(items, floors["majority"]) == 0.0


def test_floors_of_pairs_and_of_several_labels() -> None:
    pairs = kind_of(task_of("sentence_pairs"), [])
    pairs = type(pairs)(pairs.task, ["no", "yes"])
    items = [Item(f"mwana {n} apita", (n % 2,), second=f"mwana {n if n % 2 else 99} apita") for n in range(40)]
    assert pairs.score(items[20:], pairs.floors(items[:20], items[20:], 1)["tfidf_logistic"]) > 0.9
    many = topics("a", "b", "c", multi_label=True)
    texts = [Item("alpha", (0,)), Item("beta", (1,)), Item("alpha beta", (0, 1)), Item("gamma", ())] * 5
    assert many.score(texts, many.floors(texts, texts, 1)["tfidf_logistic"]) == 1.0
