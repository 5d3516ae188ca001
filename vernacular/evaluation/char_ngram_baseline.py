"""The baseline of the likelihood: a character 5-gram model of the training text.

It measures how well the held-out text is predicted without pretraining.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from vernacular.langid.char_ngrams import CharacterModel, Grams

ORDER = 5


def floor_nats(training: str, lines: Sequence[str], spans: Sequence[tuple[int, int]]) -> NDArray[np.float64]:
    """Negative log-likelihood, in nats, of the given span of each line, given the text before it, (lines,)."""
    texts = ["\n" + line[:stop] for line, (_, stop) in zip(lines, spans, strict=True)]
    lengths = np.array(list(map(len, texts)), np.int64)
    ends = np.cumsum(lengths)
    room = np.arange(1, lengths.sum() + 1) - np.repeat(ends - lengths, lengths)
    probabilities = CharacterModel.of_text(training, ORDER).probabilities(Grams.of("".join(texts), room, ORDER))
    return np.array([-np.log(probabilities[end - stop + start:end]).sum()
                     for end, (start, stop) in zip(ends, spans, strict=True)])
