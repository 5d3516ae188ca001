"""One file: read its bytes, text or rows; replace it as a whole or append a row."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from io import BufferedReader
from pathlib import Path, PurePosixPath

from vernacular.core.codes import Code
from vernacular.core.errors import Problem
from vernacular.core.files.beneath import check_kind, named, opened, parts_of

MOST_TEXT = 100_000_000  # default limit in bytes for reading a file as text
MOST_ROWS = 1_000_000_000  # default limit in bytes for files the program appends to: takedowns list many documents
_READ = os.O_RDONLY | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_LOCK = os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC
_NEW = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_NOFOLLOW | os.O_CLOEXEC


@dataclass(frozen=True)
class File:
    """A file below a root, existing or not.

    Each method raises a Problem if the path is a link, folder, pipe, socket or device, or leads
    through a link.
    """

    root: Path  # the folder that the path starts from
    path: str  # below ``root``, with /
    shown: str  # the file's name in messages

    @classmethod
    def at(cls, path: Path, shown: str = "") -> File:
        """Return the file ``path`` with its folder as the root."""
        return cls(path.parent, path.name, shown or f"{path.parent.name}/{path.name}")

    @property
    def name(self) -> str:
        """The file name."""
        return PurePosixPath(self.path).name

    @property
    def stem(self) -> str:
        """The file name without its ending."""
        return PurePosixPath(self.path).stem

    @property
    def suffix(self) -> str:
        """The ending of the file name, with the dot."""
        return PurePosixPath(self.path).suffix

    @property
    def place(self) -> Path:
        """The absolute path, for a library that opens files itself; call ``state`` first."""
        return self.root / self.path

    @cached_property
    def _parts(self) -> list[str]:
        return parts_of(self.path, self.shown)

    def state(self) -> os.stat_result | None:
        """Return the file's size, times and so on, or None if it does not exist."""
        try:
            with self._parent() as folder:
                return self._state(folder)
        except FileNotFoundError:
            return None

    def exists(self) -> bool:
        """Whether the file exists."""
        return self.state() is not None

    def stream(self) -> BufferedReader:
        """Open the file for reading.

        Raises:
            FileNotFoundError: the file does not exist.
        """
        with self._parent() as folder, named(self.place):
            self._state(folder)  # check the kind first: opening a device can have effects
            stream = os.fdopen(os.open(self._parts[-1], _READ, dir_fd=folder), "rb")
            try:
                check_kind(os.fstat(stream.fileno()).st_mode, self.shown)
            except Problem:
                stream.close()
                raise
            return stream

    def read(self, most: int | None = None) -> bytes:
        """Return the file's bytes.

        Args:
            most: the largest size allowed, in bytes.

        Raises:
            Problem: the file is larger.
            FileNotFoundError: the file does not exist.
        """
        with self.stream() as stream:
            return stream.read() if most is None else self._read(stream, most)

    def text(self, most: int = MOST_TEXT) -> str:
        """Return the file's text without a byte order mark.

        Raises:
            Problem: the file is larger, or not UTF-8 (with the line).
            FileNotFoundError: the file does not exist.
        """
        return text_of(self.read(most), self.shown)

    def rows(self, most: int = MOST_ROWS) -> Iterator[tuple[str, bytes]]:
        """Yield (place for messages, line) of each nonblank line; nothing if the file does not exist.

        Raises:
            Problem: the file is larger, or a line is not UTF-8.
        """
        if not self.exists():
            return
        for number, line in enumerate(self.read(most).split(b"\n"), 1):
            if line.strip():
                text_of(line, self.shown, number)
                yield f"{self.shown}:{number}", line

    def write(self, data: str | bytes) -> None:
        """Replace the content by ``data`` atomically; create missing folders."""
        with self._parent(make=True) as folder, named(self.place):
            self._replace(folder, data.encode("utf-8") if isinstance(data, str) else data, f".{os.getpid()}.part")

    def append(self, line: bytes) -> None:
        """Append ``line`` durably; half a line left by a killed process is completed or removed.

        Concurrent writers wait, so no line is lost.
        """
        with self._parent(make=True) as folder, named(self.place), self._locked(folder) as stream:
            data = self._read(stream, MOST_ROWS)
            whole = data[:data.rfind(b"\n") + 1]
            rest = data[len(whole):]
            self._replace(folder, whole + (rest + b"\n" if rest.strip() else b"") + line + b"\n", ".part")

    def _read(self, stream: BufferedReader, most: int) -> bytes:
        size = os.fstat(stream.fileno()).st_size
        data = stream.read(most + 1) if size <= most else b""
        if max(size, len(data)) > most:
            raise Problem(f"the file has {max(size, len(data)) / 1e6:.1f} MB; the limit is {most / 1e6:.1f} MB",
                          where=self.shown, fix="Split it, or remove what does not belong in it", code=Code.FILE_SIZE)
        return data

    def _parent(self, *, make: bool = False) -> contextlib.AbstractContextManager[int]:
        return opened(self.root, self._parts[:-1], self.shown.removesuffix(self.path).rstrip("/"), make=make)

    def _state(self, folder: int) -> os.stat_result | None:
        try:
            state = os.stat(self._parts[-1], dir_fd=folder, follow_symlinks=False)
        except FileNotFoundError:
            return None
        check_kind(state.st_mode, self.shown)
        return state

    @contextlib.contextmanager
    def _locked(self, folder: int) -> Iterator[BufferedReader]:
        """Lock the file against other writers.

        Each writer replaces the file, so after waiting for the lock it checks that the file is
        still the same.
        """
        while True:
            self._state(folder)
            with os.fdopen(os.open(self._parts[-1], _LOCK, 0o666, dir_fd=folder), "rb") as stream:
                check_kind(os.fstat(stream.fileno()).st_mode, self.shown)
                fcntl.flock(stream, fcntl.LOCK_EX)
                now = self._state(folder)
                if now is not None and os.path.samestat(os.fstat(stream.fileno()), now):
                    yield stream
                    return

    def _replace(self, folder: int, data: bytes, ending: str) -> None:
        """Write ``data`` to a new file and rename it to this one; remove what had the new name before."""
        self._state(folder)
        name = self._parts[-1]
        part = f".{name}{ending}"
        with contextlib.suppress(FileNotFoundError):
            os.unlink(part, dir_fd=folder)
        with os.fdopen(os.open(part, _NEW, 0o666, dir_fd=folder), "wb") as stream:
            try:
                stream.write(data)
                stream.flush()
                os.fsync(stream.fileno())
                os.rename(part, name, src_dir_fd=folder, dst_dir_fd=folder)
            except BaseException:
                os.unlink(part, dir_fd=folder)
                raise


def text_of(data: bytes, shown: str, line: int = 1) -> str:
    """Decode ``data`` as UTF-8 without a byte order mark.

    Args:
        data: bytes of the file.
        shown: the file's name in messages.
        line: the line number at which ``data`` begins.

    Raises:
        Problem: it is not UTF-8 (with the line).
    """
    try:
        return data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line += error.object.count(b"\n", 0, error.start)
        raise Problem(f"the file is not UTF-8 text (byte 0x{error.object[error.start]:02X})", where=f"{shown}:{line}",
                      fix="Save it as UTF-8", code=Code.DATA_ENCODING) from error
