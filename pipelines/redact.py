"""What is removed from a record or a log by a takedown.

A record stays, with the time, the state and the numbers in it; a string that holds text, the path or the title of a
document is replaced. So is every table, since a sample may be cut shorter than what can be looked for.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from pathlib import Path
from typing import TypeAlias

import orjson

from vernacular.provenance.text_search import Traces

REMOVED = "(removed by a takedown)"
LEAST_NAME = 6  # letters of a path or title that is looked for
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True)
class Wanted:
    """What is to be removed.

    Attributes:
        traces: of text.
        names: paths, addresses and titles of documents; shorter ones than ``LEAST_NAME`` are left out.
    """

    traces: Traces = field(default_factory=lambda: Traces(()))
    names: Collection[str] = ()

    @classmethod
    def read(cls, text: str) -> Wanted:
        """What ``vernacular.corpus.takedown`` hands over; nothing if that is empty."""
        asked = orjson.loads(text) if text.strip() else {"hashes": {}, "names": []}
        return cls(Traces.of_hashes({int(length): found for length, found in asked["hashes"].items()}),
                   [name for name in asked["names"] if len(name) >= LEAST_NAME])

    def within(self, text: str) -> bool:
        """Whether a string holds any of it."""
        return any(name in text for name in self.names) or self.traces.in_text(text)


def cleaned(value: Json, wanted: Wanted) -> Json:
    """A record without what is wanted, and without its tables."""
    if isinstance(value, dict):
        return {name: REMOVED if name == "md_str" and not str(part).startswith("![") else cleaned(part, wanted)
                for name, part in value.items()}
    if isinstance(value, list):
        return [cleaned(part, wanted) for part in value]
    return REMOVED if isinstance(value, str) and wanted.within(value) else value


def redact_log(path: Path, wanted: Wanted) -> None:
    """Take the lines out of a log file that hold what is wanted; all of them where that does not suffice."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = "".join(REMOVED + "\n" if wanted.within(line) else line for line in lines)
    if wanted.within(kept):  # it stood across a break of lines
        kept = REMOVED + "\n"
    if kept != "".join(lines):
        path.write_text(kept, encoding="utf-8")
