"""Sources inside installed Python packages: found through the package's metadata, never imported."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path
from typing import Any

import re2
import regex

from vernacular.config.expressions import compile_expression
from vernacular.config.sources import PackageSource
from vernacular.core.errors import Problem
from vernacular.core.files import File
from vernacular.sources import Place
from vernacular.sources.files import Files, no_text


class PackageFiles(Files):
    """The files of a distribution that match a glob relative to site-packages.

    Args:
        settings: the entry of language.yaml.
        place: where what is remembered of the files is kept.
    """

    settings: PackageSource

    def __init__(self, settings: PackageSource, place: Place) -> None:
        super().__init__(settings, place, f"package {settings.package}")

    def located(self) -> list[tuple[str, File]]:
        """The files that match.

        Raises:
            Problem: the package is not installed, or lists a file outside site-packages.
        """
        package = installed(self.settings.package)
        try:
            pattern = glob_pattern(self.settings.files)
        except ValueError as error:
            raise Problem(f"the glob {self.settings.files} cannot be used: {error}", where=self.where,
                          fix="Correct `files:`") from None
        found = []
        for entry in package.files or []:
            path = entry.as_posix()
            if pattern.fullmatch(path.encode("utf-8", "replace").decode("utf-8")) and ".." not in entry.parts:
                file = file_of(package, path, f"{self.where}/{path}")
                if file.exists():
                    found.append((path, file))
        return sorted(found, key=lambda one: one[0])

    def nothing(self, files: int) -> None:
        """Raise a Problem that says what was looked for."""
        raise no_text(self.settings.files, files, self.where)


def installed(name: str) -> Distribution:
    """The installed distribution ``name``.

    Raises:
        Problem: it is not installed.
    """
    try:
        return distribution(name)
    except (PackageNotFoundError, ValueError):
        raise Problem(f"the Python package {name} is not installed", where=f"package {name}",
                      fix=f"Run `pip install -c constraints.txt {name}`") from None


def file_of(package: Distribution, path: str, shown: str) -> File:
    """The file ``path`` of an installed package, whose installer may have put links there, but not out of its folder.

    Raises:
        Problem: it lies outside site-packages.
    """
    root, file = (Path(str(package.locate_file(name))).resolve() for name in ("", path))
    if not file.is_relative_to(root):
        raise Problem("the file lies outside site-packages, through a link or ..", where=shown,
                      fix="Install the package anew, with `pip install --force-reinstall`")
    return File(root, file.relative_to(root).as_posix(), shown)


def glob_pattern(glob: str) -> Any:
    """``glob`` as an expression of RE2 for a whole path: ``*``, ``?``, ``[1-5]`` stay in a folder, ``**/`` spans some.

    Raises:
        ValueError: it is too long, or no glob.
    """
    translated = ""
    for part in regex.split(r"(\*\*/|\*|\?|\[!?[\w-]+\])", glob):
        if part.startswith("[") and len(part) > 2:
            translated += part.replace("[!", "[^/", 1)
        else:
            translated += {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}.get(part) or re2.escape(part)
    return compile_expression(translated)
