"""The ledger: one row for each document, with where it came from and what it may be used for. Only the row itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from vernacular.config.sources import SourceBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A row of ``documents.jsonl``.

    Attributes:
        id: 16 hexadecimal digits of SHA-256 over source, path and text as read; kept through every later stage.
        source: the name of its source in language.yaml.
        path: the file that it was read from, relative to the source's root and with /, or its URL.
        text: its lines, joined by newlines.
        licence: SPDX id, or ``unverified``.
        consent: on what basis it may be used.
        licence_evidence: what the licence rests on: ``language.yaml``, or what the page said.
        register: what kind of text it is.
        quality: edited, raw or machine.
        raw_digest: 16 hexadecimal digits of SHA-256 over the text as read: equal texts, equal digests.
        whole: the path names this document alone (a page, a chapter), not a file of many.
        fetched: when it was fetched, ISO 8601 in UTC; empty for what lies on this machine, which has no such time.
        robots: ``allowed`` and by which rule, for crawled pages; empty for other kinds.
        parents: what it was made from: the digest of the raw page or file, the id of the page that linked to it.
        author, date, title: as far as the document says.
        flags: signs that were seen and are passed on, such as ``machine_translation:hreflang``.
    """

    id: str
    source: str
    path: str
    text: str
    licence: str
    consent: str
    licence_evidence: str = "language.yaml"
    register: str
    quality: str
    raw_digest: str
    whole: bool = False
    fetched: str = ""
    robots: str = ""
    parents: list[str] = field(default_factory=list)
    author: str = ""
    date: str = ""
    title: str = ""
    flags: list[str] = field(default_factory=list)

    def row(self) -> dict[str, Any]:
        """The document as a row for JSON Lines."""
        return dict(zip(COLUMNS, _values(self), strict=True))


BESIDE = "beside.jsonl"  # in the folder of a model: the documents that it read beside the language's own text
# Only the ledger itself says these: later stages are not made anew when a person settles them.
RIGHTS = ("licence", "consent", "licence_evidence")
COLUMNS = tuple(part.name for part in fields(Document))
_values = attrgetter(*COLUMNS)


def short_digest(*parts: str) -> str:
    """16 hexadecimal digits of SHA-256 over ``parts``."""
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:16]


def make_document(source: SourceBase, path: str, text: str, *, whole: bool = False, **more: Any) -> Document:
    """The row of a text that ``source`` holds at ``path``; ``more`` are further columns of ``Document``."""
    rest = {"licence": source.licence, "consent": source.consent, "register": source.text_register,
            "quality": source.quality, **more}
    return Document(id=short_digest(source.name, path, text), source=source.name, path=path, text=text,
                    raw_digest=short_digest(text), whole=whole, **rest)
