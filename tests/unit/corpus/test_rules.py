"""Each cleaning rule alone."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generate import make_word
from vernacular.corpus import filters
from vernacular.corpus.deduplicate import nearly_repeated, repeated
from vernacular.corpus.identify import Identifier
from vernacular.corpus.normalise import normalise
from vernacular.corpus.redact import redact
from vernacular.corpus.words import plain_words, words

ENGLISH = "The committee will publish the results of this meeting on the first day of next month."


@given(st.text())
def test_normalising_twice_changes_nothing_more(line: str) -> None:
    once = normalise(line)
    assert normalise(once) == once and once == once.strip()


def test_normalise_keeps_apostrophes_and_joiners() -> None:
    assert normalise(" ng'ombe\t m’chihema\u00a0w\u0302a\ufeff ") == "ng'ombe m’chihema ŵa"
    assert normalise("نمی\u200cخواهم") == "نمی\u200cخواهم"


def test_words_hold_their_apostrophes() -> None:
    assert words("Ng'ombe, m’chihema-ndi 'ŵana' 12.") == ["Ng'ombe", "m’chihema", "ndi", "ŵana", "12"]
    assert plain_words("Ndi, NDI!") == ("ndi", "ndi")


def test_repair_undoes_mojibake_and_leaves_the_rest() -> None:
    assert filters.repair("schÃ¶n &amp; gut") == "schön & gut"
    for line in ("Chicheŵa m’chihema ‘inde’", "ng'ombe", "አማርኛ ሰላም"):
        assert filters.repair(line) == line


def test_script_share() -> None:
    assert filters.other_script("Chicheŵa ndi Latin", "Latn", 0.9) is None
    assert "Latn" in (filters.other_script("это не латиница", "Latn", 0.9) or "")
    assert filters.other_script("日本語のテキスト", "Jpan", 0.9) is None
    assert filters.other_script("한국어 漢字", "Kore", 0.9) is None
    assert filters.knows_script("Nkoo") and filters.knows_script("Hant") and not filters.knows_script("Qaaa")


def test_damage_emptiness_length_repetition() -> None:
    assert filters.damaged("a\ufffdb") and not filters.damaged("ab")
    assert filters.empty("12 -- 3") and not filters.empty("ŵ")
    assert filters.short("one two", 3) and not filters.short("one two three", 3)
    assert filters.repetitive("la la la la la la mi do", 0.5)
    assert not filters.repetitive("la la la la", 0.5)


@pytest.mark.parametrize(("line", "masked"), [
    ("lembani kwa a.phiri@example.org lero", "lembani kwa <email> lero"),
    ("imbani +265 999 123 456.", "imbani <phone>."),
    ("imbani 0999 12 34 56 lero", "imbani <phone> lero"),
    ("call (01) 234-5678", "call <phone>"),
    ("server 192.168.10.254", "server <ip>"),
])
def test_private_data_is_masked(line: str, masked: str) -> None:
    found: Counter[str] = Counter()
    assert redact(line, found) == masked and found.total() == 1
    assert redact(masked, found) == masked


@pytest.mark.parametrize("line", ["Genesis 1:1-31, 2:4", "1964-2024", "anthu 603550 ndi 1,250,000", "pa 06/07/1964",
                                  "2021-03-04", "1.5 ndi 0.25", "K 20 000 000", "10.2.3"])
def test_other_numbers_stay(line: str) -> None:
    assert redact(line, Counter()) == line


def test_equal_lines_are_kept_once() -> None:
    assert [bool(reason) for reason in repeated(["a", "b", "a", "A"])] == [False, False, True, False]


def test_near_duplicates() -> None:
    chance = random.Random(3)
    long = " ".join(make_word(chance, 3) for _ in range(30))
    other = " ".join(make_word(chance, 3) for _ in range(30))
    reasons = nearly_repeated([long, other, long.upper() + "!", long + " nda", "one two", "one two"], 0.8)
    assert [bool(reason) for reason in reasons] == [False, False, True, True, False, False]


def test_a_rejected_language_is_dropped_and_a_neighbour_is_not() -> None:
    identifier = Identifier("nya", "Latn", ["sna", "zul", "bem"], ["eng", "qaa"], 0.25)
    assert identifier.skipped is None and identifier.absorbing == ["sna", "zul"]
    zulu = "Ngiyabonga kakhulu ngosizo lwakho namuhla ekuseni."
    assert [bool(reason) for reason in identifier.judge([ENGLISH, zulu, "of the book"])] == [True, False, False]


def test_the_own_language_is_never_rejected() -> None:
    assert Identifier("eng", "Latn", ["fra"], ["eng"], 0.25).skipped
    assert Identifier("fra", "Latn", ["fra"], ["eng", "fra"], 0.25).judge([ENGLISH])[0] == "identified as eng"


@pytest.mark.parametrize(("neighbours", "reject"), [(["bem"], ["eng"]), ([], ["eng"]), (["rus"], ["eng"]),
                                                    (["sna"], ["bem"])])
def test_identification_is_skipped_where_nothing_stands_in(neighbours: list[str], reject: list[str]) -> None:
    identifier = Identifier("nya", "Latn", neighbours, reject, 0.25)
    assert identifier.skipped and identifier.judge([ENGLISH]) == [None]
