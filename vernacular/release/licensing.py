"""Licence and consent of the documents that training drew from, as the ledger and the folder have them now.

Later stages do not copy them, so that nothing is trained again when a person settles one.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vernacular.config.schema import Model
from vernacular.core.errors import Problem
from vernacular.provenance.corpus_tables import rows_of
from vernacular.provenance.document import RIGHTS

Row = dict[str, Any]


def corpus_rights(rows: list[Row], ledger: Path) -> list[Row]:
    """``rows`` of the corpus with the licence and consent that the ledger has for each.

    Args:
        rows: of documents, by ``id``.
        ledger: the file of ``corpus/documents``.

    Raises:
        Problem: a document is not in the ledger.
    """
    wanted = {row["id"] for row in rows}
    found = {row["id"]: {name: row[name] for name in RIGHTS} for row in rows_of(ledger, wanted, ["id", *RIGHTS])}
    missing = sorted(wanted - set(found))
    if missing:
        raise Problem(f"{len(missing)} documents that training drew from are not in the ledger any more, such as "
                      f"{missing[0]}", where=str(ledger), fix="Run the language from corpus/documents on")
    return [{**row, **found[row["id"]]} for row in rows]


def beside_rights(rows: Iterable[Row], model: Model) -> list[Row]:
    """``rows`` of documents that ``model`` read besides, with what the folder states of their sources.

    Where the folder has no verified licence, it is the one that the page itself named, if it did.
    """
    sources = {(role, source.name): source for source, role in model.beside}
    found = []
    for row in rows:
        source = sources[row["role"], row["source"]]
        named = row.get("licence", "unverified")
        found.append({**row, "licence": named if source.licence == "unverified" else source.licence,
                      "consent": source.consent})
    return found
