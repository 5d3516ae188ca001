"""The inbox: a folder that people drop files into. What cannot be read is set aside and reported; the rest goes in."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from itertools import chain
from pathlib import PurePosixPath

from vernacular.config.sources import InboxSource
from vernacular.core import clock
from vernacular.core.errors import Problem, as_problem, is_system_error
from vernacular.core.files import File, Folder
from vernacular.provenance.suppression_list import gone
from vernacular.sources import Place
from vernacular.sources.extracts import Extracts
from vernacular.sources.files import Files
from vernacular.sources.formats import Text

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".opdownload", ".filepart", ".swp")
_NOT_TEXT = {"thumbs.db", "desktop.ini"}  # what systems leave in folders
# What the system says of a file, and not of the disk: no permission, gone meanwhile, a link in a circle.
_OF_THE_FILE = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
_QUIET = 1.0  # seconds for which a file has to stay as it is before it counts as whole


class Inbox(Files):
    """The files in a folder and its sub-folders.

    Args:
        settings: the entry of language.yaml.
        place: of the language folder.
    """

    settings: InboxSource

    def __init__(self, settings: InboxSource, place: Place) -> None:
        self.folder = place.folder / settings.folder
        self._inside = Folder(place.folder, "", place.folder.name).folder(settings.folder)
        super().__init__(settings, place, f"{place.folder.name}/{settings.folder}".rstrip("/"))

    def located(self) -> list[tuple[str, File]]:
        """The files that are whole: hidden files, files being copied and what systems leave in folders are left out.

        A folder that is not there is an empty inbox.

        Raises:
            Problem: the language folder is not there, or the inbox is a link.
        """
        found, fresh = [], []
        files = self._inside.list_files(on_error=self._not_listed)
        if not self.place.folder.is_dir():  # asked after the walk: it may have been moved away meanwhile
            raise gone(self.place.folder)
        for path, file in files:
            if not _is_text(file.name):
                continue
            try:
                state = file.state()
            except (OSError, Problem) as error:
                self._not_read(error, path)
                continue
            if state is None:  # taken away meanwhile
                continue
            found.append((path, file))
            if clock.now() - state.st_mtime < _QUIET and not self.digests.knows(path, state):
                fresh.append((path, file, state))
        if fresh:
            time.sleep(_QUIET)
            changing = {path for path, file, state in fresh if _changed(file, state)}
            found = [(path, file) for path, file in found if path not in changing]
        return found

    def nothing(self, files: int) -> None:
        """An inbox may be empty."""

    def texts(self, path: str, file: File, extracts: Extracts) -> Iterable[Text]:
        """The texts of one file, all or none; none if it cannot be read, which ``problems`` then says."""
        try:
            texts = iter(super().texts(path, file, extracts))  # all of them were read, or none
            first = next(texts, None)
        except Exception as error:  # whatever a stranger's file sets off: the other files go on, and this is reported
            self._not_read(error, path)
            return []
        if first is None:
            self._set_aside(Problem("there is no text in it", where=f"{self.where}/{path}",
                                    fix="Look whether it is the right file"))
            return []
        return chain([first], texts)

    def _not_listed(self, path: str, error: Exception) -> None:
        """Set a file or folder aside: else what is in there would count as taken away."""
        if isinstance(error, OSError) or _is_text(PurePosixPath(path).name):
            self._not_read(error, path)

    def _not_read(self, error: Exception, path: str) -> None:
        """Set the file aside; what is not its fault (a disk that fails or is full) is raised again."""
        if is_system_error(error) and getattr(error, "errno", None) not in _OF_THE_FILE:
            raise error
        self._set_aside(_unreadable(error, f"{self.where}/{path}"))


def _is_text(name: str) -> bool:
    """Whether a file of this name may hold text, and is whole."""
    return not (name.startswith((".", "~$")) or name.endswith("~") or name.lower().endswith(_UNFINISHED)
                or name.lower() in _NOT_TEXT)


def _unreadable(error: Exception, where: str) -> Problem:
    """Why the file could not be read, in terms of the inbox."""
    if isinstance(error, OSError):
        return Problem(error.strerror or str(error), where=where, fix="Copy the file into the inbox again")
    return as_problem(error, where)


def _changed(file: File, before: os.stat_result) -> bool:
    """Whether ``file`` is still being written: it grew, was touched or went away."""
    now = file.state()
    return now is None or (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)
