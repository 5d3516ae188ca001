"""Tables of the letters of each text, as a stand-in for a rule."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import orjson

from vernacular.cleaning.cache import Library
from vernacular.cleaning.workers import Rows, tables_for
from vernacular.core.errors import Problem
from vernacular.core.jsonl import write_jsonl
from vernacular.pipeline.stage import silent


def maker(spec: Mapping[str, Any]) -> Any:
    """Counts the letters of each text, with one entry a letter; fails as ``spec`` says."""
    def make(rows: Sequence[bytes]) -> dict[str, Any]:
        texts = [orjson.loads(row)["text"] for row in rows]
        time.sleep(spec.get("wait", 0))
        if spec.get("problem") and "bad" in texts:
            raise Problem("bad text", where="here", fix="Mend it")
        if spec.get("error") and "bad" in texts:
            raise ValueError("no such thing")
        return {"rows.letters": np.array([len(text) for text in texts], dtype=np.uint32),
                "letters.code": np.array([ord(letter) for text in texts for letter in text], dtype=np.uint32)}

    return make


def look(path: Path, library: Library, spec: dict[str, Any] | None = None) -> list[str]:
    """The texts of the rows of ``path`` as the tables have them."""
    rows = Rows(path)
    library.shed(rows.keys)
    view = tables_for(rows, __name__, spec or {}, library, silent)
    letters = "".join(map(chr, view.take("letters", "code", view.entries("letters")).tolist()))
    counts = view.counts("letters").tolist()
    ends = np.cumsum(counts).tolist()
    assert view.owners("letters").tolist() == [row for row, count in enumerate(counts) for _ in range(count)]
    return [letters[end - count:end] for end, count in zip(ends, counts, strict=True)]


def write(path: Path, texts: Sequence[str]) -> Path:
    write_jsonl(path, ({"text": text} for text in texts))
    return path
