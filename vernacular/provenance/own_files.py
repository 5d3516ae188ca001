"""The user's files that contain a text: those of the language folder, and exported pages and tables.

A review or a table of suggestions quotes documents and may be anywhere, so its path is recorded in
the artifacts. A takedown names these files and never removes them.
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
    """Record that lines of the language's documents are written to ``path``; call it first."""
    place, resolved = store.root / code / _WRITTEN, path.resolve()
    known = written_files(store, code)
    if resolved not in known:
        place.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(place, json.dumps(sorted(map(str, (*known, resolved)))))


def written_files(store: Store, code: str) -> list[Path]:
    """Return where pages and tables of a language were written; they may be gone."""
    place = store.root / code / _WRITTEN
    return [Path(path) for path in json.loads(place.read_text(encoding="utf-8"))] if place.is_file() else []


def own_files(language: Language, store: Store, rows: Iterable[dict[str, Any]], traces: Traces) -> list[str]:
    """Return the files with the text itself, and its source files, since a .docx does not show it.

    Args:
        language: whose folder is searched.
        store: records where pages and tables were written.
        rows: of the ledger: the documents.
        traces: of their texts.

    Returns:
        Paths relative to the language folder, or absolute outside it.
    """
    folder = language.folder
    read = {row["path"] for row in rows if "://" not in row["path"]}
    listed = Folder.of(folder).list_files(hidden=True, on_error=_raise_of_system)
    found = [path for path, file in listed if path != FILE and (path in read or traces.in_file(file))]
    here = Path.cwd()  # reviews written before their paths were recorded
    pages = {*written_files(store, language.code), *here.glob(f"review-{language.code}*"), *here.glob("*.csv")}
    outside = (path for path in sorted(pages) if not path.is_relative_to(folder.resolve()))
    return found + [str(path) for path in outside if path.is_file() and not path.is_symlink() and traces.in_file(path)]


def _raise_of_system(path: str, error: Exception) -> None:
    """Ignore links, pipes and the like, whose content was never read from the folder."""
    if isinstance(error, OSError):
        raise error
