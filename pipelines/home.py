"""The folder that Dagster keeps its history in, with this project's settings for it.

A folder without a ``dagster.yaml`` would have Dagster's own: numbers about each run are sent to its makers, and neither
the limit of one run a language nor that of one training holds.
"""

from __future__ import annotations

import os
from pathlib import Path

from vernacular.errors import Problem
from vernacular.project import Project

FILE = "dagster.yaml"
SHIPPED = Path(__file__).resolve().parents[1] / FILE


def use_home(project: Project) -> Path:
    """``DAGSTER_HOME``, set to the project's folder if it is not; where it has no settings it gets ours.

    Raises:
        Problem: it has none, and neither has the checkout.
    """
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(project.home)))
    if not (home / FILE).exists():
        if not SHIPPED.is_file():
            raise Problem(f"there is no {FILE}", where=str(home), fix="Copy the one of a checkout of Vernacular there: "
                          "without it Dagster sends what it counts to its makers")
        home.mkdir(parents=True, exist_ok=True)
        part = home / f".{FILE}.{os.getpid()}.part"
        part.write_bytes(SHIPPED.read_bytes())
        part.replace(home / FILE)
    return home
