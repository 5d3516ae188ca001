"""The stage ``corpus/documents``: every document once, counted, and nothing that was taken down."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tests.generate import make_documents, write_language
from vernacular.config.load import load_language
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.core.store import Artifact, Store
from vernacular.corpus.ingest import TALLIES
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows
from vernacular.provenance.suppression_list import FILE, append_row, line_digest
from vernacular.text.words import words


def run(folder: Path, root: Path) -> Artifact:
    language = load_language(folder)
    return run_stage(stages(language)[0], language, Store(root))


def rows(artifact: Artifact) -> list[dict[str, Any]]:
    return list(read_rows(artifact.folder / "documents.parquet"))


def source(name: str, files: str, **more: str) -> dict[str, str]:
    return {"name": name, "kind": "files", "files": files, "licence": "CC0-1.0", "consent": "contributor",
            "register": "other", **more}


def test_the_counts_are_those_of_the_rows(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=30, sources=[
        source("market", "text/market/*.txt"), source("river", "text/river/*.txt", licence="MIT", register="news"),
        source("school", "text/school/*.txt", consent="unknown")])
    artifact = run(folder, tmp_path / "artifacts")
    found, report = rows(artifact), artifact.manifest.report
    counts = {name: count.value for name, count in report.counts.items()}
    assert counts["documents"] == len(found) == 30
    assert counts["words"] == sum(len(words(row["text"])) for row in found)
    assert counts["lines"] == sum(row["text"].count("\n") + 1 for row in found)
    assert counts["characters"] == sum(len(row["text"]) for row in found)
    for name in TALLIES:
        for value, numbers in report.details[f"by_{name}"].items():
            own = [row for row in found if row[name] == value]
            assert numbers == {"documents": len(own), "words": sum(len(words(row["text"])) for row in own)}
        assert sum(row["documents"] for row in report.samples[f"by {name}"]) == 30
        assert (artifact.folder / report.plots[f"Words by {name}"]).stat().st_size < 100_000
    assert set(report.details["by_licence"]) == {"CC0-1.0", "MIT"}
    assert report.gates[0].name == "files_readable" and report.gates[0].passed


def test_a_file_that_is_set_aside_is_named_with_what_to_do(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3, sources=[
        source("market", "text/market/*.txt"),
        {"name": "inbox", "kind": "inbox", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}])
    (folder / "inbox").mkdir(exist_ok=True)
    (folder / "inbox" / "a.csv").write_text("a,b\n1,2\n")
    gate = run(folder, tmp_path / "artifacts").manifest.report.gates[0]
    assert not gate.passed
    assert "inbox/a.csv:1 (there is no field 'text'. Its fields: a, b; " in gate.reason


def test_every_column_of_the_ledger_is_there(tmp_path: Path) -> None:
    row = rows(run(write_language(tmp_path / "languages", documents=3), tmp_path / "artifacts"))[0]
    assert set(row) >= {"id", "source", "path", "licence", "licence_evidence", "consent", "register", "quality",
                        "raw_digest", "whole", "fetched", "robots", "parents", "flags"}


def test_the_same_text_twice_in_a_file_is_one_document(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=9)
    path = folder / "text" / "river" / "text.txt"
    path.write_text(path.read_text() + "\n" + path.read_text())
    artifact = run(folder, tmp_path / "artifacts")
    assert artifact.manifest.report.counts["documents_repeated"].value == 3 and len(rows(artifact)) == 9


def test_what_was_taken_down_stays_out_under_any_name_and_line_by_line(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=9)
    before = rows(run(folder, tmp_path / "artifacts"))
    gone, line = before[0], before[4]["text"].split("\n")[2]
    append_row(File.at(folder / FILE), {"texts": [gone["raw_digest"]], "lines": [line_digest(line)]})
    (folder / "text" / "river" / "again.txt").write_text(gone["text"] + "\n\nbefore\n" + line.upper() + "\nafter\n")
    artifact = run(folder, tmp_path / "artifacts")
    after = rows(artifact)
    counts = {name: count.value for name, count in artifact.manifest.report.counts.items()}
    assert counts["documents_withheld"] == 2 and counts["lines_withheld"] == 2
    text = "\n".join(row["text"] for row in read_rows(artifact.folder / "documents.parquet")).casefold()
    assert line.casefold() not in text
    assert gone["text"].split("\n")[0].casefold() not in text
    same = next(row for row in after if row["id"] == before[4]["id"])
    assert same["text"] == before[4]["text"].replace(line + "\n", "") and same["raw_digest"] == before[4]["raw_digest"]
    assert any(row["text"] == "before\nafter" for row in after)


def test_a_source_that_was_taken_down_is_not_even_opened(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=9, sources=[
        source("market", "text/market/*.txt"), source("nowhere", "nowhere/*.txt")])
    with pytest.raises(Problem, match="VN-SOURCE-MISSING"):
        run(folder, tmp_path / "artifacts")
    append_row(File.at(folder / FILE), {"sources": ["nowhere"]})
    assert {row["source"] for row in rows(run(folder, tmp_path / "artifacts"))} == {"market"}
    append_row(File.at(folder / FILE), {"sources": ["market"]})
    with pytest.raises(Problem, match="VN-SOURCE-EMPTY"):
        run(folder, tmp_path / "artifacts")


def test_files_that_were_set_aside_are_named_at_a_gate(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3, sources=[
        {"name": "inbox", "kind": "inbox", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}])
    (folder / "inbox").mkdir()
    (folder / "inbox" / "good.txt").write_text("\n\n".join(make_documents(3)["river"]))
    (folder / "inbox" / "bad.docx").write_bytes(b"not a zip file")
    artifact = run(folder, tmp_path / "artifacts")
    gate = artifact.manifest.report.gates[0]
    assert not gate.passed and not gate.blocking and "bad.docx" in gate.reason
    assert "bad.docx" in artifact.manifest.report.samples["unreadable"][0]["file"]
    assert {row["path"] for row in rows(artifact)} == {"good.txt"}


def test_a_changed_source_alone_is_read_again(
        tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = write_language(tmp_path / "languages", documents=12, sources=[
        source("market", "text/market/*.txt"), source("river", "text/river/*.txt")])
    run(folder, tmp_path / "artifacts")
    (folder / "text" / "river" / "more.txt").write_text("one more\n\n" + "and another\n")
    language, expected = load_language(folder), list[str]()
    second = run_stage(stages(language)[0], language, Store(tmp_path / "artifacts"), expected.append)
    assert "market has not changed" in expected and not any(line.startswith("river has not") for line in expected)
    full = run(folder, tmp_path / "other")
    assert second.manifest.data_version == full.manifest.data_version
    assert second.manifest.report == full.manifest.report


@pytest.mark.parametrize("left", ["", "half a row"])
def test_rows_that_a_kill_left_in_the_cache_are_not_trusted(tmp_path: Path, left: str) -> None:
    folder = write_language(tmp_path / "languages", documents=12)
    cache = Store(tmp_path / "artifacts").cache("qaa", "corpus/documents")
    (cache / "text.parquet").write_text(left)
    assert len(rows(run(folder, tmp_path / "artifacts"))) == 12
