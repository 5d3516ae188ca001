"""The ledger: one row for each document, with where it came from and what it may be used for. Only the row itself."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any

from vernacular.config.schema import SourceBase


@dataclass(frozen=True, slots=True)
class Document:
    """A row of ``documents.jsonl``.

    Attributes:
        id: 16 hexadecimal digits of SHA-256 over source, path and text as read; kept through every later stage.
        source: the name of its source in language.yaml.
        path: the file that it was read from, relative to the source's root; with /.
        text: its lines, joined by newlines.
        licence: SPDX id, or ``unverified``.
        consent: on what basis it may be used.
        register: what kind of text it is.
        quality: edited, raw or machine.
        raw_digest: 16 hexadecimal digits of SHA-256 over the text as read: equal texts, equal digests.
    """

    id: str
    source: str
    path: str
    text: str
    licence: str
    consent: str
    register: str
    quality: str
    raw_digest: str

    def row(self) -> dict[str, Any]:
        """The document as a row for JSON Lines."""
        return {name: getattr(self, name) for name in self.__slots__}


def short_digest(*parts: str) -> str:
    """16 hexadecimal digits of SHA-256 over ``parts``."""
    return hashlib.sha256("\0".join(parts).encode("utf-8")).hexdigest()[:16]


def make_document(source: SourceBase, path: str, text: str) -> Document:
    """The row of a text that ``source`` holds at ``path``."""
    return Document(id=short_digest(source.name, path, text), source=source.name, path=path, text=text,
                    licence=source.licence, consent=source.consent, register=source.text_register,
                    quality=source.quality, raw_digest=short_digest(text))
