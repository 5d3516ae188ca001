"""Check without Dagster whether a run would compute nothing, since Dagster takes longer to start than the check.

A run without work leaves no trace in Dagster's history. To keep the history complete, a file beside
it lists the artifacts reported to it; if one is missing (made by ``vernacular stage``, or the
history was deleted), Dagster runs and reports it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from pipelines.messages import FailedCheck
from vernacular.config.schema import Language
from vernacular.core.errors import Problem, as_problem
from vernacular.core.store import Artifact, Store, write_atomically
from vernacular.pipeline.stage import Progress, Stage, declared_gates, inputs_of, key_for, prepare


@dataclass(frozen=True)
class Look:
    """The result of the check.

    Attributes:
        fresh: the stages that are up to date before others have run.
        checks: the failed checks of all stages, in order, if there is nothing to run or report;
            else None.
    """

    fresh: frozenset[str]
    checks: tuple[FailedCheck, ...] | None


def look(stages: Mapping[str, Stage], language: Language, store: Store, home: Path, progress: Progress) -> Look:
    """Return which of ``stages`` are up to date.

    Due sources are fetched, as in a run, if nothing else is stale.

    Raises:
        Problem: due sources cannot be fetched.
    """
    reported = read_reported(home, language.slug)
    found = _look(stages, language, store, reported)
    fetching = [stage for stage in stages.values() if stage.prepare is not None]
    if found.checks is None or not fetching:
        return found
    for stage in fetching:
        try:
            prepare(stage, language, store, progress)
        except (Problem, OSError) as error:
            raise as_problem(error, f"{language.code} {stage.name}") from error
    return _look(stages, language, store, reported)


def _look(stages: Mapping[str, Stage], language: Language, store: Store, reported: Mapping[str, str]) -> Look:
    fresh: set[str] = set()
    checks: list[FailedCheck] = []
    nothing_to_tell = True
    for stage in stages.values():
        if not fresh.issuperset(stage.inputs):
            continue
        try:
            current = store.current(language.code, stage.name)
            inputs = inputs_of(stage, language, store)
            if current is None or key_for(stage, language, inputs, store.root) != current.manifest.key:
                continue
            checks += _red(stage, current)
        except (Problem, OSError):  # the run finds it again and records it in the history
            continue
        fresh.add(stage.name)
        nothing_to_tell &= reported.get(stage.name) == current.manifest.key
    stops = any(check.blocking for check in checks)
    done = nothing_to_tell and not stops and len(fresh) == len(stages)
    return Look(frozenset(fresh), tuple(checks) if done else None)


def _red(stage: Stage, artifact: Artifact) -> list[FailedCheck]:
    return [FailedCheck(stage.name, spec.name, gate.reason, spec.blocking or gate.blocking)
            for spec, gate in declared_gates(stage, artifact) if not gate.passed]


def read_reported(home: Path, slug: str) -> dict[str, str]:
    """Return stage -> key of the artifact last reported to the history in ``home``; empty without a record."""
    try:
        noted = json.loads(_file(home, slug).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def note_reported(home: Path, slug: str, keys: Mapping[str, str]) -> None:
    """Record that the artifacts ``keys`` were reported to the history, by stage."""
    path = _file(home, slug)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({**read_reported(home, slug), **keys}, indent=1))


def forget_reported(home: Path, slug: str) -> None:
    """Delete the record of the language ``slug``."""
    _file(home, slug).unlink(missing_ok=True)


def _file(home: Path, slug: str) -> Path:
    return home / "history" / f".told-{slug}.json"  # deleted together with the history
