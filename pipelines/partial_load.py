"""Which languages this process needs: all for the UI, one for a run.

A run knows its assets. A run's process receives the run's id from the code location's server or on
the command line of ``dagster api execute_run``, and looks up the run. If that fails, all languages
are built, which is slower but correct.
"""

from __future__ import annotations

import multiprocessing
import os
import sys
from collections.abc import Callable, Iterator, Mapping
from typing import Any

from dagster import DagsterInstance, DagsterRun, deserialize_value

from assets.dagster_internals import ExecuteExternalJobArgs, ExecuteRunArgs, ExecuteStepArgs
from vernacular.config.codes import slug_of

ONLY = "VERNACULAR_ONLY"  # the language code of a command


def needed() -> Callable[[str], bool]:
    """Return whether this process needs the language of a code."""
    only = os.environ.get(ONLY)
    if only:
        return lambda code: code == only
    slugs = _slugs_of_run()
    if slugs is None:
        return lambda code: True
    return lambda code: slug_of(code) in slugs


def slugs_of(run: DagsterRun) -> set[str] | None:
    """Return the languages of a run, the first part of its asset keys; None if unknown.

    Assets of no language have keys with one part.
    """
    keys = [*(run.asset_selection or ()), *(check.asset_key for check in run.asset_check_selection or ())]
    if keys:
        return {key.path[0] for key in keys if len(key.path) > 1}
    if "language" in run.tags:
        return {run.tags["language"]}
    return {slug_of(code) for code in _configured(run.run_config)} or None


def _configured(config: Mapping[str, Any]) -> Iterator[str]:
    """Yield the ``code`` in the config of each op, which identifies runs without assets such as ``rebuild``."""
    for op in (config.get("ops") or {}).values():
        code = ((op or {}).get("config") or {}).get("code")
        if isinstance(code, str) and code:  # not read from the run's environment
            yield code


def _slugs_of_run() -> set[str] | None:
    for text in _handed_over():
        try:
            asked = deserialize_value(text, (ExecuteExternalJobArgs, ExecuteRunArgs, ExecuteStepArgs))
        except Exception:  # an unrelated argument
            continue
        ref = asked.instance_ref
        with DagsterInstance.from_ref(ref) if ref else DagsterInstance.get() as instance:
            run = instance.get_run_by_id(asked.run_id)
        return None if run is None else slugs_of(run)
    return None


def _handed_over() -> Iterator[str]:
    """Yield the start arguments of this process that may name a run."""
    arguments = getattr(multiprocessing.current_process(), "_args", ())  # from the server of a code location
    for text in (*arguments, *(sys.argv[1:] if "api" in sys.argv else ())):
        if isinstance(text, str) and text.startswith("{"):
            yield text
