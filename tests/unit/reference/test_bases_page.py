"""The page of bases names each candidate with its sources, and marks what is unknown."""

from __future__ import annotations

from vernacular.bases.table import read_table
from vernacular.reference.bases_page import bases_page


def test_every_candidate_has_a_row_and_its_sources() -> None:
    page = bases_page()
    lines = page.splitlines()
    for base in read_table():
        row, = (line for line in lines if line.startswith(f"| `{base.id}` |") and line.count(" | ") > 8)
        facts = (base.parameters, base.licence, base.shape, base.max_length, base.tokenizer or base.vocabulary)
        assert ("unknown" in row) is (None in facts)
        assert all(f"({source.url})" in page for source in (*base.sources, *base.scores))
