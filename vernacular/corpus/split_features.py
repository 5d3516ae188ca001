"""What ``splits`` has to know of each cleaned document: its position, its size, and hashes of its lines and runs.

Kept by the digest of its row (``cache``), so that only new documents are read word by word.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pyarrow as pa

from vernacular.cleaning.cache import batch_of, lists_of
from vernacular.corpus.assignment import position
from vernacular.text.word_hashes import Tokens

FEATURES_VERSION = "2"  # raised when a hash or a position changes; a test holds the outputs


def maker(spec: Mapping[str, Any]) -> Parts:
    """For runs of ``spec["overlap"]`` words."""
    return Parts(int(spec["overlap"]))


class Parts:
    """Makes tables with the levels rows, lines and runs.

    Args:
        overlap: words in a run.
    """

    def __init__(self, overlap: int) -> None:
        self._overlap = overlap

    def __call__(self, documents: pa.Table) -> pa.RecordBatch:
        """The table of a batch of documents: see ``cache``."""
        texts = documents["text"].to_pylist()
        parts = [text.split("\n") for text in texts]
        lines = np.fromiter(map(len, parts), dtype=np.int64, count=len(parts))
        owner = np.repeat(np.arange(len(parts)), lines)
        tokens = Tokens([line for part in parts for line in part])
        runs, counts = tokens.runs(self._overlap)
        return batch_of({
            "position": np.array([position(row) for row in documents.select(
                ["source", "path", "whole", "raw_digest"]).to_pylist()], dtype=np.float64),
            "words": np.bincount(owner, tokens.counts, len(texts)).astype(np.uint32),
            "characters": np.array(list(map(len, texts)), dtype=np.uint32),
            "lines": lists_of(lines, {"hash": tokens.line_hashes, "words": tokens.counts.astype(np.uint32),
                                      "runs": counts.astype(np.uint32)}),
            "runs": lists_of(np.bincount(owner, counts, len(texts)).astype(np.int64), runs)})
