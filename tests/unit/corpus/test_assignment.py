"""Parts: stable under new data, never empty, never sharing text."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.cleaning.decontamination import HeldOut
from vernacular.config.schema import Splits
from vernacular.core.errors import Problem
from vernacular.corpus.assignment import PARTS, TEST, TRAIN, assign, position
from vernacular.provenance.document import short_digest
from vernacular.text.word_hashes import Tokens

SHARES = Splits(dev=0.15, test=0.2)  # type: ignore[call-arg]


def row(text: str, path: str = "a.txt", whole: bool = False) -> dict[str, Any]:
    return {"id": short_digest(path, text), "source": "text", "path": path, "text": text, "whole": whole,
            "raw_digest": short_digest(text)}


def parts(rows: Sequence[dict[str, Any]], settings: Splits = SHARES, sources: Sequence[str] | None = None) -> list[int]:
    held_out = np.isin(sources or ["text"] * len(rows), settings.held_out)
    return assign(np.array([position(row) for row in rows]), held_out, settings).tolist()


@given(st.integers(0, 10_000), st.lists(st.integers(10_001, 20_000), max_size=30, unique=True))
def test_new_documents_never_move_old_ones(start: int, more: list[int]) -> None:
    old = [row(f"text {number}") for number in range(start, start + 60)]
    new = [row(f"text {number + 60}") for number in more]
    assert parts([*new, *old])[len(new):] == parts(old)


def test_a_corrected_file_stays_in_its_part_where_it_is_one_document() -> None:
    rows = [row(f"text {number}", f"{number}.json", whole=True) for number in range(50)]
    changed = [row(f"text {number}!", f"{number}.json", whole=True) for number in range(50)]
    assert parts(rows) == parts(changed)
    assert parts(rows) != parts([{**changed, "whole": False} for changed in changed])


@given(st.integers(3, 30), st.integers(0, 1000))
def test_no_part_is_empty(documents: int, start: int) -> None:
    assert set(parts([row(f"{start + number}") for number in range(documents)])) == set(range(len(PARTS)))


@pytest.mark.parametrize("documents", [0, 1, 2])
def test_too_little_text_says_how_little(documents: int) -> None:
    with pytest.raises(Problem, match=f"{documents} documents.*VN-DATA-SPLIT"):
        parts([row(str(number)) for number in range(documents)])


def test_sources_held_out_go_to_test_and_nothing_else_moves() -> None:
    rows = [row(str(number)) for number in range(60)]
    sources = ["other" if number % 3 else "text" for number in range(60)]
    index = parts(rows, Splits(dev=0.15, test=0.2, held_out=["text"]), sources)  # type: ignore[call-arg]
    plain = parts(rows)
    assert all(part == TEST for part, source in zip(index, sources, strict=True) if source == "text")
    assert all(one == other for one, other, source in zip(index, plain, sources, strict=True) if source == "other")
    with pytest.raises(Problem, match="VN-DATA-SPLIT"):
        parts(rows, Splits(held_out=["text"]), ["text"] * 60)  # type: ignore[call-arg]


def test_shared_text() -> None:
    index = HeldOut.of([("dev", "Ndi, uyo! Wina"), ("test", " ".join(f"w{number}" for number in range(20)))], 5, list)
    found = index.judge(Tokens(["ndi uyo wina.", "xx yy W3 w4, w5 w6 w7 zz", "xx w3 w4 w5 w6 zz w7", "...", "ndi uyo"]))
    assert [index.reason(number) if number else None for number in found.tolist()] == [
        "equals a line of dev", "shares 5 words in a row with test", None, None, None]


WORDS = st.lists(st.sampled_from(["nda", "Wa", "m'chi", "zo", "ŵa"]), max_size=12).map(" ".join)


@given(st.lists(WORDS, min_size=1, max_size=8), st.lists(WORDS, max_size=8))
def test_held_out_text_is_what_a_search_for_it_finds(held_out_lines: list[str], lines: list[str]) -> None:
    def runs(line: str) -> set[tuple[str, ...]]:
        words = tuple(line.casefold().split())
        return {words[start:start + 3] for start in range(len(words) - 2)}

    index = HeldOut.of([("x", line) for line in held_out_lines], 3, list)
    known = set().union(*map(runs, held_out_lines))
    equal = {line.casefold() for line in held_out_lines if line}
    assert [bool(number) for number in index.judge(Tokens(lines)).tolist()] == [
        line.casefold() in equal or bool(runs(line) & known) for line in lines]


def test_documents_only_for_training_never_leave_it() -> None:
    positions = np.array([0.01, 0.02, 0.5, 0.6, 1.0, 1.0])
    given = assign(positions, np.zeros(6, bool), SHARES)
    assert (given[positions == 1] == TRAIN).all()
    with pytest.raises(Problem):
        assign(np.array([0.5, 1.0, 1.0, 1.0]), np.zeros(4, bool), SHARES)
