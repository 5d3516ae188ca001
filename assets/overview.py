"""The one asset over all languages: a table with a row for each model, made from what there is.

What stands in a row belongs in ``vernacular.release.overview``. It depends on no other asset: a language whose run
failed would keep it from being made.
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` and refuses it as a string.
from collections.abc import Callable
from typing import Any

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.metadata import table
from vernacular.artifacts import Store

KEY = AssetKey(["overview"])


def build_overview(rows: Callable[[Store], list[dict[str, Any]]]) -> AssetsDefinition:
    """The asset ``overview``; ``rows`` gives what it shows when it is made."""
    @asset(key=KEY, group_name=KEY.path[0], kinds={"python"}, required_resource_keys={"store"},
           description="Every language and model: words of text, tokens a word, what was gained on held-out text and "
                       "on tasks, red gates, how new text and release are. Read off the current artifacts; the sensor "
                       "`overview` has it made anew when one has changed.")
    def overview(context: AssetExecutionContext) -> MaterializeResult:
        found = rows(context.resources.store.open())
        return MaterializeResult(metadata={
            "languages": MetadataValue.md(table(found, len(found))), "dagster/row_count": len(found),
            "released": sum(bool(row["release"]) for row in found), "with a red gate": sum(
                bool(row["red"]) for row in found)})

    return overview
