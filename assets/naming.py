"""What all assets share: how they are named, whom they belong to, how a failure reads."""

from __future__ import annotations

import copy
import re
from datetime import timedelta

from dagster import AssetKey, Failure, FreshnessPolicy, OpDefinition

from vernacular.config.schema import Language
from vernacular.core.errors import Problem, TransientProblem
from vernacular.pipeline.graph_summary import Outline

PASSING = "may pass by itself"  # metadata of a failure, which the sensor `upkeep` reads
OWNER = re.compile(r"[\w.+-]+@[\w-]+(\.[\w-]+)+|team:\w+", re.ASCII)


def stage_key(language: Language | Outline, stage: str) -> AssetKey:
    """The asset key of a stage by name: ``["nya", "corpus", "clean"]``."""
    return AssetKey([language.slug, *stage.split("/")])


def group_of(language: Outline, stage: str) -> str:
    """The group of a stage: ``nya/corpus``; the selection ``group:"nya/*"`` is everything of a language."""
    return f"{language.slug}/{stage.split('/')[0]}"


def owners_of(language: Outline) -> list[str]:
    """The owner of the folder, if Dagster accepts it as one (an e-mail address or ``team:name``)."""
    return [language.owner] if OWNER.fullmatch(language.owner) else []


def freshness_of(language: Outline, stage: str) -> FreshnessPolicy | None:
    """How old a release may be, or the splits where no model makes one; None for what the folder says nothing of."""
    if language.fail_days is None:
        return None
    last = "release/" if any(each.name.startswith("release/") for each in language.stages) else "corpus/splits"
    if not stage.startswith(last):
        return None
    return FreshnessPolicy.time_window(
        fail_window=timedelta(days=language.fail_days),
        warn_window=None if language.warn_days is None else timedelta(days=language.warn_days))


def failure(problem: Problem) -> Failure:
    """``problem`` as Dagster shows it: one line, and no retry, since a person has to mend it, or time."""
    return Failure(description=str(problem), metadata={PASSING: isinstance(problem, TransientProblem)},
                   allow_retries=False)


def named(op: OpDefinition, key: AssetKey) -> OpDefinition:
    """``op`` under the name that ``key`` gives; everything else is shared."""
    copied = copy.copy(op)
    copied._name = "__".join(key.path)
    return copied
