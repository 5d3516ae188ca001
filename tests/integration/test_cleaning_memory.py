"""Memory for each document is bounded, whatever the size of the corpus, and parts give what the whole does."""

from __future__ import annotations

import random
import tracemalloc
from pathlib import Path

import pytest

from tests.generate import make_word, write_language
from vernacular.cleaning import (
    cache,
    corpus_lines,
    corpus_rules,
    dedup,
    disk_arrays,
    document_ids,
    output,
    report,
    workers,
)
from vernacular.config.load import load_language
from vernacular.core.store import Store
from vernacular.corpus import ingest, splits
from vernacular.corpus.stages import stages
from vernacular.pipeline.stage import run_stage
from vernacular.provenance import corpus_tables

STAGES = ("corpus/documents", "corpus/clean", "corpus/splits")
FILE = 500  # documents in a file
MOST = 60  # bytes for a document more


def write_corpus(root: Path, documents: int) -> Path:
    """A language with documents of one short line, a tenth of them copies or near-copies."""
    folder = write_language(root / "languages", documents=3, cleaning={"reject_languages": []})
    chance = random.Random(1)
    words, lines = [make_word(chance, 2) for _ in range(900)], list[str]()
    for number in range(documents):
        if number % 10 or not lines:
            lines.append(" ".join(chance.choices(words, k=9)))
        else:
            lines.append(f"{chance.choice(lines)} {chance.choice(words)}"[number % 20:])
    for first in range(0, documents, FILE):
        (folder / "text" / "river" / f"{first:06}.txt").write_text("\n\n".join(lines[first:first + FILE]))
    return folder


def run(root: Path, documents: int, traced: bool = False) -> dict[str, int]:
    """Run the stages; return the most memory that each took at once where it is ``traced``, in bytes."""
    language, store, found = load_language(write_corpus(root, documents)), Store(root / "artifacts"), dict[str, int]()
    for stage in stages(language):
        if traced and stage.name in STAGES:
            tracemalloc.start()
        run_stage(stage, language, store)
        found[stage.name] = tracemalloc.get_traced_memory()[1]
        tracemalloc.stop()
    return found


def outcome(root: Path) -> dict[str, bytes]:
    found = (Store(root / "artifacts").current("qaa", name) for name in STAGES)
    return {f"{one.manifest.stage}/{path.name}": path.read_bytes() for one in found if one is not None
            for path in one.folder.glob("*.parquet")}


@pytest.fixture
def small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Everything that grows with the corpus is worked on in small parts, from files."""
    for module in (disk_arrays, corpus_lines, output, report):
        monkeypatch.setattr(module, "AT_ONCE", 500)
    for module, name, value in (
            (disk_arrays, "_IN_MEMORY", 1), (disk_arrays, "_PART", 500), (cache, "_MOST_OPEN", 8),
            (cache, "BATCH", 20_000), (workers, "BATCH", 20_000), (corpus_rules, "_AT_ONCE", 500),
            (document_ids, "_MOST_NEW", 500), (document_ids, "_LEAST_BITS", 8), (dedup, "_AT_ONCE", 100),
            (dedup, "_SKETCHES_AT_ONCE", 500), (ingest, "_BATCH", 20_000), (splits, "_RUNS_AT_ONCE", 2000)):
        monkeypatch.setattr(module, name, value)


def test_a_document_more_takes_hardly_any_memory(small_parts: None, tmp_path: Path,
                                                 monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corpus_tables, "_GROUP", 20_000)
    run(tmp_path / "first", 40)  # imports
    few, many = run(tmp_path / "few", 600, traced=True), run(tmp_path / "many", 2400, traced=True)
    for name in STAGES:
        assert many[name] - few[name] < MOST * 1800, name


def test_small_parts_come_to_the_same(tmp_path: Path, request: pytest.FixtureRequest) -> None:
    run(tmp_path / "whole", 800)
    request.getfixturevalue("small_parts")
    run(tmp_path / "parts", 800)
    assert outcome(tmp_path / "parts") == outcome(tmp_path / "whole") and len(outcome(tmp_path / "parts")) == 8
