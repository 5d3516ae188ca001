"""The folder that Dagster keeps its history in, with this project's settings for it.

A folder without a ``dagster.yaml`` would have Dagster's own: numbers about each run are sent to its makers, and neither
the limit of one run a language nor that of one training holds.
"""

from __future__ import annotations

import os
from pathlib import Path

from vernacular.core.project import Project
from vernacular.core.shipped import shipped
from vernacular.core.store import write_atomically

FILE = "dagster.yaml"
WORKSPACE = "workspace.yaml"


def use_home(project: Project) -> Path:
    """``DAGSTER_HOME``, set to the project's folder if it is not; where it has no settings it gets ours.

    Raises:
        Problem: it has none, and neither has this installation.
    """
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(project.home)))
    if not (home / FILE).exists():
        home.mkdir(parents=True, exist_ok=True)
        write_atomically(home / FILE, shipped(FILE).read_text(encoding="utf-8"))
    return home


def workspace_of(project: Project) -> Path:
    """The ``workspace.yaml`` of a project, which says what Dagster loads; one without it gets ours. Raises Problem."""
    file = project.home / WORKSPACE
    if not file.exists():
        write_atomically(file, shipped(WORKSPACE).read_text(encoding="utf-8"))
    return file
