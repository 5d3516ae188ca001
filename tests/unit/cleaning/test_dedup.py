"""What compares lines and documents: the first of each stays."""

from __future__ import annotations

import random

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from tests.generate import make_word
from vernacular.cleaning import minhash as sketch
from vernacular.cleaning.dedup import (
    Similarities,
    at_edges,
    boilerplate,
    document_hashes,
    nearly_repeated,
    repeated,
)
from vernacular.text.word_hashes import Ints, Tokens
from vernacular.text.words import plain_words


def near(lines: list[str], least: float = 0.8) -> dict[int, tuple[int, float]]:
    tokens, each = Tokens(lines), np.ones(len(lines), dtype=np.int64)
    long = np.flatnonzero(tokens.counts >= sketch.LEAST_WORDS)
    bands = np.zeros((len(lines), sketch.shape(least, sketch.LINE)[0]), dtype=np.uint32)
    bands[long] = sketch.bands(sketch.sketches(tokens, each, long, sketch.LINE), least)
    found = nearly_repeated(bands.T, least, Similarities(tokens.line_hashes, lambda at: [lines[place] for place in at]))
    return {text: (earlier, similarity) for text, earlier, similarity in zip(
        *(column.tolist() for column in found), strict=True)}


def edges(lines: list[str], counts: Ints, groups: list[int], share: float) -> tuple[Ints, NDArray[np.float64]]:
    """Boilerplate of documents with so many lines each."""
    return boilerplate(Tokens(lines).line_hashes, np.repeat(np.arange(len(counts)), counts), at_edges(counts),
                       np.array(groups), np.bincount(groups), share)


def similarity(one: str, other: str) -> float:
    """Of the character 5-grams of the words."""
    first, second = ({text[start:start + 5] for start in range(len(text) - 4)}
                     for text in (" ".join(plain_words(line)) for line in (one, other)))
    return len(first & second) / len(first | second)


def some_words(chance: random.Random, number: int) -> list[str]:
    return [make_word(chance, chance.choice([1, 2, 3])) for _ in range(number)]


def test_equal_lines_are_kept_once_whatever_their_case_and_punctuation() -> None:
    hashes = Tokens(["nda wa", "b", "nda wa", "Nda, wa!", "wa nda"]).line_hashes
    assert repeated(hashes).tolist() == [False, False, True, True, False]


def test_documents_are_equal_if_their_lines_are_in_the_same_order() -> None:
    hashes = Tokens(["a", "b", "a", "b", "b", "a"]).line_hashes
    found = document_hashes(hashes, np.array([2, 2, 2, 0]))
    assert repeated(found).tolist() == [False, True, False, False]


def test_near_duplicates() -> None:
    chance = random.Random(3)
    long, other = (" ".join(some_words(chance, 30)) for _ in range(2))
    found = near([long, other, long.upper() + "!", long + " nda", "one two", "one two"])
    assert {line: like for line, (like, _) in found.items()} == {2: 0, 3: 0}
    assert found[2][1] == 1.0 and 0.8 <= found[3][1] < 1.0


@given(st.integers(0, 1000))
@settings(max_examples=25)
def test_of_a_chain_of_copies_each_stays_that_is_unlike_all_kept_ones(seed: int) -> None:
    chance = random.Random(seed)
    words, lines = some_words(chance, 40), []
    for _ in range(12):
        lines.append(" ".join(words))
        words[chance.randrange(len(words))] = make_word(chance, 2)
    found = near(lines)
    kept = [number for number in range(len(lines)) if number not in found]
    assert all(like in kept and like < line and phrase == round(similarity(lines[line], lines[like]), 4) >= 0.8
               for line, (like, phrase) in found.items())
    missed = [line for place, line in enumerate(kept) for before in kept[:place]
              if similarity(lines[line], lines[before]) >= 0.85]
    assert not missed


