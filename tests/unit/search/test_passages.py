"""Passages: what of a document is one, and that its place gives it back."""

from __future__ import annotations

from pathlib import Path

import pytest

from vernacular.provenance.corpus_tables import read_rows_at, write_rows
from vernacular.search.passages import (
    LONGEST,
    SHORTEST,
    digest_of_text,
    read_passages,
    spans_of_passages,
    text_at,
)

SENTENCE = "Mvula yagwa kwambiri lero ku Zomba ndipo mitsinje yadzaza. "
LONG = SENTENCE * 20


def passages(line: str) -> list[str]:
    return [line[begin:end] for begin, end in spans_of_passages(line)]


def test_a_line_is_a_passage_unless_it_is_short() -> None:
    assert passages("  Mvula yagwa kwambiri.  Lero. ") == ["Mvula yagwa kwambiri.  Lero."]
    assert passages("Genesis 1") == passages("") == []


@pytest.mark.parametrize("line", [LONG, LONG.replace(" ", ""), "mvula " * 200, "x" * 1500, "雨が降った。" * 200,
                                  "\u201cMvula!\u201d anati. " * 80, SENTENCE * 3 + "mvula " * 150 + SENTENCE])
def test_a_long_line_is_parted_and_nothing_is_lost(line: str) -> None:
    found = passages(line)
    assert len(found) > 1
    assert all(SHORTEST <= len(passage) <= LONGEST + SHORTEST for passage in found)
    assert "".join("".join(found).split()) == "".join(line.split())


def test_passages_end_with_sentences_where_they_can() -> None:
    assert all(passage.endswith("yadzaza.") for passage in passages(LONG))


def test_a_place_gives_its_text_back(tmp_path: Path) -> None:
    texts = ["Mvula yagwa kwambiri.\nx\nMitsinje yadzaza lero \u201cku\u201d Zomba.", LONG, "Ŵanthu ŵali kunyumba."]
    path = tmp_path / "documents.parquet"
    write_rows(path, [{"id": str(number), "text": text} for number, text in enumerate(texts)])
    found = list(read_passages(path))
    assert [(passage.place.line, passage.text) for passage in found[:2]] == [
        (0, "Mvula yagwa kwambiri."), (2, "Mitsinje yadzaza lero \u201cku\u201d Zomba.")]
    rows = read_rows_at(path, {passage.place.document for passage in found})
    assert [row["id"] for row in rows.values()] == ["0", "1", "2"]
    assert all(text_at(rows[passage.place.document], passage.place) == passage.text for passage in found)
    assert digest_of_text("a") != digest_of_text("b") < 2 ** 64
