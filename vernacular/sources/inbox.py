"""The inbox: a folder for files in any format. Unreadable files are set aside and reported."""

from __future__ import annotations

import errno
import os
import time
from collections.abc import Iterable
from itertools import chain
from pathlib import PurePosixPath

from vernacular.config.sources import InboxSource
from vernacular.core import clock
from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem, is_system_error
from vernacular.core.files import File, Folder
from vernacular.provenance.suppression_list import gone
from vernacular.sources import Place
from vernacular.sources.extracts import Extracts
from vernacular.sources.files import Files
from vernacular.sources.formats import Text

_UNFINISHED = (".part", ".partial", ".tmp", ".temp", ".crdownload", ".download", ".opdownload", ".filepart", ".swp")
_NOT_TEXT = {"thumbs.db", "desktop.ini"}  # files that operating systems create
# Errors about one file, not the disk: no permission, deleted meanwhile, a circular link.
_OF_THE_FILE = {errno.EACCES, errno.EPERM, errno.ENOENT, errno.ENOTDIR, errno.EISDIR, errno.ELOOP, errno.ENAMETOOLONG}
_QUIET = 1.0  # seconds without changes before a file counts as complete


class Inbox(Files):
    """The files in a folder and its subfolders."""

    settings: InboxSource

    def __init__(self, settings: InboxSource, place: Place) -> None:
        self.folder = place.folder / settings.folder
        self._inside = Folder(place.folder, "", place.folder.name).folder(settings.folder)
        super().__init__(settings, place, f"{place.folder.name}/{settings.folder}".rstrip("/"))

    def located(self) -> list[tuple[str, File]]:
        """Return complete files, without hidden files, files still being copied and system files.

        A missing folder is an empty inbox.
        """
        found, fresh = [], []
        files = self._inside.list_files(on_error=self._not_listed)
        if not self.place.folder.is_dir():  # checked after the walk: it may have been moved in the meantime
            raise gone(self.place.folder)
        for path, file in files:
            if not _is_text(file.name):
                continue
            try:
                state = file.state()
            except (OSError, Problem) as error:
                self._not_read(error, path)
                continue
            if state is None:  # deleted in the meantime
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
        """Do nothing: an inbox may be empty."""

    def texts(self, path: str, file: File, extracts: Extracts) -> Iterable[Text]:
        """Return the texts of one file; an unreadable file gives none and is added to ``problems``."""
        try:
            texts = iter(super().texts(path, file, extracts))  # read all texts or none
            first = next(texts, None)
        except Exception as error:  # an unreadable file must not stop the others; it is reported
            self._not_read(error, path)
            return []
        if first is None:
            self._set_aside(Problem("it contains no text", where=f"{self.where}/{path}",
                                    fix="Check that it is the right file", code=Code.DATA_EMPTY))
            return []
        return chain([first], texts)

    def _not_listed(self, path: str, error: Exception) -> None:
        """Set a file or folder aside; otherwise its content would count as deleted."""
        if isinstance(error, OSError) or _is_text(PurePosixPath(path).name):
            self._not_read(error, path)

    def _not_read(self, error: Exception, path: str) -> None:
        """Set the file aside; raise errors that it did not cause (a failing or full disk)."""
        if is_system_error(error) and getattr(error, "errno", None) not in _OF_THE_FILE:
            raise error
        self._set_aside(_unreadable(error, f"{self.where}/{path}"))


def _is_text(name: str) -> bool:
    """Whether a file of this name may contain text and is complete."""
    return not (name.startswith((".", "~$")) or name.endswith("~") or name.lower().endswith(_UNFINISHED)
                or name.lower() in _NOT_TEXT)


def _unreadable(error: Exception, where: str) -> Problem:
    """Explain why the file could not be read."""
    if isinstance(error, OSError):
        return Problem(error.strerror or str(error), where=where, fix="Copy the file into the inbox again",
                       code=Code.SOURCE_ACCESS)
    return as_problem(error, where)


def _changed(file: File, before: os.stat_result) -> bool:
    """Whether ``file`` is still being written: it grew, was touched or disappeared."""
    now = file.state()
    return now is None or (now.st_size, now.st_mtime_ns) != (before.st_size, before.st_mtime_ns)
