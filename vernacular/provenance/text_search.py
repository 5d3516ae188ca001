"""Search files for given texts, verbatim or nearly, for takedowns. Removes nothing.

Case, punctuation, spaces, tags, and JSON and HTML escapes are ignored, so that a part of a line is
found in a table, a word list, a mark or a truncated sample, anywhere in a file, gzipped or not.
"""

from __future__ import annotations

import gzip
import html
import re
import zlib
from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import cache
from pathlib import Path

import numpy as np
import numpy.typing as npt

from vernacular.core.files import File
from vernacular.provenance.corpus_tables import read_strings
from vernacular.provenance.suppression_list import folded

SHORT, LONG = 24, 32  # letters of a search string; length of a quotation that is always found
_ID = 16
# Weights, pictures and sound: reading an hour of sound as text takes minutes, and it holds none.
NO_TEXT = {".safetensors", ".gguf", ".pt", ".png", ".flac", ".wav", ".mp3", ".ogg", ".opus", ".oga"}
_BLOCK, _OVERLAP = 4_000_000, 2_000  # bytes per block, and overlap with the next
_ESCAPE = re.compile(rb"\\u([0-9a-fA-F]{4})")
_BREAK = re.compile(rb"\\[nrt\"/\\]")
_ENTITY = re.compile(r"&(?:#[0-9]{1,7}|#[xX][0-9a-fA-F]{1,6}|[A-Za-z][A-Za-z0-9]{1,31});?")
_TAG = re.compile(r"<[^<>]{0,1000}>")
_LEAST_BITS, _MOST_BITS = 20, 28
_ODD = 0x9E3779B97F4A7C15
_WRAP = 1 << 64

Words64 = npt.NDArray[np.uint64]


class Traces:
    """Search strings: parts of lines, and ids.

    Args:
        texts: of any number of lines; lines with fewer than ``SHORT`` letters are skipped.
        ids: ids of documents, or other runs of 16 letters and digits.
        least: letters of a quotation that is always found, also mid-line; ``SHORT`` or more.
    """

    def __init__(self, texts: Iterable[str], ids: Iterable[str] = (), least: int = LONG) -> None:
        lines = [folded(line) for text in texts for line in text.split("\n")]
        parts = _hashes([line for line in lines if len(line) >= SHORT], SHORT, least - SHORT + 1)
        whole = _hashes(sorted(ids), _ID, _ID)
        self._wanted = {length: _Wanted(found, length) for length, found in ((SHORT, parts), (_ID, whole))
                        if len(found)}

    def hashes(self) -> dict[int, list[int]]:
        """Return the search strings' hashes by length, for other processes, which get no text."""
        return {length: wanted.hashes.tolist() for length, wanted in self._wanted.items()}

    @classmethod
    def of_hashes(cls, hashes: Mapping[int, Sequence[int]]) -> Traces:
        """Create traces from ``hashes``."""
        made = cls(())
        made._wanted = {length: _Wanted(np.array(found, dtype=np.uint64), length) for length, found in hashes.items()}
        return made

    def in_text(self, text: str) -> bool:
        """Whether a text contains any of them."""
        return bool(self._wanted) and any(self._within(reading) for reading in _readings(text.encode()))

    @property
    def of_texts(self) -> Traces:
        """Return the traces without ids."""
        other = Traces(())
        other._wanted = {length: found for length, found in self._wanted.items() if length != _ID}
        return other

    def in_file(self, path: Path | File) -> bool:
        """Whether the file contains any of them; weights, pictures and sound are skipped.

        Raises:
            OSError: it cannot be read.
        """
        if path.suffix.lower() in NO_TEXT or not self._wanted:
            return False
        return any(self._within(text) for block in _blocks(path) for text in _readings(block))

    def in_table(self, path: Path) -> bool:
        """Whether a table of the corpus holds any of it; not for files from outside, which the sandbox alone parses."""
        return bool(self._wanted) and any(self._within(text) or self.in_text(text)
                                          for text in read_strings(path))

    def _within(self, text: str) -> bool:
        codes = np.frombuffer(folded(text).encode("utf-32-le", "surrogatepass"), dtype="<u4")
        return any(wanted.within(codes) for wanted in self._wanted.values())

    def in_folder(self, folder: Path) -> bool:
        """Whether a file below ``folder`` contains any of them."""
        return any(self.in_file(path) for path in sorted(folder.rglob("*")) if path.is_file())


