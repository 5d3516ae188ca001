"""Lines that look like the language and are not: what the identifier must refuse, made from the seed itself.

No text in other languages is needed. A chain over characters, each drawn from what followed the two before it in some
word of the seed, spells words with the language's sounds and not its vocabulary. A line in which a share of the words
is real and the rest is so invented is much like a line in a close relative. What such lines cost sets the limit for
lines of as many words; the scale of the costs (script, size of the seed, length of words) is thereby the seed's own.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

_CONTEXTS = (2, 1, 0)  # characters that the next one is drawn from; fewer where more spell hardly any new word
_NEW = 0.1  # least share of words spelled that the seed does not hold
_LONGEST = 40


def invent(words: Collection[str], number: int, chance: np.random.Generator) -> list[str]:
    """``number`` words spelled by a chain over the characters of ``words``, each of which counts once.

    Some are real words: one in ten where words are long, half where they are syllables, which relatives share as well.
    Where nearly all are (few words in a syllabary), a chain over fewer characters is used.
    """
    known, spelled = set(words), []
    for context in _CONTEXTS:
        spelled = _chain(sorted(known), context, number, chance)
        if sum(word not in known for word in spelled) >= _NEW * number:
            break
    return spelled


def _chain(words: list[str], context: int, number: int, chance: np.random.Generator) -> list[str]:
    followers: dict[str, list[str]] = {}
    for word in words:
        spelled = " " * context + word + " "
        for place in range(context, len(spelled)):
            followers.setdefault(spelled[place - context:place], []).append(spelled[place])
    found: list[str] = []
    while len(found) < number:
        spelled = " " * context
        for draw in chance.random(_LONGEST):
            options = followers[spelled[len(spelled) - context:]]
            letter = options[int(draw * len(options))]
            if letter == " ":
                break
            spelled += letter
        if len(spelled) > context:
            found.append(spelled[context:])
    return found


def mixed(real: NDArray[np.int64], uses: NDArray[np.float64], invented: NDArray[np.int64], *, words: int, lines: int,
          shared: float, chance: np.random.Generator) -> NDArray[np.int64]:
    """Lines of words, shape ``(lines, words)``: real ones by their uses with probability ``shared``, else invented."""
    shape = (lines, words)
    return np.where(chance.random(shape) < shared, chance.choice(real, shape, p=uses / uses.sum()),
                    chance.choice(invented, shape))
