"""What the stages ``corpus/documents`` and ``corpus/splits`` found out."""

from __future__ import annotations

from vernacular.core.result import DocumentsAndWords, Result


class IngestResult(Result):
    """The result of ``corpus/documents``: documents and words by source and by what the ledger says."""

    by_source: dict[str, DocumentsAndWords]
    by_licence: dict[str, DocumentsAndWords]
    by_register: dict[str, DocumentsAndWords]
    by_consent: dict[str, DocumentsAndWords]
    words_by_source: dict[str, int]  # ``source (register)`` -> words
    licences: dict[str, str]  # source -> its license in language.yaml
    consent: dict[str, str]  # source -> its consent basis there


class SplitsResult(Result):
    """The result of ``corpus/splits``: source or register -> part -> documents and words."""

    parts_by_source: dict[str, dict[str, DocumentsAndWords]]
    parts_by_register: dict[str, dict[str, DocumentsAndWords]]
