"""The rebuilt corpus beside the one that grew: the same, or named document by document."""

from __future__ import annotations

import shutil
import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import pytest

from tests.generate import make_documents, write_language
from tests.site import Answer, LoopbackSite
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.errors import Problem
from vernacular.core.store import Artifact, Store
from vernacular.corpus.stages import stages
from vernacular.corpus.verify import NAME, differences, outcome_of, rebuild
from vernacular.pipeline.stage import run_stage, silent
from vernacular.provenance.corpus_tables import read_rows, write_rows


@pytest.fixture
def grown(tmp_path: Path) -> tuple[Language, Store, dict[str, Artifact]]:
    """A corpus that came in two parts, the second from the cache for the most part."""
    folder = write_language(tmp_path / "languages", documents=12, poisoning={"least_documents": 3},
                            cleaning={"reject_languages": []})
    store = Store(tmp_path / "artifacts")
    for name in ("", "more"):
        if name:
            text = make_documents(6, seed=5, lines=4)["market"]
            (folder / "text" / "market" / "more.txt").write_text("\n\n".join(text) + "\n", encoding="utf-8")
        made = run(folder, store)
    return load_language(folder), store, made


def files(store: Store) -> dict[str, bytes]:
    return {str(path): path.read_bytes() for path in sorted(store.root.rglob("*"))
            if path.is_file() and NAME not in str(path)}


