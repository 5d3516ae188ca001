"""Words as numbers agree with words as text."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from vernacular.text.word_hashes import Tokens, sequence_hashes
from vernacular.text.words import plain_words

WORDS = ["nda", "Nda", "m'chi", "ŵa,", "-", "བོད་", "ታ", "中文"]
LINES = st.lists(st.one_of(st.text(st.characters(codec="utf-8", exclude_characters="\n")),
                           st.lists(st.sampled_from(WORDS)).map(" ".join)), max_size=8)


@given(LINES)
def test_equal_words_have_equal_hashes_and_others_have_others(lines: list[str]) -> None:
    tokens, words = Tokens(lines), [plain_words(line) for line in lines]
    assert tokens.counts.tolist() == list(map(len, words))
    flat = [word for line in words for word in line]
    assert len(set(zip(flat, tokens.words.tolist(), strict=True))) == len(set(flat)) == len(set(tokens.words.tolist()))
    assert len(set(tokens.line_hashes.tolist())) == len(set(words))
    runs, counts = tokens.runs(3)
    expected = [line[start:start + 3] for line in words for start in range(len(line) - 2)]
    assert counts.sum() == len(expected) == len(runs)
    assert len(set(zip(expected, runs.tolist(), strict=True))) == len(set(expected)) == len(set(runs.tolist()))


@given(LINES)
def test_shingles_are_those_of_the_joined_words(lines: list[str]) -> None:
    one, counts = Tokens(lines).shingles(np.array([len(lines)]))
    text = " ".join(word for line in lines for word in plain_words(line))
    assert counts.tolist() == [max(len(text) - 4, 0)]
    assert len(set(one.tolist())) == len({text[start:start + 5] for start in range(len(text) - 4)})


def test_order_and_length_count() -> None:
    values = Tokens(["a b"]).words
    both = np.concatenate([values, values[::-1], values])
    starts = np.array([0, 2, 4, 0, 0])
    found = sequence_hashes(both, starts, np.array([2, 4, 6, 1, 0])).tolist()
    assert found[0] == found[2] and len(set(found)) == 4
