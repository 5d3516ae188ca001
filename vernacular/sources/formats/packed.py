"""What a file holds, whether or not it is packed (.gz), and never more than is read at once."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from vernacular.core.errors import Problem, is_system_error
from vernacular.sandbox.frames import OpenFile

PACKED = ".gz"
_ALWAYS = 16_000_000  # bytes that any packed file may have
_RATIO = 100  # text packs to a fifth or a tenth; what grows more than so much was made to fill the memory


def suffix_of(name: str | Path) -> str:
    """The ending that says the format: ``.csv`` of ``a.csv`` and of ``a.csv.gz``; in small letters."""
    path = Path(name)
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == PACKED else suffix


def content(file: OpenFile, where: str, most: int = 1_000_000_000) -> bytes:
    """The bytes of ``file``, unpacked if its ending is .gz.

    Args:
        file: the file.
        where: how messages call it.
        most: bytes, unpacked.

    Raises:
        Problem: it holds more than ``most`` bytes or far more than its size tells, or is damaged.
    """
    if not file.name.lower().endswith(PACKED):
        if file.size > most:
            raise _too_large(f"the file has {file.size / 1e6:.0f} MB", most, where)
        return file.read()
    limit = min(most, max(_ALWAYS, _RATIO * file.size))
    try:
        with gzip.open(file.stream) as stream:
            found = stream.read(limit + 1)
    except (OSError, EOFError, zlib.error) as error:
        if is_system_error(error):
            raise
        raise Problem(f"not a file of gzip that can be read ({error})", where=where, fix="Pack it again") from error
    if len(found) > limit:
        raise _too_large("unpacked, the file is larger", limit, where)
    return found


def _too_large(what: str, most: int, where: str) -> Problem:
    return Problem(f"{what}; at most {most / 1e6:.0f} MB of it are read at once", where=where,
                   fix="Part it into several files")
