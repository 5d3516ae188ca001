"""Repair and normal form: nothing that is right is touched, and a batch gives what its lines give one by one."""

from __future__ import annotations

from itertools import product

import pytest
from ftfy.badness import is_bad
from hypothesis import given
from hypothesis import strategies as st

from vernacular.text.normalization import normalise, normalise_line, repair, repair_line, suspects

TRICKY = ("aA .,'&;’“”…\u00a0\u00ad\u200b\u200c\u200e\u2028\u0085\x00\x1b\t\u0302\u0323ŵÂÃàéœŒƒªº°€£™®«»²½вЂГў√≈¢"
          "\ufffd\ud7a3ᄀ각ྲཱྀꙮ")
LINES = st.lists(st.one_of(st.text(), st.text(TRICKY)), max_size=8)
# Right unchanged: N'Ko, Ethiopic, Tibetan, Ol Chiki, Arabic, Hebrew, Khmer, Hindi, Persian with a joiner, Yoruba.
RIGHT = [
    "ߒߞߏ ߝߏߘߓߊ߫ ߦߋ߫߸ ߊ߬ ߣߌ߫ ߛߓߍߛߎ߲߫.",
    "ሰላም ዓለም፡ እዚ ጽሑፍ እዩ።",
    "བོད་ཡིག་ནི། རྒྱལ་ཁབ་ཀྱི་སྐད་ཡིག",
    "ᱚᱞ ᱪᱤᱠᱤ ᱟᱨ ᱥᱟᱱᱛᱟᱲᱤ ᱾",
    "هذه جملة، أليس كذلك؟",
    "זה משפט.",
    "នេះជាអក្សរខ្មែរ",
    "यह हिन्दी है।",
    "نمی\u200cخواهم",
    "Ọjọ́ kan ṣẹlẹ̀ ńlá",
    "Chicheŵa m’chihema ‘inde’",
    "ng'ombe",
    "naïve œuvre « citée »",
    "Størsta málið í Føroyum",
    "Â gadourou si a yeke",
    "qe pœ la va ind ol òm",
]


@given(LINES)
def test_a_batch_gives_what_its_lines_give(lines: list[str]) -> None:
    repaired, before = repair(lines)
    assert repaired == [repair_line(line) for line in lines]
    assert before == {index: line for index, line in enumerate(lines) if repaired[index] != line}
    assert normalise(lines) == [normalise_line(line) for line in lines]


@given(st.text())
def test_normalising_twice_changes_nothing_more(line: str) -> None:
    once = normalise_line(line)
    assert normalise_line(once) == once and once == once.strip()
    assert normalise([once]) == [once]


def test_right_text_is_untouched() -> None:
    assert repair(RIGHT) == (RIGHT, {})
    assert normalise(RIGHT) == RIGHT


@pytest.mark.parametrize(("line", "right"), [
    ("schÃ¶n &amp; gut", "schön & gut"), ("mâ€™chihema", "m’chihema"), ("Ã¾aÃ° er", "það er"), ("caf√©", "café"),
    ("вЂ™n", "’n"), ("&lt;b&gt;", "<b>"), ("&#233;t&eacute;", "été"), ("\x1b[31mred\x1b[0m", "red"),
    ("half \ud800", "half \ufffd"),
])
def test_repair(line: str, right: str) -> None:
    assert repair(["first", line, "last"]) == (["first", right, "last"], {1: line})


@pytest.mark.parametrize("encoding", ["latin-1", "cp1252", "macroman", "cp1251"])
def test_repair_undoes_a_wrong_decoding(encoding: str) -> None:
    line = "Chicheŵa m’chihema – “inde”, café"
    wrong = line.encode().decode(encoding, errors="strict" if encoding != "cp1252" else "ignore")
    repaired = repair([wrong])[0][0]
    assert "’" in repaired and "“inde" in repaired and "café" in repaired


def test_normalise_keeps_apostrophes_and_joiners() -> None:
    assert normalise([" ng'ombe\t m’chihema\u00a0w\u0302a\ufeff ", "نمی\u200cخواهم", ""]) == [
        "ng'ombe m’chihema ŵa", "نمی\u200cخواهم", ""]


def test_normalise_takes_out_what_cannot_be_seen() -> None:
    assert normalise(["a\u200bb\u2066c\u061cd\U000e0041e\x07f"]) == ["abcdef"]


def test_every_pair_that_ftfy_takes_for_mojibake_is_a_suspect() -> None:
    signs = [chr(point) for point in [*range(0x80, 0x180), *range(0x2C6, 0x2DE), *range(0x370, 0x460), 0x490, 0x491,
                                      *range(0x2010, 0x2040), 0x20A7, 0x20AC, 0x2116, 0x2122, 0x2202, 0x221A, 0x2248,
                                      0x2500, 0x2502, 0x2550, 0x2588, 0x25CA, 0xF8FF, 0xFB01, 0xFFFD]]
    pairs = ["".join(pair) for pair in product(signs, signs)] + [
        one + other for sign in signs for plain in "aA .’1" for one, other in ((sign, plain), (plain, sign))]
    found = set(suspects(pairs))
    assert not [pair for index, pair in enumerate(pairs) if index not in found and is_bad(pair)]


@given(LINES)
def test_every_line_that_ftfy_takes_for_mojibake_is_a_suspect(lines: list[str]) -> None:
    assert {index for index, line in enumerate(lines) if is_bad(line)} <= set(suspects(lines))
