"""Open paths below a root, folder by folder, without following links."""

from __future__ import annotations

import contextlib
import os
import stat
from collections.abc import Iterator, Sequence
from pathlib import Path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem

_ROOT = os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC
FOLDER = _ROOT | os.O_NOFOLLOW
_KINDS = {stat.S_IFLNK: "a link", stat.S_IFDIR: "a folder", stat.S_IFIFO: "a pipe", stat.S_IFSOCK: "a socket",
          stat.S_IFREG: "a file"}


@contextlib.contextmanager
def opened(root: Path, parts: Sequence[str], shown: str, *, make: bool = False) -> Iterator[int]:
    """Open the folder ``parts`` below ``root`` as a descriptor; ``make`` creates missing folders.

    Messages call the folder ``shown``.
    """
    folder = os.open(root, _ROOT)
    try:
        for number, part in enumerate(parts, 1):
            with named(root.joinpath(*parts[:number])):
                if make:
                    with contextlib.suppress(FileExistsError):
                        os.mkdir(part, dir_fd=folder)
                try:
                    inner = os.open(part, FOLDER, dir_fd=folder)
                except OSError:
                    mode = os.stat(part, dir_fd=folder, follow_symlinks=False).st_mode
                    if stat.S_ISDIR(mode):
                        raise
                    raise not_ordinary(mode, "/".join((shown, *parts[:number])), "folder") from None
            os.close(folder)
            folder = inner
        yield folder
    finally:
        os.close(folder)


@contextlib.contextmanager
def named(path: Path) -> Iterator[None]:
    """Make system errors name ``path`` instead of a name within a folder."""
    try:
        yield
    except OSError as error:
        error.filename = str(path)
        raise


def parts_of(path: str, shown: str) -> list[str]:
    """Split ``path`` into the names of its folders and file.

    Raises:
        Problem: a name is empty or leads upwards.
    """
    parts = path.split("/") if path else []
    if "\0" in path or any(part in ("", ".", "..") for part in parts):
        raise Problem("the path leaves its folder", where=shown, fix="Write it relative to the folder, without ..",
                      code=Code.CONFIG_PATH)
    return parts


def check_kind(mode: int, shown: str) -> None:
    """Raise a Problem unless ``mode`` is that of a regular file."""
    if not stat.S_ISREG(mode):
        raise not_ordinary(mode, shown, "file")


def not_ordinary(mode: int, shown: str, wanted: str) -> Problem:
    """Build the Problem for an entry that is not the ``wanted`` file or folder."""
    kind = stat.S_IFMT(mode)
    if kind == stat.S_IFLNK:
        return Problem("it is a link, and Vernacular does not follow links here", where=shown,
                       fix="Replace it with a copy of its target", code=Code.FILE_KIND)
    return Problem(f"it is {_KINDS.get(kind, 'a device')}, not an ordinary {wanted}", where=shown,
                   fix=f"Remove it, or replace it with an ordinary {wanted}", code=Code.FILE_KIND)
