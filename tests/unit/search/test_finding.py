"""Finding: hits with their rows of the ledger, what was taken down, what is refused, and the command."""

from __future__ import annotations

import json

import pytest
from filelock import FileLock
from typer.testing import CliRunner

from tests.unit.search.conftest import NAME, TEXTS, documents_of, publish_corpus, publish_encoder
from vernacular.cli.main import app
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.store import Store
from vernacular.corpus.takedown import Target, carry_out, make_plan
from vernacular.provenance.suppression_list import FILE, append_row, line_digest, url_digest
from vernacular.search.finding import LONGEST, Hit, Searcher
from vernacular.search.listing import origin

QUERY = "the quick crow flies over the market"


@pytest.fixture
def searcher(store: Store, ready: Language) -> Searcher:
    found = Searcher(store, ready, NAME)
    found.prepare(lambda line: None)
    return found


def test_a_hit_has_its_row_of_the_ledger(searcher: Searcher, ready: Language) -> None:
    hit, other, *_ = searcher.find(f"  {QUERY}\n", 2)
    assert hit.text == QUERY and hit.score == pytest.approx(1, abs=0.02) and hit.score > other.score
    document = documents_of(ready)[1]
    assert (hit.id, hit.source, hit.path, hit.line) == (document.id, document.source, "books/1.txt", 1)
    assert (hit.licence, hit.consent, hit.title, hit.date) == ("CC-BY-4.0", "public-licence", "Book 1", "2020-01-02")
    assert hit.places == 1 and len(searcher.find(QUERY, 99)) == 5
    assert all(part in origin(hit) for part in ("Book 1", "books/1.txt", "line 1", "CC-BY-4.0", "2020-01-02"))


@pytest.mark.parametrize("what", ["ids", "sources", "texts", "lines", "urls"])
def test_what_was_taken_down_is_not_found_though_its_files_are_there(searcher: Searcher, ready: Language,
                                                                     what: str) -> None:
    document, long = documents_of(ready)[1], TEXTS[1].split("\n")[1]
    assert any(hit.text == long for hit in searcher.find(long, 9))
    row = {"ids": document.id, "sources": document.source, "texts": document.raw_digest, "lines": line_digest(long),
           "urls": url_digest(document.path)}[what]
    append_row(Folder.of(ready.folder).file(FILE), {what: [row]})
    assert not any(hit.text == long for hit in searcher.find(long, 9))


def test_a_takedown_leaves_no_index_and_waits_for_one_that_is_built(store: Store, searcher: Searcher, ready: Language,
                                                                   monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("vernacular.corpus.takedown.forget_history", lambda *_: None)
    target = Target(id=documents_of(ready)[1].id)
    with FileLock(store.cache(ready.code, "search") / ".lock"), pytest.raises(Problem, match="VN-STAGE-BUSY"):
        make_plan(ready, store, target)
    carry_out(make_plan(ready, store, target), ready, store, "asked")
    assert not (store.root / ready.code / ".cache").exists()
    with pytest.raises(Problem, match="VN-STAGE-INPUT"):
        Searcher(store, ready, NAME)


def test_what_cannot_be_searched_says_what_to_run(store: Store, ready: Language) -> None:
    with pytest.raises(Problem, match=r"vernacular search.*VN-STAGE-INPUT"):
        Searcher(store, ready, NAME).find(QUERY)
    searcher = Searcher(store, ready, NAME)
    searcher.prepare(lambda line: None)
    for query in ("", " \n", "x" * (LONGEST + 1)):
        with pytest.raises(Problem):
            searcher.find(query)


def test_without_a_release_a_run_is_named(store: Store, language: Language) -> None:
    publish_corpus(store, language, documents_of(language))
    with pytest.raises(Problem, match=r"vernacular run.*VN-STAGE-INPUT"):
        Searcher(store, language, NAME)


def test_another_model_and_another_corpus_have_another_index(store: Store, searcher: Searcher, ready: Language) -> None:
    publish_encoder(store, ready, seed=2)
    other = Searcher(store, ready, NAME)
    assert not other.is_ready()
    other.prepare(lambda line: None)
    publish_corpus(store, ready, documents_of(ready, TEXTS[:1]), "n" * 16)
    later = Searcher(store, ready, NAME)
    assert not later.is_ready()
    assert later.prepare(lambda line: None) == 3 and {hit.title for hit in later.find(QUERY)} == {"Book 0"}


def test_the_command(store: Store, ready: Language, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VERNACULAR_LANGUAGES", str(ready.folder.parent))
    monkeypatch.setenv("VERNACULAR_ROOT", str(store.root))
    nasty = "the red crow \u202elooks over\x1b[31m the school"
    publish_corpus(store, ready, documents_of(ready, [*TEXTS, nasty]), "n" * 16)
    done = CliRunner().invoke(app, ["search", ready.code, QUERY, "--top", "2", "--json"])
    assert done.exit_code == 0, done.output
    found = json.loads(done.stdout)
    assert found["query"] == QUERY and found["model"] == NAME and found["passages"] == 7
    hits = [Hit(**hit) for hit in found["hits"]]
    assert hits[0].text == QUERY and len(hits) == 2
    plain = "the red crow looks over the school"
    shown = CliRunner().invoke(app, ["search", ready.code, plain])
    assert shown.stdout == CliRunner().invoke(app, ["search", ready.code, *plain.split()]).stdout
    assert "CC-BY-4.0" in shown.stdout and "\x1b" not in shown.stdout and "\u202e" not in shown.stdout
    assert CliRunner().invoke(app, ["search", ready.code, QUERY, "--top", "0"]).exit_code == 2
    assert CliRunner().invoke(app, ["search", ready.code, " "]).exit_code == 2
