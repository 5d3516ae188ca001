"""Whether files hold certain texts, verbatim or nearly: the search behind a takedown. Removes nothing.

Case, punctuation, spaces and JSON's escapes do not count, so a line is found in a table, in a list of words or in a
sample that was cut short, at any place of a file, gzipped or not.
"""

from __future__ import annotations

import gzip
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt

from vernacular.corpus.suppression import FILE, folded
from vernacular.files import File, Folder

SHORT, LONG = 24, 48  # letters of a line's beginning that are looked for; a line with fewer than SHORT is anyone's
_ID = 16
NO_TEXT = {".safetensors", ".gguf", ".pt", ".png"}  # weights and pictures
_BLOCK, _OVERLAP = 4_000_000, 2_000  # bytes read at once, and how many of these again with the next
_ESCAPE = re.compile(rb"\\u([0-9a-fA-F]{4})")
_BREAK = re.compile(rb"\\[nrt\"/\\]")
_BITS = 20
_ODD = 0x9E3779B97F4A7C15
_WRAP = 1 << 64

Words64 = npt.NDArray[np.uint64]


class Traces:
    """What is looked for: the beginnings of lines, and ids.

    Args:
        texts: of any number of lines each; short lines are not looked for.
        ids: ids of documents, or other runs of 16 letters and digits.
    """

    def __init__(self, texts: Iterable[str], ids: Iterable[str] = ()) -> None:
        wanted: dict[int, set[str]] = {SHORT: set(), LONG: set(), _ID: set(ids)}
        for text in texts:
            for line in text.split("\n"):
                letters = folded(line)
                if len(letters) >= LONG:
                    wanted[LONG].add(letters[:LONG])
                elif len(letters) >= SHORT:
                    wanted[SHORT].add(letters[:SHORT])
        self._wanted = {length: _Wanted(found, length) for length, found in wanted.items() if found}

    @property
    def of_texts(self) -> Traces:
        """The same without the ids."""
        other = Traces(())
        other._wanted = {length: found for length, found in self._wanted.items() if length != _ID}
        return other

    def in_file(self, path: Path | File) -> bool:
        """Whether the file holds any of it; one of weights alone is not read.

        Raises:
            OSError: it cannot be read.
        """
        if path.suffix in NO_TEXT or not self._wanted:
            return False
        for block in _blocks(path):
            codes = np.frombuffer(folded(_plain(block)).encode("utf-32-le", "surrogatepass"), dtype="<u4")
            if any(wanted.within(codes) for wanted in self._wanted.values()):
                return True
        return False

    def own_files(self, folder: Folder, rows: Iterable[Mapping[str, Any]]) -> list[str]:
        """The files of a language folder that hold any of it, and those that the documents ``rows`` were read from.

        Of these the text cannot always be seen: a .docx does not show it.
        """
        read = {row["path"] for row in rows if "://" not in row["path"]}
        listed = folder.list_files(hidden=True, on_error=_raise_of_system)
        return [path for path, file in listed if path != FILE and (path in read or self.in_file(file))]

    def in_folder(self, folder: Path) -> bool:
        """Whether a file below ``folder`` holds any of it."""
        return any(self.in_file(path) for path in sorted(folder.rglob("*")) if path.is_file())


class _Wanted:
    """Strings of one length, found by rolling hashes of all places at once (Karp and Rabin 1987)."""

    def __init__(self, strings: Iterable[str], length: int) -> None:
        self.length = length
        joined = np.frombuffer("".join(sorted(strings)).encode("utf-32-le"), dtype="<u4").reshape(-1, length)
        self.hashes = np.unique((joined.astype(np.uint64) * _powers(length)).sum(axis=1, dtype=np.uint64))
        self.table = np.zeros(1 << _BITS, dtype=np.bool_)
        self.table[self._slots(self.hashes)] = True

    @staticmethod
    def _slots(hashes: Words64) -> npt.NDArray[np.int64]:
        return ((hashes * np.uint64(_ODD)) >> np.uint64(64 - _BITS)).astype(np.int64)

    def within(self, codes: npt.NDArray[np.uint32]) -> bool:
        """Whether one of the strings stands somewhere in ``codes``."""
        places = len(codes) - self.length + 1
        if places <= 0:
            return False
        sums = np.zeros(len(codes) + 1, dtype=np.uint64)
        np.cumsum(codes.astype(np.uint64) * _powers(len(codes)), out=sums[1:])
        hashes = (sums[self.length:] - sums[:-self.length]) * _powers(places, inverse=True)
        likely = hashes[self.table[self._slots(hashes)]]
        return bool(np.isin(likely, self.hashes).any())


def _powers(length: int, inverse: bool = False) -> Words64:
    """Powers 0, 1 ... of an odd number, or of its inverse, modulo 2^64."""
    return _all_powers(inverse, max(1 << 16, 1 << (length - 1).bit_length()))[:length]


@cache
def _all_powers(inverse: bool, length: int) -> Words64:
    found = np.full(length, pow(_ODD, -1, _WRAP) if inverse else _ODD, dtype=np.uint64)
    found[0] = 1
    return np.cumprod(found)


def _raise_of_system(path: str, error: Exception) -> None:
    """Pass over links, pipes and the like, of which nothing was read."""
    if isinstance(error, OSError):
        raise error


def _blocks(path: Path | File) -> Iterator[bytes]:
    """The file in overlapping blocks, unpacked if it is gzipped; what a broken file yields before it breaks."""
    raw = path.stream() if isinstance(path, File) else path.open("rb")
    with raw, gzip.open(raw) if raw.peek(2)[:2] == b"\x1f\x8b" else raw as stream:
        tail = b""
        while True:
            try:
                block = stream.read1(_BLOCK)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                block = b""  # cut off by a kill: what could be read was searched
            if not block:
                return
            yield (tail := tail + block)
            tail = tail[-_OVERLAP:]


def _plain(block: bytes) -> str:
    """A block as text, with JSON's escapes undone."""
    if b"\\" in block:
        block = _ESCAPE.sub(lambda match: chr(int(match[1], 16)).encode("utf-8", "replace"), block)
        block = _BREAK.sub(b" ", block)
    return block.decode("utf-8", "ignore")
