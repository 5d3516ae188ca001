"""The tables of the corpus: what is written is read, also from artifacts of an earlier version."""

from __future__ import annotations

from pathlib import Path

from vernacular.core.jsonl import write_jsonl
from vernacular.provenance.corpus_tables import LEDGER, read_rows, rows_of, write_rows

ROWS = [dict.fromkeys(LEDGER.names, "") | {
    "id": f"{at:016}", "text": f"mawu {at}", "whole": True, "parents": [], "flags": []} for at in range(5)]


def test_rows_are_read_as_they_were_written(tmp_path: Path) -> None:
    assert write_rows(tmp_path / "documents.parquet", ROWS, LEDGER) == 5
    assert list(read_rows(tmp_path / "documents.parquet")) == ROWS
    assert list(rows_of(tmp_path / "documents.parquet", {ROWS[3]["id"]}, ["id", "text"])) == [
        {"id": ROWS[3]["id"], "text": "mawu 3"}]


def test_json_lines_of_an_earlier_version_are_read_in_place_of_a_missing_table(tmp_path: Path) -> None:
    write_jsonl(tmp_path / "documents.jsonl", ROWS)
    assert list(read_rows(tmp_path / "documents.parquet")) == ROWS
    assert list(rows_of(tmp_path / "documents.parquet", {ROWS[1]["id"]}, ["id"])) == [{"id": ROWS[1]["id"]}]
