"""What a person accepted of what was held: ``accepted.jsonl`` in the language folder, a row for each decision.

Why documents are held is in ``poisoning``. The file travels with the folder, so that a decision outlives the artifacts.
"""

from __future__ import annotations

import getpass
from pathlib import Path

import orjson

from vernacular.artifacts import digest_of, now
from vernacular.config.schema import Language
from vernacular.corpus.suppression import append_row
from vernacular.errors import Problem
from vernacular.files import Folder

FILE = "accepted.jsonl"


def accepted_ids(folder: Path) -> dict[str, frozenset[str]]:
    """Source -> ids of the documents that were accepted, of a language folder.

    Raises:
        Problem: a row cannot be read.
    """
    found: dict[str, frozenset[str]] = {}
    for where, line in Folder.of(folder).file(FILE).rows():
        try:
            row = orjson.loads(line)
            source, ids = row["source"], row["ids"]
            if digest_of(sorted(ids)) != row["digest"]:
                raise ValueError(ids)
            found[source] = found.get(source, frozenset()) | frozenset(ids)
        except (ValueError, KeyError, TypeError):
            raise Problem("not a row of what was accepted", where=where,
                          fix="Restore the file from its history, or delete the row and accept again") from None
    return found


def versions(language: Language) -> dict[str, str]:
    """What was accepted, as a digest that ``corpus/clean`` depends on."""
    return {"accepted": digest_of({source: sorted(ids) for source, ids in accepted_ids(language.folder).items()})}


def accept(language: Language, root: Path, source: str, reason: str, who: str = "") -> list[str]:
    """Accept what is held of ``source`` now; returns the ids.

    Args:
        language: whose folder gets the row.
        root: of the store.
        source: name in language.yaml.
        reason: why these documents are fine after all.
        who: decided; the person at the keyboard if empty.

    Raises:
        Problem: there is no such source, or nothing of it is held.
    """
    from vernacular.corpus.poisoning import held_ids

    names = sorted(one.name for one in language.sources)
    if source not in names:
        raise Problem(f"there is no source '{source}'", where=language.code, fix=f"Choose one of: {', '.join(names)}")
    ids = sorted(held_ids(root, language.code, source) - accepted_ids(language.folder).get(source, frozenset()))
    if not ids:
        raise Problem(f"nothing of {source} waits for a person", where=language.code,
                      fix=f"`vernacular run {language.code} --to corpus/clean` looks again")
    append_row(Folder.of(language.folder).file(FILE), {
        "source": source, "digest": digest_of(ids), "ids": ids, "date": now(), "who": who or getpass.getuser(),
        "reason": reason})
    return ids