def test_remembered_similarities_are_not_measured_again() -> None:
    texts, asked = ["nda wa zo", "nda wa la", "x"], list[int]()

    def texts_of(at: Ints) -> list[str]:
        asked.extend(at.tolist())
        return [texts[place] for place in at]

    def apart(ones: Ints, others: Ints) -> NDArray[np.bool_]:
        return (ones == 2) | (others == 2)

    hashes, ones, others = Tokens(texts).line_hashes, np.array([1, 2]), np.array([0, 0])
    first = Similarities(hashes, texts_of, apart)
    expected = [round(similarity(texts[0], texts[1]), 4), 0.0]
    assert first.of(ones, others).tolist() == expected and expected[0] > 0
    assert sorted(asked) == [0, 1]  # the third is surely unlike the others
    again = Similarities(hashes, texts_of, apart, known=first.used())
    assert again.of(ones, others).tolist() == expected
    assert sorted(asked) == [0, 1]
    assert [part.tolist() for part in again.used()] == [part.tolist() for part in first.used()]


@given(st.lists(st.text("ab cd", max_size=24), min_size=2, max_size=12))
def test_similarities_are_those_of_sets(lines: list[str]) -> None:
    pairs = [(one, other) for one in range(len(lines)) for other in range(one)]
    ones, others = np.array(pairs).T
    found = Similarities(Tokens(lines).line_hashes, lambda at: [lines[place] for place in at]).of(ones, others)
    sets = [{text[start:start + 5] for start in range(len(text) - 4)}
            for text in (" ".join(plain_words(line)) for line in lines)]
    assert found.tolist() == [round(len(sets[one] & sets[other]) / max(len(sets[one] | sets[other]), 1), 4)
                              for one, other in pairs]


@given(st.integers(0, 1000), st.integers(2, 40))
@settings(max_examples=25)
def test_crowded_bands_come_to_the_same(seed: int, copies: int) -> None:
    """Many copies share a band: only kept ones are compared then, and the outcome is as with all pairs."""
    chance = random.Random(seed)
    stems = [some_words(chance, 30) for _ in range(3)]
    lines = [" ".join([*chance.choice(stems), str(number)]) for number in range(copies)]
    found = near(lines)
    firsts: dict[str, int] = {}
    for number, line in enumerate(lines):
        firsts.setdefault(line.rsplit(" ", 1)[0], number)
    assert {line: like for line, (like, _) in found.items()} == {
        number: firsts[stem] for number, line in enumerate(lines)
        if firsts[stem := line.rsplit(" ", 1)[0]] != number}


def test_boilerplate_opens_or_closes_many_documents_of_its_host() -> None:
    texts = [["menu", "cookies", *(f"text {number} {line}" for line in range(12)), "footer"] for number in range(12)]
    texts[3].insert(7, "menu")  # in the middle it is somebody's word
    elsewhere = [["menu", f"other {number}"] for number in range(9)]  # too few to judge
    lines = [line for text in [*texts, *elsewhere] for line in text]
    counts = np.array([len(text) for text in [*texts, *elsewhere]])
    at, shares = edges(lines, counts, [0] * 12 + [1] * 9, 0.2)
    assert [lines[line] for line in at.tolist()] == ["menu", "cookies", "footer"] * 12
    assert shares.tolist() == [1.0] * 36
    at, _ = edges(lines, counts, [0] * 12 + [1] * 9, 1.0)
    assert not len(at)


def test_a_line_twice_at_the_edges_of_one_document_counts_once() -> None:
    texts = [["amen", f"text {number}", "amen"] if number < 2 else [f"text {number}"] for number in range(10)]
    at, _ = edges([line for text in texts for line in text], np.array([len(text) for text in texts]), [0] * 10, 0.2)
    assert not len(at)


@given(st.floats(0.1, 0.99), st.sampled_from([64, 128]))
def test_hardly_a_pair_at_the_threshold_shares_no_band(least: float, slots: int) -> None:
    number, width = sketch.shape(least, slots)
    assert number * width <= slots
    assert width == 1 or (1 - least**width) ** number <= 0.01
