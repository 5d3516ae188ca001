"""Which languages this process needs: all of them where people look, one where a run works.

A run knows its assets. A process that Dagster starts for a run is handed the run's id, by the code location's server or
on the command line of ``dagster api execute_run``; from there the run is looked up. Where that leads nowhere, all
languages are built, which is slower and no less right.
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

ONLY = "VERNACULAR_ONLY"  # the code of the one language that a command is about


def needed() -> Callable[[str], bool]:
    """Whether this process needs the language of a code."""
    only = os.environ.get(ONLY)
    if only:
        return lambda code: code == only
    slugs = _slugs_of_run()
    if slugs is None:
        return lambda code: True
    return lambda code: slug_of(code) in slugs


def slugs_of(run: DagsterRun) -> set[str] | None:
    """The languages that a run is of, as the first part of asset keys; None if it does not say.

    What is of no language has a key of one part.
    """
    keys = [*(run.asset_selection or ()), *(check.asset_key for check in run.asset_check_selection or ())]
    if keys:
        return {key.path[0] for key in keys if len(key.path) > 1}
    if "language" in run.tags:
        return {run.tags["language"]}
    return {slug_of(code) for code in _configured(run.run_config)} or None


def _configured(config: Mapping[str, Any]) -> Iterator[str]:
    """The ``code`` that each op of a run is given: all that a run without assets, as of ``rebuild``, says of one."""
    for op in (config.get("ops") or {}).values():
        code = ((op or {}).get("config") or {}).get("code")
        if isinstance(code, str) and code:  # not one that is read from the environment of the run
            yield code


def _slugs_of_run() -> set[str] | None:
    for text in _handed_over():
        try:
            asked = deserialize_value(text, (ExecuteExternalJobArgs, ExecuteRunArgs, ExecuteStepArgs))
        except Exception:  # an argument that is something else
            continue
        ref = asked.instance_ref
        with DagsterInstance.from_ref(ref) if ref else DagsterInstance.get() as instance:
            run = instance.get_run_by_id(asked.run_id)
        return None if run is None else slugs_of(run)
    return None


def _handed_over() -> Iterator[str]:
    """What this process was started with, as far as it may name a run."""
    arguments = getattr(multiprocessing.current_process(), "_args", ())  # by the server of a code location
    for text in (*arguments, *(sys.argv[1:] if "api" in sys.argv else ())):
        if isinstance(text, str) and text.startswith("{"):
            yield text
