"""Files inside installed Python packages, located by metadata; packages are never imported."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import re2
import regex

from vernacular.config.expressions import compile_expression
from vernacular.config.sources import PackageSource
from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources import Place
from vernacular.sources.files import Files, no_text


class PackageFiles(Files):
    """The files of a distribution that match a pattern relative to site-packages."""

    settings: PackageSource

    def __init__(self, settings: PackageSource, place: Place) -> None:
        super().__init__(settings, place, f"package {settings.package}")

    def located(self) -> list[tuple[str, File]]:
        """Return the matching files."""
        package = installed(self.settings.package)
        try:
            pattern = glob_pattern(self.settings.files)
        except ValueError as error:
            raise Problem(f"the pattern {self.settings.files} is invalid: {error}", where=self.where,
                          fix="Correct `files:`", code=Code.SOURCE_MISSING) from None
        found = []
        for entry in package.files or []:
            path = entry.as_posix()
            if pattern.fullmatch(path.encode("utf-8", "replace").decode("utf-8")) and ".." not in entry.parts:
                file = file_of(package, path, f"{self.where}/{path}")
                if file.exists():
                    found.append((path, file))
        return sorted(found, key=lambda one: one[0])

    def nothing(self, files: int) -> None:
        """Raise a Problem that names the pattern."""
        raise no_text(self.settings.files, files, self.where)


def installed(name: str) -> Distribution:
    """Return the installed distribution ``name``.

    Raises:
        Problem: it is not installed.
    """
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        raise Problem(f"the Python package {name} is not installed", where=f"package {name}",
                      fix=f"Run `pip install -c constraints.txt {name}`", code=Code.SOURCE_MISSING) from None


def file_of(package: Distribution, path: str, shown: str) -> File:
    """Return the file ``path`` of an installed package; links may not leave the package's folder.

    Raises:
        Problem: it is outside site-packages.
    """
    root, file = (Path(str(package.locate_file(name))).resolve() for name in ("", path))
    if not file.is_relative_to(root):
        raise Problem("the file is outside site-packages, through a link or ..", where=shown,
                      fix="Reinstall the package with `pip install --force-reinstall`", code=Code.SOURCE_ACCESS)
    return File(root, file.relative_to(root).as_posix(), shown)


def glob_pattern(glob: str) -> Any:
    """Compile ``glob`` to an RE2 expression for a path: ``*``, ``?``, ``[1-5]`` match in a folder, ``**/`` across.

    Raises:
        ValueError: it is too long, or invalid.
    """
    translated = ""
    for part in regex.split(r"(\*\*/|\*|\?|\[!?[\w-]+\])", glob):
        if part.startswith("[") and len(part) > 2:
            translated += part.replace("[!", "[^/", 1)
        else:
            translated += {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}.get(part) or re2.escape(part)
    return compile_expression(translated)
