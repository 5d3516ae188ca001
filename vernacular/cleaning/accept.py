"""Approvals of quarantined documents and of losses: rows of ``accepted.jsonl``."""

from __future__ import annotations

import getpass
from pathlib import Path
from typing import Any

from vernacular.cleaning.approvals import FILE, accepted_ids
from vernacular.cleaning.losses import SEEN, losses_of
from vernacular.cleaning.source_drift import quarantined_ids
from vernacular.cleaning.stage_results import Loss
from vernacular.config.schema import Language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.store import Store, digest_of, now
from vernacular.provenance.suppression_list import append_row


def accept(language: Language, root: Path, source: str, reason: str, who: str = "") -> list[str]:
    """Accept the documents of ``source`` that are quarantined now; return their ids.

    Args:
        language: whose folder gets the row.
        root: of the store.
        source: name in language.yaml.
        reason: why these documents are good.
        who: made the decision; the current user if empty.

    Raises:
        Problem: the source does not exist, or nothing of it is quarantined.
    """
    _check_source(language, source)
    ids = sorted(quarantined_ids(root, language.code, source) - accepted_ids(language.folder).get(source, frozenset()))
    if not ids:
        rules = [loss.rule for loss in _large(language, root) if loss.source == source]
        also = f", or accept the loss of a rule: --rule {' or '.join(rules)}" if rules else ""
        raise Problem(f"no document of {source} is quarantined", where=language.code,
                      fix=f"`vernacular run {language.code} --to corpus/clean` checks again{also}",
                      code=Code.COMMAND_NAME)
    _note(language, {"source": source, "digest": digest_of(ids), "ids": ids}, reason, who)
    return ids


def accept_loss(language: Language, root: Path, source: str, rule: str, reason: str, who: str = "") -> Loss:
    """Accept that ``rule`` drops as much of ``source`` as in the last ``corpus/clean``.

    Args:
        language: whose folder gets the row.
        root: of the store.
        source: name in language.yaml.
        rule: as the gates name it.
        reason: why the drop is right.
        who: made the decision; the current user if empty.

    Raises:
        Problem: the source does not exist, or the rule drops a third of it or less.
    """
    _check_source(language, source)
    waiting = _large(language, root)
    loss = next((loss for loss in waiting if loss.key == (source, rule)), None)
    if loss is None:
        there = ", ".join(f"{loss.source} --rule {loss.rule}" for loss in waiting)
        raise Problem(f"'{rule}' drops a third of {source} or less", where=language.code,
                      fix=f"Losses to accept: {there or 'none'}", code=Code.COMMAND_OPTION)
    _note(language, {"source": source, "rule": rule, "share": round(loss.share, 4)}, reason, who)
    return loss


def _large(language: Language, root: Path) -> list[Loss]:
    artifact = Store(root).current(language.code, "corpus/clean")
    return [loss for loss in losses_of(artifact.manifest.report) if loss.share > SEEN] if artifact else []


def _check_source(language: Language, source: str) -> None:
    names = sorted(one.name for one in language.sources)
    if source not in names:
        raise Problem(f"there is no source '{source}'", where=language.code, fix=f"Choose one of: {', '.join(names)}",
                      code=Code.COMMAND_NAME)


def _note(language: Language, row: dict[str, Any], reason: str, who: str) -> None:
    append_row(Folder.of(language.folder).file(FILE),
               {**row, "date": now(), "who": who or getpass.getuser(), "reason": reason})
