"""The likelihood baseline: a character 5-gram model of the training text with Witten-Bell interpolation.

It shows how well a model without pretraining predicts held-out text; a network should beat it.
Formula: Chen and Goodman (1998), section 2.4.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

ORDER = 5


class CharacterModel:
    """Counts of character sequences up to ``ORDER``.

    Args:
        text: the training text.
    """

    def __init__(self, text: str) -> None:
        self.counts = [Counter(text[start:start + size] for start in range(len(text) - size + 1))
                       for size in range(1, ORDER + 1)]
        self.followers: list[Counter[str]] = [Counter(gram[:-1] for gram in counts) for counts in self.counts]
        self.totals: list[Counter[str]] = []
        for counts in self.counts:
            totals: Counter[str] = Counter()
            for gram, count in counts.items():
                totals[gram[:-1]] += count
            self.totals.append(totals)
        self.alphabet = len(self.counts[0]) + 1

    def nats(self, context: str, text: str) -> float:
        """Return the negative log-likelihood of ``text`` after ``context``, in nats."""
        return -sum(math.log(self._probability((context + text[:index])[-ORDER + 1:], letter))
                    for index, letter in enumerate(text))

    def _probability(self, context: str, letter: str) -> float:
        value = 1 / self.alphabet
        for size in range(len(context) + 1):
            before = context[len(context) - size:]
            total, kinds = self.totals[size][before], self.followers[size][before]
            if total:
                value = (self.counts[size][before + letter] + kinds * value) / (total + kinds)
        return value


def floor_nats(training: str, lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Return the nats of the given span of each line, (lines,), predicted from the preceding text."""
    model = CharacterModel(training)
    return np.array([model.nats("\n" + line[:start], line[start:stop])
                     for line, (start, stop) in zip(lines, spans, strict=True)])
