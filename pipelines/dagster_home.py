"""The folder with Dagster's history and this project's settings.

Without a ``dagster.yaml`` Dagster's defaults would apply: telemetry, and no limits of one run per
language and one training at a time.
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
    """Set ``DAGSTER_HOME`` to the project's folder by default, and copy missing settings there.

    Raises:
        Problem: this installation lacks the settings.
    """
    home = Path(os.environ.setdefault("DAGSTER_HOME", str(project.home)))
    if not (home / FILE).exists():
        home.mkdir(parents=True, exist_ok=True)
        write_atomically(home / FILE, shipped(FILE).read_text(encoding="utf-8"))
    return home


def workspace_of(project: Project) -> Path:
    """Return a project's ``workspace.yaml``, which lists what Dagster loads; copy it if missing.

    Raises:
        Problem: this installation lacks it.
    """
    file = project.home / WORKSPACE
    if not file.exists():
        write_atomically(file, shipped(WORKSPACE).read_text(encoding="utf-8"))
    return file
