"""Where a project lives: its language folders, its artifacts, and the folder that Dagster keeps its history in.

Environment variables override the defaults, so that a cluster or a test can put each elsewhere. Opens no
language folder.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vernacular.core.errors import Problem
from vernacular.core.shipped import CHECKOUT


@dataclass(frozen=True)
class Project:
    """The folders of a project.

    Attributes:
        home: its folder, such as the checkout; ``DAGSTER_HOME`` unless that is set.
        languages: one folder per language (``VERNACULAR_LANGUAGES``).
        artifacts: the root of the store (``VERNACULAR_ROOT``).
    """

    home: Path
    languages: Path
    artifacts: Path


def find_project(start: Path | None = None) -> Project:
    """The project around ``start`` (the current folder): the nearest folder upwards that holds ``languages/``.

    Outside of any project, the checkout that this package is in, or where ``VERNACULAR_LANGUAGES`` says.

    Raises:
        Problem: there is none.
    """
    start = (start or Path.cwd()).resolve()
    home = next((folder for folder in (start, *start.parents) if (folder / "languages").is_dir()), CHECKOUT)
    if home == CHECKOUT and not (home / "languages").is_dir() and not os.environ.get("VERNACULAR_LANGUAGES"):
        raise Problem("this folder is in no project: neither it nor one above it holds languages/", where=str(start),
                      fix="`vernacular init DIR` makes a project; go there")
    return Project(
        home=home,
        languages=Path(os.environ.get("VERNACULAR_LANGUAGES") or home / "languages").resolve(),
        artifacts=Path(os.environ.get("VERNACULAR_ROOT") or home / "artifacts").resolve())


def chosen_model(code: str) -> str | None:
    """The one model of ``code`` that ``VERNACULAR_MODELS`` ("nya:smollm2,zh-Hant:mini") selects, if any."""
    for part in os.environ.get("VERNACULAR_MODELS", "").split(","):
        language, _, model = part.strip().partition(":")
        if language == code and model:
            return model
    return None
