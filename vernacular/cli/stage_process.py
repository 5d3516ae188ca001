"""One stage in a process of its own: what ``vernacular stage`` does, and what it tells the launcher that started it.

A small file tells the launcher the key of the artifact, or the problem. Progress goes to stdout, line by line.
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
from vernacular.config.load import find_language
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
    """Run the stage ``name`` of the language ``code`` and write to ``outcome`` how it went.

    Whatever else goes wrong is written there as a problem too, with the traceback in the orchestrator's log: a person
    who waits for the run is to see one line.

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
            said = {"what": problem.what, "where": problem.where, "fix": problem.fix}
            write_atomically(outcome, json.dumps({"problem": said, "passing": isinstance(problem, TransientProblem)}))
            raise problem from error
    if outcome is not None:
        write_atomically(outcome, json.dumps({"key": artifact.manifest.key}))
    return artifact


def further() -> bool:
    """Whether this process is one of several that torchrun started, and not the first."""
    return int(os.environ.get("RANK", "0")) > 0


def assist_one(project: Project, code: str, name: str, model: str | None) -> None:
    """Take part in the stage that the first of the processes runs."""
    stage, language = _find(project, code, name, model)
    assist(stage, language, Store(project.artifacts))


def _find(project: Project, code: str, name: str, model: str | None) -> tuple[Stage, Language]:
    language = find_language(project.languages, code)
    if model is not None and model not in language.models:
        raise Problem(f"there is no model '{model}'", where=f"{code} models",
                      fix=f"Choose one of: {', '.join(sorted(language.models))}")
    stages = stages_of(language, model)
    if name not in stages:
        raise Problem(f"there is no stage '{name}'", where=code, fix=f"The stages are: {', '.join(stages)}")
    return stages[name], language


def _find_and_run(project: Project, code: str, name: str, model: str | None) -> Artifact:
    stage, language = _find(project, code, name, model)

    def progress(line: str) -> None:
        say(f"{code} {name}: {line}")

    return run_stage(stage, language, Store(project.artifacts), progress)


@contextlib.contextmanager
def _orchestrated() -> Iterator[Callable[[str], None]]:
    """Where Dagster started this process, greet it, and stop when it is gone: an orphan would hold the stage's lock."""
    if "DAGSTER_PIPES_CONTEXT" not in os.environ:
        yield lambda text: None
        return
    from dagster_pipes import open_dagster_pipes

    interrupt_when_alone()
    interrupted: KeyboardInterrupt | None = None
    with open_dagster_pipes() as pipes:
        try:
            yield lambda text: pipes.log.error(text)
        except KeyboardInterrupt as error:  # Dagster, which has sent it, would show it with a traceback
            interrupted = error
    if interrupted is not None:
        raise interrupted
