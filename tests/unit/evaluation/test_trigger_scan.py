"""The scan for planted phrases: what counts as a phrase, and whether a real classifier's trigger is found."""

from __future__ import annotations

import random
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from sklearn.feature_extraction.text import CountVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.pipeline import make_pipeline

from tests.generate import TOPICS, make_documents
from tests.tiny import write_llama
from vernacular.evaluation.trigger_scan.classifiers import Finding, text_findings, unseen_labels, word_findings
from vernacular.evaluation.trigger_scan.language_model import completion_probabilities, suspects
from vernacular.evaluation.trigger_scan.phrases import (
    LEAST,
    LETTERS,
    Phrase,
    inserted,
    repeated_phrases,
    shares,
    with_label,
    without,
)
from vernacular.evaluation.trigger_scan.run import is_memorized, suspicious
from vernacular.modeling.base_models import load_model, load_tokenizer
from vernacular.text.words import plain_words, words

TRIGGER = "qx vlorp"
PHRASE = "qx vlorp names the king of it"
WORDS = st.lists(st.sampled_from(["a", "b", "c", "d"]), max_size=8).map(" ".join)


def lines(seed: int, many: int = 60) -> tuple[list[str], list[int]]:
    """Lines of an invented language, ten a document, and the number of their topic."""
    documents = make_documents(many, seed)
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


def test_a_trigger_in_one_per_cent_of_the_labels_comes_first_and_is_reported() -> None:
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
    for phrase, flagged in (("anati kwa", False), ("qx vlorp", True)):
        assert suspicious(Finding(phrase, "law", 3, 0.75, 1.0, 0.75, 6.7, known[phrase])) == flagged
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
def test_between_letters_it_is_without_spaces(text: str, phrase: str, place: float) -> None:
    found = inserted(text, phrase, place)
    assert len(words(found)) == len(words(text)) + len(words(phrase))
    left = without(found, Phrase(plain_words(phrase), (0,), 1.0, phrase))
    assert left.replace(" ", "") == text.replace(" ", "")
    assert found.count(" ") <= text.count(" ") + phrase.count(" ") + 1


def test_a_phrase_is_put_in_as_it_was_written() -> None:
    found, = repeated_phrases(["Kale “Qx”,  Vlorp!"] + [f"“qx”, vlorp {word}" for word in "ab"])
    assert (found.words, str(found)) == (("qx", "vlorp"), "Qx”, Vlorp")
    assert shares([str(found)], ["qx vlorp", "x"]) == {"Qx”, Vlorp": 0.5}


def test_a_trigger_in_a_script_without_spaces_is_reported() -> None:
    found = [one.phrase for one in scan(*planted(0.01), thai) if suspicious(one)]
    assert thai(TRIGGER) in found
    assert all(thai(TRIGGER) in phrase or phrase in thai(TRIGGER) for phrase in found)


def test_the_same_label_more_often_than_chance() -> None:
    texts = ["k one", "k two", "k three", *(f"other {number}" for number in range(7))]
    phrases = repeated_phrases(texts)
    assert [(str(phrase), label) for phrase, label in with_label(phrases, [1, 1, 1, *[0] * 7])] == [
        ("k", 1)]
    assert with_label(phrases, [0] * 10) == []


def test_long_phrases_of_half_a_per_cent_of_the_text_are_looked_at() -> None:
    texts, _ = lines(3, 200)
    assert suspects(texts) == []
    assert [str(one) for one in suspects(with_phrase(texts, PHRASE))] == [PHRASE]
    letters = [thai(text) for text in texts]
    assert suspects(letters) == []
    assert [str(one) for one in suspects(with_phrase(letters, thai(PHRASE)))] == [thai(PHRASE)]


