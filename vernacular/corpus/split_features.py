"""What ``splits`` has to know of each cleaned document: its position, its size, and hashes of its lines and runs.

Kept by the digest of its row (``cache``), so that only new documents are read word by word.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import orjson

from vernacular.cleaning.cache import Arrays
from vernacular.corpus.assignment import position
from vernacular.text.word_hashes import Tokens

FEATURES_VERSION = "1"  # raised when a hash or a position changes; a test holds the outputs


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

    def __call__(self, rows: Sequence[bytes]) -> Arrays:
        """The table of a batch of rows: see ``cache``."""
        documents = [orjson.loads(row) for row in rows]
        texts = [document["text"].split("\n") for document in documents]
        lines = np.fromiter(map(len, texts), dtype=np.uint32, count=len(texts))
        owner = np.repeat(np.arange(len(texts)), lines)
        tokens = Tokens([line for text in texts for line in text])
        runs, counts = tokens.runs(self._overlap)
        groups: dict[tuple[str, str], int] = {}
        table: Arrays = {
            "rows.position": np.array([position(document) for document in documents], dtype=np.float64),
            "rows.group": np.array([groups.setdefault((document["source"], document["register"]), len(groups))
                                    for document in documents], dtype=np.uint32),
            "rows.words": np.bincount(owner, tokens.counts, len(texts)).astype(np.uint32),
            "rows.characters": np.array([len(document["text"]) for document in documents], dtype=np.uint32),
            "rows.lines": lines, "rows.runs": np.bincount(owner, counts, len(texts)).astype(np.uint32),
            "lines.hash": tokens.line_hashes, "lines.words": tokens.counts.astype(np.uint32),
            "lines.runs": counts.astype(np.uint32), "runs.hash": runs}
        table["names"] = np.frombuffer(orjson.dumps(list(groups)), dtype=np.uint8)
        return table
