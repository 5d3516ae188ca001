"""The rules on single lines: what each drops, and that a batch gives what its lines give one by one."""

from __future__ import annotations

import pytest
import regex
from hypothesis import given
from hypothesis import strategies as st

from vernacular.cleaning import line_filters as filters
from vernacular.text import scripts
from vernacular.text.codepoints import Batch
from vernacular.text.words import word_spans, words

LETTERS = "aab Bé’'ʼ1ང་གུཀ日本語ไทยกำकि한ʻ\u0301\u200d.ßς\u00a0"
LINES = st.lists(st.one_of(st.text(), st.text(LETTERS), st.text("ab ", max_size=80)).map(
    lambda text: text.replace("\n", "")), max_size=8)


@given(LINES)
def test_words_are_found_as_the_pattern_finds_them(lines: list[str]) -> None:
    batch = Batch(lines)
    starts, ends = batch.word_bounds
    assert batch.word_counts.tolist() == [len(words(line)) for line in lines]
    found = zip(batch.word_lines.tolist(), starts.tolist(), ends.tolist(), strict=True)
    first = batch.starts.tolist()
    assert [(line, start - first[line], end - first[line]) for line, start, end in found] == [
        (index, start, end) for index, line in enumerate(lines) for start, end in word_spans(line)]


@given(LINES, st.sampled_from([0.0, 0.3, 0.5, 0.9]))
def test_a_batch_gives_what_its_lines_give(lines: list[str], limit: float) -> None:
    assert filters.repetitive(lines, limit) == _each(lines, lambda line: filters.repetition(line, limit))
    assert set(filters.empty(lines)) == {index for index, line in enumerate(lines) if not regex.search(r"\p{L}", line)}
    for rule in (filters.damaged, lambda some: scripts.other_script(some, "Latn", limit),
                 lambda some: filters.short(some, 3)):
        assert rule(lines) == _each(lines, lambda line, rule=rule: rule([line]).get(0))


def _each(lines, judge):  # type: ignore[no-untyped-def]
    return {index: reason for index, line in enumerate(lines) if (reason := judge(line))}


def test_damage() -> None:
    lines = ["a\ufffdb", "ab", "c \x81 d", "ã¡Â¢Ã£ xÃ", "Â gadourou", "eƒe gbeƒã", "qe pœ la va", "spurt íÍ", "“é”a",
             ""]
    found = filters.damaged(lines)
    assert found[0] == filters.LOST and "mojibake" in found[2] and set(found) == {0, 2, 3}


def test_emptiness_and_length() -> None:
    assert filters.empty(["12 -- 3", "ŵ", "", "ߊ", "ང"]) == {0: "no letters", 2: "no letters"}
    assert filters.short(["one two", "one two three", ""], 3) == {0: "2 words, fewer than 3",
                                                                  2: "0 words, fewer than 3"}
    assert filters.short(["", "a"], 1) == {}


@pytest.mark.parametrize(("line", "script", "reason"), [
    ("Chicheŵa ndi Latin", "Latn", None),
    ("это не латиница", "Latn", "0% of its letters are Latn, less than 90%"),
    ("日本語のテキスト", "Jpan", None), ("한국어 漢字", "Kore", None), ("ߒߞߏ", "Nkoo", None),
    ("ሰላም hello", "Ethi", "38% of its letters are Ethi, less than 90%"), ("1984", "Latn", None),
])
def test_script_share(line: str, script: str, reason: str | None) -> None:
    assert scripts.other_script(["a", line], script, 0.9).get(1) == reason


def test_known_scripts() -> None:
    assert scripts.knows_script("Nkoo") and scripts.knows_script("Hant") and not scripts.knows_script("Qaaa")


@pytest.mark.parametrize(("line", "reason"), [
    ("la la la la la la mi do", "'la' is 6 of 8 words"), ("la la la la", None),
    ("La LA la lA la la mi do", "'la' is 6 of 8 words"),
    ("he said this and " * 4 + "left", "10 of 15 runs of three words are repetitions"),
    ("Oooooooooooooooooo no", "'o' occurs 17 times in a row"), ("hooooray", None), ("end " + "." * 40, None),
    ("In the beginning was the Word, and the Word was with God, and the Word was God.", None),
])
def test_repetition(line: str, reason: str | None) -> None:
    assert filters.repetitive(["x", line], 0.5).get(1) == reason
