"""Cache of local files: their digests, and the texts of slow formats.

It is below the source's mirror, so that one new PDF does not cause ten thousand to be parsed again.
It can be deleted at any time and never changes a result. The user's files are never changed.
"""

from __future__ import annotations

import errno
import hashlib
import hmac
import os
from collections.abc import Callable, Collection, Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import orjson

from vernacular.core.files import File
from vernacular.core.store import write_atomically
from vernacular.provenance.document import short_digest
from vernacular.sources.formats import VERSION, Options, Text

_DIGESTS = "digests.json"
_FOLDER = "extracted"


class Digests:
    """SHA-256 of files by path; a file is read again only if its size or time changed.

    With a ``key``, paths and digests are keyed hashes: what is stored names no file and no content.
    """

    def __init__(self, mirror: Path, key: bytes | None = None) -> None:
        self._file, self._key = mirror / _DIGESTS, key
        self._known: dict[str, tuple[int, int, str]] = {}
        try:
            self._known = {path: (size, changed, digest)
                           for path, (size, changed, digest) in orjson.loads(self._file.read_bytes()).items()}
        except (FileNotFoundError, ValueError, TypeError):  # missing or truncated: read the files again
            self._known = {}
        self._saved = dict(self._known)

    def knows(self, path: str, state: os.stat_result) -> bool:
        """Whether ``path`` is known with this size and time."""
        return self._known.get(self._named(path), ())[:2] == (state.st_size, state.st_mtime_ns)

    def of(self, path: str, file: File) -> str:
        """Return the digest of ``file``, which the source calls ``path``.

        Raises:
            FileNotFoundError: it was deleted.
        """
        state = file.state()
        if state is None:
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(file.place))
        if not self.knows(path, state):
            with file.stream() as stream:
                self._known[self._named(path)] = (state.st_size, state.st_mtime_ns,
                                                  hashlib.file_digest(stream, self._hash).hexdigest())
        return self._known[self._named(path)][2]

    def save(self, paths: Collection[str]) -> None:
        """Save the entries of ``paths`` and delete all others."""
        names = {self._named(path) for path in paths}
        self._known = {name: known for name, known in self._known.items() if name in names}
        if self._known != self._saved:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            write_atomically(self._file, orjson.dumps(self._known).decode())
            self._saved = dict(self._known)

    def _named(self, path: str) -> str:
        return path if self._key is None else hmac.digest(self._key, path.encode(), "sha256").hex()

    def _hash(self) -> Any:
        return hashlib.sha256() if self._key is None else hmac.new(self._key, digestmod="sha256")


class Extracts:
    """Texts of files by path and digest."""

    def __init__(self, mirror: Path, options: Options) -> None:
        self._folder = mirror / _FOLDER
        self._options = options
        self._used: set[str] = set()

    def get(self, path: str, digest: str) -> list[Text] | None:
        """Return the texts of ``path`` with the content ``digest``, or None if not cached."""
        name = self._name(path, digest)
        try:
            rows = orjson.loads((self._folder / name).read_bytes())
        except (FileNotFoundError, ValueError):
            return None
        self._used.add(name)
        return [Text(**{**row, "flags": tuple(row["flags"])}) for row in rows]

    def put(self, path: str, digest: str, texts: Sequence[Text]) -> None:
        """Cache ``texts``."""
        name = self._name(path, digest)
        self._folder.mkdir(parents=True, exist_ok=True)
        write_atomically(self._folder / name, orjson.dumps([asdict(text) for text in texts]).decode())
        self._used.add(name)

    def prune(self) -> None:
        """Delete entries that were neither read nor added by this object: their files changed or were deleted."""
        for file in self._folder.glob("*.json"):
            if file.name not in self._used:
                file.unlink(missing_ok=True)

    def forget(self, paths: Collection[str], taken_down: Callable[[str], bool]) -> None:
        """Delete the texts of ``paths``, which may name parts (``file#part``), and all texts taken down.

        Args:
            paths: as in the ledger.
            taken_down: whether a text, or a line of it, was taken down.
        """
        starts = {short_digest(name) for path in paths for name in (path, path.rpartition("#")[0])}
        for file in self._folder.glob("*.json"):
            if file.name.partition("-")[0] in starts or any(taken_down(row["text"])
                                                            for row in orjson.loads(file.read_bytes())):
                file.unlink(missing_ok=True)

    def _name(self, path: str, digest: str) -> str:
        return f"{short_digest(path)}-{short_digest(digest, VERSION, repr(self._options))}.json"
