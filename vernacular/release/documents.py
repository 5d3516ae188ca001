"""``documents.txt``: the documents of the training text, written from the ledger and read back."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from vernacular.provenance.suppression_list import Suppressions

DOCUMENTS = "documents.txt"
_ESCAPES = str.maketrans({"\t": "\\t", "\n": "\\n", "\r": "\\r"})


def documents_text(rows: Iterable[Mapping[str, Any]]) -> str:
    r"""One line per document: id, digest of the raw text, role, source and path, separated by tabs.

    A tab or a line break in a path is written as ``\t``, ``\n`` or ``\r``.
    The role of a document of the language itself is ``target``.
    """
    lines = sorted(f"{row['id']}\t{row['raw_digest']}\t{row.get('role', 'target')}\t{row['source']}\t"
                   f"{row['path'].translate(_ESCAPES)}"
                   for row in rows)
    return "\n".join(["id\traw_digest\tfor\tsource\tpath", *lines]) + "\n"


def taken_down(documents: str, suppressed: Suppressions) -> int:
    """How many of the documents that a release's ``documents.txt`` lists are on the suppression list."""
    number = 0
    for line in documents.removesuffix("\n").split("\n")[1:]:
        id_, digest, _, source, path = line.split("\t", 4)
        number += (id_ in suppressed.ids or digest in suppressed.texts or source in suppressed.sources
                   or ("://" in path and suppressed.covers_url(path)))
    return number
