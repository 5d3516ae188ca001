"""Whether a seed looks like the text that it is meant for: how common the text's commonest words are in it.

A quick look before anything is learned, for a file of another language put there by mistake. It cannot tell languages
that share their commonest words, such as Faroese and Icelandic.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence

from vernacular.text.words import plain_words

LEAST = 0.4  # below it a seed is called unlike the text (docs/identification.md has the figures)
SAMPLE = 2000  # lines of a source that are looked at
_COMMON = 100  # words
_LEAST_WORDS = 500  # of the text and the seed each; on less nothing is said


def likeness(seed: Sequence[str], text: Sequence[str]) -> float | None:
    """How often a seed has the commonest words of one half of a text, as a share of how often the other half has them.

    Args:
        seed: its lines; they may be few.
        text: lines; every second one makes a half.

    Returns:
        About 1 for the same kind of text, about 0.5 for the same language in another register; None on too few words.
    """
    half, other, asked = ([word for line in lines for word in plain_words(line)]
                          for lines in (text[::2], text[1::2], seed))
    if min(len(half), len(other), len(asked)) < _LEAST_WORDS:
        return None
    common = {word for word, _ in Counter(half).most_common(_COMMON)}
    own, theirs = (sum(word in common for word in words) / len(words) for words in (other, asked))
    return theirs / own
