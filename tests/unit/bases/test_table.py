"""The table of candidates: each fact has a source, none is stated twice, and languages are codes."""

from __future__ import annotations

from typing import Any

import pytest
from packaging.licenses import canonicalize_license_expression
from pydantic import ValidationError

from vernacular.bases.table import Candidate, candidate_of, read_table
from vernacular.config.codes import is_code

ROW: dict[str, Any] = {
    "id": "someone/some-model", "licence": "mit", "objective": "masked", "languages": ["eng"],
    "sources": [{"url": "https://example.org/card", "facts": ["licence", "objective", "languages"]}]}


def test_the_table_is_read_and_its_ids_differ() -> None:
    rows = read_table()
    assert len(rows) >= 40
    assert len({row.id.casefold() for row in rows}) == len(rows)


@pytest.mark.parametrize("row", read_table(), ids=lambda row: row.id)
def test_a_row_is_consistent(row: Candidate) -> None:
    assert row.languages and all(is_code(code) and len(code) == 3 for code in row.languages)
    assert len({*row.languages}) == len(row.languages)
    assert row.count is None or row.count > len(row.languages)
    assert all(is_code(code) for scores in row.scores for code in scores.values)
    if row.shape is not None and row.parameters is not None and row.vocabulary is not None:
        tables = row.vocabulary * row.shape.width * (1 if row.shape.tied else 2)
        assert 0.2 * row.parameters < row.parameters - tables * 0.8 <= row.parameters  # the table fits into it
    canonicalize_license_expression(row.spdx) if row.licence else None


def test_unknown_is_none_and_asks_for_no_source() -> None:
    row = Candidate.model_validate(ROW)
    assert (row.revision, row.parameters, row.shape, row.release) == (None, None, None, "open")
    assert Candidate.model_validate({**ROW, "licence": None, "sources": [
        {"url": "https://example.org", "facts": ["objective", "languages"]}]}).release == "unknown"


@pytest.mark.parametrize("change", [
    {"parameters": 5},  # a fact without a source
    {"licence": None},  # a source of a fact that is not stated
    {"revision": "main"}, {"guess": 1},
    {"sources": [*ROW["sources"], {"url": "https://example.org", "facts": ["licence"]}]},
    {"sources": [{"url": "example.org", "facts": ["licence", "objective", "languages"]}]},
    {"scores": [{"dataset": "d", "task": "token_classification", "measure": "F1", "url": "https://example.org",
                 "values": {"nya": 92.0}}]}])
def test_what_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(ValidationError):
        Candidate.model_validate({**ROW, **change})


def test_licenses_that_forbid_release_are_known_as_such() -> None:
    releases = {row.id: row.release for row in read_table()}
    assert releases["lelapa/InkubaLM-0.4B"] == releases["UBC-NLP/serengeti"] == "restricted"
    assert releases["google/gemma-3-1b-pt"] == releases["meta-llama/Llama-3.2-1B"] == "terms"
    assert releases["castorini/afriberta_base"] == "unknown"
    assert releases["Qwen/Qwen3-0.6B-Base"] == "open"


def test_a_candidate_is_found_in_any_case() -> None:
    assert candidate_of("baai/BGE-M3") is not None
    assert candidate_of("someone/else") is None
