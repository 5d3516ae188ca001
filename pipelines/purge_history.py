"""``python -m pipelines.purge_history CODE``: remove the texts of a takedown from Dagster's history.

The texts to remove come on standard input, from ``vernacular.corpus.takedown``. Metadata of
materializations contains samples of text, and messages and logs may quote it: these are cleaned,
and the runs are kept. Freed pages of SQLite files are overwritten. Uses the instance in
``DAGSTER_HOME`` (default: the project's folder).
"""

from __future__ import annotations

import os
import sys
from pathlib import Path

from pipelines.output import log_of
from pipelines.redact import Wanted, redact_log
from pipelines.up_to_date import forget_reported
from vernacular.config.load import find_language
from vernacular.core.entry_point import EntryPoint
from vernacular.core.errors import as_problem
from vernacular.core.project import find_project
from vernacular.core.terminal import guard_streams, say

clean_history: EntryPoint[tuple[int, int]] = EntryPoint("pipelines.history_records:clean_history")  # imports Dagster


def main(arguments: list[str]) -> int:
    """Clean the history of the language in ``arguments``; return the exit code."""
    try:
        project = find_project()
        language = find_language(project.languages, arguments[0])
        home = Path(os.environ.setdefault("DAGSTER_HOME", str(project.home)))
        log, changed, runs = log_of(project.artifacts, language.code), 0, 0
        wanted = Wanted.read("" if sys.stdin.isatty() else sys.stdin.read())
        if any((home / folder).is_dir() for folder in ("history", "storage")) or has_database(home):
            changed, runs = clean_history(language.slug, language.code, wanted)
        forget_reported(home, language.slug)  # the next run shows remaining tables and pictures again
        if log.is_file():
            redact_log(log, wanted)
    except Exception as error:
        say(f"error: {as_problem(error, 'history')}", err=True)
        return 2
    say(f"{arguments[0]}: {changed} records cleaned; its {runs} runs are kept")
    return 0


def has_database(home: Path) -> bool:
    """Whether ``dagster.yaml`` stores the history outside of SQLite files below ``home``."""
    path = home / "dagster.yaml"
    return path.is_file() and any(line.startswith(("storage:", "run_storage:", "event_log_storage:"))
                                  for line in path.read_text(encoding="utf-8").splitlines())


if __name__ == "__main__":
    guard_streams()
    sys.exit(main(sys.argv[1:]))
