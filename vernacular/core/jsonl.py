"""Read and write JSON Lines: one JSON object per line, UTF-8."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any, BinaryIO

import orjson


def read_jsonl(path: Path | BinaryIO) -> Iterator[dict[str, Any]]:
    """Yield the rows of a path or an open file."""
    if isinstance(path, Path):
        with path.open("rb") as stream:
            yield from read_jsonl(stream)
    else:
        for line in path:
            yield orjson.loads(line)


def write_jsonl(path: Path, rows: Iterable[Mapping[str, Any]]) -> int:
    """Write ``rows`` to ``path`` and return their number."""
    number = 0
    with path.open("wb") as stream:
        for row in rows:
            stream.write(orjson.dumps(row, option=orjson.OPT_APPEND_NEWLINE | orjson.OPT_SERIALIZE_NUMPY))
            number += 1
    return number
