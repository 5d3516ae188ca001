"""Convert a stage's report to Dagster metadata: numbers for plots, pictures, and a link to everything else.

Text in samples may come from anywhere, so all of it is escaped for the UI's markdown.
"""

from __future__ import annotations

import base64
import itertools
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dagster import MetadataValue

from vernacular.core.report import Report
from vernacular.core.store import Artifact

MOST_NUMBERS, MOST_ROWS, MOST_LETTERS = 12, 12, 160
MOST_PICTURE_BYTES = 72_000  # base64 adds a third: stays below 100 kB
IN_PLACE = 1_000  # characters of markdown; beyond that the UI shows a link to a dialog, which has room for wide tables
EVERYTHING = "all numbers, pictures, samples"  # may contain text of documents; a takedown empties it
_ESCAPES = str.maketrans({mark: f"\\{mark}" for mark in "\\`*_[]<>|~$&#!"})
_LINK = re.compile(r"(?i)(https?:|www|@)")


def escape(value: Any, most: int = MOST_LETTERS) -> str:
    """Escape ``value`` for markdown on one line: no HTML, links or table cells."""
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        return f"{value:.4g}"
    text = " ".join("".join(sign if sign.isprintable() else " " for sign in str(value)).split())
    text = text if len(text) <= most else text[: most - 1] + "…"
    return _LINK.sub("\\1\u2060", text.translate(_ESCAPES))  # a word joiner stops the UI from linking addresses


def table(rows: Sequence[Mapping[str, Any]], most: int = MOST_ROWS) -> str:
    """Return ``plain_table``, lengthened by empty lines so that the UI uses a dialog; inline it would be cut off."""
    return plain_table(rows, most).ljust(IN_PLACE, "\n")


def plain_table(rows: Sequence[Mapping[str, Any]], most: int = MOST_ROWS) -> str:
    """Return a markdown table of the first ``rows``, with columns in order of first appearance."""
    columns = list(dict.fromkeys(name for row in rows for name in row))
    cells = [[escape(name) for name in columns],
             *([escape(row.get(name, "")) for name in columns] for row in rows[:most])]
    lines = ["| " + " | ".join(row) + " |" for row in cells]
    lines.insert(1, "|" + " --- |" * len(columns))
    if len(rows) > most:
        lines.append(f"\n{len(rows) - most} more rows in the artifact folder.")
    return "\n".join(lines)


def picture_file(artifact: Artifact, file: str) -> Path | None:
    """Return the ``file`` of an artifact; None if it is missing or outside of its folder."""
    path = (artifact.folder / file).resolve()
    return path if path.is_relative_to(artifact.folder.resolve()) and path.is_file() else None


@dataclass(frozen=True)
class Address:
    """URLs of a picture on the UI's server: ``small``, for inline display, and ``full``."""

    small: str
    full: str


def picture(artifact: Artifact, title: str, file: str) -> str:
    """Return the PNG ``file`` of an artifact as inline markdown, or its path if it is too large."""
    path = picture_file(artifact, file)
    if path is None:
        return f"{escape(file)} is not in the artifact folder"
    data = path.read_bytes()
    if len(data) > MOST_PICTURE_BYTES:
        return f"Too large to show here: {escape(path)}"
    return f"![{escape(title)}](data:image/png;base64,{base64.b64encode(data).decode()})"


def metadata_of(artifact: Artifact, *, reused: bool, declared: Sequence[str],
                address: Callable[[str], Address | None] = lambda file: None) -> dict[str, Any]:
    """Return the UI metadata of a finished artifact, in display order.

    First the most important numbers, then pictures, then an entry with everything behind a link,
    where tables and pictures have the width of the window.

    Args:
        artifact: whose report is shown.
        reused: whether it existed already.
        declared: the gates shown as asset checks; others go into a table.
        address: returns the URLs of a picture on the UI's server, by file name; None embeds it in
            the markdown.
    """
    report: Report = artifact.manifest.report
    shown: dict[str, Any] = {}
    if report.remarks:
        shown["what gains little"] = MetadataValue.md("\n".join(f"- {escape(str(remark), 1000)}"
                                                                for remark in report.remarks))
    shown |= {name.replace("_", " "): rounded(value)  # the UI can wrap a name with spaces
              for name, value in first_numbers(report).items()}
    pictures: dict[str, str] = {}
    for title, file in report.plots.items():
        where = address(file)
        if where is not None:
            pictures[title] = f"![{escape(title)}]({where.full})"
        shown[f"plot: {title}"] = MetadataValue.md(f"![{escape(title)}]({where.small})" if where is not None else
                                                   picture(artifact, title, file))
    everything = _everything(report, pictures, declared)
    if everything:
        shown[EVERYTHING] = MetadataValue.md(everything.ljust(IN_PLACE, "\n"))
    rows = next((report.counts[name].value for name in ("documents", "rows") if name in report.counts), None)
    if rows is not None:
        shown["dagster/row_count"] = int(rows)
    return shown | {
        "reused": reused, "seconds": artifact.manifest.seconds, "bytes": sum(artifact.manifest.files.values()),
        "key": artifact.manifest.key, "path": MetadataValue.path(str(artifact.folder))}


def _everything(report: Report, pictures: Mapping[str, str], declared: Sequence[str]) -> str:
    """Return all numbers with meanings, pictures, samples, and gates without checks; empty if there are none."""
    others = [gate.model_dump(exclude_none=True) for gate in report.gates if gate.name not in declared]
    parts = {"Numbers": table_of_counts(report) if report.counts else "", **pictures,
             **{name: plain_table(rows) for name, rows in report.samples.items() if rows},
             "Further gates": plain_table(others) if others else ""}
    return "\n\n".join(f"### {escape(title)}\n\n{part}" for title, part in parts.items() if part)


def first_numbers(report: Report) -> dict[str, float | int]:
    """Return at most ``MOST_NUMBERS`` counts of a report by name, preferring nonzero ones.

    They are in report order, most important first.
    """
    counts = {name: count.value for name, count in report.counts.items()}
    if len(counts) > MOST_NUMBERS:
        counts = {name: value for name, value in counts.items() if value}
    return dict(itertools.islice(counts.items(), MOST_NUMBERS))


def rounded(value: float | int) -> float | int:
    """Round fractional values to five significant digits, since the UI shows every digit."""
    return value if isinstance(value, int) else float(f"{value:.5g}")


def table_of_counts(report: Report) -> str:
    """Return a row per number: value, unit and meaning."""
    lines = ["| number | value | meaning |", "| --- | ---: | --- |"]
    lines += [f"| {escape(name)} | {escape(count.value)} {escape(count.unit)} | {escape(count.meaning)} |"
              for name, count in report.counts.items()]
    return "\n".join(lines)
