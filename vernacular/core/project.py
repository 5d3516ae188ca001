"""The folders of a project: languages, artifacts, and Dagster's home.

Environment variables override the defaults, for clusters and tests. No language folder is opened
here.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.shipped import CHECKOUT


@dataclass(frozen=True)
class Project:
    """The folders of a project."""

    home: Path  # the project folder, such as the checkout; ``DAGSTER_HOME`` unless that is set
    languages: Path  # one folder per language (``VERNACULAR_LANGUAGES``)
    artifacts: Path  # the root of the store (``VERNACULAR_ROOT``)


def find_project(start: Path | None = None) -> Project:
    """Find the project around ``start`` (default: the current folder): the nearest parent with ``languages/``.

    Outside of any project, use ``VERNACULAR_LANGUAGES`` or the checkout that contains this package.

    Raises:
        Problem: there is none.
    """
    start = (start or Path.cwd()).resolve()
    home = next((folder for folder in (start, *start.parents) if (folder / "languages").is_dir()), CHECKOUT)
    if home == CHECKOUT and not (home / "languages").is_dir() and not os.environ.get("VERNACULAR_LANGUAGES"):
        raise Problem("no project here: neither this folder nor a parent has languages/", where=str(start),
                      fix="Create a project with `vernacular init DIR` and change to it", code=Code.PROJECT_MISSING)
    return Project(
        home=home,
        languages=Path(os.environ.get("VERNACULAR_LANGUAGES") or home / "languages").resolve(),
        artifacts=Path(os.environ.get("VERNACULAR_ROOT") or home / "artifacts").resolve())


def chosen_model(code: str) -> str | None:
    """Return the model that ``VERNACULAR_MODELS`` ("nya:smollm2,zh-Hant:mini") selects for ``code``, if any."""
    for part in os.environ.get("VERNACULAR_MODELS", "").split(","):
        language, _, model = part.strip().partition(":")
        if language == code and model:
            return model
    return None
