"""Names, owners and failures of assets."""

from __future__ import annotations

import re
from datetime import timedelta

from dagster import AssetKey, Failure, FreshnessPolicy, OpDefinition

from vernacular.config.schema import Language
from vernacular.core.errors import Problem, TransientProblem
from vernacular.pipeline.graph_summary import Outline

PASSING = "may pass by itself"  # metadata of a failure, read by the sensor `upkeep`
OWNER = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|team:\w+", re.ASCII)


def stage_key(language: Language | Outline, stage: str) -> AssetKey:
    """Return the asset key of a stage: ``["nya", "corpus", "clean"]``."""
    return AssetKey([language.slug, *stage.split("/")])


def group_of(language: Outline, stage: str) -> str:
    """Return the group of a stage: ``nya/corpus``; the selection ``group:"nya/*"`` is a whole language."""
    return f"{language.slug}/{stage.split('/')[0]}"


def owners_of(language: Outline) -> list[str]:
    """Return the owner of the folder, if Dagster accepts it (an e-mail address or ``team:name``)."""
    return [language.owner] if OWNER.fullmatch(language.owner) else []


def freshness_of(language: Outline, stage: str) -> FreshnessPolicy | None:
    """Return the freshness policy of a release, or of the splits without models; None if not configured."""
    if language.fail_days is None:
        return None
    last = "release/" if any(each.name.startswith("release/") for each in language.stages) else "corpus/splits"
    if not stage.startswith(last):
        return None
    return FreshnessPolicy.time_window(
        fail_window=timedelta(days=language.fail_days),
        warn_window=None if language.warn_days is None else timedelta(days=language.warn_days))


def failure(problem: Problem) -> Failure:
    """Convert ``problem`` to a Dagster failure: one line, no retry, since only a person or time can fix it."""
    return Failure(description=str(problem), metadata={PASSING: isinstance(problem, TransientProblem)},
                   allow_retries=False)


def named(op: OpDefinition, key: AssetKey) -> OpDefinition:
    """Return a copy of ``op`` with the name from ``key``: five times as fast as building it from its function."""
    return op.with_replaced_properties("__".join(key.path))
