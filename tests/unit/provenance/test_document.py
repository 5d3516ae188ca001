"""The ledger: what an id and a digest depend on, and where a document went."""

from __future__ import annotations

from dataclasses import fields
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tests.generate import write_language
from vernacular.cli.ledger_views import look_up
from vernacular.config.load import load_language
from vernacular.config.sources import FilesSource
from vernacular.core.errors import Problem
from vernacular.core.store import Store
from vernacular.corpus.lineage import find_rows, holding, same_place
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.document import Document, make_document

TEXT = st.text(alphabet=st.characters(exclude_categories=("Cs",)), max_size=40)


def source(name: str = "text") -> FilesSource:
    return FilesSource.model_validate({"name": name, "kind": "files", "files": "*", "licence": "CC0-1.0",
                                       "consent": "contributor", "register": "news"})


@given(TEXT, TEXT)
def test_the_digest_hangs_on_the_text_and_the_id_on_its_place_too(one: str, other: str) -> None:
    first, second = make_document(source(), "a", one), make_document(source(), "a", other)
    assert (first.raw_digest == second.raw_digest) == (one == other) == (first.id == second.id)
    assert make_document(source(), "b", one).id != first.id != make_document(source("other"), "a", one).id
    assert make_document(source("other"), "b", one).raw_digest == first.raw_digest


def test_a_row_has_every_column() -> None:
    row = make_document(source(), "a", "text").row()
    assert list(row) == [part.name for part in fields(Document)]
    assert (row["licence"], row["licence_evidence"], row["register"]) == ("CC0-1.0", "language.yaml", "news")
    page = make_document(source(), "a", "text", licence="CC-BY-4.0", licence_evidence="link rel=license").row()
    assert (page["licence"], page["licence_evidence"]) == ("CC-BY-4.0", "link rel=license")
    assert Document(**row) == make_document(source(), "a", "text")


def test_a_document_is_found_by_what_a_person_knows_of_it(tmp_path: Path) -> None:
    language = load_language(write_language(tmp_path / "languages", documents=9))
    store = Store(tmp_path / "artifacts")
    with pytest.raises(Problem, match="VN-COMMAND-NAME"):
        look_up(store, language, "", "", "", "")
    run_stage(stages(language)[0], language, store)
    rows = find_rows(store, "qaa", lambda row: True)
    assert len(rows) == 9
    for number, found in ((9, look_up(store, language, "", "", "text", "")),
                          (3, look_up(store, language, "", "text/river/text.txt", "", "")),
                          (1, look_up(store, language, rows[4]["id"], "", "", "")),
                          (1, look_up(store, language, "", "", "", rows[4]["text"][5:60].upper()))):
        assert len(found["documents"]) == number
    with pytest.raises(Problem, match="VN-COMMAND-NAME"):
        look_up(store, language, rows[4]["id"], "", "nowhere", "")
    assert [row["stage"] for row in holding(store, "qaa", [rows[4]["id"]])[rows[4]["id"]]] == ["corpus/documents"]


def test_a_path_names_itself_and_an_address_its_other_spellings() -> None:
    assert same_place("https://example.org/a/", "http://www.example.org/a")
    assert same_place("a/b.txt", "a/b.txt") and not same_place("a/b.txt", "b.txt")
