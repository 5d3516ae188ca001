"""Check whether a seed resembles the text, by the frequency of the text's commonest words in it.

A quick check before training, for a file in another language used by mistake. It cannot separate
languages that share their commonest words, such as Faroese and Icelandic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vernacular.text.words import plain_words

LEAST = 0.4  # below it a seed is reported as unlike the text (figures in docs/experiments/language-identification.md)
SAMPLE = 2000  # lines of a source
_COMMON = 100  # words
_LEAST_WORDS = 500  # of the text and the seed each; with fewer nothing is reported


def seed_similarity(seed: Sequence[str], text: Sequence[str]) -> float | None:
    """Return the frequency of the text's commonest words in a seed, relative to the text itself.

    Args:
        seed: its lines; may be few.
        text: lines; alternate lines form the two halves that define and calibrate the measure.

    Returns:
        About 1 for the same kind of text, about 0.5 for the same language in another register; None
        with too few words.
    """
    half, other, asked = ([word for line in lines for word in plain_words(line)]
                          for lines in (text[::2], text[1::2], seed))
    if min(len(half), len(other), len(asked)) < _LEAST_WORDS:
        return None
    common = {word for word, _ in Counter(half).most_common(_COMMON)}
    own, theirs = (sum(word in common for word in words) / len(words) for words in (other, asked))
    return theirs / own
