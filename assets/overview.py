"""The asset over all languages: a row per model, from the current artifacts.

Rows are computed in ``vernacular.reporting.status_table``. It depends on no other asset, so failed
runs do not block it.
"""

# No `from __future__ import annotations` here: Dagster rejects the type of `context` as a string.
from collections.abc import Callable

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.metadata import IN_PLACE, escape, rounded, table
from vernacular.core.store import Store
from vernacular.reporting.model_status import ModelStatus

KEY = AssetKey(["overview"])
MOST_LINES = 12  # models shown inline
LINE_LETTERS = 120  # of each value of such a model
DESCRIPTION = ("Every language and model: words of text, tokens per word, gains on held-out text and tasks, red "
               "gates, age of text and release. Computed from the current artifacts; the sensor `overview` "
               "updates it when one changes.")


def build_overview(rows: Callable[[Store], list[ModelStatus]]) -> AssetsDefinition:
    """Return the asset ``overview``; ``rows`` returns its content."""
    @asset(key=KEY, group_name=KEY.path[0], kinds={"python"}, required_resource_keys={"store"}, description=DESCRIPTION)
    def overview(context: AssetExecutionContext) -> MaterializeResult:
        return MaterializeResult(metadata=overview_metadata(rows(context.resources.store.open())))

    return overview


def overview_metadata(rows: list[ModelStatus]) -> dict[str, MetadataValue | int]:
    """Return the UI metadata of the overview: the first models inline, one line each, and all in a table."""
    shown: dict[str, MetadataValue | int] = {
        "models": len(rows), "released": sum(bool(row.release) for row in rows),
        "with a red gate": sum(bool(row.red) for row in rows)}
    for row in rows[:MOST_LINES]:
        name = " ".join(filter(None, (row.language, row.model)))
        shown[f"{name}"] = MetadataValue.md(_line(row)[:IN_PLACE - 1])
    shown["languages"] = MetadataValue.md(table([row.cells() for row in rows], len(rows)))
    return shown | {"dagster/row_count": len(rows)}


def _line(row: ModelStatus) -> str:
    """Return the row as a list, without unknown values."""
    return "\n".join(f"- {escape(name)}: {escape(rounded(value) if isinstance(value, float) else value, LINE_LETTERS)}"
                     for name, value in row.cells().items() if name not in ("language", "model") and value != "")
