"""Documents are taken out of what Dagster recorded of runs: events, results of checks, ticks of sensors, logs.

A record stays, with the time, the state and the numbers in it; a string that holds text, the path or the title of a
document is replaced. So is every table, since a sample may be cut shorter than what can be looked for.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

import orjson

from vernacular.core.errors import Problem
from vernacular.provenance.text_search import Traces

if TYPE_CHECKING:
    from dagster import DagsterInstance
    from sqlalchemy import Column, Connection, Table
    from sqlalchemy.sql import ColumnElement

REMOVED = "(removed by a takedown)"
LEAST_NAME = 6  # letters of a path or title that is looked for
Json: TypeAlias = "dict[str, Json] | list[Json] | str | int | float | bool | None"


@dataclass(frozen=True)
class Wanted:
    """What is to be removed.

    Attributes:
        traces: of text.
        names: paths, addresses and titles of documents; shorter ones than ``LEAST_NAME`` are left out.
    """

    traces: Traces = field(default_factory=lambda: Traces(()))
    names: Collection[str] = ()

    @classmethod
    def read(cls, text: str) -> Wanted:
        """What ``vernacular.corpus.takedown`` hands over; nothing if that is empty."""
        asked = orjson.loads(text) if text.strip() else {"hashes": {}, "names": []}
        return cls(Traces.of_hashes({int(length): found for length, found in asked["hashes"].items()}),
                   [name for name in asked["names"] if len(name) >= LEAST_NAME])

    def within(self, text: str) -> bool:
        """Whether a string holds any of it."""
        return any(name in text for name in self.names) or self.traces.in_text(text)


def cleaned(value: Json, wanted: Wanted) -> Json:
    """A record without what is wanted, and without its tables."""
    if isinstance(value, dict):
        return {name: REMOVED if name == "md_str" and not str(part).startswith("![") else cleaned(part, wanted)
                for name, part in value.items()}
    if isinstance(value, list):
        return [cleaned(part, wanted) for part in value]
    return REMOVED if isinstance(value, str) and wanted.within(value) else value


def redact_history(instance: DagsterInstance, slug: str, run_ids: Iterable[str], wanted: Wanted) -> int:
    """Clean every record of the runs and of the assets of a language; returns how many were changed.

    Raises:
        Problem: the history is kept in what is no SQL database.
    """
    from dagster._core.storage.event_log.schema import (
        AssetCheckExecutionsTable,
        AssetKeyTable,
        SqlEventLogStorageTable,
    )
    from dagster._core.storage.event_log.sql_event_log import SqlEventLogStorage
    from dagster._core.storage.legacy_storage import LegacyEventLogStorage
    from dagster._core.storage.schedules.schema import JobTickTable
    from dagster._core.storage.schedules.sql_schedule_storage import SqlScheduleStorage

    events, ticks = instance.event_log_storage, instance.schedule_storage
    if isinstance(events, LegacyEventLogStorage):  # around the three storages of one database
        ticks, events = events._storage.schedule_storage, events._storage.event_log_storage
    if not isinstance(events, SqlEventLogStorage):
        raise Problem(f"the history is kept in {type(events).__name__}", where="dagster.yaml",
                      fix="Remove the document there by hand, or keep the history in SQLite or PostgreSQL")
    changed = 0
    logs, checks, assets = SqlEventLogStorageTable, AssetCheckExecutionsTable, AssetKeyTable
    for run_id in run_ids:
        for opened in (events.run_connection(run_id), events.index_connection()):  # in SQLite two files
            with opened as connection:
                changed += _clean(connection, logs, logs.c.event, logs.c.run_id == run_id, wanted)
    with events.index_connection() as connection:
        for table, column in ((logs, logs.c.event), (checks, checks.c.evaluation_event),
                              (assets, assets.c.last_materialization)):
            of_language = table.c.asset_key.like(f'["{slug}"%')
            changed += _clean(connection, table, column, of_language, wanted)
    if isinstance(ticks, SqlScheduleStorage):
        with ticks.connect() as connection:
            changed += _clean(connection, JobTickTable, JobTickTable.c.tick_body, JobTickTable.c.id > 0, wanted)
    return changed


def _clean(connection: Connection, table: Table, column: Column[str], which: ColumnElement[bool],
           wanted: Wanted) -> int:
    changed = 0
    for number, text in connection.execute(table.select().with_only_columns(table.c.id, column).where(which)).all():
        if not text:
            continue
        record = orjson.loads(text)
        clean = cleaned(record, wanted)
        if clean != record:
            connection.execute(table.update().where(table.c.id == number).values(
                {column.name: orjson.dumps(clean).decode()}))
            changed += 1
    return changed


def redact_log(path: Path, wanted: Wanted) -> None:
    """Take the lines out of a log file that hold what is wanted; all of them where that does not suffice."""
    lines = path.read_text(encoding="utf-8", errors="replace").splitlines(keepends=True)
    kept = "".join(REMOVED + "\n" if wanted.within(line) else line for line in lines)
    if wanted.within(kept):  # it stood across a break of lines
        kept = REMOVED + "\n"
    if kept != "".join(lines):
        path.write_text(kept, encoding="utf-8")
