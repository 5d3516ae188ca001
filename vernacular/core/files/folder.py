"""A folder: its files that match a pattern, and its entries that are not ordinary files."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from vernacular.core.errors import Problem, as_problem
from vernacular.core.files.beneath import FOLDER, check_kind, named, opened, parts_of
from vernacular.core.files.file import File
from vernacular.core.files.path_pattern import PathPattern

DEEPEST = 64  # folders within each other
OnError = Callable[[str, Exception], None]  # (path below the folder, what is wrong there)


@dataclass(frozen=True)
class Folder:
    """A folder at or below a root, whether or not it is there.

    Attributes:
        root: the folder that the path starts from.
        path: below ``root``, with /; empty for the root itself.
        shown: how messages call the folder.
    """

    root: Path
    path: str
    shown: str

    @classmethod
    def of(cls, folder: Path) -> Folder:
        """The root ``folder``, called by its own name and that of the folder around it: ``languages/nya``."""
        return cls(folder, "", f"{folder.parent.name}/{folder.name}")

    @property
    def place(self) -> Path:
        """Its path on this machine, for a library that opens files itself; ask ``list_files`` first."""
        return self.root / self.path

    def file(self, path: str) -> File:
        """The file ``path`` below this folder."""
        path = PurePosixPath(path).as_posix()
        return File(self.root, f"{self.path}/{path}" if self.path else path, f"{self.shown}/{path}")

    def folder(self, path: str) -> Folder:
        """The folder ``path`` below this one; this one for ``.``, and a root of its own where it is absolute."""
        named = PurePosixPath(path)
        if named.is_absolute():
            return Folder(Path(path), "", path)
        inner = named.as_posix()
        return self if inner == "." else Folder(
            self.root, f"{self.path}/{inner}" if self.path else inner, f"{self.shown}/{inner}")

    def exists(self) -> bool:
        """Whether the folder is there.

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
        """(path below this folder, file) of each file that matches, sorted; none where there is no such folder.

        Args:
            pattern: ``*``, ``?`` and ``[a-z]`` within a name, ``**`` for any number of folders.
            hidden: whether files whose names begin with a dot count; folders of such names never do.
            on_error: told of what cannot be listed or opened, which is then left out.

        Raises:
            Problem: the pattern is wrong, this folder is a link, or, without ``on_error``, a link, pipe, socket or
                device matches.
        """
        found = self._find(PathPattern.of(pattern, self.shown), on_error or _raise, hidden=hidden)
        return sorted(((path, self.file(path)) for path in found), key=lambda one: one[0])

    def name_of(self, file: File) -> str:
        """The path of ``file``, which lies in this folder, below it."""
        return file.path.removeprefix(f"{self.path}/") if self.path else file.path

    def find_strange(self, pattern: str = "**") -> list[Problem]:
        """A Problem for each link, pipe, socket and device that matches, and for each folder that cannot be listed.

        Hidden ones count, but what is in hidden folders does not.
        """
        found: list[Problem] = []

        def note(path: str, error: Exception) -> None:
            found.append(as_problem(error, f"{self.shown}/{path}"))

        for _ in self._find(PathPattern.of(pattern, self.shown), note, hidden=True):
            pass
        return found

    def _open(self) -> contextlib.AbstractContextManager[int]:
        return opened(self.root, parts_of(self.path, self.shown), self.shown.removesuffix(self.path).rstrip("/"))

    def _find(self, pattern: PathPattern, on_error: OnError, *, hidden: bool = False) -> Iterator[str]:
        """The paths of the ordinary files that match, in the order of their names, folder by folder."""
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
                raise Problem(f"more than {DEEPEST} folders lie within each other",
                              where=f"{self.shown}/{prefix[:100]}", fix="Move what is in them further up")
            with named(self.place / prefix), os.scandir(folder) as entries:
                listed = sorted((entry.name, _mode_of(entry)) for entry in entries)
        except (OSError, Problem) as error:
            on_error(prefix.rstrip("/"), error)
            return
        for name, mode in listed:
            path, rest = f"{prefix}{name}", pattern.below(name)
            if (name.startswith(".") and (not hidden or mode == stat.S_IFDIR)) or not (rest.matches or rest.goes_on):
                continue
            try:
                if mode != stat.S_IFDIR:
                    if rest.matches or mode == stat.S_IFLNK:
                        _check_name(path, f"{self.shown}/{path}")
                        check_kind(mode, f"{self.shown}/{path}")
                        yield path
                    continue
                if not rest.goes_on:
                    continue
                with named(self.place / path):
                    inner = os.open(name, FOLDER, dir_fd=folder)
            except (OSError, Problem) as error:
                on_error(path, error)
                continue
            try:
                yield from self._below(inner, f"{path}/", rest, on_error, hidden)
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
        raise Problem("the file's name is not UTF-8", where=ascii(shown), fix="Rename it") from None


def _raise(path: str, error: Exception) -> None:
    raise error
