"""Negative lines that resemble the language, generated from the seed.

No text in other languages is needed. A character Markov chain of order two over the seed's words
generates words with the language's spelling and another vocabulary. A line that mixes real and such
words resembles a line in a closely related language. The cost of such lines sets the limit for
lines of as many words, so the scale (script, seed size, word length) comes from the seed.
"""

from __future__ import annotations

from collections.abc import Collection

import numpy as np
from numpy.typing import NDArray

_CONTEXTS = (2, 1, 0)  # context lengths of the chain; shorter ones if longer ones generate hardly any new word
_NEW = 0.1  # least share of generated words that are new
_LONGEST = 40


def invent(words: Collection[str], number: int, chance: np.random.Generator) -> list[str]:
    """Generate ``number`` words by a character chain over the distinct ``words``.

    Some are real words: one in ten for long words, half for syllables, which related languages
    share too. If nearly all are real (a small syllabary), a shorter context is used.
    """
    known, spelled = set(words), []
    for context in _CONTEXTS:
        spelled = _chain(sorted(known), context, number, chance)
        if sum(word not in known for word in spelled) >= _NEW * number:
            break
    return spelled


def _chain(words: list[str], context: int, number: int, chance: np.random.Generator) -> list[str]:
    """Generate ``number`` words, all of them a letter at a time."""
    followers: dict[str, list[str]] = {}
    for word in words:
        spelled = " " * context + word + " "
        for place in range(context, len(spelled)):
            followers.setdefault(spelled[place - context:place], []).append(spelled[place])
    state_of = {before: state for state, before in enumerate(followers)}
    sizes = np.fromiter(map(len, followers.values()), np.int64, len(followers))
    starts = np.cumsum(sizes) - sizes
    letters = np.frombuffer("".join(map("".join, followers.values())).encode("utf-32-le"), np.uint32)
    # the state after each letter of each state; a space ends the word
    after = np.array([state_of.get(f"{before}{letter}"[1:] if context else "", 0)
                      for before, options in followers.items() for letter in options], np.int64)
    found: list[str] = []
    while len(found) < number:
        draws = chance.random((number - len(found), _LONGEST))
        spelled_out = np.zeros(draws.shape, np.uint32)
        rows, states = np.arange(len(draws)), np.full(len(draws), state_of[" " * context])
        for place in range(_LONGEST):
            chosen = starts[states] + (draws[rows, place] * sizes[states]).astype(np.int64)
            going = letters[chosen] != ord(" ")
            rows, chosen = rows[going], chosen[going]
            spelled_out[rows, place], states = letters[chosen], after[chosen]
        found += filter(None, spelled_out.view(f"<U{_LONGEST}").ravel().tolist())
    return found


def mixed(real: NDArray[np.int64], uses: NDArray[np.float64], invented: NDArray[np.int64], *, words: int, lines: int,
          shared: float, chance: np.random.Generator) -> NDArray[np.int64]:
    """Mix lines of words, shape ``(lines, words)``: real ones by count with probability ``shared``, else invented."""
    shape = (lines, words)
    return np.where(chance.random(shape) < shared, chance.choice(real, shape, p=uses / uses.sum()),
                    chance.choice(invented, shape))
