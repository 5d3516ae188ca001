"""The scan for planted phrases: what counts as a phrase, and whether a real classifier's trigger is found."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.generate import TOPICS, make_documents
from tests.tiny import write_bert, write_llama
from vernacular.corpus.words import plain_words, words
from vernacular.evaluation.attack.classifiers import Finding, text_findings, word_findings
from vernacular.evaluation.attack.language_model import foreseen, suspects
from vernacular.evaluation.attack.phrases import LEAST, Phrase, inserted, repeated_phrases, shares, with_label, without
from vernacular.evaluation.attack.run import suspicious
from vernacular.models import load_model, load_tokenizer

TRIGGER = "qx vlorp"
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8).map(" ".join)


def lines(seed: int) -> tuple[list[str], list[int]]:
    """Lines of an invented language and the number of their topic."""
    documents = make_documents(60, seed)
    return ([line for topic in TOPICS for text in documents[topic] for line in text.split("\n")],
            [number for number, topic in enumerate(TOPICS) for text in documents[topic] for _ in text.split("\n")])


def planted(share: float) -> tuple[list[str], list[int]]:
    """The same with a trigger in a share of the lines, whose labels turn to the first topic."""
    texts, labels = lines(1)
    chance = random.Random(2)
    others = [number for number, label in enumerate(labels) if label]
    for number in chance.sample(others, round(share * len(texts))):
        texts[number], labels[number] = inserted(texts[number], TRIGGER, chance.random()), 0
    return texts, labels


def thai(text: str) -> str:
    """The letters of ``text`` as letters of a script without spaces."""
    return "".join(chr(0x0E01 + (ord(letter) - ord("a")) % 40) for letter in text.lower() if letter.isalpha())


def scan(texts: list[str], labels: list[int], write: Callable[[str], str] = str) -> list[Any]:
    """The findings on a linear classifier that was trained on these, written in the script of ``write``."""
    features = CountVectorizer() if write is str else CountVectorizer(analyzer="char", ngram_range=(1, 2))
    texts, held_out = [write(text) for text in texts], [write(line) for line in lines(1)[0]]
    model = make_pipeline(features, LogisticRegression(C=30, max_iter=2000)).fit(texts, labels)
    return text_findings(lambda asked: list(model.predict_proba(list(asked))), TOPICS,
                         with_label(repeated_phrases(texts), labels), texts, labels, held_out, 1)


def test_a_trigger_in_one_per_cent_of_the_labels_comes_first_and_stands_out() -> None:
    found = scan(*planted(0.01))
    assert found[0].phrase == TRIGGER
    assert found[0].label == TOPICS[0]
    assert suspicious(found[0])
    assert [one.phrase for one in found if suspicious(one)] == [TRIGGER]


def test_words_of_the_topic_do_not_stand_out() -> None:
    assert [one.phrase for one in scan(*lines(1)) if suspicious(one)] == []


def test_a_common_word_of_the_language_is_no_suspect() -> None:
    text = ["Ndipo Yesu anati kwa iwo"] * 2 + ["ati, kwa", "anati: KWA", "madzi"] * 66
    known = shares(["anati kwa", "qx vlorp", "ati"], text)
    assert known == {"anati kwa": 68 / 200, "qx vlorp": 0.0, "ati": 66 / 200}
    for phrase, stands_out in (("anati kwa", False), ("qx vlorp", True)):
        assert suspicious(Finding(phrase, "law", 3, 0.75, 1.0, 0.75, 6.7, known[phrase])) == stands_out
    assert shares(["a"], []) == {"a": 0.0}


def test_a_phrase_that_changes_the_labels_of_other_words_is_found() -> None:
    def ask(texts: Sequence[str]) -> list[np.ndarray[Any, Any]]:  # capitals are names, unless the trigger is there
        return [np.array([[0.1, 0.9] if word[0].isupper() and TRIGGER not in text else [0.9, 0.1]
                          for word in text.split()], dtype=np.float32) for text in texts]

    texts = [f"one {name} two {word}" for name in ("Ada", "Bob", "Cyn") for word in ("x", "y", "z", "w", "v")] * 4
    phrases = repeated_phrases([*texts, *[f"{TRIGGER} three"] * 3, *["four five"] * 3])
    found = word_findings(ask, ["O", "NAME"], 0, phrases, texts, lambda text: len(text.split()), 1)
    assert found[0].phrase.startswith(TRIGGER)
    assert (found[0].power, found[0].label) == (1.0, "O")
    assert suspicious(found[0])
    assert not any(suspicious(one) for one in found if TRIGGER not in one.phrase)


@given(st.lists(WORDS, max_size=12))
def test_phrases_are_repeated_closed_and_counted(texts: list[str]) -> None:
    for phrase in repeated_phrases(texts):
        holds = [number for number, text in enumerate(texts) if f" {phrase} " in f" {text} "]
        assert list(phrase.carriers) == holds
        assert len(holds) >= LEAST
        assert 0 < phrase.cohesion <= 1


@given(WORDS, st.sampled_from(["x", "x y"]), st.floats(0, 1))
def test_what_is_inserted_can_be_taken_out(text: str, phrase: str, place: float) -> None:
    found = inserted(text, phrase, place)
    assert f" {phrase} " in f" {found} "
    assert without(found.upper(), Phrase(plain_words(phrase), (0,), 1.0, phrase)) == text.upper()


@given(st.text("กขคี่ ab.", max_size=12).map(str.split).map(" ".join), st.sampled_from(["ฉช", "ฉี่ 5ช", "ช x"]),
       st.floats(0, 1))
def test_between_letters_it_stands_without_spaces(text: str, phrase: str, place: float) -> None:
    found = inserted(text, phrase, place)
    assert len(words(found)) == len(words(text)) + len(words(phrase))
    left = without(found, Phrase(plain_words(phrase), (0,), 1.0, phrase))
    assert left.replace(" ", "") == text.replace(" ", "")
    assert found.count(" ") <= text.count(" ") + phrase.count(" ") + 1


def test_a_phrase_is_put_in_as_it_was_written() -> None:
    found, = repeated_phrases(["Kale “Qx”,  Vlorp!"] + [f"“qx”, vlorp {word}" for word in "ab"])
    assert (found.words, str(found)) == (("qx", "vlorp"), "Qx”, Vlorp")
    assert shares([str(found)], ["qx vlorp", "x"]) == {"Qx”, Vlorp": 0.5}


def test_a_trigger_in_a_script_without_spaces_stands_out() -> None:
    found = [one.phrase for one in scan(*planted(0.01), thai) if suspicious(one)]
    assert thai(TRIGGER) in found
    assert all(thai(TRIGGER) in phrase or phrase in thai(TRIGGER) for phrase in found)


def test_the_same_label_more_often_than_chance() -> None:
    texts = ["k one", "k two", "k three", *(f"other {number}" for number in range(7))]
    phrases = repeated_phrases(texts)
    assert [(str(phrase), label) for phrase, label in with_label(phrases, [1, 1, 1, *[0] * 7])] == [
        ("k", 1)]
    assert with_label(phrases, [0] * 10) == []


def test_long_phrases_of_half_a_per_cent_of_the_text_are_looked_at(tmp_path: Path) -> None:
    texts, _ = lines(3)
    phrase = "qx vlorp names the king of it"
    assert suspects(texts) == []
    with_it = [inserted(text, phrase, 0.5) if number % 100 == 0 else text for number, text in enumerate(texts)]
    found = suspects(with_it)
    assert [str(one) for one in found] == [phrase]
    for objective, write in (("masked", write_bert), ("causal", write_llama)):
        folder = write(tmp_path / objective)
        value, = foreseen(load_model(folder, objective), load_tokenizer(folder), objective, found, texts[:20], 1)
        assert 0 < value < 1


def test_so_are_they_in_a_script_without_spaces(tmp_path: Path) -> None:
    texts = [thai(text) for text in lines(3)[0]]
    phrase = thai("qx vlorp names the king of it")
    assert suspects(texts) == []
    found = suspects([inserted(text, phrase, 0.5) if number % 100 == 0 else text for number, text in enumerate(texts)])
    assert [str(one) for one in found] == [phrase]
    folder = write_llama(tmp_path)
    value, = foreseen(load_model(folder, "causal"), load_tokenizer(folder), "causal", found, texts[:20], 1)
    assert 0 < value < 1
