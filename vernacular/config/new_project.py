"""Starting a project of one's own: a folder with ``languages/``, settings of Dagster, Makefile, README, .gitignore."""

from __future__ import annotations

import re
import shlex
from dataclasses import dataclass
from pathlib import Path

from vernacular.errors import Problem
from vernacular.shipped import shipped

_TEMPLATES = Path(__file__).resolve().parent / "project_template"
_COPIED = ("languages/defaults.yaml", "languages/language.schema.json", "languages/behaviour.schema.json",
           "dagster.yaml", "workspace.yaml")
_FILLED = {"Makefile": "Makefile", "README.md": "README.md", "gitignore": ".gitignore"}
_NO_MATTER = {".git", ".DS_Store"}
_MOST_NAMED = 8
_VARIABLE = re.compile(r"\$(command|name)\b")


@dataclass(frozen=True)
class NewProject:
    """What ``plan_project`` found.

    Attributes:
        folder: the project's folder.
        files: what is written, by path in the folder.
        replaced: those that are there already and say something else.
        others: what else the folder holds.
    """

    folder: Path
    files: dict[str, bytes]
    replaced: list[str]
    others: list[str]


def plan_project(folder: Path, command: Path) -> NewProject:
    """What a project in ``folder`` would be made of; nothing is written.

    Args:
        folder: it may be absent, empty, or hold other things.
        command: the file of the command ``vernacular``, which the Makefile names.

    Raises:
        Problem: it is a file, or this installation lacks what is copied.
    """
    if folder.exists() and not folder.is_dir():
        raise Problem("this is a file, not a folder", where=str(folder), fix="Name a new folder")
    values = {"name": folder.name, "command": shlex.quote(str(command)).replace("$", "$$")}
    files = {name: shipped(name).read_bytes() for name in _COPIED}
    for source, name in _FILLED.items():
        text = (_TEMPLATES / source).read_text(encoding="utf-8")
        files[name] = _VARIABLE.sub(lambda found: values[found[1]], text).encode()
    replaced = [name for name, data in files.items() if _differs(folder / name, data)]
    own = {name.split("/")[0] for name in files}
    others = sorted(path.name for path in folder.iterdir() if path.name not in own | _NO_MATTER) \
        if folder.is_dir() else []
    return NewProject(folder, files, replaced, others)


def write_project(project: NewProject, force: bool = False) -> list[str]:
    """Write the files that are not there yet, or differ; returns their paths.

    Args:
        project: from ``plan_project``.
        force: write although the folder holds other things, and replace what differs.

    Raises:
        Problem: without ``force``, something would be replaced, or the folder holds other things.
    """
    if not force and project.replaced:
        raise Problem(f"{_listed(project.replaced)} would be replaced", where=str(project.folder),
                      fix="Name a new folder, or replace them with --force")
    if not force and project.others:
        raise Problem(f"the folder holds other things: {_listed(project.others)}", where=str(project.folder),
                      fix="Name a new folder, or write into this one with --force; nothing would be replaced")
    written = []
    for name, data in project.files.items():
        path = project.folder / name
        if not path.is_file() or path.read_bytes() != data:
            path.parent.mkdir(parents=True, exist_ok=True)
            path.unlink(missing_ok=True)  # not through a link
            path.write_bytes(data)
            written.append(name)
    return written


def _differs(path: Path, data: bytes) -> bool:
    return (path.exists() or path.is_symlink()) and not (path.is_file() and path.read_bytes() == data)


def _listed(names: list[str]) -> str:
    more = len(names) - _MOST_NAMED
    return ", ".join(names[:_MOST_NAMED]) + (f" and {more} more" if more > 0 else "")
