"""What all pages share: the environment of their templates, cells, pictures, and what is shown of a stage."""

from __future__ import annotations

import base64
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from vernacular.core.report import Gate
from vernacular.core.result import SampleRow
from vernacular.core.store import Artifact
from vernacular.release.markdown import number
from vernacular.reporting.first_screen import clipped

STEPS = {"corpus": "The text", "tokenizer": "Tokens", "alignment": "Translations", "model": "Training",
         "task": "Tasks", "evaluation": "What was measured", "speech": "Speech"}
_LONGEST = 300  # characters of a cell


def environment_of_pages() -> Environment:
    """The environment of templates: everything is escaped, and an unknown name is an error."""
    environment = Environment(loader=PackageLoader("vernacular.release", "templates"), autoescape=True,
                              undefined=StrictUndefined, trim_blocks=True, lstrip_blocks=True)
    environment.filters |= {"number": number, "cell": cell}
    return environment


def cell(value: Any) -> str:
    """A value of a sample's row for reading."""
    if isinstance(value, float):
        return f"{value:,.4g}"
    if isinstance(value, int) and not isinstance(value, bool):
        return f"{value:,}"
    text = "" if value is None else str(value)
    return clipped(text, _LONGEST)


@dataclass(frozen=True)
class Step:
    """What the page shows of a stage."""

    name: str
    of: str
    seconds: float
    gates: list[Gate]
    counts: list[list[str | float]]
    samples: dict[str, list[SampleRow]]
    plots: dict[str, str]


def step_of(name: str, artifact: Artifact) -> Step:
    """A stage with its pictures."""
    report = artifact.manifest.report
    return Step(name, STEPS.get(name.split("/")[0], name), artifact.manifest.seconds, report.gates,
                [[key, count.value, count.unit, count.meaning] for key, count in report.counts.items()],
                {title: rows for title, rows in report.samples.items() if rows},
                {title: picture(artifact.folder / file) for title, file in report.plots.items()
                 if (artifact.folder / file).is_file()})


def picture(path: Path) -> str:
    """A PNG file as an address that holds the picture itself."""
    return "data:image/png;base64," + base64.b64encode(path.read_bytes()).decode()
