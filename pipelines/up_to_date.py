"""Whether a run would compute nothing, found out without Dagster, whose start takes longer than the look at the store.

A run that has nothing to do leaves no trace in Dagster's history. So that the history is complete nevertheless, a file
beside it notes which artifacts it was told of; where it lacks one (made by ``vernacular stage``, or the history was
deleted), Dagster runs and is told.
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
    """What a look at the store found.

    Attributes:
        fresh: the stages that are up to date as far as can be told before others have run.
        checks: the red checks of all stages, in their order, if there is nothing to run and nothing to tell; else None.
    """

    fresh: frozenset[str]
    checks: tuple[FailedCheck, ...] | None


def look(stages: Mapping[str, Stage], language: Language, store: Store, home: Path, progress: Progress) -> Look:
    """Which of ``stages`` are up to date.

    What is due on the network is fetched, as by a run, once nothing else is found to be stale.

    Args:
        stages: by name, in an order in which they can run.
        language: of these stages.
        store: of the artifacts.
        home: of Dagster's history.
        progress: takes a line for everything that is fetched.

    Raises:
        Problem: what is due cannot be fetched.
    """
    told = read_told(home, language.slug)
    found = _look(stages, language, store, told)
    fetching = [stage for stage in stages.values() if stage.prepare is not None]
    if found.checks is None or not fetching:
        return found
    for stage in fetching:
        try:
            prepare(stage, language, store, progress)
        except (Problem, OSError) as error:
            raise as_problem(error, f"{language.code} {stage.name}") from error
    return _look(stages, language, store, told)


def _look(stages: Mapping[str, Stage], language: Language, store: Store, told: Mapping[str, str]) -> Look:
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
        except (Problem, OSError):  # the run finds it again, says it and notes it in the history
            continue
        fresh.add(stage.name)
        nothing_to_tell &= told.get(stage.name) == current.manifest.key
    stops = any(check.blocking for check in checks)
    done = nothing_to_tell and not stops and len(fresh) == len(stages)
    return Look(frozenset(fresh), tuple(checks) if done else None)


def _red(stage: Stage, artifact: Artifact) -> list[FailedCheck]:
    return [FailedCheck(stage.name, spec.name, gate.reason, spec.blocking or gate.blocking)
            for spec, gate in declared_gates(stage, artifact) if not gate.passed]


def read_told(home: Path, slug: str) -> dict[str, str]:
    """Stage -> key of the artifact that the history in ``home`` was last told of; empty where nothing is noted."""
    try:
        noted = json.loads(_file(home, slug).read_text(encoding="utf-8"))
    except (OSError, ValueError):
        return {}
    return noted if isinstance(noted, dict) else {}


def note_told(home: Path, slug: str, keys: Mapping[str, str]) -> None:
    """Note that the history was told of the artifacts ``keys``, by stage."""
    path = _file(home, slug)
    path.parent.mkdir(parents=True, exist_ok=True)
    write_atomically(path, json.dumps({**read_told(home, slug), **keys}, indent=1))


def forget_told(home: Path, slug: str) -> None:
    """The history was told of nothing of the language ``slug``."""
    _file(home, slug).unlink(missing_ok=True)


def _file(home: Path, slug: str) -> Path:
    return home / "history" / f".told-{slug}.json"  # who deletes the history deletes this with it
