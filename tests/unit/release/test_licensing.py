"""Licence and consent of what a model read, as they are known when it is released."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.generate import TINY_MODEL
from vernacular.config.schema import Model
from vernacular.core.errors import Problem
from vernacular.provenance.corpus_tables import write_rows
from vernacular.release.licensing import beside_rights, corpus_rights


def test_the_ledger_says_it_of_the_corpus(tmp_path: Path) -> None:
    ledger = tmp_path / "documents.parquet"
    rights = {"licence": "CC-BY-4.0", "consent": "contributor", "licence_evidence": "page: a link"}
    write_rows(ledger, [{"id": "a", "text": "x", **rights}, {"id": "b", "text": "y", **rights, "consent": "unknown"}])
    assert corpus_rights([{"id": "b", "text": "less"}], ledger) == [
        {"id": "b", "text": "less", **rights, "consent": "unknown"}]
    with pytest.raises(Problem, match=r"1 documents .* c\b.*VN-STAGE-INPUT"):
        corpus_rights([{"id": "a"}, {"id": "c"}], ledger)


@pytest.mark.parametrize(("stated", "named", "licence"), [
    ("CC0-1.0", None, "CC0-1.0"), ("unverified", None, "unverified"), ("unverified", "CC-BY-4.0", "CC-BY-4.0"),
    ("CC0-1.0", "CC-BY-4.0", "CC0-1.0")])
def test_the_folder_says_it_of_other_texts_or_else_their_page(stated: str, named: str | None, licence: str) -> None:
    model = Model.model_validate({**TINY_MODEL, "retention": [
        {"name": "english", "kind": "files", "files": "x/*.txt", "licence": stated, "consent": "public-licence",
         "register": "other"}]})
    row = {"id": "a", "source": "english", "role": "retention", **({"licence": named} if named else {})}
    assert beside_rights([row], model) == [{**row, "licence": licence, "consent": "public-licence"}]
