"""Approvals by a person: ``accepted.jsonl`` in the language folder, one row per decision.

A row accepts documents quarantined after a change of their source (``source_drift``), or a rule's
loss (``losses``). The file is part of the folder, so decisions outlive the artifacts.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import orjson

from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.store import digest_of

FILE = "accepted.jsonl"


def accepted_ids(folder: Path) -> dict[str, frozenset[str]]:
    """Return source -> ids of accepted documents of a language folder.

    Raises:
        Problem: a row cannot be read.
    """
    found: dict[str, frozenset[str]] = {}
    for row in _rows(folder):
        if "ids" in row:
            found[row["source"]] = found.get(row["source"], frozenset()) | frozenset(row["ids"])
    return found


def accepted_losses(folder: Path) -> dict[tuple[str, str], float]:
    """Return (source, rule) -> accepted loss as a share; the last decision counts.

    Raises:
        Problem: a row cannot be read.
    """
    return {(row["source"], row["rule"]): float(row["share"]) for row in _rows(folder) if "rule" in row}


def _rows(folder: Path) -> Iterator[dict[str, Any]]:
    for where, line in Folder.of(folder).file(FILE).rows():
        try:
            row = orjson.loads(line)
            if not isinstance(row["source"], str):
                raise ValueError(row)
            if "rule" in row:
                if not (isinstance(row["rule"], str) and 0 <= float(row["share"]) <= 1):
                    raise ValueError(row)
            elif digest_of(sorted(row["ids"])) != row["digest"]:
                raise ValueError(row)
        except (ValueError, KeyError, TypeError):
            raise Problem("not a valid approval", where=where,
                          fix="Restore the file from version control, or delete the row and accept again",
                          code=Code.DATA_FORMAT) from None
        yield row


def versions(language: Language) -> dict[str, str]:
    """Return digests of the approvals, as inputs of ``corpus/clean``."""
    losses = sorted((*key, share) for key, share in accepted_losses(language.folder).items())
    ids = {source: sorted(ids) for source, ids in accepted_ids(language.folder).items()}
    return {"accepted": digest_of(ids), **({"accepted losses": digest_of(losses)} if losses else {})}
