"""A folder: its files that match a pattern, and its entries that are not regular files."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, as_problem
from vernacular.core.files.beneath import FOLDER, check_kind, named, opened, parts_of
from vernacular.core.files.file import File
from vernacular.core.files.path_pattern import PathPattern

DEEPEST = 64  # limit of nested folders
OnError = Callable[[str, Exception], None]  # arguments: path below the folder, error


@dataclass(frozen=True)
class Folder:
    """A folder at or below a root, existing or not."""

    root: Path  # the folder that the path starts from
    path: str  # below ``root``, with /; empty for the root itself
    shown: str  # the folder's name in messages

    @classmethod
    def of(cls, folder: Path) -> Folder:
        """Return the root ``folder``, named like its last two path parts: ``languages/nya``."""
        return cls(folder, "", f"{folder.parent.name}/{folder.name}")

    @property
    def place(self) -> Path:
        """The absolute path, for a library that opens files itself; call ``list_files`` first."""
        return self.root / self.path

    def file(self, path: str) -> File:
        """Return the file ``path`` below this folder."""
        path = PurePosixPath(path).as_posix()
        return File(self.root, f"{self.path}/{path}" if self.path else path, f"{self.shown}/{path}")

    def folder(self, path: str) -> Folder:
        """Return the folder ``path`` below this one; an absolute path is a new root."""
        named = PurePosixPath(path)
        if named.is_absolute():
            return Folder(Path(path), "", path)
        inner = named.as_posix()
        return self if inner == "." else Folder(
            self.root, f"{self.path}/{inner}" if self.path else inner, f"{self.shown}/{inner}")

    def exists(self) -> bool:
        """Whether the folder exists.

        Raises:
            Problem: the path is not a folder, or leads through a link.
        """
        try:
            with self._open():
                return True
        except FileNotFoundError:
            return False

    def list_files(self, pattern: str = "**", *, hidden: bool = False,
                   on_error: OnError | None = None) -> list[tuple[str, File]]:
        """Return (path below this folder, file) of each matching file, sorted; empty if the folder is missing.

        Args:
            pattern: ``*``, ``?`` and ``[a-z]`` match within a name, ``**`` any number of folders.
            hidden: whether to include files whose names begin with a dot; hidden folders never are.
            on_error: called for each entry that cannot be listed or opened; the entry is skipped.

        Raises:
            Problem: the pattern is invalid, this folder is a link, or, without ``on_error``, a
                link, pipe, socket or device matches.
        """
        paths = self._find(PathPattern.of(pattern, self.shown), on_error or _raise, hidden=hidden)
        return sorted(((path, self.file(path)) for path in paths), key=lambda one: one[0])

    def name_of(self, file: File) -> str:
        """Return the path of ``file`` below this folder."""
        return file.path.removeprefix(f"{self.path}/") if self.path else file.path

    def find_strange(self, pattern: str = "**") -> list[Problem]:
        """Return a Problem for each matching link, pipe, socket, device and unreadable folder.

        Hidden entries are included; the content of hidden folders is not.
        """
        problems: list[Problem] = []

        def note(path: str, error: Exception) -> None:
            problems.append(as_problem(error, f"{self.shown}/{path}"))

        for _ in self._find(PathPattern.of(pattern, self.shown), note, hidden=True):
            pass
        return problems

    def _open(self) -> contextlib.AbstractContextManager[int]:
        return opened(self.root, parts_of(self.path, self.shown), self.shown.removesuffix(self.path).rstrip("/"))

    def _find(self, pattern: PathPattern, on_error: OnError, *, hidden: bool = False) -> Iterator[str]:
        """Yield the paths of matching regular files in the order of their names, folder by folder."""
        with contextlib.ExitStack() as stack:
            try:
                folder = stack.enter_context(self._open())
            except FileNotFoundError:
                return
            except OSError as error:
                on_error("", error)
                return
            yield from self._below(folder, "", pattern, on_error, hidden)

    def _below(self, folder: int, prefix: str, pattern: PathPattern, on_error: OnError, hidden: bool) -> Iterator[str]:
        try:
            if prefix.count("/") > DEEPEST:
                raise Problem(f"more than {DEEPEST} nested folders",
                              where=f"{self.shown}/{prefix[:100]}", fix="Move the files closer to the top folder",
                              code=Code.DATA_NESTING)
            with named(self.place / prefix), os.scandir(folder) as entries:
                listed = sorted((entry.name, _mode_of(entry)) for entry in entries)
        except (OSError, Problem) as error:
            on_error(prefix.rstrip("/"), error)
            return
        for name, mode in listed:
            path, left = f"{prefix}{name}", pattern.below(name)
            if (name.startswith(".") and (not hidden or mode == stat.S_IFDIR)) or not (left.matches or left.goes_on):
                continue
            try:
                if mode != stat.S_IFDIR:
                    if left.matches or mode == stat.S_IFLNK:
                        _check_name(path, f"{self.shown}/{path}")
                        check_kind(mode, f"{self.shown}/{path}")
                        yield path
                    continue
                if not left.goes_on:
                    continue
                with named(self.place / path):
                    inner = os.open(name, FOLDER, dir_fd=folder)
            except (OSError, Problem) as error:
                on_error(path, error)
                continue
            try:
                yield from self._below(inner, f"{path}/", left, on_error, hidden)
            finally:
                os.close(inner)


def _mode_of(entry: os.DirEntry[str]) -> int:
    for kind, is_kind in ((stat.S_IFLNK, entry.is_symlink()), (stat.S_IFDIR, entry.is_dir(follow_symlinks=False)),
                          (stat.S_IFREG, entry.is_file(follow_symlinks=False))):
        if is_kind:
            return kind
    return stat.S_IFMT(entry.stat(follow_symlinks=False).st_mode)


def _check_name(path: str, shown: str) -> None:
    try:
        path.encode()
    except UnicodeEncodeError:
        raise Problem("the file's name is not UTF-8", where=ascii(shown), fix="Rename it",
                      code=Code.FILE_NAME) from None


def _raise(path: str, error: Exception) -> None:
    raise error
