"""Gates that a named person waived: ``waivers.jsonl`` in the language folder, a row for each waiver.

A waiver is valid as long as the gate has the reason that was waived. With another reason (one more source without a
licence, another test that fails) the gate is red again, and somebody has to decide again. The card prints every valid
one.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import orjson
from pydantic import AliasChoices, Field, ValidationError, field_validator

from vernacular.config.strict import Strict
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import Folder
from vernacular.core.report import Gate
from vernacular.core.store import digest_of, now
from vernacular.provenance.suppression_list import append_row

FILE = "waivers.jsonl"
ALL = "publishable"  # the sum of the others: it is never waived itself


class Waiver(Strict):
    """A row of the file."""

    gate: str  # of the release
    model: str  # in the language folder
    # of the gate at that time; earlier versions named it `said`
    gate_reason: str = Field(validation_alias=AliasChoices("gate_reason", "said"))
    by: str = Field(min_length=2)  # the responsible person
    reason: str = Field(min_length=10)  # why it may still be published
    date: str  # ISO 8601

    @field_validator("by", "reason", mode="before")
    @classmethod
    def _one_line(cls, value: Any) -> Any:
        return " ".join(value.split()) if isinstance(value, str) else value


def read_waivers(folder: Path) -> list[Waiver]:
    """The waivers of a language folder; none where there is no file.

    Raises:
        Problem: a row cannot be read.
    """
    found = []
    for where, line in Folder.of(folder).file(FILE).rows():
        try:
            found.append(Waiver.model_validate(orjson.loads(line)))
        except ValueError:
            raise Problem("this row is not a waiver", where=where,
                          fix="Restore the file from its history, or delete the row and waive again",
                          code=Code.WAIVER_ROW) from None
    return found


def versions(folder: Path) -> dict[str, str]:
    """The digest of the waivers, on which the release depends; empty without waivers."""
    waivers = read_waivers(folder)
    return {"waivers": digest_of([waiver.model_dump() for waiver in waivers])} if waivers else {}


def in_force(waivers: Iterable[Waiver], model: str, gates: Sequence[Gate]) -> list[Waiver]:
    """The waivers of ``model`` whose gate is red now for the waived reason, the last for each gate."""
    red = {gate.name: gate.reason for gate in gates if not gate.passed and gate.name != ALL}
    return list({waiver.gate: waiver for waiver in waivers
                 if waiver.model == model and red.get(waiver.gate) == waiver.gate_reason}.values())


def waive(folder: Path, model: str, gates: Sequence[Gate], name: str, by: str, reason: str) -> Waiver:
    """Waive the red gate ``name`` of a model; the next run makes the release with it.

    ``gates``: of the release as it is now.
    ``by``: the responsible person.
    ``reason``: why it may still be published.

    Raises:
        Problem: there is no such gate, it is green, or person or reason is missing.
    """
    red = {gate.name: gate.reason for gate in gates if not gate.passed and gate.name != ALL}
    if name not in red:
        raise Problem(f"there is no red gate '{name}'", where=f"{folder.name} release/{model}",
                      fix=f"Red are: {', '.join(red) or 'none'}", code=Code.WAIVER_GATE)
    try:
        waiver = Waiver(gate=name, model=model, gate_reason=red[name], by=by, reason=reason, date=now())
    except ValidationError:
        raise Problem("a waiver needs a person's name and a reason of ten letters or more", where=f"waive {name}",
                      fix="Give --by and --reason; the card prints both", code=Code.WAIVER_PERSON) from None
    append_row(Folder.of(folder).file(FILE), waiver.model_dump())
    return waiver
