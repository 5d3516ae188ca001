"""The one asset over all languages: a row for each model, made from what there is.

What is in a row belongs in ``vernacular.reporting.status_table``. It depends on no other asset: a language whose run
failed would keep it from being made.
"""

# No `from __future__ import annotations` here: Dagster reads the type of `context` and refuses it as a string.
from collections.abc import Callable

from dagster import AssetExecutionContext, AssetKey, AssetsDefinition, MaterializeResult, MetadataValue, asset

from assets.metadata import IN_PLACE, escape, rounded, table
from vernacular.core.store import Store
from vernacular.reporting.model_status import ModelStatus

KEY = AssetKey(["overview"])
MOST_LINES = 12  # models that are shown without a click
LINE_LETTERS = 120  # of each value of such a model
DESCRIPTION = ("Every language and model: words of text, tokens a word, what was gained on held-out text and on tasks, "
               "red gates, how new text and release are. Read off the current artifacts; the sensor `overview` has it "
               "made anew when one has changed.")


def build_overview(rows: Callable[[Store], list[ModelStatus]]) -> AssetsDefinition:
    """The asset ``overview``; ``rows`` gives what it shows when it is made."""
    @asset(key=KEY, group_name=KEY.path[0], kinds={"python"}, required_resource_keys={"store"}, description=DESCRIPTION)
    def overview(context: AssetExecutionContext) -> MaterializeResult:
        return MaterializeResult(metadata=overview_metadata(rows(context.resources.store.open())))

    return overview


def overview_metadata(rows: list[ModelStatus]) -> dict[str, MetadataValue | int]:
    """What the UI shows of the overview: the first models a line each, in place, and all of them in a table.

    Args:
        rows: one for each model, of ``vernacular.reporting.status_table``.
    """
    shown: dict[str, MetadataValue | int] = {
        "models": len(rows), "released": sum(bool(row.release) for row in rows),
        "with a red gate": sum(bool(row.red) for row in rows)}
    for row in rows[:MOST_LINES]:
        name = " ".join(filter(None, (row.language, row.model)))
        shown[f"{name}"] = MetadataValue.md(_line(row)[:IN_PLACE - 1])
    shown["languages"] = MetadataValue.md(table([row.cells() for row in rows], len(rows)))
    return shown | {"dagster/row_count": len(rows)}


def _line(row: ModelStatus) -> str:
    """The row as a list, without what is not known of it."""
    return "\n".join(f"- {escape(name)}: {escape(rounded(value) if isinstance(value, float) else value, LINE_LETTERS)}"
                     for name, value in row.cells().items() if name not in ("language", "model") and value != "")
