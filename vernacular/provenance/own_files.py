"""A person's own files that hold a text: those of the language folder, and pages and tables written for people.

A review or a table of suggestions quotes lines of documents and may lie anywhere, so where one was written is
remembered in the artifacts. These files are named by a takedown and never removed.
"""

from __future__ import annotations

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vernacular.config.schema import Language
from vernacular.core.files import Folder
from vernacular.core.store import Store, write_atomically
from vernacular.provenance.suppression_list import FILE
from vernacular.provenance.text_search import Traces

_WRITTEN = ".written_for_people.json"  # in the artifacts of a language: paths


def remember_written(store: Store, code: str, path: Path) -> None:
    """Remember that lines of the language's documents are written to ``path``; call it before they are."""
    place, resolved = store.root / code / _WRITTEN, path.resolve()
    known = _written(store, code)
    if resolved not in known:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps(sorted(map(str, (*known, resolved)))))


def _written(store: Store, code: str) -> list[Path]:
    place = store.root / code / _WRITTEN
    return [Path(path) for path in json.loads(place.read_text(encoding="utf-8"))] if place.is_file() else []


def own_files(language: Language, store: Store, rows: Iterable[dict[str, Any]], traces: Traces) -> list[str]:
    """The files that hold the text as it is, and those that it was read from: a .docx does not show it.

    Args:
        language: whose folder is looked through.
        store: knows where pages and tables were written.
        rows: of the ledger: the documents.
        traces: of their texts.

    Returns:
        Paths relative to the language folder, or absolute outside it.
    """
    folder = language.folder
    read = {row["path"] for row in rows if "://" not in row["path"]}
    listed = Folder.of(folder).list_files(hidden=True, on_error=_raise_of_system)
    found = [path for path, file in listed if path != FILE and (path in read or traces.in_file(file))]
    here = Path.cwd()  # where a review lies that was written before such places were remembered
    pages = {*_written(store, language.code), *here.glob(f"review-{language.code}*"), *here.glob("*.csv")}
    outside = (path for path in sorted(pages) if not path.is_relative_to(folder.resolve()))
    return found + [str(path) for path in outside if path.is_file() and not path.is_symlink() and traces.in_file(path)]


def _raise_of_system(path: str, error: Exception) -> None:
    """Pass over links, pipes and the like, which hold nothing that was read from the folder."""
    if isinstance(error, OSError):
        raise error
