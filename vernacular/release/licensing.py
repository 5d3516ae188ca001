"""Current licence and consent of the documents of the training text, from the ledger and the folder.

Stages do not copy them, so that settling one does not retrain anything.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from vernacular.config.schema import Model
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.provenance.corpus_tables import rows_of
from vernacular.provenance.document import RIGHTS

Row = dict[str, Any]


def corpus_rights(rows: list[Row], ledger: Path) -> list[Row]:
    """``rows`` of the corpus with the licence and consent that the ledger has for each.

    Raises:
        Problem: a document is not in the ledger.
    """
    wanted = {row["id"] for row in rows}
    found = {row["id"]: {name: row[name] for name in RIGHTS} for row in rows_of(ledger, wanted, ["id", *RIGHTS])}
    missing = sorted(wanted - set(found))
    if missing:
        raise Problem(f"{len(missing)} documents of the training text are no longer in the ledger, such as "
                      f"{missing[0]}", where=str(ledger), fix="Run the language again from corpus/documents",
                      code=Code.STAGE_INPUT)
    return [{**row, **found[row["id"]]} for row in rows]


def beside_rights(rows: Iterable[Row], model: Model) -> list[Row]:
    """``rows`` of further training documents of ``model``, with the rights that the folder states for their sources.

    Where the folder has no verified licence, it is the one that the page itself states, if any.
    """
    sources = {(role, source.name): source for source, role in model.beside}
    found = []
    for row in rows:
        source = sources[row["role"], row["source"]]
        named = row.get("licence", "unverified")
        found.append({**row, "licence": named if source.licence == "unverified" else source.licence,
                      "consent": source.consent})
    return found
