"""The one asset of a language folder that cannot be loaded: it shows what is wrong and can never be materialized."""

# No `from __future__ import annotations` here: Dagster reads the type of `context` and refuses it as a string.
from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, asset

from assets.factory import failure
from assets.metadata import escape
from vernacular.errors import Problem


def build_config_error(slug: str, problem: Problem) -> AssetsDefinition:
    """The asset ``[slug, "config_error"]`` with the message of ``problem``."""

    @asset(key=AssetKey([slug, "config_error"]), group_name=f"{slug}/config_error", tags={"language": slug},
           kinds={"error"},
           description=f"**This language folder cannot be used.**\n\n{escape(problem.where)}: {escape(problem.what)}"
                       f"\n\nFix: {escape(problem.fix)}")
    def body(context: AssetExecutionContext) -> None:
        raise failure(problem)

    return body
