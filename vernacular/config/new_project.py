"""Create a project: ``languages/``, Dagster settings, Makefile, README, .gitignore."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from vernacular.config.load import DEFAULTS, folders_of
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.shipped import shipped

_TEMPLATES = Path(__file__).resolve().parent / "project_template"
_GENERATED = ("languages/language.schema.json", "languages/behaviour.schema.json")
_COPIED = (f"languages/{DEFAULTS}", *_GENERATED, "dagster.yaml", "workspace.yaml")
_FILLED = {"Makefile": "Makefile", "README.md": "README.md", "gitignore": ".gitignore"}
_NO_MATTER = {".git", ".DS_Store"}
_MOST_NAMED = 8
_VARIABLE = re.compile(r"\$(command|name)\b")


@dataclass(frozen=True)
class NewProject:
    """The result of ``plan_project``."""

    folder: Path  # the project's folder
    files: dict[str, bytes]  # content of the project, by path in the folder
    replaced: list[str]  # existing files with other content, except generated editor schemas
    others: list[str]  # other entries of the folder
    begun: bool  # whether it is a project already


def plan_project(folder: Path, command: Path) -> NewProject:
    """Plan the project in ``folder``; nothing is written.

    Args:
        folder: may be absent, empty, or contain other things.
        command: path of the command ``vernacular``, for the Makefile.

    Raises:
        Problem: ``folder`` is a file, or this installation is incomplete.
    """
    if folder.exists() and not folder.is_dir():
        raise Problem("this is a file, not a folder", where=str(folder), fix="Name a new folder",
                      code=Code.CONFIG_FILE)
    values = {"name": folder.name, "command": shlex.quote(str(command)).replace("$", "$$")}
    files = {name: shipped(name).read_bytes() for name in _COPIED}
    for source, name in _FILLED.items():
        text = (_TEMPLATES / source).read_text(encoding="utf-8")
        files[name] = _VARIABLE.sub(lambda found: values[found[1]], text).encode()
    languages = folder / "languages"
    if languages.is_dir() and folders_of(languages) and not (languages / DEFAULTS).exists():
        del files[f"languages/{DEFAULTS}"]  # it would change the results of existing languages
    replaced = [name for name, data in files.items() if name not in _GENERATED and _differs(folder / name, data)]
    own = {name.split("/")[0] for name in files}
    others = sorted(path.name for path in folder.iterdir() if path.name not in own | _NO_MATTER) \
        if folder.is_dir() else []
    return NewProject(folder, files, replaced, others, languages.is_dir())


def write_project(project: NewProject, force: bool = False) -> list[str]:
    """Write the files that are missing or differ; return their paths.

    An existing project gets only what it lacks.

    Args:
        project: from ``plan_project``.
        force: write even if the folder contains other things, and replace files that differ.

    Raises:
        Problem: without ``force``, if there is no project yet and a file would be replaced or the
            folder contains other things.
    """
    kept = set(project.replaced) if project.begun and not force else set()
    if not force and not project.begun and project.replaced:
        raise Problem(f"{_listed(project.replaced)} would be replaced", where=str(project.folder),
                      fix="Name a new folder, or replace them with --force", code=Code.CONFIG_FILE)
    if not force and not project.begun and project.others:
        raise Problem(f"the folder contains other files: {_listed(project.others)}", where=str(project.folder),
                      fix="Name a new folder, or write into this one with --force; nothing would be replaced",
                      code=Code.CONFIG_FILE)
    written = []
    for name, data in project.files.items():
        path = project.folder / name
        if name not in kept and _differs(path, data, absent=True):
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # never write through a link
            path.write_bytes(data)
            written.append(name)
    return written


def _differs(path: Path, data: bytes, absent: bool = False) -> bool:
    """Whether ``path`` has other content than ``data``; ``absent``: or does not exist."""
    if not path.exists() and not path.is_symlink():
        return absent
    return not (path.is_file() and path.read_bytes() == data)


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
