"""Parts: stable under new data, never empty, never sharing text."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vernacular.config.schema import Splits
from vernacular.corpus.ledger import short_digest
from vernacular.corpus.split import HeldOut, assign
from vernacular.errors import Problem


def row(text: str, path: str = "a.txt") -> dict[str, Any]:
    return {"id": short_digest(path, text), "source": "text", "path": path, "text": text,
            "raw_digest": short_digest(text)}


SHARES = Splits(dev=0.15, test=0.2)  # type: ignore[call-arg]


@given(st.integers(0, 10_000), st.lists(st.integers(10_001, 20_000), max_size=30, unique=True))
def test_new_documents_never_move_old_ones(start: int, more: list[int]) -> None:
    old = [row(f"text {number}") for number in range(start, start + 60)]
    new = [row(f"text {number + 60}") for number in more]
    before = assign(old, SHARES)
    assert assign([*new, *old], SHARES)[len(new):] == before


def test_a_corrected_file_stays_in_its_part_where_it_is_one_document() -> None:
    rows = [row(f"text {number}", f"{number}.json") for number in range(50)]
    changed = [row(f"text {number}!", f"{number}.json") for number in range(50)]
    assert assign(rows, SHARES) == assign(changed, SHARES)


@given(st.integers(3, 30), st.integers(0, 1000))
def test_no_part_is_empty(documents: int, start: int) -> None:
    assert set(assign([row(f"{start + number}") for number in range(documents)], SHARES)) == {"train", "dev", "test"}


@pytest.mark.parametrize("documents", [0, 1, 2])
def test_too_little_text_says_how_little(documents: int) -> None:
    with pytest.raises(Problem, match=f"too little text: {documents} documents"):
        assign([row(str(number)) for number in range(documents)], SHARES)


def test_shared_text() -> None:
    held_out = HeldOut(["Ndi, uyo! Wina", " ".join(f"w{number}" for number in range(20))], 5)
    assert held_out.shared("ndi uyo wina.") == "equals a held-out line"
    assert held_out.shared("xx yy W3 w4, w5 w6 w7 zz") == "shares 5 words in a row with a held-out line"
    assert held_out.shared("xx w3 w4 w5 w6 zz w7") is None and held_out.shared("...") is None
