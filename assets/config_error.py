"""The one asset of a language folder that cannot be loaded: it shows what is wrong, red, and cannot be materialized.

A check makes it red: an asset that has none looks like one that was never run. Its result is noted without a run, when
the folder is found broken; its button in the UI looks at the folder again.
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` and refuses it as a string.
from collections.abc import Callable

from dagster import (
    AssetCheckEvaluation,
    AssetCheckExecutionContext,
    AssetCheckResult,
    AssetChecksDefinition,
    AssetCheckSeverity,
    AssetKey,
    AssetSpec,
    asset_check,
)

from assets.metadata import escape
from vernacular.core.errors import Problem

MOST_LETTERS = 2_000  # of each part of the message
CHECK = "folder_can_be_used"
AGAIN = "Then: “Reload definitions” at the top right of the lineage, or `vernacular reload`."


def key_of(slug: str) -> AssetKey:
    """The key of the asset that stands for a broken folder."""
    return AssetKey([slug, "config_error"])


def build_config_error(slug: str, problem: Problem) -> AssetSpec:
    """The asset ``[slug, "config_error"]``; what is wrong stands first in its description, then where, then the fix."""
    what, where, fix = (escape(part, MOST_LETTERS) for part in (problem.what, problem.where, problem.fix))
    return AssetSpec(
        key=key_of(slug), group_name=f"{slug}/config_error", tags={"language": slug}, kinds={"error"},
        description=f"**{what}**\n\nWhere: {where}\n\nFix: {fix}\n\nNothing of this language can be run before. "
                    f"{AGAIN}")


def build_check(slug: str, look: Callable[[], Problem | None]) -> AssetChecksDefinition:
    """The check of that asset.

    Args:
        slug: of the language.
        look: what is wrong with the folder now; None if it can be used.
    """
    @asset_check(asset=key_of(slug), name=CHECK, description="The language folder can be loaded.")
    def check(context: AssetCheckExecutionContext) -> AssetCheckResult:
        problem = look()
        if problem is None:
            return AssetCheckResult(passed=True, description=f"the folder can be used now. {AGAIN}")
        return AssetCheckResult(passed=False, severity=AssetCheckSeverity.ERROR, description=str(problem))

    return check


def red(slug: str, problem: Problem) -> AssetCheckEvaluation:
    """The result of the check that a broken folder has as soon as it is found."""
    return AssetCheckEvaluation(asset_key=key_of(slug), check_name=CHECK, passed=False, metadata={},
                                severity=AssetCheckSeverity.ERROR, description=str(problem))
