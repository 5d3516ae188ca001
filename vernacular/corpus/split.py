"""Which part a document belongs to, and what training text must not share with held-out text.

The part hangs on the document's identity alone, so new data never moves an old document.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import PurePosixPath
from typing import Any

from vernacular.config.schema import Splits
from vernacular.corpus.ledger import short_digest
from vernacular.corpus.sources.formats import ONE_DOCUMENT
from vernacular.corpus.words import plain_words
from vernacular.errors import Problem

PARTS = ("train", "dev", "test")
Words = tuple[str, ...]


def position(row: Mapping[str, Any]) -> float:
    """Where a document stands between 0 and 1: a digest of its source and its path, or of its text as read.

    The path counts where a file is one document (so that a corrected chapter stays in its part), the text where a file
    holds several.
    """
    whole = PurePosixPath(row["path"]).suffix.lower() in ONE_DOCUMENT
    return int(short_digest(row["source"], row["path"] if whole else row["raw_digest"]), 16) / 16**16


def assign(rows: Sequence[Mapping[str, Any]], settings: Splits) -> list[str]:
    """The part of each document. A part that would be empty gets the document with the smallest position left.

    Raises:
        Problem: fewer documents than parts.
    """
    wanted = [part for part, share in (("test", settings.test), ("dev", settings.dev)) if share > 0]
    if len(rows) < len(wanted) + 1:
        raise Problem(f"too little text: {len(rows)} documents cannot be parted into train, {' and '.join(wanted)}",
                      where="corpus/splits", fix="Add text; blank lines part a file into documents")
    if settings.test + settings.dev >= 1:
        raise Problem(f"dev {settings.dev} and test {settings.test} leave nothing to train on", where="corpus/splits",
                      fix="Lower the shares under `splits:`")
    positions = [position(row) for row in rows]
    parts = ["test" if place < settings.test else "dev" if place < settings.test + settings.dev else "train"
             for place in positions]
    order = sorted(range(len(rows)), key=lambda number: (positions[number], rows[number]["id"]))
    for part in [*wanted, "train"]:
        if part not in parts:  # some other part has two or more, for there are enough documents
            spare = [number for number in order if parts.count(parts[number]) > 1]
            spare.sort(key=lambda number: parts[number] != "train")
            parts[spare[-1] if part == "train" else spare[0]] = part
    return parts


class HeldOut:
    """Lines that training text must not share: equal lines, or runs of ``overlap`` words.

    Args:
        lines: the held-out lines.
        overlap: words in a row, casefolded, without punctuation.

    Only 64-bit hashes are kept, so that held-out text of any size fits; a collision costs a line of training text.
    """

    def __init__(self, lines: Iterable[str], overlap: int) -> None:
        self._overlap = overlap
        self._lines: set[int] = set()
        self._runs: set[int] = set()
        for line in lines:
            found = plain_words(line)
            if found:
                self._lines.add(hash(found))
                self._runs.update(map(hash, self._runs_of(found)))

    def _runs_of(self, found: Words) -> Iterable[Words]:
        return (found[start:start + self._overlap] for start in range(len(found) - self._overlap + 1))

    def shared(self, line: str) -> str | None:
        """Why ``line`` may not be trained on, or None."""
        found = plain_words(line)
        if hash(found) in self._lines:
            return "equals a held-out line"
        if any(hash(run) in self._runs for run in self._runs_of(found)):
            return f"shares {self._overlap} words in a row with a held-out line"
        return None