def test_a_grown_corpus_equals_a_rebuilt_one_and_nothing_else_is_touched(
        grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, made = grown
    before, expected = files(store), list[str]()
    outcome = rebuild(language, store, expected.append)
    documents = made["corpus/splits"].manifest.report.counts["documents"].value
    assert (outcome.differing, outcome.documents, outcome.key) == (0, documents, made["corpus/splits"].manifest.key)
    clean = made["corpus/documents"].manifest.report.counts["documents"].value
    assert any(f"{clean} of {clean} documents are new" in line for line in expected), expected  # nothing was kept
    assert files(store) == before
    assert outcome_of(store, language.code) == outcome and outcome.done >= outcome.tried > 0
    assert {path.name for path in store.home(language.code, NAME).iterdir()} == {"outcome.json", ".lock"}


def test_documents_that_differ_are_named_without_their_text(grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, made = grown
    train = made["corpus/splits"].folder / "train.parquet"
    rows = list(read_rows(train))
    words = rows[0]["text"]
    rows[0]["text"] = "An older result."
    gone = rows.pop(1)
    write_rows(train, [*rows, {**rows[0], "id": "from-nowhere"}])
    outcome = rebuild(language, store, silent)
    assert outcome.differing == 3
    assert {(row["file"], row["id"], row["how"]) for row in outcome.first} == {
        ("corpus/splits/train.parquet", rows[0]["id"], "differs"),
        ("corpus/splits/train.parquet", gone["id"], "only in the rebuild"),
        ("corpus/splits/train.parquet", "from-nowhere", "missing in the rebuild")}
    assert outcome.line().startswith("3 documents differ") and gone["id"] in outcome.line()
    assert words.split()[0] not in (store.home(language.code, NAME) / "outcome.json").read_text(encoding="utf-8")


def test_a_row_of_the_ledger_that_differs_is_named_once(grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, made = grown
    file = made["corpus/documents"].folder / "documents.parquet"
    rows = list(read_rows(file))
    rows[3]["licence"] = "MIT"
    write_rows(file, rows)
    outcome = rebuild(language, store, silent)
    assert outcome.first == [{"file": "corpus/documents/documents.parquet", "id": rows[3]["id"], "how": "differs"}]


def test_files_and_pages_are_read_again_and_not_as_they_are_remembered(tmp_path: Path) -> None:
    about = {"licence": "CC0-1.0", "consent": "contributor", "register": "other"}
    lines = make_documents(6, seed=3, lines=4)["river"]
    with LoopbackSite({"/robots.txt": Answer(b"", type="text/plain")}) as site:
        for number, text in enumerate(lines[:2]):
            site.pages[f"/{number}.html"] = f"<html><body><article><p>{text}</p></article></body></html>"
        folder = write_language(tmp_path / "languages", documents=12, cleaning={"reject_languages": []}, sources=[
            {"name": "text", "kind": "files", "files": "text/*/*.txt", **about},
            {"name": "verses", "kind": "inbox", **about},
            {"name": "site", "kind": "crawl", "start": [f"{site.url}/0.html", f"{site.url}/1.html"], "delay_seconds": 0,
             "private_addresses": True, "contact": "tests@example.org", **about}])
        (folder / "inbox").mkdir()
        (folder / "inbox" / "a.usfm").write_text(f"\\id GEN\n\\c 1\n\\p\n\\v 1 {lines[-1]}\n", encoding="utf-8")
        store = Store(tmp_path / "artifacts")
        run(folder, store)
    mirrors = store.root / "qaa" / ".mirror"
    extract, = (mirrors / "verses" / "extracted").iterdir()
    extract.write_text(extract.read_text(encoding="utf-8").replace('"text":"', '"text":"Zolakwika '), encoding="utf-8")
    with closing(sqlite3.connect(mirrors / "site" / "extracted.sqlite")) as table, table:
        table.execute("UPDATE extracted SET value = replace(value, '\"text\":\"', '\"text\":\"Zolakwika ')")
    shutil.rmtree(store.root / "qaa" / "corpus" / "documents")
    shutil.rmtree(store.root / "qaa" / ".cache")
    made = run(folder, store)["corpus/documents"]  # from what is remembered, and so wrong
    wrong = [row for row in read_rows(made.folder / "documents.parquet") if row["text"].startswith("Zolakwika")]
    assert sorted(row["source"] for row in wrong) == ["site", "site", "verses"]
    before = files(store)
    outcome = rebuild(load_language(folder), store, silent)  # with the server gone
    assert files(store) == before
    named = [row for row in outcome.first if row["file"] == "corpus/documents/documents.parquet"]
    assert Counter(row["how"] for row in named) == {"missing in the rebuild": 3, "only in the rebuild": 3}
    assert {row["id"] for row in wrong} == {row["id"] for row in named if row["how"] == "missing in the rebuild"}


def run(folder: Path, store: Store) -> dict[str, Artifact]:
    return {stage.name: run_stage(stage, load_language(folder), store) for stage in stages(load_language(folder))}


def test_what_is_not_up_to_date_is_not_verified(grown: tuple[Language, Store, dict[str, Artifact]]) -> None:
    language, store, _ = grown
    rebuild(language, store, silent)
    last = outcome_of(store, language.code)
    other = language.model_copy(update={"splits": language.splits.model_copy(update={"dev": 0.3})})
    with pytest.raises(Problem, match=r"corpus/splits.*VN-RESULT-MISSING"):
        rebuild(other, store, silent)
    now = outcome_of(store, language.code)
    assert now.tried > last.tried and now.model_copy(update={"tried": last.tried}) == last


def test_another_order_is_a_difference(tmp_path: Path) -> None:
    for name, order in (("kept", "abc"), ("made", "acb")):
        (tmp_path / name).mkdir()
        write_rows(tmp_path / name / "x.parquet", ({"id": letter} for letter in order))
    assert list(differences(tmp_path / "kept", tmp_path / "made")) == [("x.parquet", "b", "is at another position")]


def test_an_outcome_that_cannot_be_read_is_not_taken_for_none(tmp_path: Path) -> None:
    store = Store(tmp_path)
    assert outcome_of(store, "qaa").tried == 0
    file = store.home("qaa", "corpus/rebuilt") / "outcome.json"
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_text("{half", encoding="utf-8")
    with pytest.raises(Problem, match="VN-RESULT-UNREADABLE"):
        outcome_of(store, "qaa")
