"""Read files, also gzipped ones, up to a size limit."""

from __future__ import annotations

import gzip
import zlib
from pathlib import Path

from vernacular.core.codes import Code
from vernacular.core.errors import Problem, is_system_error
from vernacular.sandbox.frames import OpenFile

PACKED = ".gz"
_ALWAYS = 16_000_000  # unpacked bytes always allowed
_RATIO = 100  # compression ratio allowed; text has 5 to 10


def suffix_of(name: str | Path) -> str:
    """Return the format's ending in lower case: ``.csv`` for ``a.csv`` and ``a.csv.gz``."""
    path = Path(name)
    suffix = path.suffix.lower()
    return Path(path.stem).suffix.lower() if suffix == PACKED else suffix


def content(file: OpenFile, where: str, most: int = 1_000_000_000) -> bytes:
    """Return the bytes of ``file``, unpacked if it ends in .gz.

    Args:
        file: the file.
        where: the file's name in messages.
        most: limit of unpacked bytes.

    Raises:
        Problem: it exceeds ``most`` or the compression ratio, or is damaged.
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
        raise Problem(f"not a readable gzip file ({error})", where=where,
                      fix="Compress it again", code=Code.DATA_FORMAT) from error
    if len(found) > limit:
        raise _too_large("unpacked, the file is larger", limit, where)
    return found


def _too_large(what: str, most: int, where: str) -> Problem:
    return Problem(f"{what}; the limit is {most / 1e6:.0f} MB", where=where,
                   fix="Split it into several files", code=Code.FILE_SIZE)
