"""Run one stage in this process for ``vernacular stage``, and report the outcome to the launcher.

A small file contains the artifact's key or the problem. Progress goes to stdout, line by line.
"""

from __future__ import annotations

import contextlib
import json
import os
import traceback
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from vernacular.catalog import stages_of
from vernacular.cli.common import check_model
from vernacular.config.load import find_language
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, TransientProblem, as_problem
from vernacular.core.project import Project
from vernacular.core.store import Artifact, Store, write_atomically
from vernacular.core.terminal import say
from vernacular.pipeline.parent_process import interrupt_when_alone
from vernacular.pipeline.stage import assist, run_stage

if TYPE_CHECKING:
    from vernacular.config.schema import Language
    from vernacular.pipeline.stage import Stage


def run_one(project: Project, code: str, name: str, model: str | None, outcome: Path | None) -> Artifact:
    """Run the stage ``name`` of the language ``code`` and write the outcome to ``outcome``.

    Unexpected errors are written as problems too, with the traceback in the orchestrator's log, so
    that the user sees one line.

    Raises:
        Problem: as written to ``outcome``.
    """
    with _orchestrated() as log:
        try:
            artifact = _find_and_run(project, code, name, model)
        except Exception as error:
            if outcome is None:
                raise
            if not isinstance(error, Problem):
                log(traceback.format_exc())
            problem = as_problem(error, f"{code} {name}")
            parts = {"what": problem.what, "where": problem.where, "fix": problem.fix, "code": problem.code}
            write_atomically(outcome, json.dumps({"problem": parts, "passing": isinstance(problem, TransientProblem)}))
            raise problem from error
    if outcome is not None:
        write_atomically(outcome, json.dumps({"key": artifact.manifest.key}))
    return artifact


def is_worker_process() -> bool:
    """Whether this process was started by torchrun and is not the first one."""
    return int(os.environ.get("RANK", "0")) > 0


def assist_one(project: Project, code: str, name: str, model: str | None) -> None:
    """Join the stage that the first process runs."""
    stage, language = _find(project, code, name, model)
    assist(stage, language, Store(project.artifacts))


def _find(project: Project, code: str, name: str, model: str | None) -> tuple[Stage, Language]:
    language = find_language(project.languages, code)
    check_model(language, model)
    stages = stages_of(language, model)
    if name not in stages:
        raise Problem(f"there is no stage '{name}'", where=code, fix=f"The stages are: {', '.join(stages)}",
                      code=Code.COMMAND_NAME)
    return stages[name], language


def _find_and_run(project: Project, code: str, name: str, model: str | None) -> Artifact:
    stage, language = _find(project, code, name, model)

    def progress(line: str) -> None:
        say(f"{code} {name}: {line}")

    return run_stage(stage, language, Store(project.artifacts), progress)


@contextlib.contextmanager
def _orchestrated() -> Iterator[Callable[[str], None]]:
    """Connect to Dagster if it started this process, and stop when it ends: an orphan would keep the stage locked."""
    if "DAGSTER_PIPES_CONTEXT" not in os.environ:
        yield lambda text: None
        return
    from dagster_pipes import open_dagster_pipes

    interrupt_when_alone()
    interrupted: KeyboardInterrupt | None = None
    with open_dagster_pipes() as pipes:
        try:
            yield lambda text: pipes.log.error(text)
        except KeyboardInterrupt as error:  # Dagster, which sent the interrupt, would print a traceback
            interrupted = error
    if interrupted is not None:
        raise interrupted
