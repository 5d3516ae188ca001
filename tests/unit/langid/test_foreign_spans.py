"""Spans of English inside lines of an invented language: found with their place, and nothing in plain lines."""

from __future__ import annotations

import pytest

from tests.generate import make_documents
from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.foreign_spans import LEAST_WORDS, ForeignSpans
from vernacular.langid.limits import count_words, weights_of
from vernacular.langid.word_lists import lists_in

OWN = [line for texts in make_documents(60).values() for text in texts for line in text.split("\n")]
ENGLISH = "the results of this meeting will be published before the end of the year"


@pytest.fixture(scope="module")
def spans() -> ForeignSpans:
    counts = count_words(OWN[:400])
    common = sorted(counts, key=lambda word: (-counts[word], word))[:300]
    return ForeignSpans(CharacterModel.learn(weights_of(counts)), common, lists_in(["eng", "fra"], "qaa"))


def test_a_part_is_found_where_it_is(spans: ForeignSpans) -> None:
    lines = [f"{OWN[450]} {ENGLISH}", f"{ENGLISH} {OWN[451].lower()}", OWN[452],
             f"{OWN[453].rstrip('.')} {ENGLISH} {OWN[454].lower()}"]
    found = spans.find(lines)
    assert sorted(found) == [0, 1, 3]
    assert {lines[index][span.start:span.end] for index, parts in found.items() for span in parts} == {ENGLISH}
    assert {(span.language, span.words) for parts in found.values() for span in parts} == {("English", 14)}


def test_plain_lines_have_none(spans: ForeignSpans) -> None:
    assert spans.find(OWN[400:]) == {}


@pytest.mark.parametrize("line", ["", "...", "the", "The President of Ghana", f"{OWN[401]} the."])
def test_a_word_or_a_name_is_no_part(spans: ForeignSpans, line: str) -> None:
    assert all(span.words >= LEAST_WORDS for parts in spans.find([line]).values() for span in parts)
    assert spans.find([f"{OWN[402]} {line}"]) == {} or "President" in line


def test_two_parts_in_a_line_are_apart(spans: ForeignSpans) -> None:
    own = " ".join(OWN[460].lower().rstrip(".").split()[:8])
    parts, = spans.find([f"{ENGLISH} {own} {ENGLISH}"]).values()
    assert [part.words for part in parts] == [14, 14]
    assert parts[0].end < parts[1].start


def test_words_common_in_both_languages_are_no_evidence() -> None:
    counts = count_words(OWN[:400])
    both = ForeignSpans(CharacterModel.learn(weights_of(counts)), ["the", "of", "and", "to"], lists_in(["eng"], "qaa"))
    assert both.find(["the of and to the of and to"]) == {}


def test_without_lists_nothing_is_found(spans: ForeignSpans) -> None:
    assert ForeignSpans(CharacterModel.learn({"a": 1.0}), ["a"], {}).find([ENGLISH]) == {}
