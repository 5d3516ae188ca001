"""The only asset of a broken language folder: it shows the error, red, and cannot be materialized.

A failed check makes it red, since an asset without checks looks as if it was never run. The check
result is recorded without a run when the folder is found broken; its button in the UI checks the
folder again.
"""

# No `from __future__ import annotations` here: Dagster rejects the type of `context` as a string.
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
AGAIN = "Then click “Reload definitions” at the top right of the lineage, or run `vernacular reload`."


def key_of(slug: str) -> AssetKey:
    """Return the asset key of a broken folder."""
    return AssetKey([slug, "config_error"])


def build_config_error(slug: str, problem: Problem) -> AssetSpec:
    """Return the asset ``[slug, "config_error"]``; its description states the problem, the place and the fix."""
    what, where, fix = (escape(part, MOST_LETTERS) for part in (problem.what, problem.where, problem.fix))
    return AssetSpec(
        key=key_of(slug), group_name=f"{slug}/config_error", tags={"language": slug}, kinds={"error"},
        description=f"**{what}**\n\nWhere: {where}\n\nFix: {fix}\n\nNothing of this language can run before that. "
                    f"{AGAIN}")


def build_check(slug: str, look: Callable[[], Problem | None]) -> AssetChecksDefinition:
    """Return the check of that asset."""
    @asset_check(asset=key_of(slug), name=CHECK, description="The language folder can be loaded.")
    def check(context: AssetCheckExecutionContext) -> AssetCheckResult:
        problem = look()
        if problem is None:
            return AssetCheckResult(passed=True, description=f"the folder is valid now. {AGAIN}")
        return AssetCheckResult(passed=False, severity=AssetCheckSeverity.ERROR, description=str(problem))

    return check


def red(slug: str, problem: Problem) -> AssetCheckEvaluation:
    """Return the check result recorded when a folder is found broken."""
    return AssetCheckEvaluation(asset_key=key_of(slug), check_name=CHECK, passed=False, metadata={},
                                severity=AssetCheckSeverity.ERROR, description=str(problem))
