"""Refused lines by kind: each kind is recognized, and what has no evidence is left out."""

from __future__ import annotations

import pytest

from vernacular.cleaning.refused_lines import NUMBERS, RefusedLines
from vernacular.langid.char_ngrams import CharacterModel
from vernacular.langid.foreign_spans import ForeignSpans
from vernacular.langid.word_lists import lists_in

COMMON = ["bàná", "kétù", "mɔ́lí", "sùú", "tɛ̀ná", "wálà", "ng'oma", "tabe", "leke", "dimu", "kola"]
MODEL = CharacterModel.learn(dict.fromkeys(COMMON, 1.0))


@pytest.fixture(scope="module")
def refused() -> RefusedLines:
    return RefusedLines(COMMON, ForeignSpans(MODEL, COMMON, lists_in(["eng"], "qaa")))


@pytest.mark.parametrize(("text", "kind"), [
    ("tabe leke", "short"),
    ("bana ketu suu nelo rami wala kudi pelo.", "no_marks"),
    ("tabe leke the results of this meeting were not good.", "code_switched"),
    ("Rami Nelo Kudi Pelo Basu Tiko.", "names"),
    ("rami nelo kudi pelo basu", "headline"),
    ("1. rami nelo kudi pelo basu.", "headline"),
    ("rami ngoma nelo kudi taabe pelo leeke.", "other_spelling"),
    ("rami nelo kudi pelo basu dipo.", "other")])
def test_each_kind_is_recognized(refused: RefusedLines, text: str, kind: str) -> None:
    assert refused.kinds([text], [0.4], [0.0], ()).tolist() == [NUMBERS[kind]]


def test_what_has_no_evidence_is_left_out(refused: RefusedLines) -> None:
    text = "rami nelo kudi pelo basu dipo."
    other = NUMBERS["other"]
    assert refused.kinds([text] * 4, [0.0, 0.2, 0.0, 0.2], [0.0, 0.0, 0.9, 0.9], [3]).tolist() == [0, other, other, 0]


def test_missing_marks_are_evidence_by_themselves(refused: RefusedLines) -> None:
    bare, marked = "bana ketu suu nelo rami.", "bàná ketu sùú nelo rami."
    assert refused.kinds([bare, marked], [0.0, 0.0], [0.0, 0.0], ()).tolist() == [NUMBERS["no_marks"], 0]


def test_a_language_without_marks_misses_none() -> None:
    plain = RefusedLines(["tabe", "leke"], ForeignSpans(MODEL, (), {}))
    assert plain.kinds(["tabe leke rami nelo kudi."], [0.0], [0.0], ()).tolist() == [0]
