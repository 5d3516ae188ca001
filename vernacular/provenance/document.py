"""A ledger row: the origin of a document and its permitted use."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field, fields
from operator import attrgetter
from typing import Any

from vernacular.config.sources import SourceBase


@dataclass(frozen=True, slots=True, kw_only=True)
class Document:
    """A row of the ledger."""

    id: str  # 16 hexadecimal digits of SHA-256 over source, path and original text; kept in all later stages
    source: str  # the name of its source in language.yaml
    path: str  # the file, relative to the source's root and with /, or its URL
    text: str  # its lines, joined by newlines
    licence: str  # SPDX id, or ``unverified``
    consent: str  # basis of use
    # evidence of the license: ``language.yaml``, or a link in the page
    licence_evidence: str = "language.yaml"
    register: str  # kind of text
    quality: str  # edited, raw or machine
    raw_digest: str  # 16 hexadecimal digits of SHA-256 over the original text
    whole: bool = False  # whether the path identifies this document (a page, a chapter), not a file of many
    fetched: str = ""  # when it was fetched, ISO 8601 in UTC; empty for local files
    robots: str = ""  # ``allowed`` and the rule, for crawled pages; empty for other kinds
    # its origins: the digest of the raw page or file, the id of the linking page
    parents: list[str] = field(default_factory=list)
    author: str = ""  # author, date and title: if known
    date: str = ""
    title: str = ""
    flags: list[str] = field(default_factory=list)  # observations, such as ``machine_translation:hreflang``

    def row(self) -> dict[str, Any]:
        """Return the document as a row for JSON Lines."""
        return dict(zip(COLUMNS, _values(self), strict=True))


BESIDE = "beside.jsonl"  # in a model's folder: documents that it read beside the language's text
# Only in the ledger: later stages do not rerun when a person settles them.
RIGHTS = ("licence", "consent", "licence_evidence")
COLUMNS = tuple(part.name for part in fields(Document))
_values = attrgetter(*COLUMNS)


def short_digest(*parts: str) -> str:
    """Return 16 hexadecimal digits of SHA-256 over ``parts``."""
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:16]


def make_document(source: SourceBase, path: str, text: str, *, whole: bool = False, **more: Any) -> Document:
    """Return the ledger row of a text of ``source`` at ``path``; ``more`` are further columns."""
    rest = {"licence": source.licence, "consent": source.consent, "register": source.text_register,
            "quality": source.quality, **more}
    return Document(id=short_digest(source.name, path, text), source=source.name, path=path, text=text,
                    raw_digest=short_digest(text), whole=whole, **rest)
