"""Lines of one part of the corpus that share text with another part."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import groupby
from operator import itemgetter
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from vernacular.text.word_hashes import Ints


class Shared(NamedTuple):
    """Lines that share text with held-out lines, in order."""

    documents: Ints
    lines: Ints  # the number of each in its document, from 0
    reasons: NDArray[np.integer]  # the number of the reason why it may not stay

    @classmethod
    def none(cls) -> Shared:
        """No line."""
        return cls(*(np.zeros(0, dtype=np.int64) for _ in range(3)))

    @classmethod
    def joined(cls, parts: Sequence[Shared]) -> Shared:
        """The lines of ``parts``, each with its first reason."""
        documents, lines, reasons = (np.concatenate([part[column] for part in parts]) for column in range(3))
        order = np.lexsort((lines, documents))  # stable
        documents, lines, reasons = (column[order] for column in (documents, lines, reasons))
        first = np.append(True, (np.diff(documents) > 0) | (np.diff(lines) > 0))[:len(lines)]
        return cls(documents[first], lines[first], reasons[first])

    def of(self, first: int, last: int) -> Iterator[tuple[int, dict[int, int]]]:
        """Documents from ``first`` to ``last``, counted from there, with reasons by line."""
        begin, end = np.searchsorted(self.documents, (first, last))
        rows = zip(*(column[begin:end].tolist() for column in self), strict=True)
        for document, own in groupby(rows, key=itemgetter(0)):
            yield document - first, {line: reason for _, line, reason in own}
