"""A stage's report as Dagster metadata: numbers that become plots, small tables, pictures.

Text in samples comes from anywhere, so all of it is escaped before it meets the UI's markdown.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping, Sequence
from typing import Any

from dagster import MetadataValue

from vernacular.artifacts import Artifact, Report

MOST_ROWS, MOST_LETTERS, MOST_PICTURE_BYTES = 12, 160, 72_000  # base64 adds a third: stays below 100 kB
NARROW = 40  # characters that a table may be wide to be seen whole in the UI's column of values
IN_PLACE = 1_000  # characters of markdown; from here on the UI has a link to a dialog, which shows wide tables whole
_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|~$&#!"})
_LINK = re.compile(r"(?i)(https?:|www|@)")


def escape(value: Any, most: int = MOST_LETTERS) -> str:
    """``value`` as text that markdown shows literally, on one line: no HTML, no links, no table cells.

    Args:
        value: anything.
        most: letters of it that are shown.
    """
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())
    text = text if len(text) <= most else text[: most - 1] + "…"
    return _LINK.sub("\\1\u2060", text.translate(_ESCAPES))  # a word joiner: the UI makes links of bare addresses


def table(rows: Sequence[Mapping[str, Any]], most: int = MOST_ROWS) -> str:
    """A markdown table of ``rows`` (the first few), with the columns in the order in which they first appear.

    A wide one is filled up with empty lines until the UI shows it in a dialog: in place it would be cut on the right.

    Args:
        rows: with names of columns.
        most: rows that are shown.
    """
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[escape(name) for name in columns],
             *([escape(row.get(name, "")) for name in columns] for row in rows[:most])]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    lines.insert(1, "|" + " --- |" * len(columns))
    if len(rows) > most:
        lines.append(f"\n{len(rows) - most} more rows in the artifact folder.")
    text = "\n".join(lines)
    wide = sum(max(map(len, column)) for column in zip(*cells, strict=True)) > NARROW
    return text.ljust(IN_PLACE, "\n") if wide else text


def picture(artifact: Artifact, title: str, file: str) -> str:
    """The PNG ``file`` of an artifact as inline markdown, or where it lies if it is too large for that."""
    path = (artifact.folder / file).resolve()
    if not path.is_relative_to(artifact.folder.resolve()) or not path.is_file():
        return f"{escape(file)} is not in the artifact folder"
    data = path.read_bytes()
    if len(data) > MOST_PICTURE_BYTES:
        return f"Too large to show here: {escape(path)}"
    return f"![{escape(title)}](data:image/png;base64,{base64.b64encode(data).decode()})"


def metadata_of(artifact: Artifact, *, reused: bool, declared: Sequence[str]) -> dict[str, Any]:
    """Everything the UI shows of a finished artifact.

    Args:
        artifact: whose report is shown.
        reused: it was there already and nothing was computed.
        declared: the gates that are shown as asset checks; any other goes into a table.
    """
    report: Report = artifact.manifest.report
    shown: dict[str, Any] = {}
    if report.remarks:
        shown["what gains little"] = MetadataValue.md("\n".join(f"- {escape(str(remark), 1000)}"
                                                                for remark in report.remarks))
    if report.counts:
        shown["what the numbers mean"] = MetadataValue.md(table_of_counts(report))
    shown |= {f"plot: {title}": MetadataValue.md(picture(artifact, title, file))
              for title, file in report.plots.items()}
    shown |= {f"sample: {name}": MetadataValue.md(table(rows)) for name, rows in report.samples.items() if rows}
    shown |= {name: count.value for name, count in report.counts.items()}  # plain numbers: the UI plots them by run
    others = [gate for gate in report.gates if gate.name not in declared]
    if others:
        shown["further gates"] = MetadataValue.md(table([gate.model_dump(exclude_none=True) for gate in others]))
    rows = next((report.counts[name].value for name in ("documents", "rows") if name in report.counts), None)
    if rows is not None:
        shown["dagster/row_count"] = int(rows)
    return shown | {
        "reused": reused, "seconds": artifact.manifest.seconds, "key": artifact.manifest.key,
        "bytes": sum(artifact.manifest.files.values()), "path": MetadataValue.path(str(artifact.folder))}


def table_of_counts(report: Report) -> str:
    """One row per number: its value, unit and meaning."""
    lines = ["| number | value | meaning |", "| --- | ---: | --- |"]
    lines += [f"| {escape(name)} | {escape(count.value)} {escape(count.unit)} | {escape(count.meaning)} |"
              for name, count in report.counts.items()]
    return "\n".join(lines)
