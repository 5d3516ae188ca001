"""Tables of the letters of each text, in place of a rule."""

from __future__ import annotations

import os
import signal
import time
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa

from vernacular.cleaning.cache import Library, batch_of, lists_of
from vernacular.cleaning.workers import Recipe, Rows, tables_for
from vernacular.core.errors import Problem
from vernacular.pipeline.stage import silent
from vernacular.provenance.corpus_tables import write_rows


def maker(spec: Mapping[str, Any]) -> Any:
    """Counts the letters of each text, with one entry a letter; fails as ``spec`` says."""
    def make(documents: pa.Table) -> pa.RecordBatch:
        texts = documents["text"].to_pylist()
        if spec.get("kill") and "bad" in texts:
            os.kill(os.getpid(), signal.SIGKILL)
        time.sleep(spec.get("wait", 0))
        if spec.get("problem") and "bad" in texts:
            raise Problem("bad text", where="here", fix="Mend it")
        if spec.get("error") and "bad" in texts:
            raise ValueError("no such thing")
        letters = np.array([ord(letter) for text in texts for letter in text], dtype=np.uint32)
        return batch_of({"letters": lists_of(np.array(list(map(len, texts)), dtype=np.int64), {
            "code": letters, "text": pa.array(list(map(chr, letters)), pa.string())})})

    return make


def look(path: Path, library: Library, spec: dict[str, Any] | None = None) -> list[str]:
    """The texts of the rows of ``path`` as the tables have them."""
    rows = Rows.of(path)
    library.shed(rows.keys)
    view = tables_for(rows, Recipe.of(__name__, spec or {}), library, silent)
    letters = "".join(map(chr, view.take("letters", "code", view.entries("letters")).tolist()))
    assert "".join(view.values("letters", "text", view.entries("letters")).to_pylist()) == letters
    counts = view.counts("letters").tolist()
    ends = np.cumsum(counts).tolist()
    assert view.owners("letters").tolist() == [row for row, count in enumerate(counts) for _ in range(count)]
    return [letters[end - count:end] for end, count in zip(ends, counts, strict=True)]


def write(path: Path, texts: Sequence[str]) -> Path:
    write_rows(path, ({"text": text} for text in texts), pa.schema({"text": pa.string()}))
    return path
