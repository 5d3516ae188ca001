"""The suppression list: digests of what was taken down, without text.

``takedowns.jsonl`` is in the language folder, so that it is shared with the folder and outlives
every artifact. Takedowns are executed in ``corpus.takedown``.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import orjson
import regex

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem
from vernacular.core.files import File, Folder
from vernacular.core.normal_forms import normalized
from vernacular.core.store import digest_of
from vernacular.provenance.document import Document, short_digest
from vernacular.text.urls import canonical
from vernacular.text.words import UNSPACED, words

FILE = "takedowns.jsonl"
LONG_WORDS, LEAST_LETTERS, LONG_LETTERS = 8, 16, 40  # shorter lines are common: greetings, headings, formulas
_UNSPACED = regex.compile(UNSPACED, regex.V1)
_APOSTROPHE = "\u02bc"  # a letter by its properties; treated like the other apostrophes
_GAP = re.compile(rf"[\W_{_APOSTROPHE}]+")


def gone(folder: Path) -> Problem:
    """Return the problem of a missing language folder, which would otherwise read as empty."""
    return TransientProblem("the language folder was deleted or renamed", where=str(folder),
                            fix="Restore it, or run it under its new name", code=Code.CONFIG_FILE)


@dataclass(frozen=True)
class Suppressions:
    """Digests of URLs, whole texts, long lines and speakers, and names of sources, that were taken down."""

    urls: frozenset[str] = frozenset()
    texts: frozenset[str] = frozenset()
    lines: frozenset[str] = frozenset()
    sources: frozenset[str] = frozenset()
    ids: frozenset[str] = field(default=frozenset())
    speakers: frozenset[str] = field(default=frozenset())  # keyed digests, made by ``speech.recordings.speakers``

    @classmethod
    def of(cls, folder: Path) -> Suppressions:
        """Load the suppression list of a language folder; empty without takedowns.

        Raises:
            Problem: a row is invalid, or the folder is missing; nothing is ingested then.
        """
        if not folder.is_dir():
            raise gone(folder)
        found: dict[str, set[str]] = {name: set() for name in ("urls", "texts", "lines", "sources", "ids", "speakers")}
        for where, line in Folder.of(folder).file(FILE).rows():
            try:
                row = orjson.loads(line)
                for name, values in found.items():
                    if not isinstance(row.get(name, []), list) or not all(isinstance(value, str)
                                                                          for value in row.get(name, [])):
                        raise ValueError(name)
                    values.update(row.get(name, []))
            except (ValueError, AttributeError, TypeError):
                raise Problem("not a valid row of the suppression list", where=where,
                              fix="Restore the file from version control; nothing is ingested until then",
                              code=Code.DATA_FORMAT) from None
        return cls(**{name: frozenset(values) for name, values in found.items()})

    def version(self) -> str:
        """Return a digest of what the list says of texts."""
        return digest_of([sorted(part) for part in (self.urls, self.texts, self.lines, self.sources, self.ids)])

    def covers_url(self, url: str) -> bool:
        """Whether the page at ``url`` was taken down."""
        return bool(self.urls) and url_digest(url) in self.urls

    def covers(self, document: Document) -> bool:
        """Whether ``document`` was taken down, by source, URL, identifying path, or text."""
        return (document.source in self.sources or document.id in self.ids or document.raw_digest in self.texts
                or (document.whole and self.covers_url(document.path)))

    def covers_lines(self, digests: Iterable[str | None]) -> list[bool]:
        """Return for each ``line_digest`` whether its line was taken down."""
        return [digest in self.lines for digest in digests]

    def without_lines(self, text: str) -> str:
        """Remove lines that were taken down; return the same string if there are none."""
        if not self.lines:
            return text
        lines = text.split("\n")
        covered = self.covers_lines(map(line_digest, lines))
        if not any(covered):
            return text
        return "\n".join(line for line, gone in zip(lines, covered, strict=True) if not gone).strip("\n")

    def left(self, documents: Iterable[Document]) -> Iterator[Document]:
        """Yield ``documents`` without takedowns."""
        for document in documents:
            if not self.covers(document):
                text = self.without_lines(document.text)
                yield document if text is document.text else replace(document, text=text)


def append_row(file: File, row: dict[str, Any]) -> None:
    """Append ``row`` as one line of JSON durably.

    Raises:
        Problem: the path is a link, a pipe or the like.
    """
    file.append(json.dumps(row, ensure_ascii=False, sort_keys=True).encode("utf-8"))


def folded(text: str) -> str:
    """Reduce ``text`` to casefolded, composed letters and digits, which survive spelling and cleaning."""
    plain = "".join(normalized("NFKC", text).casefold().split())  # removes most cheaply
    return plain if plain.isalnum() and _APOSTROPHE not in plain else _GAP.sub("", plain)


def line_digest(line: str) -> str | None:
    """Return the digest of a line for takedowns; None for a line too short to be unique.

    Long means 8 words and 16 letters, or 40 letters in scripts without spaces. Case, punctuation,
    spaces and Unicode form are ignored.
    """
    if len(line) < LEAST_LETTERS:
        return None
    letters = folded(line)
    if len(letters) < LONG_LETTERS and (len(letters) < LEAST_LETTERS or _UNSPACED.search(line)
                                        or len(words(line)) < LONG_WORDS):
        return None
    return short_digest(letters)


def url_digest(url: str) -> str:
    """Return the digest of a URL or path for takedowns.

    URL variants are equal: http or https, with or without www., a final /, a #part, a session id.
    """
    if "://" not in url:
        return short_digest(url)
    parts = urlsplit(canonical(url) or url)
    return short_digest(parts.netloc.removeprefix("www."), parts.path.rstrip("/"), parts.query)