def _hashes(lines: Iterable[str], length: int, step: int) -> Words64:
    """Return sorted hashes of ``length`` characters at every ``step``-th position of each line and at its end."""
    found = [np.zeros(0, dtype=np.uint64)]
    for line in lines:
        hashes = _rolled(np.frombuffer(line.encode("utf-32-le", "surrogatepass"), dtype="<u4"), length)
        found += [hashes[::step], hashes[-1:]]
    return np.unique(np.concatenate(found))


def _rolled(codes: npt.NDArray[np.uint32], length: int) -> Words64:
    """Return a hash of ``length`` codes from each position (Karp and Rabin 1987); empty if there are fewer."""
    places = len(codes) - length + 1
    if places <= 0:
        return np.zeros(0, dtype=np.uint64)
    sums = np.zeros(len(codes) + 1, dtype=np.uint64)
    np.cumsum(codes.astype(np.uint64) * _powers(len(codes)), out=sums[1:])
    return (sums[length:] - sums[:-length]) * _powers(places, inverse=True)


class _Wanted:
    """Strings of one length, found by rolling hashes."""

    def __init__(self, hashes: Words64, length: int) -> None:
        self.length, self.hashes = length, hashes
        self.bits = min(_MOST_BITS, max(_LEAST_BITS, len(hashes).bit_length() + 3))
        self.table = np.zeros(1 << self.bits, dtype=np.bool_)
        self.table[self._slots(self.hashes)] = True

    def _slots(self, hashes: Words64) -> npt.NDArray[np.int64]:
        return ((hashes * np.uint64(_ODD)) >> np.uint64(64 - self.bits)).astype(np.int64)

    def within(self, codes: npt.NDArray[np.uint32]) -> bool:
        """Whether one of the strings occurs in ``codes``."""
        hashes = _rolled(codes, self.length)
        likely = hashes[self.table[self._slots(hashes)]]
        return bool(np.isin(likely, self.hashes).any())


def _powers(length: int, inverse: bool = False) -> Words64:
    """Return powers 0, 1 ... of an odd number, or of its inverse, modulo 2^64."""
    return _all_powers(inverse, max(1 << 16, 1 << (length - 1).bit_length()))[:length]


@cache
def _all_powers(inverse: bool, length: int) -> Words64:
    found = np.full(length, pow(_ODD, -1, _WRAP) if inverse else _ODD, dtype=np.uint64)
    found[0] = 1
    return np.cumprod(found)


def _blocks(path: Path | File) -> Iterator[bytes]:
    """Yield the file in overlapping blocks, unzipped; a damaged file as far as readable."""
    raw = path.stream() if isinstance(path, File) else path.open("rb")
    with raw, gzip.open(raw) if raw.peek(2)[:2] == b"\x1f\x8b" else raw as stream:
        tail = b""
        while True:
            try:
                block = stream.read1(_BLOCK)
            except (EOFError, gzip.BadGzipFile, zlib.error):
                block = b""  # truncated by a kill: the readable part was searched
            if not block:
                return
            yield (tail := tail + block)
            tail = tail[-_OVERLAP:]


def _readings(block: bytes) -> Iterator[str]:
    """Yield a block as text with JSON escapes decoded; also with HTML decoded and tags removed, if any.

    A block with zero bytes is also read as UTF-16, written by spreadsheets and editors.
    """
    if b"\0" in block:
        yield from (block[start:].decode(codec, "ignore") for codec in ("utf-16-le", "utf-16-be") for start in (0, 1))
    if b"\\" in block:
        block = _ESCAPE.sub(lambda match: chr(int(match[1], 16)).encode("utf-8", "replace"), block)
        block = _BREAK.sub(b" ", block)
    text = block.decode("utf-8", "ignore")
    yield text
    if _ENTITY.search(text):
        text = _ENTITY.sub(_unescaped, _ENTITY.sub(_unescaped, text))  # twice: a page may show escaped text
        yield text
    if _TAG.search(text):
        yield _TAG.sub("", text)


def _unescaped(match: re.Match[str]) -> str:
    return html.unescape(match[0])
