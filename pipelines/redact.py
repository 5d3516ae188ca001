"""Redact records and logs for a takedown.

A record keeps its time, state and numbers; strings with text, path or title of a document are
replaced. All tables are replaced, since samples may be too short to match.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import orjson

from vernacular.provenance.text_search import Traces

REMOVED = "(removed by a takedown)"
LEAST_NAME = 6  # letters of a path or title to search for
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True)
class Wanted:
    """What to remove.

    Attributes:
        traces: of text.
        names: paths, addresses and titles of documents, at least ``LEAST_NAME`` long.
    """

    traces: Traces = field(default_factory=lambda: Traces(()))
    names: Collection[str] = ()

    @classmethod
    def read(cls, text: str) -> Wanted:
        """Parse the output of ``vernacular.corpus.takedown``; empty input removes nothing."""
        asked = orjson.loads(text) if text.strip() else {"hashes": {}, "names": []}
        return cls(Traces.of_hashes({int(length): found for length, found in asked["hashes"].items()}),
                   [name for name in asked["names"] if len(name) >= LEAST_NAME])

    def within(self, text: str) -> bool:
        """Whether a string contains any of it."""
        return any(name in text for name in self.names) or self.traces.in_text(text)


def cleaned(value: Json, wanted: Wanted) -> Json:
    """Return a record without the wanted strings and without its tables."""
    if isinstance(value, dict):
        return {name: REMOVED if name == "md_str" and not str(part).startswith("![") else cleaned(part, wanted)
                for name, part in value.items()}
    if isinstance(value, list):
        return [cleaned(part, wanted) for part in value]
    return REMOVED if isinstance(value, str) and wanted.within(value) else value


def redact_log(path: Path, wanted: Wanted) -> None:
    """Remove matching lines from a log file; all lines if that is not enough."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = "".join(REMOVED + "\n" if wanted.within(line) else line for line in lines)
    if wanted.within(kept):  # it crossed a line break
        kept = REMOVED + "\n"
    if kept != "".join(lines):
        path.write_text(kept, encoding="utf-8")
