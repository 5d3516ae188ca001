"""The one asset of a language folder that cannot be loaded: it shows what is wrong and cannot be materialized."""

from __future__ import annotations

from dagster import AssetKey, AssetSpec

from assets.metadata import escape
from vernacular.errors import Problem

MOST_LETTERS = 2_000  # of each part of the message


def build_config_error(slug: str, problem: Problem) -> AssetSpec:
    """The asset ``[slug, "config_error"]``; what is wrong stands first in its description, then where, then the fix."""
    what, where, fix = (escape(part, MOST_LETTERS) for part in (problem.what, problem.where, problem.fix))
    return AssetSpec(
        key=AssetKey([slug, "config_error"]), group_name=f"{slug}/config_error", tags={"language": slug},
        kinds={"error"},
        description=f"**{what}**\n\nWhere: {where}\n\nFix: {fix}\n\nNothing of this language can be run before. Then: "
                    "“Reload definitions” at the top right of the lineage, or `make reload`.")