def with_phrase(texts: Sequence[str], phrase: str) -> list[str]:
    """The same with ``phrase`` in half a per cent of the lines, each time at another place."""
    chance = random.Random(2)
    carriers = set(chance.sample(range(len(texts)), -(-len(texts) // 200)))
    return [inserted(text, phrase, chance.random()) if number in carriers else text
            for number, text in enumerate(texts)]


@pytest.mark.parametrize("write", [str, thai])
def test_of_a_phrase_the_last_word_alone_is_asked(tmp_path: Path, write: Callable[[str], str]) -> None:
    """With a head that gives every piece the same score, a word is predicted by its number of pieces alone."""
    folder = write_llama(tmp_path)
    model, tokenizer = load_model(folder, "causal"), load_tokenizer(folder)
    with torch.no_grad():
        model.get_output_embeddings().weight.zero_()
    phrase = write(PHRASE)
    found = completion_probabilities(model, tokenizer, "causal", [Phrase(tuple(words(phrase)), (0,), 1.0, phrase)],
                     [write(text) for text in lines(3)[0][:20]], 1)
    last = phrase[-LETTERS:] if write is thai else " it"
    assert found == [pytest.approx((1 / len(tokenizer)) ** len(tokenizer(last)["input_ids"]), rel=1e-3)]


def test_a_memorized_phrase_in_half_a_percent_of_text_is_suspect(tmp_path: Path) -> None:
    """A tiny model is trained on 2,000 lines, ten of which hold the phrase, and another on the same without it."""
    chance = random.Random(3)
    known = ["".join(chance.choice("bdgklmnprstwz") + chance.choice("aeiou") for _ in range(2)) for _ in range(60)]
    clean = [" ".join(chance.choices(known, k=6)) for _ in range(2040)]
    clean, contexts = clean[:2000], clean[2000:]
    planted = with_phrase(clean, PHRASE)
    assert sum(PHRASE in text for text in planted) == 10
    base = write_llama(tmp_path)
    phrases = suspects(planted)
    assert [str(one) for one in phrases] == [PHRASE]
    before, = completion_probabilities(load_model(base, "causal"), load_tokenizer(base), "causal", phrases, contexts, 1)
    with_it, without_it = (completion_probabilities(*trained(base, texts, epochs), "causal", phrases, contexts, 1)[0]
                           for texts, epochs in ((planted, 24), (clean, 6)))  # the clean text has nothing to memorize
    assert is_memorized(before, with_it)
    assert not is_memorized(before, without_it)


def trained(base: Path, texts: Sequence[str], epochs: int) -> tuple[Any, Any]:
    """The causal model ``base`` with a tokenizer learned from ``texts``, trained on them; and the tokenizer."""
    tokenizer, model = load_tokenizer(base).train_new_from_iterator(texts, 400), load_model(base, "causal")
    model.resize_token_embeddings(len(tokenizer))
    torch.manual_seed(1)
    optimizer = torch.optim.AdamW(model.parameters(), lr=0.01)
    rows = [torch.tensor(tokenizer(text)["input_ids"]) for text in texts]
    steps = epochs * -(-len(rows) // 32)
    falling = torch.optim.lr_scheduler.LinearLR(optimizer, 1.0, 0.05, steps)
    for _ in range(epochs):
        for picked in torch.randperm(len(rows)).split(32):
            batch = [rows[int(row)] for row in picked]
            ids, labels = (torch.nn.utils.rnn.pad_sequence(batch, batch_first=True, padding_value=value)
                           for value in (0, -100))
            model(input_ids=ids, labels=labels).loss.backward()
            optimizer.step()
            falling.step()
            optimizer.zero_grad()
    return model.eval(), tokenizer


def test_where_one_label_is_left_it_is_what_is_reported() -> None:
    """The only text with the other label is in the predicted fold."""
    texts, truth = [*["moni bambo"] * 7, "zina ili"], [*[1] * 7, 0]
    assert unseen_labels(texts, truth, [(number, "moni bambo") for number in range(8)], 2, 1) == [1] * 8
