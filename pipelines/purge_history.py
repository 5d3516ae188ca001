"""``python -m pipelines.purge_history CODE``: what a takedown removes leaves Dagster's history; nothing else does.

What is to be removed comes on standard input, from ``vernacular.corpus.takedown``. The metadata of materializations
holds samples of text, and messages and logs may quote it: these are cleaned, and the runs stay. Freed pages of SQLite
files are overwritten. On the instance in ``DAGSTER_HOME`` (the project's folder if unset).
"""

from __future__ import annotations

import os
import sqlite3
import sys
from contextlib import closing
from pathlib import Path
from typing import TYPE_CHECKING

from pipelines.output import log_of
from pipelines.redact import Wanted, redact_history, redact_log
from pipelines.up_to_date import forget_told
from vernacular.config.load import find_language
from vernacular.core.errors import Problem, as_problem
from vernacular.core.project import find_project
from vernacular.core.terminal import guard_streams, say

if TYPE_CHECKING:
    from dagster import DagsterInstance, DagsterRun


def forget(instance: DagsterInstance, slug: str, code: str, wanted: Wanted) -> tuple[int, int]:
    """Clean the history of the language; returns how many records were changed, and how many runs there are.

    Raises:
        Problem: one of them is still running.
    """
    from assets.pictures import remove_pictures
    from pipelines.run_locks import UNFINISHED, end_dead_runs

    end_dead_runs(instance)
    runs = [run for run in instance.get_runs() if concerns(run, slug)]
    busy = [run for run in runs if run.status in UNFINISHED]
    if busy:
        raise Problem(f"the run {busy[0].run_id[:8]} is still going on", where=slug,
                      fix="Wait for it, or stop it in the UI; then take down again")
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
    """Whether a run is of the language, alone or among others."""
    return run.tags.get("language") == slug or any(key.path[0] == slug for key in run.asset_selection or ())


def databases(home: Path) -> list[Path]:
    """The SQLite files of the instance."""
    return sorted(path for folder in ("history", "runs", "schedules", "storage")
                  for path in (home / folder).rglob("*.db"))


def overwrite_freed(path: Path) -> None:
    """Write a SQLite file anew, without what was deleted from it, and empty its write-ahead log.

    Raises:
        Problem: something else is using it.
    """
    try:
        with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as connection:
            connection.execute("VACUUM")
            connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    except sqlite3.OperationalError as error:
        raise Problem(f"{error}", where=str(path), fix="Stop the UI (`make ui`) and take down again") from None


def main(arguments: list[str]) -> int:
    """Clean the history of the language in ``arguments``; returns the exit code."""
    try:
        project = find_project()
        language = find_language(project.languages, arguments[0])
        home = Path(os.environ.setdefault("DAGSTER_HOME", str(project.home)))
        log, changed, runs = log_of(project.artifacts, language.code), 0, 0
        wanted = Wanted.read("" if sys.stdin.isatty() else sys.stdin.read())
        if any((home / folder).is_dir() for folder in ("history", "storage")) or has_database(home):
            from dagster import DagsterInstance

            with DagsterInstance.get() as instance:
                changed, runs = forget(instance, language.slug, language.code, wanted)
        forget_told(home, language.slug)  # the next run shows again what is left of tables and pictures
        if log.is_file():
            redact_log(log, wanted)
    except Exception as error:
        say(f"error: {as_problem(error, 'history')}", err=True)
        return 2
    say(f"{arguments[0]}: {changed} records cleaned; its {runs} runs stay")
    return 0


def has_database(home: Path) -> bool:
    """Whether ``dagster.yaml`` keeps the history elsewhere than in SQLite files below ``home``."""
    path = home / "dagster.yaml"
    return path.is_file() and any(line.startswith(("storage:", "run_storage:", "event_log_storage:"))
                                  for line in path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
