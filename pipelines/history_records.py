"""The records of Dagster's history cleaned by a takedown: events, check results, ticks, logs, pictures.

Imports Dagster; ``pipelines.purge_history`` loads it only if there is a history.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

import orjson
from dagster import DagsterInstance, DagsterRun

from assets.dagster_internals import (
    AssetCheckExecutionsTable,
    AssetKeyTable,
    JobTickTable,
    LegacyEventLogStorage,
    SqlEventLogStorage,
    SqlEventLogStorageTable,
    SqlScheduleStorage,
)
from assets.pictures import remove_pictures
from pipelines.redact import Wanted, cleaned, redact_log
from pipelines.run_locks import UNFINISHED, end_dead_runs
from vernacular.core.codes import Code
from vernacular.core.errors import Problem

if TYPE_CHECKING:
    from sqlalchemy import Column, Connection, Table
    from sqlalchemy.sql import ColumnElement


def clean_history(slug: str, code: str, wanted: Wanted) -> tuple[int, int]:
    """Call ``forget`` on the instance of ``DAGSTER_HOME``.

    Raises:
        Problem: as ``forget``.
    """
    with DagsterInstance.get() as instance:
        return forget(instance, slug, code, wanted)


def forget(instance: DagsterInstance, slug: str, code: str, wanted: Wanted) -> tuple[int, int]:
    """Clean the history of the language; return the number of changed records and of runs.

    Raises:
        Problem: a run is active.
    """
    end_dead_runs(instance)
    runs = [run for run in instance.get_runs() if concerns(run, slug)]
    busy = [run for run in runs if run.status in UNFINISHED]
    if busy:
        raise Problem(f"the run {busy[0].run_id[:8]} is still active", where=slug,
                      fix="Wait for it, or stop it in the UI; then repeat the takedown", code=Code.STAGE_BUSY)
    changed = redact_history(instance, slug, [run.run_id for run in runs], wanted)
    home = Path(instance.root_directory)
    for run in runs:
        for folder in home.glob(f"*/{run.run_id}"):
            for path in sorted(path for path in folder.rglob("*") if path.is_file()):
                redact_log(path, wanted)
    remove_pictures(instance, code)
    for path in databases(home):
        overwrite_freed(path)
    return changed, len(runs)


def concerns(run: DagsterRun, slug: str) -> bool:
    """Whether a run includes the language."""
    return run.tags.get("language") == slug or any(key.path[0] == slug for key in run.asset_selection or ())


def databases(home: Path) -> list[Path]:
    """Return the SQLite files of the instance."""
    return sorted(path for folder in ("history", "runs", "schedules", "storage")
                  for path in (home / folder).rglob("*.db"))


def overwrite_freed(path: Path) -> None:
    """Rewrite a SQLite file without deleted data, and empty its write-ahead log.

    Raises:
        Problem: another program is using it.
    """
    try:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise Problem(f"{error}", where=str(path), fix="Stop the UI (`make ui`) and repeat the takedown",
                      code=Code.TAKEDOWN_HISTORY) from None


def redact_history(instance: DagsterInstance, slug: str, run_ids: Iterable[str], wanted: Wanted) -> int:
    """Clean every record of a language's runs and assets; return the number of changed records.

    Raises:
        Problem: the history is not in a SQL database.
    """
    events, ticks = instance.event_log_storage, instance.schedule_storage
    if isinstance(events, LegacyEventLogStorage):  # a wrapper of the three storages of one database
        ticks, events = events._storage.schedule_storage, events._storage.event_log_storage
    if not isinstance(events, SqlEventLogStorage):
        raise Problem(f"the history is kept in {type(events).__name__}", where="dagster.yaml",
                      fix="Remove the document there by hand, or keep the history in SQLite or PostgreSQL",
                      code=Code.TAKEDOWN_HISTORY)
    changed = 0
    logs, checks, assets = SqlEventLogStorageTable, AssetCheckExecutionsTable, AssetKeyTable
    for run_id in run_ids:
        for opened in (events.run_connection(run_id), events.index_connection()):  # two files in SQLite
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
