"""Text in the base's languages: what is read of it, and that a stage knows when it changes."""

from __future__ import annotations

from pathlib import Path

from tests.generate import TINY_MODEL, write_language
from tests.tiny import write_bert
from vernacular.catalog import stages_of
from vernacular.config.load import load_language
from vernacular.core.store import Store

ENGLISH = {"name": "english", "kind": "files", "files": "english.txt", "licence": "CC0-1.0", "consent": "contributor",
           "register": "other"}


def test_what_reads_retention_text_depends_on_its_content(tmp_path: Path) -> None:
    folder = write_language(tmp_path / "languages", models={"tiny": {**TINY_MODEL, "retention": [ENGLISH]}})
    write_bert(folder / "base")

    def outside(text: str) -> dict[str, dict[str, str]]:
        (folder / "english.txt").write_text(text, encoding="utf-8")
        language = load_language(folder)
        return {name: stage.outside(language, Store(tmp_path / "artifacts").root)
                for name, stage in stages_of(language).items()}

    before, after = outside("the quick fox\n"), outside("the lazy dog, which is longer\n")
    assert {name for name in before if before[name] != after[name]} == {
        "tokenizer/tiny", "model/tiny", "model/tiny_control", "evaluation/tiny_retention"}
