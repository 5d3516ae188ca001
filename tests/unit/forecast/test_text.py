"""The text of a language is counted as its stages count it, or estimated where that would take too long."""

from __future__ import annotations

from pathlib import Path

import yaml

from tests.generate import TINY_MODEL, write_language
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.config.schema import Language
from vernacular.core.store import Store
from vernacular.forecast.text import count_text, count_translations
from vernacular.pipeline.stage import run_stage


def test_words_are_those_that_the_stages_count(language: Language, store: Store) -> None:
    counted = count_text(language, store.root, None)
    stages = stages_of(language)
    for name in ("corpus/documents", "corpus/identifier", "corpus/clean", "corpus/splits"):
        made = run_stage(stages[name], language, store)
        if name == "corpus/documents":
            counts = made.manifest.report.counts
            assert counted.words.low == counted.words.high == counts["words"].value
            assert counted.documents == counts["documents"].value
    trained = made.manifest.report.counts["words_train"].value
    assert counted.trained.low <= trained <= counted.trained.high
    again = count_text(language, store.root, made)
    assert again.trained.low == again.trained.high == trained
    assert counted.sample and not counted.absent and not counted.unreadable


def test_what_takes_too_long_is_estimated_from_the_size_of_the_files(language: Language, store: Store) -> None:
    whole, part = count_text(language, store.root, None), count_text(language, store.root, None, seconds=0)
    assert part.documents < whole.documents
    assert part.words.low < whole.words.low < part.words.high


def test_a_source_that_is_not_here_is_named_with_its_limit(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", documents=3)
    path = folder / "language.yaml"
    settings = yaml.safe_load(path.read_text(encoding="utf-8"))
    settings["sources"] += [{"name": "wiki", "kind": "wikipedia", "wiki": "lg", "licence": "CC0-1.0",
                             "consent": "contributor", "register": "other", "most_documents": 500},
                            {"name": "mined", "kind": "commoncrawl", "domains": ["example.org"],
                             "crawls": ["CC-MAIN-2025-43"], "contact": "me@example.org", "licence": "unverified",
                             "consent": "unknown", "register": "web", "most_requests": 1200, "most_mb": 70}]
    path.write_text(yaml.safe_dump(settings), encoding="utf-8")
    (folder / "text" / "river" / "text.txt").unlink()
    counted = count_text(load_language(folder), tmp_path / "artifacts", None)
    assert [name.split(" (")[0] for name in counted.absent] == ["wiki", "mined"]
    assert "500 documents" in counted.absent[0]
    assert all(part in counted.absent[1] for part in ("1,200 requests", "70 MB", "20 minutes"))
    assert counted.words.low > 0


def test_translations_are_counted_on_both_sides(tmp_path: Path) -> None:
    side = {"kind": "files", "licence": "CC0-1.0", "consent": "contributor", "register": "other"}
    sides = {"source": {**side, "name": "ours", "files": "ours.txt"},
             "translation": {**side, "name": "theirs", "files": "theirs.txt"}}
    folder = write_language(tmp_path / "languages", documents=3, models={
        "tiny": {**TINY_MODEL, "alignment": {"translations": [sides]}}})
    language = load_language(folder)
    assert count_translations(language, language.models["tiny"], tmp_path) == (0, 0), "the files are not there"
    (folder / "ours.txt").write_text("\n".join(["bala ng'ombe mawu"] * 50), encoding="utf-8")
    (folder / "theirs.txt").write_text("\n".join(["one two"] * 52), encoding="utf-8")
    assert count_translations(language, language.models["tiny"], tmp_path) == (50 * 3 + 52 * 2, 50)
