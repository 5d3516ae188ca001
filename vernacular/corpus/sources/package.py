"""Sources inside installed Python packages: found through the package's metadata, never imported."""

from __future__ import annotations

from importlib.metadata import Distribution, PackageNotFoundError, distribution
from pathlib import Path

import regex

from vernacular.config.sources import PackageSource
from vernacular.corpus.sources import Place
from vernacular.corpus.sources.files import Files, check_file, no_text
from vernacular.errors import Problem


class PackageFiles(Files):
    """The files of a distribution that match a glob relative to site-packages.

    Args:
        settings: the entry of language.yaml.
        place: where what is remembered of the files is kept.
    """

    settings: PackageSource

    def __init__(self, settings: PackageSource, place: Place) -> None:
        super().__init__(settings, place, f"package {settings.package}")

    def located(self) -> list[tuple[str, Path]]:
        """The files that match.

        Raises:
            Problem: the package is not installed, or lists a file outside site-packages.
        """
        package = installed(self.settings.package)
        root = Path(str(package.locate_file(""))).resolve()
        pattern = glob_pattern(self.settings.files)
        found = []
        for entry in package.files or []:
            path = entry.as_posix()
            if pattern.fullmatch(path) and ".." not in entry.parts:
                file = Path(str(package.locate_file(entry)))
                if file.is_file():
                    check_file(file, root, f"{self.where}/{path}")
                    found.append((path, file))
        return sorted(found)

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


def glob_pattern(glob: str) -> regex.Pattern[str]:
    """``glob`` as a pattern for a whole path: ``*``, ``?`` and ``[1-5]`` stay in a folder, ``**/`` spans folders."""
    translated = ""
    for part in regex.split(r"(\*\*/|\*|\?|\[!?[\w-]+\])", glob):
        if part.startswith("[") and len(part) > 2:
            translated += part.replace("[!", "[^/", 1)
        else:
            translated += {"**/": "(?:[^/]+/)*", "*": "[^/]*", "?": "[^/]"}.get(part) or regex.escape(part)
    return regex.compile(translated)
