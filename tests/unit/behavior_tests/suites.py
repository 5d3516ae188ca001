"""Suites of behavioral tests, as YAML in a language folder."""

from __future__ import annotations

from pathlib import Path

from vernacular.config.load import load_language
from vernacular.config.schema import Language

HEAD = """tests:
  - name: spaces
    capability: robustness
    type: invariance
    task: names
    author: me
"""
GOOD = HEAD + "    change: [{operator: spaces}]\n"


def with_tests(folder: Path, **files: str) -> Language:
    (folder / "behaviour").mkdir(exist_ok=True)
    for name, text in files.items():
        (folder / "behaviour" / f"{name}.yaml").write_text(text, encoding="utf-8")
    return load_language(folder)
