"""Files made to hang readers or to fill the memory: refused or read within their limits, all others are read."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.generate import write_language
from tests.hostile import RECIPES, attack, body_of, docx_of, table_of
from vernacular.config.limits import Limits
from vernacular.config.load import load_language
from vernacular.core.files import File
from vernacular.core.store import Store
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance.corpus_tables import read_rows
from vernacular.sandbox.limits import LimitReached
from vernacular.sources.formats import read_texts

LOADING = 2.0  # seconds in which a worker is started and loads its parsers
VERSE = "\\id GEN\n\\c 1\n\\p\n\\v 1 kale "


def test_every_recipe_is_refused_or_read_within_its_limits(tmp_path: Path) -> None:
    limits = Limits(seconds=0.5, page_seconds=0.5, memory_mb=300, output_mb=5)
    outcome = attack(tmp_path, len(RECIPES), 5, limits, 5_000)
    assert outcome.hostile == len(RECIPES) < outcome.good
    assert outcome.slowest[0] < limits.seconds + LOADING, outcome


@pytest.mark.parametrize(("name", "content"), [
    ("a.md", " *a" * 100_000), ("a.md", " ***a" * 60_000), ("a.md", "<!--" * 100_000), ("a.md", "````a\n" * 60_000),
    ("a.usfm", VERSE + "\\ts x " * 60_000), ("a.po", f'msgid{" " * 300_000}"a"\nmsgstr "kale amo"\n')])
def test_our_own_readers_take_time_linear_in_the_text(tmp_path: Path, name: str, content: str) -> None:
    (tmp_path / name).write_text(content)
    assert list(read_texts(File.at(tmp_path / name), name, None, Limits(seconds=2)))


def attributes() -> bytes:
    return b"<html><body><p " + b" ".join(b"a%d=b" % number for number in range(200_000)) + b">kale</p>"


def runs() -> bytes:
    return docx_of(body_of("".join(f"<w:p><w:r><w:t>{n * 7919 % 99991}</w:t></w:r></w:p>" for n in range(150_000))))


@pytest.mark.parametrize(("name", "make", "limits", "limit"), [
    ("a.html", attributes, {"seconds": 0.3}, "seconds"), ("a.docx", runs, {"memory_mb": 40}, "memory"),
    ("a.parquet", lambda: table_of(["a" * 1_000_000] * 80), {"memory_mb": 40}, "memory"),
    ("a.parquet", lambda: table_of(["a" * 100_000] * 300), {"output_mb": 10}, "output"),
    ("a.csv", lambda: b'text\n"' + b"a\n" * 8_000_000 + b'"\n', {"memory_mb": 60}, "memory")])
def test_what_libraries_cannot_take_is_refused(tmp_path: Path, name: str, make: Callable[[], bytes],
                                               limits: dict[str, float], limit: str) -> None:
    (tmp_path / name).write_bytes(make())
    with pytest.raises(LimitReached) as raised:
        list(read_texts(File.at(tmp_path / name), name, None, Limits.model_validate(limits)))
    assert raised.value.limit == limit


def test_a_file_that_takes_too_much_is_named_in_the_report(tmp_path: Path) -> None:
    sources = [{"name": name, "kind": kind, "licence": "CC0-1.0", "consent": "contributor", "register": "other", **more}
               for name, kind, more in (("texts", "files", {"files": "texts/*"}), ("inbox", "inbox", {}))]
    folder = write_language(tmp_path / "languages", documents=3, sources=sources, limits={"output_mb": 1})
    for name in ("texts", "inbox"):
        (folder / name).mkdir(exist_ok=True)
        (folder / name / "a.csv").write_text("text\nkale amo\n")
        (folder / name / "b.jsonl").write_text('{"text": "first"}\n' + json.dumps({"text": "b" * 2_000_000}))
        (folder / name / "c.txt").write_text("ku Zomba\n")
    language = load_language(folder)
    artifact = run_stage(stages(language)[0], language, Store(tmp_path / "artifacts"))
    assert [row["text"] for row in read_rows(artifact.folder / "documents.parquet")] == ["kale amo", "ku Zomba"] * 2
    report = artifact.manifest.report
    assert not report.gates[0].passed and not report.gates[0].blocking
    assert [row["file"] for row in report.samples["unreadable"]] == [
        "languages/qaa/texts/b.jsonl", "qaa/inbox/b.jsonl"]
